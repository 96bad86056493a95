"""`jixi serve`: what a newcomer sees, and each thing that can keep it from starting."""

import json
import platform
import resource
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import psutil
import pytest

from jixi.server.app import Running
from tests.behaviour.commands import STUB, environment, jixi, serving
from tests.behaviour.people import PASSWORD, token_of

WITHIN_S = 60
# What a service manager does: the socket as descriptor 3, and whose it is in the environment.
MANAGER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[2], sys.argv[2:])
"""


HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def _has_huge_pages() -> bool:
    release = tuple(int(part) for part in platform.release().split(".")[:2] if part.isdecimal())
    return HUGE_PAGES.exists() and "[never]" not in HUGE_PAGES.read_text() and release >= (6, 1)


def _nothing(_home: Path) -> None:
    """Nothing has to be prepared."""


def _settings(text: str) -> Callable[[Path], None]:
    def prepare(home: Path) -> None:
        (home / "jixi.toml").write_text(text)

    return prepare


def _file_in_the_way(home: Path) -> None:
    (home / "data").write_text("not a folder")


def _newer_schema(home: Path) -> None:
    (home / "data").mkdir()
    with sqlite3.connect(home / "data/jixi.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()


def _no_database(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data/jixi.db").write_bytes(b"this is no database, whatever its name says" * 100)


def test_the_server_takes_as_many_connections_as_the_system_allows(tmp_path: Path) -> None:
    (tmp_path / "jixi.toml").write_text(STUB)
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, most))
    try:
        with serving(tmp_path, "--data-dir", "data") as server:
            assert psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))


def test_the_starter_that_came_with_it_serves_a_newcomer_without_any_network(tmp_path: Path) -> None:
    arguments = ("--starter", "smollm2", "--port", "0", "--data-dir", "data")
    with serving(tmp_path, *arguments) as server:
        for expected in (server.url, str(tmp_path / "data"), "curl ", "from openai import OpenAI"):
            assert expected in server.block
        assert server.setup_link is not None
        body = {
            "token": token_of(server.setup_link),
            "organisation": "Works",
            "name": "Lin",
            "email": "lin@example.com",
            "password": PASSWORD,
        }
        assert httpx2.post(f"{server.url}/api/setup", json=body).status_code == 201
        assert httpx2.post(f"{server.url}/api/setup", json=body).json()["code"] == "link_invalid"
        assert len(psutil.Process(server.process.pid).children(recursive=True)) >= 2
    assert server.process.returncode in (0, 130)
    with serving(tmp_path, *arguments) as again:
        assert again.setup_link is None
        signed_in = httpx2.post(
            f"{again.url}/api/session", json={"email": "lin@example.com", "password": PASSWORD}
        )
        assert signed_in.status_code == 201


def test_without_any_source_the_server_starts_with_what_it_has_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "jixi.toml").write_text("port = 0\noffline = true\n")
    with (
        serving(tmp_path, "--data-dir", "data") as server,
        httpx2.Client(base_url=server.url, timeout=30) as client,
    ):
        body = {
            "token": token_of(server.setup_link or ""),
            "organisation": "Works",
            "name": "Lin",
            "email": "lin@example.com",
            "password": PASSWORD,
        }
        client.post("/api/setup", json=body)
        # First the starter is told of, then what would have stood in for it.
        end, notices = time.monotonic() + WITHIN_S, ""
        while "smollm2" not in notices:
            assert time.monotonic() < end, notices
            notices = json.dumps(client.get("/api/about").json()["notices"]).lower()


@pytest.mark.parametrize(
    ("prepare", "code", "said"),
    [
        (_settings("port = = 1"), "settings_unreadable", "jixi.toml"),
        (_settings('prot = 8210\nstarter = "none"'), "settings_invalid", "prot"),
        (_settings('port = "many"'), "settings_invalid", "port"),
        (_settings('host = "0.0.0.0"'), "public_address_refused", "0.0.0.0"),
        (_file_in_the_way, "data_dir_unusable", "not a folder"),
        (_newer_schema, "database_unusable", "newer"),
        (_no_database, "database_unusable", "database"),
    ],
)
def test_what_keeps_it_from_starting_is_said_once_with_its_code(
    tmp_path: Path, prepare: Callable[[Path], None], code: str, said: str
) -> None:
    prepare(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = jixi("serve", "--data-dir", "data", home=tmp_path)
    assert done.returncode == 2, done.stderr
    assert f"({code})" in done.stderr
    assert said in done.stderr
    assert done.stderr.count("Error ") == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    made = {path.name for path in tmp_path.rglob("*") if path not in before}
    assert "jixi.db" not in made


def test_an_address_in_use_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = jixi("serve", "--port", port, "--starter", "none", "--data-dir", "data", home=tmp_path)
    assert done.returncode == 2
    assert "(address_in_use)" in done.stderr
    assert port in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_data_folder_belongs_to_one_server_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "jixi.toml").write_text(STUB)
    with serving(tmp_path, "--data-dir", "data") as server:
        second = jixi("serve", "--data-dir", "data", home=tmp_path)
        assert second.returncode == 2
        assert "(data_dir_in_use)" in second.stderr
        assert str(server.process.pid) in second.stderr
        assert httpx2.get(f"{server.url}/api/health").status_code == 200


def test_a_socket_that_the_service_manager_holds_stays_open_from_one_server_to_the_next(
    tmp_path: Path,
) -> None:
    (tmp_path / "jixi.toml").write_text('starter = "none"\n')
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = "http://{}:{}".format(*held.getsockname())
        words = [
            "-c",
            MANAGER,
            str(held.fileno()),
            sys.executable,
            "-m",
            "jixi",
            "serve",
            "--data-dir",
            "data",
        ]
        for _ in range(2):
            with (
                subprocess.Popen(
                    [sys.executable, *words],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=tmp_path,
                    env=environment(tmp_path),
                    pass_fds=(held.fileno(),),
                ) as server,
                httpx2.Client(base_url=address, timeout=60) as client,
            ):
                # It was called before it was there, and waits in the socket that is there already.
                assert client.get("/api/ready").status_code == 200
                server.terminate()
                assert server.wait(30) == 0


def test_head_and_body_of_an_answer_travel_together(live: Running) -> None:
    _, _, address = live.url.rpartition("/")
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        for _ in range(50):
            line.sendall(f"GET /api/health HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
            head, _, body = line.recv(65_536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert json.loads(body)


@pytest.mark.skipif(not _has_huge_pages(), reason="the kernel has no huge pages that one may ask for")
def test_what_a_server_keeps_lies_in_huge_pages_and_takes_hardly_more_memory(tmp_path: Path) -> None:
    (tmp_path / "jixi.toml").write_text(STUB)
    with serving(tmp_path, "--data-dir", "data") as server:
        lines = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text().splitlines()[1:]
        kib = {name: int(value) for name, value in (line.removesuffix(" kB").split(":") for line in lines)}
        assert kib["AnonHugePages"] > 0.2 * kib["Rss"]
        assert kib["Rss"] < 400 * 1024
