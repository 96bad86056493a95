"""What the house shows the world and what it stands on: public names and dependencies, each a snapshot in git.

After a change that is meant, run `python -m tests.house.test_surface` and let the diff be reviewed.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement

from tests.house.test_doors import exported
from tests.house.tree import ROOT, Source, imports, product, source

_SNAPSHOTS = Path(__file__).parent / "snapshots"
_RENEW = "run 'python -m tests.house.test_surface' if this is meant"

_MAY_BE_USED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
    }
    | {"Unlicense", "Zlib"}
)
_OLD_NAMES = {
    "apache software license": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
_EXCEPTIONS = {
    "psycopg": "LGPL-3.0-only: imported unmodified, replaceable by the user, never copied into our wheel",
    "psycopg-binary": "LGPL-3.0-only: the compiled half of psycopg",
}

_LOADED_BY_NAME = {
    "aiosqlite": "SQLAlchemy loads it for sqlite+aiosqlite",
    "psycopg": "SQLAlchemy loads it for postgresql+psycopg",
}


def public_names() -> Iterator[str]:
    """Every name that a room lets through its door; of a room without `__all__`, those of its open modules."""
    doors = {item.module: exported(item) for item in product() if item.is_door}
    for module, names in doors.items():
        yield from (f"{module}.{name}" for name in names or ())
    for item in product():
        last = item.module.rpartition(".")[2]
        if not item.is_door and not last.startswith("_") and doors.get(item.package, []) is None:
            yield from (f"{item.module}.{name}" for name in _own_names(item))


def _own_names(item: Source) -> Iterator[str]:
    for node in item.tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names = [name]
            case ast.Assign(targets=targets):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case _:
                names = []
        yield from (name for name in names if not name.startswith("_"))


def direct_dependencies() -> list[str]:
    """The names in pyproject that an installation without extras brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return sorted(_plain(Requirement(line).name) for line in project["dependencies"])


def all_dependencies() -> list[str]:
    """Everything that `pip install jixi` brings here, itself left out."""
    seen = set[tuple[str, str]]()
    open_ends = [("jixi", "")]
    while open_ends:
        name, extra = open_ends.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for line in _requirements(name):
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                open_ends += [(_plain(needed.name), part) for part in ("", *needed.extras)]
    return sorted({name for name, _ in seen if name != "jixi"})


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(name: str) -> list[str]:
    try:
        return list(distribution(name).requires or [])
    except PackageNotFoundError:
        return []


def licences(expression: str | None, licence: str | None, classifiers: list[str]) -> set[str]:
    """The licences that metadata names, in SPDX words; of an `OR` the choice is ours."""
    if expression:
        parts = re.split(r"\s+AND\s+|[()]", expression)
        return {_choose(part) for part in parts if part.strip()}
    words = [entry.rpartition(" :: ")[2] for entry in classifiers if entry.startswith("License ::")]
    words = [word for word in words if word != "OSI Approved"] or [licence or "unknown"]
    return {_OLD_NAMES.get(word.lower(), word) for word in words}


def _choose(part: str) -> str:
    choices = [choice.strip() for choice in part.split(" OR ")]
    return next((choice for choice in choices if choice in _MAY_BE_USED), choices[0])


def _licences_of(name: str) -> set[str]:
    def every(field: str) -> list[str]:
        return distribution(name).metadata.get_all(field) or []

    return licences(
        next(iter(every("License-Expression")), None), next(iter(every("License")), None), every("Classifier")
    )


def _snapshot(name: str) -> list[str]:
    return (_SNAPSHOTS / name).read_text("utf-8").splitlines()


def test_the_public_names_are_those_of_the_snapshot() -> None:
    assert sorted(public_names()) == _snapshot("names.txt"), _RENEW


def test_the_dependencies_are_those_of_the_snapshot() -> None:
    assert direct_dependencies() == _snapshot("dependencies.txt"), _RENEW


def test_every_dependency_has_a_licence_that_apache_software_may_use() -> None:
    unfit = {
        name: sorted(_licences_of(name) - _MAY_BE_USED)
        for name in all_dependencies()
        if name not in _EXCEPTIONS and _installed(name)
    }
    assert {name: bad for name, bad in unfit.items() if bad} == {}


def test_every_direct_dependency_is_imported_or_known_to_be_loaded_by_name() -> None:
    carriers = packages_distributions()
    used = {_plain(name) for module in imported_modules() for name in carriers.get(module, [])}
    assert sorted(set(direct_dependencies()) - used - set(_LOADED_BY_NAME)) == []
    assert sorted(set(_LOADED_BY_NAME) & used) == []


def imported_modules() -> set[str]:
    return {module.split(".")[0] for item in product() for _, module, _ in imports(item.tree)}


def test_the_licence_exceptions_are_still_needed() -> None:
    assert [name for name in _EXCEPTIONS if name not in all_dependencies()] == []
    assert [name for name in _EXCEPTIONS if not _licences_of(name) - _MAY_BE_USED] == []


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def test_the_surface_rules_see_names_and_licences() -> None:
    assert list(_own_names(source("A = 1\n_b = 2\ndef c(): ...\nclass D: ...\nimport e"))) == ["A", "c", "D"]
    assert len(all_dependencies()) > len(direct_dependencies()) > 10
    assert licences("GPL-3.0-only", None, []) - _MAY_BE_USED == {"GPL-3.0-only"}
    assert licences("MPL-2.0 AND (Apache-2.0 OR GPL-2.0)", None, []) <= _MAY_BE_USED
    assert licences(None, "MIT", []) == {"MIT"}
    assert licences(None, None, ["License :: OSI Approved :: MIT License"]) == {"MIT"}
    assert licences(None, None, []) == {"unknown"}


if __name__ == "__main__":
    (_SNAPSHOTS / "names.txt").write_text("\n".join(sorted(public_names())) + "\n", encoding="utf-8")
    (_SNAPSHOTS / "dependencies.txt").write_text("\n".join(direct_dependencies()) + "\n", encoding="utf-8")
