"""Answers of rerankers: an engine gives scores, the order and the documents are put together here."""

import math
from typing import Any

from jixi.core.usage import Usage
from jixi.models.gateway._chunks import Ranked, Whole, encode
from jixi.models.gateway._exchange import Run
from jixi.models.gateway._faults import broken
from jixi.models.gateway._schemas import RerankRequest


def ranking(run: Run, asked: RerankRequest, whole: Whole, usage: Usage) -> bytes:
    """The best documents first, as many as were asked for. Raises `engine_error` where the scores make no sense."""
    results = whole.results or []
    places = {result.index for result in results}
    count = len(asked.documents)
    sound = all(result.index < count and math.isfinite(result.relevance_score) for result in results)
    if not sound or len(places) < len(results):
        raise broken(run.model, "its scores are not those of the documents")
    ranked = sorted(results, key=lambda result: (-result.relevance_score, result.index))
    texts = asked.texts()
    envelope = run.envelope
    return encode(
        {
            "id": envelope.id,
            "object": envelope.object,
            "model": envelope.model,
            "results": [_entry(asked, texts, result) for result in ranked[: asked.top_n]],
            "usage": {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens},
        }
    )


def _entry(asked: RerankRequest, texts: list[str], result: Ranked) -> dict[str, Any]:
    entry: dict[str, Any] = {"index": result.index, "relevance_score": result.relevance_score}
    if asked.return_documents:
        entry["document"] = {"text": texts[result.index]}
    return entry
