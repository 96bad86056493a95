"""The one client for addresses outside this machine: it never reaches inside the network by mistake.

Every address is resolved once, every answer is judged, and the connection goes to a judged address. Each redirect is
judged anew, and nothing that identifies us is sent along.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from jixi.core.errors import problem

_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=10, sock_connect=5, sock_read=30)


class Egress:
    """Fetches from hosts on the public internet, and from `allowed_hosts`, which the operator has named."""

    def __init__(self, allowed_hosts: frozenset[str] = frozenset()) -> None:
        self._allowed = allowed_hosts
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def get(
        self, url: str, headers: dict[str, str] | None = None
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The answer to GET, redirects followed. Raises `egress_refused`, aiohttp.ClientError or TimeoutError."""
        for _ in range(_MOST_REDIRECTS + 1):
            self._check(url)
            async with self._opened().get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    yield response
                    return
                url = urljoin(url, response.headers.get("Location", ""))
        raise problem("egress_refused", host=urlsplit(url).hostname or "", reason="too many redirects")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(resolver=_Resolver(self._allowed), ttl_dns_cache=0)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=_TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": "jixi", "Accept-Encoding": "identity"},
            )
        return self._session

    def _check(self, url: str) -> None:
        """A host written as an address is not resolved, so it is judged here."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
            raise problem(
                "egress_refused", host=host, reason="only plain http and https addresses are fetched"
            )
        address = _as_address(host)
        if host not in self._allowed and address is not None and not _is_public(address):
            raise problem("egress_refused", host=host, reason="it is not a public address")


class _Resolver(AbstractResolver):
    """Resolves names and refuses those that lead inside, all answers considered."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family
        )
        addresses = [str(answer[4][0]) for answer in found]
        if host not in self._allowed and not all(_is_public(address) for address in addresses):
            raise problem("egress_refused", host=host, reason="it leads to an address that is not public")
        return [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=port,
                family=answer_family,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for answer_family, _, proto, _, sockaddr in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _as_address(host: str) -> str | None:
    """The address that `host` is written as, in any of the forms that resolvers read (0x7f.1, 2130706433)."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and parsed in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return parsed.is_global and not parsed.is_multicast
