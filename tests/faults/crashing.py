"""`jixi serve` that dies at the k-th boundary of its database, once a file says which.

A boundary lies before and after each statement and each commit, and before what is said to SQLite's driver itself, as
the ledger does. The file `crash-at` in the working folder arms it.
"""

import itertools
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from jixi.cli import main

ARMED = Path("crash-at")
DIED = Path("died-at")
"""The statements at which it died, a line each."""


def arm() -> None:
    """Count boundaries from the moment the file appears."""
    passed = itertools.count(1)
    commit = DefaultDialect.do_commit

    def boundary(*about: Any) -> None:
        if ARMED.exists() and next(passed) == int(ARMED.read_text()):
            statement = next((" ".join(each.split()) for each in about if isinstance(each, str)), "")
            with DIED.open("a") as died:
                died.write(f"{statement}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    def guarded(self: DefaultDialect, connection: Any) -> None:
        boundary()
        commit(self, connection)
        boundary()

    def traced(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(boundary)

    DefaultDialect.do_commit = guarded
    event.listen(Engine, "connect", traced)
    event.listen(Engine, "before_cursor_execute", boundary)
    event.listen(Engine, "after_cursor_execute", boundary)


if __name__ == "__main__":
    arm()
    main()
