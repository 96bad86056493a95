"""No engine outlives the process that started it, however that one ends."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

_WAIT_S = 60
_PARENT = """
import asyncio, sys
from pathlib import Path
from jixi.compute.drivers import ProcessDriver
from jixi.models.engines import Launch, engine_registry

async def main():
    launch = Launch(model="m", socket=Path(sys.argv[1]), options={"ready_after_s": 0})
    command = engine_registry().get("stub").command(launch)
    process = await ProcessDriver().start("stub", command)
    while not launch.socket.exists():
        await asyncio.sleep(0.01)
    print(process.pid, flush=True)
    await process.wait()

asyncio.run(main())
"""


@pytest.fixture
def parent(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path / "s.sock")], stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_an_engine_dies_with_a_parent_that_was_killed(parent: subprocess.Popen[str], stopped: bool) -> None:
    assert parent.stdout is not None
    child = psutil.Process(json.loads(parent.stdout.readline()))
    if stopped:
        child.send_signal(signal.SIGSTOP)
    parent.kill()
    parent.wait(_WAIT_S)
    gone, alive = psutil.wait_procs([child], timeout=_WAIT_S)
    assert gone or all(process.status() == psutil.STATUS_ZOMBIE for process in alive)
