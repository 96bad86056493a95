"""`Resources`: what takes accelerators, processors and storage is charged by the time that it does."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.resources import Resource, Taken
from jixi.governance.ledger._operations import Measure
from jixi.governance.ledger._records_measured import WINDOW_MS
from jixi.governance.ledger._records_resources import ResourceRecords
from jixi.governance.ledger._values import ResourcePrice, milliseconds
from jixi.governance.ledger._writer import Writer
from jixi.storage import Database

_ANY: Final = ""


class _Span:
    """Something from the moment when it began to take. The wall says when that was, a steady clock how long ago."""

    def __init__(self, taken: Taken, clock: Clock) -> None:
        self.taken = taken
        self._clock = clock
        self._steady = clock.monotonic()
        self._began_ms = self.charged_ms = milliseconds(clock.now())
        self._ended_ms: int | None = None

    @property
    def until_ms(self) -> int:
        if self._ended_ms is not None:
            return self._ended_ms
        return self._began_ms + round((self._clock.monotonic() - self._steady) * 1000)

    @property
    def is_done(self) -> bool:
        return self.charged_ms == self._ended_ms

    def end(self) -> None:
        """A second time changes nothing."""
        self._ended_ms = self.until_ms


class Resources:
    """Prices of resources, and what takes them in this process. A beat charges what was taken since the last one.

    Nothing is charged twice: neither where nobody knows whether a beat was written, nor where two processes see the
    same.
    """

    def __init__(self, database: Database, clock: Clock, writer: Writer) -> None:
        self._records = ResourceRecords(database)
        self._clock = clock
        self._writer = writer
        self._spans: list[_Span] = []
        self._beating = asyncio.Lock()

    def begin(self, taken: Iterable[Taken]) -> Callable[[], None]:
        """From now on all of this is taken, until what is returned is called."""
        spans = [_Span(each, self._clock) for each in taken]
        self._spans += spans

        def end() -> None:
            for each in spans:
                each.end()

        return end

    async def beat(self, house: str | None) -> None:
        """Charge all that was taken until now; what the house takes, to the tenant `house`, once there is one.

        Raises `ledger_unavailable`; the next beat makes up for it.
        """
        async with self._beating:
            # The ends before the prices: none that is not read is of a moment that is charged.
            by_key: dict[str, list[tuple[_Span, int]]] = {}
            for span in self._spans:
                if span.taken.tenant_id or house:
                    by_key.setdefault(span.taken.key, []).append((span, span.until_ms))
            book = await self._records.book()
            outcomes = await asyncio.gather(
                *(self._charge_all(spans, house, book) for spans in by_key.values()), return_exceptions=True
            )
            self._spans = [each for each in self._spans if not each.is_done]
        for error in outcomes:
            if error is not None:
                raise error

    async def prices(self) -> list[ResourcePrice]:
        """Those in force, by resource and subject."""
        current = {(each.resource, each.subject): each for each in await self._records.prices()}
        return [current[place] for place in sorted(current)]

    async def set_price(
        self,
        resource: Resource,
        subject: str,
        currency: str,
        micros: int,
        *,
        member_id: str,
        version: int | None = None,
    ) -> ResourcePrice:
        """Add a version, in force at once: micro-units for one unit of the resource; `subject` "" is every other.

        Raises `invalid_value` for a negative price, `precondition_failed` where `version` is not that in force.
        """
        if micros < 0:
            raise problem("invalid_value", param="micros", reason="a price is not below 0")
        price = {"resource": resource, "subject": subject, "currency": currency, "micros": micros}
        return await self._records.add(price | {"member_id": member_id}, self._clock.now, version)

    async def _charge_all(
        self, spans: Sequence[tuple[_Span, int]], house: str | None, book: Sequence[ResourcePrice]
    ) -> None:
        """One after the other, and each by windows: what is charged of a key never goes ahead of what is not."""
        for span, until_ms in spans:
            await self._charge(span, until_ms, span.taken.tenant_id or house or "", book)

    async def _charge(
        self, span: _Span, until_ms: int, tenant_id: str, book: Sequence[ResourcePrice]
    ) -> None:
        taken = span.taken
        mine = [
            each for each in book if each.resource == taken.resource and each.subject in (taken.subject, _ANY)
        ]
        changes = [milliseconds(each.valid_from) for each in mine]
        for window_ms, start_ms, end_ms in list(_windows(span.charged_ms, until_ms, changes)):
            price = _price_at(mine, window_ms)
            await self._writer.submit(
                Measure(
                    taken=taken,
                    tenant_id=tenant_id,
                    window_ms=window_ms,
                    start_ms=start_ms,
                    until_ms=end_ms,
                    price_version=0 if price is None else price.version,
                    price_micros=0 if price is None else price.micros,
                )
            )
            span.charged_ms = end_ms


def _windows(start_ms: int, until_ms: int, changes: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """The time cut at full hours and where a price changes: when each window begins, and which part of it is meant."""
    while start_ms < until_ms:
        hour = start_ms - start_ms % WINDOW_MS
        window = max([hour, *(each for each in changes if hour < each <= start_ms)])
        end = min([hour + WINDOW_MS, until_ms, *(each for each in changes if each > start_ms)])
        yield window, start_ms, end
        start_ms = end


def _price_at(prices: Sequence[ResourcePrice], at_ms: int) -> ResourcePrice | None:
    """The last that was set for the subject itself by then, else for every other; None: nobody has said one."""
    then = [each for each in prices if milliseconds(each.valid_from) <= at_ms]
    own = [each for each in then if each.subject != _ANY]
    return next(reversed(own or then), None)
