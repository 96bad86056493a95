"""Whole answers: passed on as they came where that is possible, else put together again."""

from typing import Any, Final

import msgspec
from msgspec import Raw

from jixi.core.principal import Scope
from jixi.core.usage import UNITS, Usage
from jixi.models.gateway._chunks import Whole, encode, usage_fields
from jixi.models.gateway._exchange import Run
from jixi.models.gateway._faults import broken
from jixi.models.gateway._merged import merged_usage
from jixi.models.gateway._ranking import ranking
from jixi.models.gateway._record import Record
from jixi.models.gateway._requests import JSON
from jixi.models.gateway._schemas import RerankRequest, TranscriptionRequest
from jixi.models.gateway._tools import ToolPlan, read_calls
from jixi.models.gateway._transcripts import seconds_of, transcript

_CHOICES: Final = msgspec.json.Decoder(list[dict[str, Any]])
_CHARACTERS_PER_TOKEN: Final = 4

Answer = tuple[bytes, Whole]


def usage_of(run: Run, whole: Whole) -> Usage:
    """What one answer used: as the engine says, or counted from the text."""
    if run.request.kind in UNITS:
        return run.believe_units(_made(run, whole))
    reported = whole.usage.usage() if whole.usage is not None else None
    if reported is not None and run.believe(reported, 0) is reported:
        return reported
    text = (
        sum(len(_said(choice)) for choice in whole.choices or ())
        if run.request.kind in (Scope.CHAT, Scope.COMPLETIONS)
        else 0
    )
    return run.believe(reported, -(-text // _CHARACTERS_PER_TOKEN))


def _made(run: Run, whole: Whole) -> int | None:
    """Images, or seconds that were heard; None where the engine does not say."""
    return len(whole.data or ()) if run.request.kind is Scope.IMAGES else seconds_of(whole)


def total(run: Run, answers: list[Answer]) -> Usage:
    return merged_usage([usage_of(run, whole) for _, whole in answers], run.plan.choices)


def body_of(run: Run, answers: list[Answer], usage: Usage) -> bytes:
    """The body that the caller gets.

    Raises `engine_error` where more was made than was held for: the engine talks nonsense, or the file had been made
    to look shorter than it is.
    """
    raw, whole = answers[0]
    if run.request.kind in UNITS and (_made(run, whole) or 0) > run.request.most_units:
        raise broken(run.model, "it made more than was asked for")
    if isinstance(run.request.typed, RerankRequest):
        return ranking(run, run.request.typed, whole, usage)
    if isinstance(run.request.typed, TranscriptionRequest):
        return transcript(run.request.typed, raw, usage)
    if run.request.kind is Scope.IMAGES:
        return _images(run, raw)
    if run.request.kind in (Scope.EMBEDDINGS, Scope.CLASSIFY):
        fits = whole.model == run.model and whole.usage is not None and not usage.estimated
        return raw if fits else _renamed(run, raw, usage)
    if run.plan.plain and whole.usage is not None and not usage.estimated:
        fitting = run.envelope.fitting(raw, whole)
        if fitting is not None:
            return fitting
    fields = run.envelope.mend(raw, whole)
    choices = [
        _choice(run, choice, index + place)
        for index, (part, _) in enumerate(answers)
        for place, choice in enumerate(_CHOICES.decode(_raw_choices(part)))
    ]
    fields["choices"] = choices
    fields["usage"] = usage_fields(usage)
    if len(answers) > 1:
        fields.pop("timings", None)
    return encode(fields)


def keep_answer(record: Record, run: Run, body: bytes) -> None:
    """Have the trace keep an answer as it may: JSON, and without the images themselves."""
    if not record.keeps_content:
        return
    if run.request.kind is Scope.IMAGES:
        body = b"{}"
    record.answered(body if run.request.content_type == JSON else encode(body.decode()))


def _images(run: Run, raw: bytes) -> bytes:
    fields: dict[str, Any] = dict(msgspec.json.decode(raw, type=dict[str, Raw]))
    fields.pop("model", None)
    fields.setdefault("created", run.envelope.created)
    return encode(fields)


def _choice(run: Run, choice: dict[str, Any], index: int) -> dict[str, Any]:
    choice["index"] = index
    if run.plan.logprobs is not None:
        run.plan.logprobs.shape(choice, 0)
    if run.plan.tools is not None:
        _find_calls(choice, run.plan.tools)
    return choice


def _find_calls(choice: dict[str, Any], plan: ToolPlan) -> None:
    """Turn the text of a message into tool calls, where that is what it is."""
    message: dict[str, Any] = choice.get("message") or {}
    text = message.get("content")
    if not isinstance(text, str) or message.get("tool_calls"):
        return
    words, calls = read_calls(text, plan.names)
    if calls:
        message["content"] = words or None
        message["tool_calls"] = [call.as_message() for call in calls]
        choice["finish_reason"] = "tool_calls"


def _raw_choices(raw: bytes) -> Raw:
    return msgspec.json.decode(raw, type=dict[str, Raw])["choices"]


def _renamed(run: Run, raw: bytes, usage: Usage) -> bytes:
    fields: dict[str, Any] = dict(msgspec.json.decode(raw, type=dict[str, Raw]))
    fields["object"] = "list"
    fields["model"] = run.model
    fields["usage"] = {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens}
    return encode(fields)


def _said(choice: Any) -> str:
    message = choice.message
    return (message.content or message.reasoning_content or "") if message else (choice.text or "")
