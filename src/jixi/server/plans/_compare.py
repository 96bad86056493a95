"""Ways to serve the same task, side by side."""

from typing import Final

from jixi.compute import planner
from jixi.compute.planner import Engine, Hardware, Option, ServingPlan, ServingTask, Site, plan_serving
from jixi.core.errors import JixiError, problem
from jixi.server.plans._desk import Desk, said
from jixi.server.plans._plans import serving_task
from jixi.wire import admin

_UNFIT: Final = ("planner_does_not_fit", "planner_target_unreachable", "planner_value_missing")
"""What one option cannot, while another can."""


def compare(desk: Desk, wanted: admin.ComparisonPlanRequest) -> admin.ComparisonPlan:
    """Raises `planner_…` problems, `invalid_value`, and what `desk.find` raises."""
    names = [option.name for option in wanted.options]
    if len(set(names)) < len(names):
        raise problem("invalid_value", param="options", reason="each option needs a name of its own")
    if wanted.tornado is not None and wanted.tornado not in names:
        raise problem("invalid_value", param="tornado", reason="it names none of the options")
    options, unfit = list[Option](), list[JixiError]()
    unfit_options, asked = list[admin.UnfitOption](), wanted.million_tokens
    for each in wanted.options:
        try:
            option = _option(desk, wanted, each)
        except JixiError as error:
            if error.code not in _UNFIT:
                raise
            unfit.append(error)
            unfit_options.append(admin.UnfitOption(name=each.name, reason=desk.reason(error)))
            continue
        options.append(option)
        if asked is None and "month_tokens" in option.sheet:
            asked = option.sheet.value("month_tokens") / 1e6
    if not options:
        raise unfit[0]
    if asked is None:
        raise problem("planner_value_missing", param="million_tokens", name="million_tokens", of=names[0])
    return _answer(desk, wanted, planner.compare(options, asked), unfit_options)


def _tornado(
    desk: Desk, wanted: admin.ComparisonPlanRequest, found: planner.Comparison
) -> admin.ComparedTornado | None:
    """Of the option that is named, unless it cannot be compared."""
    costs = {option.name: cost for option, cost in zip(found.options, found.costs, strict=True)}
    option = next((each for each in wanted.options if each.name == wanted.tornado), None)
    if option is None or option.name not in costs:
        return None
    if isinstance(option, admin.ApiOption):
        task = serving_task(desk, wanted, wanted.users)
        prices = option.input_price, option.output_price
        swings = planner.api_tornado(task, *prices, found.million_tokens)
    elif option.kind == "edge":
        swings = planner.edge_tornado(*_inputs(desk, wanted, option), option.users_per_device or 1)
    else:
        swings = planner.serving_tornado(*_inputs(desk, wanted, option), option.kind)
    return admin.ComparedTornado(option=option.name, cost=costs[option.name], swings=desk.swings(swings))


def _option(
    desk: Desk, wanted: admin.ComparisonPlanRequest, option: admin.HardwareOption | admin.ApiOption
) -> Option:
    if isinstance(option, admin.ApiOption):
        site = Site(**said(wanted.site))
        task = serving_task(desk, wanted, wanted.users)
        task.check()
        return planner.api(option.name, task, option.input_price, option.output_price, site)
    if option.kind == "edge":
        return planner.edge(option.name, _plan(desk, wanted, option), option.users_per_device or 1)
    if option.users_per_device is not None:
        reason = "only devices at the edge have users_per_device"
        raise problem("invalid_value", param="users_per_device", reason=reason)
    make = planner.owned if option.kind == "owned" else planner.rented
    return make(option.name, _plan(desk, wanted, option))


def _plan(desk: Desk, wanted: admin.ComparisonPlanRequest, option: admin.HardwareOption) -> ServingPlan:
    return plan_serving(*_inputs(desk, wanted, option))


def _inputs(
    desk: Desk, wanted: admin.ComparisonPlanRequest, option: admin.HardwareOption
) -> tuple[ServingTask, Hardware, Engine, Site]:
    own = {name: getattr(option, name) for name in ("weights", "cache") if getattr(option, name) is not None}
    if "weights" in own:
        # The file that the comparison speaks of has other weights.
        own["weight_bytes"] = None
    return (
        serving_task(desk, wanted.model_copy(update=own), wanted.users),
        desk.hardware(option.hardware),
        Engine(**said(wanted.engine)),
        Site(**said(wanted.site) | said(option.site)),
    )


def _answer(
    desk: Desk,
    wanted: admin.ComparisonPlanRequest,
    found: planner.Comparison,
    unfit: list[admin.UnfitOption],
) -> admin.ComparisonPlan:
    return admin.ComparisonPlan(
        model=desk.model(wanted.model).name,
        currency=found.currency,
        million_tokens=found.million_tokens,
        options=[
            admin.ComparedOption(
                name=option.name,
                kind=option.kind,
                month=cost,
                fixed=option.fixed,
                variable=option.variable,
                most_million_tokens=None if option.most_tokens is None else option.most_tokens / 1e6,
                accelerators=option.accelerators,
                figures=desk.figures(option.sheet),
            )
            for option, cost in zip(found.options, found.costs, strict=True)
        ],
        break_evens=[admin.BreakEven.model_validate(turn) for turn in found.break_evens],
        unfit=unfit,
        tornado=_tornado(desk, wanted, found),
    )
