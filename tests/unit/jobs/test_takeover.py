"""F38: workers that are killed, or stopped for longer than their lease and then wake, as processes of their own."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from jixi.core.clock import SystemClock
from jixi.jobs import Job, Jobs, NewJob
from jixi.storage import Database
from tests.unit.jobs.handlers import ended, submit
from tests.unit.jobs.program import LEASE_S, STEPS

ROOT = Path(__file__).parent.parent.parent.parent
WITHIN_S = 60
STOPS = 3


class Program:
    """A process with a worker, and the lines that it says."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_for(self, wanted: Callable[[str], bool], within_s: float = WITHIN_S) -> None:
        """Return once it has said a line that is `wanted`; raises queue.Empty."""
        while True:
            line = self._lines.get(timeout=within_s)
            self.said.append(line)
            if wanted(line):
                return

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())


@contextmanager
def program(url: str) -> Iterator[Program]:
    if url.startswith("postgresql"):
        # A process that is stopped amid a transaction holds its locks for as long as the server lets it.
        url += ("&" if "?" in url else "?") + "options=-c%20idle_in_transaction_session_timeout%3D500"
    command = [sys.executable, "-m", "tests.unit.jobs.program", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield Program(process)
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def is_step(line: str) -> bool:
    return line.startswith("step")


def stop_until_taken_over(owner: Program, other: Program) -> None:
    """Stop `owner` for long enough. Where that hits it amid a write to SQLite, all others wait for it: stop it anew."""
    for _ in range(10):
        owner.process.send_signal(signal.SIGSTOP)
        try:
            return other.wait_for(is_step, 8 * LEASE_S)
        except queue.Empty:
            owner.process.send_signal(signal.SIGCONT)
            owner.wait_for(is_step)
    raise AssertionError("the job was never taken over")


@pytest.fixture
async def new(database: Database) -> NewJob:
    """A job to be done, and a table for what is done."""
    async with database.session() as session:
        number = "BIGSERIAL" if database.is_postgres else "INTEGER"
        await session.execute(
            text(
                f"CREATE TABLE effects (number {number} PRIMARY KEY, job_id TEXT, token INTEGER, step INTEGER)"
            )
        )
    return await submit(Jobs(database, SystemClock()))


async def effects(database: Database) -> list[tuple[int, int]]:
    """(token, step) of everything that was written, in the order of its writing."""
    async with database.session() as session:
        rows = await session.execute(text("SELECT token, step FROM effects ORDER BY number"))
        return [(token, step) for token, step in rows]


async def check(database: Database, new: NewJob, *, takeovers: int) -> Job:
    """Each step was done once, in order, and no token ever wrote after a later one."""
    job = await ended(Jobs(database, SystemClock()), new)
    written = await effects(database)
    assert [step for _, step in written] == list(range(1, STEPS + 1))
    tokens = [token for token, _ in written]
    assert tokens == sorted(tokens)
    assert len(set(tokens)) == takeovers + 1
    assert (job.state, job.done, job.token) == ("succeeded", STEPS, takeovers + 1)
    return job


async def test_a_worker_that_wakes_after_its_lease_writes_nothing(
    database: Database, database_url: str, new: NewJob
) -> None:
    with program(database_url) as one:
        one.wait_for(is_step)
        with program(database_url) as two:
            owner, other = one, two
            for _ in range(STOPS):
                stop_until_taken_over(owner, other)
                owner.process.send_signal(signal.SIGCONT)
                owner.wait_for(lambda line: line == "refused")
                owner, other = other, owner
            await check(database, new, takeovers=STOPS)


async def test_a_job_whose_worker_is_killed_goes_on_where_it_was(
    database: Database, database_url: str, new: NewJob
) -> None:
    for _ in range(2):
        with program(database_url) as one:
            one.wait_for(is_step)
            one.process.kill()
    with program(database_url):
        await check(database, new, takeovers=2)
