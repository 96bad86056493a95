"""Log probabilities of completions: llama.cpp writes them as chat does, OpenAI's clients expect the older form."""

from typing import Any, cast


def legacy_logprobs(choice: dict[str, Any], offset: int) -> int:
    """Rewrite the `logprobs` of a choice whose text begins at `offset`; returns where the text ends."""
    given = cast("dict[str, Any]", choice.get("logprobs") or {})
    if "content" in given:
        choice["logprobs"] = _legacy(given["content"] or [], offset)
    return offset + len(choice.get("text") or "")


def _legacy(items: list[dict[str, Any]], offset: int) -> dict[str, Any]:
    offsets: list[int] = []
    for item in items:
        offsets.append(offset)
        offset += len(item["token"])
    return {
        "tokens": [item["token"] for item in items],
        "token_logprobs": [item["logprob"] for item in items],
        "top_logprobs": [
            {top["token"]: top["logprob"] for top in item.get("top_logprobs") or ()} for item in items
        ],
        "text_offset": offsets,
    }
