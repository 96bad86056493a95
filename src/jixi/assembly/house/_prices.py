"""The prices that deployments start with."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from jixi.core.errors import problem
from jixi.core.money import Price
from jixi.core.principal import Scope
from jixi.core.usage import UNITS, Unit
from jixi.governance.ledger import PriceBook

# Nothing unpriced is served, so that no use goes unseen. A newcomer should not have to set prices before the first
# call, and should see the ledger count from the first call on: hence small prices instead of zeros. They are of the
# order of what hosted models of this size cost; who shares no cost sets 0.
INPUT_MICROS: Final = 500_000
CACHED_INPUT_MICROS: Final = 50_000
OUTPUT_MICROS: Final = 1_000_000


def check_currency(prices: PriceBook, currency: str) -> None:
    """Refuse a currency other than that of the prices there are: sums over two currencies mean nothing."""
    used = {entry.price.currency for entry in prices.entries()}
    if used - {currency}:
        reason = f"the ledger already counts in {', '.join(sorted(used))}"
        raise problem("settings_invalid", name="currency", source="the settings", reason=reason)


UNIT_MICROS: Final[dict[Unit, int]] = {"second": 100, "character": 20, "image": 40_000}


async def seed_price(prices: PriceBook, model: str, currency: str, kinds: Iterable[Scope] = ()) -> None:
    """Give `model`, which serves `kinds`, a price where it has none for what they are counted in.

    One that was of another kind before takes the price that it last had when it was of this, else the first one.
    """
    unit: Unit | None = next((UNITS[kind] for kind in sorted(kinds) if kind in UNITS), None)
    if any(entry.price.model == model and entry.price.unit == unit for entry in prices.entries()):
        return
    # Somebody may have set one on another server since this one has looked.
    await prices.refresh()

    def seeded(now: Price | None) -> Price:
        if now is not None and now.unit == unit:
            return now
        price = prices.last(model, unit) or Price(
            model=model,
            currency=currency,
            input_micros=INPUT_MICROS,
            cached_input_micros=CACHED_INPUT_MICROS,
            output_micros=OUTPUT_MICROS,
            version=0,
            unit=unit,
            unit_micros=0 if unit is None else UNIT_MICROS[unit],
        )
        if now is not None and unit is not None:
            # Until the old engine has gone, its calls cost what they did.
            price = replace(now, unit=unit, unit_micros=price.unit_micros)
        return price

    await prices.put(model, seeded, member_id=None)
