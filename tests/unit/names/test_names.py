"""Whoever gives a public name in the same instant, one of them has it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.gateway import Aliases, Target
from jixi.models.names import SettledNames
from jixi.models.providers import Draft, ProviderModel, Providers
from jixi.models.sources.outside import Egress
from jixi.storage import Database, Vault
from tests.clocks import FrozenClock
from tests.unit.rollouts.test_rollouts import LIN, STUB, register

Make = Callable[[str], Coroutine[Any, Any, object]]
ROUNDS = 12


@pytest.fixture
def makers(database: Database, clock: FrozenClock, tmp_path: Path) -> dict[str, Make]:
    """Each makes something of that name and knows of nobody else's, as in a process that has not looked yet."""
    aliases = Aliases(database, clock, lambda: {"small"})
    rollouts = register(database, tmp_path)
    providers = Providers(database, clock, Vault(tmp_path / "vault.key"), Egress(frozenset()))

    def provide(name: str) -> Coroutine[Any, Any, object]:
        model = ProviderModel(name=name, upstream="m", kinds=frozenset({Scope.CHAT}), context=64)
        return providers.add(
            Draft(name=f"of {name}", vendor="deepseek", credential="sk-test-key", models=[model])
        )

    return {
        "alias": lambda name: aliases.add(name=name, targets=(Target("small"),)),
        "deployment": lambda name: rollouts.add(LIN, name, "", STUB),
        "provider": provide,
    }


@pytest.mark.parametrize("pair", [("alias", "deployment"), ("alias", "provider"), ("deployment", "provider")])
async def test_of_two_that_take_a_name_in_the_same_instant_one_has_it(
    makers: dict[str, Make], pair: tuple[str, str]
) -> None:
    for turn in range(ROUNDS):
        made = await asyncio.gather(*(makers[each](f"name-{turn}") for each in pair), return_exceptions=True)
        refused = [each for each in made if isinstance(each, BaseException)]
        assert len(refused) == 1, made
        assert isinstance(refused[0], JixiError)
        assert refused[0].code == "name_taken"


async def test_a_name_is_free_again_once_what_had_it_is_renamed_or_gone(
    database: Database, clock: FrozenClock, makers: dict[str, Make], tmp_path: Path
) -> None:
    aliases = Aliases(database, clock, lambda: {"small"})
    made = await aliases.add(name="first", targets=(Target("small"),))
    await aliases.change(made.id, name="second")
    await makers["deployment"]("first")
    with pytest.raises(JixiError):
        await makers["deployment"]("second")
    await aliases.remove(made.id)
    await makers["deployment"]("second")
    rollouts = register(database, tmp_path)
    await rollouts.refresh()
    await rollouts.remove(LIN, "second", None)
    await makers["alias"]("second")


@pytest.mark.parametrize("kind", ["alias", "deployment", "provider"])
async def test_a_name_of_the_settings_is_nobody_elses_until_they_give_it_up(
    database: Database, makers: dict[str, Make], kind: str
) -> None:
    names = SettledNames(database)
    await names.settle(["chat", "chat:legal"])
    await names.settle(["chat", "chat:legal"])
    with pytest.raises(JixiError) as refused:
        await makers[kind]("chat:legal")
    assert refused.value.code == "name_taken"
    await names.settle(["chat"])
    await makers[kind]("chat:legal")
    with pytest.raises(JixiError) as taken:
        await names.settle(["chat", "chat:legal"])
    assert (taken.value.code, taken.value.facts["name"]) == ("settings_name_taken", "chat:legal")


async def test_a_name_that_may_be_kept_stays_the_settings_only_where_they_have_it(
    database: Database, makers: dict[str, Make]
) -> None:
    names = SettledNames(database)
    await names.settle(["chat"], kept=["spare", "other"])
    await makers["alias"]("other")
    await names.settle(["chat", "spare"])
    await names.settle(["chat", "embeddings"], kept=["spare", "other"])
    with pytest.raises(JixiError):
        await makers["alias"]("spare")
    await names.settle(["chat"])
    await makers["alias"]("spare")


async def test_several_servers_settle_the_same_names_at_once(database: Database) -> None:
    names = SettledNames(database)
    await asyncio.gather(*(names.settle(["chat", "chat:legal"]) for _ in range(ROUNDS)))
