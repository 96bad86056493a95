"""Ways to have the same answers side by side: own hardware, rented, a provider's API, devices at the edge."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from jixi.compute.planner._checks import checked, contradiction
from jixi.compute.planner._model import WeightFormat
from jixi.compute.planner._serving import ServingPlan, plan_serving
from jixi.compute.planner._sheet import Sheet, Work
from jixi.compute.planner._site import Hardware, Payment, Site, raise_lacking
from jixi.compute.planner._workload import Engine, ServingTask
from jixi.core.errors import JixiError

OptionKind = Literal["owned", "rented", "api", "edge"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """`fixed` is for a month whatever comes, `variable` for a million tokens, in and out in the task's proportion.

    `most_tokens` a month can be had for that, None: any number.
    """

    name: str
    kind: OptionKind
    currency: str
    fixed: float
    variable: float
    most_tokens: float | None
    accelerators: int
    sheet: Sheet

    def month(self, million_tokens: float) -> float:
        """What a month of so many tokens costs."""
        return self.fixed + self.variable * million_tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakEven:
    """From `million_tokens` a month on, `above` is the cheaper of the two; `reached` unless it cannot do as many."""

    below: str
    above: str
    million_tokens: float
    reached: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The cheapest first, for `million_tokens` a month."""

    million_tokens: float
    currency: str
    options: tuple[Option, ...]
    costs: tuple[float, ...]
    break_evens: tuple[BreakEven, ...]


def owned(name: str, plan: ServingPlan) -> Option:
    """Own hardware; raises the problem that the plan could not compute its cost for."""
    return _hardware(name, "owned", plan)


def rented(name: str, plan: ServingPlan) -> Option:
    """The same hardware by the hour, all month; raises the problem that the plan could not compute its cost for."""
    return _hardware(name, "rented", plan)


def edge(name: str, plan: ServingPlan, users_per_device: float = 1) -> Option:
    """Devices that stand with their users, so many users to each, and never fewer than the plan needs."""
    checked("users_per_device", users_per_device, 1e-6, 1e9)
    work = _costed("owned", plan)
    work.note("users_per_device", users_per_device, "user")
    work.compute("devices", "max(accelerators, ceil(users / users_per_device))", "1")
    work.compute("fixed_month", "devices * month * owned_hour", f"{plan.site.currency}/month")
    return _option(name, "edge", plan, work, int(work["devices"]))


def api(
    name: str, task: ServingTask, input_price: float, output_price: float, site: Site | None = None
) -> Option:
    """A provider's API, at prices for a million tokens in the site's currency."""
    currency = (site or Site()).currency
    work = Work()
    unit = f"{currency}/Mtoken"
    work.note("input_price", checked("input_price", input_price, 0, 1e6), unit)
    work.note("output_price", checked("output_price", output_price, 0, 1e6), unit)
    work.note("prompt_tokens", task.prompt_tokens, "token")
    work.note("output_tokens", task.output_tokens, "token")
    work.compute("output_share", "output_tokens / (prompt_tokens + output_tokens)", "1")
    work.compute("variable", "input_price * (1 - output_share) + output_price * output_share", unit)
    return Option(
        name=name,
        kind="api",
        currency=currency,
        fixed=0,
        variable=work["variable"],
        most_tokens=None,
        accelerators=0,
        sheet=work.sheet(),
    )


def compare(options: Sequence[Option], million_tokens: float) -> Comparison:
    """Side by side, with the volumes at which the order of two turns."""
    checked("million_tokens", million_tokens, 0, 1e12)
    checked("options", len(options), 1, 1000)
    currency = options[0].currency
    for option in options:
        if option.currency != currency:
            raise contradiction("currency", option.currency, "currency", currency)
    ranked = sorted(options, key=lambda option: option.month(million_tokens))
    turns = [turn for pair in combinations(options, 2) if (turn := _turn(*pair)) is not None]
    return Comparison(
        million_tokens=million_tokens,
        currency=currency,
        options=tuple(ranked),
        costs=tuple(option.month(million_tokens) for option in ranked),
        break_evens=tuple(sorted(turns, key=lambda turn: turn.million_tokens)),
    )


def plan_variants(
    task: ServingTask,
    hardware: Hardware,
    formats: Sequence[WeightFormat],
    engine: Engine | None = None,
    site: Site | None = None,
) -> dict[WeightFormat, ServingPlan | JixiError]:
    """The same task with weights of other formats; a problem where one cannot be served."""
    found: dict[WeightFormat, ServingPlan | JixiError] = {}
    for weights in formats:
        try:
            found[weights] = plan_serving(replace(task, weights=weights), hardware, engine, site)
        except JixiError as error:
            found[weights] = error
    return found


def _hardware(name: str, kind: Payment, plan: ServingPlan) -> Option:
    work = _costed(kind, plan)
    work.compute("fixed_month", f"{kind}_cost", f"{plan.site.currency}/month")
    return _option(name, kind, plan, work, plan.accelerators)


def _costed(kind: Payment, plan: ServingPlan) -> Work:
    raise_lacking(plan.lacking, kind)
    return Work(plan.sheet)


def _option(name: str, kind: OptionKind, plan: ServingPlan, work: Work, accelerators: int) -> Option:
    return Option(
        name=name,
        kind=kind,
        currency=plan.site.currency,
        fixed=work["fixed_month"],
        variable=0,
        most_tokens=work["most_month_tokens"],
        accelerators=accelerators,
        sheet=work.sheet(),
    )


def _turn(one: Option, other: Option) -> BreakEven | None:
    """Where two cost the same; None where one is never the dearer."""
    if one.variable == other.variable:
        return None
    at = (other.fixed - one.fixed) / (one.variable - other.variable)
    if at <= 0:
        return None
    below, above = (one, other) if one.variable > other.variable else (other, one)
    reached = above.most_tokens is None or at * 1e6 <= above.most_tokens
    return BreakEven(below=below.name, above=above.name, million_tokens=at, reached=reached)
