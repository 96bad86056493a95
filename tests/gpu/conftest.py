"""Real vLLM and SGLang on a real accelerator. Run by hand where there is one:

    python -m pytest tests/gpu --model /srv/models/Qwen3-0.6B [--python vllm=/envs/vllm/bin/python] [--only vllm]

Without `--python` Jixi makes the engine's environment, which needs a package index. Without `--model` all is skipped.
"""

import asyncio
import os
from pathlib import Path

import pytest

from jixi.compute.drivers import ProcessDriver
from jixi.models.engines import engine_registry
from jixi.models.environments import Environments


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--model", help="the folder of a small chat model")
    parser.addoption("--python", action="append", default=[], help="ENGINE=INTERPRETER that has the engine")
    parser.addoption("--only", help="one of the engines alone")


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> Path:
    folder = request.config.getoption("--model", default=None)
    if folder is None:
        pytest.skip("an accelerator and --model are needed")
    return Path(folder)


@pytest.fixture(scope="session", params=["vllm", "sglang"])
def engine(
    request: pytest.FixtureRequest, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The name of an engine and the interpreter that has it."""
    if request.config.getoption("--only", default=None) not in (None, request.param):
        pytest.skip("another engine was asked for")
    given = dict(each.partition("=")[::2] for each in request.config.getoption("--python", default=[]))
    if request.param in given:
        return request.param, Path(given[request.param])
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    folder = tmp_path_factory.mktemp("environments")
    environments = Environments(folder, engine_registry(), ProcessDriver(), pip)
    asyncio.run(environments.install(request.param))
    python = environments.python(engine_registry().get(request.param))
    assert python is not None
    return request.param, python
