"""The console of the store and of deployments: a model is found in either language, compared, brought here by a job,
deployed, updated, rolled back, stopped and deleted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.e2e.shopper import CHINESE, DONE_WITHIN_MS, ENGLISH, Shopper, shopping
from tests.e2e.visitor import expect
from tests.faults.hubs import hub_in_thread, pointing_at
from tests.unit.formats.files import safetensors
from tests.unit.sources.hub import ScriptedHub

FILES: Final = {
    "model-00001-of-00001.safetensors": safetensors(bytes(range(250)) * 20_000),
    "config.json": b"{}",
    "tokenizer.json": b"{}",
}
STALL_AFTER: Final = 1_000_000
READY_WITHIN_MS: Final = 120_000
PAGES: Final = (
    "/store?q=vision&size=small&sort=-parameters",
    "/store?q=qwen3-8b&id=qwen3-8b",
    "/store/qwen3-8b?view=variants",
    "/store/llama-3.3-70b-instruct?view=licence",
    "/store/compare?ids=qwen3-8b,phi-4,deepseek-v3.2",
    "/store?q=phi-4&create=true",
    "/deployments",
    "/deployments?create=true&model=smollm2-135m-instruct",
)


@pytest.fixture(scope="module")
def hub() -> Iterator[ScriptedHub]:
    with hub_in_thread() as running:
        running.files = dict(FILES)
        yield running


@pytest.fixture(scope="module")
def signed_in(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, hub: ScriptedHub
) -> Iterator[Shopper]:
    with shopping(browser, tmp_path_factory, pointing_at(hub)) as made:
        yield made


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"])
def visitor(request: pytest.FixtureRequest, signed_in: Shopper) -> Shopper:
    signed_in.read(request.param)
    signed_in.see_as((1440, 900), "light")
    return signed_in


def test_a_model_is_found_by_the_keyboard_and_two_are_compared(visitor: Shopper) -> None:
    page, words = visitor.page, visitor.words
    page.goto("/store")
    table = page.get_by_role("table", name=words.models)
    expect(table.get_by_text("Qwen3 8B", exact=True)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(words.search)
    expect(table.get_by_text("Jina Embeddings v3")).to_be_visible()
    expect(table.get_by_text("Qwen3 8B", exact=True)).to_have_count(0)
    page.get_by_role("searchbox").or_(page.locator("main input").first).press("Tab")
    page.evaluate("document.activeElement.blur()")
    for key in ("j", "j", "k", "Enter"):
        page.keyboard.press(key)
    first = table.locator("[data-row]").first
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(first).to_be_focused()

    page.goto("/store?q=qwen3-8b&pick=phi-4")
    table.get_by_role("checkbox", name=re.compile(r"^\S+ Qwen3 8B$")).check()
    page.get_by_role("link", name=words.compare_two).click()
    page.wait_for_url(re.compile(r"/store/compare\?ids=phi-4"))
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="40,960")).to_contain_text("16,384")
    page.get_by_label(words.different).check()
    expect(rows.filter(has_text="40,960")).to_be_visible()
    page.reload()
    expect(page.get_by_label(words.different)).to_be_checked()
    assert visitor.complaints == []


def test_filters_stand_in_the_address_and_can_be_shared(visitor: Shopper) -> None:
    page, words = visitor.page, visitor.words
    page.goto("/store?use=research&size=tiny")
    table = page.get_by_role("table", name=words.models)
    expect(table.get_by_text(words.licence).first).to_be_visible()
    shown = table.locator("tbody tr")
    assert shown.count() == shown.filter(has_text=words.licence).count() > 0
    assert visitor.complaints == []


def test_a_model_is_brought_by_a_job_that_is_cancelled_begun_again_and_checked(
    visitor: Shopper, hub: ScriptedHub
) -> None:
    page, words = visitor.page, visitor.words
    hub.stall_after = STALL_AFTER
    page.goto("/store?id=qwen3-8b&view=variants")
    panel = page.get_by_role("dialog")
    variant = panel.get_by_role("article").filter(has_text="BF16")
    variant.get_by_role("button", name=words.download).click()
    job = panel.get_by_role("region", name="qwen3-8b:bf16")
    expect(job.get_by_role("meter")).to_be_visible(timeout=DONE_WITHIN_MS)
    expect(job.get_by_text(re.compile("5 MB"))).to_be_visible(timeout=DONE_WITHIN_MS)
    expect(page.get_by_label(words.jobs)).to_be_visible(timeout=DONE_WITHIN_MS)
    job.get_by_role("button", name=words.cancel).click()
    expect(job.get_by_text(words.cancelled, exact=True)).to_be_visible(timeout=DONE_WITHIN_MS)

    hub.stall_after = None
    job.get_by_role("button", name=words.retry).click()
    expect(variant.get_by_text(words.here)).to_be_visible(timeout=DONE_WITHIN_MS)
    variant.get_by_role("button", name=words.verify).click()
    expect(job.filter(has_text=words.checked)).to_be_visible(timeout=DONE_WITHIN_MS)
    variant.get_by_role("button", name=words.remove).click()
    page.get_by_role("dialog").get_by_role("button", name=words.remove_now, exact=True).click()
    expect(variant.get_by_text(words.not_here)).to_be_visible(timeout=DONE_WITHIN_MS)
    assert visitor.complaints == []


def test_a_model_of_ones_own_is_added_and_what_is_missing_stands_at_its_field(signed_in: Shopper) -> None:
    signed_in.read(ENGLISH)
    signed_in.see_as((1440, 900), "light")
    page, form = signed_in.page, signed_in.page.get_by_role("dialog").last
    page.goto("/store")
    signed_in.button("Add own model").click()
    send = form.get_by_role("button", name="Add model")
    send.click()
    expect(form.get_by_text("6 fields need attention")).to_be_visible()
    form.get_by_label("Name", exact=True).fill("Claims by hand")
    form.get_by_label("Family").fill("Claims")
    _choose(page, form, "Languages", "Chinese")
    _choose(page, form, "Licence", "Apache-2.0")
    form.get_by_label("Description in Chinese").fill("回答理赔问题。")
    send.click()
    expect(form.get_by_text("One field needs attention")).to_be_visible()
    form.get_by_label("Description in English").fill("Answers claims.")
    send.click()

    panel = page.get_by_role("dialog", name="Claims by hand")
    panel.get_by_role("button", name="Add version").click()
    add = form.get_by_role("button", name="Add version")
    _choose(page, form, "Base model", "Qwen3 8B")
    form.get_by_label("File name").fill("claims.gguf")
    form.get_by_label("Size").fill("5027783872")
    form.get_by_label("sha256").fill("not a digest")
    add.click()
    expect(form.get_by_text("64 characters from 0 to 9 and a to f")).to_be_visible()
    form.get_by_label("sha256").fill("A" * 64)
    add.click()
    version = panel.get_by_role("article").filter(has_text="Version 1")
    expect(version.get_by_text("Candidate")).to_be_visible(timeout=DONE_WITHIN_MS)
    expect(version.get_by_role("link", name="qwen3-8b")).to_be_visible()
    assert signed_in.complaints == []


def _choose(page: Page, form: Locator, label: str, option: str) -> None:
    form.get_by_role("combobox", name=label).fill(option)
    options = page.locator(".ant-select-item-option:visible")
    options.filter(has_text=re.compile(f"^{re.escape(option)}")).first.click()
    page.keyboard.press("Tab")


def test_a_version_of_ones_own_is_released_and_retired(visitor: Shopper) -> None:
    page, words = visitor.page, visitor.words
    model = _own_model(page, f"Claims {words.locale}")
    page.goto(f"/store/{model}?view=versions")
    english = words is ENGLISH
    page.get_by_role("button", name="Release" if english else "发布", exact=True).click()
    expect(page.get_by_text("Released" if english else "已发布", exact=True)).to_be_visible()
    retire = "Retire" if english else "退役"
    page.get_by_role("article").get_by_role("button", name=retire, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=retire, exact=True).click()
    expect(page.get_by_text("Retired" if english else "已退役", exact=True)).to_be_visible()
    assert visitor.complaints == []


def test_a_version_is_brought_from_a_hub_and_says_where_from(visitor: Shopper) -> None:
    page, words = visitor.page, visitor.words
    english = words is ENGLISH
    page.goto(f"/store/{_own_model(page, f'Brought {words.locale}')}?view=versions")
    verb = "Bring from outside" if english else "从外部引入"
    page.get_by_role("button", name=verb).click()
    form = page.get_by_role("dialog").last
    send = form.get_by_role("button", name=verb)
    send.click()
    wrong = "ORGANISATION/NAME, as the hub writes it" if english else "按站点的写法填写：组织/名称"
    expect(form.get_by_text(wrong)).to_be_visible()
    form.get_by_label("Repository" if english else "仓库").fill("org/tiny")
    send.click()
    version = page.get_by_role("article").filter(has_text="org/tiny")
    expect(version.get_by_text("Hugging Face")).to_be_visible(timeout=DONE_WITHIN_MS)
    expect(version.get_by_text("safetensors INT8")).to_be_visible()
    assert visitor.complaints == []


def _own_model(page: Any, name: str) -> str:
    """The id of a new model of the organisation's, with one version, a candidate."""
    headers = _headers(page)
    text = {"en": "Answers claims.", "zh": "回答理赔问题。"}
    facts = {"name": name, "publisher": "Acme", "family": "Claims", "tasks": ["chat"], "languages": ["zh"]}
    made = page.request.post(
        "/api/models",
        headers=headers,
        data={**facts, "license": "Apache-2.0", "description": text, "card": text},
    ).json()
    version = {
        "making": "tuned",
        "base_id": "qwen3-8b",
        "format": "gguf",
        "precision": "Q4_K_M",
        "engines": ["llamacpp"],
        "files": [{"role": "model", "name": "claims.gguf", "bytes": 5027783872, "sha256": "a" * 64}],
    }
    answer = page.request.post(f"/api/models/{made['id']}/versions", headers=headers, data=version)
    assert answer.status == 201
    return str(made["id"])


