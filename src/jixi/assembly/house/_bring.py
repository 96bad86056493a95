"""`Bringing`: one deployment is brought to what is wanted of it: its files first, its engine, then the fleet."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jixi.core.errors import JixiError, problem
from jixi.core.tasks import end_task
from jixi.jobs import HOUSE, Job, Jobs
from jixi.models.catalog import Entry
from jixi.models.deployments import DeploymentSpec, DeploymentStatus, Fleet, Reason, State
from jixi.models.downloads import Downloads
from jixi.models.environments import Installations
from jixi.models.formats import FormatError, check_adapter, check_file
from jixi.models.sources import ModelStore, Progress

T = TypeVar("T")
GivenUp = Callable[[str, int, int, Reason], Coroutine[Any, Any, None]]
"""Is told which record, as of which version, could not be brought about, the revision that still answers, and why.
"""
Failed = Callable[[DeploymentSpec], Coroutine[Any, Any, None]]
"""Is told of a deployment whose files could not be fetched."""
_log = structlog.get_logger()
HALTED = Reason("halted")
_WRITES: Final = 30
"""Tries to write that an update was given up: for five minutes."""
_MAY_PASS: Final = frozenset({"model_unreachable", "digest_mismatch", "disk_full"})
"""Why files are not here that may be here later."""


class Owner(NamedTuple):
    """Whose download it is, and since when the deployment has been wanted as it is: one that was cancelled later is not
    begun again. Nobody has said so of what the settings want: that is begun whenever it is wanted.
    """

    tenant_id: str
    member_id: str
    since: datetime | None = None


_SETTINGS: Final = Owner(HOUSE, HOUSE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is wanted of a deployment. `spec` has no files yet, unless they are one's own."""

    spec: DeploymentSpec
    entry: Entry | None = None
    variant: str | None = None
    running: bool = True
    owner: Owner = _SETTINGS
    record: str | None = None
    """The id of the record that says so; None for the settings, which nobody changes while the server runs."""
    version: int | None = None
    """Of that record."""
    beside: frozenset[tuple[str, str]] = frozenset()
    """The models and versions of one's own that its adapters are."""
    refused: JixiError | None = None
    """Why what is wanted cannot be, where that is known before."""


@dataclass(kw_only=True, slots=True)
class Means:
    """What every deployment is brought about with. `given_up` is there once the house is open, `report` hears jobs."""

    fleet: Fleet
    store: ModelStore
    seed: Callable[[DeploymentSpec], Coroutine[Any, Any, None]]
    given_up: GivenUp | None = None
    downloads: Downloads
    installations: Installations
    jobs: Jobs
    report: Callable[[Job], None] = lambda _: None
    pause_s: float = 10.0
    """Until it is tried again after an error that nobody foresaw."""
    unreachable: dict[str, JixiError] = field(default_factory=dict[str, JixiError])


