"""What a call said, in a form that may be kept: bounded, without bulky data, without secrets where that is asked."""

import re
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

from jixi.governance.safety._redact import redact

_LONGEST: Final = 20_000
_MOST: Final = 256 * 1024
_DATA_URL: Final = "data:"
_DEEPEST: Final = 64
_SECRET_NAME: Final = re.compile(
    r"(?i).{0,64}(?:pass(?:word|wd|phrase)|api[_\-]?key|access[_\-]?key|secret|authorization|(?:access|auth|api|refresh"
    r"|session)[_\-]?token)"
)


def readable_json(raw: bytes, *, redacted: bool) -> str:
    """`raw` as JSON: long texts cut, data behind `data:` left out, secrets and personal data too if `redacted`.

    What is no JSON, or far too much of it, is told by its size alone.
    """
    try:
        value = msgspec.json.decode(raw)
        written = msgspec.json.encode(_kept(value, redact if redacted else _same, 0))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return msgspec.json.encode({"unreadable_bytes": len(raw)}).decode()
    if len(written) > _MOST:
        return msgspec.json.encode({"omitted_bytes": len(raw)}).decode()
    return written.decode()


def _kept(value: Any, clean: Callable[[str], str], depth: int) -> Any:
    if depth > _DEEPEST:
        return "[nested too deeply]"
    match value:
        case str():
            return _text(value, clean, depth)
        case dict():
            entries = cast("dict[str, Any]", value).items()
            return {clean(name): _entry(name, each, clean, depth + 1) for name, each in entries}
        case list():
            return [_kept(each, clean, depth + 1) for each in cast("list[Any]", value)]
        case int() if not isinstance(value, bool):
            return value if clean(str(value)) == str(value) else clean(str(value))
        case _:
            return value


def _entry(name: str, value: Any, clean: Callable[[str], str], depth: int) -> Any:
    if clean is redact and isinstance(value, str) and _SECRET_NAME.fullmatch(name):
        return "[secret]"
    return _kept(value, clean, depth)


def _text(text: str, clean: Callable[[str], str], depth: int) -> str:
    if text.startswith(_DATA_URL) and len(text) > 200:
        return f"{text[:64].partition(',')[0]},[{len(text)} characters]"
    if clean is redact and text[:1] in ("{", "["):
        # Arguments of tools are JSON within JSON: an escape in it would hide from the recognisers.
        try:
            return msgspec.json.encode(_kept(msgspec.json.decode(text), clean, depth + 1)).decode()
        except (msgspec.MsgspecError, UnicodeError):
            return clean(_cut(text))
    return clean(_cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… [{len(text) - _LONGEST} characters cut]"


def _same(text: str) -> str:
    return text
