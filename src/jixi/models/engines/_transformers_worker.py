"""The process of the `transformers` engine."""

import importlib
from typing import Any, Final, Literal

import msgspec

from jixi.models.engines._protocol import Launch
from jixi.models.engines._serving import (
    Answer,
    Desk,
    RefusedError,
    TextsRequest,
    check_context,
    run_desk,
    vectors_body,
)
from jixi.models.engines._transformers import BATCH, TransformersOptions
from jixi.models.engines._worker import begin, cores, folder_of, options_of

_CLASSES: Final = {
    "embedding": "AutoModel",
    "rerank": "AutoModelForSequenceClassification",
    "classification": "AutoModelForSequenceClassification",
}


class EmbedRequest(TextsRequest, frozen=True, kw_only=True):
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["query", "passage"] | None = None


class RankRequest(msgspec.Struct, frozen=True, kw_only=True):
    query: str
    documents: list[str]


class Encoder(Desk):
    """A model of one of the three tasks, and its tokenizer. Texts longer than the context are refused, never cut."""

    def __init__(self, launch: Launch, options: TransformersOptions) -> None:
        super().__init__(launch.model)
        self.options = options
        self._context = launch.context
        self._torch: Any = importlib.import_module("torch")
        self._torch.set_num_threads(launch.threads or cores())
        cuda = self._torch.cuda.is_available() if options.device == "auto" else options.device == "cuda"
        self._device = "cuda" if cuda else "cpu"
        library: Any = importlib.import_module("transformers")
        where = {"local_files_only": True, "trust_remote_code": False}
        folder = folder_of(launch)
        self._tokenizer = library.AutoTokenizer.from_pretrained(folder, **where)
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        load = getattr(library, _CLASSES[options.task]).from_pretrained
        self._model = load(folder, use_safetensors=True, **where).to(self._device).eval()

    async def embed(self, body: bytes) -> bytes:
        request = msgspec.json.decode(body, type=EmbedRequest)
        if request.dimensions not in {None, self._model.config.hidden_size}:
            reason = f"'dimensions' must be {self._model.config.hidden_size}"
            raise RefusedError(reason, "dimensions")
        query = request.input_type == "query"
        prefix = self.options.query_prefix if query else self.options.passage_prefix
        texts = [prefix + text for text in request.texts()]
        vectors, tokens = await self._run(texts, None, self._pooled)
        return vectors_body(self.name, vectors, tokens, packed=request.encoding_format == "base64")

    async def rank(self, body: bytes) -> bytes:
        request = msgspec.json.decode(body, type=RankRequest)
        if not request.documents:
            raise RefusedError("'documents' must not be empty", "documents")
        scores, tokens = await self._run(
            [request.query] * len(request.documents), request.documents, self._scores
        )
        results = [{"index": at, "relevance_score": float(score)} for at, score in enumerate(scores)]
        return self._body({"results": results}, tokens)

    async def classify(self, body: bytes) -> bytes:
        texts = msgspec.json.decode(body, type=TextsRequest).texts()
        every, tokens = await self._run(texts, None, self._probabilities)
        labels = self._model.config.id2label
        data = [
            {
                "index": at,
                "label": str(labels[int(probabilities.argmax())]),
                "probs": probabilities.tolist(),
                "num_classes": len(probabilities),
            }
            for at, probabilities in enumerate(every)
        ]
        return self._body({"object": "list", "data": data}, tokens)

    async def _run(self, texts: list[str], pairs: list[str] | None, of: Any) -> tuple[list[Any], int]:
        """What `of` makes of each text, or of each text with its pair, and the tokens of all."""
        counts = await self.do(self._count, texts, pairs)
        check_context(max(counts), self._context, "input" if pairs is None else "documents")
        found = list[Any]()
        for at in range(0, len(texts), BATCH):
            some = slice(at, at + BATCH)
            found.extend(await self.do(of, texts[some], None if pairs is None else pairs[some]))
        return found, sum(counts)

    def _count(self, texts: list[str], pairs: list[str] | None) -> list[int]:
        return [len(ids) for ids in self._tokenizer(texts, pairs, truncation=False)["input_ids"]]

    def _outputs(self, texts: list[str], pairs: list[str] | None) -> tuple[Any, Any]:
        inputs = self._tokenizer(texts, pairs, padding=True, return_tensors="pt").to(self._device)
        with self._torch.inference_mode():
            return self._model(**inputs), inputs["attention_mask"]

    def _pooled(self, texts: list[str], pairs: list[str] | None) -> list[Any]:
        output, mask = self._outputs(texts, pairs)
        states = output.last_hidden_state
        match self.options.pooling:
            case "cls":
                vectors = states[:, 0]
            case "last":
                # Padding may stand on either side: the last token is where the mask has its last one.
                places = self._torch.arange(mask.shape[1], device=mask.device)
                last = (mask * places).argmax(1)
                vectors = states[self._torch.arange(len(texts)), last]
            case _:
                weights = mask.unsqueeze(-1).to(states.dtype)
                vectors = (states * weights).sum(1) / weights.sum(1)
        if self.options.normalize:
            vectors = self._torch.nn.functional.normalize(vectors, dim=-1)
        return list(vectors.float().cpu().numpy())

    def _scores(self, texts: list[str], pairs: list[str] | None) -> list[Any]:
        """How well a document answers, from 0 to 1: one output is a logit, of two the second says yes."""
        logits = self._outputs(texts, pairs)[0].logits.float()
        scores = logits.sigmoid()[:, 0] if logits.shape[1] == 1 else logits.softmax(-1)[:, -1]
        return list(scores.cpu().numpy())

    def _probabilities(self, texts: list[str], pairs: list[str] | None) -> list[Any]:
        logits = self._outputs(texts, pairs)[0].logits.float()
        many = self._model.config.problem_type == "multi_label_classification"
        return list((logits.sigmoid() if many else logits.softmax(-1)).cpu().numpy())

    def _body(self, fields: dict[str, Any], tokens: int) -> bytes:
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return msgspec.json.encode({**fields, "model": self.name, "usage": usage})


def main() -> None:
    launch = begin()
    encoder = Encoder(launch, options_of(launch, TransformersOptions))
    routes: dict[str, tuple[bytes, Answer]] = {
        "embedding": (b"/v1/embeddings", encoder.embed),
        "rerank": (b"/v1/rerank", encoder.rank),
        "classification": (b"/v1/classify", encoder.classify),
    }
    run_desk(encoder, launch, dict([routes[encoder.options.task]]))


if __name__ == "__main__":
    main()
