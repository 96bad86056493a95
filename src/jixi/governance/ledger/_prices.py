"""The price book: versions that are added and never edited, read from memory on the hot path."""

from datetime import datetime
from typing import NamedTuple

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.money import Price
from jixi.governance.ledger._records_prices import PriceRecords
from jixi.storage import Database


class PriceEntry(NamedTuple):
    """A price, since when it is valid, and who set it (None: the price that a deployment started with)."""

    price: Price
    valid_from: datetime
    member_id: str | None


class PriceBook:
    """What each model costs. `refresh` reads what other processes have set; the ledger calls it every 5 s."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._records = PriceRecords(database)
        self._clock = clock
        self._current: dict[str, PriceEntry] = {}
        self._by_version: dict[int, Price] = {}

    def price(self, model: str) -> Price:
        """The price in force; raises `price_unknown`, for nothing unpriced is served."""
        entry = self._current.get(model)
        if entry is None:
            raise problem("price_unknown", model=model)
        return entry.price

    def version(self, version: int) -> Price:
        """The price of that version, for ever."""
        return self._by_version[version]

    def entries(self) -> list[PriceEntry]:
        """The prices in force, by model."""
        return [self._current[model] for model in sorted(self._current)]

    async def refresh(self) -> None:
        """Read what was added. The overlap finds versions of other processes that were committed out of order."""
        for price, valid_from, member_id in await self._records.since(max(self._by_version, default=0) - 100):
            self._current[price.model] = PriceEntry(price, valid_from, member_id)
            self._by_version[price.version] = price

    async def set_price(
        self,
        model: str,
        currency: str,
        *,
        input_micros: int,
        cached_input_micros: int,
        output_micros: int,
        member_id: str | None,
    ) -> PriceEntry:
        """Add a version, in force at once; micro-units per 1 000 000 tokens. Negative prices raise `invalid_value`."""
        if min(input_micros, cached_input_micros, output_micros) < 0:
            raise problem("invalid_value", param="input_micros", reason="a price is not below 0")
        row = {
            "model": model,
            "currency": currency,
            "input_micros": input_micros,
            "cached_input_micros": cached_input_micros,
            "output_micros": output_micros,
            "valid_from": self._clock.now(),
            "member_id": member_id,
        }
        await self._records.add(row)
        await self.refresh()
        return self._current[model]