class Bringing:
    """Goes on by itself until what was wanted last has come about, or cannot; `job` is the one that it waits for.

    `trouble` is why it cannot, while the fleet goes on with an earlier revision; `placed`: the fleet has it to run.
    """

    def __init__(self, wish: Wish, means: Means, failed: Failed | None = None) -> None:
        self.wish: Wish | None = wish
        self.spec = wish.spec
        self.job: Job | None = None
        self.trouble: Reason | None = None
        self.refused: JixiError | None = None
        self.placed = False
        self._means = means
        self._failed = failed
        self._record = wish.record
        self._again = asyncio.Event()
        self._slow = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def want(self, wish: Wish | None) -> None:
        """From now on this is wanted; None: nothing any more. Returns when all is done that takes no time."""
        self.wish = wish
        self._again.set()
        if self._task is None or self._task.done():
            self._slow.clear()
            self._task = asyncio.create_task(self._run(), name=f"bring-{self.spec.name}")
            slow = asyncio.create_task(self._slow.wait())
            await asyncio.wait({self._task, slow}, return_when=asyncio.FIRST_COMPLETED)
            slow.cancel()

    @property
    def runs(self) -> bool:
        """Whether its engines are to run, and the fleet has it."""
        return self.placed and self.wish is not None and self.wish.running

    @property
    def gone(self) -> bool:
        """Whether nothing is wanted of it any more, and nothing is left of it."""
        return self.wish is None and (self._task is None or self._task.done())

    async def close(self) -> None:
        """Go no further; what has been fetched is kept."""
        await end_task(self._task)

    async def _run(self) -> None:
        while True:
            wish = self.wish
            self._again.clear()
            self.trouble = self.refused = None
            if await self._tried(wish) and wish is self.wish:
                return

    async def _tried(self, wish: Wish | None) -> bool:
        """Whether it has come about, or cannot; false after an error that nobody foresaw, and a pause."""
        try:
            try:
                await self._towards(wish)
            except JixiError as error:
                await self._refuse(wish, error)
        except Exception as error:  # noqa: BLE001  (a full disk, a lost database: it may pass)
            _log.error("deployment_not_brought", deployment=self.spec.name, exc_info=error)
            self._show("failed", Reason("cannot_start", {"cause": str(error)}))
            self._slow.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._means.pause_s):
                    await self._again.wait()
            return False
        return True

    async def _towards(self, wish: Wish | None) -> None:
        # One made anew under the name of one that was deleted may be of somebody else.
        if wish is None or wish.record != self._record:
            await self._remove()
        if wish is None:
            return
        self.spec, self._record = wish.spec, wish.record
        if not wish.running:
            await self._halt()
            return
        if wish.refused is not None:
            raise wish.refused
        await self._means.seed(wish.spec)
        files = await self._files(wish)
        if files is not None and wish is self.wish and await self._unless_again(self._equipped(wish)):
            spec = replace(wish.spec, files=files)
            await asyncio.to_thread(_judge_adapters, spec)
            await self._place(spec)
            await self._see_through(wish)

    async def _remove(self) -> None:
        self._slow.set()
        with contextlib.suppress(JixiError):
            await self._means.fleet.remove(self.spec.name)
        self.placed = False

    async def _halt(self) -> None:
        if self.placed:
            self._slow.set()
            # The calls that it has end by themselves, whatever is wanted before they have.
            await self._unless_again(self._means.fleet.halt(self.spec.name))
        else:
            self._show("stopped", HALTED)

    async def _place(self, spec: DeploymentSpec) -> None:
        fleet = self._means.fleet
        if not self.placed:
            fleet.add(spec)
            self.placed = True
            return
        now = fleet.status(spec.name)
        goes_to = now.revision
        if now.update is not None and now.update.state == "running":
            goes_to = now.update.revision
        if goes_to != spec.revision:
            await fleet.update(spec)
        fleet.resume(spec.name)

    async def _see_through(self, wish: Wish) -> None:
        """Wait for the end of its update, and tell where the fleet has given it up."""
        fleet, name = self._means.fleet, wish.spec.name
        if wish.record is None or fleet.status(name).revision == wish.spec.revision:
            return
        self._slow.set()
        status = await self._unless_again(fleet.until(name, _is_over))
        # Whoever wants something else by now has ended the update; it was not given up.
        if status is not None and wish is self.wish and status.update and status.update.reason:
            await self._tell(wish, status.revision, status.update.reason)

    async def _go_back(self, wish: Wish, reason: Reason) -> None:
        """What is wanted cannot be: tell, where the fleet has an earlier revision that answers, or would if called."""
        fleet, name = self._means.fleet, wish.spec.name
        if not self.placed or wish.record is None:
            return
        status = fleet.status(name)
        if status.revision != wish.spec.revision and status.reason != HALTED:
            fleet.refuse(name, wish.spec.revision, reason)
            self._slow.set()
            await self._tell(wish, status.revision, reason)

    async def _tell(self, wish: Wish, answering: int, reason: Reason) -> None:
        if (given_up := self._means.given_up) is not None and wish.record and wish.version is not None:
            await self._written(partial(given_up, wish.record, wish.version, answering, reason))

    async def _written(self, tell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """The update does not run again because the database is away for a while."""
        for _ in range(_WRITES - 1):
            try:
                return await tell()
            except (OSError, SQLAlchemyError) as error:
                _log.error("rollback_not_written", deployment=self.spec.name, error=type(error).__name__)
            if await self._unless_again(asyncio.sleep(self._means.pause_s, result=True)) is None:
                return None
        return await tell()

    async def _files(self, wish: Wish) -> Mapping[str, Path] | None:
        """The files, once they are here; None where something else is wanted by then, or they will not come."""
        if wish.entry is None:
            await asyncio.to_thread(_judge, wish.spec)
            return wish.spec.files
        found = self._means.store.files(wish.entry, wish.variant)
        if found is None:
            self._slow.set()
            found = await self._unless_again(self._fetched(wish, wish.entry))
        return None if found is None else _for_engines(found)

    async def _equipped(self, wish: Wish) -> bool:
        """Wait until its engine can run here; where nobody sees to that, say so."""
        installations, engine = self._means.installations, wish.spec.engine
        while (lacking := installations.lacking(engine)) is not None:
            self._slow.set()
            self.job = installations.under_way.get(engine)
            if self.job is None:
                self._show("failed", Reason(lacking.code, lacking.facts))
            else:
                facts = {"engine": engine, "done": self.job.done, "job": self.job.id}
                self._show("pending", Reason("engine_installing", facts))
            await installations.news.wait()
        return True

    async def _unless_again(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` comes to, or None where something else is wanted before."""
        working = asyncio.ensure_future(work)
        again = asyncio.ensure_future(self._again.wait())
        try:
            await asyncio.wait([working, again], return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            for task in (working, again):
                task.cancel()
            await asyncio.gather(working, again, return_exceptions=True)
            self.job = None

    async def _fetched(self, wish: Wish, entry: Entry) -> Mapping[str, Path] | None:
        size = entry.variant(wish.variant).bytes or 0
        self._show("pulling", Reason("downloading", {"done": 0, "total": size}))
        if entry.variant(wish.variant).sources and not await self._job(wish, entry):
            return None
        # By ourselves where it came with Jixi, or where another machine's worker did the job.
        try:
            files = await self._means.store.fetch(entry, self._told, wish.variant)
        except JixiError as error:
            _log.error("model_not_fetched", model=entry.id, code=error.code, reason=str(error))
            self._means.unreachable[self.spec.name] = error
            raise
        self._means.unreachable.pop(self.spec.name, None)
        return files

    async def _job(self, wish: Wish, entry: Entry) -> bool:
        """Have a job bring the files, or join the one that is at it; false where somebody has cancelled it."""
        downloads, jobs, owner = self._means.downloads, self._means.jobs, wish.owner
        if owner.since is not None:
            last = await downloads.page(owner, entry.id, wish.variant, limit=1)
            if last and last[0].state == "cancelled" and last[0].created_at > owner.since:
                self._cancelled(last[0])
                return False
        job = await downloads.start(owner, entry.id, wish.variant)
        async with aclosing(jobs.watch(job.tenant_id, job.id)) as news:
            async for now in news:
                if now is not None:
                    self._follow(now)
                    job = now
        if (error := job.error) is not None:
            self._means.unreachable[self.spec.name] = error
            raise error
        if job.state == "cancelled":
            self._cancelled(job)
            return False
        return True

    def _follow(self, job: Job) -> None:
        self.job = job
        facts = {"done": job.done, "total": job.total, "source": job.facts.get("source")}
        self._show("pulling", Reason("downloading", facts))
        self._means.report(job)

    def _cancelled(self, job: Job) -> None:
        self.job = None
        self._show("stopped", Reason("download_cancelled", {"job": job.id}))

    def _told(self, progress: Progress) -> None:
        facts = {"done": progress.done, "total": progress.total, "source": progress.source}
        self._show("pulling", Reason("downloading", facts))

    async def _refuse(self, wish: Wish | None, error: JixiError) -> None:
        self.refused = error
        if self._means.unreachable.get(self.spec.name) is error:
            self._show("failed", Reason("fetch_failed", {"cause": error.message()}))
            if self._failed is not None:
                await self._failed(self.spec)
            return
        reason = Reason(error.code, error.facts)
        self._show("failed", reason)
        if wish is not None and error.code not in _MAY_PASS:
            await self._go_back(wish, reason)

    def _show(self, state: State, reason: Reason) -> None:
        """In the fleet, where nothing runs yet; beside it, where an earlier revision does."""
        if self.placed:
            self.trouble = reason
            return
        try:
            self._means.fleet.expect(self.spec, state, reason)
        except JixiError as error:
            # An engine that this machine does not know at all: there is nothing that the fleet could show.
            _log.error("deployment_not_shown", deployment=self.spec.name, code=error.code)


def _is_over(status: DeploymentStatus) -> bool:
    return status.update is None or status.update.state != "running"


def _judge(spec: DeploymentSpec) -> None:
    """Raises `model_file_refused` where no engine should read the operator's own files, before one does."""
    for path in spec.files.values():
        try:
            if path.is_file():
                check_file(path, path.name, named=True)
        except (FormatError, OSError) as error:
            raise _refusal(spec.name, path, error) from error


def _judge_adapters(spec: DeploymentSpec) -> None:
    """Raises `model_file_refused` for an adapter that is none, or is one for another base."""
    base = spec.files.get("model")
    for name, path in spec.adapters.items():
        try:
            if base is not None:
                check_adapter(path, base)
        except (FormatError, OSError) as error:
            raise _refusal(name, path, error) from error


def _refusal(model: str, file: Path, error: FormatError | OSError) -> JixiError:
    reason = str(error.strerror or error) if isinstance(error, OSError) else str(error)
    return problem("model_file_refused", model=model, file=file.name, reason=reason)


def _for_engines(files: Mapping[str, Path]) -> Mapping[str, Path]:
    """A model of several files is its folder to an engine."""
    return {"model": files["folder"]} | dict(files) if "folder" in files else files
