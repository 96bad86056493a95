"""A replica knows how long calls have waited for a sign of life, and how fast it is."""

from pathlib import Path

import pytest

from jixi.core.principal import Scope
from jixi.models.deployments import DeploymentSpec, Replica, Work
from jixi.models.engines import EngineClient, Profile
from tests.clocks import FrozenClock


@pytest.fixture
def replica(clock: FrozenClock) -> Replica:
    spec = DeploymentSpec(name="m", engine="stub", context=2048)
    return Replica(spec, Profile(kinds=frozenset({Scope.CHAT})), EngineClient(Path("nowhere.sock")), clock)


def test_an_idle_replica_is_silent_but_not_stalled(replica: Replica, clock: FrozenClock) -> None:
    clock.advance(50)
    assert (replica.stalled_s(), replica.silent_s(), replica.in_flight) == (0, 50, 0)


def test_the_wait_is_counted_from_the_first_call_without_an_answer(
    replica: Replica, clock: FrozenClock
) -> None:
    replica.begin()
    clock.advance(3)
    replica.begin()
    clock.advance(4)
    assert (replica.stalled_s(), replica.in_flight) == (7, 2)


def test_every_sign_of_life_starts_the_count_anew(replica: Replica, clock: FrozenClock) -> None:
    replica.begin()
    clock.advance(5)
    replica.progress(0)
    clock.advance(2)
    assert (replica.stalled_s(), replica.silent_s()) == (2, 2)


def test_callers_who_give_up_one_after_the_other_do_not_hide_a_stall(
    replica: Replica, clock: FrozenClock
) -> None:
    for _ in range(3):
        replica.begin()
        clock.advance(10)
        replica.end()
    replica.begin()
    assert replica.stalled_s() == 30


def test_an_answered_call_leaves_no_wait_to_the_next(replica: Replica, clock: FrozenClock) -> None:
    replica.begin()
    clock.advance(5)
    replica.progress(3)
    replica.end()
    clock.advance(60)
    replica.begin()
    assert replica.stalled_s() == 0


def test_speed_is_that_of_the_last_ten_whole_seconds(replica: Replica, clock: FrozenClock) -> None:
    for _ in range(30):
        replica.progress(3)
        replica.progress(2)
        clock.advance(1)
    assert replica.tokens_per_second() == 5
    clock.advance(5)
    assert replica.tokens_per_second() == 2.5
    clock.advance(6)
    assert replica.tokens_per_second() == 0


def test_calls_of_other_processes_count_as_its_own(replica: Replica, clock: FrozenClock) -> None:
    replica.heard("gateway-1", Work("", in_flight=2, tokens=0, moves=0))
    replica.heard("gateway-2", Work("", in_flight=1, tokens=0, moves=0))
    clock.advance(4)
    assert (replica.in_flight, replica.stalled_s()) == (3, 4)
    replica.heard("gateway-2", Work("", in_flight=1, tokens=20, moves=5))
    assert (replica.stalled_s(), replica.silent_s()) == (0, 0)
    clock.advance(1)
    assert replica.tokens_per_second() == 2


def test_a_process_that_ended_has_no_calls_any_more(replica: Replica, clock: FrozenClock) -> None:
    replica.heard("gateway-1", Work("", in_flight=2, tokens=0, moves=0))
    clock.advance(3)
    replica.heard("gateway-1", Work("", in_flight=2, tokens=1, moves=1))
    replica.heard("gateway-1", Work("", in_flight=0, tokens=0, moves=0))
    clock.advance(3)
    assert (replica.in_flight, replica.stalled_s(), replica.silent_s()) == (0, 0, 3)


def test_calls_elsewhere_that_get_nowhere_show_a_stall(replica: Replica, clock: FrozenClock) -> None:
    for _ in range(10):
        replica.heard("gateway-1", Work("", in_flight=1, tokens=0, moves=0))
        clock.advance(1)
    assert replica.stalled_s() == 10
