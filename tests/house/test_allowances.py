"""The list of allowed exceptions: a reason for each, none without a rule, and never longer than it was."""

import ast
import tomllib

import pytest

from tests.house import tree
from tests.house.tree import ROOT, Source, allowances, obey, source, suites

_LIST = "tests/house/allowances.toml"


def _unlucky(item: Source) -> list[tuple[int, str]]:
    return [(1, "bad luck")] if "bad" in item.text else []


def test_every_allowance_gives_a_reason_of_some_words() -> None:
    assert [entry for entry in allowances() if len(entry["reason"].split()) < 4] == []


def test_every_allowance_names_a_rule_and_a_file_that_exist() -> None:
    rules = {
        node.name
        for suite in suites()
        if suite.lies_in("tests/house/*")
        for node in suite.tree.body
        if isinstance(node, ast.FunctionDef)
    }
    assert [e for e in allowances() if e["rule"] not in rules or not (ROOT / e["path"]).is_file()] == []


def test_the_list_of_allowances_is_as_long_as_it_says_and_only_shrinks() -> None:
    document = tomllib.loads((ROOT / _LIST).read_text(encoding="utf-8"))
    assert len(document["allow"]) == document["most"], "lower 'most' when an entry goes; it never rises"


def test_an_allowance_covers_its_file_alone_and_fails_once_it_is_not_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tree, "allowances", lambda: ({"rule": "_unlucky", "path": "a.py", "reason": "x"},))
    obey(_unlucky, [source("bad = 1", "a.py"), source("good = 1", "b.py")])
    with pytest.raises(AssertionError, match=r"b.py:1: bad luck"):
        obey(_unlucky, [source("bad = 1", "a.py"), source("bad = 1", "b.py")])
    with pytest.raises(AssertionError, match=r"a.py obeys _unlucky now"):
        obey(_unlucky, [source("good = 1", "a.py")])
    with pytest.raises(AssertionError, match=r"nothing to look at"):
        obey(_unlucky, [])
