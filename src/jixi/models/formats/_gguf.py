"""The header of a GGUF file, read with every count and length held against what the file has.

Engines read it in native code, where a length that nobody checked becomes a read or a write out of bounds. So nothing
is allocated or read here that the file does not hold, and a file with a header that is only odd is refused.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from jixi.models.formats._refusal import FormatError

_VERSIONS: Final = (2, 3)
_LONGEST_HEADER: Final = 64 * 1024 * 1024
_LONGEST_KEY: Final = 65_535
_LONGEST_NAME: Final = 63
_LONGEST_KEPT: Final = 1024 * 1024
# Of all arrays together: some times what the largest vocabularies have, and gone through in about a second.
_MOST_STRINGS: Final = 2_000_000
_MOST_TENSORS: Final = 100_000
_MOST_PAIRS: Final = 100_000
_MOST_DIMENSIONS: Final = 4
_MOST_ELEMENTS: Final = 2**62
_ALIGNMENT: Final = "general.alignment"
_WORDS: Final = "tokenizer.ggml.tokens"
_TEMPLATES: Final = "tokenizer.chat_template"
_KEPT: Final = frozenset({_ALIGNMENT, "general.architecture", "general.type", "adapter.type"})
_STRING: Final = 8
_ARRAY: Final = 9
_BOOL: Final = 7
_SCALARS: Final = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<B",
    10: "<Q",
    11: "<q",
    12: "<d",
}
# Of each type of tensor: the weights in a block, and the bytes of a block.
_BLOCKS: Final = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 36),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
    40: (64, 36),
    41: (128, 18),
}


class GgufHeader(NamedTuple):
    """What a file says of itself. `metadata` has what it is, its alignment and its chat templates alone.

    `shapes` are the extents of its tensors by their names, the fastest first; `kinds` their types, as ggml numbers
    them, and their bytes.
    """

    version: int
    tensors: int
    metadata: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]
    kinds: dict[str, tuple[int, int]]

    @property
    def templates(self) -> Iterator[str]:
        """The chat templates."""
        for key, value in self.metadata.items():
            if key.startswith(_TEMPLATES) and isinstance(value, str):
                yield value


def read_gguf(path: Path) -> GgufHeader:
    """The header of the file at `path`. Raises FormatError where anything in it does not fit the file."""
    with path.open("rb", buffering=1 << 20) as file:
        size = path.stat().st_size
        cursor = _Cursor(file, min(size, _LONGEST_HEADER))
        if cursor.take(4) != b"GGUF":
            raise FormatError("it is not a GGUF file")
        version = cursor.number("<I")
        if version not in _VERSIONS:
            raise FormatError(f"GGUF version {version} is not supported")
        tensors, pairs = cursor.count(_MOST_TENSORS, 24), cursor.count(_MOST_PAIRS, 13)
        metadata = _read_pairs(cursor, pairs)
        shapes, kinds = _check_tensors(cursor, tensors, _alignment(metadata), size)
        return GgufHeader(version, tensors, metadata, shapes, kinds)


class _Cursor:
    """Goes through the header once, and never further than the file or the longest header."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self._file = file
        self._left = end
        self._strings = _MOST_STRINGS

    def take(self, count: int) -> bytes:
        self._need(count)
        data = self._file.read(count)
        if len(data) != count:
            raise FormatError("the header ends amid a value")
        return data

    def skip(self, count: int) -> None:
        self._need(count)
        self._file.seek(count, 1)

    def number(self, form: str) -> int:
        value: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def count(self, most: int, least_bytes: int) -> int:
        """How many things follow, each of `least_bytes` or more."""
        count = self.number("<Q")
        if count > most or count * least_bytes > self._left:
            raise FormatError(f"its header promises {count} entries, more than it can hold")
        return count

    def text(self, longest: int) -> str:
        length = self.number("<Q")
        if length > longest:
            raise FormatError(f"a name in the header is {length} bytes long")
        try:
            return self.take(length).decode()
        except UnicodeDecodeError as error:
            raise FormatError("a name in the header is not UTF-8") from error

    def string(self) -> str:
        """A string that is kept."""
        length = self.number("<Q")
        if length > _LONGEST_KEPT:
            raise FormatError(f"a text in the header is {length} bytes long")
        return self.take(length).decode(errors="replace")

    def skip_strings(self) -> None:
        """The strings of an array."""
        count = self.count(self._strings, 8)
        self._strings -= count
        for _ in range(count):
            self.skip(self.number("<Q"))

    @property
    def at(self) -> int:
        return self._file.tell()

    def _need(self, count: int) -> None:
        if count > self._left:
            raise FormatError("a length in the header reaches beyond the file")
        self._left -= count


