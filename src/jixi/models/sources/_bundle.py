"""Bundles: a model with its entry, its licence and its digests as one file, for sites without a network.

A bundle is a plain tar: a header, the licence, then the files in the order of the manifest. It is read once from front
to back, and a name in it never becomes a path: the manifest's do, through the layout of the store.
"""

import errno
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid4

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from jixi.core.errors import JixiError, problem
from jixi.models.catalog import Entry, decode_entry, licence_text
from jixi.models.formats import FormatError, check_file
from jixi.models.sources._layout import Layout, disk_problem, sync_folders
from jixi.models.sources._manifest import KeptFile, Manifest, write_entry, write_manifest
from jixi.models.sources._part import discard

_HEADER: Final = "jixi-model.json"
_LICENCE: Final = "LICENSE.txt"
_FILES: Final = "files/"
_BLOCK: Final = 1024 * 1024
_LONGEST_HEADER: Final = 8 * 1024 * 1024

Report = Callable[[int], None]


class _Header(Struct, frozen=True):
    """What a bundle says of itself before its files come."""

    entry: msgspec.Raw
    manifest: Manifest
    bundle: int = 1


class Bundle(Struct, frozen=True):
    """What is in a bundle."""

    entry: Entry
    manifest: Manifest


def write_bundle(layout: Layout, entry: Entry, manifest: Manifest, target: Path, report: Report) -> str:
    """Make the file `target` and return its sha256. Each file is compared with its digest on the way.

    Raises `model_damaged`, `disk_full`, and OSError where no such file can be written; then there is no `target`.
    """
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    aside = target.with_name(f"{target.name}.part")
    try:
        with aside.open("wb") as file:
            out = _Counting(file, report)
            with tarfile.open(fileobj=out, mode="w|", bufsize=_BLOCK) as tar:
                _write_members(tar, layout, entry, manifest)
        sync_folders(target.parent)
        aside.replace(target)
    except OSError as error:
        raise disk_problem(error, target.parent, manifest.bytes) from error
    finally:
        aside.unlink(missing_ok=True)
    return out.sha256.hexdigest()


def _write_members(tar: tarfile.TarFile, layout: Layout, entry: Entry, manifest: Manifest) -> None:
    header = _Header(msgspec.Raw(msgspec.json.encode(entry)), manifest)
    _add(tar, _HEADER, msgspec.json.encode(header))
    _add(tar, _LICENCE, (licence_text(entry.licence) or entry.licence).encode())
    for kept in manifest.files:
        with layout.file(manifest.model, manifest.variant, kept.name).open("rb") as source:
            reading = _Counting(source)
            info = tarfile.TarInfo(_FILES + kept.name)
            info.size = kept.bytes
            tar.addfile(info, reading)
            if reading.sha256.hexdigest() != kept.sha256:
                raise problem("model_damaged", model=entry.id, files=kept.name)


def read_header(path: Path) -> Bundle:
    """What is in the bundle at `path`; raises `bundle_invalid`, and OSError where the file cannot be read."""
    with _opened(path) as (tar, _):
        return _header(tar, path)


def read_bundle(
    layout: Layout, path: Path, entry: Entry | None, sha256: str | None, report: Report
) -> Bundle:
    """Take in all files of a bundle; only when the last is verified does the first get its name.

    `entry` is the catalogue's own of that model, whose digests decide; without one, the bundle's is kept with it.
    `sha256` is what the whole bundle must have, where one is known. Raises `bundle_invalid`, `bundle_mistaken`,
    `model_file_refused`, `disk_full`; then nothing of it is left.
    """
    taken: list[tuple[Path, KeptFile]] = []
    try:
        with _opened(path, report) as (tar, whole):
            bundle = _header(tar, path)
            manifest, named = bundle.manifest, _named(bundle.manifest, entry, path)
            layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            layout.check_room(manifest.bytes)
            _expect(tar, _LICENCE, path)
            for kept in manifest.files:
                part = layout.part(f"bundle.{uuid4().hex}")
                taken.append((part, kept))
                _take(tar, kept, part, path)
                _judge(bundle.entry, kept, part, named=kept.name in named)
            if tar.next() is not None:
                raise _invalid(path, "it holds more than it says")
            whole.read_rest()
        if sha256 is not None and whole.sha256.hexdigest() != sha256.lower():
            raise problem("bundle_mistaken", file=path.name, sha256=whole.sha256.hexdigest())
        for part, kept in taken:
            layout.publish(part, kept.sha256, layout.file(manifest.model, manifest.variant, kept.name))
        folder = layout.folder(manifest.model, manifest.variant)
        if entry is None:
            write_entry(folder, msgspec.json.encode(_without_sources(bundle)))
        write_manifest(folder, manifest)
    except OSError as error:
        raise disk_problem(error, layout.root) from error
    finally:
        for part, _ in taken:
            discard(part)
    return bundle


