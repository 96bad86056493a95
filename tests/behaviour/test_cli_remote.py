"""The verbs of somebody who uses a server: each as a person and as a program reads it."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from jixi.client import Client
from jixi.core.principal import Scope
from jixi.wire.admin import (
    ApiOption,
    ComparisonPlanRequest,
    HardwareOption,
    PlanFleet,
    PlanHardware,
    ServingPlanRequest,
    TrainingPlanRequest,
)
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
    with (
        serving(home, "--data-dir", "data") as server,
        httpx2.Client(base_url=server.url, timeout=30) as client,
    ):
        person = {"organisation": "Works", "name": "Lin", "email": "lin@example.com", "password": PASSWORD}
        session = client.post(
            "/api/setup", json={"token": token_of(server.setup_link or ""), **person}
        ).json()
        wanted = {"name": "Admin", "scopes": sorted(set(Scope) - {Scope.BATCHES})}
        headers = {"X-CSRF-Token": session["csrf_token"]}
        secret = client.post("/api/keys", json=wanted, headers=headers).json()["secret"]
        yield Site(server.url, home, {"JIXI_URL": server.url, "JIXI_API_KEY": secret})


def test_nodes_are_listed_with_their_memory(site: Site) -> None:
    (node,) = site.answer("nodes", "list")
    table = site.run("nodes", "list")
    assert node["name"] in table
    assert f"{node['memory_bytes'] / 2**30:.1f} GiB" in table
    assert "节点" in site.run("--lang", "zh", "nodes", "list")
    assert "功率" in site.run("--lang", "zh", "nodes", "list")


def test_what_a_node_did_is_told(site: Site) -> None:
    (node,) = site.answer("nodes", "list")
    past = site.answer("nodes", "history", node["name"], "--hours", "2")
    assert (past["node"], past["pace_s"]) == (node["name"], 15)
    # A node is looked at on every quarter of a minute: a server that just started has not yet looked.
    headers = {"Authorization": f"Bearer {site.env['JIXI_API_KEY']}"}
    end = time.monotonic() + 60
    with httpx2.Client(base_url=site.url, headers=headers) as client:
        while not client.get("/api/nodes/history").json()["places"]:
            assert time.monotonic() < end
    assert "memory" in site.run("nodes", "history")
    assert "电量" in site.run("--lang", "zh", "nodes", "history")


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


def test_limits_are_set_one_by_one_listed_and_lifted(site: Site) -> None:
    site.run("limits", "set", "model:stub", "--requests", "600", "--monthly", "1.5")
    site.run("limits", "set", "model:stub", "--concurrency", "8")
    (limit,) = [each for each in site.answer("limits", "list") if each["scope_id"] == "model:stub"]
    assert (limit["requests_per_minute"], limit["concurrency"], limit["monthly_micros"]) == (
        600,
        8,
        1_500_000,
    )
    assert re.search(r"model:stub +stub +0 / 600 +0 / 8 +0.00 / 1.50", site.run("limits", "list"))
    narrow = jixi("limits", "list", home=site.home, env=site.env | {"COLUMNS": "80"}).stdout.splitlines()
    assert len(narrow) == 1 + len(site.answer("limits", "list"))
    assert max(map(len, narrow)) <= 80
    site.run(
        "limits", "set", "model:stub", "--lift", "requests", "--lift", "concurrency", "--lift", "monthly"
    )
    listed = {each["scope_id"]: each for each in site.answer("limits", "list")}
    assert listed["model:stub"]["requests_per_minute"] is None
    wrong = jixi("limits", "set", "model:stub", "--lift", "everything", home=site.home, env=site.env)
    assert wrong.returncode == 2
    unknown = jixi("limits", "set", "model:misspelt", "--requests", "1", home=site.home, env=site.env)
    assert unknown.returncode != 0
    assert "not_found" in unknown.stderr


def test_prices_are_set_field_by_field_and_listed(site: Site) -> None:
    site.run("prices", "set", "stub", "--input", "2", "--cached-input", "0.5", "--output", "8.25")
    site.run("prices", "set", "stub", "--output", "9", "--batch-percent", "40")
    (price,) = [each for each in site.answer("prices", "list") if each["model"] == "stub"]
    assert (price["input_micros"], price["cached_input_micros"], price["output_micros"]) == (
        2_000_000,
        500_000,
        9_000_000,
    )
    assert (price["batch_percent"], price["currency"]) == (40, "CNY")
    site.run("prices", "set", "stub", "--per", "image=0.04")
    assert re.search(r"stub +2 +0.5 +9 +0.04 / image +CNY", site.run("prices", "list"))
    for wrong in (
        ("stub", "--per", "mile=1"),
        ("stub", "--per", "image"),
        ("nosuch", "--input", "1"),
        ("stub", "--output", "-1"),
        ("stub", "--batch-percent", "101"),
    ):
        assert jixi("prices", "set", *wrong, home=site.home, env=site.env).returncode == 2
    unknown = jixi("prices", "set", "nosuch", "--input", "1", "--output", "1", home=site.home, env=site.env)
    assert unknown.returncode == 1
    assert "not_found" in unknown.stderr
    site.run("prices", "set", "stub", "--input", "0", "--cached-input", "0", "--output", "0")


def test_an_alias_is_made_listed_shown_among_the_routes_and_deleted(site: Site) -> None:
    made = site.answer("aliases", "create", "chatty", "--target", "stub=3", "--retries", "1")
    assert (made["targets"], made["retries"]) == ([{"model": "stub", "weight": 3}], 1)
    assert re.search(rf"{made['id']} +chatty +on +stub=3", site.run("aliases", "list"))
    assert re.search(r"chatty +alias +ready +0 +0 +stub", site.run("routes", "list"))
    assert {"stub", "chatty"} <= {route["name"] for route in site.answer("routes", "list")}
    taken = jixi("aliases", "create", "chatty", "--target", "stub", home=site.home, env=site.env)
    assert taken.returncode == 1
    assert "name_taken" in taken.stderr
    for wrong in (("--target", "stub=many"), ("--target", "stub", "--fallback", "stub=rain")):
        done = jixi("aliases", "create", "wrong", *wrong, home=site.home, env=site.env)
        assert done.returncode == 2
    bare = jixi(
        "aliases", "create", "bare", "--target", "stub", "--fallback", "stub", home=site.home, env=site.env
    )
    assert (bare.returncode, "MODEL=CLASS+" in bare.stderr) == (2, True)
    asked = jixi("aliases", "delete", made["id"], home=site.home, stdin="n\n", env=site.env)
    assert asked.returncode == 1
    assert site.answer("aliases", "list") == [made]
    site.run("aliases", "delete", made["id"], "--yes")
    assert site.answer("aliases", "list") == []


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


def test_a_service_is_planned_from_what_the_ledger_saw(site: Site) -> None:
    site.run("chat", "stub", "-m", "Hello")
    plan = ("plan", "serve", "qwen3-8b", "--chip", "H100", "--from-use", "stub", "--days", "7")
    with Client(site.url, site.env["JIXI_API_KEY"]) as client:
        figures = {each["name"]: each["value"] for each in site.answer(*plan)["figures"]}
        used = next(use for use in client.plan_use(7) if use.model == "stub")
    assert figures["users"] == used.members == 1
    assert (figures["prompt_tokens"], figures["output_tokens"]) == (used.input_tokens, used.output_tokens)
    unknown = jixi(*plan[:-3], "nobody", home=site.home, env=site.env)
    assert unknown.returncode == 2
    assert "stub" in unknown.stderr, "it says which were called"


def test_the_client_plans_and_exports(site: Site) -> None:
    with Client(site.url, site.env["JIXI_API_KEY"], language="zh") as client:
        chip = client.chip(next(each.id for each in client.chips() if "h100" in each.id))
        hardware = PlanHardware(chip=chip.id)
        serving_plan = ServingPlanRequest(model="qwen3-8b", users=50, hardware=hardware)
        training = TrainingPlanRequest(
            model="qwen3-8b", tokens=1e9, hardware=hardware, fleet=PlanFleet(accelerators=8)
        )
        assert client.plan_serving(serving_plan).accelerators >= 1
        assert client.plan_training(training).fitting >= 1
        options: list[HardwareOption | ApiOption] = [
            ApiOption(kind="api", name="api", input_price=1, output_price=2),
            HardwareOption(kind="rented", name="rented", hardware=hardware),
        ]
        comparison = ComparisonPlanRequest(model="qwen3-8b", users=50, options=options)
        assert len(client.plan_comparison(comparison).options) == 2
        for request in (serving_plan, training, comparison):
            assert client.export_plan(request, "pdf").startswith(b"%PDF-")


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


def test_the_store_is_filtered_and_fits_into_eighty_columns(tmp_path: Path) -> None:
    filters = ("--task", "chat", "--licence", "commercial", "--where", "max_bytes=2GB")
    listed = jixi("models", "list", *filters, home=tmp_path, env={"COLUMNS": "80"})
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    assert lines[0].split() == ["MODEL", "PARAMS", "SIZE", "LICENCE", "STATE"]
    assert max(len(line) for line in lines) <= 80
    names = {line.split()[0] for line in lines[1:]}
    assert "smollm2-135m-instruct" in names
    assert not {"qwen2.5-3b-instruct", "qwen3-32b", "claude-opus-5"} & names
    every = jixi("models", "list", home=tmp_path, env={"COLUMNS": "80"})
    assert max(len(line) for line in every.stdout.splitlines()) <= 80
    wrong = jixi("models", "list", "--where", "colour=red", home=tmp_path)
    assert (wrong.returncode, "family=" in wrong.stderr) == (2, True)


def test_models_are_compared_side_by_side(tmp_path: Path) -> None:
    shown = jixi("models", "compare", "phi-4", "qwen3-14b", home=tmp_path, env={"COLUMNS": "80"})
    assert shown.returncode == 0, shown.stderr
    (context,) = [line for line in shown.stdout.splitlines() if line.startswith("Context")]
    assert context.split()[-2:] == ["16,384", "40,960"]
    rows = json.loads(jixi("models", "compare", "phi-4", "gpt-5.5", "--json", home=tmp_path).stdout)
    assert (rows["ids"], rows["vendor"]) == (["phi-4", "gpt-5.5"], [None, "openai"])


def test_a_page_of_a_model_says_its_conditions_and_the_next_step(tmp_path: Path) -> None:
    origins = jixi("models", "show", "qwen3-8b", home=tmp_path, env={"COLUMNS": "80"}).stdout.splitlines()
    assert "  modelscope  unsloth/Qwen3-8B-GGUF" in origins
    digest = "120307ba529eb2439d6c430d94104dabd578497bc7bfe7e322b5d9933b449bd4"
    assert f"  {digest}  Qwen3-8B-Q4_K_M.gguf" in origins
    llama = jixi("models", "show", "llama-3.3-70b-instruct", home=tmp_path)
    assert "700 million" in llama.stdout
    assert "jixi models pull llama-3.3-70b-instruct" in llama.stderr
    outside = jixi("models", "show", "qwen3-max", home=tmp_path)
    assert "--vendor dashscope --model qwen3-max=qwen3-max" in outside.stderr


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


def test_a_command_in_an_advice_can_be_copied_however_narrow_the_terminal(site: Site) -> None:
    made = jixi("keys", "revoke", "key_nosuch", "--yes", home=site.home, env=site.env | {"COLUMNS": "20"})
    assert made.returncode == 1
    assert made.stderr.splitlines() == [
        "Error There is no such API key. (not_found)",
        "Remedy Check the id or the address.",
    ]


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
    assert "可商用" in jixi(*flag, "models", "list", home=tmp_path).stdout
    assert "错误" in jixi("keys", "list", home=tmp_path, env={"LANG": "zh_CN.UTF-8"}).stderr
