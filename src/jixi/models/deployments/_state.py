"""The state of a deployment, made of those of its replicas."""

from collections.abc import Sequence
from typing import Any

from jixi.models.deployments._spec import Reason, State

Standing = tuple[State, Reason | None]
_BEST_FIRST: tuple[State, ...] = ("ready", "degraded", "starting", "pending", "failed", "stopped", "pulling")


def overall(replicas: Sequence[Standing], least: int) -> Standing:
    """The state and its reason where `least` replicas should be ready at any time.

    One that is ready makes it ready, or degraded where there are too few, or where another is in trouble; one
    more that only starts, or waits for room, is no trouble. Where none is ready it is what the best of them is.
    """
    ready = sum(state == "ready" for state, _ in replicas)
    if not replicas:
        return "pending", None
    if not ready:
        return min(replicas, key=lambda each: _BEST_FIRST.index(each[0]))
    reasons = [(state, reason) for state, reason in replicas if state != "ready" and reason is not None]
    troubles = [reason for state, reason in reasons if state != "pending"]
    if not troubles and ready >= least:
        return "ready", None
    facts: dict[str, Any] = {"ready": ready, "wanted": max(len(replicas), least)}
    for reason in (troubles or [reason for _, reason in reasons])[-1:]:
        facts = {**reason.facts, "last": reason.code, **facts}
    return "degraded", Reason("replicas_not_ready", facts)
