"""The whole path of a newcomer, in both languages: from the printed link to a metered call, by way of every page."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import openai
import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import Served, serving
from tests.e2e.visitor import Theme, Visitor, expect

PASSWORD: Final = "correct horse battery"
MODEL: Final = "smollm2-135m-instruct"
ANSWERED_WITHIN_MS: Final = 60_000
PAGES: Final = ("/", "/playground", "/deployments", "/keys", "/members", "/usage", "/settings")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the console calls things, in one language."""

    locale: str
    organisation: str
    name: str
    email: str
    new_password: str
    set_up: str
    create_key: str
    key_name: str
    key_copied: str
    say: str
    ai_label: str
    invite: str
    invite_done: re.Pattern[str]
    join: str
    usage_total: str
    sign_in: str
    password: str


ENGLISH: Final = Words(
    locale="en-US",
    organisation="Organisation",
    name="Your name",
    email="E-mail",
    new_password="New password",
    set_up="Set up and sign in",
    create_key="Create key",
    key_name="Name",
    key_copied="I have copied it",
    say="Write a message",
    ai_label="AI generated",
    invite="Invite",
    invite_done=re.compile("Invite"),
    join="Join and sign in",
    usage_total="Usage & cost",
    sign_in="Sign in",
    password="Password",
)
CHINESE: Final = Words(
    locale="zh-CN",
    organisation="组织名称",
    name="您的姓名",
    email="邮箱",
    new_password="设置密码",
    set_up="完成并登录",
    create_key="创建密钥",
    key_name="名称",
    key_copied="已复制",
    say="输入消息",
    ai_label="AI 生成",
    invite="邀请",
    invite_done=re.compile("邀请"),
    join="加入并登录",
    usage_total="用量与费用",
    sign_in="登录",
    password="密码",
)


class Newcomer(Visitor):
    """A visitor who reads one language."""

    def __init__(self, browser: Browser, served: Served, words: Words) -> None:
        super().__init__(browser, served, words.locale)
        self.words = words


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"], scope="module")
def visitor(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Newcomer]:
    """A newcomer at a server of their own; the walks of one language follow each other on it."""
    words: Words = request.param
    with serving(tmp_path_factory) as served:
        made = Newcomer(browser, served, words)
        yield made
        made.context.close()


def test_a_newcomer_sets_up_calls_a_model_and_finds_every_token(visitor: Newcomer) -> None:
    page, words, served = visitor.page, visitor.words, visitor.served
    page.goto(served.setup_link)
    page.get_by_label(words.organisation).fill("Example Works")
    page.get_by_label(words.name).fill("Lin")
    page.get_by_label(words.email).fill("lin@example.com")
    page.get_by_label(words.new_password, exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/")

    page.goto("/keys")
    visitor.button(words.create_key).first.click()
    page.get_by_label(words.key_name, exact=True).fill("Search service")
    page.keyboard.press("Enter")
    secret = page.get_by_text(re.compile(r"sk-jixi-[\w-]{40,}")).first
    expect(secret).to_be_visible()
    found = re.search(r"sk-jixi-[\w-]{40,}", page.inner_text("body"))
    assert found is not None
    visitor.button(words.key_copied).click()
    expect(page.get_by_text("Search service").first).to_be_visible()

    page.goto("/deployments")
    expect(page.get_by_text(MODEL).first).to_be_visible()
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key=found.group(0), max_retries=10) as client:
        answer = client.chat.completions.create(
            model=MODEL, max_tokens=8, messages=[{"role": "user", "content": "Say hello."}]
        )
    assert answer.usage is not None

    page.goto("/playground")
    # A small model left to itself may write until its context is full.
    page.get_by_role("spinbutton", name="max_tokens").fill("16")
    box = page.get_by_placeholder(re.compile(words.say))
    box.fill("Say hello.")
    box.press("Enter")
    expect(page.get_by_text(words.ai_label).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"req_")).first).to_be_visible(timeout=ANSWERED_WITHIN_MS)

    page.goto("/usage")
    expect(page.get_by_text(MODEL).first).to_be_visible()
    page.goto("/usage?tab=calls")
    expect(page.get_by_text(MODEL)).not_to_have_count(0)
    table = page.request.get("/api/usage.csv?group_by=model").text().removeprefix("\ufeff")
    calls = {
        row["model"]: row["calls"] for row in csv.DictReader(table.splitlines()) if row["kind"] == "calls"
    }
    assert calls == {MODEL: "2"}
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("size", "themes"),
    [((1440, 900), ("light", "dark")), ((390, 844), ("dark", "light"))],
    ids=["desk", "phone"],
)
def test_every_page_is_usable_for_everybody_at_every_size_in_both_themes(
    visitor: Newcomer, size: tuple[int, int], themes: tuple[Theme, Theme]
) -> None:
    first, second = themes
    found: list[str] = []
    for path in PAGES:
        visitor.see_as(size, first)
        found += visitor.look(path)
        visitor.see_as(size, second)
        found += visitor.look_again(path, second)
    assert found == []
    assert visitor.complaints == []


def test_a_colleague_joins_by_link_and_sees_what_their_role_allows(
    visitor: Newcomer, browser: Browser
) -> None:
    page, words = visitor.page, visitor.words
    page.set_viewport_size({"width": 1440, "height": 900})
    session = page.request.get("/api/session").json()
    invited = page.request.post(
        "/api/members",
        headers={"X-CSRF-Token": session["csrf_token"]},
        data={"email": "chen@example.com", "name": "Chen", "role": "auditor"},
    ).json()
    colleague = Newcomer(browser, visitor.served, words)
    colleague.page.goto(invited["invitation_url"])
    colleague.page.get_by_label(words.new_password, exact=True).fill(PASSWORD)
    colleague.button(words.join).click()
    colleague.page.wait_for_url(f"{visitor.served.url}/")
    expect(colleague.page.locator('a[href="/usage"]').first).to_be_visible()
    assert colleague.page.locator('a[href="/playground"]').count() == 0
    assert colleague.complaints == []
    colleague.context.close()


def test_a_person_signs_out_and_in_again_by_the_keyboard_alone(visitor: Newcomer) -> None:
    page, words = visitor.page, visitor.words
    visitor.context.clear_cookies()
    page.goto("/keys")
    page.wait_for_url(re.compile("/login"))
    page.get_by_label(words.email).fill("lin@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/keys"))
    expect(page.get_by_text("Search service").first).to_be_visible()