@dataclass(frozen=True, kw_only=True)
class Deploying:
    """What the console calls what one does with a deployment."""

    deploy: str
    name: str
    fits: str
    ready: str
    log: str
    edit: str
    context: str
    update: str
    details: str
    history: str
    revision: str
    roll_back: str


DEPLOYING: Final = {
    "en-US": Deploying(
        deploy="Deploy",
        name="Name",
        fits="Fits",
        ready="Ready",
        log="Log",
        edit="Edit",
        context="Context",
        update="Update",
        details="Overview",
        history="History",
        revision="revision {}",
        roll_back="Roll back to this",
    ),
    "zh-CN": Deploying(
        deploy="部署",
        name="名称",
        fits="内存足够",
        ready="就绪",
        log="日志",
        edit="编辑",
        context="上下文",
        update="更新",
        details="概况",
        history="历史",
        revision="修订 {}",
        roll_back="回滚到此修订",
    ),
}


@pytest.mark.timeout(400)
def test_a_model_is_deployed_updated_and_rolled_back(visitor: Shopper) -> None:
    page, words = visitor.page, DEPLOYING[visitor.words.locale]
    name = f"house-{visitor.words.locale[:2]}"
    page.goto("/store?q=smollm2&id=smollm2-135m-instruct")
    page.get_by_role("dialog").get_by_role("link", name=words.deploy).click()
    form = page.get_by_role("dialog")
    expect(form.get_by_text(words.fits, exact=True)).to_be_visible(timeout=DONE_WITHIN_MS)
    form.get_by_label(words.name, exact=True).fill(name)
    form.get_by_role("button", name=words.deploy, exact=True).click()

    panel = page.get_by_role("dialog", name=name)
    expect(panel.get_by_text(words.ready, exact=True).first).to_be_visible(timeout=READY_WITHIN_MS)
    panel.get_by_role("tab", name=words.log).click()
    expect(panel.locator("pre")).to_contain_text("slot", timeout=DONE_WITHIN_MS)

    panel.get_by_role("button", name=words.edit).click()
    form.get_by_role("spinbutton", name=words.context).fill("2048")
    form.get_by_role("button", name=words.update, exact=True).click()
    panel.get_by_role("tab", name=words.details).click()
    _runs(panel, words, 2)
    panel.get_by_role("tab", name=words.history).click()
    panel.get_by_role("button", name=words.roll_back).first.click()
    page.locator(".ant-modal").get_by_role("button", name=words.roll_back).click()
    panel.get_by_role("tab", name=words.details).click()
    _runs(panel, words, 1)
    assert visitor.complaints == []


