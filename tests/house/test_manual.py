"""The manual as it is built: from the code where it says so, strictly, and with nothing from another host."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.core.errors import PROBLEMS
from jixi.core.principal import Role
from jixi.governance.identity import POLICY, Action
from tests.house.pages import page
from tests.house.tree import ROOT

_LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\ssrc=[\"']?(?:https?:)?//[^\"'\s>]+"
    r"|<link\b(?![^>]*rel=[\"']?(?:canonical|alternate|edit))[^>]*\shref=[\"']?(?:https?:)?//[^\"'\s>]+"
    r"|@import\s+[^;]*//[^;]+|url\([\"']?(?:https?:)?//[^)]+\)",
    re.IGNORECASE,
)

_ROWS: tuple[tuple[Action, ...], ...] = (
    ("inference.use",),
    ("keys.own",),
    ("keys.manage", "members.manage", "limits.manage"),
    ("members.read",),
    ("usage.read",),
    ("usage.own", "traces.read"),
    ("traces.tenant",),
    ("traces.content",),
    ("traffic.read",),
    ("models.read", "deployments.read", "providers.read", "prices.read", "limits.read"),
    ("prices.manage", "tenants.manage", "deployments.restart", "providers.manage"),
)


def loads(text: str) -> list[str]:
    """What a page or a style sheet fetches from another host; links that a reader follows are not meant."""
    return [hit.group() for hit in _LOADED.finditer(text)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manual, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_the_generated_parts_say_what_the_code_says() -> None:
    command = [sys.executable, "scripts/reference.py", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("side", ["md", "zh.md"])
def test_every_setting_and_every_error_has_its_line_in_both_languages(side: str) -> None:
    settings, errors = (
        page(f"docs/reference/settings.{side}").text,
        page(f"docs/reference/errors.{side}").text,
    )
    names = [*Settings.model_fields, *DeploymentSetting.model_fields]
    assert [name for name in names if f"| `{name}` |" not in settings] == []
    assert [code for code in PROBLEMS if f"| `{code}` |" not in errors] == []


def test_every_setting_says_at_its_field_what_it_means() -> None:
    fields = {**Settings.model_fields, **DeploymentSetting.model_fields}
    assert [name for name, field in fields.items() if not (field.description or "").endswith(".")] == []


@pytest.mark.parametrize("side", ["md", "zh.md"])
def test_the_table_of_roles_is_the_policy(side: str) -> None:
    table = page(f"docs/concepts/identity.{side}").text
    rows = [
        line.strip("|").split("|")[1:]
        for line in table.splitlines()
        if line.startswith("|") and "---" not in line
    ]
    assert len(rows) == len(_ROWS) + 1
    for actions, cells in zip(_ROWS, rows[1:], strict=True):
        ticked = {role for role, cell in zip(Role, cells, strict=True) if cell.strip()}
        assert [action for action in actions if POLICY[action] != ticked] == []


def test_the_manual_builds_strictly_in_both_languages(site: Path) -> None:
    english = {path.relative_to(site) for path in site.rglob("*.html")} - {Path("404.html")}
    chinese = {path.relative_to(site / "zh") for path in (site / "zh").rglob("*.html")} - {Path("404.html")}
    assert {path for path in english if path.parts[0] != "zh"} == chinese
    assert "快速开始" in (site / "zh/get-started.html").read_text("utf-8")


def test_the_built_manual_loads_nothing_from_another_host(site: Path) -> None:
    texts = [path for path in site.rglob("*") if path.suffix in {".html", ".css"}]
    assert len(texts) > 20
    assert [f"{path.name}: {hit}" for path in texts for hit in loads(path.read_text("utf-8"))] == []


def test_the_manual_rule_tells_what_is_loaded_from_what_is_linked() -> None:
    for loaded in ('<script src="https://cdn.example/x.js">', "<link rel=stylesheet href=//fonts.example/a>"):
        assert loads(loaded) != []
    assert loads("@import 'https://fonts.example/a.css';") != []
    assert loads("a { background: url(https://x.example/a.png) }") != []
    assert loads('<a href="https://semver.org/">x</a><script src="assets/a.js"></script>') == []
    assert loads('<link rel="canonical" href="https://docs.example/">') == []


def test_every_figure_of_the_page_is_one_that_a_script_prints() -> None:
    command = [sys.executable, "scripts/figures.py", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
