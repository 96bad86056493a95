"""The price book of models, on SQLite and on PostgreSQL: what one administrator sets, no other undoes unseen."""

import asyncio
import sqlite3
from itertools import cycle
from typing import Any

import pytest
from sqlalchemy import event

from jixi.core.errors import JixiError
from jixi.core.money import Price
from jixi.governance.ledger import Ledger, PriceBook, PriceEntry
from jixi.storage import Database
from tests.clocks import FrozenClock

WRITERS = 6


@pytest.fixture
async def books(ledger: Ledger, database: Database, clock: FrozenClock) -> list[PriceBook]:
    """The price books of two processes, both of which have read the price of `m`."""
    other = PriceBook(database, clock)
    await other.refresh()
    return [ledger.prices, other]


async def _set(
    book: PriceBook, micros: int, version: int | None = None, batch_percent: int | None = None
) -> PriceEntry:
    return await book.set_price(
        "m",
        "CNY",
        input_micros=micros,
        cached_input_micros=0,
        output_micros=0,
        member_id="mem_a",
        version=version,
        batch_percent=batch_percent,
    )


async def test_of_those_who_set_a_price_over_the_same_one_only_one_succeeds(books: list[PriceBook]) -> None:
    first = books[0].price("m").version
    outcomes = await asyncio.gather(
        *(_set(book, n, first) for n, book in zip(range(WRITERS), cycle(books), strict=False)),
        return_exceptions=True,
    )
    refused = [each.code for each in outcomes if isinstance(each, JixiError)]
    (winner,) = [each for each in outcomes if isinstance(each, PriceEntry)]
    assert refused == ["precondition_failed"] * (WRITERS - 1)
    for book in books:
        await book.refresh()
        assert book.price("m") == winner.price


async def test_a_version_counts_as_in_force_wherever_it_was_set(books: list[PriceBook]) -> None:
    here, there = books
    first = here.price("m").version
    second = (await _set(here, 7, first)).price.version
    with pytest.raises(JixiError) as refused:
        await _set(there, 8, first)
    assert refused.value.code == "precondition_failed"
    assert (await _set(there, 9, second)).price.input_micros == 9


async def test_a_model_that_has_no_price_is_of_no_version(books: list[PriceBook]) -> None:
    with pytest.raises(JixiError) as refused:
        await books[0].set_price(
            "new", "CNY", input_micros=1, cached_input_micros=1, output_micros=1, member_id=None, version=1
        )
    assert refused.value.code == "precondition_failed"
    assert [entry.price.model for entry in books[0].entries()] == ["m"]


async def test_what_one_leaves_as_it_is_stays_as_another_has_set_it(books: list[PriceBook]) -> None:
    here, there = books
    await _set(here, 7, batch_percent=20)
    assert (await _set(there, 8)).price.batch_percent == 20


async def test_everyone_is_told_the_version_that_is_their_own(books: list[PriceBook]) -> None:
    made = await asyncio.gather(*(_set(books[0], n) for n in range(WRITERS)))
    assert [entry.price.input_micros for entry in made] == list(range(WRITERS))


async def test_a_price_that_is_put_where_there_is_none_gives_way_to_one_set_elsewhere(
    books: list[PriceBook],
) -> None:
    here, there = books
    default = Price(
        model="new", currency="CNY", input_micros=1, cached_input_micros=1, output_micros=1, version=0
    )

    def seeded(now: Price | None) -> Price:
        return now or default

    first = await there.put("new", seeded, None)
    assert (first.price.input_micros, first.member_id) == (1, None)
    chosen = await _set(here, 7)
    kept = await there.put("m", seeded, None)
    assert (kept, there.price("m")) == (chosen, chosen.price)
    await here.refresh()
    assert (here.price("m"), here.price("new")) == (chosen.price, first.price)


async def test_a_price_is_set_though_the_database_cannot_be_read_after_it(
    books: list[PriceBook], database: Database
) -> None:
    def away(*_: Any) -> None:
        raise sqlite3.OperationalError("the database is away")

    def cut(*_: Any) -> None:
        event.listen(database.engine.sync_engine, "begin", away)

    event.listen(database.engine.sync_engine, "commit", cut)
    made = await _set(books[0], 7, books[0].price("m").version)
    assert books[0].price("m") == made.price
    with pytest.raises(sqlite3.OperationalError):
        await books[0].refresh()
