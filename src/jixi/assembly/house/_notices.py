"""What everyone who uses the server should know."""

from dataclasses import dataclass
from typing import Literal

from jixi.assembly.house._supply import Supply
from jixi.core.errors import JixiError, Language


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A stable code, how grave it is, and the sentence in both languages."""

    code: str
    level: Literal["info", "warning", "error"]
    en: str
    zh: str

    def message(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def notices_of(supply: Supply) -> list[Notice]:
    """The notices that hold now."""
    unreachable = [
        Notice(code="model_unreachable", level="error", en=_both(error, "en"), zh=_both(error, "zh"))
        for _, error in sorted(supply.unreachable.items())
    ]
    weak = [
        Notice(
            code="weak_model",
            level="warning",
            en=f"{name} is a stand-in: a very small model that speaks English only and is often wrong.",
            zh=f"{name} 只是临时替代：它是非常小的模型，仅支持英文，且经常出错。",
        )
        for name in sorted(supply.weak)
    ]
    return unreachable + weak


def _both(error: JixiError, language: Language) -> str:
    return f"{error.message(language)} {error.remedy(language)}"
