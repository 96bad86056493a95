"""Aliases in the database: one space of names, no alias behind an alias, known to every process soon."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jixi.core.errors import JixiError
from jixi.models.gateway import Aliases, Canary, Fallback, Target
from jixi.storage import Database
from tests.clocks import FrozenClock

MODELS = {"small", "big", "new"}


@pytest.fixture
async def aliases(database: Database, clock: FrozenClock) -> AsyncIterator[Aliases]:
    opened = Aliases(database, clock, lambda: MODELS)
    await opened.start()
    yield opened
    await opened.close()


async def refusal(aliases: Aliases, **values: Any) -> JixiError:
    with pytest.raises(JixiError) as caught:
        await aliases.add(**{"name": "chat", "targets": (Target("small"),)} | values)
    return caught.value


async def test_an_alias_is_kept_whole_and_found_by_another_process_once_it_looks(
    aliases: Aliases, database: Database, clock: FrozenClock
) -> None:
    other = Aliases(database, clock, lambda: MODELS)
    await other.refresh()
    made = await aliases.add(
        name="chat",
        description="Für alle 给所有人",
        targets=(Target("small", 3), Target("big", 1)),
        canary=Canary("new", 10),
        fallbacks=(Fallback("big", ("error", "timeout")),),
        cache_ttl_s=60,
        retries=1,
        hedge_after_ms=500,
        first_token_s=30,
    )
    assert aliases.find("chat") == made
    assert other.find("chat") is None
    await other.refresh()
    assert other.find("chat") == made
    changed = await other.change(made.id, version=1, canary=None, enabled=False)
    assert (changed.version, changed.canary, changed.targets) == (2, None, made.targets)
    assert other.find("chat") is None
    assert other.names() == {"chat"}
    with pytest.raises(JixiError, match="alias"):
        await aliases.change(made.id, version=1, retries=3)
    await aliases.remove(made.id)
    assert not aliases.entries()


async def test_pages_come_newest_first(aliases: Aliases) -> None:
    made = [await aliases.add(name=f"a{number}", targets=(Target("small"),)) for number in range(3)]
    first = aliases.page(limit=2)
    assert [each.id for each in first] == [made[2].id, made[1].id]
    assert [each.id for each in aliases.page(limit=2, after=first[-1].id)] == [made[0].id]


async def test_a_public_name_is_given_once(aliases: Aliases, database: Database, clock: FrozenClock) -> None:
    assert (await refusal(aliases, name="big")).code == "name_taken"
    await aliases.add(name="chat", targets=(Target("small"),), enabled=False)
    assert (await refusal(aliases)).code == "name_taken"
    unaware = Aliases(database, clock, lambda: MODELS)
    assert (await refusal(unaware)).code == "name_taken"
    other = await aliases.add(name="other", targets=(Target("small"),))
    for name in ("chat", "big"):
        with pytest.raises(JixiError) as caught:
            await aliases.change(other.id, name=name)
        assert caught.value.code == "name_taken"


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"targets": (Target("nobody"),)}, "targets[0].model"),
        ({"targets": (Target("small"), Target("first"))}, "targets[1].model"),
        ({"targets": (Target("chat"),)}, "targets[0].model"),
        ({"targets": (Target("small"), Target("small"))}, "targets"),
        ({"targets": (Target("small", 0), Target("big", 0))}, "targets"),
        ({"canary": Canary("small", 10)}, "canary.model"),
        ({"canary": Canary("first", 10)}, "canary.model"),
        ({"fallbacks": (Fallback("big", ("error",)), Fallback("big", ("timeout",)))}, "fallbacks"),
        ({"fallbacks": (Fallback("gone", ("error",)),)}, "fallbacks[0].model"),
    ],
)
async def test_an_alias_stands_for_models_that_exist_each_once(
    aliases: Aliases, values: dict[str, Any], param: str
) -> None:
    await aliases.add(name="first", targets=(Target("small"),))
    error = await refusal(aliases, **values)
    assert (error.code, error.param) == ("invalid_value", param)


async def test_an_alias_whose_model_is_gone_can_still_be_changed(
    database: Database, clock: FrozenClock
) -> None:
    models = {"small", "big"}
    aliases = Aliases(database, clock, lambda: models)
    made = await aliases.add(name="chat", targets=(Target("small"), Target("big")))
    models.discard("small")
    changed = await aliases.change(made.id, retries=0)
    assert changed.retries == 0
    with pytest.raises(JixiError):
        await aliases.change(made.id, fallbacks=(Fallback("gone", ("error",)),))
