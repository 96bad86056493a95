"""What the ports carry: rate limits as headers, and a day that no ending changes."""

from datetime import UTC, datetime

import pytest

from jixi.core.money import Price
from jixi.core.ports import Allowance, Hold, Reservation, Window
from jixi.core.principal import Principal, Role, Scope


def _price(model: str) -> Price:
    return Price(
        model=model, currency="CNY", input_micros=1, cached_input_micros=1, output_micros=1, version=1
    )


def _hold(allowance: Allowance | None = None) -> Hold:
    return Hold(
        reservation=Reservation(
            request_id="req_1",
            principal=Principal(tenant_id="ten_a", member_id="mem_a", role=Role.DEVELOPER),
            model="m",
            kind=Scope.CHAT,
            max_input_tokens=1,
            max_output_tokens=1,
            stream=False,
        ),
        price=_price("a"),
        amount_micros=1,
        opened_at=datetime(2026, 11, 30, 23, 59, tzinfo=UTC),
        target_prices=(_price("a"), _price("b")),
        allowance=allowance,
    )


def test_a_call_under_rate_limits_tells_them_as_openai_does() -> None:
    window = Window(limit=60, remaining=59, reset_ms=1_000)
    assert _hold(Allowance(requests=window)).headers() == (
        (b"x-ratelimit-limit-requests", b"60"),
        (b"x-ratelimit-remaining-requests", b"59"),
        (b"x-ratelimit-reset-requests", b"1s"),
    )
    assert dict(_hold(Allowance(tokens=window)).headers())[b"x-ratelimit-remaining-tokens"] == b"59"
    assert _hold().headers() == ()


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "0ms"), (999, "999ms"), (1_500, "1.5s"), (60_000, "1m0s")]
)
def test_a_reset_is_written_as_a_duration(milliseconds: int, text: str) -> None:
    allowance = Allowance(tokens=Window(limit=1, remaining=0, reset_ms=milliseconds))
    assert dict(allowance.headers())[b"x-ratelimit-reset-tokens"] == text.encode()


def test_a_call_lies_on_the_day_and_the_month_in_which_it_was_opened() -> None:
    assert (_hold().day, _hold().month) == ("2026-11-30", "2026-11")


def test_the_price_is_that_of_the_target_which_answered_else_of_the_likeliest() -> None:
    assert _hold().price_of("b").model == "b"
    assert _hold().price_of(None).model == _hold().price_of("unheard-of").model == "a"
