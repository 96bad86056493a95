"""The shape of an entry of the catalogue of problems."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Case(NamedTuple):
    """What the fact `state` of a problem is called in Chinese, and what helps then."""

    zh: str
    remedy_en: str
    remedy_zh: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """An entry of the catalogue. Texts are format strings over the facts; `openai_type` is the `type` on /v1.

    `outside_en` and `outside_zh` are the remedy where a provider or an alias is behind the model. `cases` are those, by
    the fact `state`, in which something else helps than otherwise.
    """

    code: str
    status: int
    openai_type: str = "invalid_request_error"
    en: str
    zh: str
    remedy_en: str
    remedy_zh: str
    outside_en: str = ""
    outside_zh: str = ""
    cases: Mapping[str, Case] = field(default_factory=dict[str, Case])
