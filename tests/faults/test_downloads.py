"""F22: downloads whose program is killed, whose bytes are changed or cut: no corrupt model is ever here."""

import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from jixi.client import Client
from jixi.core.errors import JixiError
from tests.behaviour.commands import environment, jixi, serving
from tests.faults.batch_kills import SETTINGS, administrators_key, connected
from tests.faults.hubs import hub_in_thread, pointing_at
from tests.unit.formats.files import safetensors
from tests.unit.sources.conftest import MakeStore, hub, make_store
from tests.unit.sources.entries import HUGGINGFACE, entry_of, published
from tests.unit.sources.hub import CONTENT, NAME, ScriptedHub, digest_of

__all__ = ["hub", "make_store"]

MODEL, VARIANT = "qwen3-8b", "bf16"
MIB = 1024 * 1024
# Of four ranges that are cut: what is not a block yet, and what the kernel has taken and nobody read.
LOST_BY_A_KILL = 4 * 4 * MIB


def repository(seed: int) -> dict[str, bytes]:
    """A model of two large files and some small ones, other bytes with each seed."""
    dice = random.Random(seed)
    return {
        "model-00001-of-00002.safetensors": safetensors(dice.randbytes(40 * MIB)),
        "model-00002-of-00002.safetensors": safetensors(dice.randbytes(6 * MIB)),
        "config.json": b'{"seed": %d}' % seed,
        "tokenizer.json": b"{}",
    }


def pull(hub: ScriptedHub, home: Path, kill_at: int | None) -> bool:
    """Run `jixi models pull`, kill it once the hub has sent so many bytes; whether it ended well."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jixi", "models", "pull", MODEL, "--variant", VARIANT, "--data-dir", "data"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
        env=environment(home, **pointing_at(hub)),
    )

    def kill(sent: int) -> None:
        """In the hub's thread, amid an answer: the program dies while it reads."""
        if kill_at is not None and sent >= kill_at:
            process.kill()

    hub.on_sent = kill
    code = process.wait(120)
    hub.on_sent = None
    assert code in (0, -signal.SIGKILL)
    return code == 0


def check(hub: ScriptedHub, home: Path, *, ended: bool) -> None:
    """Whatever has a name is what the hub has; a model is here only when it is whole."""
    folder = home / "data/models" / MODEL / VARIANT
    for name, data in hub.files.items():
        if (folder / name).exists():
            assert (folder / name).read_bytes() == data, name
    for blob in (home / "data/models/.blobs").glob("*/*"):
        assert digest_of(blob.read_bytes()) == blob.name
    if ended:
        assert {path.name for path in folder.iterdir()} == {*hub.files, ".manifest"}
    else:
        assert not (folder / ".manifest").exists() or all((folder / name).exists() for name in hub.files)


@pytest.mark.timeout(7200)
def test_kills_amid_downloads_leave_no_corrupt_model(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    kills, most = 0, sized(3, 200)
    dice, needed, sent, whole = random.Random(22), 0, 0, 0
    with hub_in_thread() as hub:
        while kills < most:
            hub.files, hub.bytes_sent = repository(whole), 0
            total, killed = sum(map(len, hub.files.values())), 0
            while not pull(
                hub, tmp_path, hub.bytes_sent + dice.randrange(1, total // 4) if kills < most else None
            ):
                kills, killed = kills + 1, killed + 1
                check(hub, tmp_path, ended=False)
            check(hub, tmp_path, ended=True)
            assert hub.bytes_sent <= total + killed * LOST_BY_A_KILL
            needed, sent, whole = needed + total, sent + hub.bytes_sent, whole + 1
            words = ("models", "remove", MODEL, "--variant", VARIANT, "--data-dir", "data")
            assert jixi(*words, home=tmp_path).returncode == 0
    again = (sent - needed) / needed * 100 / max(kills / whole, 1)
    report(f"{kills} kills in {whole} downloads, {again:.1f} % of a model fetched again for each kill")


async def test_bytes_that_were_changed_or_cut_never_get_a_name(
    make_store: MakeStore,
    hub: ScriptedHub,
    tmp_path: Path,
    sized: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    dice, count = random.Random(50), sized(5, 50)
    entry = entry_of(HUGGINGFACE)
    for number in range(count):
        at = dice.randrange(len(CONTENT))
        flipped = CONTENT[:at] + bytes([CONTENT[at] ^ (1 << dice.randrange(8))]) + CONTENT[at + 1 :]
        for wrong in (flipped, CONTENT[: at or 1]):
            hub.files[NAME], hub.tag = wrong, f'"{number}-{len(wrong)}"'
            with pytest.raises(JixiError) as raised:
                await make_store().fetch(entry)
            assert raised.value.code in ("digest_mismatch", "model_unreachable")
            assert published(tmp_path / "models") == []
    hub.files[NAME], hub.tag = CONTENT, '"right"'
    assert (await make_store().fetch(entry))["model"].read_bytes() == CONTENT
    report(f"{count} flips and {count} cuts, none of them published")


async def test_rot_is_found_wherever_it_is(
    make_store: MakeStore, hub: ScriptedHub, sized: Callable[[int, int], int]
) -> None:
    store, entry, dice = make_store(), entry_of(HUGGINGFACE), random.Random(23)
    for _ in range(sized(5, 100)):
        path = (await store.fetch(entry))["model"]
        at = dice.randrange(len(CONTENT))
        with path.open("r+b") as file:
            file.seek(at)
            file.write(bytes([CONTENT[at] ^ 0xFF]))
        assert await store.verify(entry) == [NAME]
        assert store.files(entry) is None


@pytest.mark.timeout(1800)
def test_a_download_of_a_killed_server_goes_on_with_the_next(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """Its job is taken over, and nothing but what was on its way comes twice."""
    (tmp_path / "jixi.toml").write_text(SETTINGS)
    kills, key, job = sized(1, 10), "", ""
    with hub_in_thread() as hub:
        hub.files = repository(99)
        total = sum(map(len, hub.files.values()))
        for kill in range(1, kills + 1):
            reached = threading.Event()
            at = total * kill // (kills + 1)
            hub.on_sent = lambda sent, at=at, reached=reached: reached.set() if sent >= at else None
            with serving(tmp_path, "--data-dir", "data", **pointing_at(hub)) as server:
                if not job:
                    key = administrators_key(server)
                    with Client(server.url, key) as client:
                        job = client.download_model(MODEL, VARIANT).id
                assert reached.wait(60)
                server.process.kill()
                server.process.wait(30)
        hub.on_sent = None
        last = serving(tmp_path, "--data-dir", "data", **pointing_at(hub))
        with last as server, connected(server, key) as listener, Client(server.url, key) as client:
            assert last_event(listener, job)["state"] == "succeeded"
            assert client.job(job).done == total
        check(hub, tmp_path, ended=True)
        assert hub.bytes_sent <= total + kills * LOST_BY_A_KILL
    report(
        f"{kills} servers killed, {(hub.bytes_sent - total) / total / kills * 100:.1f} % fetched again for each"
    )


def last_event(client: httpx2.Client, job: str) -> dict[str, Any]:
    with client.stream("GET", f"/api/jobs/{job}/events") as events:
        told = [line.removeprefix("data: ") for line in events.iter_lines() if line.startswith("data: ")]
    return json.loads(told[-1])
