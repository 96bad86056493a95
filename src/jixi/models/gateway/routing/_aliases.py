"""`Aliases`: kept in the database, found in memory, known to every process within five seconds."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import msgspec
import structlog

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.core.tasks import end_task
from jixi.models.gateway.routing._alias import Alias
from jixi.models.gateway.routing._records_aliases import AliasRecords
from jixi.models.names import name_taken
from jixi.storage import Database

_REFRESH_S: Final = 4.0
_MOST_PARTS: Final = 20


class Aliases:
    """`known` are the public names of models. An alias may stand for those alone, so that none leads to another."""

    def __init__(self, database: Database, clock: Clock, known: Callable[[], Collection[str]]) -> None:
        self._records = AliasRecords(database)
        self._clock = clock
        self._known = known
        self._kept: list[Alias] = []
        self._found: dict[str, Alias] = {}
        self._reading = asyncio.Lock()
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what there is, and again every few seconds."""
        await self.refresh()
        self._upkeep = asyncio.create_task(self._keep_up(), name="aliases-upkeep")

    async def close(self) -> None:
        await end_task(self._upkeep)
        self._upkeep = None

    async def refresh(self) -> None:
        """Read what other processes have changed: one by one, so that no older reading comes last."""
        async with self._reading:
            self._kept = await self._records.all()
            self._found = {alias.name: alias for alias in self._kept if alias.enabled}

    # For the gateway.

    def find(self, name: str) -> Alias | None:
        """The alias of that name, where there is one and it is enabled."""
        return self._found.get(name)

    def entries(self) -> Sequence[Alias]:
        """Every alias, newest first, disabled ones too."""
        return self._kept

    def names(self) -> set[str]:
        """Every public name in use here, those of disabled aliases too."""
        return {alias.name for alias in self._kept}

    # For administrators.

    def page(self, *, limit: int, after: str | None = None) -> list[Alias]:
        """At most `limit` aliases, newest first, behind the one with the id `after`."""
        return [alias for alias in self._kept if after is None or alias.id < after][:limit]

    def get(self, alias_id: str) -> Alias:
        """Raises `not_found`."""
        for alias in self._kept:
            if alias.id == alias_id:
                return alias
        raise problem("not_found", noun="alias")

    async def behind(self, models: Collection[str]) -> list[str]:
        """The names of the aliases that stand for any of these models, be it as a fallback, whoever made them."""
        await self.refresh()
        return sorted(alias.name for alias in self._kept if not set(alias.models).isdisjoint(models))

    async def add(self, **values: Any) -> Alias:
        """Make an alias of the values of its fields; raises `name_taken` and `invalid_value`."""
        alias = Alias(id=new_id("als"), created_at=self._clock.now(), **values)
        self._check_name(alias)
        self._check(alias, {part for _, part in _parts(alias)})
        await self._records.add(alias)
        await self.refresh()
        return alias

    async def change(self, alias_id: str, *, version: int | None = None, **values: Any) -> Alias:
        """Raises `not_found`, `precondition_failed`, `name_taken` and `invalid_value`.

        A model that is gone meanwhile may stay where it stands already.
        """
        await self.refresh()
        before = self.get(alias_id)
        if version is not None and before.version != version:
            raise problem("precondition_failed", noun="alias")
        alias = msgspec.structs.replace(before, **values, version=before.version + 1)
        if alias.name != before.name:
            self._check_name(alias)
        self._check(alias, {part for _, part in _parts(alias)} - {part for _, part in _parts(before)})
        await self._records.replace(alias, before.version)
        await self.refresh()
        return alias

    async def remove(self, alias_id: str) -> None:
        """Calls that ask for it are answered `model_not_found` from now on, elsewhere within 5 s.

        Raises `not_found`.
        """
        self.get(alias_id)
        await self._records.remove(alias_id)
        await self.refresh()

    def _check_name(self, alias: Alias) -> None:
        if alias.name in self._known() or alias.name in self.names():
            raise name_taken(alias.name)

    def _check(self, alias: Alias, fresh: set[str]) -> None:
        """`fresh` are the models that were not behind this alias before."""
        known, aliases = self._known(), self.names() | {alias.name}
        for param, model in _parts(alias):
            if model in aliases:
                raise _invalid(param, f"{model!r} is an alias, and an alias stands for models alone")
            if model in fresh and model not in known:
                raise _invalid(param, f"there is no model {model!r}")
        targets = [target.model for target in alias.targets]
        if not any(target.weight for target in alias.targets):
            raise _invalid("targets", "one of them needs a weight above 0")
        if len(set(targets)) < len(targets):
            raise _invalid("targets", "a model is there twice")
        if alias.canary is not None and alias.canary.model in targets:
            raise _invalid("canary.model", "it is one of the targets; give it a weight instead")
        fallbacks = [fallback.model for fallback in alias.fallbacks]
        if len(set(fallbacks)) < len(fallbacks):
            raise _invalid("fallbacks", "a model is there twice")
        if len(targets) + len(fallbacks) > _MOST_PARTS:
            raise _invalid("targets", f"an alias stands for {_MOST_PARTS} models at most")

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_S)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001  (what is known stays in force while the database is away)
                structlog.get_logger().error("aliases_not_refreshed", error=type(error).__name__)


def _parts(alias: Alias) -> list[tuple[str, str]]:
    """Every model behind an alias with the field that names it."""
    parts = [(f"targets[{place}].model", each.model) for place, each in enumerate(alias.targets)]
    if alias.canary is not None:
        parts.append(("canary.model", alias.canary.model))
    return parts + [(f"fallbacks[{place}].model", each.model) for place, each in enumerate(alias.fallbacks)]


def _invalid(param: str, reason: str) -> JixiError:
    return problem("invalid_value", param=param, reason=f"{param}: {reason}")
