"""`jixi providers` and `jixi vault`: credentials come by file or standard input, and leave no trace on the way."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.behaviour.commands import STUB, jixi, serving
from tests.behaviour.people import PASSWORD, token_of
from tests.behaviour.test_cli_remote import Site
from tests.vendors.server import Vendors, running_vendors
from tests.vendors.shapes import CREDENTIAL


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with running_vendors() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    (home / "jixi.toml").write_text('allowed_hosts_outside = ["127.0.0.1"]\n' + STUB)
    with (
        serving(home, "--data-dir", "data") as server,
        httpx2.Client(base_url=server.url, timeout=30) as client,
    ):
        person = {"organisation": "Works", "name": "Lin", "email": "lin@example.com", "password": PASSWORD}
        token = token_of(server.setup_link or "")
        session = client.post("/api/setup", json={"token": token, **person}).json()
        headers = {"X-CSRF-Token": session["csrf_token"]}
        wanted = {"name": "Admin", "scopes": ["admin", "chat"]}
        secret = client.post("/api/keys", json=wanted, headers=headers).json()["secret"]
        yield Site(server.url, home, {"JIXI_URL": server.url, "JIXI_API_KEY": secret})


def test_a_provider_is_added_checked_listed_and_removed(site: Site, vendors: Vendors) -> None:
    kept = site.home / "credential"
    kept.write_text(CREDENTIAL + "\n")
    options = ("--vendor", "openai", "--base-url", vendors.base_url("openai"), "--credential-file")
    model = ("--model", "big=gpt-x,context=128000,max_output=4096,kinds=chat+embeddings,vision")
    more = ("--set", "on_disconnect=drain", "--set", "max_parallel=9")
    made = site.answer("providers", "add", "OpenAI", *options, str(kept), *model, *more)
    assert (made["on_disconnect"], made["max_parallel"]) == ("drain", 9)
    assert made["models"][0]["kinds"] == ["chat", "embeddings"]
    assert (made["models"][0]["context"], made["models"][0]["vision"]) == (128_000, True)
    assert CREDENTIAL not in json.dumps(made)
    assert "openai-large" in site.run("providers", "check", made["id"])
    assert re.search(rf"{made['id']}\s+OpenAI\s+openai\s+ready\s+big", site.run("providers", "list"))
    alias = site.answer("aliases", "create", "chat", "--target", "big", "--fallback", "big=error+timeout")
    kept = jixi("providers", "remove", made["id"], "--yes", home=site.home, env=site.env)
    assert kept.returncode == 1
    assert "model_in_use" in kept.stderr
    assert "chat" in kept.stderr
    site.run("aliases", "delete", alias["id"], "--yes")
    site.run("providers", "remove", made["id"], "--yes")
    assert site.answer("providers", "list") == []


def test_a_wrong_credential_is_told_and_ends_with_one(site: Site, vendors: Vendors) -> None:
    options = ("--vendor", "deepseek", "--base-url", vendors.base_url("deepseek"), "--credential-file", "-")
    arguments = ("providers", "add", "Deep", *options, "--model", "deep=deepseek-chat", "--json")
    added = jixi(*arguments, home=site.home, stdin="sk-wrong-0000000000\n", env=site.env)
    assert added.returncode == 0, added.stderr
    made = json.loads(added.stdout)
    done = jixi("providers", "check", made["id"], home=site.home, env=site.env)
    assert done.returncode == 1
    assert "provider_credential_refused" in done.stderr
    site.run("providers", "remove", made["id"], "-y")


def test_a_credential_that_is_none_is_not_repeated(site: Site) -> None:
    options = ("--vendor", "deepseek", "--credential-file", "-", "--model", "deep=deepseek-chat")
    done = jixi("providers", "add", "Deep", *options, home=site.home, stdin="sk with spaces\n", env=site.env)
    assert done.returncode == 2
    assert "credential" in done.stderr
    assert "with spaces" not in done.stderr + done.stdout


def test_the_vault_is_rotated_from_the_command_line(site: Site) -> None:
    data: Path = site.home / "data"
    before = (data / "vault.key").read_text()
    done = jixi("vault", "rotate", "--drop-old", "--data-dir", str(data), home=site.home, env=site.env)
    assert done.returncode == 0, done.stderr
    assert "1 older keys are gone" in done.stderr
    assert (data / "vault.key").read_text() != before
