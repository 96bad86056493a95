"""No base URL that anybody can write reaches inside the machine or the network: a canary listens and hears nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from jixi.core.errors import JixiError
from jixi.models.engines import EngineConnectionError
from jixi.models.providers import Draft
from jixi.models.sources.outside import Egress, EgressError
from tests.unit.providers.conftest import Open
from tests.vendors.server import Vendors
from tests.vendors.shapes import CREDENTIAL

PATH = "/v1/chat/completions"
BODY = b'{"model":"deep-chat","messages":[{"role":"user","content":"hello"}]}'


@dataclass
class Canary:
    """A listener on every address of this machine that nobody may reach; `heard` counts connections."""

    port: int = 0
    heard: int = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard += 1
        writer.close()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    bird = Canary()
    server = await asyncio.start_server(bird.accept, "0.0.0.0", 0)
    bird.port = server.sockets[0].getsockname()[1]
    yield bird
    server.close()
    await server.wait_closed()


HOSTS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "127.0.0.1.",
    "127.000.000.001",
    "0",
    "0.0.0.0",
    "0x0",
    "00000000000",
    "127.255.255.254",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost..",
    "localhost.localdomain",
    "ip6-localhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[::127.0.0.1]",
    "[::1%25lo]",
    "[::1%lo]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001::1]",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127。0。0。1",
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "ⓛocalhost",
    "loc\u00adalhost",
    "localhost\u3002",
    "user@127.0.0.1",
    "api.openai.com@127.0.0.1",
    "api.openai.com:443@127.0.0.1",
    "127.0.0.1#api.openai.com",
    "127.0.0.1?.openai.com",
    "127.0.0.1\\@api.openai.com",
    "api.openai.com\\@127.0.0.1",
    "127.0.0.1\t",
    "127.0.0.1\r\nHost: api.openai.com",
    " 127.0.0.1",
    "",
    "[]",
    "[::",
    "..",
]


def forms(port: int) -> list[str]:
    """Each host with and without the canary's port, plain and encrypted, and schemes that are none of ours."""
    found = [
        f"{scheme}://{host}{at}/v1"
        for host in HOSTS
        for scheme in ("http", "https")
        for at in ("", f":{port}")
    ]
    odd = [
        f"{scheme}127.0.0.1:{port}/v1"
        for scheme in (
            "ftp://",
            "file://",
            "gopher://",
            "unix://",
            "//",
            "http:",
            "https:/",
            "http:\\\\",
            "HTTP:",
            "data:",
        )
    ]
    return [
        *found,
        *odd,
        "",
        "http://",
        "not a url",
        "javascript:alert(1)",
        f"http://127.0.0.1:{port}:80/",
        "http://x:99999/",
    ]


async def test_no_way_to_write_an_address_reaches_inside(canary: Canary) -> None:
    egress, refused = Egress(), 0
    for url in forms(canary.port):
        with pytest.raises((JixiError, EgressError)) as caught:
            await egress.send(url, b"{}", {"Authorization": f"Bearer {CREDENTIAL}"})
        assert CREDENTIAL not in str(caught.value)
        refused += 1
    await egress.close()
    assert refused > 300
    assert canary.heard == 0


async def test_fetches_do_not_either(canary: Canary) -> None:
    egress = Egress()
    for host in HOSTS:
        url = f"http://{host}:{canary.port}/v1"
        with pytest.raises((JixiError, OSError, ValueError)):
            async with egress.get(url):
                pass
    await egress.close()
    assert canary.heard == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_provider_with_such_an_address_is_kept(
    open_providers: Open, draft: Draft, canary: Canary
) -> None:
    providers = open_providers(allowed=frozenset())
    kept: list[str] = []
    for url in forms(canary.port):
        try:
            made = await providers.add(replace(draft, base_url=url or "/", vendor="compatible"))
        except JixiError:
            continue
        # Names are judged when they are resolved, not when they are written.
        kept.append(url)
        assert not (await providers.check(made.id)).ok
        await providers.remove(made.id)
    assert [url for url in kept if "local" not in url.lower()] == []
    assert canary.heard == 0


class Resolver:
    """Answers of a name server in the hands of an attacker, one after the other."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = answers
        self.asked = 0

    async def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        found = self._answers[self.asked % len(self._answers)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


async def test_a_name_that_changes_its_address_never_leads_inside(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = Resolver(["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["10.0.0.1"], [])
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolver)
    egress = Egress()
    egress.check("https://rebind.example.com/v1", with_credential=True)
    for _ in range(1000):
        with pytest.raises((JixiError, EgressError)):
            await egress.send(f"https://rebind.example.com:{canary.port}/v1", b"{}", {})
    await egress.close()
    assert resolver.asked == 1000
    assert canary.heard == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_name_that_turns_inside_after_it_was_added_is_not_followed(
    open_providers: Open, draft: Draft, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    providers = open_providers(allowed=frozenset())
    made = await providers.add(replace(draft, base_url=f"https://rebind.example.com:{canary.port}"))
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", Resolver(["127.0.0.1"]))
    (replica,) = providers.replicas("deep-chat")
    with pytest.raises(EngineConnectionError):
        await replica.client.send(PATH, BODY)
    assert not (await providers.check(made.id)).ok
    assert canary.heard == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_credential_follows_a_redirect(vendors: Vendors, canary: Canary, status: int) -> None:
    vendors.redirect = (status, f"http://127.0.0.1:{canary.port}/v1/chat/completions")
    egress = Egress(frozenset({"127.0.0.1"}))
    try:
        with pytest.raises(EgressError, match="redirect"):
            await egress.send(vendors.base_url("openai") + "/chat/completions", b"{}", {"Authorization": "x"})
    finally:
        vendors.redirect = None
        await egress.close()
    assert canary.heard == 0


async def test_a_host_that_the_operator_named_is_reached_over_plain_http(vendors: Vendors) -> None:
    egress = Egress(frozenset({"127.0.0.1"}))
    headers = {"Authorization": f"Bearer {CREDENTIAL}"}
    answer = await egress.send(vendors.base_url("openai") + "/models", None, headers)
    assert answer.status == 200
    assert b"openai-large" in await answer.read()
    await egress.close()


async def test_an_answer_has_an_end(vendors: Vendors) -> None:
    egress = Egress(frozenset({"127.0.0.1"}))
    headers = {"Authorization": f"Bearer {CREDENTIAL}"}
    answer = await egress.send(vendors.base_url("openai") + "/models", None, headers, most_bytes=10)
    with pytest.raises(EgressError, match="too large"):
        await answer.read()
    await egress.close()


async def test_connections_are_kept_and_a_stale_one_is_replaced_once(vendors: Vendors) -> None:
    egress = Egress(frozenset({"127.0.0.1"}))
    headers = {"Authorization": f"Bearer {CREDENTIAL}"}
    url = vendors.base_url("openai") + "/models"
    before = len(vendors.peers)
    for _ in range(5):
        await (await egress.send(url, None, headers)).read()
    assert len(vendors.peers) == before + 1
    vendors.hang_up()
    await (await egress.send(url, None, headers)).read()
    assert len(vendors.peers) == before + 2
    await egress.close()
