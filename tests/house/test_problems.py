"""The catalogue of problems: both languages say the same with the same facts, and every entry is raised somewhere."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from string import Formatter

from jixi.core.errors import PROBLEMS
from tests.house.tree import Finding, Source, calls, found, obey, product

_CATALOGUE = tuple(f"src/jixi/core/_problems{part}.py" for part in ("", "_house", "_outside"))
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_CRAMPED = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9{]|[A-Za-z0-9}][\u4e00-\u9fff]")


def facts_of(text: str) -> Counter[str]:
    """The facts that a text asks for, with how often."""
    return Counter(field for _, field, _, _ in Formatter().parse(text) if field)


def cramped(text: str) -> list[str]:
    """Where Chinese and Latin stand without the space between them."""
    return [hit.group() for hit in _CRAMPED.finditer(text)]


def problem_raised_wrongly(item: Source) -> Iterator[Finding]:
    """A code that the catalogue lacks, or facts that its texts ask for and the call does not give."""
    for node, code in raised(item):
        if code not in PROBLEMS:
            yield node.lineno, f"the problem {code!r} is not in the catalogue"
            continue
        given = {keyword.arg for keyword in node.keywords}
        kind = PROBLEMS[code]
        needed = set[str]().union(*map(facts_of, (kind.en, kind.zh, kind.remedy_en, kind.remedy_zh)))
        missing = needed - {name for name in given if name}
        if missing and None not in given:
            yield node.lineno, f"the problem {code!r} is raised without {', '.join(sorted(missing))}"


def raised(item: Source) -> Iterator[tuple[ast.Call, str]]:
    for node, name in calls(item.tree):
        first = node.args[0] if node.args else None
        if (
            name.rpartition(".")[2] == "problem"
            and isinstance(first, ast.Constant)
            and isinstance(first.value, str)
        ):
            yield node, first.value


def test_both_languages_of_a_problem_tell_the_same_facts() -> None:
    different = [
        kind.code
        for kind in PROBLEMS.values()
        if facts_of(kind.en) != facts_of(kind.zh)
        or facts_of(kind.remedy_en) != facts_of(kind.remedy_zh)
        or facts_of(kind.outside_en) != facts_of(kind.outside_zh)
    ]
    assert different == []


def test_every_text_of_a_problem_is_a_sentence_in_its_language() -> None:
    for kind in PROBLEMS.values():
        for english in (kind.en, kind.remedy_en):
            assert english[0].isupper(), kind.code
            assert english.endswith("."), kind.code
            assert not _CHINESE.search(english), kind.code
        for chinese in (kind.zh, kind.remedy_zh):
            assert _CHINESE.search(chinese), kind.code
            assert chinese.endswith("。"), kind.code
            assert cramped(re.sub(r"'[^']*'", "", chinese)) == [], kind.code


def test_every_code_is_a_lower_case_word_with_a_true_status() -> None:
    for kind in PROBLEMS.values():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)
        assert 400 <= kind.status < 600


def test_problems_are_raised_with_the_facts_that_their_texts_ask_for() -> None:
    obey(problem_raised_wrongly, product())


def test_every_problem_of_the_catalogue_is_raised_somewhere() -> None:
    written = {
        node.value
        for item in product()
        if item.path not in _CATALOGUE
        for node in ast.walk(item.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(PROBLEMS) - written) == []


def test_the_problem_rules_find_unknown_codes_missing_facts_and_cramped_chinese() -> None:
    assert found(problem_raised_wrongly, "raise problem('no_such_thing')") != []
    assert found(problem_raised_wrongly, "raise errors.problem('scope_missing')") != []
    assert found(problem_raised_wrongly, "raise problem('scope_missing', scope='chat')") == []
    assert found(problem_raised_wrongly, "raise problem('scope_missing', **facts)") == []
    assert cramped("该API 密钥") == ["该A"]
    assert cramped("该 API 密钥") == []
    assert facts_of("{a!r} and {b}") == Counter("ab")
