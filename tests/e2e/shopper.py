"""An administrator who shops for models: what the console calls things in either language, and who is signed up."""

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import Served, serving
from tests.e2e.visitor import Visitor

PASSWORD: Final = "correct horse battery"
DONE_WITHIN_MS: Final = 60_000


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the console calls things, in one language."""

    locale: str
    search: str
    """What finds a model of vectors in this language."""
    models: str
    compare_two: str
    different: str
    download: str
    jobs: re.Pattern[str]
    cancel: str
    cancelled: str
    retry: str
    here: str
    verify: str
    checked: re.Pattern[str]
    """A check of files that has ended well."""
    remove: str
    remove_now: str
    not_here: str
    licence: str


ENGLISH: Final = Words(
    locale="en-US",
    search="vectors",
    models="Models",
    compare_two="Compare 2",
    different="Only differences",
    download="Download",
    jobs=re.compile("1 job is running"),
    cancel="Cancel",
    cancelled="Cancelled",
    retry="Try again",
    here="On this machine",
    verify="Check the files",
    checked=re.compile("Check of files.*Done"),
    remove="Remove from this machine",
    remove_now="Remove",
    not_here="Not here",
    licence="Research only",
)
CHINESE: Final = Words(
    locale="zh-CN",
    search="向量",
    models="模型",
    compare_two="对比 2 个",
    different="只看差异",
    download="下载",
    jobs=re.compile("1 个任务正在进行"),
    cancel="取消",
    cancelled="已取消",
    retry="重试",
    here="已在本机",
    verify="校验文件",
    checked=re.compile("文件校验.*已完成"),
    remove="从本机移除",
    remove_now="移除",
    not_here="不在本机",
    licence="可研究",
)


class Shopper(Visitor):
    """An administrator who reads one language."""

    def __init__(self, browser: Browser, served: Served) -> None:
        super().__init__(browser, served, "en-US")
        self.words = ENGLISH

    def sign_up(self) -> None:
        self.page.goto(self.served.setup_link)
        self.page.get_by_label("Organisation").fill("Example Works")
        self.page.get_by_label("Your name").fill("Lin")
        self.page.get_by_label("E-mail").fill("lin@example.com")
        self.page.get_by_label("New password", exact=True).fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.served.url}/")

    def read(self, words: Words) -> None:
        chosen = {"language": words.locale[:2], "languageChosen": True}
        self.words = words
        self.page.evaluate("text => localStorage.setItem('jixi.preferences', text)", json.dumps(chosen))


@contextmanager
def shopping(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, settings: Mapping[str, str]
) -> Generator[Shopper]:
    """One who has signed up at a new server with these settings and no model."""
    with serving(tmp_path_factory, starter="none", settings=settings) as served:
        made = Shopper(browser, served)
        made.sign_up()
        yield made
        made.context.close()
