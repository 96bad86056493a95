"""From the raw body to a checked request: decoded once for its fields, once typed; nothing else is looked at."""

import re
from typing import Any, Final, NoReturn

import msgspec
from msgspec import Raw, Struct

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.core.usage import UNITS
from jixi.models.engines import Profile, Upload, most_seconds
from jixi.models.gateway._schemas import (
    MOST_INPUTS,
    MOST_PROMPTS,
    ChatRequest,
    ChosenTool,
    ClassifyRequest,
    CompletionRequest,
    EmbeddingRequest,
    ImageRequest,
    Message,
    RerankRequest,
    Sampling,
    SpeechRequest,
    Tokens,
    TranscriptionRequest,
)

PATHS: Final = {
    Scope.CHAT: "/v1/chat/completions",
    Scope.COMPLETIONS: "/v1/completions",
    Scope.EMBEDDINGS: "/v1/embeddings",
    Scope.RERANK: "/v1/rerank",
    Scope.CLASSIFY: "/v1/classify",
    Scope.TRANSCRIPTIONS: "/v1/audio/transcriptions",
    Scope.SPEECH: "/v1/audio/speech",
    Scope.IMAGES: "/v1/images/generations",
}
_CONTENT_FIELDS: Final = {
    Scope.CHAT: "messages",
    Scope.COMPLETIONS: "prompt",
    Scope.EMBEDDINGS: "input",
    Scope.RERANK: "documents",
    Scope.CLASSIFY: "input",
    Scope.TRANSCRIPTIONS: "file",
    Scope.SPEECH: "input",
    Scope.IMAGES: "prompt",
}
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_DECODERS: Final = {
    Scope.CHAT: msgspec.json.Decoder(ChatRequest),
    Scope.COMPLETIONS: msgspec.json.Decoder(CompletionRequest),
    Scope.EMBEDDINGS: msgspec.json.Decoder(EmbeddingRequest),
    Scope.RERANK: msgspec.json.Decoder(RerankRequest),
    Scope.CLASSIFY: msgspec.json.Decoder(ClassifyRequest),
    Scope.TRANSCRIPTIONS: msgspec.json.Decoder(TranscriptionRequest),
    Scope.SPEECH: msgspec.json.Decoder(SpeechRequest),
    Scope.IMAGES: msgspec.json.Decoder(ImageRequest),
}
_INPUTS: Final = msgspec.json.Decoder(list[str | int | Tokens])
_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_TEMPLATE_TOKENS: Final = 64
_IMAGE: Final = "image_url"
_INLINE: Final = re.compile(r"data:image/[\w.+-]+;base64,")
_TOOL_TEMPLATE_TOKENS: Final = 256
_MESSAGE_TOKENS: Final = 16
# The most that a vendor of today makes of one image; who sends smaller ones gets the rest of the hold back.
_IMAGE_TOKENS: Final = 16_384

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream; charset=utf-8"
_TEXTS: Final = {
    "text": "text/plain; charset=utf-8",
    "srt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}
_SOUNDS: Final = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}

Typed = (
    ChatRequest
    | CompletionRequest
    | EmbeddingRequest
    | RerankRequest
    | ClassifyRequest
    | TranscriptionRequest
    | SpeechRequest
    | ImageRequest
)
Input = str | list[int]


class Request(Struct, kw_only=True):
    """A request that is valid as far as one can tell without its engine. `inputs` are prompts or texts, `audio` a file
    that came with it.
    """

    kind: Scope
    body: bytes
    fields: dict[str, Raw]
    typed: Typed
    model: str
    stream: bool
    inputs: list[Input] = []
    audio: Upload | None = None

    def has(self, name: str) -> bool:
        """Whether the caller sent it, as a field or as a file."""
        return name in self.fields or (name == "file" and self.audio is not None)

    @property
    def content_field(self) -> str:
        """The field that holds what the model is to read."""
        return _CONTENT_FIELDS[self.kind]

    @property
    def content_type(self) -> str:
        """What the answer is to the caller."""
        typed = self.typed
        if isinstance(typed, SpeechRequest):
            return EVENTS if typed.stream_format == "sse" else _SOUNDS[typed.response_format or "mp3"]
        if isinstance(typed, TranscriptionRequest):
            return _TEXTS.get(typed.response_format or "json", JSON)
        return EVENTS if self.stream else JSON

    @property
    def repeatable(self) -> bool:
        """Whether the response cache may give the answer again: files and sounds are too large to keep."""
        return self.audio is None and self.kind is not Scope.SPEECH

    @property
    def most_units(self) -> int:
        """A bound on what the call is counted in, where that is not tokens: it is exact for text and images."""
        if self.kind not in UNITS:
            return 0
        if isinstance(self.typed, SpeechRequest):
            return len(self.typed.input)
        if isinstance(self.typed, ImageRequest):
            return self.typed.n or 1
        return most_seconds(self.audio.data) if self.audio is not None else 0

    @property
    def wants_usage(self) -> bool:
        options = self.typed.stream_options if isinstance(self.typed, Sampling) else None
        return options is not None and bool(options.include_usage)

    @property
    def choices(self) -> int:
        """How many answers to each prompt."""
        return (self.typed.n or 1) if isinstance(self.typed, Sampling) else 1

    @property
    def output_limit(self) -> int | None:
        """What the caller allows one answer to be at most, in tokens."""
        if isinstance(self.typed, ChatRequest):
            return self.typed.max_completion_tokens or self.typed.max_tokens
        return self.typed.max_tokens if isinstance(self.typed, CompletionRequest) else None

    def most_input(self, context: int) -> int:
        """A bound on the input tokens: a token stands for a byte at least, and templates add some."""
        if isinstance(self.typed, ChatRequest):
            return min(_chat_tokens(self.typed, self.fields), context)
        return sum([min(_text_tokens(text), context) for text in self.inputs])

    def most_output(self, context: int, one_answer: int) -> int:
        """A bound on the output tokens of all answers together; `one_answer` is what the engine makes at most."""
        if not isinstance(self.typed, Sampling):
            return 0
        answers = self.choices * max(len(self.inputs), 1)
        return answers * min(self.output_limit or context, one_answer, context)


