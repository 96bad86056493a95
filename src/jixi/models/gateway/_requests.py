"""From the raw body to a checked request: decoded once for its fields, once typed; nothing else is looked at."""

import re
from typing import Any, Final, NoReturn

import msgspec
from msgspec import Raw, Struct

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.models.engines import Profile
from jixi.models.gateway._schemas import (
    MOST_INPUTS,
    MOST_PROMPTS,
    ChatRequest,
    ChosenTool,
    CompletionRequest,
    EmbeddingRequest,
    Message,
    Sampling,
    Tokens,
)

PATHS: Final = {
    Scope.CHAT: "/v1/chat/completions",
    Scope.COMPLETIONS: "/v1/completions",
    Scope.EMBEDDINGS: "/v1/embeddings",
}
_CONTENT_FIELDS: Final = {Scope.CHAT: "messages", Scope.COMPLETIONS: "prompt", Scope.EMBEDDINGS: "input"}
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_DECODERS: Final = {
    Scope.CHAT: msgspec.json.Decoder(ChatRequest),
    Scope.COMPLETIONS: msgspec.json.Decoder(CompletionRequest),
    Scope.EMBEDDINGS: msgspec.json.Decoder(EmbeddingRequest),
}
_INPUTS: Final = msgspec.json.Decoder(list[str | int | Tokens])
_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_TEMPLATE_TOKENS: Final = 64
_TOOL_TEMPLATE_TOKENS: Final = 256
_MESSAGE_TOKENS: Final = 16

Typed = ChatRequest | CompletionRequest | EmbeddingRequest
Input = str | list[int]


class Request(Struct, kw_only=True):
    """A request that is valid as far as one can tell without its engine. `inputs` are prompts or texts."""

    kind: Scope
    body: bytes
    fields: dict[str, Raw]
    typed: Typed
    inputs: list[Input] = []

    @property
    def model(self) -> str:
        return self.typed.model

    @property
    def content_field(self) -> str:
        """The field that holds what the model is to read."""
        return _CONTENT_FIELDS[self.kind]

    @property
    def stream(self) -> bool:
        return isinstance(self.typed, Sampling) and bool(self.typed.stream)

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

    def most_output(self, context: int) -> int:
        """A bound on the output tokens of all answers together."""
        if self.kind is Scope.EMBEDDINGS:
            return 0
        answers = self.choices * max(len(self.inputs), 1)
        return answers * min(self.output_limit or context, context)


def parse(kind: Scope, body: bytes) -> Request:
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
    request = Request(kind=kind, body=body, fields=fields, typed=typed)
    if isinstance(typed, ChatRequest):
        _check_chat(typed)
    elif isinstance(typed, CompletionRequest):
        _check_completion(typed)
        request.inputs = _inputs(typed.prompt, "prompt", MOST_PROMPTS)
    else:
        request.inputs = _inputs(typed.input, "input", MOST_INPUTS)
    if isinstance(typed, Sampling) and typed.stream_options is not None and not typed.stream:
        raise _invalid("stream_options", "it goes with 'stream': true alone")
    return request


def request_schemas(ref_template: str) -> tuple[dict[Scope, Any], dict[str, Any]]:
    """The JSON schema of each kind's body, and the components that they refer to as `ref_template` says."""
    types = (ChatRequest, CompletionRequest, EmbeddingRequest)
    bodies, components = msgspec.json.schema_components(types, ref_template=ref_template)
    return dict(zip(PATHS, bodies, strict=True)), components


def check_support(request: Request, profile: Profile) -> None:
    """Refuse what the engine cannot or must not get: `operation_not_supported`, `unsupported_parameter`."""
    if request.kind not in profile.kinds:
        raise problem("operation_not_supported", model=request.model, kind=request.kind.value)
    for name in profile.refused:
        if name in request.fields:
            raise problem("unsupported_parameter", name=name, param=name)
    if profile.tools == "none" and isinstance(request.typed, ChatRequest) and request.typed.tools:
        raise problem("unsupported_parameter", name="tools", param="tools")


def _check_chat(chat: ChatRequest) -> None:
    if chat.top_logprobs is not None and not chat.logprobs:
        raise _invalid("top_logprobs", "it needs 'logprobs': true")
    if chat.response_format is not None and chat.response_format.type == "json_schema":
        form = chat.response_format.json_schema
        if form is None or form.schema is None:
            raise _invalid("response_format.json_schema.schema", "it is missing")
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
        if not isinstance(part, str) and part.type not in ("text", "refusal"):
            raise problem("operation_not_supported", model=model, kind=part.type, param=f"{where}.type")
        if not isinstance(part, str) and part.type == "text" and part.text is None:
            raise _invalid(f"{where}.text", "it is missing")


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
    return sum([_size(part.text or "") for part in message.content or ()])


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
