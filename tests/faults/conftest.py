"""Slow fault runs: `make faults`, or `make faults ARGS="--kills 1000"`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=100, help="how many processes are killed")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    chosen: int = request.config.getoption("--kills")
    return chosen
