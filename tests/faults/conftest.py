"""Fault runs. `make test` runs each small; `make faults` runs them in full, or `make faults ARGS="-k money"` some."""

import sys
from collections.abc import Callable

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the counts of the reliability catalogue")


@pytest.fixture
def sized(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Chooses between the count for every commit and the count of `make faults`."""
    full: bool = request.config.getoption("--full", default=False)
    return lambda small, large: large if full else small


@pytest.fixture
def report(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints what a run did, under its name: a run that proves nothing is to be seen as such."""

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{request.node.name}: {text}\n")

    return say
