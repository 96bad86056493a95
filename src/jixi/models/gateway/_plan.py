"""What goes to the engine for one request: the caller's own bytes, or a few fields of them changed."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from jixi.models.engines import Profile, write_form
from jixi.models.gateway._logprobs import LogprobsPlan, plan_logprobs
from jixi.models.gateway._requests import Request, Typed
from jixi.models.gateway._schemas import (
    ChatRequest,
    RerankRequest,
    Sampling,
    SpeechRequest,
    TranscriptionRequest,
)
from jixi.models.gateway._tools import ToolPlan, plan_tools

_NULL: Final = Raw(b"null")
_ASK_USAGE: Final = b'{"include_usage":true}'
_AS_EVENTS: Final = b'"sse"'
_MESSAGES: Final = msgspec.json.Decoder(list[dict[str, Raw]])
_SYSTEM: Final = Raw(b'"system"')
_encode: Final = msgspec.json.Encoder().encode


class Plan(Struct, frozen=True):
    """`bodies`: one for each choice to make, `choices` for each prompt, in the order of their indexes."""

    bodies: list[bytes]
    choices: int = 1
    tools: ToolPlan | None = None
    logprobs: LogprobsPlan | None = None
    content_type: str = "application/json"

    @property
    def plain(self) -> bool:
        """Whether the engine's answer can go out as it comes."""
        return len(self.bodies) == 1 and self.tools is None and self.logprobs is None


def make_plan(
    request: Request, profile: Profile, target: str, asks: Mapping[str, bytes] = MappingProxyType({})
) -> Plan:
    """Decide what to ask of `target`, whose engine has `profile`; `asks` is said to it in any case. An engine makes one
    choice for one prompt at a time: those that can make more count the tokens of one alone, or need several free slots
    at once.
    """
    typed = request.typed
    changes: dict[str, bytes | None] = {}
    if target != typed.model:
        changes["model"] = _encode(target)
    changes |= asks
    if not isinstance(typed, Sampling):
        if isinstance(typed, TranscriptionRequest):
            return _form(request, typed, target)
        changes |= _other_changes(typed)
        return Plan([_changed(request.fields, changes) if changes else request.body])
    if b"null" in request.body:
        changes |= {name: None for name, value in request.fields.items() if value == _NULL}
    if typed.stream and not request.wants_usage:
        changes["stream_options"] = _ASK_USAGE
    tools = None
    if isinstance(typed, ChatRequest):
        tools = _change_chat(request, typed, profile, changes)
    logprobs = plan_logprobs(typed)
    if logprobs is not None:
        changes.update(logprobs.changes)
    if request.choices == 1 and len(request.inputs) <= 1:
        body = _changed(request.fields, changes) if changes else request.body
        return Plan([body], 1, tools, logprobs)
    bodies = [
        _changed(request.fields, {**changes, **split})
        for split in _splits(request, typed.seed, request.choices)
    ]
    return Plan(bodies, request.choices, tools, logprobs)


def _other_changes(typed: Typed) -> dict[str, bytes | None]:
    """What differs in a request that no model answers in words."""
    if isinstance(typed, RerankRequest):
        return {"documents": _encode(typed.texts()), "top_n": None, "return_documents": None}
    return {"stream_format": _AS_EVENTS} if isinstance(typed, SpeechRequest) else {}


def _form(request: Request, typed: TranscriptionRequest, target: str) -> Plan:
    """The file with its fields. Whatever is asked for is made from the most that an engine can say.

    Times are asked for where the caller is to see them: not every model outside knows them.
    """
    if request.audio is None:
        raise ValueError("a transcription without a file was let in")
    said: dict[str, Any] = {name: msgspec.json.decode(value) for name, value in request.fields.items()}
    said |= {"model": target, "response_format": "verbose_json"}
    wanted = {"segment", *(typed.timestamp_granularities or ())} if typed.has_times else set[str]()
    for ours in ("timestamp_granularities", "stream"):
        said.pop(ours, None)
    fields = [(name, str(value)) for name, value in said.items() if value is not None]
    fields += [("timestamp_granularities[]", each) for each in sorted(wanted)]
    content_type, body = write_form(fields, request.audio)
    return Plan([body], content_type=content_type)


def _change_chat(
    request: Request, chat: ChatRequest, profile: Profile, changes: dict[str, bytes | None]
) -> ToolPlan | None:
    if chat.max_completion_tokens is not None:
        changes["max_completion_tokens"] = None
        changes["max_tokens"] = _encode(chat.max_completion_tokens)
    if "developer" in [message.role for message in chat.messages]:
        changes["messages"] = _without_developer(request.fields["messages"])
    if profile.tools != "emulated" or not (chat.tools or chat.tool_choice is not None):
        return None
    tools = plan_tools(chat)
    changes.update(tools.changes)
    return tools if tools.names else None


def _splits(request: Request, seed: int | None, choices: int) -> Iterator[Mapping[str, bytes | None]]:
    """What sets the single answers of one request apart: the prompt, and a seed of its own."""
    prompts: list[Any] = list(request.inputs) or [None]
    for prompt in prompts:
        for number in range(choices):
            split: dict[str, bytes | None] = {"n": None, "best_of": None}
            if prompt is not None:
                split["prompt"] = _encode(prompt)
            if seed is not None:
                split["seed"] = _encode(seed + number if seed < 2**63 - choices else seed - number)
            yield split


def _changed(fields: dict[str, Raw], changes: Mapping[str, bytes | None]) -> bytes:
    kept: dict[str, Raw] = {name: value for name, value in fields.items() if name not in changes}
    for name, value in changes.items():
        if value is not None:
            kept[name] = Raw(value)
    return _encode(kept)


def _without_developer(messages: Raw) -> bytes:
    """`developer` is the newer name of `system`; the templates of open models know the old one."""
    changed = _MESSAGES.decode(messages)
    for message in changed:
        if msgspec.json.decode(message["role"]) == "developer":
            message["role"] = _SYSTEM
    return _encode(changed)
