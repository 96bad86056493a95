"""The names that may become paths of the store: digests, words, and the names of files."""

import re
from typing import Final

# \Z, because $ lets a line end pass.
SHA256: Final = r"^[0-9a-f]{64}\Z"
WORD: Final = r"^[a-z0-9][a-z0-9._-]{0,119}\Z"
NAME: Final = r"^(?=.{1,300}$)[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,8}\Z"


def checked(form: str, text: str) -> str:
    """The text; raises ValueError where it has not this form."""
    if not re.fullmatch(form, text):
        raise ValueError(f"{text[:80]!r} is no name of the store")
    return text
