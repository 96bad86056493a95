"""What the stub says: a pure function of its seed and the request, in the forms of OpenAI's API."""

import base64
import hashlib
import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from jixi.models.engines._stub import Fault, StubOptions

_CREATED: Final = 1767225600
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_encode: Final = msgspec.json.Encoder().encode


class StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a request that the stub heeds; all others are ignored, as an engine would."""

    messages: Any = None
    prompt: Any = None
    input: Any = None
    query: str = ""
    documents: list[str] = []
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    logprobs: bool | int | None = None
    encoding_format: str | None = None
    stub: Fault | None = None
    model: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is decided: what it says, what it counts and what goes wrong with it."""

    model: str
    chat: bool
    stream: bool
    tokens: list[str]
    choices: int
    prompt_tokens: int
    finish: str
    stopped_by: str | None
    include_usage: bool
    logprobs: bool
    fault: Fault

    @property
    def produced(self) -> int:
        return len(self.tokens) * self.choices


class Frame(msgspec.Struct, frozen=True):
    """A piece of a stream, in the chunked coding, and how many tokens have been produced with it."""

    data: bytes
    produced: int


def words_of(value: Any) -> str:
    """All text of a prompt or of messages, in order."""
    if isinstance(value, list):
        return " ".join(map(words_of, cast("list[Any]", value)))
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value)
        return words_of(parts.get("content") or parts.get("text"))
    return "" if value is None else str(value)


class _Scripted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stub: Fault


def script_of(request: Request) -> Fault | None:
    """How this very answer is to misbehave, in the field `stub` or in place of the last message."""
    messages: Any = request.messages
    if request.stub is not None or not isinstance(messages, list) or not messages:
        return request.stub
    text = words_of(cast("list[Any]", messages)[-1])
    return msgspec.json.decode(text, type=_Scripted).stub if text.startswith('{"stub"') else None


def plan(
    model: str,
    options: StubOptions,
    request: Request,
    fault: Fault,
    *,
    chat: bool,
    context: int,
    adapted: bool = False,
) -> Plan:
    """The answer to a request; like any engine, it ends with the context at the latest. `adapted`: an adapter's."""
    text = words_of(request.messages if chat else request.prompt)
    limit = request.max_completion_tokens or request.max_tokens
    limit = limit and min(limit, context)
    tokens, stopped_by = _stopped(
        _tokens(options, request, f"{model}:{text}" if adapted else text, limit, fault), request.stop
    )
    said_all = fault.say is not None and len(tokens) == len(fault.say.split())
    options_of_stream = request.stream_options
    return Plan(
        model=model,
        chat=chat,
        stream=request.stream,
        tokens=tokens,
        choices=request.n or 1,
        prompt_tokens=max(1, len(text.split())),
        finish="stop" if stopped_by or said_all or limit is None else "length",
        stopped_by=stopped_by,
        include_usage=options_of_stream is not None and options_of_stream.include_usage,
        logprobs=bool(request.logprobs),
        fault=fault,
    )


def _tokens(options: StubOptions, request: Request, text: str, limit: int | None, fault: Fault) -> list[str]:
    if fault.say is not None:
        words = fault.say.split(" ")[:limit]
    else:
        state = zlib.crc32(f"{options.seed}:{request.seed}:{text}".encode())
        words = [f"tok{(state + 7919 * at) % 1000}" for at in range(limit or options.tokens)]
    return [word if at == 0 else f" {word}" for at, word in enumerate(words)]


def _stopped(tokens: list[str], stop: str | list[str] | None) -> tuple[list[str], str | None]:
    """The tokens before the first stop string, and which one that was."""
    text = "".join(tokens)
    places = [
        (text.find(one), one) for one in ([stop] if isinstance(stop, str) else stop or []) if one in text
    ]
    if not places:
        return tokens, None
    place, found = min(places)
    kept, length = list[str](), 0
    for token in tokens:
        length += len(token)
        if length > place:
            break
        kept.append(token)
    return kept, found


def whole(told: Plan) -> bytes:
    """The body of an answer that is no stream."""
    text = "".join(told.tokens)
    return _encode(
        _envelope(told, chunk=False)
        | {"choices": [_choice(told, at, text, told.finish, told.tokens) for at in range(told.choices)]}
        | _usage(told)
    )


