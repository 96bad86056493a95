"""Live traffic: each tenant's seconds, exact, from memory."""

from datetime import timedelta

import msgspec
import pytest

from jixi.core.usage import Usage
from jixi.telemetry import Second, Tally, Traffic, tallied
from tests.clocks import FrozenClock
from tests.traces import call, refused


@pytest.fixture
def traffic(clock: FrozenClock) -> Traffic:
    return Traffic(clock)


def test_a_second_counts_what_ended_in_it(traffic: Traffic, clock: FrozenClock) -> None:
    at = clock.now()
    traffic.began("ten_a")
    traffic.began("ten_a")
    times = [{"reserved": 1.0, "first_token": ms} for ms in (30.0, 90.4, 500.0)]
    traffic.take([call(marks=marks) for marks in times])
    traffic.take([call(outcome="failed", error_code="engine_error"), call(outcome="cancelled"), refused()])
    traffic.ended("ten_a")
    clock.advance(1)
    assert traffic.seconds("ten_a", 1) == [
        Second(
            at=at,
            calls=6,
            errors=1,
            refused=1,
            input_tokens=50,
            output_tokens=105,
            running=1,
            waiting=0,
            first_token_ms_p50=40,
        )
    ]


def test_what_calls_of_another_process_came_to_counts_like_calls_of_this_one(clock: FrozenClock) -> None:
    calls = [call(marks={"reserved": 1.0, "first_token": float(ms)}) for ms in range(150)]
    calls += [call(outcome="failed", error_code="engine_error"), call(outcome="cancelled"), refused()]
    here, both = Traffic(clock), Traffic(clock)
    here.take(calls)
    both.take(calls[:100])
    both.add(msgspec.json.decode(msgspec.json.encode(tallied(calls[100:])), type=dict[str, Tally]))
    clock.advance(1)
    assert both.seconds("ten_a", 1) == here.seconds("ten_a", 1)
    assert both.seconds("ten_a", 1)[0].calls == len(calls)


def test_quiet_seconds_are_there_and_keep_what_runs_in_them(traffic: Traffic, clock: FrozenClock) -> None:
    start = clock.now()
    traffic.began("ten_a")
    clock.advance(3)
    traffic.began("ten_a")
    traffic.take([call(usage=Usage(output_tokens=7))])
    clock.advance(2)
    seconds = traffic.seconds("ten_a", 6)
    assert [each.at - start for each in seconds] == [timedelta(seconds=second) for second in range(-1, 5)]
    assert [each.running for each in seconds] == [0, 1, 1, 1, 2, 2]
    assert [each.output_tokens for each in seconds] == [0, 0, 0, 0, 7, 0]


def test_tenants_see_nothing_of_each_other(traffic: Traffic, clock: FrozenClock) -> None:
    traffic.began("ten_a")
    traffic.take([call()])
    clock.advance(1)
    assert traffic.seconds("ten_b", 3) == [
        Second(clock.now() - timedelta(seconds=second)) for second in (3, 2, 1)
    ]


def test_who_waits_is_asked_when_a_second_ends(clock: FrozenClock) -> None:
    traffic = Traffic(clock, {"ten_a": 4, "ten_b": 0}.__getitem__)
    for tenant in ("ten_a", "ten_b"):
        traffic.began(tenant)
    clock.advance(1)
    assert [traffic.seconds(tenant, 1)[0].waiting for tenant in ("ten_a", "ten_b")] == [4, 0]


def test_memory_ends_after_a_quarter_of_an_hour(traffic: Traffic, clock: FrozenClock) -> None:
    for _ in range(1000):
        traffic.take([call()])
        clock.advance(1)
    assert sum(each.calls for each in traffic.seconds("ten_a", 2000)) == 900
