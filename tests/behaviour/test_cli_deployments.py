"""`jixi deployments`: what the admin API does, at a terminal."""

import json
import re
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.behaviour.commands import STUB, jixi, serving
from tests.behaviour.servers import furnished
from tests.behaviour.test_cli_remote import Site

WITHIN_S = 60


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    (home / "jixi.toml").write_text(STUB)
    with serving(home, "--data-dir", "data") as server, httpx2.Client(base_url=server.url):
        secret = furnished(server.url, server.setup_link or "")
        yield Site(server.url, home, {"JIXI_URL": server.url, "JIXI_API_KEY": secret})


def test_a_deployment_is_made_changed_brought_back_and_deleted(site: Site) -> None:
    made = site.answer("deployments", "create", "echo", "--engine", "stub", "--set", "options.tokens=3")
    assert made["id"].startswith("dep_")
    until(site, "ready")
    listed = site.run("deployments", "list")
    assert re.search(r"echo\s+ready\s+stub\s+1/1", listed), listed
    change = ("--set", "parallel=4", "--set", "description=Echoes, loudly")
    changed = site.answer("deployments", "update", "echo", *change)
    assert (changed["revision"], changed["plan"]["parallel"], changed["description"]) == (
        2,
        4,
        "Echoes, loudly",
    )
    assert site.answer("deployments", "rollback", "echo", "1")["revision"] == 1
    shown = site.run("deployments", "show", "echo")
    assert made["id"] in shown
    assert re.search(r"1 \*\s", shown), shown
    assert isinstance(site.answer("deployments", "logs", "echo"), list)
    assert site.answer("deployments", "stop", "echo")["wanted"] == "stopped"
    until(site, "stopped")
    assert site.answer("deployments", "start", "echo")["wanted"] == "running"
    until(site, "ready")
    assert site.answer("deployments", "restart", "echo")["wanted"] == "running"
    site.run("deployments", "delete", "echo", "--yes")


def test_what_replicas_take_is_said_and_adapters_that_fit_nothing_are_refused(site: Site) -> None:
    more = ("--set", "memory_bytes=300000000", "--set", "cpus=0.5", "--set", "gpus=0")
    site.answer("deployments", "create", "sized", "--engine", "stub", *more)
    plan = site.answer("deployments", "show", "sized")["plan"]
    assert (plan["memory_bytes"], plan["cpus"], plan["gpus"], plan["adapters"]) == (300_000_000, 0.5, 0, {})
    assert site.answer("deployments", "update", "sized", "--adapter", "NONE")["revision"] == 1
    site.run("deployments", "delete", "sized", "--yes")


def until(site: Site, state: str) -> None:
    """Over HTTP: each command is a program that has to start."""
    headers = {"Authorization": f"Bearer {site.env['JIXI_API_KEY']}"}
    end, seen = time.monotonic() + WITHIN_S, ""
    with httpx2.Client(base_url=site.url, headers=headers) as client:
        while seen != state:
            assert time.monotonic() < end, seen
            seen = client.get("/api/deployments/echo").json()["state"]


def test_what_is_refused_or_not_understood_says_so(site: Site) -> None:
    refused = jixi("deployments", "delete", "stub", "-y", home=site.home, env=site.env)
    assert (refused.returncode, "deployment_of_settings" in refused.stderr) == (1, True)
    for wrong in ("colour=red", "context=many", "options.=3", "scale.least=-1"):
        told = jixi(
            "deployments", "create", "x", "--engine", "stub", "--set", wrong, home=site.home, env=site.env
        )
        assert told.returncode == 2, (wrong, told.stderr)
    for wrong, said in (("gpus=NaN", "gpus: Input"), ("replicas=2", "scale.least")):
        words = ("deployments", "create", "x", "--engine", "stub", "--set", wrong)
        told = jixi(*words, home=site.home, env=site.env | {"COLUMNS": "300"})
        assert (told.returncode, said in told.stderr) == (2, True), told.stderr
    nothing = jixi("deployments", "update", "stub", home=site.home, env=site.env)
    assert nothing.returncode == 2
    chinese = jixi("--lang", "zh", "deployments", "list", home=site.home, env=site.env)
    assert "就绪" in chinese.stdout
    assert json.loads(jixi("deployments", "list", "--json", home=site.home, env=site.env).stdout)
