"""The state of a deployment says in one word how its replicas are."""

import pytest

from jixi.models.deployments import Reason, Standing, State, overall

_GOOD: Standing = ("ready", None)
_DEAD: Standing = ("starting", Reason("exited", {"status": 1}))
_NO_ROOM: Standing = ("pending", Reason("no_room", {"needed": 2, "free": 1}))


@pytest.mark.parametrize(
    ("replicas", "least", "state", "code"),
    [
        ([], 1, "pending", None),
        ([_GOOD], 1, "ready", None),
        ([_DEAD], 1, "starting", "exited"),
        ([("degraded", Reason("stalled"))], 1, "degraded", "stalled"),
        ([_NO_ROOM], 1, "pending", "no_room"),
        ([("starting", None)], 1, "starting", None),
        ([("failed", Reason("crash_loop"))], 1, "failed", "crash_loop"),
        ([("failed", Reason("crash_loop")), ("starting", None)], 1, "starting", None),
        ([_GOOD, ("starting", None)], 2, "degraded", "replicas_not_ready"),
        ([_GOOD, _DEAD], 2, "degraded", "replicas_not_ready"),
        ([_GOOD, _DEAD], 1, "degraded", "replicas_not_ready"),
        ([_GOOD, ("failed", Reason("crash_loop"))], 1, "degraded", "replicas_not_ready"),
        # One more than must be, that only begins or finds no room yet, is no trouble.
        ([_GOOD, ("starting", None)], 1, "ready", None),
        ([_GOOD, ("pending", None)], 1, "ready", None),
        ([_GOOD, _NO_ROOM], 1, "ready", None),
        ([_GOOD, _NO_ROOM], 2, "degraded", "replicas_not_ready"),
    ],
)
def test_it_follows_from_the_replicas(
    replicas: list[Standing], least: int, state: State, code: str | None
) -> None:
    found, reason = overall(replicas, least)
    assert (found, None if reason is None else reason.code) == (state, code)


def test_the_reason_has_the_numbers_and_what_befell_one() -> None:
    _, reason = overall([_GOOD, _DEAD, _GOOD], 3)
    assert reason == Reason("replicas_not_ready", {"ready": 2, "wanted": 3, "last": "exited", "status": 1})