def frames(told: Plan) -> Iterator[Frame]:
    """A stream, head and end included: one frame for each token of each choice."""
    yield Frame(_HEAD, 0)
    produced = 0
    if told.chat:
        for at in range(told.choices):
            delta = {"index": at, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
            yield _event(told, [delta], 0)
    for token in told.tokens:
        for at in range(told.choices):
            produced += 1
            yield _event(told, [_delta(told, at, token)], produced)
    for at in range(told.choices):
        yield _event(told, [_delta(told, at, None)], produced)
    if told.include_usage and told.fault.usage != "missing":
        yield Frame(_chunk(_encode(_envelope(told, chunk=True) | {"choices": []} | _usage(told))), produced)
    yield Frame(_chunk(b"[DONE]"), produced)
    yield Frame(b"0\r\n\r\n", produced)


def comment() -> bytes:
    return b"e\r\n: keep-alive\n\n\r\n"


def garbage() -> bytes:
    return _chunk(b'{"choices": [{"delta": {"cont')


def vectors(model: str, options: StubOptions, request: Request) -> bytes:
    """Unit vectors that depend on each text alone."""
    texts = _texts(request.input)
    packed = request.encoding_format == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": _vector(text, options.dimensions, packed=packed)}
        for at, text in enumerate(texts)
    ]
    tokens = sum(max(1, len(text.split())) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return _encode({"object": "list", "model": model, "data": data, "usage": usage})


def scores(model: str, request: Request, fault: Fault) -> bytes:
    """How much of the query's words each document has, in the order in which they came."""
    wanted = set(request.query.lower().split())
    results = [
        {"index": at, "relevance_score": len(wanted & set(text.lower().split())) / max(1, len(wanted))}
        for at, text in enumerate(request.documents)
    ]
    tokens = sum(len(f"{request.query} {text}".split()) for text in request.documents)
    usage = {} if fault.usage == "missing" else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
    return _encode({"object": "list", "model": model, "results": results, **usage})


def _texts(value: Any) -> list[str]:
    return (
        [words_of(item) for item in cast("list[Any]", value)]
        if isinstance(value, list)
        else [words_of(value)]
    )


def _vector(text: str, dimensions: int, *, packed: bool) -> str | list[float]:
    raw = hashlib.shake_128(text.encode()).digest(2 * dimensions)
    numbers = [float(number) for number in struct.unpack(f"<{dimensions}h", raw)]
    length = math.sqrt(sum(number * number for number in numbers)) or 1.0
    unit = [number / length for number in numbers]
    return base64.b64encode(struct.pack(f"<{dimensions}f", *unit)).decode() if packed else unit


def _envelope(told: Plan, *, chunk: bool) -> dict[str, Any]:
    kind = ("chat.completion.chunk" if chunk else "chat.completion") if told.chat else "text_completion"
    name = "chatcmpl-stub" if told.chat else "cmpl-stub"
    return {"id": name, "object": kind, "created": _CREATED, "model": told.model}


def _usage(told: Plan) -> dict[str, Any]:
    if told.fault.usage == "missing":
        return {}
    output = told.produced if told.fault.usage == "right" else 10 * told.produced + 7
    return {
        "usage": {
            "prompt_tokens": told.prompt_tokens,
            "completion_tokens": output,
            "total_tokens": told.prompt_tokens + output,
            "prompt_tokens_details": {"cached_tokens": told.fault.cached_tokens},
        }
    }


def _choice(told: Plan, at: int, text: str, finish: str, tokens: list[str]) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": at, "finish_reason": finish, "logprobs": _logprobs(told, tokens)}
    if told.stopped_by is not None:
        choice["stop_reason"] = told.stopped_by
    return choice | ({"message": {"role": "assistant", "content": text}} if told.chat else {"text": text})


def _delta(told: Plan, at: int, token: str | None) -> dict[str, Any]:
    """One token of one choice; None ends the choice."""
    if token is None:
        choice: dict[str, Any] = {"index": at, "finish_reason": told.finish}
        if told.stopped_by is not None:
            choice["stop_reason"] = told.stopped_by
        return choice | ({"delta": {}} if told.chat else {"text": ""})
    choice = {"index": at, "finish_reason": None}
    if told.logprobs:
        choice["logprobs"] = _logprobs(told, [token])
    return choice | ({"delta": {"content": token}} if told.chat else {"text": token})


def _logprobs(told: Plan, tokens: list[str]) -> dict[str, Any] | None:
    if not told.logprobs:
        return None
    if not told.chat:
        return {"tokens": tokens, "token_logprobs": [-0.5] * len(tokens), "top_logprobs": None}
    return {
        "content": [{"token": token, "logprob": -0.5, "bytes": None, "top_logprobs": []} for token in tokens]
    }


def _event(told: Plan, choices: list[dict[str, Any]], produced: int) -> Frame:
    return Frame(_chunk(_encode(_envelope(told, chunk=True) | {"choices": choices})), produced)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\ndata: %s\n\n\r\n" % (len(data) + 8, data)
