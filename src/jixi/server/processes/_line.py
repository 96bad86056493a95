"""`Line`: messages between a house and one of its gateway processes, each a frame that says its length first."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final, Generic, TypeVar

import msgspec

T = TypeVar("T")
_PREFIX: Final = 4
_LONGEST: Final = 64 * 1024 * 1024
_MOST_UNREAD: Final = 16 * 1024 * 1024
_BEHIND: Final = 1024 * 1024


async def streams(socket: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Both directions of one socket of a pair."""
    return await asyncio.open_unix_connection(sock=socket)


class Line(Generic[T]):
    """One end of it; `kind` is what the other side may say. `messages` ends when the other side has gone.

    A side that does not read for long is given up, so that nothing piles up for it: the line is cut.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: Any) -> None:
        self._reader = reader
        self._writer = writer
        self._decode = msgspec.json.Decoder(kind).decode
        self.was_cut = False

    def send(self, message: Any) -> None:
        """Say something; to one who has gone, nothing is said. Cuts the line where 16 MiB are unread already."""
        if self._writer.is_closing():
            return
        if self._unread() > _MOST_UNREAD:
            self.was_cut = True
            self._writer.transport.abort()
            return
        text = msgspec.json.encode(message)
        self._writer.write(len(text).to_bytes(_PREFIX) + text)

    def mention(self, message: Any) -> None:
        """Say what may be missed: it is let go while the other side is 1 MiB behind."""
        if self._unread() <= _BEHIND:
            self.send(message)

    async def messages(self) -> AsyncIterator[T]:
        while True:
            try:
                length = int.from_bytes(await self._reader.readexactly(_PREFIX))
                if length > _LONGEST:
                    return
                text = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            yield self._decode(text)

    def close(self) -> None:
        self._writer.close()

    def _unread(self) -> int:
        return self._writer.transport.get_write_buffer_size()
