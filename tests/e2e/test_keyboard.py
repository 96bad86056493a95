"""The console by the keyboard: what opened a dialog has the focus again, a choice is one stop, headings go in steps."""

import itertools
import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.e2e.furnished import ALIAS, DEPLOYMENT, KEY, MEMBER, OWN_MODEL, PROVIDER, furnished
from tests.e2e.shopper import ENGLISH, Shopper
from tests.e2e.visitor import Visitor, expect

ROW: Final = "the first row"
DIALOGS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("/keys", "Create key", ()),
    ("/keys", KEY, ("Edit$", "Edit limits", "Revoke")),
    ("/members", "Invite member", ()),
    ("/members", MEMBER, ("Edit limits", "Disable")),
    ("/deployments", "Deploy a model", ()),
    ("/deployments", DEPLOYMENT, ("Edit$", "Restart", "Stop")),
    ("/deployments?tab=engines", "stub", ()),
    (f"/deployments/{DEPLOYMENT}", "Edit$", ()),
    (f"/deployments/{DEPLOYMENT}", "Edit limits", ()),
    (f"/deployments/{DEPLOYMENT}", "Stop", ()),
    ("/providers", "Add provider", ()),
    ("/providers", PROVIDER, ("Edit", "Delete")),
    ("/providers?tab=routes", "Create alias", ()),
    ("/providers?tab=routes", ALIAS, ("Edit", "Delete")),
    ("/batches", "New batch", ()),
    ("/store", "Add own model", ()),
    ("/store?q=claims&view=versions", OWN_MODEL, ("Bring from outside", "Add version", "Retire")),
    ("/nodes", ROW, ()),
    ("/planner", "Fill from own use", ()),
    ("/planner?model=qwen3-8b", "View code", ()),
    ("/playground", "View code", ()),
    ("/usage?tab=calls", ROW, ()),
    ("/usage?tab=limits", "Set a limit", ()),
    ("/usage?tab=prices", DEPLOYMENT, ()),
    ("/usage?tab=prices", "Set price", ()),
    ("/settings", "Find anything", ()),
)
"""A page, what on it opens a dialog, and what in that opens further ones."""
PAGES: Final = (
    "/",
    "/playground",
    "/batches",
    "/batches?create=true",
    "/store",
    "/store?create=true",
    "/store?id=qwen3-8b",
    "/store?id=qwen3-8b&view=variants",
    "/store?q=claims&view=versions",
    "/store/qwen3-8b",
    "/store/qwen3-8b?view=variants",
    "/store/qwen3-8b?view=licence",
    "/store/qwen3-8b?view=versions",
    "/store/compare",
    "/store/compare?ids=qwen3-8b,phi-4",
    "/deployments",
    "/deployments?create=true",
    f"/deployments?id={DEPLOYMENT}",
    "/deployments?tab=engines",
    "/deployments?tab=engines&id=stub",
    *(f"/deployments/{DEPLOYMENT}?view={view}" for view in ("details", "log", "history", "code")),
    "/providers",
    "/providers?create=true",
    "/providers?tab=routes",
    f"/providers?tab=routes&id={ALIAS}",
    "/nodes",
    "/planner",
    "/planner?model=qwen3-8b&working=true",
    "/planner?tab=train&model=qwen3-8b",
    "/planner?tab=compare&model=qwen3-8b",
    "/planner?view=use",
    "/keys",
    "/keys?create=true",
    "/members",
    "/usage",
    "/usage?tab=calls",
    "/usage?tab=calls&outcome=refused",
    "/usage?tab=limits",
    "/usage?tab=prices",
    "/settings",
    "/settings?tab=about",
    "/nowhere",
)
_LEVELS: Final = """() => {
  const seen = each => each.checkVisibility();
  const level = each => Number(each.localName[1]);
  const levels = place => [...place.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(seen).map(level);
  const dialogs = [...document.querySelectorAll('[role=dialog]')].filter(seen);
  return [levels(document.querySelector('main')), ...dialogs.map(each => [1, ...levels(each)])];
}"""
"""The headings of the page, and those of each dialog under the page's title."""


@pytest.fixture(scope="module")
def signed_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopper]:
    with furnished(browser, tmp_path_factory) as made:
        yield made


@pytest.fixture
def visitor(signed_in: Shopper) -> Shopper:
    signed_in.read(ENGLISH)
    signed_in.page.set_viewport_size({"width": 1440, "height": 900})
    signed_in.complaints.clear()
    return signed_in


def _dialogs(page: Page) -> Locator:
    return page.get_by_role("dialog")


def _place(page: Page, opened: int) -> Locator:
    """Where the next thing to open is: the page, or the last dialog that was opened."""
    return _dialogs(page).last if opened else page.locator("body")


def _open(page: Page, opened: int, name: str) -> Locator:
    named = _place(page, opened).get_by_role("button", name=re.compile(name))
    opener = (page.locator("main [data-row]") if name == ROW else named).first
    expect(opener).to_be_enabled()
    opener.focus()
    page.keyboard.press("Enter")
    expect(_dialogs(page)).to_have_count(opened + 1)
    expect(_dialogs(page).last.locator("[aria-busy=true]")).to_have_count(0)
    return opener


def _close(page: Page, left: int) -> None:
    page.keyboard.press("Escape")
    expect(_dialogs(page)).to_have_count(left)


