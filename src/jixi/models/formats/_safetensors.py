"""The header of a safetensors file: its length, its JSON, and that its tensors fill the file without a gap."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from jixi.models.formats._refusal import FormatError

_LONGEST_HEADER: Final = 16 * 1024 * 1024
_MOST_ELEMENTS: Final = 2**62
_BITS: Final = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}
_METADATA: Final = "__metadata__"
_Size = Annotated[int, Meta(ge=0, le=_MOST_ELEMENTS)]


class _Tensor(Struct, frozen=True, forbid_unknown_fields=True):
    dtype: str
    shape: Annotated[list[_Size], Meta(max_length=64)]
    data_offsets: tuple[_Size, _Size]


def read_safetensors(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of its tensors by their names. Raises FormatError where its header does not fit the file."""
    return {name: tuple(tensor.shape) for name, tensor in _read(path).items()}


def bytes_by_type(path: Path) -> dict[str, int]:
    """How many bytes of its tensors are of which type. Raises FormatError."""
    held: dict[str, int] = {}
    for tensor in _read(path).values():
        start, end = tensor.data_offsets
        held[tensor.dtype] = held.get(tensor.dtype, 0) + end - start
    return held


def _read(path: Path) -> dict[str, _Tensor]:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(size - 8, _LONGEST_HEADER):
            raise FormatError(f"its header is said to be {length} bytes long")
        raw = file.read(length)
    if not raw.startswith(b"{"):
        raise FormatError("its header is not a table")
    tensors = _decode(raw)
    _check_cover([_span(name, tensor) for name, tensor in tensors.items()], size - 8 - length)
    return tensors


def _decode(raw: bytes) -> dict[str, _Tensor]:
    try:
        found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        if _METADATA in found:
            msgspec.json.decode(found.pop(_METADATA), type=dict[str, str])
        return {name: msgspec.json.decode(each, type=_Tensor) for name, each in found.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"its header cannot be read: {str(error)[:120]}") from error


def _span(name: str, tensor: _Tensor) -> tuple[int, int]:
    bits = _BITS.get(tensor.dtype)
    if bits is None:
        raise FormatError(f"the tensor {name[:80]!r} is of the unknown type {tensor.dtype[:20]!r}")
    for extent in tensor.shape:
        bits *= extent
        if bits > _MOST_ELEMENTS:
            raise FormatError(f"the tensor {name[:80]!r} has an absurd size")
    start, end = tensor.data_offsets
    if (end - start) * 8 != bits:
        raise FormatError(f"the tensor {name[:80]!r} has another size than its shape says")
    return start, end


def _check_cover(spans: list[tuple[int, int]], room: int) -> None:
    """Each byte belongs to one tensor: no gap where something hides, no overlap, nothing beyond the end."""
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise FormatError("its tensors have a gap between them or overlap")
        end = stop
    if end != room:
        raise FormatError(f"its tensors end at byte {end}, the file at {room}")
