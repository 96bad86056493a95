"""Fields that load their choices: where the list does not come they say so, in the reader's language, and ask again."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, Route

from tests.e2e.shopper import CHINESE, ENGLISH, Shopper, Words, shopping
from tests.e2e.visitor import expect

NOT_LOADED: Final = {"en-US": "The choices did not load.", "zh-CN": "选项加载失败。"}
MODELS: Final = "**/api/models?*"
ROUTES: Final = "**/api/routes"
FIELDS: Final = (
    (ENGLISH, "/planner", MODELS),
    (CHINESE, "/planner", "**/api/chips"),
    (CHINESE, "/store/compare?ids=qwen3-8b,phi-4", MODELS),
    (ENGLISH, "/deployments?create=true", MODELS),
    (CHINESE, "/providers?create=true", "**/api/vendors"),
    (ENGLISH, "/providers?tab=routes&create=true", ROUTES),
)
"""Pages with a field, and the list of which its choices come."""
FORMS: Final = ((ENGLISH, "/deployments?create=true", ROUTES), (CHINESE, "/store?create=true", MODELS))
"""Forms that cannot begin without a list."""
CHIP: Final = {"en-US": "Model", "zh-CN": "模型"}


@pytest.fixture(scope="module")
def signed_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopper]:
    with shopping(browser, tmp_path_factory, {}) as made:
        yield made


@pytest.fixture
def visitor(signed_in: Shopper) -> Iterator[Shopper]:
    signed_in.see_as((1440, 900), "light")
    yield signed_in
    signed_in.page.unroute_all()
    signed_in.complaints.clear()


def _refuse(route: Route) -> None:
    route.fulfill(status=500, json={"code": "internal", "message": "The list is broken.", "status": 500})


def _answers_again(page: Page, listed: str, alert: Locator, retry: str) -> None:
    page.unroute(listed)
    again = alert.get_by_role("button", name=retry).first
    again.focus()
    page.keyboard.press("Enter")
    expect(alert).to_have_count(0)


@pytest.mark.parametrize(("words", "path", "listed"), FIELDS)
def test_a_field_whose_choices_do_not_load_says_so_and_asks_again(
    visitor: Shopper, words: Words, path: str, listed: str
) -> None:
    page = visitor.page
    visitor.read(words)
    page.route(listed, _refuse)
    page.goto(path)
    alert = page.get_by_role("alert").filter(has_text=NOT_LOADED[words.locale])
    expect(alert.first).to_contain_text("The list is broken.")
    expect(alert.first.get_by_role("button", name=words.retry)).to_be_visible()
    _answers_again(page, listed, alert, words.retry)
    # The keyboard goes on at the field.
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("combobox", expanded=True)).to_be_focused()


@pytest.mark.parametrize(("words", "path", "listed"), FORMS)
def test_a_form_that_needs_a_list_says_that_it_did_not_load(
    visitor: Shopper, words: Words, path: str, listed: str
) -> None:
    page = visitor.page
    visitor.read(words)
    page.route(listed, _refuse)
    page.goto(path)
    form = page.get_by_role("dialog")
    alert = form.get_by_role("alert")
    expect(alert).to_contain_text("The list is broken.")
    _answers_again(page, listed, alert, words.retry)
    expect(form.get_by_role("textbox").first).to_be_visible()


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_a_filter_whose_choices_do_not_load_offers_to_ask_again(visitor: Shopper, words: Words) -> None:
    page = visitor.page
    visitor.read(words)
    page.route(ROUTES, _refuse)
    page.goto("/usage")
    page.locator("main").get_by_role("button", name=CHIP[words.locale], exact=True).click()
    again = page.get_by_role("menuitem", name=NOT_LOADED[words.locale])
    expect(again).to_contain_text(words.retry)
    with page.expect_response(ROUTES):
        again.click()
