"""Options side by side: break-even, variants, sensitivity."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jixi.compute.planner import (
    ServingPlan,
    ServingTask,
    Site,
    TrainingTask,
    api,
    api_tornado,
    compare,
    edge,
    edge_tornado,
    owned,
    plan_serving,
    plan_variants,
    rented,
    serving_tornado,
    tornado,
    training_tornado,
)
from jixi.core.errors import JixiError
from tests.unit.planner.samples import DEEPSEEK, HYBRID, QWEN, fleet, hardware

CALL = ServingTask(model=QWEN, users=500)
SITE = Site(purchase=30_000, rental=3)
PLAN = plan_serving(CALL, hardware(), None, SITE)


def test_options_are_ranked_by_the_month_and_each_shows_its_sheet() -> None:
    options = [owned("own", PLAN), rented("rented", PLAN), api("api", CALL, 0.5, 1.5)]
    found = compare(options, 1000)
    assert list(found.costs) == sorted(found.costs)
    assert {option.name: option.month(1000) for option in options} == dict(
        zip((option.name for option in found.options), found.costs, strict=True)
    )
    assert all(option.sheet for option in found.options)
    assert found.currency == "USD"


def test_an_api_costs_its_two_prices_in_the_proportion_of_the_tokens() -> None:
    assert api("api", CALL, 1, 14).variable == pytest.approx((1000 * 1 + 300 * 14) / 1300)


@settings(max_examples=30)
@given(st.floats(0.01, 20), st.floats(0.01, 60), st.floats(1000, 100_000))
def test_at_the_break_even_both_cost_the_same_and_beyond_it_the_order_turns(
    into: float, out: float, price: float
) -> None:
    own = owned("own", plan_serving(CALL, hardware(), None, replace(SITE, purchase=price)))
    away = api("api", CALL, into, out)
    (turn,) = compare([away, own], 1).break_evens
    assert own.month(turn.million_tokens) == pytest.approx(away.month(turn.million_tokens))
    assert (turn.below, turn.above) == ("api", "own")
    assert own.month(turn.million_tokens * 1.1) < away.month(turn.million_tokens * 1.1)
    assert own.most_tokens is not None
    assert turn.reached == (turn.million_tokens * 1e6 <= own.most_tokens)


def test_options_with_no_price_by_the_token_never_turn() -> None:
    assert compare([owned("own", PLAN), rented("rented", PLAN)], 5).break_evens == ()


def test_devices_stand_with_their_users() -> None:
    module = plan_serving(replace(CALL, model=HYBRID), hardware("Orin"), None, Site(purchase=2000, pue=1))
    every = edge("edge", module)
    assert every.accelerators == 500
    assert edge("edge", module, 1e6).accelerators == module.accelerators
    assert every.fixed == pytest.approx(500 * 730.5 * module.sheet.value("owned_hour"))


def test_a_cost_that_is_lacking_is_refused_with_the_number_that_is_missing() -> None:
    bare = plan_serving(CALL, hardware("910C", bandwidth_gb_s=3200))
    for make, param in ((owned, "power_w"), (rented, "rental"), (edge, "power_w")):
        with pytest.raises(JixiError) as caught:
            make("x", bare)
        assert caught.value.param == param


def test_two_currencies_are_not_compared() -> None:
    euros = api("api", CALL, 1, 1, Site(currency="EUR"))
    with pytest.raises(JixiError) as caught:
        compare([owned("own", PLAN), euros], 5)
    assert caught.value.param == "currency"


def test_variants_are_planned_and_those_that_do_not_fit_say_why() -> None:
    task = replace(CALL, model=DEEPSEEK, context=2000)
    found = plan_variants(task, hardware("H100", group=8), ["bf16", "fp8", "int4"])
    plans = {name: plan for name, plan in found.items() if isinstance(plan, ServingPlan)}
    assert plans["int4"].replica < plans["bf16"].replica
    small = plan_variants(CALL, hardware("L4", memory_gib=10), ["bf16", "int4"])
    # Two small cards hold what one cannot.
    assert isinstance(small["int4"], ServingPlan)
    assert isinstance(small["bf16"], ServingPlan)
    lone = plan_variants(replace(CALL, model=DEEPSEEK), hardware("Orin"), ["bf16"])
    assert isinstance(lone["bf16"], JixiError)


def test_a_tornado_has_the_widest_swing_first_and_changes_one_input_at_a_time() -> None:
    swings = tornado({"a": 1.0, "b": 10.0, "load": 0.9}, lambda at: at["a"] + 3 * at["b"] + at["load"])
    assert [swing.name for swing in swings] == ["b", "a", "load"]
    assert (swings[0].result_low, swings[0].result_high) == pytest.approx((25.9, 37.9))
    # A share cannot be more than it can be.
    assert swings[2].high == 0.99


@pytest.mark.parametrize("pay", ["owned", "rented"])
def test_the_cost_of_serving_swings_the_right_way(pay: str) -> None:
    task = replace(CALL, users=300_000)
    swings = {swing.name: swing for swing in serving_tornado(task, hardware(), None, SITE, pay)}  # type: ignore[arg-type]
    price = {"owned": "purchase", "rented": "rental"}[pay]
    for name in ("users", "prompts_per_hour", "prompt_tokens", "output_tokens", price):
        assert swings[name].result_low < swings[name].result_high
    for name in ("compute_utilisation", "load"):
        assert swings[name].result_low > swings[name].result_high
    if pay == "owned":
        assert swings["lifetime_years"].result_low > swings["lifetime_years"].result_high


def test_power_moves_what_own_hardware_costs() -> None:
    swings = {swing.name: swing for swing in serving_tornado(CALL, hardware(), None, SITE, "owned")}
    assert swings["power_w"].result_low < swings["power_w"].result_high


def test_a_month_of_devices_swings_with_their_price_life_power_and_users() -> None:
    task, site = replace(CALL, model=HYBRID), Site(purchase=2000, pue=1)
    swings = {swing.name: swing for swing in edge_tornado(task, hardware("Orin"), None, site, 2)}
    for name in ("purchase", "power_w", "users"):
        assert swings[name].result_low < swings[name].result_high
    for name in ("lifetime_years", "users_per_device"):
        assert swings[name].result_low > swings[name].result_high
    month = edge("edge", plan_serving(task, hardware("Orin"), None, site), 2).fixed
    # Devices are counted by their users here, and a fifth more users take a fifth more of them.
    assert swings["users"].result_high == pytest.approx(1.2 * month)


def test_a_month_of_an_api_swings_with_its_prices_and_its_volume_alone() -> None:
    swings = api_tornado(CALL, 1, 3, 50)
    month = compare([api("api", CALL, 1, 3)], 50).costs[0]
    assert swings[0].name == "million_tokens"
    assert {swing.name for swing in swings} == {"million_tokens", "input_price", "output_price"}
    found = {swing.name: swing for swing in swings}
    assert found["million_tokens"].result_high == pytest.approx(1.2 * month)
    # Of the whole cost each price has its share.
    parts = [found[name].result_high - month for name in ("input_price", "output_price")]
    assert sum(parts) == pytest.approx(0.2 * month)
    assert parts[0] == pytest.approx(0.2 * 50 * 1000 / 1300)


def test_the_cost_of_a_run_swings_with_tokens_and_utilisation() -> None:
    task = TrainingTask(model=QWEN, tokens=1e12)
    swings = {swing.name: swing for swing in training_tornado(task, fleet(64), SITE, "owned")}
    assert swings["tokens"].result_high == pytest.approx(1.2 * swings["tokens"].result_low / 0.8)
    assert swings["utilisation"].result_low > swings["utilisation"].result_high
    assert swings["pue"].low > 1
    with pytest.raises(JixiError):
        training_tornado(task, fleet(64, "A100"), None, "owned")


def test_on_a_processor_an_input_that_stays_as_it_is_changes_no_cost() -> None:
    task, site = replace(CALL, weights="q4_k_m"), Site(rental=1)
    base = plan_serving(task, hardware("EPYC 9654"), None, site).sheet.value("rented_cost")
    for swing in serving_tornado(task, hardware("EPYC 9654"), None, site, "rented", 0.001):
        assert swing.result_low == pytest.approx(base, rel=0.02)
