"""How fast tokens come."""

from jixi.models.engines import Pace


def test_a_pace_is_over_the_last_ten_whole_seconds() -> None:
    pace = Pace()
    for now, tokens in ((0.5, 100), (4.0, 10), (4.9, 20), (13.2, 30)):
        pace.add(tokens, now)
    assert pace.per_second(13.9) == 3.0  # the second that runs does not count yet, the first one no more
    assert pace.per_second(14.0) == 6.0
    assert pace.per_second(24.0) == 0.0
