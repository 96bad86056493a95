"""The judgement of one file of a model, by its name and by what it holds."""

import json
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec
from msgspec import Struct

from jixi.models.formats._gguf import read_gguf
from jixi.models.formats._refusal import FormatError
from jixi.models.formats._safetensors import read_safetensors
from jixi.models.formats._template import check_template

_LONGEST_TEXT: Final = 64 * 1024 * 1024
_LONGEST_CONFIG: Final = 4 * 1024 * 1024
_LONGEST_TEMPLATES: Final = 256 * 1024
_WEIGHTS: Final = frozenset({".gguf", ".safetensors"})
_TEXTS: Final = frozenset(
    {".json", ".jinja", ".txt", ".md", ".tiktoken", ".model", ".yaml", ".yml", ".license", ".vocab"}
)
_BARE: Final = frozenset({"LICENSE", "LICENCE", "NOTICE", "README"})
# What a pickle and what an archive begins with; a pickle inside an archive is the common form.
_PICKLES: Final = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_ARCHIVES: Final = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
)
_TAR_MARK: Final = (257, b"ustar")


class _Named(Struct):
    template: str = ""


class _Config(Struct):
    """What of a model's tables names code; everything else in them is no matter here."""

    auto_map: Any = None
    chat_template: str | list[_Named] | None = None


def allowed_name(name: str) -> bool:
    """Whether a file of that name may be part of a model that nobody has named: weights, and texts beside them."""
    path = PurePosixPath(name)
    return path.suffix.lower() in _WEIGHTS | _TEXTS or path.name in _BARE


def check_file(path: Path, name: str, *, named: bool = False) -> None:
    """Judge the file at `path`, which is to be called `name`. Reads headers and small files, never the weights.

    `named`: the catalogue names it, so it may have a form that is not known here. Raises FormatError.
    """
    if not named and not allowed_name(name):
        raise FormatError("a file of that kind is not part of a model: GGUF, safetensors and texts are")
    _refuse_code(path)
    match PurePosixPath(name).suffix.lower():
        case ".gguf":
            _check_templates(list(read_gguf(path).templates))
        case ".safetensors":
            read_safetensors(path)
        case ".json":
            _check_table(path)
            if PurePosixPath(name).name.lower() == "config.json":
                _check_config(path)
        case ".jinja":
            check_template(_text(path, _LONGEST_TEMPLATES))
        case _:
            return


def _refuse_code(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(_PICKLES):
        raise FormatError("it is a pickle, which runs code where it is loaded")
    at, mark = _TAR_MARK
    if head.startswith(_ARCHIVES) or head[at : at + len(mark)] == mark:
        raise FormatError("it is an archive, as pickles come in")


def _check_table(path: Path) -> None:
    """A table must be JSON, and must name no code for an engine to load."""
    if path.stat().st_size > _LONGEST_TEXT:
        raise FormatError("it is too large for a table")
    raw = path.read_bytes()
    try:
        if raw.lstrip()[:1] != b"{":
            msgspec.json.decode(raw, type=msgspec.Raw)
            return
        config = msgspec.json.decode(raw, type=_Config)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"it cannot be read: {str(error)[:120]}") from error
    if config.auto_map is not None:
        raise FormatError("it names code for engines to load (auto_map)")
    templates = config.chat_template or []
    _check_templates([templates] if isinstance(templates, str) else [each.template for each in templates])


def _check_config(path: Path) -> None:
    """A configuration has others inside, from which engines load code just so. A vocabulary may have such a word."""
    if path.stat().st_size > _LONGEST_CONFIG:
        raise FormatError("it is too large for a configuration")
    try:
        json.loads(path.read_bytes(), object_pairs_hook=_judge_table, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it cannot be read: {str(error)[:120]}") from error


def _judge_table(pairs: list[tuple[str, Any]]) -> bool:
    """What a table becomes, which is only looked at."""
    if any(key == "auto_map" and value is not None for key, value in pairs):
        raise FormatError("it names code for engines to load (auto_map)")
    return True


def _check_templates(templates: list[str]) -> None:
    if sum(map(len, templates)) > _LONGEST_TEMPLATES:
        raise FormatError("its chat templates are too long")
    for template in templates:
        check_template(template)


def _text(path: Path, most: int) -> str:
    if path.stat().st_size > most:
        raise FormatError("it is too large for a template")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("it is not UTF-8") from error
