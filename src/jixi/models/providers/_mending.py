"""Small differences inside answers that are OpenAI's otherwise: found by a mark, mended in place, else passed on."""

from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

from jixi.models.engines import EngineConnectionError

_DATA: Final = b"data:"
_DONE: Final = b"[DONE]"
_LONGEST: Final = 16 * 1024 * 1024

Fields = dict[str, Any]


class Lines:
    """Whole lines out of blocks that end anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes) -> bytes:
        """The complete lines so far."""
        data = self._rest + block if self._rest else block
        cut = data.rfind(b"\n") + 1
        self._rest = data[cut:]
        if len(self._rest) > _LONGEST:
            raise EngineConnectionError("a line of the answer has no end")
        return data[:cut]

    def end(self) -> bytes:
        """What is left."""
        rest, self._rest = self._rest, b""
        return rest


def payload_of(line: bytes) -> bytes:
    """What an event's line carries; empty for comments, other fields and the end."""
    if not line.startswith(_DATA):
        return b""
    payload = line[len(_DATA) :].strip()
    return b"" if payload == _DONE else payload


class Mending:
    """Hands each answer or chunk with `mark` in it to `mend`, which changes its fields; all else goes through."""

    def __init__(self, mark: bytes, mend: Callable[[Fields], None]) -> None:
        self._mark = mark
        self._mend = mend
        self._lines = Lines()

    @property
    def used(self) -> None:
        """All that was reported goes through."""
        return None

    def whole(self, body: bytes) -> bytes:
        return self._mended(body) if self._mark in body else body

    def feed(self, block: bytes) -> bytes:
        lines = self._lines.feed(block)
        return self._each(lines) if self._mark in lines else lines

    def end(self) -> bytes:
        rest = self._lines.end()
        return self._each(rest) if self._mark in rest else rest

    def _each(self, lines: bytes) -> bytes:
        out: list[bytes] = []
        for line in lines.splitlines(keepends=True):
            payload = payload_of(line) if self._mark in line else b""
            out.append(b"data: " + self._mended(payload) + b"\n" if payload else line)
        return b"".join(out)

    def _mended(self, body: bytes) -> bytes:
        fields: Fields = msgspec.json.decode(body, type=dict[str, Any])
        self._mend(fields)
        return msgspec.json.encode(fields)


def fields_of(value: Any) -> Fields | None:
    """The value where it is an object."""
    return cast("Fields", value) if isinstance(value, dict) else None


def choices_of(fields: Fields) -> list[Fields]:
    """The choices of an answer or a chunk."""
    found: Any = fields.get("choices")
    choices = cast("list[Any]", found) if isinstance(found, list) else []
    return [each for choice in choices if (each := fields_of(choice)) is not None]


def parts_of(fields: Fields) -> list[Fields]:
    """The messages and deltas of an answer."""
    parts = [choice.get(name) for choice in choices_of(fields) for name in ("message", "delta")]
    return [each for part in parts if (each := fields_of(part)) is not None]


def place_cached(fields: Fields, name: str) -> None:
    """Say in OpenAI's place how much of the prompt came from a cache, where `name` says it and that place does not."""
    usage = fields_of(fields.get("usage"))
    if usage is not None and isinstance(usage.get(name), int) and not usage.get("prompt_tokens_details"):
        usage["prompt_tokens_details"] = {"cached_tokens": usage[name]}
