"""The store of model files in the data folder: a variant is here whole and verified, or it is not here."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from jixi.core.errors import problem
from jixi.models.catalog import Entry, ModelFile, Variant, decode_entry
from jixi.models.sources._bundle import Bundle, Report, read_bundle, read_header, write_bundle
from jixi.models.sources._fetch import Fetch
from jixi.models.sources._hashing import sha256_of
from jixi.models.sources._layout import Layout, folders_of
from jixi.models.sources._locks import held
from jixi.models.sources._manifest import (
    Manifest,
    drop_manifest,
    note_rotten,
    read_entry,
    read_manifest,
    rotten,
    write_manifest,
)
from jixi.models.sources._meter import Meter, Progress
from jixi.models.sources._own import folder_at
from jixi.models.sources._protocol import RemoteFile, Sought, Source
from jixi.models.sources._shards import is_index, missing_parts, missing_shards
from jixi.models.sources._threads import in_thread

_log = structlog.get_logger()
State = Literal["available", "downloading", "downloaded", "failed"]


class ModelStore:
    """Files of catalogue entries under `root`, brought by the sources of a variant in their order.

    `sources` builds the sources of what is sought. One fetch of a variant runs at a time; who asks meanwhile waits for
    it. Where a method takes `variant`, None is the entry's default.
    """

    def __init__(self, root: Path, sources: Callable[[Sought], Sequence[Source]]) -> None:
        self._layout = Layout(root)
        self._sources = sources
        self._locks: dict[str, asyncio.Lock] = {}
        self._progress: dict[str, Progress] = {}
        self._failed: set[str] = set()

    def files(self, entry: Entry, variant: str | None = None) -> Mapping[str, Path] | None:
        """The files by their role, or None where one is not here, or is known to be damaged.

        The folder that they lie in has the role "folder".
        """
        chosen = entry.variant(variant)
        if chosen.packaged:
            return {}
        folder = self._layout.folder(entry.id, chosen.id)
        manifest = read_manifest(folder)
        if manifest is None or rotten(folder) or not _names(manifest) >= _names_of(chosen):
            return None
        paths = {file.role: self._layout.file(entry.id, chosen.id, file.name) for file in manifest.files}
        sizes = [file.bytes for file in manifest.files]
        whole = all(
            path.is_file() and path.stat().st_size == size
            for path, size in zip(paths.values(), sizes, strict=True)
        )
        return {**paths, "folder": folder} if whole else None

    def manifest(self, entry: Entry, variant: str | None = None) -> Manifest | None:
        """What is here of the variant, with digests and the commit that it is of."""
        return read_manifest(self._layout.folder(entry.id, entry.variant(variant).id))

    def state(self, entry: Entry, variant: str | None = None) -> State:
        key = _key(entry, entry.variant(variant))
        if key in self._progress:
            return "downloading"
        if self.files(entry, variant) is not None:
            return "downloaded"
        return "failed" if key in self._failed or self.damaged(entry, variant) else "available"

    def damaged(self, entry: Entry, variant: str | None = None) -> list[str]:
        """The names of files that `verify` has found wrong; the next fetch brings them again."""
        return rotten(self._layout.folder(entry.id, entry.variant(variant).id))

    def progress(self, entry: Entry, variant: str | None = None) -> Progress | None:
        """How far the running fetch is, if there is one."""
        return self._progress.get(_key(entry, entry.variant(variant)))

    def lacking(self, entry: Entry, variant: str | None = None) -> int | None:
        """The bytes that a fetch would bring, without what it has begun; None where nobody knows."""
        chosen = entry.variant(variant)
        if self.files(entry, variant) is not None:
            return 0
        if not chosen.files:
            size = entry.size(chosen)
            return size and size.bytes
        sizes = [0 if self._has(file) else file.bytes for file in chosen.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def room(self) -> int:
        """The bytes that are free where the store is."""
        return self._layout.room()

    def check_room(self, needed: int) -> None:
        """Raises `disk_full` where so many bytes, and a little for everything else, do not fit."""
        self._layout.check_room(needed)

    async def fetch(
        self,
        entry: Entry,
        report: Callable[[Progress], None] | None = None,
        variant: str | None = None,
    ) -> Mapping[str, Path]:
        """Bring what is missing and return the files by their role.

        Raises `model_unreachable` with each source's reason, `model_incomplete` where the sources lack files, the
        sources' own refusal where all have one, `digest_mismatch` where what came is not the file,
        `model_file_refused` where no engine should read it, `disk_full`. Cancelling keeps what has arrived, for the
        next fetch.
        """
        chosen = entry.variant(variant)
        async with self._fetching(entry, chosen, report) as meter:
            if self.files(entry, variant) is None:
                self._layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
                await in_thread(self._drop_rotten, entry.id, chosen.id)
                fetch = Fetch(self._layout, entry.id, chosen.id, self._sources(chosen), meter)
                manifest = await fetch.run([RemoteFile.of(file) for file in chosen.files])
                await in_thread(write_manifest, self._layout.folder(entry.id, chosen.id), manifest)
                _log.info("model_fetched", model=entry.id, variant=chosen.id, source=manifest.source)
            files = self.files(entry, variant)
        if files is None:
            raise problem("model_unreachable", model=entry.id, reasons="its files vanished")
        return files

    async def take_own(
        self,
        model: str,
        version: str,
        path: Path,
        files: Sequence[ModelFile],
        report: Callable[[Progress], None],
    ) -> None:
        """Copy the files of a version of a model of one's own from `path`, whose `own_files` they are.

        Raises `digest_mismatch` where they have changed since, `model_file_refused`, `disk_full`.
        """
        async with self._alone(model, version):
            await in_thread(self._layout.root.mkdir, 0o700, parents=True, exist_ok=True)
            await in_thread(self._drop_rotten, model, version)
            meter = Meter(model, sum(file.bytes or 0 for file in files), report)
            fetch = Fetch(self._layout, model, version, [folder_at(path)], meter)
            manifest = await fetch.run([RemoteFile.of(file) for file in files])
            await in_thread(write_manifest, self._layout.folder(model, version), manifest)

    async def bring_own(
        self, model: str, version: str, sought: Sought, report: Callable[[Progress], None]
    ) -> Manifest:
        """Bring all files of what is to be a version of a model of one's own, and say what they are.

        Raises as `fetch` does, and `model_ambiguous`. Cancelling keeps what has arrived, until `forget`.
        """
        folder = self._layout.folder(model, version)
        async with self._alone(model, version):
            if (here := read_manifest(folder)) is not None:
                return here
            await in_thread(self._layout.root.mkdir, 0o700, parents=True, exist_ok=True)
            fetch = Fetch(self._layout, model, version, self._sources(sought), Meter(model, 0, report))
            manifest = await fetch.run(())
            await in_thread(write_manifest, folder, manifest)
            _log.info("model_fetched", model=model, variant=version, source=manifest.source)
        return manifest

    def own_path(self, model: str, version: str, name: str) -> Path:
        """Where a file of a version lies, by its name."""
        return self._layout.file(model, version, name)

    async def forget(self, model: str, version: str, check: Callable[[], None]) -> None:
        """Remove the files of what is to be no version; what nobody else has a name for goes from the disk.

        `check` raises where they are not the caller's to remove any more; nobody changes them meanwhile.
        """
        async with self._alone(model, version):
            check()
            folder = self._layout.folder(model, version)
            digests = await in_thread(self._layout.digests_in, folder)
            drop_manifest(folder)
            await in_thread(shutil.rmtree, folder, ignore_errors=True)
            await in_thread(self._layout.drop, digests)

    async def verify(self, entry: Entry, variant: str | None = None) -> list[str]:
        """The names of files whose bytes are not what they were, or that are not here. Those are not used any more."""
        chosen = entry.variant(variant)
        async with self._alone(entry.id, chosen.id):
            return await self._verify(entry, chosen)

    async def _verify(self, entry: Entry, variant: Variant) -> list[str]:
        folder = self._layout.folder(entry.id, variant.id)
        manifest = read_manifest(folder)
        if manifest is None:
            return [file.name for file in variant.files]
        pinned = {file.name: file.sha256 for file in variant.files if file.sha256 is not None}
        wrong: list[str] = []
        for file in manifest.files:
            path = self._layout.file(entry.id, variant.id, file.name)
            expected = pinned.get(file.name, file.sha256)
            if not path.is_file() or await in_thread(sha256_of, path) != expected:
                wrong.append(file.name)
        wrong += await in_thread(_missing, folder, [file.name for file in manifest.files])
        await in_thread(note_rotten, folder, wrong)
        return wrong

    async def remove(self, entry: Entry, variant: str | None = None) -> int:
        """Forget the variant; returns the bytes that became free. What another model shares stays."""
        return await self.remove_own(entry.id, entry.variant(variant).id)

    async def remove_own(self, model: str, version: str) -> int:
        """The same for a version of a model of one's own, also one that is no variant any more."""
        async with self._alone(model, version):
            folder = self._layout.folder(model, version)
            manifest = read_manifest(folder)
            drop_manifest(folder)
            await in_thread(shutil.rmtree, folder, ignore_errors=True)
            digests = [file.sha256 for file in manifest.files] if manifest is not None else []
            return await in_thread(self._layout.drop, digests)

    async def export(
        self, entry: Entry, target: Path, variant: str | None = None, report: Report | None = None
    ) -> str:
        """Write the variant as one file and return its sha256.

        Raises `model_not_here`, `model_damaged`, `disk_full`, and OSError where it cannot be written; then there is no
        such file.
        """
        manifest = self.manifest(entry, variant)
        if manifest is None or self.files(entry, variant) is None:
            raise problem("model_not_here", model=entry.id)
        return await in_thread(write_bundle, self._layout, entry, manifest, target, report or _silent)

    async def take_in(
        self, path: Path, entry: Entry | None, sha256: str | None = None, report: Report | None = None
    ) -> Bundle:
        """Bring the model of a bundle here; `entry` is the catalogue's, where it has one.

        Raises `bundle_invalid`, `bundle_mistaken`, `model_file_refused`, `disk_full`, and OSError where the
        bundle cannot be read; then nothing has changed.
        """
        coming = (await in_thread(read_header, path)).manifest
        async with self._alone(coming.model, coming.variant):
            return await in_thread(read_bundle, self._layout, path, entry, sha256, report or _silent)

    def imported(self) -> list[Entry]:
        """The entries that came with bundles, because no catalogue had them."""
        found: list[Entry] = []
        for folder in folders_of(self._layout.root):
            raw = read_entry(folder)
            if raw is not None and read_manifest(folder) is not None:
                try:
                    found.append(decode_entry(raw))
                except msgspec.MsgspecError as error:
                    _log.error("entry_unreadable", folder=str(folder), reason=str(error))
        return found

    async def tidy(self) -> int:
        """Remove what no model uses any more and what nobody went on with; returns the bytes that became free."""
        return await in_thread(self._layout.drop_unused)

    @contextlib.asynccontextmanager
    async def _fetching(
        self, entry: Entry, variant: Variant, report: Callable[[Progress], None] | None
    ) -> AsyncGenerator[Meter]:
        key = _key(entry, variant)

        def tell(now: Progress) -> None:
            self._progress[key] = now
            if report is not None:
                report(now)

        async with self._alone(entry.id, variant.id):
            self._failed.discard(key)
            try:
                yield Meter(entry.id, variant.bytes or 0, tell)
            except Exception:
                self._failed.add(key)
                raise
            finally:
                self._progress.pop(key, None)

    @contextlib.asynccontextmanager
    async def _alone(self, model: str, variant: str) -> AsyncGenerator[None]:
        """Nobody else changes the variant meanwhile: neither in this process nor in another."""
        lock = self._locks.setdefault(f"{model}:{variant}", asyncio.Lock())
        async with lock, held(self._layout.lock(model, variant)):
            yield

    def _has(self, file: ModelFile) -> bool:
        return file.sha256 is not None and self._layout.blob(file.sha256).is_file()

    def _drop_rotten(self, model: str, variant: str) -> None:
        """Take damaged files, and the blobs that they are, out of the way of a fetch."""
        folder = self._layout.folder(model, variant)
        manifest = read_manifest(folder)
        for name in rotten(folder):
            self._layout.file(model, variant, name).unlink(missing_ok=True)
            for file in manifest.files if manifest is not None else ():
                if file.name == name:
                    self._layout.blob(file.sha256).unlink(missing_ok=True)


def _missing(folder: Path, names: Sequence[str]) -> list[str]:
    """The files that those which are here speak of."""
    found = set(missing_parts(names))
    for name in filter(is_index, names):
        found |= set(missing_shards(folder / name, name, names))
    return sorted(found)


def _silent(_count: int) -> None:
    """Nobody wants to know."""


def _key(entry: Entry, variant: Variant) -> str:
    return f"{entry.id}:{variant.id}"


def _names(manifest: Manifest) -> set[tuple[str, str]]:
    return {(file.name, file.sha256) for file in manifest.files}


def _names_of(variant: Variant) -> set[tuple[str, str]]:
    """What the catalogue pins; another digest than that of what is here means that the catalogue has moved on."""
    return {(file.name, file.sha256) for file in variant.files if file.sha256 is not None}
