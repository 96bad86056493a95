"""What a model request may hold, as far as Jixi reads it; every other field goes to the engine as it came."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

MOST_CHOICES = 16
MOST_PROMPTS = 64
MOST_INPUTS = 2048
MOST_DOCUMENTS = 1024
MOST_CHARACTERS = 4096
MOST_IMAGES = 10

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
AudioFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
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


class ImageUrl(Struct):
    """Where an image is, or the image itself as a data URL."""

    url: Annotated[str, Meta(min_length=1)]
    detail: str | None = None


class Part(Struct):
    """A piece of a message. Every engine reads text; images are for those that see."""

    type: str
    text: str | None = None
    image_url: ImageUrl | None = None


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


class ClassifyRequest(Struct, kw_only=True):
    """vLLM's form: a label and the probabilities of all labels for each text."""

    model: Name
    input: str | Texts


class SpeechRequest(Struct, kw_only=True):
    model: Name
    input: Annotated[str, Meta(min_length=1, max_length=MOST_CHARACTERS)]
    voice: Annotated[str, Meta(min_length=1, max_length=64)]
    response_format: AudioFormat | None = None
    speed: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    stream_format: Literal["audio", "sse"] | None = None


class ImageRequest(Struct, kw_only=True):
    """Images come as `b64_json`: Jixi keeps none of them, so there is no address to give."""

    model: Name
    prompt: Annotated[str, Meta(min_length=1, max_length=MOST_CHARACTERS)]
    n: Annotated[int, Meta(ge=1, le=MOST_IMAGES)] | None = None
    size: Annotated[str, Meta(pattern=r"^(auto|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$")] | None = None
    response_format: Literal["b64_json"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    stream: Literal[False] | None = None


class TranscriptionRequest(Struct, kw_only=True):
    """The fields beside the file. An engine is asked for everything; the form asked for is made of that here."""

    model: Name
    language: Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?$")] | None = None
    prompt: Annotated[str, Meta(max_length=MOST_CHARACTERS)] | None = None
    response_format: Literal["json", "text", "verbose_json", "srt", "vtt"] | None = None
    temperature: Share | None = None
    timestamp_granularities: list[Literal["segment", "word"]] | None = None
    stream: Literal[False] | None = None

    @property
    def has_times(self) -> bool:
        """Whether the answer says when each piece was said."""
        return self.response_format in ("verbose_json", "srt", "vtt")


class Document(Struct):
    text: str


class RerankRequest(Struct, kw_only=True):
    """The form that Jina and Cohere share. Engines are asked for scores alone; the answer is put together here."""

    model: Name
    query: Annotated[str, Meta(min_length=1)]
    documents: Annotated[list[str | Document], Meta(min_length=1, max_length=MOST_DOCUMENTS)]
    top_n: Positive | None = None
    return_documents: bool | None = None

    def texts(self) -> list[str]:
        return [each if isinstance(each, str) else each.text for each in self.documents]
