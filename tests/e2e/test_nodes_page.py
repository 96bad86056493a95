"""The console of nodes: this machine as it is now, what it did over time, and what ran where."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.e2e.shopper import CHINESE, ENGLISH, Shopper, shopping
from tests.e2e.visitor import expect

NOTHING_RAN: Final = {"en-US": "No deployment held memory", "zh-CN": "没有部署占用此节点的内存"}
MEMORY: Final = {"en-US": "Memory", "zh-CN": "内存"}


@pytest.fixture(scope="module")
def signed_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopper]:
    with shopping(browser, tmp_path_factory, {}) as made:
        yield made


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"])
def visitor(request: pytest.FixtureRequest, signed_in: Shopper) -> Shopper:
    signed_in.read(request.param)
    signed_in.see_as((1440, 900), "light")
    return signed_in


def _name(visitor: Shopper) -> str:
    name: str = visitor.page.evaluate(
        "fetch('/api/nodes').then(each => each.json()).then(each => each.items[0].name)"
    )
    return name


def test_a_node_is_opened_by_the_keyboard_and_what_is_shown_is_in_the_address(visitor: Shopper) -> None:
    page, locale = visitor.page, visitor.words.locale
    name = _name(visitor)
    page.goto("/nodes")
    page.get_by_role("button", name=name).focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name=name)
    expect(panel.get_by_text(NOTHING_RAN[locale])).to_be_visible()
    panel.locator("label").filter(has_text=MEMORY[locale]).click()
    expect(page).to_have_url(f"{visitor.served.url}/nodes?id={name}&measure=memory")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert visitor.complaints == []


def test_the_page_keeps_nobody_out_at_either_size_and_theme(visitor: Shopper) -> None:
    name = _name(visitor)
    for size in ((1440, 900), (390, 844)):
        visitor.see_as(size, "dark" if visitor.words is CHINESE else "light")
        assert [
            found
            for path in ("/nodes", f"/nodes?id={name}&range=d7&measure=memory")
            for found in visitor.look(path)
        ] == []
    assert visitor.complaints == []
