"""The input of a batch: a line of JSON for each request. All of it is checked before any of it is run."""

import re
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


_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_PATH: Final = re.compile(r"at `\$([^`]*)`$")
_NAMES: Final = re.compile(r"`([^`]*)`")
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
        raise LineError(number, problem("batch_line_too_long", most=longest))


def read_line(number: int, text: bytes, endpoint: str) -> Line:
    """Raises LineError."""
    try:
        head = _decoded(_HEAD, text)
        if not 0 < len(head.custom_id) <= _LONGEST_ID:
            raise problem("batch_id_length", most=_LONGEST_ID, param="custom_id")
        if head.method != "POST":
            raise problem("batch_method", param="method")
        if head.url != endpoint:
            raise problem("batch_url", endpoint=endpoint, param="url")
        body = _decoded(_BODY, bytes(head.body), "body")
        if body.stream:
            raise problem("batch_stream", param="body.stream")
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
            self.faults.append(LineError(1, problem("batch_empty")))

    def refuse(self, number: int, error: JixiError) -> None:
        self.faults.append(LineError(number, error))

    def _check(self, number: int, text: bytes) -> None:
        self.total += 1
        if self.total > self._caps.lines:
            raise LineError(number, problem("batch_too_long", most=self._caps.lines))
        try:
            line = read_line(number, text, self._endpoint)
        except LineError as error:
            self.faults.append(error)
            return
        self.models.setdefault(line.model, number)
        first = self._seen.setdefault(line.custom_id, number)
        if first != number:
            self.faults.append(
                LineError(number, problem("batch_id_repeated", first=first, param="custom_id"))
            )


def _decoded(decoder: "msgspec.json.Decoder[Any]", text: bytes, at: str = "") -> Any:
    try:
        if not text.isascii():
            text.decode()
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise _misshapen(str(error), at) from error
    except (ValueError, RecursionError) as error:
        found = _BYTE.search(str(error))
        byte = int(found[1]) if found else getattr(error, "start", len(text))
        raise problem("batch_line_malformed", byte=byte + 1, param=at or None) from error


def _misshapen(said: str, at: str) -> JixiError:
    """What msgspec says of a field, as facts: which it is, and what is wrong with it."""
    path = found[1].lstrip(".") if (found := _PATH.search(said)) else ""
    names = _NAMES.findall(said)
    if said.startswith("Object missing"):
        field = ".".join(filter(None, (at, path, names[0])))
        return problem("batch_field_missing", field=field, param=field)
    field = ".".join(filter(None, (at, path)))
    expected, got = names[:2]
    shown = field or "$"
    return problem("batch_field_mistyped", field=shown, expected=expected, got=got, param=field or None)
