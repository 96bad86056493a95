"""The console's planner: every state has an address; a plan in plain words; what is assumed, missing or wrong."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.shopper import CHINESE, DONE_WITHIN_MS, ENGLISH, Shopper, shopping
from tests.e2e.visitor import expect

READY_WITHIN_MS: Final = 120_000
OPTIONS: Final[list[dict[str, Any]]] = [
    {"kind": "rented", "name": "Hired", "hardware.chip": "l40s", "weights": "fp8"},
    {"kind": "api", "name": "Outside", "input_price": 0.1, "output_price": 0.4},
]
COMPARISON: Final = f"/planner?tab=compare&model=qwen3-8b&options={quote(json.dumps(OPTIONS))}"
PAGES: Final = (
    "/planner",
    "/planner?model=qwen3-8b&users=20000&working=true&q=cost",
    "/planner?model=qwen3-8b&ask=accelerators&site.currency=CNY",
    "/planner?tab=train&model=qwen3-8b",
    COMPARISON,
    "/planner?model=qwen3-8b&view=code",
    "/planner?tab=compare&view=use",
)


@dataclass(frozen=True, kw_only=True)
class Planning:
    """What the console calls what one plans with."""

    page: str
    example: str
    summary: str
    users: str
    short_users: str
    train: str
    tokens: str
    assumed: str
    utilisation: str
    reset: str
    failed: str
    open_model: str
    rent: str
    hired: str
    outside: str
    add: str
    turns: str
    moved: str
    working: str
    show: str
    code: str
    export: str


PLANNING: Final = {
    "en-US": Planning(
        page="Planner",
        example="Plan Qwen3 8B for 500 users",
        summary="In short",
        users="Users in the busiest hour",
        short_users="for 500 users",
        train="Train",
        tokens="Tokens of training",
        assumed="assumed",
        utilisation="Utilisation",
        reset="Utilisation: use the planner's value",
        failed="No plan can be made of this",
        open_model="Open the model",
        rent="Rent of an accelerator",
        hired="Rented, a month",
        outside="Provider's API",
        add="Add an option",
        turns="Hired is cheaper than Outside",
        moved="What the cost hangs on",
        working="The working",
        show="Show",
        code="View code",
        export="Export",
    ),
    "zh-CN": Planning(
        page="规划器",
        example="为 500 个用户规划 Qwen3 8B",
        summary="结论",
        users="高峰小时用户数",
        short_users="500 个用户",
        train="训练",
        tokens="训练 token 数",
        assumed="假设值",
        utilisation="算力利用率",
        reset="算力利用率：恢复规划器的取值",
        failed="按这些输入无法得出方案",
        open_model="打开模型",
        rent="单卡租金",
        hired="租用，每月",
        outside="供应商 API",
        add="添加方案",
        turns="“Hired”比“Outside”便宜",
        moved="成本取决于什么",
        working="计算过程",
        show="展开",
        code="查看代码",
        export="导出",
    ),
}


@pytest.fixture(scope="module")
def signed_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopper]:
    with shopping(browser, tmp_path_factory, {}) as made:
        yield made


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"])
def visitor(request: pytest.FixtureRequest, signed_in: Shopper) -> Shopper:
    signed_in.read(request.param)
    signed_in.see_as((1440, 900), "light")
    signed_in.page.goto("/")
    signed_in.complaints.clear()
    return signed_in


def test_an_example_is_planned_and_a_slider_changes_the_plan_and_the_address(visitor: Shopper) -> None:
    page, words = visitor.page, PLANNING[visitor.words.locale]
    page.get_by_role("link", name=words.page, exact=True).click()
    visitor.button(words.example).click()
    summary = page.get_by_role("region", name=words.summary)
    expect(summary).to_contain_text(words.short_users)
    slider = page.get_by_role("slider", name=words.users)
    before = slider.get_attribute("aria-valuenow")
    slider.press("ArrowRight")
    expect(slider).not_to_have_attribute("aria-valuenow", before or "")
    page.wait_for_url(re.compile(r"users=\d+"))
    expect(summary).not_to_contain_text(words.short_users)
    _fill(page, words.users, "20K")
    page.wait_for_url(re.compile("users=20000"))
    expect(summary).to_contain_text("20,000")
    page.reload()
    expect(summary).to_contain_text("20,000")
    assert visitor.complaints == []


def test_what_is_assumed_is_marked_until_it_is_known(visitor: Shopper) -> None:
    page, words = visitor.page, PLANNING[visitor.words.locale]
    page.goto("/planner?model=qwen3-8b")
    page.get_by_role("tab", name=words.train, exact=True).click()
    page.wait_for_url(re.compile("tab=train"))
    field = page.locator(".ant-form-item").filter(has=page.get_by_label(words.utilisation, exact=False)).first
    expect(field.get_by_text(words.assumed, exact=True)).to_be_visible()
    field.get_by_role("textbox").fill("50")
    field.get_by_role("textbox").press("Enter")
    page.wait_for_url(re.compile(r"fleet\.utilisation=0\.5"))
    expect(field.get_by_text(words.assumed, exact=True)).to_have_count(0)
    visitor.button(words.reset).click()
    expect(field.get_by_text(words.assumed, exact=True)).to_be_visible()
    assert visitor.complaints == []


def test_what_is_missing_or_wrong_stands_at_its_field(visitor: Shopper) -> None:
    page, words = visitor.page, PLANNING[visitor.words.locale]
    page.goto("/planner?model=deepseek-v4-pro")
    expect(page.get_by_role("heading", name=words.failed)).to_be_visible()
    expect(page.locator(".ant-form-item-explain-error")).to_contain_text("deepseek-v4-pro")
    expect(page.get_by_role("link", name=words.open_model)).to_have_attribute(
        "href", "/store/deepseek-v4-pro"
    )
    page.goto("/planner?model=qwen3-8b&engine.max_batch=0")
    expect(page.locator("details .ant-form-item-explain-error")).to_contain_text("max_batch")
    page.goto("/planner?tab=train&model=qwen3-8b&fleet.accelerators=1")
    expect(page.get_by_role("alert")).to_contain_text("126.0 GiB")
    # A refusal is an answer with a status, which browsers note.
    assert all("status of 422" in each for each in visitor.complaints), visitor.complaints


def test_a_price_that_nobody_says_is_asked_for_and_given(visitor: Shopper) -> None:
    page, words = visitor.page, PLANNING[visitor.words.locale]
    page.goto("/planner?model=qwen3-8b&site.currency=CNY")
    expect(page.get_by_role("status").filter(has_text="rental")).to_be_visible()
    _fill(page, words.rent, "20")
    page.wait_for_url(re.compile(r"site\.rental=20"))
    expect(page.get_by_text("¥14,610").first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="rental")).to_have_count(0)
    assert visitor.complaints == []


def test_options_are_compared_once_they_are_complete(visitor: Shopper) -> None:
    page, words = visitor.page, PLANNING[visitor.words.locale]
    page.goto(COMPARISON)
    expect(page.get_by_text(words.turns)).to_be_visible()
    moved = page.locator("section").filter(has=page.get_by_role("heading", name=words.moved))
    # Of the cheapest, unless another is looked at.
    expect(moved.locator("p").first).to_contain_text("Outside")
    page.goto(f"{COMPARISON}&of=Hired")
    expect(moved.locator("p").first).to_contain_text("Hired")
    # No option leaves its weights to the planner, and there is a comparison to take away all the same.
    for verb in (words.export, words.code):
        expect(visitor.button(verb)).to_be_enabled()
    visitor.button(words.add).click()
    page.wait_for_url(re.compile("options="))
    third = page.get_by_role("group", name=words.outside, exact=True)
    for box in third.get_by_role("textbox").all()[1:]:
        box.fill("2")
        box.press("Enter")
    table = page.get_by_role("table").first
    expect(table.locator("tbody tr")).to_have_count(3)
    assert visitor.complaints == []


def test_the_working_shows_formulas_and_the_code_asks_for_the_same(visitor: Shopper) -> None:
    page, words = visitor.page, PLANNING[visitor.words.locale]
    page.goto("/planner?model=qwen3-8b&site.pue=1.2")
    section = page.locator("section").filter(has=page.get_by_role("heading", name=words.working))
    section.get_by_role("button", name=words.show).click()
    expect(section.get_by_text("energy * grid / grams_a_tonne")).to_be_visible()
    page.wait_for_url(re.compile("working=true"))
    visitor.button(words.code).click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("/api/plans/serving")
    expect(panel).to_contain_text('"pue": 1.2')
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert visitor.complaints == []


def test_a_plan_is_saved_as_a_workbook_and_as_a_document(visitor: Shopper) -> None:
    page, words = visitor.page, PLANNING[visitor.words.locale]
    page.goto("/planner?tab=train&model=qwen3-8b")
    for kind, begins in (("Excel", b"PK"), ("PDF", b"%PDF")):
        visitor.button(words.export).click()
        with page.expect_download(timeout=DONE_WITHIN_MS) as saved:
            page.get_by_role("menuitem", name=kind).click()
        assert saved.value.path().read_bytes().startswith(begins)
    assert visitor.complaints == []


@pytest.mark.timeout(400)
def test_a_plan_begins_with_what_was_asked_for(signed_in: Shopper) -> None:
    signed_in.read(ENGLISH)
    signed_in.see_as((1440, 900), "light")
    page = signed_in.page
    page.goto("/planner?view=use")
    expect(page.get_by_text("Nothing has been asked for yet")).to_be_visible()
    _call_a_model(page)
    page.goto("/planner?view=use&ask=accelerators")
    use = page.get_by_role("article", name="talker")
    use.get_by_role("button", name="Plan with this").click()
    page.wait_for_url(re.compile("model=smollm2-135m-instruct"))
    expect(page.get_by_role("region", name="In short")).to_contain_text("for 1 user ")
    assert signed_in.complaints == []


def _call_a_model(page: Page) -> None:
    """Deploy a small one and have it answer once."""
    headers = {"X-CSRF-Token": page.request.get("/api/session").json()["csrf_token"]}
    plan = {"name": "talker", "model_id": "smollm2-135m-instruct"}
    assert page.request.post("/api/deployments", headers=headers, data=plan).status == 201
    key = page.request.post("/api/keys", headers=headers, data={"name": "plan", "scopes": ["chat"]}).json()
    page.goto("/deployments?id=talker")
    ready = page.get_by_role("dialog", name="talker").get_by_text("Ready", exact=True).first
    expect(ready).to_be_visible(timeout=READY_WITHIN_MS)
    call = {"model": "talker", "max_tokens": 2, "messages": [{"role": "user", "content": "Hello"}]}
    bearer = {"Authorization": f"Bearer {key['secret']}"}
    assert page.request.post("/v1/chat/completions", headers=bearer, data=call).status == 200


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desk", "phone"])
def test_its_pages_are_usable_for_everybody(visitor: Shopper, size: tuple[int, int]) -> None:
    visitor.see_as(size, "dark" if visitor.words is CHINESE else "light")
    assert [found for path in PAGES for found in visitor.look(path)] == []
    assert visitor.complaints == []


def _fill(place: Any, label: str, text: str) -> None:
    box = place.get_by_role("textbox", name=label)
    box.fill(text)
    box.press("Enter")
