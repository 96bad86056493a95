"""From the types of `wire` to the planner's. What a request leaves out is left to the planner's defaults."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel

from jixi.compute.chips import Chips
from jixi.compute.planner import Experts, Hardware, LayerCache, Model, Sheet, Swing, label_of, source_of
from jixi.core.errors import JixiError, Language
from jixi.models.catalog import Entry, planner_model
from jixi.wire import admin


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What plans are made with: the chips, the models that the caller sees, the caller's language."""

    chips: Chips
    find: Callable[[str], Entry]
    language: Language

    def model(self, wanted: str | admin.PlanModel) -> Model:
        return planner_model(self.find(wanted)) if isinstance(wanted, str) else _own_model(wanted)

    def hardware(self, wanted: admin.PlanHardware) -> Hardware:
        return Hardware(chip=self.chips.get(wanted.chip), **said(wanted, "chip"))

    def figures(self, sheet: Sheet) -> list[admin.PlanFigure]:
        return [
            admin.PlanFigure(
                name=figure.name,
                label=label_of(figure.name, self.language),
                value=figure.value,
                unit=figure.unit,
                origin=figure.origin,
                formula=figure.formula,
                inputs=list(figure.inputs),
                source=source_of(figure.source, self.language),
                marked=figure.marked,
            )
            for figure in sheet.values()
        ]

    def swings(self, found: Iterable[Swing]) -> list[admin.PlanSwing]:
        return [
            admin.PlanSwing(label=label_of(swing.name, self.language), **asdict(swing)) for swing in found
        ]

    def reason(self, error: JixiError) -> admin.Reason:
        return admin.Reason(
            code=error.code, message=error.message(self.language), remedy=error.remedy(self.language)
        )


def said(part: BaseModel, *but: str) -> dict[str, Any]:
    """What a request says, without the rest and without the fields `but`."""
    return part.model_dump(exclude_none=True, exclude=set(but))


def _own_model(wanted: admin.PlanModel) -> Model:
    experts = None if wanted.experts is None else Experts(**said(wanted.experts))
    return Model(**said(wanted, "experts", "cache"), experts=experts, cache=_cache(wanted))


def _cache(wanted: admin.PlanModel) -> tuple[LayerCache, ...]:
    if wanted.cache is not None:
        return tuple(LayerCache(**said(part)) for part in wanted.cache)
    if wanted.layers and wanted.heads and wanted.kv_heads and wanted.head_size:
        return (LayerCache.grouped(wanted.layers, wanted.heads, wanted.kv_heads, wanted.head_size),)
    return ()
