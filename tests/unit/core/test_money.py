"""What tokens cost: exact, whole micro-units, never more than the hold."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from jixi.core.money import Price
from jixi.core.usage import Usage

_RATE = st.integers(0, 10**12)
_TOKENS = st.integers(0, 10**9)
_PRICES = st.builds(
    Price,
    model=st.just("m"),
    currency=st.just("CNY"),
    input_micros=_RATE,
    cached_input_micros=_RATE,
    output_micros=_RATE,
    version=st.just(1),
)


@st.composite
def _usages(draw: st.DrawFn) -> Usage:
    tokens = draw(_TOKENS)
    return Usage(
        input_tokens=tokens,
        cached_input_tokens=draw(st.integers(0, tokens)),
        output_tokens=draw(_TOKENS),
    )


@given(_PRICES, _usages())
def test_a_cost_is_the_exact_sum_rounded_up_once(price: Price, usage: Usage) -> None:
    exact = Fraction(
        (usage.input_tokens - usage.cached_input_tokens) * price.input_micros
        + usage.cached_input_tokens * price.cached_input_micros
        + usage.output_tokens * price.output_micros,
        1_000_000,
    )
    assert exact <= price.cost(usage) < exact + 1


@given(_PRICES, _usages(), _TOKENS, _TOKENS)
def test_no_call_costs_more_than_the_ceiling_of_its_tokens(
    price: Price, usage: Usage, more_in: int, more_out: int
) -> None:
    ceiling = price.ceiling(usage.input_tokens + more_in, usage.output_tokens + more_out)
    assert price.cost(usage) <= ceiling


@given(_PRICES)
def test_nothing_used_costs_nothing(price: Price) -> None:
    assert price.cost(Usage()) == 0
