"""What is committed: nothing of the machine that wrote it, and the papers that a repository owes its readers."""

import re
from collections.abc import Iterator

from tests.house.tree import ROOT, committed, texts

_HOME = (
    r"(?:^|[^A-Za-z0-9._~/-])(?:/(?:ro{2}t|ho{1}me/[a-z_][\w-]*|Us{1}ers/\w+|wo{1}rk)/|fi{1}le:///(?!etc/))"
)
_REGISTRY = r"https?://[a-z0-9.-]*(?:np{1}m|py{1}pi|deb{1}ian|hos{1}ted)[a-z0-9.-]*"
_HERE = re.compile(f"{_HOME}|{_REGISTRY}")
_GENERATED = re.compile(
    r"\.(gguf|bin|safetensors|onnx|pt|whl|pyc|db|sqlite)$|(^|/)(node_modules|dist|__pycache__)/"
)


def traces_of_a_machine(text: str) -> list[str]:
    """Absolute paths of somebody's machine and addresses of package registries."""
    return [hit.group().strip() for hit in _HERE.finditer(text)]


def unpinned(requirements: str) -> Iterator[str]:
    """Requirements that lack a version or a hash, and options that name an address."""
    for line in requirements.replace("\\\n", " ").splitlines():
        entry = line.split(" #")[0].strip()
        if not entry or entry.startswith("#"):
            continue
        if "--hash=sha256:" not in entry or "==" not in entry or "://" in entry:
            yield entry[:60]


def unreleased(changelog: str) -> list[str]:
    """The entries under "Unreleased", each with its continuation lines joined."""
    section = changelog.partition("## [Unreleased]")[2].partition("\n## ")[0]
    return [" ".join(entry.split()) for entry in re.findall(r"^- (.+(?:\n  .+)*)", section, re.MULTILINE)]


def is_one_sentence(entry: str) -> bool:
    bare = re.sub(r"`[^`]*`", "X", entry)
    return bare.endswith(".") and not re.search(r"[.!?] [A-Z]", bare) and bare[0].isupper()


def test_nothing_committed_names_a_machine_or_a_registry() -> None:
    traces = [f"{name}: {trace}" for name, text in texts() for trace in traces_of_a_machine(text)]
    assert traces == []


def test_nothing_committed_is_generated_or_a_weight() -> None:
    assert [name for name in committed() if _GENERATED.search(name)] == []


def test_nothing_committed_is_larger_than_a_megabyte() -> None:
    assert [name for name in committed() if (ROOT / name).stat().st_size > 1_000_000] == []


def test_requirements_are_pinned_by_hash_and_name_no_address() -> None:
    names = [name for name in committed() if re.fullmatch(r"requirements[\w-]*\.txt", name)]
    assert names
    assert [f"{name}: {line}" for name in names for line in unpinned((ROOT / name).read_text("utf-8"))] == []


def test_the_licence_is_apache_2_in_full() -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License\n" in licence
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_the_changelog_tells_each_unreleased_outcome_in_one_sentence() -> None:
    entries = unreleased((ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert entries
    assert [entry for entry in entries if not is_one_sentence(entry)] == []


def test_the_repository_rules_find_what_they_look_for() -> None:
    assert traces_of_a_machine(f"see /{'ro'}ot/x") != []
    assert traces_of_a_machine(f"cd /{'ho'}me/jane/x") != []
    assert traces_of_a_machine(f"https://registry.{'np'}mjs.org/x") != []
    assert traces_of_a_machine("~/.local/share/jixi and /var/lib/jixi") == []
    assert list(unpinned("a==1 \\\n    --hash=sha256:0\n# comment\nb>=2\n--index-url https://x\n")) == [
        "b>=2",
        "--index-url https://x",
    ]
    assert unreleased("## [Unreleased]\n\n### Added\n\n- One.\n- Two\n  lines.\n\n## [0.1]\n\n- Old.\n") == [
        "One.",
        "Two lines.",
    ]
    assert is_one_sentence("`a. B` is one sentence.")
    assert not is_one_sentence("Two. Sentences.")
    assert not is_one_sentence("no end")
