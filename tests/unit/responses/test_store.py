"""Kept Responses: whose they are, how they follow each other, how they end, and that they lie sealed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from jixi.core.errors import JixiError
from jixi.core.principal import Principal, Role
from jixi.models.responses import Kept, Quota, ResponseStore
from jixi.storage import Database, Vault
from tests.clocks import FrozenClock

DAY_S = 24 * 3600
ANN = Principal(tenant_id="ten_1", member_id="mem_1", role=Role.DEVELOPER, key_id="key_1")
STRANGERS = [
    Principal(tenant_id="ten_1", member_id="mem_1", role=Role.DEVELOPER, key_id="key_2"),
    Principal(tenant_id="ten_1", member_id="mem_1", role=Role.DEVELOPER),
    Principal(tenant_id="ten_2", member_id="mem_1", role=Role.PLATFORM_ADMIN, key_id="key_1"),
]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def store(database: Database, tmp_path: Path, clock: FrozenClock) -> ResponseStore:
    return ResponseStore(database, Vault(tmp_path / "vault.key"), clock, 30)


@pytest.fixture
def limited(database: Database, tmp_path: Path, clock: FrozenClock) -> ResponseStore:
    """Takes three Responses, or some 4 KiB."""
    return ResponseStore(database, Vault(tmp_path / "vault.key"), clock, 30, Quota(3, 4096))


def kept(name: str, previous: str | None = None) -> Kept:
    response: dict[str, Any] = {"id": name, "previous_response_id": previous}
    response["output"] = [{"id": f"out_{name}"}]
    return Kept(response, [{"id": f"in_{name}"}])


async def put(store: ResponseStore, owner: Principal, what: Kept) -> None:
    async with store.room(owner, what.response["id"], what.items):
        await store.keep(owner, what)


async def refused(action: Any) -> bool:
    """Whether there is no room; nothing else may stand in the way."""
    try:
        await action
    except JixiError as error:
        assert error.code == "responses_full"  # noqa: PT017  (both ways are right)
        return True
    return False


async def missing(action: Any) -> bool:
    with pytest.raises(JixiError) as refused:
        await action
    return refused.value.code == "not_found"


async def test_a_response_is_its_owners_alone(store: ResponseStore) -> None:
    await put(store, ANN, kept("resp_1"))
    assert (await store.find(ANN, "resp_1")) == kept("resp_1")
    assert await missing(store.find(ANN, "resp_0"))
    for stranger in STRANGERS:
        assert await missing(store.find(stranger, "resp_1"))
        assert await missing(store.conversation(stranger, "resp_1"))
        assert await missing(store.delete(stranger, "resp_1"))
    await store.delete(ANN, "resp_1")
    assert await missing(store.find(ANN, "resp_1"))


async def test_a_conversation_is_told_from_its_beginning(store: ResponseStore) -> None:
    await put(store, ANN, kept("resp_1"))
    await put(store, ANN, kept("resp_2", "resp_1"))
    await put(store, ANN, kept("resp_3", "resp_2"))
    items = await store.conversation(ANN, "resp_3")
    expected = ["in_resp_1", "out_resp_1", "in_resp_2", "out_resp_2", "in_resp_3", "out_resp_3"]
    assert [item["id"] for item in items] == expected
    await store.delete(ANN, "resp_1")
    assert await missing(store.conversation(ANN, "resp_3"))
    assert (await store.find(ANN, "resp_3")).response["id"] == "resp_3"


async def test_what_has_expired_is_gone_and_deleted(
    store: ResponseStore, database: Database, clock: FrozenClock
) -> None:
    await put(store, ANN, kept("resp_1"))
    clock.advance(30 * DAY_S)
    assert await missing(store.find(ANN, "resp_1"))
    assert await missing(store.delete(ANN, "resp_1"))
    assert await store.delete_expired() == 1
    async with database.session() as session:
        assert (await session.execute(text("SELECT count(*) FROM responses"))).scalar_one() == 0


async def test_going_on_keeps_all_that_came_before(store: ResponseStore, clock: FrozenClock) -> None:
    await put(store, ANN, kept("resp_1"))
    clock.advance(29 * DAY_S)
    await store.conversation(ANN, "resp_1")
    clock.advance(29 * DAY_S)
    assert (await store.find(ANN, "resp_1")).response["id"] == "resp_1"


async def test_nothing_of_it_can_be_read_in_the_database(store: ResponseStore, database: Database) -> None:
    secret = Kept({"id": "resp_1", "previous_response_id": None, "output": [{"text": "sesame"}]}, [])
    await put(store, ANN, secret)
    async with database.session() as session:
        (content,) = (await session.execute(text("SELECT content FROM responses"))).scalars()
        assert "sesame" not in content
        await session.execute(text("UPDATE responses SET id = 'resp_2'"))
    with pytest.raises(JixiError) as unreadable:
        await store.find(ANN, "resp_2")
    assert unreadable.value.code == "secret_unreadable"


async def test_a_tenant_keeps_so_many_responses_and_no_more(
    limited: ResponseStore, clock: FrozenClock
) -> None:
    for name in ("resp_1", "resp_2", "resp_3"):
        await put(limited, ANN, kept(name))
    assert await refused(put(limited, ANN, kept("resp_4")))
    assert await missing(limited.find(ANN, "resp_4"))
    other = Principal(tenant_id="ten_2", member_id="mem_2", role=Role.DEVELOPER, key_id="key_3")
    await put(limited, other, kept("resp_5"))
    await limited.delete(ANN, "resp_1")
    await put(limited, ANN, kept("resp_6"))
    assert await refused(put(limited, STRANGERS[0], kept("resp_7")))
    clock.advance(30 * DAY_S)
    await put(limited, ANN, kept("resp_8"))


async def test_a_tenant_keeps_so_many_bytes(limited: ResponseStore) -> None:
    long = Kept({"id": "resp_1", "previous_response_id": None, "output": []}, [{"text": "x" * 5000}])
    assert await refused(put(limited, ANN, long))
    await put(limited, ANN, kept("resp_2"))
    large = kept("resp_3")
    large.response["output"] = [{"text": "x" * 5000}]
    await put(limited, ANN, large)
    assert await refused(put(limited, ANN, kept("resp_4")))
    await limited.delete(ANN, "resp_3")
    await put(limited, ANN, kept("resp_5"))


async def test_a_tenant_may_keep_more_than_a_small_number_can_say(
    database: Database, tmp_path: Path, clock: FrozenClock
) -> None:
    quota = Quota(2**31, 2**40)
    vast = ResponseStore(database, Vault(tmp_path / "vault.key"), clock, 30, quota)
    await put(vast, ANN, kept("resp_1"))
    assert await vast.find(ANN, "resp_1") == kept("resp_1")


async def test_room_that_was_taken_at_once_is_never_more_than_there_is(limited: ResponseStore) -> None:
    full = await asyncio.gather(*(refused(put(limited, ANN, kept(f"resp_{n}"))) for n in range(20)))
    assert full.count(False) == 3
    for number in [number for number in range(20) if not full[number]]:
        assert await limited.find(ANN, f"resp_{number}") == kept(f"resp_{number}")


async def test_what_was_not_kept_leaves_no_trace_and_takes_no_room(
    limited: ResponseStore, database: Database
) -> None:
    for number in range(4):
        async with limited.room(ANN, f"resp_{number}", []):
            assert await missing(limited.find(ANN, f"resp_{number}"))
            assert await missing(limited.delete(ANN, f"resp_{number}"))
            assert await limited.rewrap() == 0
    async with database.session() as session:
        assert (await session.execute(text("SELECT count(*) FROM responses"))).scalar_one() == 0
