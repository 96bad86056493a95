"""A tiny server in OpenAI's form for fakes of vLLM and SGLang. Standard library alone: their environments are empty."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass
class Served:
    """What the flags said. `metric` is the name of the counter of tokens, `key` what callers must send,
    and `guarded` whether at every address."""

    model: str
    context: int
    metric: str
    kinds: frozenset[str]
    key: str | None = None
    guarded: bool = False
    made: int = 0
    adapters: frozenset[str] = frozenset()


class RefusedError(Exception):
    pass


async def serve(
    served: Served, *, path: str | None = None, port: int | None = None, host: str = "127.0.0.1"
) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await _exchange(served, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    if path is not None:
        server = await asyncio.start_unix_server(accept, path)
    else:
        server = await asyncio.start_server(accept, host, port)
    await server.serve_forever()


async def _exchange(served: Served, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.strip().split("\r\n")
    method, target, _ = start.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    if (
        served.key
        and (served.guarded or target.startswith("/v1"))
        and headers.get("authorization") != f"Bearer {served.key}"
    ):
        _say(writer, 401, {"error": {"message": "Unauthorized"}})
    elif method == "GET" and target == "/health":
        _say(writer, 200, {})
    elif method == "GET" and target == "/metrics":
        text = f"python_gc_objects 1\n# TYPE {served.metric} counter\n{served.metric} {served.made}\n"
        _say(writer, 200, text)
    elif method == "GET" and target == "/v1/models":
        _say(
            writer,
            200,
            {"object": "list", "data": [{"id": name} for name in (served.model, *served.adapters)]},
        )
    elif method == "POST" and target.removeprefix("/v1/") in served.kinds:
        _answer(served, writer, target, body)
    else:
        _say(writer, 404, {"error": {"message": "Not Found"}})
    await writer.drain()


def _answer(served: Served, writer: asyncio.StreamWriter, target: str, body: bytes) -> None:
    try:
        asked = json.loads(body)
        if target == "/v1/embeddings":
            _say(writer, 200, _vectors(served, asked))
        else:
            _generate(served, writer, target, asked)
    except (RefusedError, ValueError, KeyError, TypeError, AttributeError) as error:
        _say(writer, 400, {"error": {"message": str(error) or "bad request", "type": "BadRequestError"}})


def _generate(served: Served, writer: asyncio.StreamWriter, target: str, asked: dict[str, Any]) -> None:
    model = asked["model"]
    if model != served.model and model not in served.adapters:
        raise RefusedError(f"The model {model} does not exist.")
    chat = target == "/v1/chat/completions"
    text = " ".join(message["content"] for message in asked["messages"]) if chat else asked["prompt"]
    prompt, tokens = len(text.split()), int(asked.get("max_tokens") or 8)
    if prompt > served.context:
        raise RefusedError(f"This model's maximum context length is {served.context} tokens, not {prompt}")
    served.made += tokens
    usage = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}
    kind = "chat.completion" if chat else "text_completion"
    base = {"id": "x", "object": kind, "created": 1, "model": model}
    mine = "" if model == served.model else model
    words = [f"{mine}word{at} " for at in range(tokens)]
    if not asked.get("stream"):
        said = (
            {"message": {"role": "assistant", "content": "".join(words)}}
            if chat
            else {"text": "".join(words)}
        )
        _say(
            writer,
            200,
            {**base, "choices": [{"index": 0, "finish_reason": "length", **said}], "usage": usage},
        )
        return
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    base["object"] = "chat.completion.chunk" if chat else kind
    for at, word in enumerate(words):
        said = {"delta": {"content": word}} if chat else {"text": word}
        finish = "length" if at == tokens - 1 else None
        _event(writer, {**base, "choices": [{"index": 0, "finish_reason": finish, **said}]})
    _event(writer, {**base, "choices": [], "usage": usage})
    _event(writer, None)
    writer.write(b"0\r\n\r\n")


def _vectors(served: Served, asked: dict[str, Any]) -> dict[str, Any]:
    texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
    tokens = sum(len(text.split()) for text in texts)
    data = [{"object": "embedding", "index": at, "embedding": [1.0, 0.0]} for at in range(len(texts))]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": served.model, "data": data, "usage": usage}


def _event(writer: asyncio.StreamWriter, value: Any) -> None:
    frame = b"data: " + (b"[DONE]" if value is None else json.dumps(value).encode()) + b"\n\n"
    writer.write(b"%x\r\n%b\r\n" % (len(frame), frame))


def _say(writer: asyncio.StreamWriter, status: int, value: Any) -> None:
    body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
    writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
