"""Brings what a part lacks over HTTP: by ranges side by side, each tried again where it was cut."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

import aiohttp

from jixi.core.errors import JixiError
from jixi.models.sources._part import Part, Stamp
from jixi.models.sources._protocol import Report, SourceError

_STEP: Final = 16 * 1024 * 1024
_BLOCK: Final = 1024 * 1024
_SIDE_BY_SIDE: Final = 4
_TRIES: Final = 4
_FIRST_PAUSE_S: Final = 0.05
_PROGRESS: Final = 64 * 1024
_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

Ask = Callable[[Mapping[str, str]], AbstractAsyncContextManager[aiohttp.ClientResponse]]


class _BusyError(Exception):
    """The server cannot answer now."""


class _ChangedError(Exception):
    """What the server has now is not what the part is a part of."""


class Transfer:
    """One file that `ask` answers for, given headers. `lines` bounds how many answers are open at once.

    Where the server knows no ranges, it comes in one piece. Bytes of another version are never put beside those that
    are here: their tag says so, and the whole begins anew.
    """

    def __init__(
        self, ask: Ask, part: Part, size: int | None, lines: asyncio.Semaphore, report: Report
    ) -> None:
        self._ask = ask
        self._part = part
        self._size = size
        self._lines = lines
        self._report = report

    async def run(self) -> None:
        """Return once the part is whole. Raises SourceError where that cannot be; what has come is kept."""
        if not self._part.stamp.tag or self._size not in (None, self._part.stamp.size):
            self._part.begin(Stamp())
        try:
            await self._bring_anew_once()
        except JixiError as error:
            raise SourceError(error.message()) from error
        except aiohttp.ClientError as error:
            have, size = self._part.have, self._part.stamp.size
            raise SourceError(f"{type(error).__name__} after {have} of {size or '?'} bytes") from error
        except (TimeoutError, _BusyError) as error:
            raise SourceError(str(error) or "it does not answer in time") from error

    async def _bring_anew_once(self) -> None:
        try:
            await self._bring()
        except _ChangedError:
            self._part.begin(Stamp())
            try:
                await self._bring()
            except _ChangedError as error:
                raise SourceError("it changes while it is fetched") from error

    async def _bring(self) -> None:
        if self._size == 0:
            return
        await self._again(self._open)
        pieces = self._part.missing(_STEP)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_SIDE_BY_SIDE):
                    group.create_task(self._work(pieces))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _open(self) -> None:
        """Learn the version and the size from the first piece, which may be the whole."""
        if self._part.stamp.size:
            return
        async with self._lines, self._ask({"Range": f"bytes=0-{_STEP - 1}"}) as response:
            _check(response)
            start, size = _place(response)
            if start != 0 or self._size not in (None, size):
                raise SourceError(f"it holds {size} bytes, and not the {self._size} of the file")
            self._part.begin(Stamp(_tag(response), size))
            in_one_piece = response.status == 200
            try:
                await self._drain(response, 0, size if in_one_piece else min(size, _STEP))
            except aiohttp.ClientError:
                if in_one_piece:
                    self._part.begin(Stamp())
                raise

    async def _work(self, pieces: Iterator[tuple[int, int]]) -> None:
        for start, end in pieces:
            await self._again(lambda start=start, end=end: self._piece(start, end))

    async def _piece(self, start: int, end: int) -> None:
        """What of a piece is not here yet."""
        at = next((max(each, start) for each, stop in self._part.missing(_STEP) if stop > start), end)
        if at >= end:
            return
        headers = {"Range": f"bytes={at}-{end - 1}"}
        if self._part.stamp.tag:
            headers["If-Range"] = self._part.stamp.tag
        async with self._lines, self._ask(headers) as response:
            _check(response)
            if response.status != 206 or _place(response) != (at, self._part.stamp.size):
                raise _ChangedError
            await self._drain(response, at, end)

    async def _drain(self, response: aiohttp.ClientResponse, at: int, end: int) -> None:
        block = bytearray()
        try:
            async for data in response.content.iter_any():
                block += data
                if at + len(block) > end:
                    block.clear()
                    raise SourceError("it sends more than was asked for")
                if len(block) >= _BLOCK:
                    full, block = block, bytearray()
                    await self._put(at, full)
                    at += len(full)
        finally:
            if block:
                await self._put(at, block)
        if at + len(block) < end:
            raise aiohttp.ClientPayloadError("the answer was cut")

    async def _put(self, at: int, block: bytearray) -> None:
        await self._part.write(at, block)
        self._report(self._part.have)

    async def _again(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Try again where it was cut, as long as that brings something."""
        tries = 0
        while True:
            before = self._part.have
            try:
                return await attempt()
            except (aiohttp.ClientError, TimeoutError, _BusyError):
                tries = 0 if self._part.have - before >= _PROGRESS else tries + 1
                if tries >= _TRIES:
                    raise
            await asyncio.sleep(_FIRST_PAUSE_S * 2**tries)


def _check(response: aiohttp.ClientResponse) -> None:
    if response.status in _AGAIN:
        raise _BusyError(f"HTTP {response.status}")
    if response.status not in (200, 206):
        raise SourceError(f"HTTP {response.status}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise SourceError("its answer is compressed, which was not asked for")


def _place(response: aiohttp.ClientResponse) -> tuple[int, int]:
    """Where an answer begins, and how large the whole file is."""
    if response.status == 200:
        if response.content_length is None:
            raise SourceError("it does not say how large the file is")
        return 0, response.content_length
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None:
        raise SourceError("it does not say what it sends")
    return int(found[1]), int(found[3])


def _tag(response: aiohttp.ClientResponse) -> str:
    """What names the version. A weak tag does not promise the same bytes, and If-Range refuses it."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') and tag.isascii() else response.headers.get("Last-Modified", "")
