"""Chat templates: programs that come with a model. They are judged here, before anything renders them.

Jixi renders none itself; engines do, each in its own sandbox. A template is refused that the immutable sandbox of
Jinja would stop, or that is too large to be one.
"""

from collections.abc import Iterator
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import (
    UNSAFE_ASYNC_GENERATOR_ATTRIBUTES,
    UNSAFE_COROUTINE_ATTRIBUTES,
    UNSAFE_FUNCTION_ATTRIBUTES,
    UNSAFE_GENERATOR_ATTRIBUTES,
    UNSAFE_METHOD_ATTRIBUTES,
    ImmutableSandboxedEnvironment,
)

from jixi.models.formats._refusal import FormatError

_LONGEST: Final = 128 * 1024
_LONGEST_NAME: Final = 256
_LOADING: Final[tuple[type[nodes.Node], ...]] = (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)
# What leads from a value to the interpreter; names that begin with an underscore do so too.
_INSIDE: Final = frozenset(
    {
        "mro",
        *UNSAFE_FUNCTION_ATTRIBUTES,
        *UNSAFE_METHOD_ATTRIBUTES,
        *UNSAFE_GENERATOR_ATTRIBUTES,
        *UNSAFE_COROUTINE_ATTRIBUTES,
        *UNSAFE_ASYNC_GENERATOR_ATTRIBUTES,
    }
)
# Of these filters, each reaches an attribute by a name that may be put together while the template runs.
_REACHING: Final = frozenset(
    {"attr", "map", "groupby", "sort", "unique", "sum", "min", "max", "selectattr", "rejectattr"}
)


class _Generation(Extension):
    """The block {% generation %}, in which templates mark what an assistant has said."""

    tags = {"generation"}  # noqa: RUF012  (the class of Jinja declares it so)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def check_template(text: str) -> None:
    """Raises FormatError where the template does not parse, reaches for Python's inside, or loads another file."""
    if len(text) > _LONGEST:
        raise FormatError("its chat template is too long")
    try:
        _check_tree(_parsed(text))
    except RecursionError as error:
        raise FormatError("its chat template is too deep") from error


def _parsed(text: str) -> nodes.Template:
    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols", _Generation])
    try:
        return environment.parse(text)
    except TemplateSyntaxError as error:
        raise FormatError(f"its chat template does not parse: {str(error.message)[:120]}") from error
    except ValueError as error:
        raise FormatError("its chat template has a number that is too long") from error


def _check_tree(tree: nodes.Template) -> None:
    every = list(_nodes(tree))
    if any(isinstance(each, _LOADING) for each in every):
        raise FormatError("its chat template loads another file")
    for each in every:
        if isinstance(each, nodes.Filter) and each.name == "attr" and None in map(_constant, each.args):
            raise FormatError("its chat template reaches for a name that it makes up")
        for name in _reached(each):
            if name is not None and (name.startswith("_") or name in _INSIDE):
                raise FormatError(f"its chat template reaches for {name[:40]!r}")


def _nodes(tree: nodes.Template) -> Iterator[nodes.Node]:
    """Each once. Jinja's own search goes through all levels above a node for each that it finds."""
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def _reached(node: nodes.Node) -> list[str | None]:
    """The names by which attributes are reached: by a dot, by a subscript, or by a filter. None is not known yet."""
    match node:
        case nodes.Getattr(attr=name):
            return [name]
        case nodes.Getitem(arg=name):
            return [_constant(name)]
        case nodes.Filter(name=name) if name in _REACHING:
            return [_constant(each) for each in (*node.args, *(pair.value for pair in node.kwargs))]
        case _:
            return []


def _constant(node: nodes.Node) -> str | None:
    """The string that an expression is bound to be, pieces joined; None where only running it would tell.

    Nothing is computed but sums of strings, and those no longer than names are: a template may ask for any work.
    """
    match node:
        case nodes.Const(value=str(value)):
            return value
        case nodes.Concat(nodes=pieces):
            return _joined(pieces)
        case nodes.Add(left=left, right=right):
            return _joined([left, right])
        case _:
            return None


def _joined(pieces: list[nodes.Expr]) -> str | None:
    whole = ""
    for piece in pieces:
        value = _constant(piece)
        if value is None or len(whole) + len(value) > _LONGEST_NAME:
            return None
        whole += value
    return whole
