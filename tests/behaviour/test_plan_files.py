"""Plans as files: each opens, holds every figure with its formula and source, and the workbook goes on calculating."""

import asyncio
import re
from io import BytesIO
from threading import Lock
from typing import Any, Final

import openpyxl
import pypdfium2
import pytest

from jixi.server import plans
from tests.behaviour.people import MODEL, Person
from tests.behaviour.test_plans import H100, SERVING, TRAINING
from tests.excel import recalculated

COMPARISON: Final[dict[str, Any]] = {
    "model": "qwen3-8b",
    "users": 500,
    "options": [
        {"kind": "owned", "name": "=own()", "hardware": H100, "site": {"purchase": 29_000}},
        {"kind": "api", "name": "+provider", "input_price": 1, "output_price": 3},
    ],
}
PLANS: Final = {
    "training": TRAINING | {"tornado": "rented"},
    "serving": SERVING | {"tornado": "owned"},
    "comparison": COMPARISON | {"tornado": "+provider"},
}
each_plan = pytest.mark.parametrize("kind", PLANS)


def figures(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for part in plan.get("options", [plan]) for each in part["figures"]]


async def exported(
    person: Person, kind: str, form: str, language: str = "en"
) -> tuple[dict[str, Any], bytes]:
    plan = await person.post(f"/api/plans/{kind}", json=PLANS[kind])
    answer = await person.post(
        f"/api/plans/{kind}/export",
        params={"format": form},
        json=PLANS[kind],
        headers={"Accept-Language": language},
    )
    assert answer.status_code == 200, answer.text
    name = rf'attachment; filename="jixi-plan-{kind}-qwen3-8b-\d{{4}}-\d\d-\d\d\.{form}"'
    assert re.fullmatch(name, answer.headers["content-disposition"])
    return plan.json(), answer.content


def text_of(pdf: bytes) -> str:
    """All words of all pages, without the breaks that lines have."""
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    return re.sub(r"[\s\ufffe]+", "", "".join(pages))


@each_plan
async def test_a_workbook_has_every_figure_as_a_formula_that_gives_its_value(
    admin: Person, kind: str
) -> None:
    plan, content = await exported(admin, kind, "xlsx")
    book = openpyxl.load_workbook(BytesIO(content))
    values = openpyxl.load_workbook(BytesIO(content), data_only=True)
    assert {"Summary", "Inputs", "Charts", "Sources"} <= set(book.sheetnames)
    rows = [
        (row, cached)
        for sheet in book.worksheets
        if sheet.title.startswith("Working")
        for row, cached in zip(
            sheet.iter_rows(min_row=4), values[sheet.title].iter_rows(min_row=4), strict=True
        )
    ]
    told = {(row[0].value, cached[2].value, row[4].value, row[6].value) for row, cached in rows}
    for figure in figures(plan):
        assert (figure["name"], figure["value"], figure["formula"] or "", figure["source"] or "") in told
    assert all(row[2].data_type == "f" for row, _ in rows)
    for cell, value in recalculated(book).items():
        assert value == pytest.approx(values[cell[0]][cell[1]].value, rel=1e-9), cell


async def test_another_input_gives_another_plan_in_the_workbook(admin: Person) -> None:
    _, content = await exported(admin, "serving", "xlsx")
    book = openpyxl.load_workbook(BytesIO(content))
    row = next(row for row in book["Inputs"].iter_rows() if row[0].value == "users")
    row[1].value = 50_000
    more = (await admin.post("/api/plans/serving", json=SERVING | {"users": 50_000})).json()
    wanted = {each["name"]: each["value"] for each in figures(more)}
    cell = next(row[2] for row in book["Working"].iter_rows() if row[0].value == "owned_cost")
    assert recalculated(book)["Working", cell.coordinate] == pytest.approx(wanted["owned_cost"])


async def test_what_a_tenant_writes_never_becomes_a_formula(admin: Person) -> None:
    _, content = await exported(admin, "comparison", "xlsx")
    book = openpyxl.load_workbook(BytesIO(content))
    written = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
    named = [cell for cell in written if cell.value in ("=own()", "+provider")]
    assert len(named) > 4
    assert {cell.data_type for cell in named} == {"s"}


