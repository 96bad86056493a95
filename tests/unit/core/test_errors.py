"""The catalogue of problems speaks both languages with the same facts."""

from string import Formatter

import pytest

from jixi.core.errors import PROBLEMS, JixiError, problem


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_a_problem_states_the_same_facts_in_both_languages(code: str) -> None:
    entry = PROBLEMS[code]
    assert _facts(entry.en) == _facts(entry.zh)
    assert _facts(entry.remedy_en) == _facts(entry.remedy_zh)
    assert 400 <= entry.status < 600


def test_an_error_says_what_happened_and_what_to_do_in_the_readers_language() -> None:
    error = problem("model_not_found", model="nope")
    assert "nope" in error.message("en")
    assert "模型" in error.message("zh")
    assert error.remedy("en")
    assert error.code == "model_not_found"


CASES = [(kind.code, state) for kind in PROBLEMS.values() for state in kind.cases]


@pytest.mark.parametrize(("code", "state"), CASES)
def test_what_helps_in_a_state_is_said_in_both_languages(code: str, state: str) -> None:
    kind = PROBLEMS[code]
    assert "{state}" in kind.en
    error = JixiError(kind, {"model": "m", "state": state})
    assert state in error.message("en")
    assert kind.cases[state].zh in error.message("zh")
    assert state not in error.message("zh")
    assert error.remedy("en") != JixiError(kind, {"model": "m", "state": "another"}).remedy("en")
    assert error.remedy("zh") != JixiError(kind, {"model": "m", "state": "another"}).remedy("zh")
    assert error.outside().remedy() == kind.outside_en


def test_a_missing_fact_is_our_own_defect_and_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        problem("model_not_found")


def test_an_unknown_code_is_our_own_defect_and_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        problem("no_such_code")


def test_the_input_at_fault_and_the_wait_travel_with_the_error() -> None:
    error = problem("rate_limited", param="email", retry_after=7, seconds=7)
    assert isinstance(error, JixiError)
    assert (error.param, error.retry_after) == ("email", 7)
