"""An inference plan: accelerators, speed and cost for so many users, or the users for so many accelerators."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from jixi.compute.planner._checks import checked
from jixi.compute.planner._model import Model
from jixi.compute.planner._replica import Limit, limit_of, write_replica, write_speed
from jixi.compute.planner._sheet import Sheet, Work
from jixi.compute.planner._site import Hardware, Site
from jixi.compute.planner._workload import Engine, ServingTask, workload, write_demand, write_month
from jixi.core.errors import JixiError, problem

_MOST_REPLICA: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class ServingPlan:
    """`sheet` has all of it; `limit` is what a faster replica would need first. What could not be computed stands in
    `lacking` with the problem that names the number: of "energy", "owned_cost", "rented_cost".
    """

    task: ServingTask
    hardware: Hardware
    site: Site
    replica: int
    replicas: int
    batch: int
    limit: Limit
    sheet: Sheet
    lacking: Mapping[str, JixiError]

    @property
    def accelerators(self) -> int:
        return self.replica * self.replicas


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """What own hardware can do: `plan` is for as many `users` as it can have. `longest` is the longest context of one
    call that fits into a replica.
    """

    users: int
    longest: int
    plan: ServingPlan


def plan_serving(
    task: ServingTask, hardware: Hardware, engine: Engine | None = None, site: Site | None = None
) -> ServingPlan:
    """The plan with the fewest accelerators. Raises `planner_…` problems."""
    site, engine = site or Site(), engine or Engine()
    base = workload(task, hardware, engine, site)
    best: Work | None = None
    for work in _replicas(task, hardware, base, _MOST_REPLICA):
        write_demand(work)
        if best is None or work["accelerators"] < best["accelerators"]:
            best = work
    if best is None:
        raise _why_none(task, hardware, base)
    return _finished(task, hardware, site, best)


def plan_capacity(
    task: ServingTask,
    hardware: Hardware,
    accelerators: int,
    engine: Engine | None = None,
    site: Site | None = None,
) -> Capacity:
    """What so many accelerators can do; `task.users` is not looked at. Raises `planner_…` problems."""
    checked("accelerators", accelerators, 1, 1e7)
    site, engine = site or Site(), engine or Engine()
    task = replace(task, users=1)
    base = workload(task, hardware, engine, site)
    best: tuple[float, Work] | None = None
    for work in _replicas(task, hardware, base, accelerators):
        at_work = accelerators // int(work["replica"]) - task.spare
        users = at_work * work["replica_rate"] * work["load"] * work["hour"] / task.prompts_per_hour
        if at_work > 0 and (best is None or users > best[0]):
            best = (users, work)
    if best is None:
        raise _why_none(task, hardware, base, accelerators)
    users, work = best
    whole = math.floor(users * (1 + 1e-9))
    work.note("users", max(whole, min(users, 1)), "user", "layout")
    write_demand(work)
    plan = _finished(replace(task, users=work["users"]), hardware, site, work)
    return Capacity(users=whole, longest=_longest(task, work), plan=plan)


def _replicas(task: ServingTask, hardware: Hardware, base: Work, most: int) -> Iterator[Work]:
    """Every size of replica that holds the model and keeps the times asked for, with the largest batch that does."""
    for size in _sizes(task.model, hardware, most):
        work = base.fork()
        write_replica(work, task.model, size)
        if (batch := _batch(task, work)) is not None:
            write_speed(work, task.model, batch)
            yield work


def _sizes(model: Model, hardware: Hardware, most: int) -> Iterator[int]:
    """How many accelerators may share a replica: as many as there are heads; only those that links join, and over the
    network only chips that are built for it.
    """
    far = hardware.chip.link is not None and hardware.chip.kind in ("gpu", "tpu", "npu")
    widest = min(most, model.heads or _MOST_REPLICA, _MOST_REPLICA if far else hardware.joined)
    size = 1
    while size <= widest:
        yield size
        size *= 2


def _batch(task: ServingTask, work: Work) -> int | None:
    """The most sequences at once that fit and keep the times; None where not even one does."""
    most = int(work["batch_limit"])
    # Where calls begin to share the reading, a step takes less than with one call fewer: times grow on either side.
    turn = int(work["shared_from"]) if "shared_from" in work else 1
    return _most(task, work, turn, most) or _most(task, work, 1, min(turn - 1, most))


def _most(task: ServingTask, work: Work, least: int, most: int) -> int | None:
    """The most between these that keeps the times, which grow with it; None where none does."""
    low, high = least - 1, most
    if high > low and _in_time(task, _tried(task, work, high)):
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if _in_time(task, _tried(task, work, middle)):
            low = middle
        else:
            high = middle - 1
    return low if low >= least else None


def _tried(task: ServingTask, work: Work, batch: int) -> Work:
    tried = work.fork()
    write_speed(tried, task.model, batch)
    return tried


def _in_time(task: ServingTask, work: Work) -> bool:
    token, first = task.token_s, task.first_token_s
    return (token is None or work["token_seconds"] <= token) and (
        first is None or work["first_token_seconds"] <= first
    )


def _why_none(task: ServingTask, hardware: Hardware, base: Work, most: int = _MOST_REPLICA) -> JixiError:
    """The problem with a task that no size of replica serves: memory, or a time that even one call misses."""
    closest, fastest = base, list[Work]()
    for size in _sizes(task.model, hardware, most):
        closest = base.fork()
        write_replica(closest, task.model, size)
        if closest["batch_by_memory"] >= 1:
            fastest.append(_tried(task, closest, 1))
    if not fastest or task.token_s is task.first_token_s is None:
        parts = {name: closest[name] for name in ("weights", "cache_sequence", "overhead")}
        return problem(
            "planner_does_not_fit",
            param="accelerators",
            needed_gib=f"{sum(parts.values()) / 2**30:.1f}",
            usable_gib=f"{closest['usable'] / 2**30:.1f}",
            largest=max(parts, key=lambda name: parts[name]),
        )
    name, wanted, figure = "first_token_s", task.first_token_s, "first_token_seconds"
    if task.token_s is not None and min(work["token_seconds"] for work in fastest) > task.token_s:
        name, wanted, figure = "token_s", task.token_s, "token_seconds"
    best = min(work[figure] for work in fastest)
    return problem("planner_target_unreachable", param=name, name=name, wanted=wanted, best=f"{best:.3g}")


def _longest(task: ServingTask, work: Work) -> int:
    """The longest context of one call, by halving: windows make the cache grow in bends."""
    low, high = 0, 2**40
    room = work["usable"] - work["weights"] - work["overhead"]
    tried = work.fork()
    while low < high:
        middle = (low + high + 1) // 2
        tried.note("context", middle, "token")
        kept = tried.compute("kept", f"cache_size * ({task.model.cache_formula('context', 'replica')})", "B")
        low, high = (middle, high) if kept <= room else (low, middle - 1)
    return low


def _finished(task: ServingTask, hardware: Hardware, site: Site, work: Work) -> ServingPlan:
    lacking = write_month(work, hardware, site)
    return ServingPlan(
        task=task,
        hardware=hardware,
        site=site,
        replica=int(work["replica"]),
        replicas=int(work["replicas"]),
        batch=int(work["batch"]),
        limit=limit_of(work),
        sheet=work.sheet(),
        lacking=MappingProxyType(lacking),
    )
