"""F12: nothing without a price is served, and a call costs the same however its answer comes."""

import asyncio
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.faults.callers import Callers, at_once
from tests.faults.ground import OUTSIDE, Charge, Ground, free_port, ground

WIDTH = 8
_MICROS = 10**6
_REFUSED = re.compile(r'^jixi_calls_refused_total{.*code="price_unknown".*} ([0-9.]+)$', re.MULTILINE)


def _refused(world: Ground) -> float:
    """What the counter says that an alert watches."""
    return sum(map(float, _REFUSED.findall(world.admin.get("/api/metrics").text)))


@pytest.mark.timeout(600)
async def test_models_without_a_price_are_refused_and_counted_until_they_have_one(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    count, port = sized(20, 100), free_port()
    names = [f"vendor-{number}" for number in range(count)]
    with ground(tmp_path, settings=OUTSIDE, port=port) as world:
        world.add_provider(port, *names)
        alias = {"name": "any", "targets": [{"model": name, "weight": 1} for name in names[:2]]}
        assert world.admin.post("/api/aliases", json=alias).status_code == 201
        callers, before = Callers(world, world.key), _refused(world)
        async with callers.session() as session:
            for stream in (False, True):
                for name in [*names, "any"]:
                    await callers.call(session, model=name, stream=stream)
            codes, wanted = callers.codes(), before + 2 * count + 2
            # Traces are counted a moment later, many at once.
            await asyncio.to_thread(world.until, lambda: _refused(world) >= wanted, 10, "not all are counted")
            counted = _refused(world) - before
            nothing = (world.charges(), world.nameless())
            world.set_price(names[-1])
            priced = await callers.call(session, model=names[-1])
        charges, made = world.charges(), world.nameless()
    report(f"{count} models and an alias, {dict(codes)}; the counter moved by {counted:.0f}")
    assert codes == {"price_unknown": 2 * count + 2}
    assert counted == 2 * count + 2
    assert nothing == ({}, [])
    assert priced.complete
    assert [each.micros > 0 for each in charges.values()] == [True]
    assert len(made) == 1


class Book(NamedTuple):
    """The price of one name: micro-units for a million tokens of each class, and percent for a batch."""

    name: str
    fresh: int
    cached: int
    output: int
    batch: int

    def cost(self, used: Charge, percent: int) -> int:
        exact = (
            (used.input_tokens - used.cached_input_tokens) * self.fresh
            + used.cached_input_tokens * self.cached
            + used.output_tokens * self.output
        )
        return -(-exact * percent // (_MICROS * 100))


@pytest.mark.timeout(1800)
async def test_a_stream_costs_what_the_same_call_costs_without_one_and_a_batch_its_percentage(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    pairs, chance = sized(40, 1000), random.Random(12)
    with ground(tmp_path, parallel=16) as world:
        books = [_priced(world, chance, f"book-{number}") for number in range(sized(8, 40))]
        callers, asked = Callers(world, world.key), [_body(chance, books) for _ in range(pairs)]
        ids: dict[int, list[str]] = {}
        async with callers.session() as session:

            async def ask(number: int) -> None:
                answers = [
                    await callers.call(session, **asked[number], stream=each) for each in (True, False)
                ]
                assert all(answer.complete for answer in answers)
                ids[number] = [answer.request_id for answer in answers]

            await at_once(WIDTH, [lambda number=number: ask(number) for number in range(pairs)])
        batch = await asyncio.to_thread(_batch, world, asked)
        charges = world.charges()
        discrepancies = await world.discrepancies()
    lines = {int(name.split(".")[1]) - 1: each for name, each in charges.items() if name.startswith(batch)}
    seen = set[Charge]()
    for number, (streamed, whole) in ids.items():
        book = next(each for each in books if each.name == asked[number]["model"])
        used = charges[streamed]
        assert used == charges[whole], asked[number]
        assert used.micros == book.cost(used, 100), book
        assert lines[number] == used._replace(micros=book.cost(used, book.batch)), book
        assert used.cached_input_tokens == asked[number]["stub"]["cached_tokens"]
        seen.add(used)
    report(
        f"{pairs} pairs and as many lines of a batch under {len(books)} prices, {len(seen)} different charges"
    )
    assert len(lines) == pairs
    assert len(seen) > pairs / 2, "the calls are too much alike to prove anything"
    assert discrepancies == []


def _priced(world: Ground, chance: random.Random, name: str) -> Book:
    """One more name of `stub` with a price of its own; some classes are free."""
    alias = {"name": name, "targets": [{"model": "stub", "weight": 1}]}
    assert world.admin.post("/api/aliases", json=alias).status_code == 201
    fresh, cached, output = (chance.choice([0, 1, chance.randint(2, 10**8)]) for _ in range(3))
    book = Book(name, fresh, cached, output + 1, chance.randint(0, 100))
    world.set_price(
        name,
        input_micros=book.fresh,
        cached_input_micros=book.cached,
        output_micros=book.output,
        batch_percent=book.batch,
    )
    return book


def _body(chance: random.Random, books: list[Book]) -> dict[str, Any]:
    words = chance.randint(4, 60)
    return {
        "model": chance.choice(books).name,
        "messages": [{"role": "user", "content": "word " * words}],
        "max_tokens": chance.randint(1, 8),
        "stub": {"cached_tokens": chance.choice([0, 1, words // 2])},
    }


def _batch(world: Ground, bodies: list[dict[str, Any]]) -> str:
    """Ask the same as a batch, and return its id once it is done."""
    url = "/v1/chat/completions"
    lines = [
        {"custom_id": f"r{number}", "method": "POST", "url": url, "body": body}
        for number, body in enumerate(bodies)
    ]
    upload = {"file": ("in.jsonl", "\n".join(map(json.dumps, lines)).encode())}
    file = world.admin.post("/v1/files", files=upload, data={"purpose": "batch"}).json()
    wanted = {"input_file_id": file["id"], "endpoint": url, "completion_window": "24h"}
    batch = world.admin.post("/v1/batches", json=wanted).json()["id"]
    world.until(lambda: _state(world, batch) == "completed", 120, "the batch does not end")
    return batch


def _state(world: Ground, batch: str) -> str:
    found: str = world.admin.get(f"/v1/batches/{batch}").json()["status"]
    return found
