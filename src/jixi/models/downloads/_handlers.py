"""The handlers of jobs that bring a model here, and that read it anew."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from jixi.core.errors import JixiError, problem
from jixi.jobs import JobCancelledError, JobPausedError, JobRun
from jixi.models.catalog import Catalog, Entry
from jixi.models.sources import ModelStore

DOWNLOAD: Final = "download"
VERIFICATION: Final = "verification"
_TELL_EVERY_S: Final = 1.0

T = TypeVar("T")


class _OfModel:
    """What both have in common: the model, and the end that comes from outside."""

    def __init__(self, catalog: Catalog, store: ModelStore) -> None:
        self._catalog = catalog
        self._store = store

    async def gave_up(self, run: JobRun, error: JixiError) -> None:
        """What has come stays, for whoever tries again."""

    def _of(self, run: JobRun) -> tuple[Entry, str]:
        model, _, variant = run.job.subject.partition(":")
        return self._catalog.get(model), variant


class DownloadHandler(_OfModel):
    """Goes on where an earlier run was cut off; the parts in the store say where that was."""

    async def run(self, run: JobRun) -> None:
        entry, variant = self._of(run)
        await _until_told(run, self._store.fetch(entry, variant=variant), self._teller(run, entry, variant))
        manifest = self._store.manifest(entry, variant)
        if manifest is not None:
            facts = {"source": manifest.source, "revision": manifest.revision}
            await run.progress(done=manifest.bytes, total=manifest.bytes, facts=facts)

    async def _teller(self, run: JobRun, entry: Entry, variant: str) -> None:
        """Note each second how far it is, and whether anything came."""
        told = -1
        while True:
            now = self._store.progress(entry, variant)
            if now is not None and now.done != told:
                told = now.done
                left = None if now.left_s is None else round(now.left_s, 1)
                facts = {"source": now.source, "speed": round(now.speed), "left_s": left}
                await run.progress(done=now.done, total=now.total, facts=facts)
            await asyncio.sleep(_TELL_EVERY_S)


class VerificationHandler(_OfModel):
    """Fails with `model_damaged` where a file is not what it was; the store uses it no more."""

    async def run(self, run: JobRun) -> None:
        entry, variant = self._of(run)
        manifest = self._store.manifest(entry, variant)
        if manifest is None:
            raise problem("model_not_here", model=entry.id)
        await run.progress(total=manifest.bytes)
        wrong = await _until_told(run, self._store.verify(entry, variant))
        if wrong:
            raise problem("model_damaged", model=entry.id, files=", ".join(wrong))
        await run.progress(done=manifest.bytes)


async def _until_told(
    run: JobRun, work: Coroutine[Any, Any, T], beside: Coroutine[Any, Any, None] | None = None
) -> T:
    """What `work` comes to, unless the job is to end before; `beside` goes on as long as it does."""
    working = asyncio.ensure_future(work)
    telling = asyncio.ensure_future(beside if beside is not None else asyncio.Event().wait())
    ends = [asyncio.ensure_future(each) for each in (run.cancelled.wait(), run.draining.wait())]
    tasks: list[asyncio.Future[Any]] = [working, telling, *ends]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
        if working.done():
            return working.result()
        raise JobCancelledError if run.cancelled.is_set() else JobPausedError
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def subject_of(model: str, variant: str) -> str:
    return f"{model}:{variant}"
