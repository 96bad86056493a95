"""Images: whether an answer holds them, as callers are given them."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct


class _Image(Struct):
    b64_json: Annotated[str, Meta(min_length=1)]


_IMAGE: Final = msgspec.json.Decoder(_Image)


def check_images(data: Sequence[Raw]) -> None:
    """Raises ValueError where one of `data` is no image but, for example, the address of one: nobody here fetches it.

    One is looked at after another, so that no two of a large answer are in memory twice.
    """
    for each in data:
        _IMAGE.decode(each)
