"""Calls that have no tokens: seconds of audio, characters that are read out, images."""

from datetime import timedelta

import msgspec
import pytest

from jixi.core.errors import JixiError
from jixi.core.ports import Reservation, Settlement
from jixi.core.principal import Scope
from jixi.core.usage import Unit, Usage
from jixi.governance.ledger import Ledger, Selection, Statement
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.unit.governance.calls import a_call


async def _priced(ledger: Ledger, model: str, unit: Unit, micros: int) -> None:
    tokens = {"input_micros": 0, "cached_input_micros": 0, "output_micros": 0}
    await ledger.prices.set_price(model, "CNY", **tokens, member_id=None, unit=unit, unit_micros=micros)


def _of(kind: Scope, model: str, units: int) -> Reservation:
    call = a_call(max_input=0, max_output=0)
    return msgspec.structs.replace(call, kind=kind, model=model, max_units=units)


def _selection(clock: FrozenClock) -> Selection:
    day = timedelta(days=1)
    return Selection("ten_a", clock.now() - day, clock.now() + day)


async def test_a_call_holds_its_most_units_and_is_charged_for_those_it_made(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await _priced(ledger, "painter", "image", 40_000)
    hold = await ledger.reserve(_of(Scope.IMAGES, "painter", 4))
    assert hold.amount_micros == 160_000
    assert await ledger.settle(hold, Settlement(outcome="ok", usage=Usage(units=3))) == 120_000
    (charge,) = await Statement(database, clock).charges(_selection(clock), limit=10)
    assert (charge.kind, charge.units, charge.cost_micros) == ("images", 3, 120_000)


async def test_a_price_in_another_unit_is_no_price(ledger: Ledger) -> None:
    await _priced(ledger, "painter", "image", 40_000)
    for model in ("painter", "m"):
        with pytest.raises(JixiError) as refused:
            await ledger.reserve(_of(Scope.SPEECH, model, 10))
        assert refused.value.code == "price_unknown"


async def test_a_price_of_a_unit_names_it_and_stays_where_only_tokens_are_priced_anew(ledger: Ledger) -> None:
    tokens = {"input_micros": 1, "cached_input_micros": 1, "output_micros": 1}
    with pytest.raises(JixiError) as refused:
        await ledger.prices.set_price("m", "CNY", **tokens, member_id=None, unit_micros=5)
    assert refused.value.code == "invalid_value"
    await _priced(ledger, "reader", "character", 15)
    entry = await ledger.prices.set_price("reader", "CNY", **tokens, member_id=None)
    assert (entry.price.unit, entry.price.unit_micros) == ("character", 15)


async def test_a_statement_sums_each_unit_by_itself(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    calls: list[tuple[Scope, Unit, int]] = [
        (Scope.IMAGES, "image", 2),
        (Scope.SPEECH, "character", 30),
        (Scope.TRANSCRIPTIONS, "second", 7),
        (Scope.TRANSCRIPTIONS, "second", 5),
    ]
    for kind, unit, made in calls:
        await _priced(ledger, unit, unit, 10)
        hold = await ledger.reserve(_of(kind, unit, made))
        await ledger.settle(hold, Settlement(outcome="ok", usage=Usage(units=made)))
    _, totals = await Statement(database, clock).usage(_selection(clock), ("model",))
    assert (totals.images, totals.characters, totals.seconds) == (2, 30, 12)
    assert totals.cost_micros == 440


async def test_units_that_were_made_before_a_crash_are_charged(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await _priced(ledger, "reader", "character", 10)
    hold = await ledger.reserve(_of(Scope.SPEECH, "reader", 100))
    ledger.progress(hold, Usage(units=40))
    await ledger.renew()
    successor = Ledger(database, clock)
    await successor.start()
    clock.advance(46)
    assert await successor.recover() == 1
    await successor.close()
    (charge,) = await Statement(database, clock).charges(_selection(clock), limit=10)
    assert (charge.outcome, charge.units, charge.cost_micros) == ("interrupted", 40, 400)


async def test_a_call_in_the_unit_of_before_costs_what_it_did(ledger: Ledger) -> None:
    """An engine may still be there whose deployment is on its way to a model of another kind, or comes back to it."""
    await _priced(ledger, "m", "character", 15)
    await _priced(ledger, "m", "second", 4)
    hold = await ledger.reserve(_of(Scope.SPEECH, "m", 10))
    assert hold.amount_micros == 150
    assert await ledger.settle(hold, Settlement(outcome="ok", usage=Usage(units=10))) == 150
    assert (await ledger.reserve(_of(Scope.TRANSCRIPTIONS, "m", 10))).amount_micros == 40
