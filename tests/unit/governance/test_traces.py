"""The trace store: what is kept, for how long, and for whose eyes."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from jixi.core.errors import JixiError
from jixi.core.trace import Attempt
from jixi.governance.audit import Content, Keeping, Traces, TraceSelection
from jixi.storage import Database, Vault
from tests.clocks import FrozenClock
from tests.traces import BEGAN, call, refused

ALL = TraceSelection("ten_a")
PROMPT = json.dumps({"messages": [{"role": "user", "content": "Mail lin@example.com"}]}).encode()


async def _names(store: Traces, selection: TraceSelection = ALL, limit: int = 100) -> list[str]:
    return [trace.request_id for trace in await store.page(selection, limit=limit)]


def _store(database: Database, clock: FrozenClock, vault: Vault, **keeping: int) -> Traces:
    return Traces(database, clock, vault, Keeping(**keeping))


async def test_a_trace_is_kept_whole(database: Database, clock: FrozenClock, vault: Vault) -> None:
    store = _store(database, clock, vault)
    failed = Attempt(target="x", started_ms=1.5, ended_ms=3.25, status=503, error_code="engine_error")
    given = call(target="y", attempts=[failed], replayed=True, dialect="anthropic")
    store.take([given])
    await store.write()
    kept = await store.get(TraceSelection("ten_a", request_id="req_1"))
    assert (kept.attempts, kept.marks, kept.began_at) == ([failed], given.marks, BEGAN)
    assert (kept.model, kept.target, kept.kind, kept.dialect) == ("m", "y", "chat", "anthropic")
    assert (kept.input_tokens, kept.cached_input_tokens, kept.output_tokens) == (10, 4, 21)
    assert (kept.cost_micros, kept.currency, kept.stream, kept.replayed) == (31, "CNY", True, True)
    assert (kept.key_id, kept.member_id, kept.request, kept.answer) == ("key_a", "mem_a", None, None)


async def test_pages_run_from_the_newest_to_the_oldest_and_lose_nothing_between(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = _store(database, clock, vault)
    store.take([call(f"req_{n}", began_at=BEGAN + timedelta(seconds=n // 2)) for n in range(7)])
    await store.write()
    seen: list[str] = []
    before = None
    while some := await store.page(ALL, limit=3, before=before):
        seen += [trace.request_id for trace in some]
        before = (some[-1].began_at, some[-1].request_id)
    assert seen == [f"req_{n}" for n in reversed(range(7))]


async def test_each_filter_chooses_and_no_tenant_finds_another_ones(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = _store(database, clock, vault)
    late = BEGAN + timedelta(hours=1)
    store.take([call("req_1"), call("req_2", model="n", dialect="responses"), refused(request_id="req_3")])
    store.take([call("req_4", began_at=late), call("req_5", tenant="ten_b")])
    await store.write()
    assert await _names(store) == ["req_4", "req_3", "req_2", "req_1"]
    for fields, found in (
        ({"model": "n"}, ["req_2"]),
        ({"dialect": "responses"}, ["req_2"]),
        ({"outcome": "failed"}, ["req_3"]),
        ({"request_id": "req_1"}, ["req_1"]),
        ({"start": late}, ["req_4"]),
        ({"end": late, "outcome": "ok"}, ["req_2", "req_1"]),
        ({"key_id": "key_x"}, []),
        ({"member_id": "mem_x"}, []),
    ):
        assert await _names(store, ALL._replace(**fields)) == found, fields
    for foreign in ("req_5", "req_unknown"):
        with pytest.raises(JixiError, match="no such trace"):
            await store.get(TraceSelection("ten_a", request_id=foreign))


async def test_of_each_tenant_the_newest_are_kept(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = Traces(database, clock, vault, Keeping(traces=3, content="full"))
    store.take(
        [call(f"req_{n}", began_at=BEGAN + timedelta(seconds=n), request=PROMPT) for n in range(6)]
        + [call("req_b", tenant="ten_b")]
    )
    await store.write()
    await store.sweep()
    assert await _names(store) == ["req_5", "req_4", "req_3"]
    assert await _names(store, TraceSelection("ten_b")) == ["req_b"]


async def test_what_is_old_goes_and_what_was_said_goes_sooner(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = Traces(database, clock, vault, Keeping(days=30, content="full", content_days=7))
    store.take([call(request=PROMPT, answer=b'"yes"')])
    await store.write()
    only = TraceSelection("ten_a", request_id="req_1")
    clock.advance(6 * 86400)
    await store.sweep()
    assert (await store.get(only)).answer == '"yes"'
    clock.advance(2 * 86400)
    await store.sweep()
    kept = await store.get(only)
    assert (kept.request, kept.answer) == (None, None)
    clock.advance(23 * 86400)
    await store.sweep()
    assert await _names(store) == []


@pytest.mark.parametrize(
    ("content", "kept"), [("off", None), ("redacted", "Mail [e-mail]"), ("full", "Mail lin@")]
)
async def test_words_are_kept_as_the_settings_say(
    database: Database, clock: FrozenClock, vault: Vault, content: Content, kept: str | None
) -> None:
    store = Traces(database, clock, vault, Keeping(content=content))
    store.take([call(request=PROMPT)])
    await store.write()
    found = (await store.get(TraceSelection("ten_a", request_id="req_1"))).request
    assert (found is None) if kept is None else (kept in (found or ""))


async def test_a_copy_of_the_database_tells_no_word(
    database: Database, clock: FrozenClock, vault: Vault, tmp_path: Path
) -> None:
    store = Traces(database, clock, vault, Keeping(content="full"))
    store.take([call(request=PROMPT, answer=PROMPT)])
    await store.write()
    only = TraceSelection("ten_a", request_id="req_1")
    without_key = Traces(database, clock, Vault(tmp_path / "another.key"), Keeping(content="full"))
    kept = await without_key.get(only)
    assert (kept.request_id, kept.request, kept.answer) == ("req_1", None, None)
    assert "lin@example.com" in ((await store.get(only)).answer or "")


async def test_in_a_rush_a_sample_is_kept_and_failures_have_places_of_their_own(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = _store(database, clock, vault, per_second=5)
    store.take([call(f"req_{n:03}") for n in range(100)])
    store.take([call(f"req_f{n}", outcome="failed", error_code="engine_error") for n in range(3)])
    clock.advance(1)
    store.take([call("req_next")])
    await store.write()
    names = await _names(store)
    assert len(names) == 9
    assert {"req_f0", "req_f1", "req_f2", "req_next"} <= set(names)
    assert store.sampled_out == 95


async def test_several_processes_write_and_the_same_call_twice_is_one(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    stores = [_store(database, clock, vault) for _ in range(3)]
    for number, store in enumerate(stores):
        store.take([call("req_same"), *(call(f"req_{number}_{n}") for n in range(20))])
    await asyncio.gather(*(store.write() for store in stores))
    assert len(await _names(stores[0])) == 61


async def test_names_that_no_database_takes_are_kept_readable(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = _store(database, clock, vault)
    store.take([refused(model=f"nul\0half\ud800{'x' * 500}")])
    await store.write()
    (kept,) = await store.page(ALL, limit=1)
    assert kept.model.startswith("nul\ufffdhalf")
    assert len(kept.model) == 200


async def test_a_started_store_writes_by_itself_and_before_it_closes(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = _store(database, clock, vault)
    store.start()
    store.take([call("req_1")])
    async with asyncio.timeout(60):
        while await _names(store) != ["req_1"]:
            await asyncio.sleep(0)
    store.take([call("req_2", began_at=BEGAN + timedelta(seconds=1))])
    await store.close()
    assert await _names(store) == ["req_2", "req_1"]


async def test_a_database_that_fails_costs_traces_and_nothing_else(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = _store(database, clock, vault)
    store.take([call(currency="far too long for its column", cost_micros=2**70)])
    await store.close()
    assert store.dropped == 1
    store.take([call("req_2")])
    await store.write()
    assert await _names(store) == ["req_2"]


async def test_a_tenant_that_keeps_nothing_has_nothing(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = _store(database, clock, vault, traces=0)
    store.take([call()])
    await store.write()
    assert await _names(store) == []


async def test_what_was_said_outlives_a_rotation_of_the_vault(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    store = Traces(database, clock, vault, Keeping(content="full"))
    store.take([call(f"req_{n}", request=PROMPT, answer=b'"yes"') for n in range(3)])
    store.take([call("req_silent")])
    await store.write()
    vault.add_key()
    assert await store.rewrap() == 3
    assert await store.rewrap() == 0
    assert vault.drop_old_keys() == 1
    found = await store.get(TraceSelection("ten_a", request_id="req_2"))
    assert (json.loads(found.request or ""), found.answer) == (json.loads(PROMPT), '"yes"')
