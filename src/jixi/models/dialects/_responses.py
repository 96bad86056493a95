"""OpenAI's Responses as far as a translation has to understand them; what is not named here is refused."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from jixi.core.errors import problem
from jixi.models.dialects._refusals import decoded, invalid, refuse_present, unsupported

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Status = Literal["in_progress", "completed", "incomplete"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
JsonObject = Annotated[Raw, Meta(extra_json_schema={"type": "object"})]


class InputText(Struct, tag="input_text", tag_field="type"):
    text: str


class OutputText(Struct, tag="output_text", tag_field="type"):
    text: str
    annotations: list[Any] = []
    logprobs: list[Any] = []


class Refusal(Struct, tag="refusal", tag_field="type"):
    refusal: str


class InputImage(Struct, tag="input_image", tag_field="type"):
    image_url: str | None = None
    detail: str | None = None
    file_id: None = None


Content = InputText | OutputText | Refusal | InputImage


class MessageItem(Struct, kw_only=True, omit_defaults=True):
    """What somebody said. A bare text is one part."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Content]
    type: Literal["message"] = msgspec.field(default="message")
    id: str | None = None
    status: Status | None = None
    phase: str | None = None


class CallItem(Struct, kw_only=True):
    """A tool that the model called."""

    call_id: str
    name: str
    arguments: str
    type: Literal["function_call"] = "function_call"
    id: str | None = None
    status: Status | None = None


class OutputItem(Struct, kw_only=True):
    """What came of it."""

    call_id: str
    output: str | list[Content]
    type: Literal["function_call_output"] = "function_call_output"
    id: str | None = None
    status: Status | None = None


class ReasoningText(Struct):
    text: str
    type: str = "reasoning_text"


class ReasoningItem(Struct, kw_only=True):
    """What the model thought before."""

    type: Literal["reasoning"] = "reasoning"
    id: str | None = None
    summary: list[Any] = []
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None
    status: Status | None = None


Item = MessageItem | CallItem | OutputItem | ReasoningItem


class FunctionTool(Struct, kw_only=True, forbid_unknown_fields=True):
    name: str
    type: Literal["function"] = "function"
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ChosenTool(Struct, forbid_unknown_fields=True):
    name: str
    type: Literal["function"]


class Format(Struct, kw_only=True, forbid_unknown_fields=True):
    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class Text(Struct, forbid_unknown_fields=True):
    format: Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class Reasoning(Struct, forbid_unknown_fields=True):
    effort: Effort | None = None
    summary: str | None = None
    generate_summary: str | None = None


Items = Annotated[list[Raw], Meta(min_length=1, extra_json_schema={"items": {"type": "object"}})]
Tools = Annotated[list[Raw], Meta(max_length=128, extra_json_schema={"items": {"type": "object"}})]


class ResponseBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request. What stands after the blank line changes no word of an answer."""

    model: Name
    input: str | Items
    instructions: str | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    stream: bool | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    tools: Tools | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    text: Text | None = None
    reasoning: Reasoning | None = None
    metadata: Annotated[dict[str, str], Meta(max_length=16)] | None = None
    include: list[str] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    background: bool | None = None
    top_logprobs: int | None = None
    conversation: dict[str, Any] | str | None = None
    prompt: dict[str, Any] | None = None
    context_management: list[Any] | None = None
    moderation: dict[str, Any] | None = None

    max_tool_calls: int | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    stream_options: dict[str, Any] | None = None


class _Kind(Struct):
    type: str = "message"


_BODY: Final = msgspec.json.Decoder(ResponseBody)
_KIND: Final = msgspec.json.Decoder(_Kind)
_ITEMS: Final[dict[str, msgspec.json.Decoder[Item]]] = {
    "message": msgspec.json.Decoder[Item](MessageItem),
    "function_call": msgspec.json.Decoder[Item](CallItem),
    "function_call_output": msgspec.json.Decoder[Item](OutputItem),
    "reasoning": msgspec.json.Decoder[Item](ReasoningItem),
}
_TOOL: Final = msgspec.json.Decoder(FunctionTool)
_CHOSEN: Final = msgspec.json.Decoder(ChosenTool)
_HARMLESS: Final[dict[str, tuple[Any, ...]]] = {
    "truncation": ("disabled",),
    "background": (False,),
    "top_logprobs": (0,),
    "context_management": ([],),
    "text.verbosity": ("medium",),
}
_INCLUDABLE: Final = "reasoning.encrypted_content"
"""Nothing is kept from the caller here, so that there is nothing to encrypt."""


def read_response_body(body: bytes) -> ResponseBody:
    """Raises `invalid_json`, and `invalid_value` or `unsupported_parameter` with the field at fault."""
    asked = decoded(_BODY, body)
    refuse_present(
        {
            "truncation": asked.truncation,
            "background": asked.background,
            "top_logprobs": asked.top_logprobs,
            "conversation": asked.conversation,
            "prompt": asked.prompt,
            "context_management": asked.context_management,
            "moderation": asked.moderation,
            "text.verbosity": asked.text.verbosity if asked.text is not None else None,
        },
        _HARMLESS,
    )
    for number, name in enumerate(asked.include or ()):
        if name != _INCLUDABLE:
            raise unsupported(f"include[{number}]")
    return asked


def read_items(asked: ResponseBody) -> list[Item]:
    """What is new in the input, item by item."""
    if isinstance(asked.input, str):
        return [MessageItem(role="user", content=asked.input)]
    return [read_item(bytes(raw), f"input[{number}]") for number, raw in enumerate(asked.input)]


def read_item(raw: bytes, where: str) -> Item:
    kind = decoded(_KIND, raw, at=where).type
    if kind not in _ITEMS:
        raise problem(
            "invalid_value", reason=f"{where}.type: {kind[:64]!r} is not served here", param=f"{where}.type"
        )
    return decoded(_ITEMS[kind], raw, at=where)


def read_tools(asked: ResponseBody) -> list[FunctionTool]:
    """The caller's functions. Tools that OpenAI runs itself do not exist here."""
    tools: list[FunctionTool] = []
    for number, raw in enumerate(asked.tools or ()):
        where = f"tools[{number}]"
        kind = decoded(_KIND, bytes(raw), at=where).type
        if kind != "function":
            raise invalid(f"{where}.type", f"tools of the kind {kind[:64]!r} do not exist here")
        tools.append(decoded(_TOOL, bytes(raw), at=where))
    return tools


def read_choice(asked: ResponseBody) -> str | ChosenTool | None:
    if not isinstance(asked.tool_choice, dict):
        return asked.tool_choice
    return decoded(_CHOSEN, msgspec.json.encode(asked.tool_choice), at="tool_choice")


def response_schemas(ref_template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON schemas of a request, and of what it refers to as `ref_template` says."""
    (body,), components = msgspec.json.schema_components((ResponseBody,), ref_template=ref_template)
    return body, components
