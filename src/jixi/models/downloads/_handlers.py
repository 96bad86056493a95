"""The handlers of jobs that bring a model here, and that read it anew."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from jixi.core.errors import JixiError, problem
from jixi.jobs import JobRun, until_told
from jixi.models.catalog import Catalog, Entry
from jixi.models.sources import ModelStore, Progress

DOWNLOAD: Final = "download"
VERIFICATION: Final = "verification"
_TELL_EVERY_S: Final = 1.0


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
        now = partial(self._store.progress, entry, variant)
        await until_told(run, self._store.fetch(entry, variant=variant), telling(run, now))
        manifest = self._store.manifest(entry, variant)
        if manifest is not None:
            facts = {"source": manifest.source, "revision": manifest.revision}
            await run.progress(done=manifest.bytes, total=manifest.bytes, facts=facts)


async def telling(run: JobRun, progress: Callable[[], Progress | None]) -> None:
    """Note each second how far a fetch is, and whether anything came; without end."""
    told = -1
    while True:
        now = progress()
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
        wrong = await until_told(run, self._store.verify(entry, variant))
        if wrong:
            raise problem("model_damaged", model=entry.id, files=", ".join(wrong))
        await run.progress(done=manifest.bytes)


def subject_of(model: str, variant: str) -> str:
    return f"{model}:{variant}"
