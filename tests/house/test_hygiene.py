"""Habits that keep a large house clean: no hidden state, no swallowed errors, no promises in comments."""

import ast
import re
from collections.abc import Iterator

from tests.house.tree import Finding, Source, calls, dotted, found, obey, product, suites, texts

_EVERYTHING = {"Exception", "BaseException"}
_MUTABLE_CALLS = frozenset(
    [
        "list",
        "dict",
        "set",
        "bytearray",
        "defaultdict",
        "deque",
        "OrderedDict",
        "Counter",
        "WeakSet",
        "WeakKeyDictionary",
        "WeakValueDictionary",
        "Lock",
        "RLock",
        "Event",
        "Semaphore",
        "Condition",
        "Queue",
        "LifoQueue",
        "SimpleQueue",
        "TTLCache",
        "LRUCache",
        "Cache",
    ]
)
_MUTATORS = {
    "append",
    "add",
    "update",
    "setdefault",
    "pop",
    "popitem",
    "clear",
    "extend",
    "insert",
    "remove",
    "discard",
}
_PROMISE = re.compile(rf"\b(?:{'TO' + 'DO'}|{'FIX' + 'ME'}|{'HA' + 'CK'})\b")
_SETTLED = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
)


def swallowed_error(item: Source) -> Iterator[Finding]:
    """`except Exception` whose body does nothing, or `suppress(Exception)`."""
    for node in ast.walk(item.tree):
        if (
            isinstance(node, ast.ExceptHandler)
            and _catches_everything(node.type)
            and all(map(_is_idle, node.body))
        ):
            yield node.lineno, "an error of any kind is swallowed"
    for node, name in calls(item.tree):
        if name.endswith("suppress") and any(map(_catches_everything, node.args)):
            yield node.lineno, "an error of any kind is suppressed"


def _catches_everything(kind: ast.expr | None) -> bool:
    members = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(member is None or dotted(member) in _EVERYTHING for member in members)


def _is_idle(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass | ast.Continue) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def module_state(item: Source) -> Iterator[Finding]:
    """A module-level container that is not a constant, or one that the module changes; any `global`."""
    constants = set[str]()
    for node in item.tree.body:
        for name, value in _assignments(node):
            if name != "__all__" and _is_mutable(value):
                if not name.isupper() or not _is_display(value):
                    yield node.lineno, f"{name} is state of the module"
                constants.add(name)
    for node in ast.walk(item.tree):
        if isinstance(node, ast.Global):
            yield node.lineno, f"global {', '.join(node.names)}"
        elif (name := _changed(node)) in constants:
            yield getattr(node, "lineno", 0), f"the constant {name} is changed"


def _assignments(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        yield node.target.id, node.value


def _is_display(value: ast.expr) -> bool:
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def _is_mutable(value: ast.expr) -> bool:
    function = value.func if isinstance(value, ast.Call) else None
    function = function.value if isinstance(function, ast.Subscript) else function
    return _is_display(value) or (
        function is not None and dotted(function).rpartition(".")[2] in _MUTABLE_CALLS
    )


def _changed(node: ast.AST) -> str:
    """The name of the container that a node changes, if it does."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr in _MUTATORS:
            return name
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return name
        case ast.AugAssign(target=ast.Name(id=name)):
            return name
        case _:
            return ""


def import_time_work(item: Source) -> Iterator[Finding]:
    """A module says what there is; it does nothing until it is asked."""
    for node in item.tree.body:
        if isinstance(node, _SETTLED) or _is_idle(node) or _is_guard(node):
            continue
        yield node.lineno, f"{type(node).__name__.lower()} statement runs on import"


def _is_guard(node: ast.stmt) -> bool:
    """`if TYPE_CHECKING`, `if __name__ == "__main__"`, `if sys.version_info …`."""
    return (
        isinstance(node, ast.If)
        and re.search(r"TYPE_CHECKING|__name__|version_info|platform", ast.unparse(node.test)) is not None
    )


def future_import(item: Source) -> Iterator[Finding]:
    for node in item.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            yield node.lineno, "Python 3.11 is the floor: no __future__"


def promises(text: str) -> list[int]:
    """The lines with a promise that no issue keeps."""
    return [number for number, line in enumerate(text.splitlines(), 1) if _PROMISE.search(line)]


def test_no_error_of_any_kind_is_swallowed() -> None:
    obey(swallowed_error, (*product(), *suites()))


def test_no_module_holds_state() -> None:
    obey(module_state, product())


def test_no_module_works_while_it_is_imported() -> None:
    obey(
        import_time_work,
        (item for item in product() if not item.lies_in("src/jixi/storage/migrations/env.py")),
    )


def test_nothing_is_imported_from_the_future() -> None:
    obey(future_import, (*product(), *suites()))


def test_no_comment_promises_what_no_issue_keeps() -> None:
    assert [f"{name}:{line}" for name, text in texts() for line in promises(text)] == []


def test_the_error_rule_finds_every_way_to_swallow_one() -> None:
    for head in ("except Exception", "except", "except (ValueError, BaseException)"):
        assert found(swallowed_error, f"try:\n    f()\n{head}:\n    pass") != []
    assert found(swallowed_error, "with contextlib.suppress(Exception):\n    f()") != []
    assert found(swallowed_error, "try:\n    f()\nexcept ValueError:\n    pass") == []
    assert found(swallowed_error, "try:\n    f()\nexcept Exception as e:\n    log(e)") == []


def test_the_state_rule_tells_constants_from_state() -> None:
    for state in ("cache = {}", "_SEEN: set[str] = set()", "lock = asyncio.Lock()", "A = defaultdict(list)"):
        assert found(module_state, state) != []
    assert found(module_state, "KINDS = {}\ndef f():\n    KINDS['a'] = 1") == [
        "the constant KINDS is changed"
    ]
    assert found(module_state, "KINDS = []\ndef f():\n    KINDS.append(1)") == [
        "the constant KINDS is changed"
    ]
    assert found(module_state, "x = 1\ndef f():\n    global x\n    x = 2") == ["global x"]
    assert found(module_state, "KINDS = {'a': 1}\n__all__ = ['x']\ndef f():\n    local = []") == []


def test_the_import_rules_find_work_and_the_future() -> None:
    assert found(import_time_work, "for x in y:\n    z(x)") == ["for statement runs on import"]
    assert found(import_time_work, "print('hello')") == ["expr statement runs on import"]
    assert found(import_time_work, '"""Docs."""\nimport os\nif TYPE_CHECKING:\n    import x\nA = 1') == []
    assert found(future_import, "from __future__ import annotations") != []


def test_the_promise_rule_finds_a_promise_in_any_text() -> None:
    assert promises(f"# {'TO' + 'DO'}: later\nfine\n# {'FIX' + 'ME'}") == [1, 3]
