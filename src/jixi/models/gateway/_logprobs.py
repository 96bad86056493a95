"""Log probabilities as OpenAI's clients expect them, where engines write them otherwise or give more than was asked.

llama.cpp writes those of completions as chat does; it gives none at all where nobody asks for rivals, so one rival
is asked for and taken away again.
"""

from typing import Any, Final, cast

from msgspec import Struct

from jixi.models.gateway._schemas import ChatRequest, CompletionRequest, Sampling

_ONE_RIVAL: Final = b"1"


class LogprobsPlan(Struct, frozen=True):
    """`legacy`: the older form, that of completions. `rivals`: whether the caller wants any."""

    legacy: bool
    rivals: bool

    @property
    def changes(self) -> dict[str, bytes | None]:
        """What to change in the request."""
        if self.rivals:
            return {}
        return {"logprobs" if self.legacy else "top_logprobs": _ONE_RIVAL}

    def shape(self, choice: dict[str, Any], offset: int) -> int:
        """Rewrite the `logprobs` of a choice whose text begins at `offset`; returns where the text ends."""
        given = cast("dict[str, Any]", choice.get("logprobs") or {})
        items = cast("list[dict[str, Any]] | None", given.get("content"))
        if items is not None and self.legacy:
            choice["logprobs"] = _legacy(items, offset, rivals=self.rivals)
        elif items is not None and not self.rivals:
            given["content"] = [item | {"top_logprobs": []} for item in items]
        elif "top_logprobs" in given and not self.rivals:
            given["top_logprobs"] = None
        return offset + len(choice.get("text") or "")


def plan_logprobs(typed: Sampling) -> LogprobsPlan | None:
    """None where the answer's log probabilities, if it has any, can stay as they are."""
    if isinstance(typed, CompletionRequest) and typed.logprobs is not None:
        return LogprobsPlan(legacy=True, rivals=typed.logprobs > 0)
    if isinstance(typed, ChatRequest) and typed.logprobs and not typed.top_logprobs:
        return LogprobsPlan(legacy=False, rivals=False)
    return None


def _legacy(items: list[dict[str, Any]], offset: int, *, rivals: bool) -> dict[str, Any]:
    offsets: list[int] = []
    for item in items:
        offsets.append(offset)
        offset += len(item["token"])
    tops = [{top["token"]: top["logprob"] for top in item.get("top_logprobs") or ()} for item in items]
    return {
        "tokens": [item["token"] for item in items],
        "token_logprobs": [item["logprob"] for item in items],
        "top_logprobs": tops if rivals else None,
        "text_offset": offsets,
    }
