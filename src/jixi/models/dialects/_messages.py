"""Anthropic's Messages as far as a translation has to understand them; a field that is not named here is refused."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

Positive = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Share = Annotated[float, Meta(ge=0, le=1)]
JsonObject = Annotated[Raw, Meta(extra_json_schema={"type": "object"})]
Name = Annotated[str, Meta(min_length=1, max_length=256)]


class Base64Source(Struct, tag="base64", tag_field="type", forbid_unknown_fields=True):
    media_type: str
    data: str


class UrlSource(Struct, tag="url", tag_field="type", forbid_unknown_fields=True):
    url: str


class TextSource(Struct, forbid_unknown_fields=True):
    type: Literal["text"]
    data: str
    media_type: str = "text/plain"


class Block(Struct, tag_field="type", forbid_unknown_fields=True, kw_only=True):
    """What every block may carry; caching is the engine's own affair here."""

    cache_control: dict[str, Any] | None = None


class TextBlock(Block, tag="text"):
    text: str
    citations: list[Raw] | None = None


class SystemBlock(Struct, forbid_unknown_fields=True, kw_only=True):
    type: Literal["text"]
    text: str
    cache_control: dict[str, Any] | None = None
    citations: list[Raw] | None = None


class ImageBlock(Block, tag="image"):
    source: Base64Source | UrlSource


class Citations(Struct):
    enabled: bool = False


class DocumentBlock(Block, tag="document"):
    """A document; only plain text has a counterpart."""

    source: TextSource
    title: str | None = None
    context: str | None = None
    citations: Citations | None = None


class ThinkingBlock(Block, tag="thinking"):
    thinking: str
    signature: str = ""


class RedactedThinkingBlock(Block, tag="redacted_thinking"):
    data: str


class ToolUseBlock(Block, tag="tool_use"):
    id: str
    name: str
    input: JsonObject
    caller: dict[str, Any] | None = None


class ToolResultBlock(Block, tag="tool_result"):
    tool_use_id: str
    content: str | list[TextBlock | ImageBlock | DocumentBlock] | None = None
    is_error: bool | None = None


UserBlock = TextBlock | ImageBlock | DocumentBlock | ToolResultBlock
AssistantBlock = TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock


class UserMessage(Struct, tag="user", tag_field="role", forbid_unknown_fields=True):
    content: str | list[UserBlock]


class AssistantMessage(Struct, tag="assistant", tag_field="role", forbid_unknown_fields=True):
    content: str | list[AssistantBlock]


class Tool(Struct, forbid_unknown_fields=True, kw_only=True):
    """A tool that the caller runs. `type` is checked by hand: tools of Anthropic's own have other fields too."""

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    input_schema: JsonObject
    description: str | None = None
    type: str | None = None
    strict: bool | None = None
    cache_control: dict[str, Any] | None = None
    eager_input_streaming: bool | None = None
    defer_loading: bool | None = None
    input_examples: list[Raw] | None = None
    allowed_callers: list[str] | None = None


class ToolChoice(Struct, forbid_unknown_fields=True):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(Struct, forbid_unknown_fields=True):
    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class JsonFormat(Struct):
    schema: JsonObject
    type: Literal["json_schema"] = "json_schema"


class OutputConfig(Struct, forbid_unknown_fields=True):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: JsonFormat | None = None


class Metadata(Struct):
    user_id: str | None = None


class ContextEdit(Struct):
    type: str


class ContextManagement(Struct, forbid_unknown_fields=True):
    edits: list[ContextEdit] = []


Tools = Annotated[list[Raw], Meta(extra_json_schema={"items": {"type": "object"}})]
"""Tools, read one by one: those that are Anthropic's own are refused by their kind, whatever else they hold."""


class MessagesBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request. What stands after the blank line changes no word of an answer."""

    model: Name
    messages: Annotated[list[UserMessage | AssistantMessage], Meta(min_length=1)]
    max_tokens: Positive
    system: str | list[SystemBlock] | None = None
    stream: bool | None = None
    temperature: Share | None = None
    top_p: Share | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    stop_sequences: Annotated[list[str], Meta(max_length=16)] | None = None
    tools: Tools | None = None
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    context_management: ContextManagement | None = None
    container: dict[str, Any] | str | None = None
    mcp_servers: list[Raw] | None = None

    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    speed: Literal["standard", "fast"] | None = None
    inference_geo: str | None = None
    cache_control: dict[str, Any] | None = None
    diagnostics: dict[str, Any] | None = None
    user_profile_id: str | None = None
    workspace_id: str | None = None


class CountedBody(MessagesBody, forbid_unknown_fields=True, kw_only=True):
    """A request whose tokens are to be counted."""

    max_tokens: Positive = 1


class Usage(Struct):
    """Tokens as Anthropic counts them: what the cache served or took is not part of `input_tokens`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class EventDelta(Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None


class AnswerBlock(Struct):
    """A block of an answer, whole or as it begins."""

    type: str
    id: str = ""
    name: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    input: Raw = Raw(b"{}")


class Message(Struct):
    """A whole answer."""

    content: list[AnswerBlock]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Usage = msgspec.field(default_factory=Usage)


class StartedMessage(Struct):
    id: str = ""
    model: str = ""
    usage: Usage = msgspec.field(default_factory=Usage)


class Event(Struct):
    """An event of a stream, whatever its type."""

    type: str
    index: int = 0
    message: StartedMessage | None = None
    content_block: AnswerBlock | None = None
    delta: EventDelta | None = None
    usage: Usage | None = None
    error: dict[str, Any] | None = None


BODY: Final = msgspec.json.Decoder(MessagesBody)
COUNTED: Final = msgspec.json.Decoder[MessagesBody](CountedBody)
TOOL: Final = msgspec.json.Decoder(Tool)
MESSAGE: Final = msgspec.json.Decoder(Message)
EVENT: Final = msgspec.json.Decoder(Event)


def message_schemas(ref_template: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The JSON schemas of a request, of one to be counted, and of what they refer to as `ref_template` says."""
    (body, counted), components = msgspec.json.schema_components(
        (MessagesBody, CountedBody), ref_template=ref_template
    )
    return body, counted, components
