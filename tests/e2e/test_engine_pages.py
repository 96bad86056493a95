"""The console of engines: what is there and what each can do; one is installed, cancelled, begun again and removed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator

from jixi.models.engines import VllmEngine
from tests.e2e.shopper import CHINESE, DONE_WITHIN_MS, ENGLISH, Shopper, shopping
from tests.e2e.visitor import expect
from tests.gates import Gate, gate_at
from tests.wheels import index_of, write_wheel

VERSION: Final = VllmEngine.profile.requirements[0].partition("==")[2]


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the console calls what one does with an engine, in one language."""

    engines: str
    absent: str
    ready: str
    install: str
    kept: str
    own: str
    failed: str
    why: str


WORDS: Final = {
    "en-US": Words(
        engines="Engines",
        absent="Not installed",
        ready="Ready",
        install="Install",
        kept="Packages kept",
        own="Own environment",
        failed="Installation failed",
        why="cannot be installed",
    ),
    "zh-CN": Words(
        engines="引擎",
        absent="未安装",
        ready="就绪",
        install="安装",
        kept="保留的软件包",
        own="独立环境",
        failed="安装失败",
        why="无法安装",
    ),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is the only index the server knows of."""
    return tmp_path_factory.mktemp("index")


@pytest.fixture
def gate(index: Path) -> Iterator[Gate]:
    """Where the only vLLM of the index waits when it is tried for the first time."""
    with gate_at(index.parent / "gate") as made:
        write_wheel(index, "vllm", VERSION, {"vllm/__init__.py": made.waits})
        yield made
    for wheel in index.iterdir():
        wheel.unlink()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory, index: Path) -> Iterator[Shopper]:
    with shopping(browser, tmp_path_factory, index_of(index)) as made:
        yield made


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"])
def visitor(request: pytest.FixtureRequest, signed_in: Shopper) -> Shopper:
    signed_in.read(request.param)
    signed_in.see_as((1440, 900), "light")
    return signed_in


def _opened(visitor: Shopper) -> Locator:
    page, words = visitor.page, WORDS[visitor.words.locale]
    page.goto("/deployments")
    page.get_by_role("tab", name=words.engines).click()
    row = page.get_by_role("table", name=words.engines).get_by_role("row").filter(has_text="vllm")
    expect(row).to_contain_text(words.own)
    row.get_by_role("button").click()
    return page.get_by_role("dialog", name="vllm")


def test_an_engine_is_installed_by_a_job_that_is_cancelled_and_begun_again_and_is_removed(
    visitor: Shopper, gate: Gate
) -> None:
    words, said = WORDS[visitor.words.locale], visitor.words
    panel = _opened(visitor)
    job = panel.get_by_role("region", name="vllm")
    panel.get_by_role("button", name=words.install, exact=True).click()
    gate.reached()
    job.get_by_role("button", name=said.cancel).click()
    expect(job.get_by_text(said.cancelled, exact=True)).to_be_visible(timeout=DONE_WITHIN_MS)
    expect(panel.get_by_text(words.kept)).to_be_visible(timeout=DONE_WITHIN_MS)

    gate.open()
    job.get_by_role("button", name=said.retry).click()
    expect(panel.get_by_text(words.ready, exact=True)).to_be_visible(timeout=DONE_WITHIN_MS)
    expect(panel.get_by_text(VERSION, exact=True)).to_be_visible()
    expect(job).to_have_count(0)
    panel.get_by_role("button", name=said.remove_now, exact=True).click()
    visitor.page.locator(".ant-modal").get_by_role("button", name=said.remove_now, exact=True).click()
    expect(panel.get_by_role("button", name=words.install, exact=True)).to_be_visible(timeout=DONE_WITHIN_MS)
    assert visitor.complaints == []


def test_an_installation_that_fails_says_why_and_is_begun_again(visitor: Shopper) -> None:
    words = WORDS[visitor.words.locale]
    panel = _opened(visitor)
    job = panel.get_by_role("region", name="vllm")
    again = job.get_by_role("button", name=visitor.words.retry)
    panel.get_by_role("button", name=words.install, exact=True).or_(again).click()
    expect(panel.get_by_text(words.failed)).to_be_visible(timeout=DONE_WITHIN_MS)
    expect(job.get_by_role("alert")).to_contain_text(words.why)
    again.click()
    expect(again).to_have_count(0)
    expect(again).to_be_visible(timeout=DONE_WITHIN_MS)
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.get_by_role("row").filter(has_text="vllm")).to_contain_text(words.failed)
    for size in ((1440, 900), (390, 844)):
        visitor.see_as(size, "dark" if visitor.words is CHINESE else "light")
        assert [
            found
            for path in ("/deployments?tab=engines", "/deployments?tab=engines&id=vllm")
            for found in visitor.look(path)
        ] == []
    assert visitor.complaints == []
