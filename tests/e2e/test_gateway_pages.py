"""The console of the gateway: a provider is added, stands behind an alias, is called, traced and limited."""

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import openai
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import serving
from tests.e2e.visitor import Visitor, expect
from tests.vendors.server import Vendors, running_vendors
from tests.vendors.shapes import CREDENTIAL

PASSWORD: Final = "correct horse battery"
TRACED_WITHIN_S: Final = 60
NEWS_WITHIN_MS: Final = 60_000
CANCELLED_WITHIN_MS: Final = 60_000
PAGES: Final = (
    "/",
    "/providers",
    "/providers?tab=routes",
    "/batches",
    "/usage?tab=calls",
    "/usage?tab=calls&outcome=refused",
    "/usage?tab=limits",
    "/usage?tab=prices",
)


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with running_vendors() as running:
        yield running


@pytest.fixture(scope="module")
def visitor(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, vendors: Vendors
) -> Iterator[Visitor]:
    """An administrator at a server without any model of its own, from which the vendors may be reached."""
    with serving(
        tmp_path_factory, starter="none", settings={"JIXI_ALLOWED_HOSTS_OUTSIDE": "127.0.0.1"}
    ) as served:
        made = Visitor(browser, served, "en-US")
        made.page.goto(served.setup_link)
        made.page.get_by_label("Organisation").fill("Example Works")
        made.page.get_by_label("Your name").fill("Lin")
        made.page.get_by_label("E-mail").fill("lin@example.com")
        made.page.get_by_label("New password", exact=True).fill(PASSWORD)
        made.page.keyboard.press("Enter")
        made.page.wait_for_url(f"{served.url}/")
        yield made
        made.context.close()


def _choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).click()
    page.locator(".ant-select-item-option").filter(has_text=option).first.click()


def _save(page: Page, verb: str) -> None:
    """Send the form and see its panel go."""
    button = page.get_by_role("dialog").get_by_role("button", name=verb, exact=True)
    button.click()
    expect(button).to_have_count(0)


def _new_key(page: Page) -> dict[str, Any]:
    headers = {"X-CSRF-Token": page.request.get("/api/session").json()["csrf_token"]}
    made = page.request.post(
        "/api/keys", headers=headers, data={"name": "Search service", "scopes": ["chat"]}
    )
    key: dict[str, Any] = made.json()
    return key


def _traced(page: Page, query: str) -> str:
    """The id of the newest call that fits, once its trace is written."""
    end = time.monotonic() + TRACED_WITHIN_S
    while time.monotonic() < end:
        if items := page.request.get(f"/api/traces?{query}").json()["items"]:
            return str(items[0]["request_id"])
        threading.Event().wait(0.05)
    raise AssertionError(f"no trace with {query}")


def test_a_provider_is_added_and_says_at_once_whether_it_answers(visitor: Visitor, vendors: Vendors) -> None:
    page = visitor.page
    page.goto("/providers")
    visitor.button("Add provider").first.click()
    _choose(page, "Vendor", "OpenAI-compatible")
    page.get_by_label("Name", exact=True).fill("House next door")
    page.get_by_label("Base URL").fill(vendors.base_url("compatible"))
    page.get_by_label(re.compile("API key of the provider")).fill(CREDENTIAL)
    page.get_by_label("Public name").fill("outside")
    page.get_by_label("Name at the provider").fill("compatible-large")
    page.get_by_label(re.compile("^Input")).fill("2")
    page.get_by_label(re.compile("^Output")).fill("8")
    _save(page, "Add provider")
    visitor.button("Check now").click()
    expect(page.get_by_text(re.compile(r"Answered in .* It lists 2 models"))).to_be_visible()
    # The form with what was typed goes away with its panel.
    expect(page.locator("input[type=password]")).to_have_count(0)
    assert CREDENTIAL not in page.content()
    assert visitor.complaints == []


def test_a_model_without_a_price_says_that_it_is_refused_and_its_name_fits_a_phone(visitor: Visitor) -> None:
    page, name = visitor.page, "a-model-of-which-the-name-goes-on-and-on-2026-11-27-preview"
    model = {"name": name, "upstream": "far", "kinds": ["chat"], "context": 8192}
    headers = {"X-CSRF-Token": page.request.get("/api/session").json()["csrf_token"]}
    provider: Any = {"name": "Far", "vendor": "deepseek", "credential": CREDENTIAL, "models": [model]}
    made = page.request.post("/api/providers", headers=headers, data=provider)
    assert made.status == 201
    visitor.see_as((390, 844), "light")
    assert visitor.look("/providers") == []
    page.goto(f"/providers?id={made.json()['id']}")
    expect(page.get_by_role("dialog").get_by_text("calls of it are refused")).to_be_visible()
    visitor.see_as((1440, 900), "light")
    assert visitor.complaints == []


