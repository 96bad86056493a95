"""F25: a disk that is full before a download, or fills up amid one: the reason is told, nothing half done has a name.

The disk is a real one, of memory, that only the program sees.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.behaviour.commands import environment, jixi
from tests.faults.hubs import hub_in_thread, pointing_at
from tests.unit.formats.files import safetensors
from tests.unit.sources.hub import ScriptedHub

MODEL, VARIANT = "qwen3-8b", "bf16"
MIB = 1024 * 1024
_DISK = 96 * MIB
_MOUNT = f'mount -t tmpfs -o size={_DISK},mode=0700 tmpfs data && exec "$0" "$@"'
_PULL = ("models", "pull", MODEL, "--variant", VARIANT, "--data-dir", "data")


def _can_mount() -> bool:
    try:
        tried = ("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
        return subprocess.run(tried, check=False, capture_output=True, timeout=10).returncode == 0
    except OSError:
        return False


pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or not _can_mount(), reason="this machine lets nobody mount"),
    pytest.mark.timeout(300),
]


def pull(home: Path, hub: ScriptedHub, language: str) -> "subprocess.Popen[str]":
    """`jixi models pull` on a small disk of its own."""
    (home / "data").mkdir(exist_ok=True)
    return subprocess.Popen(
        ["unshare", "-rm", "sh", "-c", _MOUNT, sys.executable, "-m", "jixi", *_PULL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment(home, **pointing_at(hub)) | {"LANG": language},
    )


def repository(size: int) -> dict[str, bytes]:
    weights = safetensors(bytes(size - 1024))
    return {"model-00001-of-00001.safetensors": weights, "config.json": b"{}", "tokenizer.json": b"{}"}


@pytest.mark.parametrize(
    ("language", "words"), [("C.UTF-8", ("disk", "MB")), ("zh_CN.UTF-8", ("磁盘", "MB"))], ids=["en", "zh"]
)
def test_a_model_that_does_not_fit_is_refused_before_a_byte_comes(
    tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    with hub_in_thread() as hub:
        hub.files = repository(_DISK)
        process = pull(tmp_path, hub, language)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 2, said
        assert "disk_full" in said
        assert all(word in said for word in words), said
        assert hub.bytes_sent < MIB


def test_a_disk_that_fills_up_amid_a_download_ends_it_with_the_reason(
    tmp_path: Path, report: Callable[[str], None]
) -> None:
    filled: list[int] = []
    with hub_in_thread() as hub:
        hub.files = repository(24 * MIB)
        process = pull(tmp_path, hub, "C.UTF-8")
        disk = Path(f"/proc/{process.pid}/root{tmp_path}/data")

        def fill(sent: int) -> None:
            """In the hub's thread, amid an answer: somebody else takes all that is free."""
            if sent < 2 * MIB or filled:
                return
            with (disk / "filler").open("wb", buffering=0) as filler:
                filled.append(sent)
                try:
                    while True:
                        filler.write(bytes(64 * 1024))
                except OSError:
                    return

        hub.on_sent = fill
        _, said = process.communicate(timeout=120)
        hub.on_sent = None
        assert filled, said
        assert process.returncode == 2, said
        assert "disk_full" in said
        report(f"full after {filled[0] / MIB:.1f} of 24 MiB; {said.strip().splitlines()[-1][:160]}")
        (tmp_path / "data").rmdir()
        assert jixi(*_PULL, home=tmp_path, env=pointing_at(hub)).returncode == 0
