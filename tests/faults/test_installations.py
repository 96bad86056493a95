"""F22: a server that is killed amid the installation of an engine leaves no half environment, and the next goes on."""

from pathlib import Path

from jixi.client import Client
from jixi.models.engines import VllmEngine
from tests.behaviour.commands import jixi, serving
from tests.faults.batch_kills import SETTINGS, administrators_key
from tests.gates import gate_at
from tests.wheels import index_of, write_wheel

VERSION = VllmEngine.profile.requirements[0].partition("==")[2]


def test_an_installation_of_a_killed_server_goes_on_with_the_next(tmp_path: Path) -> None:
    index, tries, data = tmp_path / "index", tmp_path / "tries", ("--data-dir", "data")
    index.mkdir()
    (tmp_path / "jixi.toml").write_text(SETTINGS)
    with gate_at(tmp_path / "gate") as gate:
        noted = f"with open({str(tries)!r}, 'a') as file:\n    file.write('tried\\n')\n"
        write_wheel(index, "vllm", VERSION, {"vllm/__init__.py": noted + gate.waits})
        with serving(tmp_path, *data, **index_of(index)) as server:
            key = administrators_key(server)
            with Client(server.url, key) as client:
                job = client.install_engine("vllm")
            gate.reached()
            server.process.kill()
            server.process.wait(30)
        assert list((tmp_path / "data/environments").glob("*/jixi.json")) == []
        with serving(tmp_path, *data, **index_of(index)) as server, Client(server.url, key) as client:
            gate.reached()
            assert client.install_engine("vllm").id == job.id
            gate.open()
            # Another process waits for the server, and makes no environment of its own.
            assert jixi("engines", "install", "vllm", *data, home=tmp_path).returncode == 0
            *_, last = client.follow_job(job.id)
            assert (last.state, last.facts) == ("succeeded", {"version": VERSION})
    assert tries.read_text().split() == ["tried", "tried"]