def test_an_alias_is_called_and_its_call_is_found_by_its_id(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/providers?tab=routes")
    visitor.button("Create alias").first.click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("chat")
    _choose(page, "Target 1: Goes to", "outside")
    expect(page.get_by_text("Of 100 calls")).to_be_visible()
    _save(page, "Create alias")
    expect(page.get_by_role("list", name="Routes").get_by_text("Alias", exact=True)).to_be_visible()

    key = _new_key(page)
    request_id = _traced(page, f"request_id={_say_hello(visitor, key)}")

    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(request_id)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/usage/{request_id}"))
    timeline = page.get_by_role("list", name="Timeline")
    for phase in ("Gate", "Reserve", "Attempt 1", "Charge"):
        expect(timeline.get_by_text(phase, exact=False).first).to_be_visible()
    expect(timeline.get_by_text("outside")).to_be_visible()
    assert visitor.complaints == []


def _say_hello(visitor: Visitor, key: dict[str, Any]) -> str:
    """One call of `chat`; the id of its request."""
    messages: Any = [{"role": "user", "content": "Say hello."}]
    with openai.OpenAI(base_url=f"{visitor.served.url}/v1", api_key=key["secret"], max_retries=0) as client:
        raw = client.chat.completions.with_raw_response
        return raw.create(model="chat", max_tokens=8, messages=messages).headers["x-request-id"]


def test_a_limit_is_set_and_the_refusal_is_listed_with_its_reason(visitor: Visitor) -> None:
    page = visitor.page
    key = _new_key(page)
    page.goto(f"/keys?id={key['key']['id']}")
    visitor.button("Edit limits").click()
    page.get_by_label(re.compile("^Requests a minute")).fill("1")
    _save(page, "Set limits")
    expect(page.get_by_text("0 of 1")).to_be_visible()

    _say_hello(visitor, key)
    with pytest.raises(openai.RateLimitError):
        _say_hello(visitor, key)

    _traced(page, f"outcome=failed&key_id={key['key']['id']}")

    page.goto("/usage?tab=calls&outcome=refused")
    refused = page.get_by_role("row").filter(has_text="Refused")
    expect(refused).to_have_count(1)
    refused.get_by_role("button").first.click()
    expect(page.get_by_text("Refused here")).to_be_visible()
    assert visitor.complaints == []


def test_new_calls_wait_until_they_are_asked_for_so_that_nothing_moves(visitor: Visitor) -> None:
    page = visitor.page
    key = _new_key(page)
    _say_hello(visitor, key)
    _traced(page, f"key_id={key['key']['id']}")
    page.goto(f"/usage?tab=calls&key={key['key']['id']}")
    rows = page.get_by_role("table", name="Calls").locator("tbody tr")
    expect(rows).to_have_count(1)
    _say_hello(visitor, key)
    news = visitor.button("Show 1 new call")
    expect(news).to_be_visible(timeout=NEWS_WITHIN_MS)
    expect(rows).to_have_count(1)
    news.click()
    expect(rows).to_have_count(2)
    expect(news).to_have_count(0)
    assert visitor.complaints == []


def _start_batch(visitor: Visitor, name: str, asks: list[str]) -> None:
    """Start a batch from a file with a line for each of `asks`; its panel opens."""
    page = visitor.page
    lines = [
        {
            "custom_id": f"line-{number}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "outside", "messages": [{"role": "user", "content": ask}]},
        }
        for number, ask in enumerate(asks)
    ]
    text = "\n".join(map(json.dumps, lines))
    page.goto("/batches")
    visitor.button("New batch").first.click()
    file: Any = {"name": f"{name}.jsonl", "mimeType": "application/jsonl", "buffer": text.encode()}
    page.get_by_role("dialog").locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text(f"{len(asks)} requests")).to_be_visible()
    page.get_by_label("Name").fill(name)
    _save(page, "Start batch")


def test_the_answers_of_a_batch_are_downloaded(visitor: Visitor) -> None:
    page = visitor.page
    _start_batch(visitor, "Evaluation", ["Say hello.", "fault request", "Say goodbye."])
    panel = page.get_by_role("dialog")
    expect(panel.get_by_text("Completed", exact=True)).to_be_visible()
    for name, wanted in (("Download answers", ["line-0", "line-2"]), ("Download errors", ["line-1"])):
        with page.expect_download() as saved:
            panel.get_by_role("link", name=name).click()
        entries = [json.loads(line) for line in saved.value.path().read_text(encoding="utf-8").splitlines()]
        assert sorted(entry["custom_id"] for entry in entries) == wanted
        for entry in entries:
            assert (entry["response"]["status_code"] == 200) is (name == "Download answers")
    assert visitor.complaints == []


def test_a_batch_that_runs_is_cancelled(visitor: Visitor) -> None:
    page = visitor.page
    # The provider asks for a pause before each of them.
    _start_batch(visitor, "Archive", ["fault rate"] * 40)
    panel = page.get_by_role("dialog", name="Archive")
    panel.get_by_role("button", name="Cancel batch").click()
    asked = page.get_by_role("dialog", name="Cancel this batch")
    expect(asked.get_by_text("40 requests are not answered.")).to_be_visible()
    asked.get_by_role("button", name="Cancel batch").click()
    expect(panel.get_by_text("Cancelled", exact=True)).to_be_visible(timeout=CANCELLED_WITHIN_MS)
    page.keyboard.press("Escape")
    row = page.get_by_role("row").filter(has_text="Archive")
    expect(row.get_by_text("Cancelled")).to_be_visible()
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [("en", "light", (1440, 900)), ("zh", "dark", (390, 844)), ("zh", "light", (1440, 900))],
    ids=["en-light-desk", "zh-dark-phone", "zh-light-desk"],
)
def test_its_pages_are_usable_for_everybody(
    visitor: Visitor, language: str, theme: Any, size: tuple[int, int]
) -> None:
    page = visitor.page
    page.evaluate(
        "text => localStorage.setItem('jixi.preferences', text)",
        json.dumps({"language": language, "languageChosen": True}),
    )
    visitor.see_as(size, theme)
    paths = (*PAGES, f"/usage/{_traced(page, 'outcome=ok')}")
    assert [found for path in paths for found in visitor.look(path)] == []
    assert visitor.complaints == []
