"""`LogRing`: the last lines of a program's output, bounded in lines and in bytes whatever it prints."""

from collections import deque
from typing import Final

_LINES: Final = 1000
_LINE_BYTES: Final = 4096


class LogRing:
    def __init__(self) -> None:
        self._lines = deque[str](maxlen=_LINES)
        self._rest = b""
        self._count = 0

    def feed(self, data: bytes) -> None:
        """Take a piece of output; a line without an end is cut at 4 KiB."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._add(line)
        while len(self._rest) > _LINE_BYTES:
            self._add(self._rest[:_LINE_BYTES])
            self._rest = self._rest[_LINE_BYTES:]

    def tail(self, lines: int) -> list[str]:
        """The last lines, oldest first; an unfinished one counts."""
        every = list(self._lines)
        if self._rest:
            every.append(_text(self._rest))
        return every[-lines:] if lines > 0 else []

    def news(self, heard: int, *, whole: bool) -> tuple[int, list[str]]:
        """The lines after the first `heard`, as far as they are kept, and how many there have been in all."""
        if not whole and self._rest:
            self._add(self._rest)
            self._rest = b""
        every = list(self._lines)
        return self._count, every[max(0, len(every) - (self._count - heard)) :]

    def _add(self, line: bytes) -> None:
        self._lines.append(_text(line))
        self._count += 1


def _text(line: bytes) -> str:
    return line[:_LINE_BYTES].decode("utf-8", "replace").rstrip("\r")