@pytest.mark.parametrize(("path", "opener", "inner"), DIALOGS)
def test_what_opened_a_dialog_has_the_focus_again(
    visitor: Shopper, path: str, opener: str, inner: tuple[str, ...]
) -> None:
    page = visitor.page
    page.goto(path)
    expect(page.locator("main h1")).to_be_visible()
    outer = _open(page, 0, opener)
    for name in inner:
        opened = _open(page, 1, name)
        _close(page, 1)
        expect(opened).to_be_focused()
    _close(page, 0)
    expect(outer).to_be_focused()
    assert visitor.complaints == []


def test_a_row_that_the_mouse_opened_is_where_the_keyboard_goes_on(visitor: Shopper) -> None:
    page = visitor.page
    page.goto("/deployments")
    row = page.get_by_role("row").filter(has_text=DEPLOYMENT)
    row.get_by_role("cell").last.click()
    expect(_dialogs(page)).to_have_count(1)
    _close(page, 0)
    expect(row.get_by_role("button")).to_be_focused()


def test_what_is_opened_by_its_address_leaves_the_focus_to_the_page(visitor: Shopper) -> None:
    page = visitor.page
    page.goto(f"/deployments?id={DEPLOYMENT}")
    expect(_dialogs(page)).to_have_count(1)
    _close(page, 0)
    expect(page.locator("main")).to_be_focused()


def test_a_secret_that_is_shown_once_leads_back_to_what_made_it(visitor: Shopper) -> None:
    page = visitor.page
    page.goto("/keys")
    create = _open(page, 0, "Create key")
    page.get_by_label("Name", exact=True).fill("Night job")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="I have copied it").press("Enter")
    expect(_dialogs(page)).to_have_count(0)
    expect(create).to_be_focused()


def test_a_question_before_leaving_leads_back_into_the_form_or_out_of_it(visitor: Shopper) -> None:
    page = visitor.page
    page.goto("/keys")
    create = _open(page, 0, "Create key")
    name = page.get_by_label("Name", exact=True)
    name.fill("Half a name")
    page.keyboard.press("Escape")
    expect(_dialogs(page)).to_have_count(2)
    _close(page, 1)
    expect(name).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard changes").press("Enter")
    expect(_dialogs(page)).to_have_count(0)
    expect(create).to_be_focused()


def test_what_the_palette_opened_leads_back_past_the_palette(visitor: Shopper) -> None:
    page = visitor.page
    page.goto("/keys")
    before = page.get_by_role("button", name=KEY).first
    before.focus()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    _close(page, 0)
    expect(before).to_be_focused()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("Create key")
    page.keyboard.press("Enter")
    expect(_dialogs(page).get_by_label("Name", exact=True)).to_be_visible()
    expect(_dialogs(page)).to_have_count(1)
    _close(page, 0)
    expect(before).to_be_focused()


def test_the_menu_of_a_phone_and_what_it_opens_lead_back_to_it(visitor: Shopper) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/playground")
    menu = _open(page, 0, "menu")
    _close(page, 0)
    expect(menu).to_be_focused()
    _open(page, 0, "menu")
    _dialogs(page).get_by_role("button", name="Find anything").press("Enter")
    expect(_dialogs(page).get_by_role("combobox")).to_be_focused()
    _close(page, 0)
    expect(menu).to_be_focused()
    settings = _open(page, 0, "Settings")
    _close(page, 0)
    expect(settings).to_be_focused()


@pytest.mark.parametrize(
    ("path", "name"),
    [("/settings", "Theme"), ("/planner", "What is known"), (f"/deployments/{DEPLOYMENT}", "Live")],
)
def test_a_choice_is_one_stop_within_which_arrows_walk(visitor: Shopper, path: str, name: str) -> None:
    page = visitor.page
    page.goto(path)
    group = page.get_by_role("radiogroup", name=name)
    chosen = group.get_by_role("radio", checked=True)
    others = group.get_by_role("radio", checked=False)
    expect(chosen).to_have_count(1)
    first = group.get_by_role("radio").first
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(first).not_to_be_checked()
    expect(chosen).to_be_focused()
    assert others.count() > 0
    for there, back in (("Tab", "Shift+Tab"), ("Shift+Tab", "Tab")):
        page.keyboard.press(there)
        assert not _within(group)
        page.keyboard.press(back)
        expect(chosen).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(first).to_be_checked()


def _within(place: Locator) -> bool:
    return bool(place.evaluate("place => place.contains(document.activeElement)"))


def test_headings_of_every_page_begin_with_its_title_and_go_down_one_step_at_a_time(visitor: Shopper) -> None:
    wrong: dict[str, list[int]] = {}
    for path in PAGES:
        visitor.page.goto(path)
        expect(visitor.page.locator("main h1")).to_be_visible()
        expect(visitor.page.locator("[aria-busy=true]")).to_have_count(0)
        for levels in visitor.page.evaluate(_LEVELS):
            if not _steps(levels):
                wrong[path] = levels
    assert wrong == {}


def test_headings_go_down_in_steps_before_one_has_signed_in(visitor: Shopper, browser: Browser) -> None:
    stranger = Visitor(browser, visitor.served, "en-US")
    for path in ("/login", "/invitation", "/setup"):
        stranger.page.goto(path)
        expect(stranger.page.locator("main h1")).to_be_visible()
        assert all(map(_steps, stranger.page.evaluate(_LEVELS))), path
    stranger.context.close()


def _steps(levels: list[int]) -> bool:
    """Whether there is one title, at the top, and each heading is at most one step below the one before it."""
    pairs = itertools.pairwise(levels)
    return levels[:1] == [1] and levels.count(1) == 1 and all(after - before <= 1 for before, after in pairs)
