"""How little a command brings in before it answers: nobody should wait seconds for a table."""

from pathlib import Path
from typing import Final

import pytest

from tests.behaviour.commands import jixi

_HEAVY: Final = frozenset(
    {
        "aiohttp",
        "alembic",
        "dbos",
        "fastapi",
        "jixi.assembly.house",
        "jixi.server.app",
        "opentelemetry",
        "sqlalchemy",
        "starlette",
        "uvicorn",
    }
)
_COMMANDS: Final = (
    ("--help",),
    ("models", "list"),
    ("plan", "serve", "qwen3-8b", "--chip", "H100", "--users", "500"),
)


@pytest.mark.parametrize("command", _COMMANDS, ids=" ".join)
def test_a_command_that_asks_no_server_brings_in_neither_one_nor_a_database(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    done = jixi(*command, home=tmp_path, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    brought = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "typer" in brought
    assert sorted(brought & _HEAVY) == []
