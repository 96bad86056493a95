"""The stream that a caller is given: content as it comes, the end only after the charge is durable."""

from typing import Final

import msgspec

from jixi.core.errors import JixiError, Language
from jixi.core.usage import Usage
from jixi.models.gateway._account import Account
from jixi.models.gateway._chunks import usage_fields
from jixi.models.gateway._faults import openai_error
from jixi.models.gateway._sse import write_frames
from jixi.models.gateway._stream import PayloadStream

_DONE: Final = b"[DONE]"


class Delivery:
    """Blocks of server-sent events. After a failure: an error event and nothing that looks like an end."""

    def __init__(
        self, stream: PayloadStream, account: Account, language: Language, *, wants_usage: bool
    ) -> None:
        self._stream = stream
        self._account = account
        self._language: Language = language
        self._wants_usage = wants_usage
        self._first: list[bytes] | None = None
        self._ended = False

    async def prime(self) -> None:
        """Wait for the first content, so that what fails before it fails as a whole answer would."""
        try:
            self._first = await self._stream.read()
        except JixiError as error:
            self._ended = True
            self._stream.close()
            await self._account.settle("failed", Usage(), error.code)
            raise
        except Exception:
            self._collapse()
            raise
        except BaseException:
            self.give_up()
            raise
        self._account.first_token()

    def __aiter__(self) -> "Delivery":
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        try:
            payloads = self._first if self._first is not None else await self._stream.read()
            self._first = None
            if payloads:
                self._account.progress(self._stream.usage)
                return write_frames(payloads)
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
        """The caller is gone or has had enough: stop the engine, charge what was produced. May be repeated."""
        self.give_up()

    def give_up(self) -> None:
        if not self._ended:
            self._ended = True
            self._stream.close()
            self._account.settle_later("cancelled", self._stream.usage())

    def _collapse(self) -> None:
        """We ourselves have failed; whoever reads the stream is told by the border."""
        self._ended = True
        self._stream.close()
        self._account.settle_later("failed", self._stream.usage(), "internal_error")

    async def _finish(self) -> bytes:
        usage = self._stream.usage()
        await self._account.settle("ok", usage)
        self._ended = True
        last = list(self._stream.ending)
        if self._wants_usage:
            last.append(self._stream.envelope.wrap(choices=[], usage=usage_fields(usage)))
        return write_frames([*last, _DONE])

    async def _fail(self, error: JixiError) -> bytes:
        self._ended = True
        self._stream.close()
        try:
            await self._account.settle("failed", self._stream.usage(), error.code)
        except JixiError as unsettled:
            error = unsettled
        return write_frames([msgspec.json.encode(openai_error(error, self._language))])