def _runs(panel: Locator, words: Deploying, revision: int) -> None:
    """Wait until one replica, and no other, runs the revision."""
    rows = panel.get_by_role("table").locator("tbody tr")
    new = rows.filter(has_text=words.revision.format(revision)).filter(has_text=words.ready)
    expect(new).to_have_count(1, timeout=READY_WITHIN_MS)
    expect(rows).to_have_count(1, timeout=READY_WITHIN_MS)


def test_a_licence_for_research_is_accepted_before_anything_starts(signed_in: Shopper) -> None:
    signed_in.read(ENGLISH)
    signed_in.see_as((1440, 900), "light")
    page, form = signed_in.page, signed_in.page.get_by_role("dialog").last
    page.goto("/deployments?create=true&model=qwen2.5-3b-instruct")
    accept = form.get_by_role("checkbox", name=re.compile("Qwen Research License Agreement"))
    expect(accept).to_be_visible()
    deploy = form.get_by_role("button", name="Deploy", exact=True)
    deploy.click()
    expect(form.get_by_text("One field needs attention")).to_be_visible()
    assert page.request.get("/api/deployments/qwen2.5-3b-instruct").status == 404
    accept.check()
    deploy.click()
    panel = page.get_by_role("dialog", name="qwen2.5-3b-instruct")
    expect(panel.get_by_role("button", name="Edit", exact=True)).to_be_visible()
    made = page.request.get("/api/deployments/qwen2.5-3b-instruct").json()
    assert made["revisions"][0]["plan"]["accept_license"] == "Qwen-Research"
    assert _delete(page, "qwen2.5-3b-instruct") == 204
    signed_in.complaints.clear()


