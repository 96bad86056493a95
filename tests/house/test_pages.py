"""The pages: two languages that say the same, commands that exist, examples that parse, Chinese set with care."""

import json
import re
import tomllib
from collections.abc import Iterable
from typing import Any

import pytest
import typer

from jixi.assembly.settings import Settings
from jixi.cli import command_line
from jixi.models.catalog import read_entry
from tests.house.pages import Page, page, pages
from tests.house.test_problems import cramped
from tests.house.test_surface import direct_dependencies
from tests.house.tree import ROOT

_IN_ONE_LANGUAGE = {"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/reference/figures.md"}
_HALF_WIDTH = re.compile(
    r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\.(?:\s|$)|[\u4e00-\u9fff]\(|\)[\u4e00-\u9fff]"
)
_VERBS = {"setup", "serve", "check", "test", "faults", "bench", "docs"}


def differences(english: Page, chinese: Page) -> list[str]:
    """Where the two sides of a page have different headings, commands or examples."""
    found = list[str]()
    if english.headings() != chinese.headings():
        found.append(f"{chinese.name}: headings {chinese.headings()} instead of {english.headings()}")
    theirs = [(block.language, without_comments(block.text)) for block in chinese.blocks()]
    for block in english.blocks():
        if block.language and (block.language, without_comments(block.text)) not in theirs:
            found.append(f"{chinese.name}: lacks the block {block.text[:60]!r}")
    if len(english.blocks()) != len(theirs):
        found.append(f"{chinese.name}: {len(theirs)} code blocks instead of {len(english.blocks())}")
    return found


def without_comments(code: str) -> str:
    """Comments and printed words may be translated; the rest of an example may not."""
    return "\n".join(
        line for line in (re.sub(r"(^|\s+)#\s.*", "", line) for line in code.splitlines()) if line.strip()
    )


def unknown_commands(words: Iterable[list[str]], program: typer.Typer) -> list[str]:
    """Commands that neither the Makefile nor the command line knows."""
    root = typer.main.get_command(program)
    unknown = list[str]()
    for command in words:
        known = command[1] in _VERBS if command[0] == "make" else _knows(root, command[1:])
        if not known:
            unknown.append(" ".join(command))
    return unknown


def _knows(command: Any, words: list[str]) -> bool:
    """Whether every verb and every option of `words` exists."""
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return False
        command, words = command.commands[words[0]], words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return all(
        word.partition("=")[0] in options | {"--help"} for word in words if re.match(r"--?[a-z]", word)
    )


def test_every_page_exists_in_both_languages() -> None:
    names = {item.name for item in pages()}
    english = [item for item in pages() if not item.is_chinese and item.name not in _IN_ONE_LANGUAGE]
    assert [item.twin for item in english if item.twin not in names] == []
    assert len(names) == 2 * len(english) + len(_IN_ONE_LANGUAGE)


def test_both_sides_of_a_page_have_the_same_headings_and_examples() -> None:
    english = [item for item in pages() if not item.is_chinese and item.name not in _IN_ONE_LANGUAGE]
    assert [line for item in english for line in differences(item, page(item.twin))] == []


def test_chinese_is_set_with_full_width_marks_and_a_space_before_latin() -> None:
    chinese = [item for item in pages() if item.is_chinese]
    assert [f"{item.name}: {bit}" for item in chinese for bit in cramped(item.prose())] == []
    assert [f"{item.name}: {hit[0]}" for item in chinese for hit in _HALF_WIDTH.finditer(item.prose())] == []


def test_every_command_in_the_pages_exists() -> None:
    assert [
        f"{p.name}: {bad}" for p in pages() for bad in unknown_commands(p.commands(), command_line())
    ] == []


def test_every_verb_of_the_makefile_is_one_of_the_seven() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(targets) == _VERBS


def test_every_json_and_settings_example_is_valid() -> None:
    for item in pages():
        for block in item.blocks():
            if block.language == "json":
                json.loads(block.text)
            if block.language == "toml":
                table = tomllib.loads(block.text)
                if block.mark == "entry":
                    assert read_entry(block.text.encode())
                assert block.mark or Settings(**table)


def test_every_dependency_has_a_line_that_says_what_it_is_for() -> None:
    console = json.loads((ROOT / "console/package.json").read_text("utf-8"))
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    names = {re.split(r"[\[<>=!~; ]", line)[0] for lines in groups.values() for line in lines}
    names |= {*direct_dependencies(), *console["dependencies"], *console["devDependencies"]}
    for side in ("docs/decisions/dependencies.md", "docs/decisions/dependencies.zh.md"):
        listed = {
            name
            for row in re.findall(r"^\| ([^|]+) \|", page(side).text, re.MULTILINE)
            for name in row.split(", ")
        }
        listed -= {"package", "包", "---"}
        assert names - listed == set(), side
        assert listed - names == set(), side


def test_the_page_rules_find_what_they_look_for() -> None:
    one = Page(name="a.md", text="# A\n\n```sh\nmake serve\n```\n\n## B\n")
    assert (
        differences(one, Page(name="a.zh.md", text="# 甲\n\n```sh\nmake serve  # 启动\n```\n\n## 乙\n")) == []
    )
    assert len(differences(one, Page(name="a.zh.md", text="# 甲\n"))) == 3
    assert _HALF_WIDTH.search("中文,中文")
    assert _HALF_WIDTH.search("中文(注)")
    assert not _HALF_WIDTH.search("中文，`a.b` 与 v1.2。")
    assert list(one.commands()) == [["make", "serve"]]
    shell = Page(
        name="a.md",
        text="```sh\ncurl -d '{\"a\": 1}' \\\n  x | jixi usage --json  # why\nA=1 make test\n```\n",
    )
    assert list(shell.commands()) == [["jixi", "usage", "--json"], ["make", "test"]]
    assert Page(name="b.md", text="<!-- run -->\n```sh\nls\n```\n").blocks()[0].mark == "run"


def test_the_command_rule_knows_verbs_and_options() -> None:
    program = typer.Typer()

    @program.command("serve")
    def _serve(*, port: int = 1) -> None: ...

    @program.command("chat")
    def _chat() -> None: ...

    known = [["make", "serve"], ["jixi", "serve", "--port", "8"], ["jixi", "chat"]]
    assert unknown_commands(known, program) == []
    unknown = [["make", "coffee"], ["jixi", "brew"], ["jixi", "serve", "--colour"]]
    assert unknown_commands(unknown, program) == ["make coffee", "jixi brew", "jixi serve --colour"]


@pytest.mark.parametrize("name", ["README.md", "docs/index.md", "docs/get-started.md"])
def test_the_first_pages_name_the_two_commands(name: str) -> None:
    commands = list(page(name).commands())
    assert ["make", "serve"] in commands
