"""Logs are one JSON object a line on stderr, at the level that was asked for."""

import json
from collections.abc import Iterator

import pytest
import structlog

from jixi.telemetry import configure_logs


@pytest.fixture(autouse=True)
def _default_logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_log_line_is_one_json_object_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(json=True)
    structlog.get_logger().info("engine_started", model="qwen", 名称="缉熙")
    written = capsys.readouterr()
    assert written.out == ""
    line = json.loads(written.err)
    assert line | {"timestamp": ""} == {
        "event": "engine_started",
        "level": "info",
        "model": "qwen",
        "名称": "缉熙",
        "timestamp": "",
    }
    assert line["timestamp"].endswith("Z")


def test_an_exception_becomes_part_of_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(json=True)
    try:
        int("broken")
    except ValueError:
        structlog.get_logger().exception("engine_failed")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["exception"][0]["exc_type"] == "ValueError"


def test_nothing_below_the_asked_level_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(json=False, level="warning")
    structlog.get_logger().info("engine_started")
    structlog.get_logger().warning("engine_slow")
    written = capsys.readouterr().err
    assert "engine_slow" in written
    assert "engine_started" not in written


def _fail(password: str) -> None:
    raise ValueError(len(password))


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_never_shows_the_values_of_variables(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(json=as_json)
    secret = str(7919 * 104729)
    try:
        _fail(secret)
    except ValueError:
        structlog.get_logger().exception("request_failed")
    logged = capsys.readouterr().err
    assert "ValueError" in logged
    assert "_fail" in logged
    assert secret not in logged