def _read_pairs(cursor: _Cursor, count: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    keys: set[str] = set()
    for _ in range(count):
        key = cursor.text(_LONGEST_KEY)
        if not key or key in keys:
            raise FormatError(f"the key {key[:80]!r} of its metadata is empty or comes twice")
        keys.add(key)
        kept = key in _KEPT or key.startswith(_TEMPLATES)
        value = _read_value(cursor, cursor.number("<I"), kept=kept)
        if kept:
            found[key] = value
    return found


def _read_value(cursor: _Cursor, kind: int, *, kept: bool) -> Any:
    if kind == _STRING:
        return cursor.string() if kept else cursor.skip(cursor.number("<Q"))
    if kind == _ARRAY:
        return _skip_array(cursor)
    if kind not in _SCALARS:
        raise FormatError(f"its metadata has a value of the unknown type {kind}")
    value = cursor.number(_SCALARS[kind])
    if kind == _BOOL and value > 1:
        raise FormatError("its metadata has a truth value that is neither true nor false")
    return value


def _skip_array(cursor: _Cursor) -> None:
    kind = cursor.number("<I")
    if kind == _STRING:
        cursor.skip_strings()
    elif kind in _SCALARS:
        width = struct.calcsize(_SCALARS[kind])
        cursor.skip(width * cursor.count(_LONGEST_HEADER, width))
    else:
        raise FormatError(f"its metadata has an array of the type {kind}")


def _alignment(metadata: dict[str, Any]) -> int:
    alignment = metadata.get(_ALIGNMENT, 32)
    if not isinstance(alignment, int) or not 8 <= alignment <= 65_536 or alignment & (alignment - 1):
        raise FormatError(f"its alignment is {alignment}")
    return alignment


def _check_tensors(
    cursor: _Cursor, count: int, alignment: int, size: int
) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, int]]]:
    shapes: dict[str, tuple[int, ...]] = {}
    kinds: dict[str, tuple[int, int]] = {}
    spans: list[tuple[int, int]] = []
    for _ in range(count):
        name = cursor.text(_LONGEST_NAME)
        if not name or name in shapes:
            raise FormatError(f"the tensor {name!r} has no name or comes twice")
        shapes[name], kinds[name] = _tensor(cursor, name)
        offset = cursor.number("<Q")
        if offset % alignment:
            raise FormatError(f"the tensor {name!r} is not aligned")
        spans.append((offset, offset + kinds[name][1]))
    room = size - _aligned(cursor.at, alignment)
    end = 0
    for start, stop in sorted(spans):
        if start < end or stop > room:
            raise FormatError("its tensors reach beyond the file, which was cut, or into each other")
        end = stop
    return shapes, kinds


def _tensor(cursor: _Cursor, name: str) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Its extents; its type and its bytes."""
    dimensions = cursor.number("<I")
    if not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise FormatError(f"the tensor {name!r} has {dimensions} dimensions")
    shape: list[int] = []
    elements = 1
    for _ in range(dimensions):
        shape.append(cursor.number("<Q"))
        elements *= shape[-1]
        if not 1 <= elements <= _MOST_ELEMENTS:
            raise FormatError(f"the tensor {name!r} has an absurd size")
    kind = cursor.number("<I")
    if kind not in _BLOCKS:
        raise FormatError(f"the tensor {name!r} is of the unknown type {kind}")
    block, width = _BLOCKS[kind]
    if shape[0] % block:
        raise FormatError(f"a row of the tensor {name!r} does not fill its blocks")
    return tuple(shape), (kind, elements // block * width)


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def read_gguf_facts(path: Path) -> dict[str, int | float | str]:
    """The numbers and names by which a file says how its model is built, and under `tokenizer.ggml.tokens` how many
    words its vocabulary has. Stops there, so it takes no time; whether the file is sound is for `read_gguf` to say.

    Raises FormatError.
    """
    with path.open("rb") as file:
        cursor = _Cursor(file, min(path.stat().st_size, _LONGEST_HEADER))
        if cursor.take(4) != b"GGUF" or cursor.number("<I") not in _VERSIONS:
            raise FormatError("it is not a GGUF file")
        cursor.count(_MOST_TENSORS, 24)
        found: dict[str, int | float | str] = {}
        for _ in range(cursor.count(_MOST_PAIRS, 13)):
            key, kind = cursor.text(_LONGEST_KEY), cursor.number("<I")
            if key == _WORDS and kind == _ARRAY:
                cursor.number("<I")
                found[key] = cursor.count(_MOST_STRINGS, 8)
                break
            value = _read_value(cursor, kind, kept=True)
            if value is not None:
                found[key] = value
        return found
