"""A rolling update: replica by replica, a new one serves before an old one leaves. Those that suit the new
specification stay as they are.
"""

import asyncio
import contextlib
from collections.abc import Callable

from jixi.models.deployments._crew import Crew
from jixi.models.deployments._keeper import Keeper
from jixi.models.deployments._spec import DeploymentSpec, Reason
from jixi.models.engines import Engine

_TRIES = 2
"""Starts of a new replica that may fail before the update is given up."""


async def replace_all(
    crew: Crew, spec: DeploymentSpec, engine: Engine, wanted: int, room_s: float, replaced: Callable[[], None]
) -> Reason | None:
    """Replace every replica that runs another specification, until `wanted` serve that run this one; the others only
    leave. Why a new one did not get ready, or None.

    Where there is no room for one more, an old one leaves first, and its room is waited for `room_s` seconds.
    """
    crew.take_over(spec)
    while (old := _next(crew, spec)) is not None:
        enough = sum(each.spec is spec and each.replica is not None for each in crew.staying) >= wanted
        if enough or (old.holds_nothing and any(not each.holds_nothing for each in _old(crew, spec))):
            # Where it is not enough: it has nothing to give, and the others prove the new one.
            await asyncio.shield(crew.dismiss(old))
            replaced()
            continue
        new = crew.start(spec, engine, proves=True)
        await crew.until(lambda new=new: _is_settled(new) or new.lacks_room)
        if new.lacks_room:
            await asyncio.shield(crew.dismiss(old))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(room_s):
                    await crew.until(lambda new=new: not new.lacks_room)
            await crew.until(lambda new=new: _is_settled(new) or new.lacks_room)
        if new.state != "ready":
            reason = new.reason if new.state in ("failed", "pending") else new.last_failure
            crew.dismiss(new)
            return reason or Reason("cannot_start")
        await asyncio.shield(crew.dismiss(old))
        replaced()
    return None


def _next(crew: Crew, spec: DeploymentSpec) -> Keeper | None:
    """Who is to go next: rather one that does not serve."""
    return min(_old(crew, spec), key=lambda each: (each.replica is not None, each.number), default=None)


def _old(crew: Crew, spec: DeploymentSpec) -> list[Keeper]:
    return [each for each in crew.staying if each.spec is not spec]


def _is_settled(keeper: Keeper) -> bool:
    return keeper.state in ("ready", "failed", "stopped") or keeper.failures >= _TRIES
