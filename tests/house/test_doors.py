"""Rooms have one door each: a docstring that says what they own, `__all__`, and no way in but through it."""

import ast
import re
from collections.abc import Iterator

from tests.house.tree import ROOT, Finding, Source, found, imports, obey, product, suites

_NOT_ROOMS = ("src/jixi/__init__.py", "src/jixi/storage/migrations/*")


def door_says_too_little(source: Source) -> Iterator[Finding]:
    """A room's docstring says what it owns, what it must not do and where its tests are, in a few lines."""
    if not source.is_door or source.lies_in(*_NOT_ROOMS):
        return
    text = ast.get_docstring(source.tree) or ""
    for word in ("owns", "must not", "tests"):
        if word not in text.lower():
            yield 1, f"the door's docstring does not say {word!r}"
    for path in re.findall(r"tests/[\w/]+(?:\.py)?", text):
        if not (ROOT / path.rstrip("/")).exists():
            yield 1, f"the door's docstring names {path}, which does not exist"
    if len(text.splitlines()) > 12:
        yield 1, "the door's docstring is longer than 12 lines"


def door_without_all(source: Source) -> Iterator[Finding]:
    """A door re-exports with `__all__`, sorted and true, or says that its modules are imported by name."""
    if not source.is_door or source.lies_in(*_NOT_ROOMS):
        return
    names = exported(source)
    if names is None:
        if "by name" not in (ast.get_docstring(source.tree) or ""):
            yield 1, "the door has no __all__"
        return
    bound = set(_bound(source.tree))
    yield from (
        (1, f"__all__ names {name!r}, which the door does not have") for name in names if name not in bound
    )


def exported(source: Source) -> list[str] | None:
    """The names in `__all__`; None where there is none."""
    for node in source.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            value = getattr(node, "value", None)
            return list(ast.literal_eval(value)) if isinstance(value, ast.expr) else None
    return None


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.ImportFrom() | ast.Import():
                yield from (alias.asname or alias.name for alias in node.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Assign():
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name() as target):
                yield target.id
            case _:
                pass


def foreign_private_import(source: Source) -> Iterator[Finding]:
    """`jixi.a.b._c` may be imported from inside `jixi.a.b` alone."""
    for line, module, name in imports(source.tree):
        path = f"{module}.{name}" if name else module
        parts = path.split(".")
        private = next(
            (at for at, part in enumerate(parts) if part.startswith("_") and not _dunder(part)), None
        )
        if parts[0] != "jixi" or private is None:
            continue
        room = ".".join(parts[:private])
        if source.package != room and not source.package.startswith(f"{room}."):
            yield line, f"imports {path} past the door of {room}"


def _dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def relative_import(source: Source) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "relative import"


def test_every_door_says_what_the_room_owns_must_not_do_and_where_its_tests_are() -> None:
    obey(door_says_too_little, product())


def test_every_door_lists_what_it_lets_through() -> None:
    obey(door_without_all, product())


def test_nobody_imports_the_private_file_of_another_room() -> None:
    obey(foreign_private_import, product())


def test_tests_come_in_through_the_doors_too() -> None:
    obey(foreign_private_import, suites())


def test_no_import_is_relative() -> None:
    obey(relative_import, (*product(), *suites()))


def test_the_door_rules_find_a_closed_mouth_and_a_missing_list() -> None:
    door = "src/jixi/room/__init__.py"
    assert len(found(door_says_too_little, '"""A room."""', door)) == 3
    assert found(door_says_too_little, '"""Owns: x. Must not: y. Tests: z."""', door) == []
    assert (
        len(found(door_says_too_little, '"""Owns: x. Must not: y. Tests: tests/unit/nowhere."""', door)) == 1
    )
    assert found(door_without_all, '"""A room."""', door) == ["the door has no __all__"]
    assert found(door_without_all, '__all__ = ["thing"]', door) == [
        "__all__ names 'thing', which the door does not have"
    ]
    assert found(door_without_all, 'from jixi.room._x import thing\n__all__ = ["thing"]', door) == []


def test_the_import_rules_find_a_burglar_and_let_the_household_in() -> None:
    burglary = "from jixi.other._file import thing"
    assert found(foreign_private_import, burglary) == [
        "imports jixi.other._file.thing past the door of jixi.other"
    ]
    assert found(foreign_private_import, "from jixi.other import _file") != []
    assert found(foreign_private_import, "import jixi.room._other") == []
    assert (
        found(foreign_private_import, "from jixi.room._other import x", "src/jixi/room/inner/_file.py") == []
    )
    assert found(foreign_private_import, burglary, "tests/unit/other/test_thing.py") != []
    assert found(relative_import, "from . import x\nfrom .y import z") == ["relative import"] * 2
