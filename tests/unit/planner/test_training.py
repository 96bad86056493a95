"""Training plans: operations, memory of a layout, layouts that fit, days, failures, cost."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jixi.compute.planner import (
    GRIDS,
    UTILISATION,
    Experts,
    Fleet,
    Layout,
    Method,
    Model,
    ModelKind,
    Recompute,
    Site,
    TrainingPlan,
    TrainingTask,
    plan_training,
    training_flops,
)
from jixi.core.errors import JixiError
from tests.unit.planner.samples import CHIPS, DEEPSEEK, QWEN, fleet, hardware

RUN = TrainingTask(model=QWEN, tokens=1e12)
ROOMY = replace(fleet(64), hardware=hardware(memory_gib=100_000))


def plan(layout: Layout, task: TrainingTask = RUN, **changes: float) -> TrainingPlan:
    """With memory for anything, so that any layout can be looked at."""
    roomy = replace(ROOMY, accelerators=layout.accelerators, **changes)
    return plan_training(task, roomy, layout=layout)


@pytest.mark.parametrize(("kind", "k"), [("decoder", 6), ("encoder", 6), ("encoder_decoder", 3)])
def test_operations_are_k_times_weights_times_tokens(kind: ModelKind, k: int) -> None:
    model = replace(QWEN, kind=kind)
    assert training_flops(model, 1e12) == k * 8.19e9 * 1e12
    assert plan(Layout(), replace(RUN, model=model)).flops == k * 8.19e9 * 1e12
    assert training_flops(model, 1e12, k=5) == 5 * 8.19e9 * 1e12


def test_a_mixture_of_experts_counts_the_weights_that_a_token_passes() -> None:
    assert training_flops(DEEPSEEK, 14.8e12) == pytest.approx(3.286e24, rel=1e-3)


def test_the_reference_run_takes_3_14e23_operations() -> None:
    assert training_flops(Model(name="GPT-3", parameters=174.6e9), 300e9) == pytest.approx(3.14e23, rel=0.01)


def test_recomputation_is_a_factor_of_its_own_and_saves_memory() -> None:
    plans = {way: plan(Layout(recompute=way)) for way in ("none", "selective", "full")}
    factors = [plans[way].sheet.value("recomputation") for way in plans]
    assert factors[0] == 1 < factors[1] < factors[2] == pytest.approx(4 / 3)
    assert len({each.flops for each in plans.values()}) == 1
    kept = [plans[way].sheet.value("activations") for way in plans]
    assert kept[0] > kept[1] > kept[2]


@pytest.mark.parametrize(("zero", "bytes_a_weight"), [(0, 16), (1, 4 + 12 / 8), (2, 2 + 14 / 8), (3, 16 / 8)])
def test_zero_divides_optimizer_gradients_and_weights_in_this_order(zero: int, bytes_a_weight: float) -> None:
    sheet = plan(Layout(data=8, zero=zero)).sheet  # type: ignore[arg-type]
    held = sheet.value("weights") + sheet.value("gradients") + sheet.value("optimizer")
    assert held == pytest.approx(bytes_a_weight * 8.19e9)
    whole = [sheet.value(part) > 8.19e9 for part in ("weights", "gradients")]
    assert whole == [zero < 3, zero < 2]


@settings(max_examples=30)
@given(
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from([1, 2, 3, 6]),
    st.sampled_from([1, 2, 8]),
    st.sampled_from([1, 3]),
)
def test_what_all_accelerators_hold_sums_up_to_the_model_and_no_less(
    tensor: int, pipeline: int, data: int, zero: int
) -> None:
    layout = Layout(tensor=tensor, pipeline=pipeline, data=data, zero=zero)  # type: ignore[arg-type]
    sheet = plan(layout).sheet
    held = layout.accelerators * (
        sheet.value("weights") + sheet.value("gradients") + sheet.value("optimizer")
    )
    sharded = 16 if zero == 3 else 4 * data + 12
    more = 1 + (pipeline - 1) * 151936 * 4096 / 8.19e9
    assert held == pytest.approx(sharded * 8.19e9 * more)
    parts = ("weights", "gradients", "optimizer", "activations", "logits")
    assert sheet.value("needed") == pytest.approx(sum(sheet.value(part) for part in parts))


def test_expert_parallelism_divides_the_experts_alone() -> None:
    task = TrainingTask(model=DEEPSEEK, tokens=1e12, batch_tokens=6e7)
    one, many = (plan(Layout(data=64, expert=expert), task).sheet for expert in (1, 64))
    assert one.value("local_dense") == many.value("local_dense")
    assert one.value("local_routed") == 64 * many.value("local_routed")
    # Each expert is there as often as the data ranks are more than the expert ranks, so ZeRO has less to divide.
    sharded = plan(Layout(data=64, expert=64, zero=1), task).sheet
    assert sharded.value("optimizer") == pytest.approx(12 * ((671e9 - 653e9) / 64 + 653e9 / 64))


def test_adapters_are_trained_with_a_fraction_of_the_memory_and_of_the_work() -> None:
    methods: tuple[Method, ...] = ("full", "lora", "qlora")
    plans = [plan(Layout(), replace(RUN, method=method)) for method in methods]
    assert plans[0].memory_bytes > plans[1].memory_bytes > plans[2].memory_bytes
    assert plans[1].flops == pytest.approx(plans[0].flops * 4 / 6)
    # Rank 16 on all linear layers of an 8B model is some forty million weights.
    assert plans[1].sheet.value("adapter_parameters") == pytest.approx(43.6e6, rel=0.01)
    assert plans[2].sheet.value("weights") == pytest.approx(8.19e9 * 4.127 / 8, rel=0.05)


@settings(max_examples=30)
@given(
    accelerators=st.sampled_from([1, 2, 8, 24, 64, 256, 1000]),
    chip=st.sampled_from(["A100", "H100", "H200", "L40S", "910B"]),
    parameters=st.floats(1e9, 200e9),
    sequence=st.sampled_from([2048, 8192, 32768]),
    recompute=st.sampled_from([None, "none", "full"]),
)
def test_every_layout_that_is_returned_fits_and_uses_all_accelerators(
    accelerators: int, chip: str, parameters: float, sequence: int, recompute: Recompute | None
) -> None:
    task = TrainingTask(
        model=replace(QWEN, parameters=parameters),
        tokens=1e11,
        sequence=sequence,
        recompute=recompute,
        batch_tokens=8e6,
    )
    try:
        found = plan_training(task, fleet(accelerators, chip))
    except JixiError as error:
        assert error.code == "planner_does_not_fit"  # noqa: PT017
        return
    assert found.layout == found.layouts[0]
    for layout in (found.layouts[0], found.layouts[-1]):
        again = plan_training(task, fleet(accelerators, chip), layout=layout)
        assert again.memory_bytes <= again.sheet.value("usable") < CHIPS.get(chip).memory_bytes
        assert layout.accelerators == accelerators
        assert QWEN.heads is not None
        assert QWEN.heads % layout.tensor == 0
        assert recompute in (None, layout.recompute)


def test_a_pipeline_need_not_divide_the_layers_and_its_fullest_stage_counts() -> None:
    llama = Model(
        name="Llama 3 405B",
        parameters=405.85e9,
        layers=126,
        hidden=16384,
        heads=128,
        kv_heads=8,
        head_size=128,
        feed_forward=53248,
        vocabulary=128256,
    )
    task = TrainingTask(model=llama, tokens=15.6e12, sequence=8192, batch_tokens=16e6)
    found = plan_training(task, fleet(16384))
    assert 126 % found.layout.pipeline
    assert found.sheet.value("stage_layers") == -(-126 // found.layout.pipeline)
    slow = [
        plan_training(task, fleet(16384), layout=layout).sheet.value("slowdown")
        for layout in (found.layouts[0], found.layouts[-1])
    ]
    assert slow[0] <= slow[1]


@settings(max_examples=30)
@given(st.integers(1, 10), st.floats(0.1, 0.6), st.floats(1.1, 3))
def test_days_fall_with_accelerators_and_utilisation_and_rise_with_tokens(
    doublings: int, utilisation: float, more: float
) -> None:
    count = 2**doublings
    layout = Layout(data=count, zero=3)
    base = plan(layout, utilisation=utilisation).days
    assert plan(replace(layout, data=2 * count), utilisation=utilisation).days < base
    assert plan(layout, utilisation=min(1, utilisation * more)).days < base
    assert plan(layout, replace(RUN, tokens=1e12 * more), utilisation=utilisation).days > base


def test_the_default_utilisation_goes_by_the_kind_of_chip_and_names_its_source() -> None:
    figure = plan(Layout()).sheet["utilisation"]
    assert figure.value == UTILISATION["gpu"].value
    assert figure.marked
    assert "arXiv" in (figure.source or "")
    assert all(0.1 <= each.value <= 0.6 for each in UTILISATION.values())
    given_by_user = plan(Layout(), utilisation=0.33).sheet["utilisation"]
    assert (given_by_user.value, given_by_user.marked, given_by_user.origin) == (0.33, False, "given")


def test_a_thousand_accelerators_scale_to_92_percent_and_one_server_to_all() -> None:
    assert plan(Layout(data=8, zero=3)).sheet.value("scaling") == 1
    assert plan(Layout(data=1000, zero=3)).sheet.value("scaling") == pytest.approx(0.92)


def test_checkpoints_come_so_often_that_any_other_pace_loses_more() -> None:
    sheet = plan(Layout(data=4096, zero=3)).sheet
    save, mtbf = sheet.value("checkpoint_seconds"), sheet.value("mtbf")

    def lost(interval: float) -> float:
        return save / interval + interval / 2 / mtbf

    best = sheet.value("checkpoint_interval")
    assert lost(best) <= lost(0.7 * best)
    assert lost(best) <= lost(1.4 * best)
    assert sheet.value("failures") == pytest.approx(sheet.value("hours") * 4096 / 50_700)
    assert sheet.value("days") > sheet.value("computing_days")


def test_energy_carbon_and_cost_follow_from_hours_power_cooling_grid_and_prices() -> None:
    site = Site(cooling="liquid", grid="china_north", rental=2, purchase=35064, lifetime_years=4, upkeep=0)
    sheet = plan_training(RUN, fleet(64), site).sheet
    hours = sheet.value("accelerator_hours")
    assert sheet.value("energy") == pytest.approx(hours * 0.7 * 1.5 * 1.15)
    assert sheet.value("co2") == pytest.approx(sheet.value("energy") * GRIDS["china_north"].value / 1e6)
    assert sheet.value("rented_cost") == pytest.approx(2 * hours)
    # 35 064 over 35 064 hours is 1 an hour, and 1.2075 kW at 0.10.
    assert sheet.value("owned_cost") == pytest.approx(hours * 1.12075)


def test_what_a_plan_cannot_compute_it_names_and_goes_on() -> None:
    silent = plan_training(RUN, fleet(64, "910C"), Site(rental=1))
    assert silent.lacking["energy"].param == "power_w"
    assert "energy" not in silent.sheet
    assert silent.sheet.value("rented_cost") > 0
    euros = plan_training(RUN, fleet(64), Site(currency="EUR"))
    assert {name: error.param for name, error in euros.lacking.items()} == {
        "owned_cost": "purchase",
        "rented_cost": "rental",
    }
    priced = plan_training(RUN, fleet(64), Site(currency="EUR", purchase=30_000))
    assert priced.lacking["owned_cost"].param == "electricity_price"


def refused(task: TrainingTask = RUN, who: Fleet | None = None, **more: object) -> JixiError:
    with pytest.raises(JixiError) as caught:
        plan_training(task, who or fleet(8), **more)  # type: ignore[arg-type]
    assert caught.value.message("zh") != caught.value.message("en")
    return caught.value


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"tokens": -1}, "tokens"),
        ({"tokens": float("nan")}, "tokens"),
        ({"tokens": 1e30}, "tokens"),
        ({"sequence": 0}, "sequence"),
        ({"k": -6}, "k"),
        ({"gradient_bytes": 100}, "gradient_bytes"),
        ({"model": replace(QWEN, parameters=-5)}, "parameters"),
    ],
)
def test_absurd_numbers_are_named(changes: dict[str, float], param: str) -> None:
    error = refused(replace(RUN, **changes))  # type: ignore[arg-type]
    assert (error.code, error.param) == ("planner_value_out_of_range", param)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": replace(QWEN, kv_heads=64)}, "kv_heads"),
        ({"model": replace(QWEN, parameters=1e8)}, "parameters"),
        ({"batch_tokens": 1000}, "batch_tokens"),
    ],
)
def test_numbers_that_contradict_each_other_are_named(changes: dict[str, float], param: str) -> None:
    error = refused(replace(RUN, **changes))  # type: ignore[arg-type]
    assert (error.code, error.param) == ("planner_values_contradict", param)


def test_more_than_all_weights_cannot_be_active() -> None:
    assert refused(replace(RUN, model=replace(QWEN, active=9e9))).param == "active"
    many = Experts(count=8, active=9, parameters=1e9)
    assert refused(replace(RUN, model=replace(QWEN, experts=many))).param == "experts.active"


def test_a_model_without_architecture_says_which_facts_are_missing() -> None:
    error = refused(TrainingTask(model=Model(name="secret", parameters=1e12), tokens=1e12))
    assert error.code == "planner_facts_missing"
    assert error.facts["facts"].startswith("layers, hidden, heads")


def test_a_layout_that_cannot_fit_says_what_it_needs_and_what_there_is() -> None:
    error = refused(replace(RUN, model=replace(QWEN, parameters=70e9)), fleet(1))
    assert error.code == "planner_does_not_fit"
    assert (error.facts["usable_gib"], error.facts["largest"]) == ("72.0", "optimizer")
    assert float(error.facts["needed_gib"]) > 16 * 70e9 / 2**30
    given_one = refused(RUN, fleet(8), layout=Layout(data=8))
    assert given_one.code == "planner_does_not_fit"


def test_a_layout_for_another_number_of_accelerators_is_refused() -> None:
    assert refused(RUN, fleet(8), layout=Layout(data=4)).param == "layout"
    assert refused(RUN, fleet(8), layout=Layout(data=8, expert=3)).param == "expert"


def test_more_replicas_than_sequences_in_a_batch_are_refused() -> None:
    small = replace(RUN, batch_tokens=4096 * 4)
    wide = replace(fleet(997), hardware=hardware(memory_gib=1000))
    assert refused(small, wide).param == "accelerators"


def test_unknown_choices_and_missing_peaks_are_named() -> None:
    for changes in ({"precision": "fp3"}, {"method": "magic"}, {"recompute": "some"}, {"optimizer": "luck"}):
        error = refused(replace(RUN, **changes))  # type: ignore[arg-type]
        assert (error.code, error.param) == ("planner_choice_unknown", next(iter(changes)))
    assert refused(replace(RUN, model=replace(QWEN, kind="diffusion"))).param == "kind"
    assert refused(RUN, fleet(8), layout=Layout(data=8, zero=4)).param == "zero"  # type: ignore[arg-type]
    assert refused(RUN, fleet(8), site=Site(grid="atlantis")).code == "planner_choice_unknown"
    assert refused(RUN, fleet(8, "V100")).param == "peak.bf16"
    assert refused(RUN, replace(fleet(8), utilisation=1.5)).param == "utilisation"
    assert refused(RUN, fleet(8), site=Site(pue=0.5)).param == "pue"
