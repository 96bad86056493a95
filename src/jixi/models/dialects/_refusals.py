"""What a translator says no to, always with the field at fault as its caller wrote it."""

import re
from typing import Any, Final, NoReturn, TypeVar

import msgspec
from msgspec import Raw

from jixi.core.errors import JixiError, problem

_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`")

NULL: Final = Raw(b"null")
T = TypeVar("T")


def decoded(decoder: msgspec.json.Decoder[T], body: bytes, *, at: str = "") -> T:
    """`body`, which stands `at` a place of something greater, as the decoder's type.

    Raises `invalid_json`, `invalid_value` and `unsupported_parameter`.
    """
    try:
        body.decode()
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        _refuse(error, at)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else _reason(error)
        raise problem("invalid_json", reason=reason) from error


def invalid(param: str, reason: str) -> JixiError:
    return problem("invalid_value", reason=f"{param}: {reason}", param=param)


def unsupported(param: str) -> JixiError:
    return problem("unsupported_parameter", name=param, param=param)


def refuse_present(fields: dict[str, Any], harmless: dict[str, tuple[Any, ...]] | None = None) -> None:
    """Refuse the first of `fields` that is there, None and its `harmless` values aside."""
    for name, value in fields.items():
        if value is not None and value != NULL and value not in (harmless or {}).get(name, ()):
            raise unsupported(name)


def _refuse(error: msgspec.ValidationError, at: str) -> NoReturn:
    found = _WHERE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    path = at + (path if path.startswith("[") or not at or not path else f".{path}")
    for pattern in (_UNKNOWN, _MISSING):
        if named := pattern.search(what):
            path = f"{path}.{named[1]}" if path else named[1]
            if pattern is _UNKNOWN:
                raise unsupported(path) from error
    reason = what[:1].lower() + what[1:].replace("`", "'")
    raise problem(
        "invalid_value", reason=f"{path}: {reason}" if path else reason, param=path or None
    ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start})"
    return str(error).removeprefix("JSON is malformed: ").rstrip(".").lower() or "it is empty"
