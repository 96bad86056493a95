"""Installations as durable jobs: begun once, resumed after any death, cancelled, followed."""

import asyncio
from typing import Any, Final, Protocol

from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.jobs import About, Job, JobRun, Jobs, NewJob, until_told
from jixi.models.engines import Engine
from jixi.models.environments._build import Progress
from jixi.models.environments._environments import Environments

INSTALLATION: Final = "installation"
_TELL_EVERY_S: Final = 1.0


class Asker(Protocol):
    """Whose job it is to be."""

    @property
    def tenant_id(self) -> str: ...

    @property
    def member_id(self) -> str: ...


class Installations:
    """Begins installations, one at a time for each engine. `under_way` are those that `look` has seen, by engine."""

    def __init__(self, jobs: Jobs, environments: Environments) -> None:
        self._jobs = jobs
        self._environments = environments
        self.under_way: dict[str, Job] = {}
        self.news = asyncio.Event()
        """Is set, and another one put in its place, whenever something may have changed."""

    async def start(self, caller: Asker, engine: str) -> Job:
        """The job that makes the engine's environment: a new one, or the one that is at it.

        Raises `unknown_extension`, and `engine_not_installable` where that is known at once.
        """
        self._environments.check(engine)
        job = await self._jobs.join(
            NewJob(new_id("job"), caller.tenant_id, caller.member_id, INSTALLATION, engine)
        )
        await self.look()
        return job

    async def look(self) -> None:
        """See what is under way now."""
        self.under_way = {job.subject: job for job in await self._jobs.unfinished(INSTALLATION)}
        self.tell()

    def tell(self) -> None:
        """Let those who wait for an engine look at once."""
        self.news.set()
        self.news = asyncio.Event()

    async def last(self, tenant_id: str, engine: str) -> Job | None:
        """The newest installation that the tenant has begun, however it went."""
        about = About(kind=INSTALLATION, subject=engine)
        return next(iter(await self._jobs.page(tenant_id, about=about, limit=1)), None)

    async def remove(self, engine: str) -> None:
        """Delete the engine's environment; raises `conflict` while one is being made or is to be made."""
        await self.look()
        if engine in self.under_way:
            raise problem("conflict", noun=f"installation of {engine!r}")
        await self._environments.remove(engine)

    def lacking(self, engine: str) -> JixiError | None:
        """Why the engine cannot run on this machine; None: it can. Raises `unknown_extension`."""
        return self._environments.lacking(engine)

    def check(self, engine: Engine) -> None:
        """Raises `engine_not_installed` where the engine neither runs here nor is going to."""
        if engine.name not in self.under_way:
            self._environments.python(engine)


class InstallationHandler:
    """Goes on with the packages that an earlier run has left; a killed run leaves nothing else that counts."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    async def run(self, run: JobRun) -> None:
        now: list[Progress] = []

        def note(progress: Progress) -> None:
            now[:] = [progress]

        installing = self._environments.install(run.job.subject, note)
        done = await until_told(run, installing, _tell(run, now))
        await run.progress(done=done.bytes, total=done.bytes, facts={"version": done.version})

    async def gave_up(self, run: JobRun, error: JixiError) -> None:
        """The packages that have come stay, for whoever tries again."""


async def _tell(run: JobRun, now: list[Progress]) -> None:
    """Note each second how far it is, and whether anything came."""
    told: Any = None
    while True:
        if now and now[0] != told:
            told = now[0]
            done = min(told.bytes, told.total) if told.total else told.bytes
            await run.progress(done=done, total=told.total, facts={"phase": told.phase})
        await asyncio.sleep(_TELL_EVERY_S)
