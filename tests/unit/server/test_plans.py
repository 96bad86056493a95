"""Requests and answers of plans say what the planner knows, word for word."""

from dataclasses import fields
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from jixi.compute import chips, planner
from jixi.wire import admin

REQUESTS: list[tuple[type[BaseModel], Any, set[str]]] = [
    (admin.PlanModel, planner.Model, set()),
    (admin.PlanExperts, planner.Experts, set()),
    (admin.PlanCache, planner.LayerCache, set()),
    (admin.PlanHardware, planner.Hardware, set()),
    (admin.PlanSite, planner.Site, set()),
    (admin.PlanLayout, planner.Layout, set()),
    (admin.PlanEngine, planner.Engine, set()),
    (admin.PlanFleet, planner.Fleet, {"hardware"}),
    (admin.PlanTask, planner.ServingTask, {"users"}),
]


@pytest.mark.parametrize(("asked", "planned", "apart"), REQUESTS)
def test_a_request_has_every_input_of_the_planner(
    asked: type[BaseModel], planned: Any, apart: set[str]
) -> None:
    assert set(asked.model_fields) | apart == {field.name for field in fields(planned)}


def test_a_training_request_has_every_input_of_the_planner() -> None:
    about = {"hardware", "fleet", "site", "layout", "tornado"}
    assert set(admin.TrainingPlanRequest.model_fields) - about == {
        field.name for field in fields(planner.TrainingTask)
    }


def test_choices_are_the_planners() -> None:
    assert set(get_args(admin.WeightFormat)) == set(planner.WEIGHT_BITS)
    assert set(get_args(admin.CacheFormat)) == set(planner.CACHE_BYTES)
    assert set(get_args(admin.Grid)) == set(planner.GRIDS)
    assert get_args(admin.Precision) == chips.PRECISIONS
    assert get_args(admin.ChipKind) == get_args(chips.Kind)
    assert get_args(admin.Recompute) == get_args(planner.Recompute)
    assert get_args(admin.Payment) == get_args(planner.Payment)
