"""Plans for people: what it comes to first, then what nobody vouches for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jixi.cli._say import Terminal
from jixi.core.errors import Language

if TYPE_CHECKING:
    from jixi.wire.admin import (
        ComparedTornado,
        ComparisonPlan,
        PlanFigure,
        PlanTornado,
        ServingPlan,
        TrainingPlan,
    )


def print_training(terminal: Terminal, plan: "TrainingPlan") -> None:
    from jixi.server.plans import TRAINING

    say, layout = terminal.say, plan.layout
    words = (
        f"tensor {layout.tensor}, pipeline {layout.pipeline}, data {layout.data}, expert {layout.expert}, "
    )
    words += f"ZeRO {layout.zero}, recompute {layout.recompute}"
    terminal.out.print(say(f"{plan.model} on {plan.chip}: {words}", f"{plan.model}，{plan.chip}：{words}"))
    _print_sheet(terminal, plan, TRAINING)


def print_serving(terminal: Terminal, plan: "ServingPlan") -> None:
    from jixi.server.plans import SERVING

    say = terminal.say
    limit = say(plan.limit, {"compute": "算力", "bandwidth": "带宽", "memory": "显存"}[plan.limit])
    head = say(
        f"{plan.model} on {plan.chip}, limited by {limit}", f"{plan.model}，{plan.chip}，瓶颈为{limit}"
    )
    if (capacity := plan.capacity) is not None:
        head += say(
            f": {capacity.users:,} users, {capacity.longest_context:,} tokens in one call",
            f"：可服务 {capacity.users:,} 个用户，单次请求最长 {capacity.longest_context:,} token",
        )
    terminal.out.print(head)
    _print_sheet(terminal, plan, SERVING)


def print_comparison(terminal: Terminal, found: "ComparisonPlan") -> None:
    from jixi.server.plans import turned

    say, unit = terminal.say, found.currency
    terminal.out.print(
        say(
            f"{found.model}, {found.million_tokens:,.4g} million tokens a month",
            f"{found.model}，每月 {found.million_tokens:,.4g} 百万 token",
        )
    )
    kinds = {"owned": "自有", "rented": "租用", "edge": "边缘", "api": "API"}
    terminal.table(
        (
            say("OPTION", "方案"),
            say("KIND", "类型"),
            say("A MONTH", "月成本"),
            say("ACCELERATORS", "卡数"),
            say("MOST MTOKENS", "上限（百万 token）"),
        ),
        [
            (
                option.name,
                say(option.kind, kinds[option.kind]),
                f"{option.month:,.2f} {unit}",
                str(option.accelerators or "–"),
                "–" if option.most_million_tokens is None else f"{option.most_million_tokens:,.4g}",
            )
            for option in found.options
        ],
    )
    for turn in found.break_evens:
        terminal.out.print(turned(turn, terminal.language == "zh"))
    if found.tornado is not None:
        _print_tornado(terminal, found.tornado, found.tornado.option, unit)
    for each in found.unfit:
        terminal.problem(f"{each.name}: {each.reason.message}", each.reason.remedy or "", each.reason.code)
    all_marked = [figure for option in found.options for figure in option.figures if figure.marked]
    marked = {(figure.name, figure.value, figure.source): figure for figure in all_marked}
    _print_marked(terminal, list(marked.values()))


def _print_sheet(terminal: Terminal, plan: "TrainingPlan | ServingPlan", names: Sequence[str]) -> None:
    from jixi.server.plans import shown

    say = terminal.say
    found = {figure.name: figure for figure in plan.figures}
    rows = [
        (
            found[name].label,
            shown(found[name], terminal.language) + (" *" if found[name].marked else ""),
            _why(found[name], terminal.language),
        )
        for name in names
        if name in found
    ]
    terminal.table((say("FIGURE", "项目"), say("VALUE", "数值"), say("HOW", "依据")), rows)
    for reason in plan.lacking.values():
        terminal.problem(reason.message, reason.remedy or "", reason.code)
    if (tornado := plan.tornado) is not None:
        way = say(tornado.pay, {"owned": "自有", "rented": "租用"}[tornado.pay])
        _print_tornado(terminal, tornado, way, plan.currency)
    _print_marked(terminal, [figure for figure in plan.figures if figure.marked])


def _print_tornado(
    terminal: Terminal, tornado: "PlanTornado | ComparedTornado", whose: str, unit: str
) -> None:
    """What the cost comes to with one input a fifth less and more; the widest first."""
    say = terminal.say
    terminal.out.print("")
    terminal.table(
        (say(f"COST OF {whose}, BY", f"{whose}的成本，取决于"), "-20 %", "+20 %"),
        [
            (swing.label, f"{swing.result_low:,.2f} {unit}", f"{swing.result_high:,.2f} {unit}")
            for swing in tornado.swings
        ],
    )


def _print_marked(terminal: Terminal, marked: "Sequence[PlanFigure]") -> None:
    from jixi.server.plans import shown

    say = terminal.say
    terminal.out.print("")
    terminal.table(
        (say("ASSUMED *", "假设值 *"), say("VALUE", "数值"), say("WHO SAYS IT", "出处")),
        [(figure.label, shown(figure, terminal.language), figure.source or "–") for figure in marked],
    )


def _why(figure: "PlanFigure", language: Language) -> str:
    from jixi.compute.planner import origin_of

    return figure.formula or figure.source or origin_of(figure.origin, language)
