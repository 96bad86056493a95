"""Sensitivity: each input a little less and a little more, the others as they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from jixi.compute.planner._checks import checked
from jixi.compute.planner._compare import api, edge
from jixi.compute.planner._serving import ServingPlan, plan_serving
from jixi.compute.planner._site import Hardware, Payment, Site, raise_lacking
from jixi.compute.planner._training import Fleet, TrainingTask, plan_training
from jixi.compute.planner._workload import Engine, ServingTask

# The name of an input among its dataclass's fields, and among the figures of a sheet.
_SERVING_TASK: Final = ("users", "prompts_per_hour", "prompt_tokens", "output_tokens")
_ENGINE: Final = ("compute_utilisation", "bandwidth_utilisation", "load")
_TRAINING_TASK: Final = ("tokens",)
_FLEET: Final = ("utilisation", "scaling")
_PRICES: Final[Mapping[Payment, Mapping[str, str]]] = {
    "rented": {"rental": "rented_hour"},
    "owned": {
        "purchase": "purchase",
        "electricity_price": "electricity_price",
        "pue": "pue",
        "lifetime_years": "lifetime",
        "upkeep": "upkeep",
    },
}
_MOST: Final = {
    "load": 0.99,
    "compute_utilisation": 1,
    "bandwidth_utilisation": 1,
    "utilisation": 1,
    "scaling": 1,
}
_LEAST: Final = {"pue": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class Swing:
    """The result at the low and at the high value of one input."""

    name: str
    low: float
    high: float
    result_low: float
    result_high: float

    @property
    def width(self) -> float:
        return abs(self.result_high - self.result_low)


def tornado(
    base: Mapping[str, float], result: Callable[[Mapping[str, float]], float], spread: float = 0.2
) -> tuple[Swing, ...]:
    """Of every input, the widest first. `result` is given all inputs, one of them changed."""
    checked("spread", spread, 0.001, 0.9)
    swings: list[Swing] = []
    for name, value in base.items():
        low = max(value * (1 - spread), _LEAST.get(name, 0))
        high = min(value * (1 + spread), _MOST.get(name, float("inf")))
        swings.append(
            Swing(
                name=name,
                low=low,
                high=high,
                result_low=result({**base, name: low}),
                result_high=result({**base, name: high}),
            )
        )
    return tuple(sorted(swings, key=lambda swing: -swing.width))


def serving_tornado(
    task: ServingTask,
    hardware: Hardware,
    engine: Engine | None = None,
    site: Site | None = None,
    pay: Payment = "rented",
    spread: float = 0.2,
) -> tuple[Swing, ...]:
    """Of the monthly cost. Raises what `plan_serving` raises, and the problem that a cost is lacking for."""

    def cost(plan: ServingPlan, _: Mapping[str, float]) -> float:
        return plan.sheet.value(f"{pay}_cost")

    return _of_hardware(task, hardware, engine, site, pay, cost, {}, spread)


def edge_tornado(
    task: ServingTask,
    hardware: Hardware,
    engine: Engine | None = None,
    site: Site | None = None,
    users_per_device: float = 1,
    spread: float = 0.2,
) -> tuple[Swing, ...]:
    """Of the month of devices that stand with their users. Raises what `plan_serving` and `edge` raise."""

    def cost(plan: ServingPlan, inputs: Mapping[str, float]) -> float:
        return edge("", plan, inputs["users_per_device"]).fixed

    more = {"users_per_device": users_per_device}
    return _of_hardware(task, hardware, engine, site, "owned", cost, more, spread)


def api_tornado(
    task: ServingTask,
    input_price: float,
    output_price: float,
    million_tokens: float,
    spread: float = 0.2,
) -> tuple[Swing, ...]:
    """Of the month of a provider's API, at the task's proportion of tokens in and out. Raises what `api` raises."""

    def cost(inputs: Mapping[str, float]) -> float:
        option = api("", task, inputs["input_price"], inputs["output_price"])
        return option.month(inputs["million_tokens"])

    base = {"input_price": input_price, "output_price": output_price, "million_tokens": million_tokens}
    return tornado(base, cost, spread)


def _of_hardware(
    task: ServingTask,
    hardware: Hardware,
    engine: Engine | None,
    site: Site | None,
    pay: Payment,
    cost: Callable[[ServingPlan, Mapping[str, float]], float],
    more: Mapping[str, float],
    spread: float,
) -> tuple[Swing, ...]:
    """Of what `cost` makes of each plan; `more` are inputs that no plan has."""
    engine, site = engine or Engine(), site or Site()
    plan = plan_serving(task, hardware, engine, site)
    raise_lacking(plan.lacking, pay)
    names = {name: name for name in (*_SERVING_TASK, *_ENGINE)} | dict(_PRICES[pay])
    base = {name: plan.sheet.value(figure) for name, figure in names.items()}
    if pay == "owned":
        base["power_w"] = plan.sheet.value("power")

    def result(inputs: Mapping[str, float]) -> float:
        changed = replace(task, **{name: inputs[name] for name in _SERVING_TASK})
        if task.context is not None:
            changed = replace(
                changed, context=max(task.context, changed.prompt_tokens + changed.output_tokens)
            )
        other = replace(engine, **{name: inputs[name] for name in _ENGINE})
        place = replace(site, **{name: inputs[name] for name in _PRICES[pay]})
        chip = replace(hardware, power_w=inputs.get("power_w", hardware.power_w))
        return cost(plan_serving(changed, chip, other, place), inputs)

    return tornado({**base, **more}, result, spread)


def training_tornado(
    task: TrainingTask, fleet: Fleet, site: Site | None = None, pay: Payment = "rented", spread: float = 0.2
) -> tuple[Swing, ...]:
    """Of the cost of the run. Raises what `plan_training` raises, and the problem that a cost is lacking for."""
    site = site or Site()
    plan = plan_training(task, fleet, site)
    raise_lacking(plan.lacking, pay)
    names = {name: name for name in (*_TRAINING_TASK, *_FLEET)} | dict(_PRICES[pay])
    base = {name: plan.sheet.value(figure) for name, figure in names.items()}

    def cost(inputs: Mapping[str, float]) -> float:
        changed = replace(task, **{name: inputs[name] for name in _TRAINING_TASK})
        other = replace(fleet, **{name: inputs[name] for name in _FLEET})
        place = replace(site, **{name: inputs[name] for name in _PRICES[pay]})
        return plan_training(changed, other, place, plan.layout).sheet.value(f"{pay}_cost")

    return tornado(base, cost, spread)
