"""A safetensors header is held against its file: its tensors fill it without a gap, or it is refused."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jixi.models.formats import FormatError, read_safetensors
from tests.unit.formats.files import safetensors

SOUND = safetensors()


def with_header(header: bytes, weights: int = 64) -> bytes:
    return struct.pack("<Q", len(header)) + header + bytes(weights)


def of(table: Mapping[str, Any], weights: int = 64) -> bytes:
    return with_header(json.dumps(table).encode(), weights)


def one(**changed: Any) -> bytes:
    return of({"a": {"dtype": "U8", "shape": [64], "data_offsets": [0, 64], **changed}})


def refused(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(FormatError) as raised:
        read_safetensors(path)
    return str(raised.value)


def test_a_sound_file_passes(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(SOUND)
    assert read_safetensors(path) == {"a": (48,), "b": (2, 4)}
    path.write_bytes(one())
    assert read_safetensors(path) == {"a": (64,)}


HOSTILE: Mapping[str, bytes] = {
    "empty": b"",
    "seven bytes": b"\2\0\0\0\0\0\0",
    "a header of 2^64-1": b"\xff" * 8 + SOUND[8:],
    "a header longer than the file": struct.pack("<Q", len(SOUND)) + SOUND[8:],
    "a header of nothing": struct.pack("<Q", 0) + bytes(64),
    "a list": with_header(b"[]" + b" " * 6, 0),
    "no JSON": with_header(b"{" + b"a" * 20),
    "no UTF-8": with_header(b'{"\xff":1}'),
    "deep": with_header(b'{"a":' + b"[" * 100_000),
    "metadata that is no text": of({"__metadata__": {"a": [1]}}, 0),
    "an unknown field": one(extra=1),
    "an unknown type": one(dtype="F128"),
    "a negative dimension": one(shape=[-64]),
    "dimensions whose product wraps": one(shape=[2**62, 2**62]),
    "another size than its shape": one(shape=[63]),
    "offsets the wrong way round": one(data_offsets=[64, 0]),
    "an offset beyond the file": one(shape=[65], data_offsets=[0, 65]),
    "an offset below the file": one(data_offsets=[-1, 63]),
    "a gap": of({"a": {"dtype": "U8", "shape": [32], "data_offsets": [32, 64]}}),
    "a rest": of({"a": {"dtype": "U8", "shape": [32], "data_offsets": [0, 32]}}),
    "an overlap": of(
        {
            "a": {"dtype": "U8", "shape": [40], "data_offsets": [0, 40]},
            "b": {"dtype": "U8", "shape": [32], "data_offsets": [32, 64]},
        }
    ),
    "a file that was cut": SOUND[:-1],
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_header_is_refused(tmp_path: Path, data: bytes) -> None:
    assert refused(tmp_path, data)


@settings(deadline=10_000, max_examples=400)
@given(data=st.data())
def test_a_mutated_header_is_refused_or_still_fills_the_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    mutant = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 4))):
        mutant[data.draw(st.integers(0, len(SOUND) - 65))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("mutants") / "model.safetensors"
    path.write_bytes(mutant)
    try:
        found = read_safetensors(path)
    except FormatError:
        return
    table = json.loads(mutant[8:-64])
    table.pop("__metadata__", None)
    spans = sorted(tuple(each["data_offsets"]) for each in table.values())
    assert len(found) == len(spans)
    assert [spans[0][0], *(end for _, end in spans)] == [0, *(start for start, _ in spans[1:]), 64]
