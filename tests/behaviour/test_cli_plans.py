"""`jixi plan`, without a server: as a person and as a program reads it."""

import json
from pathlib import Path
from typing import Any, Final

import openpyxl

from tests.behaviour.commands import jixi

TRAIN: Final = ("train", "qwen3-8b", "--tokens", "1T", "--chip", "H100", "--accelerators", "64")
SERVE: Final = ("serve", "qwen3-8b", "--chip", "H100")
COMPARE: Final = (
    *("compare", "qwen3-8b", "--users", "500"),
    *("--option", "own=owned:H100,site.purchase=30000"),
    *("--option", "api=api,input_price=1,output_price=3"),
    *("--option", "tiny=edge:L4,hardware.memory_gib=1"),
)


def printed(home: Path, *arguments: str, language: str = "en") -> str:
    done = jixi("--lang", language, "plan", *arguments, home=home)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer(home: Path, *arguments: str) -> Any:
    return json.loads(printed(home, *arguments, "--json"))


def value(plan: Any, name: str) -> float:
    return next(figure["value"] for figure in plan["figures"] if figure["name"] == name)


def test_a_training_plan_names_its_days_its_formulas_and_marks_what_is_assumed(tmp_path: Path) -> None:
    plan, table = answer(tmp_path, *TRAIN), printed(tmp_path, *TRAIN)
    assert f"{value(plan, 'days'):,.4g} day" in table
    assert "k * active_parameters * tokens" in table
    assumed = table.partition("ASSUMED *")[2]
    assert all(figure["label"] in assumed for figure in plan["figures"] if figure["marked"])
    assert "天数" in printed(tmp_path, *TRAIN, language="zh")


def test_serving_is_planned_for_users_and_for_accelerators(tmp_path: Path) -> None:
    few = answer(tmp_path, *SERVE, "--users", "500")
    assert f"{few['accelerators']}" in printed(tmp_path, *SERVE, "--users", "500")
    capacity = answer(tmp_path, *SERVE, "--accelerators", "8")["capacity"]
    assert f"{capacity['users']:,} users" in printed(tmp_path, *SERVE, "--accelerators", "8")


def test_an_input_is_set_by_its_name_and_a_model_by_its_facts(tmp_path: Path) -> None:
    plan = answer(tmp_path, *TRAIN, "--set", "fleet.utilisation=0.5", "--set", "site.pue=1.1")
    assert (value(plan, "utilisation"), value(plan, "pue")) == (0.5, 1.1)
    facts = ("parameters=8B", "layers=36", "hidden=4096", "heads=32", "kv_heads=8", "head_size=128")
    own = ("serve", "ours", "--chip", "H100", "--users", "5")
    sets = [part for fact in facts for part in ("--set", f"model.{fact}")]
    plan = answer(tmp_path, *own, *sets)
    assert (plan["model"], value(plan, "parameters")) == ("ours", 8e9)


def test_a_comparison_ranks_and_says_where_the_order_turns_and_what_does_not_fit(tmp_path: Path) -> None:
    found, table = answer(tmp_path, *COMPARE), printed(tmp_path, *COMPARE)
    assert [option["name"] for option in found["options"]] == ["own", "api"]
    assert table.index("own") < table.index("api")
    assert "own is cheaper than api" in table
    assert "planner_does_not_fit" in jixi("plan", *COMPARE, home=tmp_path).stderr


def test_what_moves_a_cost_is_printed_where_it_is_asked_for(tmp_path: Path) -> None:
    table = printed(tmp_path, *COMPARE, "--set", "tornado=api")
    assert "COST OF api, BY" in table
    assert "price of a million tokens in" in table
    assert "COST OF" not in printed(tmp_path, *COMPARE)
    assert "租用的成本，取决于" in printed(
        tmp_path, *SERVE, "--users", "5", "--set", "tornado=rented", language="zh"
    )


def test_what_cannot_be_planned_is_named_and_ends_with_2(tmp_path: Path) -> None:
    for arguments, word in (
        ((*TRAIN, "--set", "sequence=-1"), "sequence"),
        ((*TRAIN, "--set", "fleet.speed=1"), "fleet.speed"),
        (("serve", "qwen3-8b", "--chip", "abacus", "--users", "5"), "planner_chip_unknown"),
        (SERVE, "planner_value_missing"),
        (("serve", "nobody", "--chip", "H100", "--users", "5"), "model_not_found"),
    ):
        done = jixi("plan", *arguments, home=tmp_path)
        assert done.returncode == 2, arguments
        assert word in done.stderr, done.stderr
        assert done.stdout == ""


def test_a_plan_is_exported_as_a_workbook_or_a_pdf(tmp_path: Path) -> None:
    for name, begins in (("plan.xlsx", b"PK"), ("plan.PDF", b"%PDF-")):
        path = tmp_path / name
        assert printed(tmp_path, *TRAIN, "--export", str(path)) == ""
        assert path.read_bytes().startswith(begins)
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    days = next(row for row in book["Working"].iter_rows() if row[0].value == "days")
    assert days[2].value == "=computing_days*(1+lost)"
    both = answer(tmp_path, *TRAIN, "--export", str(tmp_path / "plan.xlsx"))
    assert value(both, "days") > 0
    for wrong in ("plan.docx", "nowhere/plan.pdf"):
        done = jixi("plan", *TRAIN, "--export", str(tmp_path / wrong), home=tmp_path)
        assert done.returncode == 2
        assert "--export" in done.stderr
