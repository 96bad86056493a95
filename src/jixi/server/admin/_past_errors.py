"""What can still be said of an error whose caller was told everything: its kind, and what to do about it."""

import re
from typing import Any, Final

from jixi.assembly.house import House
from jixi.core.errors import PROBLEMS, JixiError, Language
from jixi.wire.admin import Reason

_UNKNOWN: Final = re.compile(r"[:：]\s*…(?=[.。]|$)")


def past_error(house: House, code: str, language: Language, *, model: str, request_id: str) -> Reason:
    """In the reader's language, from the facts that were kept; "…: {reason}." without its reason ends at the colon.

    The remedy points to where the state of `model` is found: what is no deployment is under Providers & routes.
    """
    known = PROBLEMS.get(code)
    if known is None:
        return Reason(code=code, message=code, remedy=None)
    error = JixiError(known, _Known(model=model, request_id=request_id))
    if model in house.providers.names() or model in house.aliases.names():
        error = error.outside()
    return Reason(code=code, message=_UNKNOWN.sub("", error.message(language)), remedy=error.remedy(language))


class _Known(dict[str, Any]):
    """The facts that were kept; those that were not are left open."""

    def __missing__(self, key: str) -> str:
        return "…"
