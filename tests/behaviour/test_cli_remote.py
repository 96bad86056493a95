"""The verbs of somebody who uses a server: each as a person and as a program reads it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.behaviour.commands import STUB, jixi, serving
from tests.behaviour.people import PASSWORD, token_of


class Site(NamedTuple):
    """A running server with an administrator, and a home that may use it."""

    url: str
    home: Path
    env: dict[str, str]

    def run(self, *arguments: str, stdin: str = "") -> str:
        """What a command that succeeds prints on stdout."""
        done = jixi(*arguments, home=self.home, stdin=stdin, env=self.env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def answer(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    (home / "jixi.toml").write_text(STUB)
    with serving(home, "--data-dir", "data") as server, httpx2.Client(base_url=server.url) as client:
        person = {"organisation": "Works", "name": "Lin", "email": "lin@example.com", "password": PASSWORD}
        session = client.post(
            "/api/setup", json={"token": token_of(server.setup_link or ""), **person}
        ).json()
        wanted = {"name": "Admin", "scopes": ["admin", "chat", "completions", "embeddings"]}
        headers = {"X-CSRF-Token": session["csrf_token"]}
        secret = client.post("/api/keys", json=wanted, headers=headers).json()["secret"]
        yield Site(server.url, home, {"JIXI_URL": server.url, "JIXI_API_KEY": secret})


def test_a_key_is_made_used_listed_and_revoked(site: Site) -> None:
    secret = site.run("keys", "create", "Search", "--scope", "chat").strip()
    assert re.fullmatch(r"sk-jixi-[\w-]{43}", secret)
    answered = httpx2.post(
        f"{site.url}/v1/chat/completions",
        json={"model": "stub", "messages": [{"role": "user", "content": "hi"}]},
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answered.status_code == 200
    (key,) = [key for key in site.answer("keys", "list") if key["name"] == "Search"]
    assert key["id"] in site.run("keys", "list")
    site.run("keys", "revoke", key["id"], "--yes")
    (key,) = [key for key in site.answer("keys", "list") if key["name"] == "Search"]
    assert key["status"] == "revoked"
    refused = httpx2.get(f"{site.url}/v1/models", headers={"Authorization": f"Bearer {secret}"})
    assert refused.status_code == 401


def test_a_key_may_have_models_an_end_and_a_budget(site: Site) -> None:
    options = ("--model", "stub", "--expires", "2099-01-01", "--monthly-limit", "1.5")
    made = site.answer("keys", "create", "Narrow", *options)
    assert made["secret"].startswith("sk-jixi-")
    assert made["key"]["models"] == ["stub"]
    assert made["key"]["expires_at"].startswith("2099-01-01")


def test_a_revocation_that_is_not_confirmed_changes_nothing(site: Site) -> None:
    made = site.answer("keys", "create", "Kept")
    done = jixi("keys", "revoke", made["key"]["id"], home=site.home, stdin="n\n", env=site.env)
    assert done.returncode == 1
    (key,) = [key for key in site.answer("keys", "list") if key["name"] == "Kept"]
    assert key["status"] == "active"


def test_a_question_is_answered_on_stdout_and_counted(site: Site) -> None:
    before = site.answer("usage", "--by", "model")["totals"]["calls"]
    said = site.run("chat", "stub", "-m", "Hello")
    assert said.startswith("tok")
    assert site.run("chat", "-m", "-", stdin="Hello").strip() == said.strip()
    assert site.answer("usage", "--by", "model")["totals"]["calls"] == before + 2
    table = site.run("usage", "--by", "model")
    assert "stub" in table
    assert "total" in table


def test_a_conversation_goes_on_until_ctrl_d(site: Site) -> None:
    assert site.run("chat", "stub", stdin="Hello\nAnd again\n").count("tok") > 16


def test_login_keeps_a_key_for_later_commands(site: Site, tmp_path: Path) -> None:
    signed_in = jixi(
        "login", "--url", site.url, home=tmp_path, stdin=f"lin@example.com\n{PASSWORD}\n", env={}
    )
    assert signed_in.returncode == 0, signed_in.stderr
    assert PASSWORD not in signed_in.stdout + signed_in.stderr
    kept = tmp_path / ".config/jixi/login.json"
    assert kept.stat().st_mode & 0o077 == 0
    listed = jixi("keys", "list", "--json", home=tmp_path)
    assert any(key["name"].startswith("jixi on") for key in json.loads(listed.stdout))
    wrong = jixi("login", "--url", site.url, home=tmp_path, stdin="lin@example.com\nnot the password\n")
    assert wrong.returncode == 1
    assert "login_failed" in wrong.stderr


def test_the_catalogue_is_listed_and_shown_without_a_server(tmp_path: Path) -> None:
    listed = json.loads(jixi("models", "list", "--json", home=tmp_path).stdout)
    assert {"smollm2-135m-instruct", "multilingual-e5-small"} <= {model["id"] for model in listed}
    shown = jixi("models", "show", "smollm2", home=tmp_path)
    assert shown.returncode == 0
    assert "Apache-2.0" in shown.stdout
    unknown = jixi("models", "show", "nobody", home=tmp_path)
    assert unknown.returncode == 2
    assert "model_not_found" in unknown.stderr
    assert "jixi models list" in unknown.stderr


def test_a_pulled_model_is_here_and_verified(tmp_path: Path) -> None:
    pulled = jixi("models", "pull", "smollm2", "--data-dir", "data", home=tmp_path)
    assert pulled.returncode == 0, pulled.stderr
    listed = json.loads(jixi("models", "list", "--json", "--data-dir", "data", home=tmp_path).stdout)
    (model,) = [model for model in listed if model["id"] == "smollm2-135m-instruct"]
    assert model["state"] == "downloaded"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("keys", "list"), "not_logged_in"),
        (("frobnicate",), "frobnicate"),
        (("serve", "--porrt", "1"), "--porrt"),
        (("keys", "create"), "'name'"),
        (("serve", "--port", "many"), "valid integer"),
    ],
)
def test_a_wrong_command_is_explained_without_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = jixi(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_server_that_is_not_there_and_a_key_that_is_not_known_say_what_to_do(
    site: Site, tmp_path: Path
) -> None:
    away = jixi("keys", "list", home=tmp_path, env={"JIXI_URL": "http://127.0.0.1:1", "JIXI_API_KEY": "sk-x"})
    assert away.returncode == 1
    assert "jixi serve" in away.stderr
    unknown = jixi("keys", "list", home=tmp_path, env={"JIXI_URL": site.url, "JIXI_API_KEY": "sk-x"})
    assert unknown.returncode == 1
    assert "invalid_api_key" in unknown.stderr
    assert "Traceback" not in away.stderr + unknown.stderr


@pytest.mark.parametrize("flag", [("--lang", "zh"), ("--lang=zh",)])
def test_messages_come_in_the_language_that_is_asked_for(tmp_path: Path, flag: tuple[str, ...]) -> None:
    assert "错误" in jixi(*flag, "keys", "list", home=tmp_path).stderr
    assert "许可证" in jixi(*flag, "models", "list", home=tmp_path).stdout
    assert "错误" in jixi("keys", "list", home=tmp_path, env={"LANG": "zh_CN.UTF-8"}).stderr
