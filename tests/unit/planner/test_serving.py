"""Inference plans: monotone in what users ask for, within what fits, honest about what limits."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jixi.compute.planner import (
    WEIGHT_BITS,
    Engine,
    LayerCache,
    Model,
    ServingPlan,
    ServingTask,
    Sheet,
    Site,
    WeightFormat,
    computes_in,
    plan_capacity,
    plan_serving,
)
from jixi.core.errors import JixiError
from tests.unit.planner.samples import CHIPS, DEEPSEEK, GEMMA, HYBRID, QWEN, hardware

CALL = ServingTask(model=QWEN, users=500)
models = st.sampled_from([QWEN, GEMMA, HYBRID])
some = settings(max_examples=30)
chips = st.sampled_from(["H100", "L40S", "MI300X", "910B", "4090"])


def serve(task: ServingTask, chip: str = "H100", engine: Engine | None = None) -> ServingPlan:
    return plan_serving(task, hardware(chip), engine)


@some
@given(models, chips, st.floats(1, 1e6), st.floats(1, 50))
def test_more_users_never_need_fewer_accelerators(model: Model, chip: str, users: float, more: float) -> None:
    task = ServingTask(model=model, users=users, weights="int4")
    few, many = serve(task, chip), serve(replace(task, users=users * more), chip)
    assert few.accelerators <= many.accelerators
    assert few.sheet.value("demanded_flops") <= many.sheet.value("demanded_flops")


@some
@given(models, chips, st.integers(100, 20_000), st.floats(1, 4))
def test_a_longer_context_never_needs_less_memory_nor_fewer_accelerators(
    model: Model, chip: str, context: int, more: float
) -> None:
    task = ServingTask(model=model, users=3000, context=context + 1300, weights="int4")
    short, long = serve(task, chip), serve(replace(task, context=(context + 1300) * more), chip)
    assert (
        short.sheet.value("cache_sequence") * short.replica
        <= long.sheet.value("cache_sequence") * long.replica
    )
    assert short.accelerators <= long.accelerators


@some
@given(models, st.integers(10, 5000), st.floats(1, 3))
def test_longer_prompts_and_answers_never_need_fewer_accelerators(
    model: Model, tokens: int, more: float
) -> None:
    task = ServingTask(model=model, users=20_000, prompt_tokens=tokens, output_tokens=tokens)
    assert serve(task).accelerators <= serve(replace(task, prompt_tokens=tokens * more)).accelerators
    assert serve(task).accelerators <= serve(replace(task, output_tokens=tokens * more)).accelerators


@some
@given(models, st.floats(10, 1e5))
def test_fewer_bits_never_take_more_memory_and_16_are_never_faster(model: Model, users: float) -> None:
    plans = {each: serve(ServingTask(model=model, users=users, weights=each)) for each in WEIGHT_BITS}
    held = {each: plan.sheet.value("weights") * plan.replica for each, plan in plans.items()}
    for one in WEIGHT_BITS:
        for other in WEIGHT_BITS:
            assert WEIGHT_BITS[one] < WEIGHT_BITS[other] or held[one] >= held[other]
    half = plans["bf16"].accelerators
    assert all(plan.accelerators <= half for each, plan in plans.items() if each != "fp32")


@some
@given(models, chips, st.floats(0.02, 0.5), st.floats(0.2, 5), st.floats(1, 1e5))
def test_the_times_asked_for_are_kept_and_all_fits(
    model: Model, chip: str, token_s: float, first_s: float, users: float
) -> None:
    task = ServingTask(
        model=model, users=users, token_s=token_s, first_token_s=first_s, weights="int4", context=4096
    )
    try:
        plan = serve(task, chip)
    except JixiError as error:
        assert error.code == "planner_target_unreachable"  # noqa: PT017
        return
    sheet = plan.sheet
    assert sheet.value("token_seconds") <= token_s
    assert sheet.value("first_token_seconds") <= first_s
    needed = sheet.value("weights") + sheet.value("overhead") + plan.batch * sheet.value("cache_sequence")
    assert needed <= sheet.value("usable")
    # The replicas can do what is asked, and one fewer could not.
    able = sheet.value("replica_rate") * sheet.value("load")
    assert (plan.replicas - 1) * able < sheet.value("rate") <= plan.replicas * able * (1 + 1e-12)
    assert plan.accelerators == plan.replica * plan.replicas == sheet.value("accelerators")


@some
@given(models, chips, st.integers(1, 64))
def test_capacity_and_plan_are_each_others_inverse(model: Model, chip: str, accelerators: int) -> None:
    task = ServingTask(model=model, users=1, weights="int4", token_s=0.2)
    found = plan_capacity(task, hardware(chip), accelerators)
    assert found.users >= 1
    assert found.plan.accelerators <= accelerators
    assert serve(replace(task, users=found.users), chip).accelerators <= accelerators
    more = plan_capacity(task, hardware(chip), accelerators + 1)
    assert more.users >= found.users


@some
@given(models, st.integers(1, 64), st.integers(200, 50_000), st.integers(1, 3))
def test_memory_is_the_sum_of_its_parts_and_grows_with_context_batch_and_bits(
    model: Model, batch: int, context: int, more: int
) -> None:
    def held(size: float, tokens: int, at_once: int) -> float:
        task = ServingTask(
            model=model, users=1, context=tokens, prompt_tokens=100, output_tokens=10, weight_bytes=size
        )
        engine = Engine(max_batch=at_once, overhead_bytes=5e8, usable_memory=1)
        sheet = plan_serving(task, hardware(memory_gib=1e4), engine).sheet
        assert sheet.value("batch") == at_once
        return sheet.value("weights") + sheet.value("overhead") + at_once * sheet.value("cache_sequence")

    size = 2 * model.parameters
    least = held(size, context, batch)
    cache = sum(
        part.layers * (part.values * min(context, part.window or context) + part.state)
        for part in model.cache
    )
    assert least == pytest.approx(size + 5e8 + 2 * batch * cache)
    assert least <= held(size, context * more, batch)
    assert least <= held(size, context, batch * more)
    assert least <= held(size * more, context, batch)


@some
@given(models, chips, st.floats(1, 1e5))
def test_a_requests_time_and_a_months_cost_are_the_sums_of_their_parts(
    model: Model, chip: str, users: float
) -> None:
    task = ServingTask(model=model, users=users, weights="int4")
    sheet = plan_serving(task, hardware(chip), None, Site(purchase=10_000, rental=1)).sheet
    value = sheet.value
    writing = value("output_tokens") * value("step_seconds") / value("batch")
    assert value("request_seconds") == pytest.approx(value("prefill_seconds") + writing)
    first = value("waiting_seconds") + value("prefill_seconds") + value("step_seconds")
    assert value("first_token_seconds") == pytest.approx(first)
    assert value("accelerator_hours") == pytest.approx(value("replicas") * value("replica") * 730.5)
    hour = value("capital_hour") + value("electricity_hour")
    assert value("owned_cost") == pytest.approx(value("accelerator_hours") * hour)
    assert value("owned_million") * value("month_tokens") / 1e6 == pytest.approx(value("owned_cost"))
    tokens = (value("input_rate") + value("output_rate")) * 3600 * value("busy_hours")
    assert value("month_tokens") == pytest.approx(tokens)


@some
@given(models, st.floats(10, 1e4), st.integers(1500, 60_000), st.floats(1, 4))
def test_cost_never_falls_with_users_or_context(
    model: Model, users: float, context: int, more: float
) -> None:
    task = ServingTask(model=model, users=users, context=context)
    cost = serve(task).sheet.value("rented_cost")
    assert cost <= serve(replace(task, users=users * more)).sheet.value("rented_cost")
    assert cost <= serve(replace(task, context=context * more)).sheet.value("rented_cost")


def test_operations_are_two_for_each_weight_and_token() -> None:
    sheet = serve(CALL).sheet
    assert sheet.value("request_flops") == 2 * 8.19e9 * 1300
    assert serve(replace(CALL, model=DEEPSEEK, weights="fp8")).sheet.value("request_flops") == 2 * 37e9 * 1300


@pytest.mark.parametrize(
    ("kept", "tokens", "numbers"),
    [
        (LayerCache.grouped(32, 32, 32, 128), 1000, 32 * 2 * 32 * 128 * 1000),
        (LayerCache.grouped(36, 32, 8, 128), 1000, 36 * 2 * 8 * 128 * 1000),
        (LayerCache.grouped(26, 32, 16, 128, window=512), 1000, 26 * 2 * 16 * 128 * 512),
        (LayerCache.latent(61, 512, 64, width=1), 1000, 61 * 576 * 1000),
        (LayerCache.linear(18, 4096), 1000, 18 * 4096),
    ],
)
def test_a_cache_is_as_large_as_its_attention_says(kept: LayerCache, tokens: int, numbers: int) -> None:
    task = replace(
        CALL, model=replace(QWEN, cache=(kept,)), prompt_tokens=tokens / 2, output_tokens=tokens / 2
    )
    sheet = serve(task).sheet
    assert sheet.value("cache_sequence") == 2 * numbers
    assert serve(replace(task, cache="fp8")).sheet.value("cache_sequence") == numbers


def test_a_latent_cache_is_copied_and_heads_are_divided() -> None:
    big = {"users": 9000.0, "weights": "bf16"}
    latent = serve(ServingTask(model=DEEPSEEK, **big), "B200").sheet  # type: ignore[arg-type]
    assert latent.value("replica") > 1
    assert latent.value("cache_sequence") == 2 * 61 * 576 * 1300
    grouped = serve(ServingTask(model=replace(GEMMA, parameters=200e9), **big)).sheet  # type: ignore[arg-type]
    assert grouped.value("replica") == 8
    whole = 2 * 2 * 16 * 128 * (10 * 1300 + 52 * 1024)
    assert grouped.value("cache_sequence") == pytest.approx(whole / 8)


def test_a_larger_batch_reads_more_experts_and_never_more_than_all() -> None:
    reads: list[float] = []
    for most in (1, 8, 256):
        sheet = serve(replace(CALL, model=DEEPSEEK, weights="fp8"), "H200", Engine(max_batch=most)).sheet
        reads.append(sheet.value("experts_read"))
    assert reads[0] == pytest.approx(8 / 256)
    assert reads[0] < reads[1] < reads[2] < 1


def test_a_file_says_what_weights_take_and_a_table_that_is_looked_up_is_not_read_in_a_step() -> None:
    model = replace(QWEN, lookup=6e8)
    by_format, by_file = serve(CALL).sheet, serve(replace(CALL, weight_bytes=20e9, model=model)).sheet
    assert by_file.value("weights") == 20e9
    assert by_file.value("cache_sequence") == by_format.value("cache_sequence")
    read = by_file.value("step_bytes") - by_file.value("batch") * by_file.value("cache_mean")
    assert read == pytest.approx(20e9 * (1 - 6e8 / 8.19e9))
    assert by_file.value("token_flops") == pytest.approx(2 * (8.19e9 - 6e8))
    # Operations of the whole request are the market's: all weights count.
    assert by_file.value("request_flops") == by_format.value("request_flops")
    assert refused(replace(CALL, model=replace(QWEN, lookup=9e9))).param == "lookup"
    assert refused(replace(CALL, weight_bytes=-1)).param == "weight_bytes"


def test_what_processors_reach_in_a_step_hangs_on_the_format_of_the_file_unless_one_says_how_much() -> None:
    small = replace(CALL, users=1, weights="q4_k_m")
    default = serve(small, "EPYC 9654").sheet
    assert default["step_utilisation"].marked
    told = serve(small, "EPYC 9654", Engine(step_utilisation=0.6, attention_utilisation=0.1)).sheet
    assert (told.value("step_utilisation"), told.value("attention_utilisation")) == (0.6, 0.1)
    assert not told["step_utilisation"].marked
    # Rows of 896 are no whole blocks of 256, so that the file has older formats.
    narrow = serve(replace(small, model=replace(QWEN, hidden=896)), "EPYC 9654").sheet
    assert narrow["step_utilisation"].marked
    assert narrow.value("step_utilisation") < default.value("step_utilisation")
    assert narrow.value("step_utilisation") < narrow.value("compute_utilisation")
    assert serve(CALL).sheet["step_utilisation"].formula == "compute_utilisation"
    assert told.value("step_computing") < default.value("step_computing")


def at_once(batch: int, weights: WeightFormat, model: Model = QWEN, chip: str = "EPYC 9654") -> Sheet:
    """A replica that so many calls fill."""
    return serve(replace(CALL, model=model, users=1, weights=weights), chip, Engine(max_batch=batch)).sheet


def test_fewer_calls_than_a_tile_read_weights_that_are_laid_out_anew_once_each_on_processors_alone() -> None:
    def read(batch: int, weights: WeightFormat, model: Model = QWEN, chip: str = "EPYC 9654") -> float:
        sheet = at_once(batch, weights, model, chip)
        return sheet.value("step_bytes") - batch * sheet.value("cache_mean")

    once = read(1, "q4_k_m")
    assert [read(batch, "q4_k_m") / once for batch in (2, 3, 4, 9)] == pytest.approx([2, 3, 1, 1])
    narrow = replace(QWEN, hidden=896)
    for weights, model, chip in (
        ("int4", QWEN, "EPYC 9654"),
        ("q4_k_m", narrow, "EPYC 9654"),
        ("q4_k_m", QWEN, "H100"),
    ):
        assert read(2, weights, model, chip) == read(1, weights, model, chip)
    # Of its experts each call reads those that it is sent to.
    assert read(2, "q4_k_m", DEEPSEEK, "EPYC 9654") == pytest.approx(
        2 * read(1, "q4_k_m", DEEPSEEK, "EPYC 9654")
    )


def test_four_calls_share_the_unpacking_but_in_a_format_without_a_product_of_tiles() -> None:
    for weights, more in (("q4_k_m", 1.2), ("q8_0", 1.2), ("int4", 1)):
        few, tile = at_once(3, weights), at_once(4, weights)
        assert tile.value("step_reached") == pytest.approx(more * few.value("step_reached"))


@some
@given(st.sampled_from(["q4_k_m", "int4", "q8_0"]), st.floats(0.01, 0.1), st.floats(1, 3), st.integers(1, 16))
def test_a_processor_has_as_many_calls_at_once_as_keep_the_time_and_more_time_never_takes_more_of_them(
    weights: WeightFormat, token_s: float, more: float, most: int
) -> None:
    task = ServingTask(model=QWEN, users=20, weights=weights, prompt_tokens=16, output_tokens=500)
    engine = Engine(max_batch=most)
    try:
        tight = serve(replace(task, token_s=token_s), "EPYC 9654", engine)
    except JixiError as error:
        assert error.code == "planner_target_unreachable"  # noqa: PT017
        return
    loose = serve(replace(task, token_s=token_s * more), "EPYC 9654", engine)
    assert tight.sheet.value("token_seconds") <= token_s
    assert tight.accelerators >= loose.accelerators
    # None between the plan's and the most that are allowed would have kept the time.
    for batch in range(tight.batch + 1, most + 1):
        assert serve(task, "EPYC 9654", Engine(max_batch=batch)).sheet.value("token_seconds") > token_s


@some
@given(models, st.sampled_from(["H100", "4090", "910B", "EPYC 9654"]), st.integers(1, 4), st.floats(0, 1e-3))
def test_every_layer_costs_its_fixed_time_in_a_step_and_in_a_prompt(
    model: Model, chip: str, times: int, more: float
) -> None:
    task = ServingTask(model=model, users=3, weights="int4")
    assert model.layers is not None
    deep = replace(task, model=replace(model, layers=model.layers * times))
    default, slower = serve(task, chip).sheet, serve(task, chip, Engine(layer_latency_s=more)).sheet
    base = serve(task, chip, Engine(layer_latency_s=0)).sheet
    for name in ("prefill_seconds", "step_seconds"):
        assert slower.value(name) == pytest.approx(base.value(name) + model.layers * more)
        # As many weights in more layers are never faster.
        assert base.value(name) < default.value(name) <= serve(deep, chip).sheet.value(name)
    assert default["layer_latency"].marked
    assert not slower["layer_latency"].marked


def test_a_small_model_is_as_fast_as_its_layers_start_and_not_as_memory_alone_lets_it_be() -> None:
    small = Model(
        name="small",
        parameters=135e6,
        layers=30,
        hidden=576,
        cache=(LayerCache.grouped(30, 9, 3, 64),),
    )
    sheet = serve(ServingTask(model=small, users=1), "H100", Engine(max_batch=1)).sheet
    assert sheet.value("fixed_seconds") > max(sheet.value("step_reading"), sheet.value("step_computing"))
    large = serve(CALL, "H100", Engine(max_batch=1)).sheet
    assert large.value("fixed_seconds") < 0.1 * large.value("step_seconds")


def test_what_hides_of_reading_behind_computing_hangs_on_the_maker_of_a_processor_unless_one_says_it() -> (
    None
):
    for chip, engine, hidden in (
        ("EPYC 9654", None, 1),
        ("Xeon 8480+", None, 0),
        ("Xeon 8480+", Engine(overlap=0.5), 0.5),
        ("H100", Engine(overlap=0), 1),
    ):
        sheet = serve(replace(CALL, users=1), chip, engine).sheet
        parts = [sheet.value("step_computing"), sheet.value("step_reading")]
        rest = sheet.value("step_meeting") + sheet.value("fixed_seconds")
        assert sheet.value("step_seconds") == pytest.approx(max(parts) + (1 - hidden) * min(parts) + rest)


def test_what_limits_is_named() -> None:
    assert serve(replace(CALL, prompt_tokens=30_000, output_tokens=1)).limit == "compute"
    assert serve(replace(CALL, prompt_tokens=10, output_tokens=2000, token_s=0.02)).limit == "bandwidth"
    tight = plan_serving(replace(CALL, context=40_000), hardware("L4", bandwidth_gb_s=3000))
    assert tight.limit == "memory"


def test_a_model_that_one_server_cannot_hold_is_spread_over_several() -> None:
    plan = serve(replace(CALL, model=DEEPSEEK, weights="bf16"), "H100")
    assert plan.replica == 32
    assert plan.sheet.value("link") == 100e9


def test_spare_replicas_are_bought_and_do_not_count_as_able() -> None:
    bare, spared = serve(CALL), serve(replace(CALL, spare=2))
    assert spared.replicas == bare.replicas + 2
    assert spared.sheet.value("most_output_rate") == bare.sheet.value("most_output_rate")


def test_a_prefix_cache_saves_prompts_alone() -> None:
    bare, reused = serve(CALL).sheet, serve(replace(CALL, reused=0.9)).sheet
    assert reused.value("prefill_computing") == pytest.approx(bare.value("prefill_computing") / 10)
    assert reused.value("token_flops") == bare.value("token_flops")


def test_cost_of_a_million_tokens_is_the_month_over_its_tokens() -> None:
    plan = plan_serving(CALL, hardware(), Engine(busy_hours=100), Site(rental=2))
    tokens = 500 * 10 * 1300 * 100
    assert plan.sheet.value("month_tokens") == pytest.approx(tokens)
    assert plan.sheet.value("rented_million") == pytest.approx(plan.accelerators * 2 * 730.5 / tokens * 1e6)


@pytest.mark.parametrize(
    ("weights", "chip", "precision"),
    [
        ("fp8", "H100", "fp8"),
        ("fp8", "A100", "bf16"),
        ("int8", "A100", "int8"),
        ("int4", "H100", "bf16"),
        ("fp4", "B200", "fp4"),
        ("q4_k_m", "V100", "fp16"),
        ("q4_k_m", "Xeon 8592+", "fp32"),
        ("bf16", "Xeon 8592+", "bf16"),
    ],
)
def test_weights_are_multiplied_in_their_own_precision_where_the_chip_can(
    weights: WeightFormat, chip: str, precision: str
) -> None:
    assert computes_in(weights, CHIPS.get(chip)) == precision


def test_own_hardware_is_told_the_longest_context_of_one_call() -> None:
    found = plan_capacity(CALL, hardware("4090"), 1)
    sheet = found.plan.sheet
    room = sheet.value("usable") - sheet.value("weights") - sheet.value("overhead")
    token = 2 * 36 * 2 * 8 * 128
    assert found.longest == int(room // token)


def refused(task: ServingTask, chip: str = "H100", **changes: float) -> JixiError:
    with pytest.raises(JixiError) as caught:
        plan_serving(task, hardware(chip, **changes))
    assert caught.value.remedy("zh")
    return caught.value


@pytest.mark.parametrize(
    "changes",
    [
        {"users": 0},
        {"users": -3},
        {"users": float("inf")},
        {"prompt_tokens": -1},
        {"reused": 1},
        {"token_s": 0},
    ],
)
def test_absurd_numbers_are_named(changes: Mapping[str, float]) -> None:
    error = refused(replace(CALL, **changes))  # type: ignore[arg-type]
    assert (error.code, error.param) == ("planner_value_out_of_range", next(iter(changes)))


def test_a_context_shorter_than_its_call_is_refused() -> None:
    error = refused(replace(CALL, context=1000))
    assert (error.code, error.param) == ("planner_values_contradict", "context")


def test_a_model_without_facts_says_which() -> None:
    error = refused(replace(CALL, model=Model(name="secret", parameters=7e9)))
    assert (error.code, error.facts["facts"]) == ("planner_facts_missing", "cache, layers, hidden")


def test_a_model_that_cannot_fit_says_by_how_much() -> None:
    error = refused(replace(CALL, model=DEEPSEEK), "Orin")
    assert error.code == "planner_does_not_fit"
    assert error.facts["largest"] == "weights"
    assert float(error.facts["needed_gib"]) > 1250


def test_a_time_that_cannot_be_had_says_the_best() -> None:
    error = refused(replace(CALL, token_s=0.0005))
    assert (error.code, error.param) == ("planner_target_unreachable", "token_s")
    best = float(error.facts["best"])
    assert serve(replace(CALL, token_s=best * 1.01))
    late = refused(replace(CALL, prompt_tokens=100_000, first_token_s=0.01))
    assert late.param == "first_token_s"


def test_a_layer_that_keeps_nothing_or_less_is_refused() -> None:
    for wrong in (LayerCache(layers=1, values=0, width=0), LayerCache(layers=0, values=5, width=5)):
        assert (
            refused(replace(CALL, model=replace(QWEN, cache=(wrong,)))).code == "planner_value_out_of_range"
        )


def test_cards_and_processors_share_a_replica_within_a_server_only() -> None:
    assert serve(replace(CALL, token_s=0.02), "L4").replica == 8
    assert serve(CALL, "EPYC 9654").replica == 1
    assert refused(replace(CALL, token_s=0.005), "L4").code == "planner_target_unreachable"


def test_a_chip_without_a_bandwidth_is_planned_once_somebody_says_it() -> None:
    assert refused(CALL, "P800").param == "bandwidth_gb_s"
    assert plan_serving(CALL, hardware("P800", bandwidth_gb_s=2000)).accelerators >= 1


def test_too_few_accelerators_for_one_replica_are_refused() -> None:
    with pytest.raises(JixiError) as caught:
        plan_capacity(replace(CALL, model=DEEPSEEK, weights="fp8"), hardware("H100"), 4)
    assert caught.value.code == "planner_does_not_fit"
