"""A model from a hub on loopback: Jixi's store beside the hub's own client library, and what a kill costs.

Both sides bring the same repository into an empty folder, which lies in memory, so that neither waits for a disk. Jixi
compares each file with its SHA-256 before it counts as here; the library does not.
"""

import contextlib
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from _harness import ROOT, Figures, asked, process, python_peer, say

MIB = 2**20
MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of a random name is made in it)
LIBRARY = """
import sys, time
from huggingface_hub import snapshot_download
began = time.perf_counter()
snapshot_download("org/bench", endpoint=sys.argv[1], cache_dir=sys.argv[2])
print(time.perf_counter() - began, flush=True)
"""


def write_model(home: Path, mib: int) -> None:
    """One repository: two files of weights, of random bytes."""
    home.mkdir()
    for number, share in ((1, 0.75), (2, 0.25)):
        size = int(mib * share) * MIB
        table = {"weights": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
        header = json.dumps(table).encode()
        with (home / f"model-{number}-of-2.safetensors").open("wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            for _ in range(size // MIB):
                file.write(os.urandom(MIB))


@contextlib.contextmanager
def hub(home: Path, *buffer: str) -> Iterator[str]:
    with process(
        [sys.executable, ROOT / "bench/_hub.py", home / "model", *buffer], home / "hub.log"
    ) as child:
        assert child.stdout is not None
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"


def seconds(argv: list[str], into: Path) -> float:
    """How long one side took for a download into an empty folder."""
    shutil.rmtree(into, ignore_errors=True)
    quiet = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [*argv, str(into)], capture_output=True, text=True, env=quiet, cwd=ROOT, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    os.sync()
    return float(done.stdout.splitlines()[-1])


@contextlib.contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder in memory where there is one: what is compared is not this machine's disk."""
    with tempfile.TemporaryDirectory(prefix="jixi-bench-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


def sent(address: str) -> int:
    with urllib.request.urlopen(f"{address}/sent", timeout=10) as answer:
        return int(answer.read())


def fetched_again(ours: list[str], address: str, into: Path, total: int) -> float:
    """How much of the model came twice after one kill amid it, in per cent."""
    shutil.rmtree(into, ignore_errors=True)
    before, kill_at = sent(address), total * statistics.NormalDist(0.5, 0.1).samples(1)[0]
    child = subprocess.Popen([*ours, str(into)], stdout=subprocess.DEVNULL, cwd=ROOT)
    while sent(address) - before < kill_at and child.poll() is None:
        # Asking without a pause would take the hub from the download that is to be measured.
        time.sleep(0.002)
    child.kill()
    if child.wait() == 0:
        raise RuntimeError("the download had ended before the kill")
    subprocess.run([*ours, str(into)], stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    return (sent(address) - before - total) / total * 100


def main() -> None:
    short = asked(__doc__).quick
    mib, rounds, kills = (512, 3, 3) if short else (1024, 7, 10)
    python = python_peer("huggingface_hub", "huggingface_hub==2.4.0") / "python"
    figures = Figures()
    with memory_folder() as home:
        write_model(home / "model", mib)
        with hub(home) as address:
            ours = [sys.executable, str(ROOT / "bench/_pull.py"), address]
            library = [str(python), "-c", LIBRARY, address]
            took: list[tuple[float, float]] = []
            for _ in range(rounds):
                took.append((seconds(ours, home / "ours"), seconds(library, home / "library")))
                say(f"  jixi {mib / took[-1][0]:7.0f} MiB/s   huggingface_hub {mib / took[-1][1]:7.0f} MiB/s")
            shutil.rmtree(home / "library")
        # Else megabytes would count as sent that wait in the kernel and that no client has seen.
        with hub(home, str(MIB // 4)) as address:
            ours = [sys.executable, str(ROOT / "bench/_pull.py"), address]
            again = [fetched_again(ours, address, home / "ours", mib * MIB) for _ in range(kills)]
            say(f"  fetched again after a kill: {', '.join(f'{each:.2f} %' for each in again)}")
        figures.add("downloads_vs_huggingface_hub", statistics.median(b / a for a, b in took), ">=", 1)
        figures.add("downloads_again_after_kill_percent", statistics.median(again), "<=", 5)
    figures.print()


if __name__ == "__main__":
    main()