@each_plan
async def test_a_pdf_has_every_figure_formula_and_source(admin: Person, kind: str) -> None:
    plan, content = await exported(admin, kind, "pdf")
    text = text_of(content)
    for figure in figures(plan):
        for part in (figure["name"], figure["formula"], figure["source"]):
            assert part is None or re.sub(r"\s+", "", part) in text, figure


@each_plan
async def test_a_file_speaks_the_readers_language(admin: Person, kind: str) -> None:
    _, pdf = await exported(admin, kind, "pdf", "zh")
    assert {"计算过程", "关键结果", "来源"} <= {
        word for word in ("计算过程", "关键结果", "来源") if word in text_of(pdf)
    }
    _, content = await exported(admin, kind, "xlsx", "zh")
    assert {"摘要", "输入", "图表", "来源"} <= set(openpyxl.load_workbook(BytesIO(content)).sheetnames)


@pytest.mark.parametrize(
    ("tornado", "free"), [("rented", {"rental": 0}), ("owned", {"purchase": 0, "electricity_price": 0})]
)
@pytest.mark.parametrize(("kind", "body"), [("serving", SERVING), ("training", TRAINING)])
async def test_a_plan_that_costs_nothing_has_files_without_the_chart_of_what_moves_its_cost(
    admin: Person, kind: str, body: dict[str, Any], tornado: str, free: dict[str, float]
) -> None:
    wanted = body | {"tornado": tornado, "site": free}
    pdf = await admin.post(f"/api/plans/{kind}/export?format=pdf", json=wanted)
    assert pdf.status_code == 200, pdf.text
    assert "What20%" not in text_of(pdf.content)
    book = await admin.post(f"/api/plans/{kind}/export?format=xlsx", json=wanted)
    titles = [row[0].value for row in openpyxl.load_workbook(BytesIO(book.content))["Charts"].iter_rows()]
    assert not [title for title in titles if title and title.startswith("What 20 %")]


async def test_a_comparison_has_the_chart_of_what_moves_the_cost_of_the_option_that_is_named(
    admin: Person,
) -> None:
    _, pdf = await exported(admin, "comparison", "pdf")
    assert "What20%ofoneinputchangesofthemonthlycostof“+provider”" in text_of(pdf)
    _, content = await exported(admin, "comparison", "xlsx", "zh")
    titles = [row[0].value for row in openpyxl.load_workbook(BytesIO(content))["图表"].iter_rows()]
    assert "单个输入变动 20 % 时“+provider”月成本的变化 (USD)" in titles


async def test_a_pdf_prints_names_in_greek_cyrillic_and_chinese(admin: Person) -> None:
    names = ["Аренда", "Ενοίκιο", "租用", "Loué"]
    rented = [{"kind": "api", "name": name, "input_price": 1, "output_price": 3} for name in names]
    answer = await admin.post(
        "/api/plans/comparison/export?format=pdf", json=COMPARISON | {"options": rented, "million_tokens": 10}
    )
    assert answer.status_code == 200, answer.text
    found = text_of(answer.content)
    # At what decides, at its bar, over its inputs and over its working.
    assert [name for name in names if found.count(name) < 4] == []


async def test_an_unknown_format_or_a_model_without_facts_gives_no_file(admin: Person) -> None:
    made = (await admin.post("/api/models", json=MODEL)).json()
    for form, change, status, code in (
        ("docx", {}, 400, "invalid_value"),
        ("", {}, 400, "invalid_value"),
        ("xlsx", {"model": made["id"]}, 422, "planner_facts_missing"),
        ("pdf", {"users": -5}, 422, "planner_value_out_of_range"),
    ):
        answer = await admin.post(f"/api/plans/serving/export?format={form}", json=SERVING | change)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_files_are_made_one_at_a_time_however_many_are_asked_for_at_once(
    admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, counting, at_once, most = plans.export, Lock(), 0, 0

    def counted(*given: Any) -> plans.Document:
        nonlocal at_once, most
        with counting:
            at_once += 1
            most = max(most, at_once)
        try:
            return export(*given)
        finally:
            with counting:
                at_once -= 1

    monkeypatch.setattr(plans, "export", counted)
    asked = [
        admin.post(f"/api/plans/{kind}/export?format={form}", json=PLANS[kind])
        for kind in ("serving", "comparison")
        for form in ("xlsx", "pdf")
    ]
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [200] * len(asked)
    assert most == 1
