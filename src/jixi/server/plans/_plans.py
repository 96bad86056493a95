"""Plans for training and for serving."""

from typing import Any

from jixi.compute.planner import (
    Capacity,
    Engine,
    Fleet,
    Layout,
    ServingPlan,
    ServingTask,
    Site,
    Swing,
    TrainingPlan,
    TrainingTask,
    plan_capacity,
    plan_serving,
    plan_training,
    serving_tornado,
    training_tornado,
)
from jixi.core.errors import problem
from jixi.server.plans._desk import Desk, said
from jixi.wire import admin

_MOST_LAYOUTS = 10


def train(desk: Desk, wanted: admin.TrainingPlanRequest) -> admin.TrainingPlan:
    """Raises `planner_…` problems, and what `desk.find` raises."""
    task = TrainingTask(
        model=desk.model(wanted.model),
        **said(wanted, "model", "hardware", "fleet", "site", "layout", "tornado"),
    )
    fleet = Fleet(hardware=desk.hardware(wanted.hardware), **said(wanted.fleet))
    site = Site(**said(wanted.site))
    plan = plan_training(task, fleet, site, wanted.layout and Layout(**said(wanted.layout)))
    swings = wanted.tornado and training_tornado(task, fleet, site, wanted.tornado)
    return admin.TrainingPlan(
        **_shared(desk, plan, site, wanted.tornado, swings or ()),
        layout=_layout(plan.layout),
        layouts=[_layout(each) for each in plan.layouts[:_MOST_LAYOUTS]],
        fitting=len(plan.layouts),
    )


def serve(desk: Desk, wanted: admin.ServingPlanRequest) -> admin.ServingPlan:
    """Raises `planner_…` problems, `invalid_value`, and what `desk.find` raises."""
    hardware, engine = desk.hardware(wanted.hardware), Engine(**said(wanted.engine))
    site, task = Site(**said(wanted.site)), serving_task(desk, wanted, wanted.users or 1)
    if wanted.accelerators is not None:
        if wanted.users is not None or wanted.tornado is not None:
            reason = "accelerators are given in place of users, and a tornado needs users"
            raise problem("invalid_value", param="accelerators", reason=reason)
        found = plan_capacity(task, hardware, wanted.accelerators, engine, site)
        return _serving(desk, found.plan, found)
    if wanted.users is None:
        raise problem("planner_value_missing", param="users", name="users", of=task.model.name)
    plan = plan_serving(task, hardware, engine, site)
    swings = wanted.tornado and serving_tornado(task, hardware, engine, site, wanted.tornado)
    return _serving(desk, plan, None, wanted.tornado, swings or ())


def serving_task(desk: Desk, wanted: admin.PlanTask, users: float) -> ServingTask:
    """The planner wants users even where it is told accelerators, and does not look at them then."""
    named = {
        name: value for name, value in said(wanted, "model").items() if name in admin.PlanTask.model_fields
    }
    return ServingTask(model=desk.model(wanted.model), users=users, **named)


def _serving(
    desk: Desk,
    plan: ServingPlan,
    capacity: Capacity | None,
    pay: admin.Payment | None = None,
    swings: tuple[Swing, ...] = (),
) -> admin.ServingPlan:
    return admin.ServingPlan(
        **_shared(desk, plan, plan.site, pay, swings),
        accelerators=plan.accelerators,
        replicas=plan.replicas,
        replica=plan.replica,
        batch=plan.batch,
        limit=plan.limit,
        capacity=capacity and admin.PlanCapacity(users=capacity.users, longest_context=capacity.longest),
    )


def _shared(
    desk: Desk,
    plan: TrainingPlan | ServingPlan,
    site: Site,
    pay: admin.Payment | None,
    swings: tuple[Swing, ...],
) -> dict[str, Any]:
    hardware = plan.fleet.hardware if isinstance(plan, TrainingPlan) else plan.hardware
    tornado = pay and admin.PlanTornado(
        pay=pay,
        cost=plan.sheet.value(f"{pay}_cost"),
        swings=desk.swings(swings),
    )
    return {
        "model": plan.task.model.name,
        "chip": hardware.chip.id,
        "currency": site.currency,
        "figures": desk.figures(plan.sheet),
        "lacking": {what: desk.reason(error) for what, error in plan.lacking.items()},
        "tornado": tornado,
    }


def _layout(layout: Layout) -> admin.LayoutChoice:
    return admin.LayoutChoice.model_validate(layout)
