"""The tests themselves: named as sentences, never asleep, never silently skipped."""

import ast
from collections.abc import Iterator

from tests.house.test_sizes import functions
from tests.house.tree import Finding, Source, calls, dotted, found, obey, suites

_SLEEPS = {"asyncio.sleep", "anyio.sleep", "trio.sleep", "sleep"}
_SKIPS = {"skip", "skipif", "xfail", "importorskip"}


def name_is_no_sentence(item: Source) -> Iterator[Finding]:
    """A test's name says what holds, in four words or more."""
    for function in functions(item.tree):
        words = function.name.removeprefix("test_").split("_")
        if function.name.startswith("test_") and len([word for word in words if word]) < 4:
            yield function.lineno, f"{function.name} is no sentence"


def sleeping_test(item: Source) -> Iterator[Finding]:
    """Waits for time instead of for an event; `asyncio.sleep(0)` only lets others run."""
    for node, name in calls(item.tree):
        first = node.args[0] if node.args else None
        constant = isinstance(first, ast.Constant)
        if name == "time.sleep" or (name in _SLEEPS and constant and getattr(first, "value", 0) != 0):
            yield node.lineno, f"{ast.unparse(node)}: wait for the event"


def skip_without_reason(item: Source) -> Iterator[Finding]:
    for node in ast.walk(item.tree):
        call = node if isinstance(node, ast.Call) else None
        name = dotted(call.func) if call else dotted(node)
        if name.startswith(("pytest.", "mark.")) and name.rpartition(".")[2] in _SKIPS:
            if call is None and not _is_called(item.tree, node):
                yield getattr(node, "lineno", 0), f"{name} without a reason"
            elif call is not None and not _gives_reason(call, name):
                yield call.lineno, f"{name} without a reason"


def _is_called(tree: ast.AST, function: ast.AST) -> bool:
    return any(isinstance(node, ast.Call) and node.func is function for node in ast.walk(tree))


def _gives_reason(call: ast.Call, name: str) -> bool:
    reasons = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    reasons += call.args[:1] if name == "pytest.skip" else []
    return any(not isinstance(r, ast.Constant) or len(str(r.value).split()) >= 3 for r in reasons)


def test_every_test_is_named_as_a_sentence() -> None:
    obey(name_is_no_sentence, suites())


def test_no_test_waits_for_time_to_pass() -> None:
    obey(sleeping_test, suites())


def test_no_test_is_skipped_without_a_reason() -> None:
    obey(skip_without_reason, suites())


def test_the_suite_rules_find_mumbling_sleeping_and_skipping() -> None:
    assert found(name_is_no_sentence, "def test_it_works(): ...") == ["test_it_works is no sentence"]
    assert found(name_is_no_sentence, "async def test_a_key_is_shown_once(): ...") == []
    assert found(sleeping_test, "time.sleep(x)") != []
    assert found(sleeping_test, "await asyncio.sleep(0.1)") != []
    assert found(sleeping_test, "await asyncio.sleep(0)") == []
    assert found(skip_without_reason, "@pytest.mark.skip\ndef f(): ...") == [
        "pytest.mark.skip without a reason"
    ]
    assert found(skip_without_reason, "@pytest.mark.xfail(strict=True)\ndef f(): ...") != []
    assert found(skip_without_reason, "pytest.skip('no')") != []
    assert found(skip_without_reason, "pytest.skip('this kernel has no namespaces')") == []