def parse(kind: Scope, body: bytes, audio: Upload | None = None) -> Request:
    """Check `body` as a request of `kind`. Raises `invalid_json` and `invalid_value`."""
    try:
        if not body.isascii():
            body.decode()
        fields = _FIELDS.decode(body)
        typed = _DECODERS[kind].decode(body)
    except msgspec.ValidationError as error:
        _refuse(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise problem("invalid_json", reason=_json_reason(error)) from error
    stream = isinstance(typed, SpeechRequest) or (isinstance(typed, Sampling) and bool(typed.stream))
    request = Request(
        kind=kind, body=body, fields=fields, typed=typed, model=typed.model, stream=stream, audio=audio
    )
    if isinstance(typed, ChatRequest):
        _check_chat(typed)
    elif isinstance(typed, CompletionRequest):
        _check_completion(typed)
        request.inputs = _inputs(typed.prompt, "prompt", MOST_PROMPTS)
    elif isinstance(typed, RerankRequest):
        # An engine reads the query anew with each document.
        request.inputs = [f"{typed.query}\n{text}" for text in typed.texts()]
    elif isinstance(typed, EmbeddingRequest | ClassifyRequest):
        request.inputs = _inputs(typed.input, "input", MOST_INPUTS)
    elif isinstance(typed, TranscriptionRequest) and (audio is None or not audio.data):
        raise _invalid("file", "it is missing or empty")
    if isinstance(typed, Sampling) and typed.stream_options is not None and not stream:
        raise _invalid("stream_options", "it goes with 'stream': true alone")
    return request


def request_schemas(ref_template: str) -> tuple[dict[Scope, Any], dict[str, Any]]:
    """The JSON schema of each kind's body, and the components that they refer to as `ref_template` says."""
    types = (
        ChatRequest,
        CompletionRequest,
        EmbeddingRequest,
        RerankRequest,
        ClassifyRequest,
        TranscriptionRequest,
        SpeechRequest,
        ImageRequest,
    )
    bodies, components = msgspec.json.schema_components(types, ref_template=ref_template)
    return dict(zip(PATHS, bodies, strict=True)), components


def check_support(request: Request, profile: Profile) -> None:
    """Refuse what the engine cannot or must not get.

    Raises `operation_not_supported`, `unsupported_parameter`, `invalid_value`.
    """
    if request.kind not in profile.kinds:
        raise problem("operation_not_supported", model=request.model, kind=request.kind.value)
    for name in profile.refused:
        if name in request.fields:
            raise problem("unsupported_parameter", name=name, param=name)
    if profile.tiers is not None:
        tier = request.fields.get("service_tier", b"null")
        if msgspec.json.decode(tier) not in profile.tiers:
            raise problem("unsupported_parameter", name="service_tier", param="service_tier")
    if not isinstance(request.typed, ChatRequest):
        return
    if profile.tools == "none" and request.typed.tools:
        raise problem("unsupported_parameter", name="tools", param="tools")
    _check_images(request.typed, profile)


def _check_chat(chat: ChatRequest) -> None:
    if chat.top_logprobs is not None and not chat.logprobs:
        raise _invalid("top_logprobs", "it needs 'logprobs': true")
    if chat.response_format is not None and chat.response_format.type == "json_schema":
        form = chat.response_format.json_schema
        if form is None or form.schema is None:
            raise _invalid("response_format.json_schema.schema", "it is missing")
    if chat.tools is not None or chat.tool_choice is not None:
        _check_tool_choice(chat)
    for number, message in enumerate(chat.messages):
        if not isinstance(message.content, str):
            _check_parts(message, number, chat.model)


def _check_tool_choice(chat: ChatRequest) -> None:
    names = {tool.function.name for tool in chat.tools or ()}
    if isinstance(chat.tool_choice, ChosenTool):
        if chat.tool_choice.function.name not in names:
            raise _invalid("tool_choice", f"there is no tool {chat.tool_choice.function.name!r}")
    elif chat.tool_choice == "required" and not names:
        raise _invalid("tool_choice", "'required' needs tools")
    if len(names) != len(chat.tools or ()):
        raise _invalid("tools", "two tools have the same name")


def _check_parts(message: Message, number: int, model: str) -> None:
    if message.content is None:
        if message.role != "assistant":
            raise _invalid(f"messages[{number}].content", "it is missing")
        return
    for place, part in enumerate(message.content):
        where = f"messages[{number}].content[{place}]"
        if isinstance(part, str):
            continue
        if part.type not in ("text", "refusal", _IMAGE):
            raise problem("operation_not_supported", model=model, kind=part.type, param=f"{where}.type")
        if part.type == "text" and part.text is None:
            raise _invalid(f"{where}.text", "it is missing")
        if part.type == _IMAGE and part.image_url is None:
            raise _invalid(f"{where}.image_url", "it is missing")


def _check_images(chat: ChatRequest, profile: Profile) -> None:
    """An engine of ours must fetch nothing: an address would let its caller look around in our network."""
    for number, message in enumerate(chat.messages):
        if isinstance(message.content, str):
            continue
        for place, part in enumerate(message.content or ()):
            if part.image_url is None:
                continue
            where = f"messages[{number}].content[{place}]"
            if part.type == _IMAGE and not profile.vision:
                raise problem("operation_not_supported", model=chat.model, kind=_IMAGE, param=f"{where}.type")
            if not profile.fetches and not _INLINE.match(part.image_url.url):
                reason = "this model takes images within the request alone, as data:image/png;base64,…"
                raise _invalid(f"{where}.image_url.url", reason)


def _check_completion(completion: CompletionRequest) -> None:
    if completion.suffix:
        raise problem("unsupported_parameter", name="suffix", param="suffix")
    if completion.echo:
        raise problem("unsupported_parameter", name="echo", param="echo")
    if completion.best_of is not None and completion.best_of != (completion.n or 1):
        raise problem("unsupported_parameter", name="best_of", param="best_of")


def _inputs(given: str | list[Raw], param: str, most: int) -> list[Input]:
    """One text, several texts, one list of tokens or several of those, as a list of inputs."""
    if isinstance(given, str):
        return [given]
    try:
        items = _INPUTS.decode(msgspec.json.encode(given))
    except msgspec.ValidationError as error:
        _refuse(error, param)
    if not items or len({type(item) for item in items}) != 1:
        raise _invalid(param, "it must be a text, texts, tokens or lists of tokens, and not empty")
    numbers = [item for item in items if isinstance(item, int)]
    if numbers:
        if min(numbers) < 0 or max(numbers) >= 2**31:
            raise _invalid(param, "a token is a number from 0 to 2147483647")
        return [numbers]
    if len(items) > most:
        raise _invalid(param, f"it may have {most} entries at most")
    return [item for item in items if not isinstance(item, int)]


def _chat_tokens(chat: ChatRequest, fields: dict[str, Raw]) -> int:
    tokens = _TEMPLATE_TOKENS
    for message in chat.messages:
        tokens += _MESSAGE_TOKENS + _content_bytes(message)
        for call in message.tool_calls or ():
            tokens += _MESSAGE_TOKENS + _size(call.function.name) + _size(call.function.arguments)
    if chat.tools:
        tokens += _TOOL_TEMPLATE_TOKENS + 2 * len(bytes(fields["tools"]))
    return tokens


def _content_bytes(message: Message) -> int:
    if isinstance(message.content, str):
        return _size(message.content)
    parts = message.content or ()
    return sum([_IMAGE_TOKENS if part.type == _IMAGE else _size(part.text or "") for part in parts])


def _text_tokens(text: Input) -> int:
    return _MESSAGE_TOKENS + (_size(text) if isinstance(text, str) else len(text))


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _invalid(param: str, reason: str) -> JixiError:
    return problem("invalid_value", reason=f"{param}: {reason}", param=param)


def _refuse(error: msgspec.ValidationError, at: str = "") -> NoReturn:
    """Raise `invalid_value` with the path of the field at fault as `param`."""
    found = _WHERE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    if missing := _MISSING.search(what):
        path = f"{path}.{missing[1]}" if path else missing[1]
    path = at + (path if path.startswith("[") or not at or not path else f".{path}")
    reason = what[:1].lower() + what[1:].replace("`", "'")
    raise problem(
        "invalid_value", reason=f"{path}: {reason}" if path else reason, param=path or None
    ) from error


def _json_reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start})"
    return str(error).removeprefix("JSON is malformed: ").rstrip(".").lower() or "it is empty"
