"""A plan as a document, whatever the format: sentences, deciding figures, charts, the working."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jixi.compute.planner import evaluate
from jixi.core.errors import Language
from jixi.server.plans._summary import compared, served, trained
from jixi.server.plans._words import SERVING, TRAINING, shown
from jixi.wire import admin

Plan = admin.TrainingPlan | admin.ServingPlan | admin.ComparisonPlan
_TRAINING_PARTS = {
    "weights": ("weights", "权重"),
    "gradients": ("gradients", "梯度"),
    "optimizer": ("optimizer", "优化器"),
    "activations": ("activations", "激活"),
    "logits": ("logits", "logits"),
    "usable - needed": ("free", "空闲"),
}
_SERVING_PARTS = {
    "weights": ("weights", "权重"),
    "batch * cache_sequence": ("cache of a full batch", "满批 KV 缓存"),
    "overhead": ("overhead", "引擎开销"),
    "usable - weights - batch * cache_sequence - overhead": ("free", "空闲"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One working. `title` is empty where the report has no other."""

    title: str
    figures: tuple[admin.PlanFigure, ...]

    def value(self, formula: str) -> float:
        """What a formula over names of its figures gives."""
        return evaluate(formula, {figure.name: figure.value for figure in self.figures})

    def find(self, name: str) -> admin.PlanFigure | None:
        return next((figure for figure in self.figures if figure.name == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """For each series of its chart a formula over the figures of `part`, or a number that none of them gives."""

    label: str
    part: Part
    values: tuple[str | float, ...]

    def numbers(self) -> tuple[float, ...]:
        return tuple(self.part.value(each) if isinstance(each, str) else each for each in self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """Bars that lie, the values of each one after the other; `around` zero where they are changes."""

    title: str
    unit: str
    series: tuple[str, ...]
    bars: tuple[Bar, ...]
    around: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Deciding:
    """A figure that people look for first, and what they call it."""

    label: str
    part: Part
    figure: admin.PlanFigure

    def text(self, language: Language) -> str:
        return shown(self.figure, language) + (" *" if self.figure.marked else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    language: Language
    title: str
    name: str
    """Of a file, without its ending; ASCII."""
    made: datetime
    summary: tuple[str, ...]
    deciding: tuple[Deciding, ...]
    charts: tuple[Chart, ...]
    parts: tuple[Part, ...]
    lacking: tuple[admin.Reason, ...]

    def say(self, en: str, zh: str) -> str:
        return zh if self.language == "zh" else en


def report_of(plan: Plan, language: Language, made: datetime) -> Report:
    chinese = language == "zh"
    if isinstance(plan, admin.ComparisonPlan):
        return _comparison(plan, language, made)
    part = Part(title="", figures=tuple(plan.figures))
    training = isinstance(plan, admin.TrainingPlan)
    names, sentences = (TRAINING, trained(plan, chinese)) if training else (SERVING, served(plan, chinese))
    what = ("Training", "训练") if training else ("Serving", "推理服务")
    memory = _TRAINING_PARTS if training else _SERVING_PARTS
    return Report(
        language=language,
        title=f"{plan.model}：{what[1]}规划" if chinese else f"{what[0]} plan of {plan.model}",
        name=f"jixi-plan-{what[0].lower()}",
        made=made,
        summary=sentences,
        deciding=_deciding(part, names),
        charts=(
            _memory(part, plan.chip, memory, chinese),
            *_cost(part, plan.currency, chinese),
            *_paid(part, plan, chinese),
        ),
        parts=(part,),
        lacking=tuple(plan.lacking.values()),
    )


def _deciding(part: Part, names: Sequence[str]) -> tuple[Deciding, ...]:
    found = [figure for name in names if (figure := part.find(name)) is not None]
    return tuple(Deciding(label=figure.label, part=part, figure=figure) for figure in found)


def _memory(part: Part, chip: str, words: Mapping[str, tuple[str, str]], chinese: bool) -> Chart:
    return Chart(
        title="单卡显存构成" if chinese else "Memory of an accelerator",
        unit="GiB",
        series=tuple(word[chinese] for word in words.values()),
        bars=(Bar(label=chip, part=part, values=tuple(f"({name}) / 1073741824" for name in words)),),
    )


def _cost(part: Part, currency: str, chinese: bool) -> tuple[Chart, ...]:
    """Owned and rented side by side, as far as they are known."""
    bars = list[Bar]()
    if part.find("owned_cost"):
        own = ("accelerator_hours * capital_hour", "accelerator_hours * electricity_hour", 0.0)
        bars.append(Bar(label="自有" if chinese else "owned", part=part, values=own))
    if part.find("rented_cost"):
        bars.append(Bar(label="租用" if chinese else "rented", part=part, values=(0.0, 0.0, "rented_cost")))
    series = ("购置与维护", "电费", "租金") if chinese else ("purchase and upkeep", "electricity", "rent")
    title = "成本" if chinese else "Cost"
    return (Chart(title=title, unit=currency, series=series, bars=tuple(bars)),) if bars else ()


def _paid(part: Part, plan: admin.TrainingPlan | admin.ServingPlan, chinese: bool) -> tuple[Chart, ...]:
    if (tornado := plan.tornado) is None:
        return ()
    way = {"owned": ("the owned cost", "自有"), "rented": ("the rented cost", "租用")}[tornado.pay][chinese]
    return _tornado(part, tornado, plan.currency, way, chinese)


def _tornado(
    part: Part,
    tornado: admin.PlanTornado | admin.ComparedTornado,
    currency: str,
    whose: str,
    chinese: bool,
) -> tuple[Chart, ...]:
    moving = [swing for swing in tornado.swings if swing.result_low != swing.result_high]
    if not moving:
        # Nothing costs anything, such as where every price is zero.
        return ()
    return (
        Chart(
            title=f"单个输入变动 20 % 时{whose}成本的变化"
            if chinese
            else f"What 20 % of one input changes of {whose}",
            unit=currency,
            series=("-20 %", "+20 %"),
            bars=tuple(
                Bar(
                    label=swing.label,
                    part=part,
                    values=(swing.result_low - tornado.cost, swing.result_high - tornado.cost),
                )
                for swing in moving
            ),
            around=True,
        ),
    )


def _comparison(plan: admin.ComparisonPlan, language: Language, made: datetime) -> Report:
    chinese = language == "zh"
    parts = [_option(option, plan, chinese) for option in plan.options]
    months = [part.figures[-1] for part in parts]
    series = ("固定", "按 token") if chinese else ("fixed", "by tokens")
    return Report(
        language=language,
        title=f"{plan.model}：方案比较" if chinese else f"Ways to serve {plan.model}, compared",
        name="jixi-plan-comparison",
        made=made,
        summary=compared(plan, chinese),
        deciding=tuple(
            Deciding(label=part.title, part=part, figure=month)
            for part, month in zip(parts, months, strict=True)
        ),
        charts=(
            Chart(
                title="月成本" if chinese else "Cost of a month",
                unit=plan.currency,
                series=series,
                bars=tuple(
                    Bar(label=part.title, part=part, values=_split(option))
                    for option, part in zip(plan.options, parts, strict=True)
                ),
            ),
            *_of_option(parts, plan, chinese),
        ),
        parts=tuple(parts),
        lacking=(),
    )


def _of_option(parts: Sequence[Part], plan: admin.ComparisonPlan, chinese: bool) -> tuple[Chart, ...]:
    if (tornado := plan.tornado) is None:
        return ()
    part = next(each for each in parts if each.title == tornado.option)
    whose = f"“{tornado.option}”月" if chinese else f"the monthly cost of “{tornado.option}”"
    return _tornado(part, tornado, plan.currency, whose, chinese)


def _split(option: admin.ComparedOption) -> tuple[str | float, ...]:
    return (0.0, "month_cost") if option.kind == "api" else ("month_cost", 0.0)


def _option(option: admin.ComparedOption, plan: admin.ComparisonPlan, chinese: bool) -> Part:
    """Its working, and what a month of it costs at the volume that was compared."""
    figures, unit = list(option.figures), f"{plan.currency}/month"
    month = admin.PlanFigure(
        name="month_cost",
        label="月成本" if chinese else "cost of a month",
        value=option.month,
        unit=unit,
        origin="computed",
        formula="fixed_month",
        inputs=["fixed_month"],
        source=None,
        marked=False,
    )
    if option.kind == "api":
        volume: dict[str, Any] = {
            "name": "million_tokens",
            "label": "月用量" if chinese else "volume of a month",
            "value": plan.million_tokens,
            "unit": "Mtoken/month",
            "origin": "given",
            "formula": None,
            "inputs": [],
        }
        figures.append(month.model_copy(update=volume))
        by_tokens = {"formula": "variable * million_tokens", "inputs": ["variable", "million_tokens"]}
        month = month.model_copy(update=by_tokens)
    return Part(title=option.name, figures=(*figures, month))
