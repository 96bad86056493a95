"""OpenAI's chat form as far as a translation has to understand it; a field that is not named here is refused."""

from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, Struct

from jixi.models.dialects._refusals import NULL

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]


class ImageUrl(Struct, forbid_unknown_fields=True):
    url: str
    detail: str | None = None


class TextPart(Struct, tag="text", tag_field="type"):
    text: str


class RefusalPart(Struct, tag="refusal", tag_field="type"):
    refusal: str


class ImagePart(Struct, tag="image_url", tag_field="type"):
    image_url: ImageUrl


Part = TextPart | RefusalPart | ImagePart


class CalledFunction(Struct, forbid_unknown_fields=True):
    name: str
    arguments: str


class ToolCall(Struct):
    function: CalledFunction
    id: str = ""
    type: Literal["function"] = "function"


class SignedThought(Struct, kw_only=True):
    """What a model thought, with the mark by which its maker knows it again."""

    type: Literal["thinking", "redacted_thinking"] = "thinking"
    thinking: str = ""
    signature: str = ""
    data: str = ""


class ChatMessage(Struct, forbid_unknown_fields=True, kw_only=True):
    """A message. `thinking_blocks` is what Anthropic's models need back of their own thoughts."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[SignedThought] | None = None
    refusal: str | None = None
    annotations: list[Raw] | None = None
    audio: None = None
    function_call: None = None


class Function(Struct, forbid_unknown_fields=True):
    name: str
    description: str | None = None
    parameters: Raw = NULL
    strict: bool | None = None


class Tool(Struct, forbid_unknown_fields=True):
    type: Literal["function"]
    function: Function


class ChosenFunction(Struct):
    name: str


class ChosenTool(Struct, forbid_unknown_fields=True):
    function: ChosenFunction
    type: Literal["function"] = "function"


class JsonSchema(Struct):
    schema: Raw = NULL
    name: str = "response"


class ResponseFormat(Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class ChatBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request. What stands after the blank line changes no word of an answer."""

    model: str
    messages: list[ChatMessage]
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: str | list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: Effort | None = None
    response_format: ResponseFormat | None = None
    n: int | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    modalities: list[str] | None = None
    verbosity: str | None = None
    prediction: Raw = NULL
    audio: Raw = NULL

    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    stream_options: dict[str, Any] | None = None


class PromptDetails(Struct):
    cached_tokens: int | None = None


class CompletionDetails(Struct):
    reasoning_tokens: int | None = None


class ChatUsage(Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None

    @property
    def cached(self) -> int:
        details = self.prompt_tokens_details
        return min((details.cached_tokens or 0) if details else 0, self.prompt_tokens)


class AnswerMessage(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[SignedThought] | None = None
    tool_calls: list[ToolCall] | None = None


class AnswerChoice(Struct):
    message: AnswerMessage
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    """The stop string that ended the answer, where an engine tells."""


class Completion(Struct):
    """A whole answer."""

    choices: list[AnswerChoice]
    id: str = ""
    created: int = 0
    model: str = ""
    usage: ChatUsage | None = None


class CallDelta(Struct):
    class Function(Struct):
        name: str | None = None
        arguments: str | None = None

    index: int = 0
    id: str | None = None
    function: Function | None = None


class Delta(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[SignedThought] | None = None
    tool_calls: list[CallDelta] | None = None


class ChunkChoice(Struct):
    delta: Delta | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None


class Chunk(Struct):
    choices: list[ChunkChoice] = []
    id: str = ""
    created: int = 0
    model: str = ""
    usage: ChatUsage | None = None
    error: dict[str, Any] | str | None = None


BODY: Final = msgspec.json.Decoder(ChatBody)
COMPLETION: Final = msgspec.json.Decoder(Completion)
CHUNK: Final = msgspec.json.Decoder(Chunk)
DONE: Final = b"[DONE]"
