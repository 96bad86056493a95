"""The console on a phone: the foot of a table, a table that is wider than the screen, and the planner's answer."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator

from tests.e2e.furnished import DEPLOYMENT, furnished
from tests.e2e.shopper import CHINESE, ENGLISH, Shopper
from tests.e2e.visitor import expect

PHONE: Final = (390, 844)
TOTAL: Final = {"en-US": "Total", "zh-CN": "合计"}
SIDEWAYS: Final = {"en-US": "Scroll sideways to see every column.", "zh-CN": "左右滑动可查看全部列。"}
COMPARE: Final = {"en-US": "Compare models", "zh-CN": "对比模型"}
SEE: Final = {"en-US": "See the plan", "zh-CN": "查看方案"}
SUMMARY: Final = {"en-US": "In short", "zh-CN": "结论"}
FAILED: Final = {"en-US": "No plan can be made of this", "zh-CN": "按这些输入无法得出方案"}


@pytest.fixture(scope="module")
def signed_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopper]:
    with furnished(browser, tmp_path_factory) as made:
        yield made


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"])
def visitor(request: pytest.FixtureRequest, signed_in: Shopper) -> Shopper:
    signed_in.read(request.param)
    signed_in.see_as(PHONE, "dark" if request.param is CHINESE else "light")
    signed_in.complaints.clear()
    return signed_in


def test_cards_end_with_the_sums_that_the_table_has(visitor: Shopper) -> None:
    page, locale = visitor.page, visitor.words.locale
    page.goto("/usage")
    cards = page.get_by_role("listitem").filter(has=page.locator("dl")).filter(has_text=DEPLOYMENT)
    total = page.get_by_role("listitem").filter(has_text=TOTAL[locale]).filter(has=page.locator("dl"))
    expect(cards.first).to_be_visible()
    expect(total.last.locator("dd").first).to_have_text("1")
    on_phone = total.last.locator("dd").all_inner_texts()
    visitor.see_as((1440, 900), "light")
    foot = page.locator("tfoot tr").last.locator("td")
    expect(foot.first).to_have_text(TOTAL[locale])
    assert foot.all_inner_texts()[1:] == on_phone
    assert visitor.complaints == []


def test_a_comparison_that_is_wider_than_the_screen_says_so(visitor: Shopper) -> None:
    page, locale = visitor.page, visitor.words.locale
    hint = page.get_by_text(SIDEWAYS[locale])
    table = page.get_by_role("region", name=COMPARE[locale])
    page.goto("/store/compare?ids=qwen3-8b,phi-4,deepseek-v3.2")
    expect(hint).to_be_visible()
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=table.element_handle())
    visitor.see_as((1440, 900), "light")
    expect(table).to_be_visible()
    expect(hint).to_have_count(0)
    assert visitor.complaints == []


def test_the_planners_answer_stays_in_sight_below_its_form_and_is_one_tap_away(visitor: Shopper) -> None:
    page, locale = visitor.page, visitor.words.locale
    peek = page.get_by_role("button", name=SEE[locale])
    summary = page.get_by_role("region", name=SUMMARY[locale])
    page.goto("/planner?model=qwen3-8b&users=500")
    expect(peek).to_contain_text("500")
    expect(peek).to_be_in_viewport(ratio=1)
    expect(summary).not_to_be_in_viewport()
    page.get_by_role("slider").first.press("ArrowRight")
    expect(peek).not_to_contain_text(" 500 ")
    assert _fields_that_hide(peek) == []
    peek.press("Enter")
    expect(summary).to_be_in_viewport(ratio=1)
    assert visitor.complaints == []


def _fields_that_hide(peek: Locator) -> list[str]:
    """Fields that take the focus below what stays at the edge."""
    found: list[str] = peek.evaluate(
        """peek => [...document.querySelectorAll('form input')].filter(each => each.checkVisibility()).flatMap(each => {
          each.focus();
          const [field, edge] = [each.getBoundingClientRect(), peek.getBoundingClientRect()];
          return field.bottom > edge.top && field.top < edge.bottom ? [each.id] : [];
        })"""
    )
    return found


def test_what_cannot_be_planned_is_told_where_the_form_is(visitor: Shopper) -> None:
    page, locale = visitor.page, visitor.words.locale
    page.goto("/planner?model=deepseek-v4-pro")
    peek = page.get_by_role("button", name=SEE[locale])
    expect(peek).to_contain_text(FAILED[locale])
    expect(peek).to_be_in_viewport(ratio=1)
