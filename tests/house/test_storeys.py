"""The order of the storeys: that import-linter enforces DESIGN's line, all of it, and would see a violation."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.house.tree import ROOT, imports, product

_LINE = (
    "cli > server > assembly > apps > tools > models > compute | governance | client > jobs"
    " > storage | telemetry > wire > core"
)


_READS_WIRE = {"wire", "server", "client", "cli"}
_STOREYS = {"apps", "tools", "models", "compute"}


def configuration() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]


def sources_of(words: str) -> set[str]:
    """The rooms that the contract whose name holds `words` looks at."""
    contract = next(contract for contract in configuration()["contracts"] if words in contract["name"])
    return {name.removeprefix("jixi.") for name in contract["source_modules"]}


def rooms() -> set[str]:
    return {item.module.split(".")[1] for item in product() if "." in item.module} - {"__main__"}


def test_the_linter_enforces_the_line_of_the_design_without_exceptions() -> None:
    contracts = configuration()["contracts"]
    written = " > ".join(layer.replace("(", "").replace(")", "") for layer in contracts[0]["layers"])
    assert written == _LINE
    assert contracts[0]["exhaustive"] is True
    assert [contract["name"] for contract in contracts if "ignore_imports" in contract] == []


def test_every_room_is_named_by_the_contracts_that_concern_it() -> None:
    assert sources_of("Wire is known") == rooms() - _READS_WIRE
    assert sources_of("FastAPI") == rooms() - {"server"}
    assert sources_of("meet governance") == rooms() & _STOREYS


def test_type_checking_is_no_way_around_the_line() -> None:
    assert configuration()["exclude_type_checking_imports"] is False


def test_the_web_framework_is_imported_by_the_server_alone() -> None:
    outside = [item for item in product() if not item.module.startswith("jixi.server")]
    web = {"fastapi", "starlette"}
    assert [
        f"{i.path}:{line}"
        for i in outside
        for line, module, _ in imports(i.tree)
        if module.split(".")[0] in web
    ] == []


def test_the_linter_finds_a_storey_that_imports_governance(tmp_path: Path) -> None:
    for room in ("core", "governance", "models"):
        (tmp_path / "toy" / room).mkdir(parents=True)
        (tmp_path / "toy" / room / "__init__.py").touch()
    (tmp_path / "toy/__init__.py").touch()
    (tmp_path / "toy/models/_file.py").write_text("from toy import governance\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_package = "toy"\n[[tool.importlinter.contracts]]\nname = "line"\ntype = "layers"\n'
        'containers = ["toy"]\nexhaustive = true\nlayers = ["governance", "models", "core"]\n',
        encoding="utf-8",
    )
    linter = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    run = subprocess.run(linter, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "toy.models is not allowed to import toy.governance" in run.stdout
