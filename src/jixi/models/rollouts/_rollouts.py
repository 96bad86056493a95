"""`Rollouts`: deployments are made, revised, stopped and removed; what is written is brought about by others."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

import structlog

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.core.tasks import end_task
from jixi.models.deployments import Reason
from jixi.models.names import name_taken
from jixi.models.registry import ModelRegistry, Shelf, Viewer
from jixi.models.rollouts._choice import Choice, Chooser
from jixi.models.rollouts._records import RolloutRecords
from jixi.models.rollouts._values import Action, Change, Draft, Plan, Revision, Rollout, Wanted
from jixi.models.sources import ModelStore
from jixi.storage import Database

_REFRESH_S: Final = 4.0
_TRIES: Final = 5
"""Of a change that others overtake."""
_log = structlog.get_logger()


class Who(NamedTuple):
    """Who asks: a member, and what models they see."""

    member_id: str
    viewer: Viewer


class Models(NamedTuple):
    """What can be deployed, where its files lie, and what runs it."""

    registry: ModelRegistry
    store: ModelStore
    chooser: Chooser


class Neighbours(NamedTuple):
    """The public names in use, those of deployments too, but for those of the deployment that is named; and which
    aliases stand for any of some models.
    """

    names: Callable[[str], Collection[str]]
    behind: Callable[[Collection[str]], Awaitable[Sequence[str]]]


async def _nobody() -> None:
    """Nobody brings anything about yet."""


class Rollouts:
    """The register of deployments that people made. Every process follows it within a few seconds.

    `changed` is called after each change that is seen here, be it of this process or of another.
    """

    def __init__(self, database: Database, clock: Clock, models: Models, neighbours: Neighbours) -> None:
        self._records = RolloutRecords(database)
        self._clock = clock
        self._models = models
        self._neighbours = neighbours
        self._kept: list[Rollout] = []
        self._told: list[Rollout] = []
        self._reading = asyncio.Lock()
        self._naming = asyncio.Lock()
        self._upkeep: asyncio.Task[None] | None = None
        self.changed: Callable[[], Awaitable[None]] = _nobody

    async def start(self) -> None:
        """Read what there is, and again every few seconds."""
        await self.refresh()
        self._upkeep = asyncio.create_task(self._keep_up(), name="rollouts-upkeep")

    async def close(self) -> None:
        await end_task(self._upkeep)
        self._upkeep = None

    async def refresh(self) -> None:
        """Read what this or another process has changed. One reads after the other, so that none brings back the past;
        `changed` is called again where it failed.
        """
        async with self._reading:
            self._kept = found = await self._records.all()
            if found != self._told:
                await self.changed()
                self._told = found

    def all(self) -> Sequence[Rollout]:
        """Every deployment, newest first."""
        return self._kept

    def find(self, name: str) -> Rollout | None:
        """The deployment with that id or name."""
        return next((each for each in self._kept if name in (each.id, each.name)), None)

    async def revisions(
        self, deployment_id: str, *, limit: int = 50, before: int | None = None
    ) -> list[Revision]:
        """What was to run, newest first."""
        return await self._records.revisions(deployment_id, limit, before)

    async def changes(self, deployment_id: str, *, limit: int = 50, after: str | None = None) -> list[Change]:
        """Who did what, newest first; also of one that has gone."""
        return await self._records.changes(deployment_id, limit, after)

    async def shelf(self, viewer: Viewer) -> Shelf:
        """The models that the viewer could deploy."""
        return await self._models.registry.shelf(viewer)

    async def plan(
        self, who: Who, draft: Draft | Plan, *, installed: bool = True, licensed: bool = True
    ) -> Choice:
        """Choose what is left open; with `installed` False the engine may be absent, with `licensed` False no licence
        need be accepted.

        Raises what `Chooser.choose` raises.
        """
        shelf = await self.shelf(who.viewer)
        choice = self._models.chooser.choose(draft, shelf, installed=installed, licensed=licensed)
        self._models.chooser.check_options(choice.plan)
        return choice

    async def check_files(self, choice: Choice) -> None:
        """Raises `disk_full` where they do not fit, `model_not_here` where nobody could bring them; those of adapters
        must be here.
        """
        for entry, variant in choice.adapters.values():
            if await asyncio.to_thread(self._models.store.lacking, entry, variant.id) != 0:
                raise problem("model_not_here", model=entry.id, param="adapters")
        if choice.entry is None or choice.variant is None:
            return
        lacking = await self.lacking(choice)
        if lacking != 0 and not choice.variant.sources and not choice.variant.packaged:
            raise problem("model_not_here", model=choice.entry.id)
        self._models.store.check_room(lacking or 0)

    async def lacking(self, choice: Choice) -> int | None:
        """The bytes that are not here yet; None where nobody knows."""
        if choice.entry is None or choice.variant is None:
            return 0
        return await asyncio.to_thread(self._models.store.lacking, choice.entry, choice.variant.id)

    def taken(self, name: str, adapters: Iterable[str]) -> list[JixiError]:
        """A refusal for each of the public names of a new deployment that another one, a provider's model or an alias
        has.
        """
        own = [name_taken(name)] if self._is_taken(name) else []
        return own + self._taken_by_others(name, adapters)

    def _taken_by_others(self, name: str, adapters: Iterable[str]) -> list[JixiError]:
        """The same for the adapters alone, of a deployment that may be there."""
        found = (each for each in adapters if each == name or self._is_taken(each, besides=name))
        return [name_taken(each, "adapters") for each in found]

    def _is_taken(self, name: str, besides: str = "") -> bool:
        kept = [each for each in self._kept if each.name != besides]
        theirs = any(name in (each.id, each.name) or name in each.plan.adapters for each in kept)
        return theirs or name in self._neighbours.names(besides)

    async def add(self, who: Who, name: str, description: str, draft: Draft) -> Rollout:
        """Make a deployment that is to run. Raises `name_taken`, and what `plan` and `check_files` raise."""
        async with self._naming:
            await self.refresh()
            for refusal in self.taken(name, draft.adapters):
                raise refusal
            choice = await self.plan(who, draft)
            await self.check_files(choice)
            return await self._add(who, name, description, choice.plan)

    async def _add(self, who: Who, name: str, description: str, plan: Plan) -> Rollout:
        now = self._clock.now()
        made = Rollout(
            id=new_id("dep"),
            name=name,
            tenant_id=who.viewer.tenant_id,
            member_id=who.member_id,
            description=description,
            wanted="running",
            revision=1,
            revisions=1,
            created_at=now,
            changed_at=now,
            version=1,
            plan=plan,
        )
        await self._records.add(made, self._change(who, made, "create"))
        await self.refresh()
        return made

    async def revise(
        self,
        who: Who,
        name: str,
        version: int | None,
        changes: dict[str, Any],
        description: str | None = None,
    ) -> Rollout:
        """Run something else from now on, as its next revision. A plan that stays as it is makes none.

        Without a `version` the changes are made to whatever there is then, so that none of others is lost.
        Raises `not_found`, `precondition_failed`, `name_taken` for an adapter, `model_in_use` for one that goes while
        an alias stands for it, and what `plan` and `check_files` raise.
        """
        tries = 1
        while True:
            before = self._get(name)
            if version not in (None, before.version):
                await self.refresh()
                before = self._get(name)
            try:
                async with self._naming:
                    return await self._revise(who, before, version or before.version, changes, description)
            except JixiError as error:
                if version is not None or error.code != "precondition_failed" or tries == _TRIES:
                    raise
            tries += 1
            await self.refresh()

    async def _revise(
        self, who: Who, before: Rollout, version: int, changes: dict[str, Any], description: str | None
    ) -> Rollout:
        choice = await self._next(who, before, _revised(before, changes))
        values = {} if description is None else {"description": description}
        plan = None if choice.plan == before.plan else choice.plan
        done = await self._records.change(
            before.id, version, self._change(who, before, "update"), values, plan
        )
        await self.refresh()
        return done

    async def _next(self, who: Who, before: Rollout, asked: Draft | Plan) -> Choice:
        """What is to run next, with its names held against those of others."""
        for refusal in self._taken_by_others(before.name, asked.adapters):
            raise refusal
        await self._check_unused(before.plan.adapters.keys() - asked.adapters.keys())
        choice = await self.plan(who, asked)
        await self.check_files(choice)
        return choice

    async def _check_unused(self, names: Collection[str]) -> None:
        """Raises `model_in_use` while an alias stands for any of them."""
        if names and (aliases := await self._neighbours.behind(names)):
            raise problem("model_in_use", models=", ".join(sorted(names)), aliases=", ".join(aliases))

    async def want(self, who: Who, name: str, wanted: Wanted, action: Action) -> Rollout:
        """Have it run or stand still; raises `not_found`."""
        before = self._get(name)
        change = self._change(who, before, action)
        done = await self._records.change(before.id, None, change, {"wanted": wanted}, None)
        await self.refresh()
        return done

    async def roll_back(self, who: Who, name: str, version: int | None, number: int) -> Rollout:
        """Run an earlier revision again. Raises `not_found`, and what `revise` raises."""
        before = self._get(name)
        found = await self._revision(before, number)
        if found is None:
            raise problem("not_found", noun="revision")
        async with self._naming:
            await self._next(who, before, found.plan)
            change = self._change(who, before, "rollback")
            done = await self._records.change(before.id, version, change, {"revision": number}, None)
        await self.refresh()
        return done

    async def give_up(self, deployment_id: str, version: int, answering: int, reason: Reason) -> None:
        """What was to run as of `version` could not, for that reason: have the revision on record that still answers.

        What has been written since then stays: somebody wants something else, or another server was first.
        """
        before = self.find(deployment_id)
        if before is None or await self._revision(before, answering) is None:
            return
        change = Change(
            id=new_id("chg"),
            deployment_id=before.id,
            name=before.name,
            action="auto_rollback",
            revision=answering,
            member_id=None,
            at=self._clock.now(),
            tried=before.revision,
            reason=reason,
        )
        try:
            await self._records.change(before.id, version, change, {"revision": answering}, None)
        except JixiError as error:
            if error.code not in ("precondition_failed", "not_found", "name_taken"):
                raise
        else:
            facts = {"tried": before.revision, "revision": answering, "reason": reason.code}
            _log.warning("deployment_rolled_back", deployment=before.name, **facts)
        await self.refresh()

    async def remove(self, who: Who, name: str, version: int | None) -> None:
        """Raises `not_found`, `precondition_failed`, and `model_in_use` while an alias stands for it."""
        before = self._get(name)
        await self._check_unused([before.name, *before.plan.adapters])
        await self._records.remove(before.id, version, self._change(who, before, "delete"))
        await self.refresh()

    async def _revision(self, rollout: Rollout, number: int) -> Revision | None:
        found = await self._records.revisions(rollout.id, 1, number + 1)
        return found[0] if found and found[0].number == number else None

    def _get(self, name: str) -> Rollout:
        found = self.find(name)
        if found is None:
            raise problem("not_found", noun="deployment")
        return found

    def _change(self, who: Who, rollout: Rollout, action: Action) -> Change:
        return Change(
            id=new_id("chg"),
            deployment_id=rollout.id,
            name=rollout.name,
            action=action,
            revision=rollout.revision,
            member_id=who.member_id,
            at=self._clock.now(),
        )

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_S)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001  (whatever went wrong, the next round may go well)
                _log.error("rollouts_not_refreshed", error=type(error).__name__)


def _revised(before: Rollout, changes: dict[str, Any]) -> Draft:
    """The plan with the changes. Where the model changes, its variant and engine are chosen anew, unless named, and
    what was said of the other one's memory and adapters goes.
    """
    plan = before.plan
    said = {name: getattr(plan, name) for name in Draft.__struct_fields__}
    if changes.get("model", plan.model) != plan.model:
        said |= {"variant": None, "engine": None, "context": None, "accept_license": None}
        said |= {"memory_bytes": None, "adapters": {}}
    elif changes.get("variant", plan.variant) != plan.variant:
        said |= {"engine": None}
    return Draft(**said | changes)
