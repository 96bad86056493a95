"""The price book: versions that are added and never edited, read from memory on the hot path."""

import asyncio
from collections.abc import Callable
from typing import TypedDict, Unpack

import msgspec

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.money import Price
from jixi.core.usage import Unit
from jixi.governance.ledger._records_prices import PriceRecords
from jixi.governance.ledger._values import PriceEntry
from jixi.storage import Database


class Terms(TypedDict, total=False):
    """What a price may say besides: see `Price`. None leaves it as it is."""

    batch_percent: int | None
    replay_percent: int | None
    unit: Unit | None
    unit_micros: int | None


class PriceBook:
    """What each model costs. `refresh` reads what other processes have set; the ledger calls it every 5 s."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._records = PriceRecords(database)
        self._clock = clock
        self._current: dict[str, PriceEntry] = {}
        self._in_unit: dict[tuple[str, Unit | None], Price] = {}
        self._by_version: dict[int, Price] = {}
        self._read = 0
        self._refreshing = asyncio.Lock()

    def price(self, model: str) -> Price:
        """The price in force; raises `price_unknown`, for nothing unpriced is served."""
        entry = self._current.get(model)
        if entry is None:
            raise problem("price_unknown", model=model)
        return entry.price

    def last(self, model: str, unit: Unit | None) -> Price | None:
        """What the model cost when it was last priced by that unit."""
        return self._in_unit.get((model, unit))

    def prices(
        self, model: str, targets: tuple[str, ...], unit: Unit | None = None
    ) -> tuple[Price, tuple[Price, ...]]:
        """The price of a name that may be answered by `targets`, and where it has none of its own, those of them.

        A call that is counted in a `unit` costs what was last said of that unit, so that one for an engine that is
        about to make way for a model of another kind costs what it did. Raises `price_unknown` where neither the name
        nor each of its targets has a price, or none for the unit.
        """
        entry = self._current.get(model)
        if entry is not None and unit is None:
            return entry.price, ()
        if entry is not None or not targets:
            return self._in(unit, model), ()
        prices = tuple(self._in(unit, target) for target in targets)
        return prices[0], prices

    def _in(self, unit: Unit | None, model: str) -> Price:
        price = self.price(model) if unit is None else self.last(model, unit)
        if price is None:
            raise problem("price_unknown", model=model)
        return price

    def version(self, version: int) -> Price:
        """The price of that version, for ever."""
        return self._by_version[version]

    def entries(self) -> list[PriceEntry]:
        """The prices in force, by model."""
        return [self._current[model] for model in sorted(self._current)]

    async def refresh(self) -> None:
        """Read what was added. The overlap finds versions of other processes that were committed out of order."""
        async with self._refreshing:
            for entry in await self._records.since(self._read - 100):
                self._keep(entry)
                self._read = max(self._read, entry.price.version)

    def _keep(self, entry: PriceEntry) -> None:
        """Have it in memory, and in force unless a later one is."""
        price = entry.price
        self._by_version[price.version] = price
        current = self._current.get(price.model)
        if current is None or current.price.version <= price.version:
            self._current[price.model] = entry
        last = self.last(price.model, price.unit)
        if last is None or last.version <= price.version:
            self._in_unit[price.model, price.unit] = price

    async def set_price(
        self,
        model: str,
        currency: str,
        *,
        input_micros: int,
        cached_input_micros: int,
        output_micros: int,
        member_id: str | None,
        version: int | None = None,
        **terms: Unpack[Terms],
    ) -> PriceEntry:
        """Add a version, in force at once; micro-units per 1 000 000 tokens, and per `unit` where there is one.

        Negative prices and a price of no unit raise `invalid_value`; a `version` that is not the one in force, on
        whatever process that was set, raises `precondition_failed`. The percentages lie between 0 and 100, for a hold
        must cover what its call can cost. None leaves a value as it is, or as it is at first: 50 for a batch, 0 for a
        replay, no unit.
        """
        said = {name: value for name, value in terms.items() if value is not None}

        def change(last: Price | None) -> Price:
            return msgspec.structs.replace(
                last or _first(model, currency),
                currency=currency,
                input_micros=input_micros,
                cached_input_micros=cached_input_micros,
                output_micros=output_micros,
                **said,
            )

        return await self._add(model, change, member_id, version)

    async def put(
        self, model: str, change: Callable[[Price | None], Price], member_id: str | None
    ) -> PriceEntry:
        """Add what `change` makes of the price in force, None where there is none; the same one adds nothing.

        It is decided while nobody else sets a price, on whatever process. Raises what `set_price` raises.
        """
        return await self._add(model, change, member_id)

    async def _add(
        self,
        model: str,
        change: Callable[[Price | None], Price],
        member_id: str | None,
        version: int | None = None,
    ) -> PriceEntry:
        def checked(last: Price | None) -> Price:
            price = change(last)
            _check(price)
            return price

        entry = await self._records.add(model, checked, member_id, self._clock.now, version)
        # Not read again: it is in force, whatever befalls the database now.
        self._keep(entry)
        return entry


def _check(price: Price) -> None:
    if not (0 <= price.batch_percent <= 100 and 0 <= price.replay_percent <= 100):
        raise problem("invalid_value", param="batch_percent", reason="a percentage lies between 0 and 100")
    if min(price.input_micros, price.cached_input_micros, price.output_micros, price.unit_micros) < 0:
        raise problem("invalid_value", param="input_micros", reason="a price is not below 0")
    if price.unit is None and price.unit_micros:
        raise problem("invalid_value", param="unit", reason="the price of a unit needs the unit's name")


def _first(model: str, currency: str) -> Price:
    """What a model's first price says where nothing else is said."""
    return Price(
        model=model, currency=currency, input_micros=0, cached_input_micros=0, output_micros=0, version=0
    )
