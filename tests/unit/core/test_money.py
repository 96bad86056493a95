"""What tokens and units cost: exact, whole micro-units, never more than the hold."""

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
    batch_percent=st.integers(0, 100),
    replay_percent=st.integers(0, 100),
    unit=st.just("image"),
    unit_micros=_RATE,
)


@st.composite
def _usages(draw: st.DrawFn) -> Usage:
    tokens = draw(_TOKENS)
    return Usage(
        input_tokens=tokens,
        cached_input_tokens=draw(st.integers(0, tokens)),
        output_tokens=draw(_TOKENS),
        units=draw(_TOKENS),
    )


def _exact(price: Price, usage: Usage) -> Fraction:
    return (
        Fraction(
            (usage.input_tokens - usage.cached_input_tokens) * price.input_micros
            + usage.cached_input_tokens * price.cached_input_micros
            + usage.output_tokens * price.output_micros,
            1_000_000,
        )
        + usage.units * price.unit_micros
    )


@given(_PRICES, _usages())
def test_a_cost_is_the_exact_sum_rounded_up_once(price: Price, usage: Usage) -> None:
    exact = _exact(price, usage)
    assert exact <= price.cost(usage) < exact + 1


@given(_PRICES, _usages(), st.booleans(), st.booleans())
def test_a_batch_and_a_replay_cost_their_share_rounded_up_once(
    price: Price, usage: Usage, batch: bool, replayed: bool
) -> None:
    exact = _exact(price, usage)
    exact *= Fraction(price.batch_percent, 100) if batch else 1
    exact *= Fraction(price.replay_percent, 100) if replayed else 1
    assert exact <= price.cost(usage, batch=batch, replayed=replayed) < exact + 1


@given(_PRICES, _usages(), st.tuples(_TOKENS, _TOKENS, _TOKENS))
def test_no_call_costs_more_than_the_ceiling_of_its_tokens_and_units(
    price: Price, usage: Usage, more: tuple[int, int, int]
) -> None:
    used = usage.input_tokens, usage.output_tokens, usage.units
    tokens = tuple(one + other for one, other in zip(used, more, strict=True))
    assert price.cost(usage, replayed=True) <= price.cost(usage) <= price.ceiling(*tokens)
    assert price.cost(usage, batch=True) <= price.ceiling(*tokens, batch=True) <= price.ceiling(*tokens)


@given(_PRICES)
def test_nothing_used_costs_nothing(price: Price) -> None:
    assert price.cost(Usage()) == 0
