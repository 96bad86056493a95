"""How many replicas there should be: whatever the load, the decision keeps to its bounds and calms down."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jixi.models.deployments import Course, Load, Scale, steer

_LOADS = st.builds(
    Load,
    ready=st.integers(0, 20),
    parallel=st.integers(1, 8),
    in_flight=st.integers(0, 200),
    waiting=st.integers(0, 200),
    tokens_per_second=st.floats(0, 10_000),
)
_SCALES = st.builds(
    Scale,
    least=st.integers(0, 5),
    most=st.integers(1, 12),
    queue=st.floats(0.5, 20),
    tokens_per_second=st.none() | st.floats(1, 2000),
    up_s=st.floats(0, 60),
    down_s=st.floats(0, 600),
)
_TICK_S = 1.0


def under(scale: Scale, demand: int, pace: float, parallel: int, start: int, ticks: int) -> list[int]:
    """How many replicas are wanted at each tick, while `demand` callers and `pace` tokens a second stay as they are."""
    course, wanted = Course(wanted=start), list[int]()
    for tick in range(ticks):
        places = course.wanted * parallel
        load = Load(
            ready=course.wanted,
            parallel=parallel,
            in_flight=min(demand, places),
            waiting=max(0, demand - places),
            tokens_per_second=pace,
        )
        course = steer(scale, load, course, tick * _TICK_S)
        wanted.append(course.wanted)
    return wanted


@given(_SCALES, st.lists(_LOADS, min_size=1, max_size=40), st.integers(0, 30))
def test_there_are_never_fewer_than_the_least_nor_more_than_the_most(
    scale: Scale, loads: list[Load], start: int
) -> None:
    least = max(1, scale.least)
    most = max(least, scale.most)
    course = Course(wanted=start)
    for tick, load in enumerate(loads):
        before, course = course.wanted, steer(scale, load, course, tick * _TICK_S)
        assert least <= course.wanted <= most
        assert tick == 0 or abs(course.wanted - before) <= 1


@given(
    _SCALES.map(lambda scale: replace(scale, up_s=scale.up_s % 5, down_s=scale.down_s % 5)),
    st.integers(0, 60),
    st.floats(0, 5000),
    st.integers(1, 6),
    st.integers(1, 12),
)
def test_a_load_that_stays_the_same_moves_it_in_one_direction_and_then_not_at_all(
    scale: Scale, demand: int, pace: float, parallel: int, start: int
) -> None:
    wanted = under(scale, demand, pace, parallel, start, 160)[1:]
    steps = {later - earlier for earlier, later in pairwise(wanted)}
    assert steps <= {0, 1} or steps <= {0, -1}
    assert len(set(wanted[-20:])) == 1


def test_a_queue_brings_one_more_at_a_time_and_only_while_it_lasts() -> None:
    scale = Scale(least=1, most=4, queue=2, up_s=10, down_s=60)
    wanted = under(scale, demand=9, pace=0, parallel=2, start=1, ticks=60)
    assert wanted[9] == 1
    assert wanted[10] == 2
    assert max(wanted) == wanted[-1] == 3
    assert wanted.index(3) - wanted.index(2) >= 10


def test_no_call_waits_and_one_less_would_do_so_there_is_one_less_after_a_while() -> None:
    scale = Scale(least=1, most=4, down_s=30)
    wanted = under(scale, demand=2, pace=0, parallel=2, start=4, ticks=200)
    assert wanted[29] == 4
    assert wanted[30] == 3
    # Two callers fill a replica: the second stays as a reserve.
    assert wanted[-1] == 2


def test_a_short_burst_changes_nothing() -> None:
    scale = Scale(least=1, most=4, up_s=10)
    busy = Load(ready=1, parallel=2, in_flight=2, waiting=8, tokens_per_second=0)
    course = Course(wanted=1)
    for tick in range(40):
        course = steer(scale, busy if tick % 10 else replace(busy, waiting=0), course, tick * _TICK_S)
    assert course.wanted == 1


def test_tokens_a_second_bring_one_more_although_nobody_waits() -> None:
    scale = Scale(least=1, most=3, tokens_per_second=100, up_s=5)
    assert under(scale, demand=1, pace=150, parallel=2, start=1, ticks=30)[-1] == 2
    assert under(scale, demand=1, pace=90, parallel=2, start=1, ticks=30)[-1] == 1


def test_none_is_added_while_the_last_one_is_still_loading() -> None:
    scale = Scale(least=1, most=4, up_s=0)
    busy = Load(ready=1, parallel=2, in_flight=2, waiting=50, tokens_per_second=0)
    assert steer(scale, busy, Course(wanted=2), 0).wanted == 2
    assert steer(scale, replace(busy, ready=2), Course(wanted=2), 0).wanted == 3
