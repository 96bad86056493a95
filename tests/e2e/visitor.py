"""A person at a browser, and what they would complain of."""

import re
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, ConsoleMessage, Expect, Locator, Page, Request

from tests.e2e.conftest import Served

AXE: Final = Path(__file__).parent.parent / "js/node_modules/axe-core/axe.min.js"

Theme = Literal["light", "dark"]
PATIENCE_MS: Final = 30_000
MOST_SHIFT: Final = 0.1
_SHIFT: Final = """() => new Promise(resolve => {
  const add = (list) => list.getEntries().reduce((sum, each) => sum + (each.hadRecentInput ? 0 : each.value), 0);
  const watch = new PerformanceObserver(list => { watch.disconnect(); resolve(add(list)) });
  watch.observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(0)));
})"""
"""How much of the page has moved by itself since it began; an observer that has nothing to tell stays silent."""


def _patient() -> Expect:
    made = Expect()
    made.set_options(timeout=PATIENCE_MS)
    return made


expect: Final = _patient()
"""Playwright's own `expect` with a visitor's patience: set on that one, it would hold for all who share the process."""


class Visitor:
    """A person at a browser. Whatever the console complains of, and whoever else it calls, is noted."""

    def __init__(self, browser: Browser, served: Served, locale: str) -> None:
        self.served = served
        self.complaints: list[str] = []
        self.context = browser.new_context(
            locale=locale, viewport={"width": 1440, "height": 900}, base_url=served.url
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.served.url, "data:", "blob:")):
            self.complaints.append(f"a request to another host: {request.url}")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    def look(self, path: str) -> list[str]:
        """What on the page at `path` would keep somebody out, runs over the edge, or moves while one reads."""
        self.page.goto(path)
        found = self._found(path)
        shift: float = self.page.evaluate(_SHIFT)
        if shift > MOST_SHIFT:
            found.append(f"{path}: what was there moved by {shift:.2f}")
        return found

    def look_again(self, path: str, theme: Theme) -> list[str]:
        """The same, but for what moves, of the page that is open, once it has taken on another theme."""
        expect(self.page.locator("html")).to_have_css("color-scheme", theme)
        return self._found(path)

    def _found(self, path: str) -> list[str]:
        expect(self.page.locator("h1").first).to_be_visible()
        # The overview follows a stream, so the network never rests: what is awaited shows its bones until it is there.
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
        found = [f"{path}: {each}" for each in _serious(self.page)]
        overflow: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if overflow > 0:
            found.append(f"{path}: {overflow} px too wide")
        return found

    def see_as(self, size: tuple[int, int], theme: Theme) -> None:
        """The screen and the theme from now on, without motion."""
        self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        self.page.set_viewport_size({"width": size[0], "height": size[1]})


def _serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody out."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # Whoever asks for violations alone is spared the description of every element that is as it should be.
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run({resultTypes: ['violations']})).violations"
    )
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
