"""The repository as the house tests see it: each Python file parsed once, each text file by name."""

import ast
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
Finding = tuple[int, str]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A parsed Python file. `path` is relative to the repository; `module` is its dotted name within src."""

    path: str
    text: str
    tree: ast.Module
    module: str = ""

    @property
    def is_door(self) -> bool:
        return self.path.endswith("/__init__.py")

    @property
    def package(self) -> str:
        """The package that the file lies in; for a door, the package that it opens."""
        return self.module if self.is_door else self.module.rpartition(".")[0]

    def lies_in(self, *patterns: str) -> bool:
        """Whether the path matches a pattern; `*` also crosses folders."""
        return any(fnmatchcase(self.path, pattern) for pattern in patterns)


Rule = Callable[[Source], Iterable[Finding]]


def source(text: str, path: str = "src/jixi/room/_file.py") -> Source:
    """A source made from text: what the self-tests of the rules use."""
    text = dedent(text)
    parts = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").split("/")
    module = ".".join(parts) if path.startswith("src/") else ""
    return Source(path=path, text=text, tree=ast.parse(text), module=module)


def found(rule: Rule, text: str, path: str = "src/jixi/room/_file.py") -> list[str]:
    """What `rule` says about a snippet; empty where it finds nothing."""
    return [message for _, message in rule(source(text, path))]


def obey(rule: Rule, sources: Iterable[Source]) -> None:
    """Fail with every `path:line: message` of `rule`, but for the files that allowances.toml lets through.

    An allowance that is no longer needed fails too: the list only shrinks.
    """
    sources = list(sources)
    assert sources, "there is nothing to look at"
    allowed = {entry["path"] for entry in allowances() if entry["rule"] == rule.__name__}
    findings = {item.path: list(rule(item)) for item in sources}
    bad = [
        f"{path}:{line}: {text}"
        for path, some in findings.items()
        if path not in allowed
        for line, text in some
    ]
    bad += [
        f"allowances.toml: {path} obeys {rule.__name__} now" for path in allowed if findings.get(path) == []
    ]
    assert not bad, "\n" + "\n".join(bad)


@cache
def allowances() -> tuple[dict[str, str], ...]:
    """The entries of allowances.toml: which file may break which rule, and why."""
    return tuple(tomllib.loads((ROOT / "tests/house/allowances.toml").read_text(encoding="utf-8"))["allow"])


@cache
def committed() -> tuple[str, ...]:
    """Every file that git tracks or would track, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(name for name in set(listing.split("\0")) if name and (ROOT / name).is_file()))


@cache
def _python(folder: str) -> tuple[Source, ...]:
    names = [name for name in committed() if name.startswith(f"{folder}/") and name.endswith(".py")]
    return tuple(source((ROOT / name).read_text(encoding="utf-8"), name) for name in names)


def product() -> tuple[Source, ...]:
    """Every file of the package itself."""
    return _python("src")


def suites() -> tuple[Source, ...]:
    """Every file of the tests."""
    return _python("tests")


def texts() -> Iterator[tuple[str, str]]:
    """Every committed file that is text, with its content."""
    for name in committed():
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the dotted name of what is called (`os.environ.get`); "" where it has none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def dotted(node: ast.AST) -> str:
    """A name as it is written: `os.environ.get`, `loop().run`; an owner without a name is a question mark."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value) or '?'}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return node.id if isinstance(node, ast.Name) else ""


def imports(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Every import as (line, module, name); name is "" for `import module` and for `import_module("module")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("import_module") and node.args:
            name = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
            yield node.lineno, str(name), ""
