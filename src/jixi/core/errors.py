"""One kind of error for the whole house: a stable code, the facts, and a remedy, in the reader's language.

Rooms raise `problem("code", fact=...)`; each border (HTTP, CLI) translates it once. The texts are in `_problems`.
"""

from dataclasses import replace
from typing import Any, Final, Literal

from jixi.core._problem import Case, Problem
from jixi.core._problems import CATALOGUE

Language = Literal["en", "zh"]
PROBLEMS: Final[dict[str, Problem]] = {entry.code: entry for entry in CATALOGUE}


class JixiError(Exception):
    """A problem that happened: `facts` fill its texts, `param` names the input at fault, `retry_after` is seconds."""

    def __init__(
        self,
        kind: Problem,
        facts: dict[str, Any],
        *,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(kind.en.format_map(facts))
        self.problem = kind
        self.facts = facts
        self.param = param
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        return self.problem.code

    def outside(self) -> "JixiError":
        """The same, with the remedy for a model that no deployment of ours is, where there is one."""
        kind = self.problem
        if not kind.outside_en:
            return self
        kind = replace(kind, remedy_en=kind.outside_en, remedy_zh=kind.outside_zh, cases={})
        return JixiError(kind, self.facts, param=self.param, retry_after=self.retry_after)

    def message(self, language: Language = "en") -> str:
        if language == "en":
            return self.problem.en.format_map(self.facts)
        case = self._case()
        return self.problem.zh.format_map(self.facts if case is None else self.facts | {"state": case.zh})

    def remedy(self, language: Language = "en") -> str:
        said = self._case() or self.problem
        text = said.remedy_zh if language == "zh" else said.remedy_en
        return text.format_map(self.facts)

    def _case(self) -> Case | None:
        return self.problem.cases.get(str(self.facts.get("state")))


def problem(
    code: str, *, param: str | None = None, retry_after: int | None = None, **facts: Any
) -> JixiError:
    """Build the error `code` of the catalogue. An unknown code or a missing fact is a KeyError: our own defect."""
    return JixiError(PROBLEMS[code], facts, param=param, retry_after=retry_after)