def test_a_log_that_is_paused_stands_still_and_counts_what_comes(signed_in: Shopper) -> None:
    signed_in.read(ENGLISH)
    signed_in.see_as((1440, 900), "light")
    page, headers = signed_in.page, _headers(signed_in.page)
    plan = {"name": "talker", "model_id": "smollm2-135m-instruct"}
    assert page.request.post("/api/deployments", headers=headers, data=plan).status == 201
    key = page.request.post("/api/keys", headers=headers, data={"name": "log", "scopes": ["chat"]}).json()
    page.goto("/deployments?id=talker&view=log")
    panel = page.get_by_role("dialog", name="talker")
    expect(panel.get_by_text("Ready", exact=True).first).to_be_visible(timeout=READY_WITHIN_MS)
    log = panel.locator("pre")
    expect(log).to_contain_text("listening")

    panel.get_by_role("button", name="Pause").click()
    before = log.inner_text()
    call = {"model": "talker", "max_tokens": 2, "messages": [{"role": "user", "content": "Hello"}]}
    answer = page.request.post(
        "/v1/chat/completions", headers={"Authorization": f"Bearer {key['secret']}"}, data=call
    )
    assert answer.status == 200
    expect(panel.get_by_text(re.compile(r"Paused · \d+ new lines"))).to_be_visible()
    assert log.inner_text() == before
    panel.get_by_role("button", name="Go on").click()
    expect(log).to_contain_text("print_timing")
    assert signed_in.complaints == []
    assert _delete(page, "talker") == 204


def _headers(page: Page) -> dict[str, str]:
    return {"X-CSRF-Token": page.request.get("/api/session").json()["csrf_token"]}


def _delete(page: Page, name: str) -> int:
    """Leave the page first, which looks for the deployment each second."""
    page.goto("/")
    return page.request.delete(f"/api/deployments/{name}", headers=_headers(page)).status


def test_a_deployment_is_edited_by_two_restarted_stopped_started_and_deleted(signed_in: Shopper) -> None:
    signed_in.read(ENGLISH)
    signed_in.see_as((1440, 900), "light")
    page, name = signed_in.page, "short-lived"
    headers = _headers(page)
    plan = {"name": name, "engine": "stub", "scale": {"idle_s": 1000}}
    assert page.request.post("/api/deployments", headers=headers, data=plan).status == 201
    page.goto(f"/deployments?id={name}")
    panel, top = page.get_by_role("dialog", name=name), page.get_by_role("dialog").last
    ready = panel.get_by_text("Ready", exact=True).first
    expect(ready).to_be_visible(timeout=READY_WITHIN_MS)

    panel.get_by_role("button", name="Edit", exact=True).click()
    top.get_by_text("Scale and advanced").click()
    top.get_by_label("Description").fill("mine")
    others = {"description": "theirs", "scale": {"idle_s": 90}}
    assert page.request.patch(f"/api/deployments/{name}", headers=headers, data=others).status == 200
    top.get_by_role("button", name="Update", exact=True).click()
    expect(top.get_by_role("alert")).to_contain_text("has changed since you read it")
    assert [each for each in signed_in.complaints if "412" not in each] == []
    signed_in.complaints.clear()
    top.get_by_role("button", name="Load the newest").click()
    top.get_by_text("Scale and advanced").click()
    expect(top.get_by_label("Description")).to_have_value("theirs")
    expect(top.get_by_label("Unload after so many idle seconds")).to_have_value("90")
    top.get_by_role("button", name="Cancel").click()

    asked = page.locator(".ant-modal")
    for verb in ("Restart", "Stop"):
        panel.get_by_role("button", name=verb, exact=True).click()
        asked.get_by_role("button", name=verb, exact=True).click()
    expect(panel.get_by_text("Stopped", exact=True).first).to_be_visible(timeout=READY_WITHIN_MS)
    panel.get_by_role("button", name="Start", exact=True).click()
    expect(panel.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(ready).to_be_visible(timeout=READY_WITHIN_MS)
    panel.get_by_role("button", name="Delete", exact=True).click()
    delete = asked.get_by_role("button", name="Delete", exact=True)
    expect(delete).to_be_disabled()
    asked.get_by_role("textbox").fill(name)
    delete.click()
    expect(page.get_by_text(name)).to_have_count(0, timeout=DONE_WITHIN_MS)
    assert [each for each in signed_in.complaints if "404" not in each] == []
    signed_in.complaints.clear()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desk", "phone"])
def test_its_pages_are_usable_for_everybody(visitor: Shopper, size: tuple[int, int]) -> None:
    visitor.see_as(size, "dark" if visitor.words is CHINESE else "light")
    assert [found for path in PAGES for found in visitor.look(path)] == []
    assert visitor.complaints == []
