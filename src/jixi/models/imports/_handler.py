"""The handler of jobs that bring a version of a model of one's own."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from jixi.core.errors import JixiError, problem
from jixi.jobs import JobCancelledError, JobRun, until_told
from jixi.models.catalog import Architecture, Format
from jixi.models.downloads import telling
from jixi.models.formats import FormatError, precision_of
from jixi.models.imports._records import ImportRecords
from jixi.models.imports._values import Import, engines_of
from jixi.models.memory import built_of
from jixi.models.registry import Brought, KeptFile, ModelRegistry, VersionDraft, Viewer
from jixi.models.sources import Manifest, ModelStore, Progress
from jixi.storage import Session, whole

IMPORT: Final = "import"


class ImportHandler:
    """Goes on where an earlier run was cut off. The version stands in the register once its files are here, judged and
    digested, and in the same moment; of an import that fails or is cancelled nothing has a name any more.
    """

    def __init__(self, records: ImportRecords, registry: ModelRegistry, store: ModelStore) -> None:
        self._records = records
        self._registry = registry
        self._store = store

    async def run(self, run: JobRun) -> None:
        asked = await self._records.get(run.job.subject.partition(":")[2])
        if asked is None:
            await self._check_ended(run)
            return
        now: Progress | None = None

        def report(progress: Progress) -> None:
            nonlocal now
            now = progress

        bringing = self._store.bring_own(asked.model_id, asked.version_id, asked, report)
        try:
            manifest = await until_told(run, bringing, telling(run, lambda: now))
        except JobCancelledError:
            await self._let_go(run, asked)
            raise
        draft = await asyncio.to_thread(self._read, asked, manifest)
        await self._write(run, asked, draft, manifest)

    async def gave_up(self, run: JobRun, error: JixiError) -> None:
        asked = await self._records.get(run.job.subject.partition(":")[2])
        if asked is not None:
            await self._let_go(run, asked)

    async def _check_ended(self, run: JobRun) -> None:
        """An earlier run wrote the version, and died before it could say so."""
        model_id, _, version_id = run.job.subject.partition(":")
        await self._registry.version(Viewer(run.job.tenant_id), model_id, version_id)

    async def _let_go(self, run: JobRun, asked: Import) -> None:
        """Whoever has lost the job to another worker, which may have brought the version, removes nothing."""
        await self._store.forget(asked.model_id, asked.version_id, run.check)
        run.at_end = partial(self._records.end_in, version_id=asked.version_id)

    def _read(self, asked: Import, manifest: Manifest) -> VersionDraft:
        """The version as people said it, completed with what its files say."""
        said, origin = asked.draft, asked.origin
        # What an engine is pointed at says the most: the first part of several, and not a tower beside it.
        files = sorted(manifest.files, key=lambda each: each.role != "model")
        paths = [self._store.own_path(asked.model_id, asked.version_id, each.name) for each in files]
        form: Format = (
            "safetensors" if any(path.suffix.lower() == ".safetensors" for path in paths) else "gguf"
        )
        return VersionDraft(
            making="imported" if said.base_id is None else "tuned",
            format=form,
            precision=said.precision or _precision(asked, paths),
            engines=said.engines or engines_of(form),
            # Engines read nothing in a file without a byte, and a version has no word for one.
            files=[KeptFile(each.role, each.name, each.bytes, each.sha256) for each in files if each.bytes],
            base_id=said.base_id,
            notes=said.notes,
            source=Brought(origin.kind, _shown(origin.where), manifest.revision),
            architecture=_built(paths),
        )

    @whole
    async def _write(self, run: JobRun, asked: Import, draft: VersionDraft, manifest: Manifest) -> None:
        async def beside(session: Session) -> None:
            facts = {"source": manifest.source, "revision": manifest.revision, "version": asked.version_id}
            await run.fence.hold(session, done=manifest.bytes, total=manifest.bytes, facts=facts)
            await self._records.end_in(session, asked.version_id)

        viewer = Viewer(asked.tenant_id, keeps_house=asked.draft.keeps_house)
        await self._registry.add_version(
            viewer, asked.member_id, asked.model_id, draft, asked.version_id, beside
        )


def _precision(asked: Import, paths: Sequence[Path]) -> str:
    """Raises `precision_unknown`."""
    try:
        found = precision_of(paths)
    except FormatError as error:
        raise problem(
            "model_file_refused", model=asked.model_id, file=paths[0].name, reason=str(error)
        ) from error
    if found is None:
        raise problem("precision_unknown", param="precision")
    return found


def _built(paths: Sequence[Path]) -> Architecture | None:
    return built_of({str(place): path for place, path in enumerate(paths)})


def _shown(where: str) -> str:
    """An address without its query, in which secrets may stand."""
    return where.partition("?")[0]
