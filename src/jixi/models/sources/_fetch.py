"""One fetch of a variant: which files there are, each brought, verified, judged and only then given its name."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

from jixi.core.errors import JixiError, problem
from jixi.models.formats import FormatError, check_file
from jixi.models.sources._choice import refuse_missing
from jixi.models.sources._hashing import Digests, Hashing, sha256_of
from jixi.models.sources._layout import Layout, disk_problem, forget_part
from jixi.models.sources._manifest import KeptFile, Manifest
from jixi.models.sources._meter import Meter
from jixi.models.sources._part import Part, Stamp
from jixi.models.sources._protocol import LackingError, Listing, RemoteFile, Report, Source, SourceError
from jixi.models.sources._shards import is_index, missing_shards
from jixi.models.sources._threads import in_thread

_log = structlog.get_logger()
_FILES_AT_ONCE: Final = 4
_OTHER_BYTES: Final = "the bytes are not the file's"


class Fetch:
    """Brings a variant of a model from the first of `sources` that has it; files fall back to the others."""

    def __init__(
        self, layout: Layout, model: str, variant: str, sources: Sequence[Source], meter: Meter
    ) -> None:
        self._layout = layout
        self._model = model
        self._variant = variant
        self._sources = sources
        self._meter = meter

    async def run(self, known: Sequence[RemoteFile]) -> Manifest:
        """The manifest of what is here now, not written yet.

        Raises `model_unreachable`, `model_incomplete`, `digest_mismatch`, `model_file_refused`, `disk_full`, and what
        all sources were refused for.
        """
        source, listing = await self._plan(known)
        self._meter.expect({file.name: file.bytes or 0 for file in listing.files})
        missing = [file for file in listing.files if not self._has_blob(file)]
        self._layout.check_room(sum((file.bytes or 0) - self._begun(file, source) for file in missing))
        kept = await self._files([file for file in listing.files if is_index(file.name)], source, listing)
        await self._check_indexes(source, listing, kept)
        rest = [file for file in listing.files if file.name not in kept]
        kept = {**kept, **await self._files(rest, source, listing)}
        name = "" if source is None else source.name
        files = [kept[file.name] for file in listing.files]
        return Manifest(self._model, self._variant, name, listing.revision, files)

    async def _files(
        self, files: Sequence[RemoteFile], source: Source | None, listing: Listing
    ) -> Mapping[str, KeptFile]:
        """Bring these files side by side; by their names."""
        gate = asyncio.Semaphore(_FILES_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._file(file, source, listing, gate)) for file in files]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return {file.name: file for file in (task.result() for task in tasks)}

    async def _check_indexes(
        self, source: Source | None, listing: Listing, indexes: Mapping[str, KeptFile]
    ) -> None:
        """Before gigabytes come: raises `model_incomplete` where an index names files that are not listed."""
        names = [file.name for file in listing.files]
        for name in indexes:
            path = self._layout.file(self._model, self._variant, name)
            try:
                refuse_missing(await in_thread(missing_shards, path, name, names))
            except LackingError as error:
                for each in indexes:
                    self._layout.file(self._model, self._variant, each).unlink(missing_ok=True)
                raise self._unreachable([(source.name if source else "here", error)]) from error

    async def _plan(self, known: Sequence[RemoteFile]) -> tuple[Source | None, Listing]:
        """The first source that knows which files there are. Where all are here already, nobody is asked."""
        if known and all(self._has_blob(file) or self._loose(file).is_file() for file in known):
            return (self._sources or [None])[0], Listing("", known)
        failed: list[tuple[str, SourceError]] = []
        for source in self._sources:
            try:
                return source, await source.listing(known)
            except SourceError as error:
                failed.append((source.name, error))
        raise self._unreachable(failed)

    async def _file(
        self, file: RemoteFile, source: Source | None, listing: Listing, gate: asyncio.Semaphore
    ) -> KeptFile:
        async with gate:
            try:
                return await self._bring(file, source, listing)
            except OSError as error:
                raise disk_problem(error, self._layout.root, file.bytes or 0) from error

    async def _bring(self, file: RemoteFile, planned: Source | None, listing: Listing) -> KeptFile:
        failed: list[tuple[str, SourceError]] = []
        here = [None] if listing.check is None else []
        for source in [*here, planned, *(each for each in self._sources if each is not planned)]:
            try:
                sha256 = await self._from(source, file, listing if source is planned else None)
            except SourceError as error:
                failed.append((source.name if source else "here", error))
                continue
            if sha256 is not None:
                size = self._path(file).stat().st_size
                self._meter.is_here(file.name, size)
                return KeptFile(file.role, file.name, size, sha256)
        if failed and all(str(error) == _OTHER_BYTES for _, error in failed):
            raise problem("digest_mismatch", model=self._model, file=file.name)
        raise self._unreachable(failed)

    async def _from(self, source: Source | None, file: RemoteFile, listing: Listing | None) -> str | None:
        """The digest of the file, which has its name now; None where it is not here after all."""
        if source is None:
            return await self._already(file)
        if listing is None:
            listing = await source.listing([file])
        async with Part.opened(self._layout.part(_key(file, source, self._model))) as part:
            here, resumed = self._has_blob(file), part.have > 0
            if listing.check is not None and (here or resumed):
                await listing.check(file)
            # What is here may be dropped by whoever gives up just now; then it is brought after all.
            if here and (linked := await self._linked(file)) is not None:
                return linked
            digests = await self._arrived(source, file, listing.revision, part)
            if not _is(file, digests) and resumed:
                digests = await self._arrived(source, file, listing.revision, part)
            if not _is(file, digests):
                part.discard()
                _log.warning("digest_mismatch", model=self._model, source=source.name, file=file.name)
                raise SourceError(_OTHER_BYTES)
            await in_thread(self._judge, part, file)
            await in_thread(part.sync)
            await in_thread(self._layout.publish, part.path, digests.sha256, self._path(file))
            await in_thread(self._forget_parts, file)
            _log.info("file_fetched", model=self._model, source=source.name, file=file.name)
            return digests.sha256

    async def _arrived(self, source: Source, file: RemoteFile, revision: str, part: Part) -> Digests:
        """What came. Where it is not the file, nothing of it is kept."""
        async with Hashing.of(part) as hashing:
            await source.bring(file, revision, part, self._reporting(file, source, part))
            digests = await hashing.digests()
        if not _is(file, digests):
            part.begin(Stamp())
        return digests

    def _reporting(self, file: RemoteFile, source: Source, part: Part) -> Report:
        """What the source reports to. Where nobody knew how large the file is, the disk is looked at now."""
        report, sized = self._meter.file(file.name, source.name), file.bytes is not None

        def told(done: int) -> None:
            nonlocal sized
            if not sized:
                sized = True
                self._meter.expect({file.name: part.stamp.size})
                self._layout.check_room(part.stamp.size - done)
            report(done)

        return told

    async def _already(self, file: RemoteFile) -> str | None:
        """The digest, where the blob is here; or what an earlier release has kept under the model's own folder."""
        loose = self._loose(file)
        if not self._has_blob(file) and file.sha256 and loose.is_file():
            if await in_thread(sha256_of, loose) != file.sha256:
                return None
            await in_thread(self._layout.publish, loose, file.sha256, self._path(file))
            return file.sha256
        return await self._linked(file)

    async def _linked(self, file: RemoteFile) -> str | None:
        """The digest of a file whose blob is here and has its name now."""
        if file.sha256 is None or not self._has_blob(file):
            return None
        return file.sha256 if await in_thread(self._layout.link, file.sha256, self._path(file)) else None

    def _judge(self, part: Part, file: RemoteFile) -> None:
        try:
            check_file(part.path, file.name, named=file.named)
        except FormatError as error:
            part.discard()
            raise problem(
                "model_file_refused", model=self._model, file=file.name, reason=str(error)
            ) from error

    def _forget_parts(self, file: RemoteFile) -> None:
        """Remove what other sources have brought of a file that is whole now, and the wheels that carried it."""
        for source in self._sources:
            forget_part(self._layout.part(_key(file, source, self._model)))

    def _has_blob(self, file: RemoteFile) -> bool:
        if file.sha256 is None:
            return False
        blob = self._layout.blob(file.sha256)
        return blob.is_file() and file.bytes in (None, blob.stat().st_size)

    def _begun(self, file: RemoteFile, source: Source | None) -> int:
        """About how much of a file is here already: a part has holes, so this may be a little too much."""
        if source is None:
            return 0
        part = self._layout.part(_key(file, source, self._model))
        return part.stat().st_blocks * 512 if part.exists() else 0

    def _path(self, file: RemoteFile) -> Path:
        return self._layout.file(self._model, self._variant, file.name)

    def _loose(self, file: RemoteFile) -> Path:
        return self._layout.root / self._model / file.name

    def _unreachable(self, failed: Sequence[tuple[str, SourceError]]) -> Exception:
        """What stands in the way: the sources' own reason, where one is behind all and no network is to blame."""
        reasons = "; ".join(f"{name}: {error}" for name, error in failed)
        if failed and all(isinstance(error, LackingError) for _, error in failed):
            return problem("model_incomplete", model=self._model, reasons=reasons)
        causes = [error.__cause__ for _, error in failed]
        refusals = [cause for cause in causes if isinstance(cause, JixiError)]
        if refusals and len(refusals) == len(causes) and len({cause.code for cause in refusals}) == 1:
            return refusals[0]
        return problem("model_unreachable", model=self._model, reasons=reasons or "it has no source")


def _key(file: RemoteFile, source: Source, model: str) -> str:
    """What a part is called: by its digest where one is known, so that models that share a file fetch it once."""
    if digest := file.sha256 or file.git:
        return f"{digest}.{source.name}"
    return f"{hashlib.sha256(f'{model}/{file.name}'.encode()).hexdigest()}.named.{source.name}"


def _is(file: RemoteFile, digests: Digests) -> bool:
    if file.sha256 is not None:
        return digests.sha256 == file.sha256
    return file.git in (None, digests.git)
