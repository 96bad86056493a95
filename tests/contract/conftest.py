"""How the contract suites run: drivers on both event loops, and `--engine NAME` over another package's engine."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

Factory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Factory]:
    """Drivers are held to their contract on both event loops: the server's (uvloop) and Python's own."""
    plain: dict[str, Factory] = {"asyncio": asyncio.new_event_loop}
    return plain | {"uvloop": uvloop.new_event_loop} if item.path.name == "test_drivers.py" else plain


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine", help="hold this engine alone to the contract, by the name of its entry point"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Put the chosen engine in place of the built-in ones; tests of single built-ins keep theirs and are left out."""
    chosen = metafunc.config.getoption("--engine", default=None)
    if chosen and "launch" in metafunc.fixturenames and not _picks_its_own(metafunc):
        metafunc.definition.add_marker(pytest.mark.parametrize("launch", [chosen], indirect=True))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # The driver of a cluster takes long: once, on the server's loop.
    items[:] = [item for item in items if not item.name.endswith("[asyncio-ray]")]
    chosen = config.getoption("--engine", default=None)
    if chosen:
        kept = [item for item in items if chosen in _parameters_of(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def _picks_its_own(metafunc: pytest.Metafunc) -> bool:
    marks = metafunc.definition.iter_markers("parametrize")
    return any("launch" in str(mark.args[0]) for mark in marks)


def _parameters_of(item: pytest.Item) -> list[object]:
    call = getattr(item, "callspec", None)
    return list(call.params.values()) if call else []