@contextmanager
def _opened(path: Path, report: Report | None = None) -> Generator[tuple[tarfile.TarFile, "_Counting"]]:
    try:
        with path.open("rb") as file:
            counting = _Counting(file, report)
            with tarfile.open(fileobj=counting, mode="r|", bufsize=_BLOCK) as tar:
                yield tar, counting
    except (tarfile.TarError, EOFError) as error:
        raise _invalid(path, f"it is cut or is no bundle ({type(error).__name__})") from error


def _header(tar: tarfile.TarFile, path: Path) -> Bundle:
    raw = _expect(tar, _HEADER, path)
    try:
        header = msgspec.json.decode(raw, type=_Header)
        entry = decode_entry(bytes(header.entry))
        variant = entry.variant(header.manifest.variant)
    except (msgspec.MsgspecError, UnicodeDecodeError, JixiError) as error:
        raise _invalid(path, f"its header cannot be read: {str(error)[:120]}") from error
    names = {file.name for file in header.manifest.files}
    missing = {file.name for file in variant.files} - names
    doubled = len(names) != len(header.manifest.files)
    if header.bundle != 1 or header.manifest.model != entry.id or missing or doubled:
        raise _invalid(path, "its header contradicts itself, or is of a later release")
    return Bundle(entry, header.manifest)


def _named(manifest: Manifest, entry: Entry | None, path: Path) -> set[str]:
    """The files that the catalogue here names; one with another digest than it says is refused."""
    if entry is None:
        return set()
    variant = next((each for each in entry.variants if each.id == manifest.variant), None)
    if variant is None:
        raise _invalid(path, f"{entry.id} has no variant {manifest.variant} here")
    pinned = {file.name: file.sha256 for file in variant.files if file.sha256 is not None}
    carried = {file.name: file.sha256 for file in manifest.files}
    if any(carried.get(name) != sha256 for name, sha256 in pinned.items()):
        raise _invalid(path, f"its {entry.id} is not the one that the catalogue here knows")
    return {file.name for file in variant.files}


def _without_sources(bundle: Bundle) -> Entry:
    """The entry as it is kept: a bundle brings one variant, and no place for this server to fetch from."""
    variant = replace(bundle.entry.variant(bundle.manifest.variant), sources=[])
    return replace(bundle.entry, variants=[variant], aliases=[], provider=None)


def _member(tar: tarfile.TarFile, name: str, path: Path) -> tuple[tarfile.TarInfo, IO[bytes]]:
    """The next member, which must be that very one, and a plain file."""
    info = tar.next()
    if info is None or info.name != name or not info.isreg() or info.issparse():
        raise _invalid(path, f"it is cut, or holds something else in the place of {name}")
    source = tar.extractfile(info)
    if source is None:
        raise _invalid(path, f"its {name} has no bytes")
    return info, source


def _expect(tar: tarfile.TarFile, name: str, path: Path) -> bytes:
    info, source = _member(tar, name, path)
    if info.size > _LONGEST_HEADER:
        raise _invalid(path, f"its {name} is too large")
    return source.read()


def _take(tar: tarfile.TarFile, kept: KeptFile, part: Path, path: Path) -> None:
    info, source = _member(tar, _FILES + kept.name, path)
    if info.size != kept.bytes:
        raise _invalid(path, f"its {kept.name} has another size than its header says")
    digest = hashlib.sha256()
    with part.open("wb") as out:
        while block := source.read(_BLOCK):
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != kept.sha256:
        raise _invalid(path, f"its {kept.name} is altered or cut")


def _judge(entry: Entry, kept: KeptFile, part: Path, *, named: bool) -> None:
    try:
        check_file(part, kept.name, named=named)
    except FormatError as error:
        raise problem("model_file_refused", model=entry.id, file=kept.name, reason=str(error)) from error


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def _invalid(path: Path, reason: str) -> JixiError:
    return problem("bundle_invalid", file=path.name, reason=reason)


class _Counting(io.BufferedIOBase):
    """A file that is read or written once, with the digest of what went through."""

    def __init__(self, file: IO[bytes], report: Report | None = None) -> None:
        self.sha256: Any = hashlib.sha256()
        self._file = file
        self._report = report
        self._count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._file.read(-1 if size is None else size)
        self._note(data)
        return data

    def write(self, data: Any, /) -> int:
        self._note(data)
        return self._file.write(data)

    def read_rest(self) -> None:
        while self.read(_BLOCK):
            pass

    def _note(self, data: bytes) -> None:
        self.sha256.update(data)
        self._count += len(data)
        if self._report is not None:
            self._report(self._count)
