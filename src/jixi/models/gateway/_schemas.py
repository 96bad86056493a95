"""What a model request may hold, as far as Jixi reads it; every other field goes to the engine as it came."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

MOST_CHOICES = 16
MOST_PROMPTS = 64
MOST_INPUTS = 2048

Positive = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Choices = Annotated[int, Meta(ge=1, le=MOST_CHOICES)]
Temperature = Annotated[float, Meta(ge=0, le=2)]
Share = Annotated[float, Meta(ge=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Stops = str | Annotated[list[str], Meta(max_length=16)]
Token = Annotated[int, Meta(ge=0, le=2**31 - 1)]
TopLogprobs = Annotated[int, Meta(ge=0, le=20)]
Tokens = Annotated[list[Token], Meta(min_length=1)]
_TEXT_OR_TOKENS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]}
Texts = Annotated[list[Raw], Meta(min_length=1, extra_json_schema={"items": _TEXT_OR_TOKENS})]
"""Texts or lists of tokens; or tokens alone, which are one text. Read further where it is clear which."""


class StreamOptions(Struct):
    include_usage: bool | None = None


class Sampling(Struct, kw_only=True):
    """The fields that chat and completions share."""

    model: Name
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Positive | None = None
    n: Choices | None = None
    seed: Seed | None = None
    stop: Stops | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None


class Part(Struct):
    """A piece of a message; engines of today read text alone."""

    type: str
    text: str | None = None


class CalledFunction(Struct):
    name: str
    arguments: str


class PastCall(Struct):
    """A tool call that the assistant made in an earlier turn."""

    function: CalledFunction
    id: str = ""


class Message(Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[PastCall] | None = None
    tool_call_id: str | None = None


class Function(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9_.-]+$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(Struct):
    type: Literal["function"]
    function: Function


class ChosenFunction(Struct):
    name: str


class ChosenTool(Struct):
    function: ChosenFunction
    type: Literal["function"] = "function"


class JsonSchema(Struct):
    name: str = "response"
    schema: dict[str, Any] | None = None


class ResponseFormat(Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class ChatRequest(Sampling, kw_only=True):
    messages: Annotated[list[Message], Meta(min_length=1)]
    max_completion_tokens: Positive | None = None
    logprobs: bool | None = None
    top_logprobs: TopLogprobs | None = None
    tools: Annotated[list[Tool], Meta(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None


class CompletionRequest(Sampling, kw_only=True):
    prompt: str | Texts
    echo: bool | None = None
    suffix: str | None = None
    best_of: Positive | None = None
    logprobs: TopLogprobs | None = None


class EmbeddingRequest(Struct, kw_only=True):
    model: Name
    input: str | Texts
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Positive | None = None
