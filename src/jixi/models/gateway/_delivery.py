"""The stream that a caller is given: content as it comes, the end only after the charge is durable."""

from collections.abc import Callable
from typing import Final

import msgspec

from jixi.core.errors import JixiError, Language
from jixi.core.usage import Usage
from jixi.models.gateway._account import Account
from jixi.models.gateway._cache import MOST_OF_ONE
from jixi.models.gateway._chunks import usage_fields
from jixi.models.gateway._faults import judge, openai_error
from jixi.models.gateway._ports import Teller
from jixi.models.gateway._sse import write_frames
from jixi.models.gateway._stream import PayloadStream

_DONE: Final = b"[DONE]"

Keep = Callable[[tuple[bytes, ...], Usage], None]


class Delivery:
    """Blocks of server-sent events, `first` the payloads to begin with.

    After a failure: an error event and nothing that looks like an end. `leave` sees to a stream whose caller has left,
    `keep` is given all blocks of a complete one.
    """

    def __init__(
        self,
        stream: PayloadStream,
        first: list[bytes],
        account: Account,
        language: Language,
        leave: Callable[[], None],
        *,
        wants_usage: bool,
        keep: Keep | None = None,
        teller: Teller | None = None,
    ) -> None:
        self._stream = stream
        self._account = account
        self._leave = leave
        self._language: Language = language
        self._wants_usage = wants_usage
        self._first: list[bytes] | None = first
        self._ended = False
        self._farewell: JixiError | None = None
        self._keep = keep
        self._teller = teller
        self._kept: list[bytes] = []
        self._kept_bytes = 0

    def __aiter__(self) -> "Delivery":
        return self

    async def __anext__(self) -> bytes:
        if self._farewell is not None:
            error, self._farewell = self._farewell, None
            return self._told(error)
        if self._ended:
            raise StopAsyncIteration
        try:
            payloads = self._first if self._first is not None else await self._stream.read()
            self._first = None
            if payloads:
                self._account.progress(self._stream.usage)
                return self._note(self._written(payloads))
            return await self._finish()
        except JixiError as error:
            return await self._fail(error)
        except Exception:
            self._collapse()
            raise
        except BaseException:
            self.give_up()
            raise

    async def aclose(self) -> None:
        """The caller is gone or has had enough. May be repeated."""
        self.give_up()

    def leave_behind(self, error: JixiError) -> None:
        """The caller takes nothing any more: as if it had left, but that it is told so should it read on."""
        if not self._ended:
            self._ended = True
            self._stream.close()
            self._account.settle_later("cancelled", self._stream.usage())
            self._farewell = error

    def give_up(self) -> None:
        if not self._ended:
            self._ended = True
            self._leave()

    def break_off(self, error: JixiError) -> None:
        if not self._ended:
            self._collapse(error.code)

    def _collapse(self, code: str = "internal_error") -> None:
        """We ourselves have failed; whoever reads the stream is told by the border."""
        self._ended = True
        self._stream.close()
        self._account.settle_later("failed", self._stream.usage(), code)

    async def _finish(self) -> bytes:
        usage = self._account.payable(self._stream.usage())
        block = self._last(usage)
        if self._teller is not None:
            judge(self._teller.end, block, self._account.record.trace.model)
        self._account.record.said(self._stream.ending)
        await self._account.settle("ok", usage)
        self._ended = True
        block = self._note(block)
        if self._keep is not None:
            self._keep(tuple(self._kept), usage)
        return block

    def _written(self, payloads: list[bytes]) -> bytes:
        """Payloads as the caller gets them."""
        self._account.record.said(payloads)
        return write_frames(payloads)

    def _last(self, usage: Usage) -> bytes:
        """What says that all was well; goes out after the charge."""
        last = list(self._stream.ending)
        if self._wants_usage:
            last.append(self._stream.envelope.wrap(choices=[], usage=usage_fields(usage)))
        return write_frames([*last, _DONE])

    def _note(self, block: bytes) -> bytes:
        """Hold on to a block, where the whole stream is to be kept and is not too large for that."""
        if self._keep is not None:
            self._kept.append(block)
            self._kept_bytes += len(block)
            if self._kept_bytes > MOST_OF_ONE:
                self._keep = None
                self._kept.clear()
        return block

    async def _fail(self, error: JixiError) -> bytes:
        self._ended = True
        self._stream.close()
        try:
            await self._account.settle("failed", self._stream.usage(), error.code)
        except JixiError as unsettled:
            error = unsettled
        return self._told(error)

    def _told(self, error: JixiError) -> bytes:
        told = openai_error(self._account.record.pointed(error), self._language)
        return write_frames([msgspec.json.encode(told)])
