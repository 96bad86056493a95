"""Embeddings: whether an answer has a vector for each input, in one of the two forms that OpenAI's clients read."""

import binascii
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

_FLOAT_BYTES: Final = 4


class _Entry(Struct):
    embedding: Annotated[list[float], Meta(min_length=1)] | str


_ENTRY: Final = msgspec.json.Decoder(_Entry)


def check_vectors(data: Sequence[Raw], count: int) -> None:
    """Raises ValueError where `data` are not `count` vectors, each a list of numbers or base64 of whole floats.

    One vector is looked at after another, so that the numbers of a large answer are never all in memory.
    """
    if len(data) != count:
        raise ValueError(f"{len(data)} vectors for {count} inputs")
    for entry in data:
        vector = _ENTRY.decode(entry).embedding
        if isinstance(vector, str):
            packed = binascii.a2b_base64(vector, strict_mode=True)
            if not packed or len(packed) % _FLOAT_BYTES:
                raise ValueError("a vector has no whole number of floats")
