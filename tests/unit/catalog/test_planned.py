"""Every model of the store can be planned with: what the planner is told is what the entry says."""

from dataclasses import replace

import pytest

from jixi.compute.chips import Chips
from jixi.compute.planner import Fleet, Hardware, ServingTask, TrainingTask, plan_serving, plan_training
from jixi.core.errors import JixiError
from jixi.models.catalog import Architecture, Catalog, Entry, planner_model

ENTRIES = list(Catalog.load())
BUILT = [
    (entry, entry.architecture) for entry in ENTRIES if entry.architecture is not None and entry.parameters
]
each_built = pytest.mark.parametrize(("entry", "built"), BUILT, ids=[entry.id for entry, _ in BUILT])
B200 = Hardware(chip=Chips.load().get("B200"))


@each_built
def test_a_cache_is_as_large_in_the_planner_as_in_the_catalogue(entry: Entry, built: Architecture) -> None:
    model = planner_model(entry)
    for tokens in (100, 10_000):
        kept = sum(
            part.layers * (part.values * min(tokens, part.window or tokens) + part.state)
            for part in model.cache
        )
        assert kept == built.cache_values(tokens)


@each_built
def test_every_model_with_an_architecture_can_be_served_and_tuned(entry: Entry, built: Architecture) -> None:
    model = planner_model(entry)
    # The table of words is looked up where the output has a matrix of its own.
    assert model.lookup == (0 if built.tied_embeddings else built.vocabulary * built.hidden_size)
    plan = plan_serving(ServingTask(model=model, users=100, prompt_tokens=200, output_tokens=50), B200)
    assert plan.accelerators >= 1
    if model.experts is not None and built.experts is not None:
        three = 3 * built.hidden_size * built.experts.feed_forward
        computed = three * built.experts.count * (built.layers - built.experts.dense_layers)
        assert model.experts.parameters == pytest.approx(computed, rel=0.06)
        assert model.experts.parameters < model.parameters
    task = TrainingTask(model=model, tokens=1e8, sequence=512, batch_tokens=512 * 64, method="qlora")
    assert plan_training(task, Fleet(hardware=B200, accelerators=64)).days > 0


def test_a_model_that_says_no_number_of_weights_is_refused_by_that_name() -> None:
    closed = next(entry for entry in ENTRIES if entry.closed)
    assert closed.parameters is None
    with pytest.raises(JixiError) as caught:
        planner_model(closed)
    assert (caught.value.code, caught.value.facts["facts"]) == ("planner_facts_missing", "parameters")


def test_an_unknown_architecture_leaves_the_widths_open() -> None:
    entry = next(each for each in ENTRIES if each.parameters is not None and each.architecture is None)
    model = planner_model(entry)
    with pytest.raises(JixiError) as caught:
        plan_serving(ServingTask(model=replace(model, name="x"), users=1), B200)
    assert caught.value.code == "planner_facts_missing"
