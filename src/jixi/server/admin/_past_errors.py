"""What can still be said of an error whose caller was told everything: its kind, and what to do about it."""

import re
from typing import Any, Final

from jixi.core.errors import PROBLEMS, JixiError, Language
from jixi.wire.admin import Reason

_UNKNOWN: Final = re.compile(r"[:：]\s*…(?=[.。]|$)")


def past_error(code: str, language: Language, **facts: Any) -> Reason:
    """In the reader's language, from the facts that were kept; "…: {reason}." without its reason ends at the colon."""
    known = PROBLEMS.get(code)
    if known is None:
        return Reason(code=code, message=code, remedy=None)
    error = JixiError(known, _Known(facts))
    return Reason(code=code, message=_UNKNOWN.sub("", error.message(language)), remedy=error.remedy(language))


class _Known(dict[str, Any]):
    """The facts that were kept; those that were not are left open."""

    def __missing__(self, key: str) -> str:
        return "…"
