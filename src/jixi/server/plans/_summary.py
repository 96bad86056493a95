"""What a plan comes to, in sentences for people who decide."""

from collections.abc import Sequence
from typing import Final

from jixi.server.plans._words import shown
from jixi.wire import admin

_LIMITS: Final = {"compute": "算力", "bandwidth": "显存带宽", "memory": "显存容量"}


def trained(plan: admin.TrainingPlan, chinese: bool) -> tuple[str, ...]:
    found = _shown(plan.figures, chinese)
    count, layout = found["accelerators"], plan.layout
    way = f"tensor {layout.tensor}, pipeline {layout.pipeline}, data {layout.data}, expert {layout.expert}, "
    way += f"ZeRO {layout.zero}, recompute {layout.recompute}"
    if chinese:
        time = (
            f"用 {count} 张 {plan.chip} 以 {found['tokens']} 训练 {plan.model}，约需 {found['days']}"
            f"（{found['accelerator_hours']} 卡时），期间预计故障 {found['failures']} 次。"
        )
        memory = f"每卡需 {found['needed']}，可用 {found['usable']}；并行布局：{way}。"
    else:
        time = (
            f"{count} x {plan.chip} train {plan.model} on {found['tokens']} in {found['days']}: "
            f"{found['accelerator_hours']} of one accelerator, with {found['failures']} failures on the way."
        )
        memory = f"Each accelerator needs {found['needed']} of {found['usable']}; the layout is {way}."
    return (time, memory, *_costs(found, chinese), *_caveat(plan.figures, chinese))


def served(plan: admin.ServingPlan, chinese: bool) -> tuple[str, ...]:
    found = _shown(plan.figures, chinese)
    users = found["users"].split()[0]
    longest = f"{plan.capacity.longest_context:,}" if plan.capacity else ""
    if chinese:
        size = (
            f"为 {users} 个用户提供 {plan.model} 服务，对应 {plan.accelerators} 张 {plan.chip}："
            f"{plan.replicas} 个副本，每副本 {plan.replica} 张；瓶颈为{_LIMITS[plan.limit]}。"
        )
        speed = (
            f"首 token 约 {found['first_token_seconds']}，此后每 token 约 {found['token_seconds']}；"
            f"最多可输出 {found['most_output_rate']}，最忙时需 {found['output_rate']}。"
        )
        context = [f"单次请求最长 {longest} token。"] if longest else []
    else:
        size = (
            f"{plan.model} for {users} users: {plan.accelerators} x {plan.chip}, in {plan.replicas} replicas of "
            f"{plan.replica}. What a faster replica would need first is {plan.limit}."
        )
        speed = (
            f"The first token comes after {found['first_token_seconds']}, the others every "
            f"{found['token_seconds']}; {found['most_output_rate']} can be written, {found['output_rate']} are asked "
            "for at the busiest."
        )
        context = [f"One call may have {longest} tokens."] if longest else []
    return (size, *context, speed, *_costs(found, chinese), *_caveat(plan.figures, chinese))


def compared(plan: admin.ComparisonPlan, chinese: bool) -> tuple[str, ...]:
    best = plan.options[0]
    volume, cost = f"{plan.million_tokens:,.4g}", f"{best.month:,.2f} {plan.currency}"
    first = (
        f"每月 {volume} 百万 token 时，{best.name} 最便宜：每月 {cost}。"
        if chinese
        else f"At {volume} million tokens a month, {best.name} is the cheapest: {cost} a month."
    )
    unfit = [f"{each.name}{'：' if chinese else ': '}{each.reason.message}" for each in plan.unfit]
    figures = [each for option in plan.options for each in option.figures]
    return (first, *(turned(turn, chinese) for turn in plan.break_evens), *unfit, *_caveat(figures, chinese))


def turned(turn: admin.BreakEven, chinese: bool) -> str:
    """Where the order of two options turns."""
    at = f"{turn.million_tokens:,.4g}"
    if chinese:
        short = "" if turn.reached else "（超出其能力）"
        return f"每月 {at} 百万 token 起，{turn.above} 比 {turn.below} 便宜{short}。"
    short = "" if turn.reached else " (more than it can do)"
    return f"From {at} million tokens a month on, {turn.above} is cheaper than {turn.below}{short}."


def _shown(figures: Sequence[admin.PlanFigure], chinese: bool) -> dict[str, str]:
    return {figure.name: shown(figure, "zh" if chinese else "en") for figure in figures}


def _costs(found: dict[str, str], chinese: bool) -> list[str]:
    said = [
        f"{way[chinese]} {found[name]}"
        for name, way in (("owned_cost", ("owned", "自有")), ("rented_cost", ("rented", "租用")))
        if name in found
    ]
    sentences = [("成本：" if chinese else "Cost: ") + ("，" if chinese else ", ").join(said)] if said else []
    if "energy" in found:
        energy, co2 = found["energy"], found["co2"]
        sentences.append(
            f"耗电 {energy}，排放二氧化碳 {co2}" if chinese else f"Energy: {energy}; carbon dioxide: {co2}"
        )
    return [sentence + ("。" if chinese else ".") for sentence in sentences]


def _caveat(figures: Sequence[admin.PlanFigure], chinese: bool) -> list[str]:
    marked = len({figure.name for figure in figures if figure.marked})
    if not marked:
        return []
    return [
        f"有 {marked} 项标有 * 的输入是假设或估计值：换成自己的数值后再作决定。"
        if chinese
        else f"{marked} inputs, marked *, are assumptions or estimates: set your own before you decide."
    ]
