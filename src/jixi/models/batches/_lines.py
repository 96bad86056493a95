"""The input of a batch: a line of JSON for each request. All of it is checked before any of it is run."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from jixi.core.errors import JixiError, problem
from jixi.models.batches._values import Caps, Line

_MOST_FAULTS: Final = 100
_LONGEST_ID: Final = 512


class _Head(Struct):
    custom_id: str
    method: str
    url: str
    body: Raw


class _Body(Struct):
    model: str
    stream: bool | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)
_BODY: Final = msgspec.json.Decoder(_Body)


class LineError(Exception):
    """A line that is no request; `number` counts from 1."""

    def __init__(self, number: int, error: JixiError) -> None:
        super().__init__(number, error)
        self.number = number
        self.error = error


async def texts(chunks: AsyncGenerator[bytes], longest: int) -> AsyncGenerator[tuple[int, bytes]]:
    """The lines of a file that are not empty, with their numbers; raises LineError for one that is too long."""
    number, kept = 1, b""
    async with aclosing(chunks):
        async for chunk in chunks:
            *whole, kept = (kept + chunk).split(b"\n")
            for text in whole:
                _check_length(number, text, longest)
                if text.strip():
                    yield number, text
                number += 1
            _check_length(number, kept, longest)
    if kept.strip():
        yield number, kept


def _check_length(number: int, text: bytes, longest: int) -> None:
    if len(text) > longest:
        raise LineError(number, _wrong(f"the line is longer than {longest} bytes"))


def read_line(number: int, text: bytes, endpoint: str) -> Line:
    """Raises LineError."""
    try:
        head = _decoded(_HEAD, text)
        if not 0 < len(head.custom_id) <= _LONGEST_ID:
            raise _wrong(f"custom_id has 1 to {_LONGEST_ID} characters", "custom_id")
        if head.method != "POST":
            raise _wrong("method is not 'POST'", "method")
        if head.url != endpoint:
            raise _wrong(f"url is not the endpoint of the batch, {endpoint!r}", "url")
        body = _decoded(_BODY, bytes(head.body), "body")
        if body.stream:
            raise _wrong("a batch answers nothing as a stream", "body.stream")
    except JixiError as error:
        raise LineError(number, error) from error
    return Line(number=number, custom_id=head.custom_id, model=body.model, body=head.body.copy())


async def lines_of(chunks: AsyncGenerator[bytes], endpoint: str, caps: Caps) -> AsyncGenerator[Line]:
    """The lines of an input that has been checked."""
    async with aclosing(texts(chunks, caps.line_bytes)) as found:
        async for number, text in found:
            yield read_line(number, text, endpoint)


class Checker:
    """Collects what is wrong with an input, up to so many faults, with the number of each line."""

    def __init__(self, endpoint: str, caps: Caps) -> None:
        self._endpoint = endpoint
        self._caps = caps
        self._seen: dict[str, int] = {}
        self.faults: list[LineError] = []
        self.total = 0
        self.models: dict[str, int] = {}
        """Every model that is asked for, with the first line that asks."""

    async def check(self, chunks: AsyncGenerator[bytes]) -> None:
        try:
            async with aclosing(texts(chunks, self._caps.line_bytes)) as found:
                async for number, text in found:
                    self._check(number, text)
                    if len(self.faults) >= _MOST_FAULTS:
                        return
        except LineError as error:
            self.faults.append(error)
        if not self.total and not self.faults:
            self.faults.append(LineError(1, _wrong("the file has no lines")))

    def refuse(self, number: int, error: JixiError) -> None:
        self.faults.append(LineError(number, error))

    def _check(self, number: int, text: bytes) -> None:
        self.total += 1
        if self.total > self._caps.lines:
            raise LineError(number, _wrong(f"a batch has {self._caps.lines} lines at most"))
        try:
            line = read_line(number, text, self._endpoint)
        except LineError as error:
            self.faults.append(error)
            return
        self.models.setdefault(line.model, number)
        first = self._seen.setdefault(line.custom_id, number)
        if first != number:
            self.faults.append(
                LineError(number, _wrong(f"custom_id is that of line {first} as well", "custom_id"))
            )


def _wrong(reason: str, param: str | None = None) -> JixiError:
    return problem("invalid_value", reason=reason, param=param)


def _decoded(decoder: "msgspec.json.Decoder[Any]", text: bytes, at: str = "") -> Any:
    try:
        if not text.isascii():
            text.decode()
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        reason = f"{at}: {error}" if at else str(error)
        raise _wrong(reason.replace("`", "'").rstrip("."), at or None) from error
    except (ValueError, RecursionError) as error:
        raise problem("invalid_json", reason=str(error)[:200].rstrip(".") or "it is empty") from error
