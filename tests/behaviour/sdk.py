"""What the tests with the official Python SDK share: a question, and what the chunks of a stream say together."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello to the king."}]
streamed_or_not = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def words_of(chunks: Iterable[ChatCompletionChunk], index: int = 0) -> str:
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
    return "".join(choice.delta.content or "" for choice in choices)


def finishes_of(chunks: Iterable[ChatCompletionChunk], index: int = 0) -> list[str]:
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
    return [choice.finish_reason for choice in choices if choice.finish_reason]


def calls_of(chunks: Iterable[ChatCompletionChunk]) -> list[tuple[str, Any]]:
    """The tools that a stream calls, in order, each with its arguments."""
    calls: dict[int, list[str]] = {}
    parts = [part for chunk in chunks for choice in chunk.choices for part in choice.delta.tool_calls or []]
    for part in parts:
        assert part.function is not None
        if part.function.name:
            assert part.id
            calls[part.index] = [part.function.name, ""]
        calls[part.index][1] += part.function.arguments or ""
    return [(name, json.loads(arguments)) for name, arguments in calls.values()]
