"""Which addresses may be reached: what is public, and what the operator has named."""

import asyncio
import ipaddress
import re
import socket
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from jixi.core.errors import JixiError, problem

# Names that every library reads alike. Escapes, full-width digits and the like are where libraries differ.
_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_PLAIN: Final = re.compile(r"[!-\[\]-~]+")
# Networks of IPv6 in whose addresses one of IPv4 stands at the end: NAT64, and the form that went before ::ffff:0:0.
_WRAPPED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
_LOCAL_NAT64: Final = ipaddress.ip_network("64:ff9b:1::/48")
_LONGEST: Final = 8192


class Judge(AbstractResolver):
    """Judges an address three times: as it is written, as it resolves, and as it is about to be connected to."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = frozenset(host.lower() for host in allowed)
        self._inside: set[str] = set()

    def check(self, url: str) -> SplitResult:
        """The parts of `url`; raises `egress_refused` where it says by itself that it must not be fetched."""
        parts = _split(url)
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            raise refused(host, "only plain http and https addresses are fetched")
        address = _as_address(host)
        if address is None and not _NAME.fullmatch(host):
            raise refused("", "its host is not written plainly")
        if host not in self._allowed and address is not None and not _is_public(address):
            raise refused(host, "it is not a public address")
        return parts

    def is_allowed(self, host: str) -> bool:
        """Whether the operator has named it."""
        return host.lower() in self._allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every answer must be one that may be reached. Raises OSError where there is none."""
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family
        )
        if not found:
            raise OSError("the name has no address")
        addresses = [str(answer[4][0]) for answer in found]
        if self.is_allowed(host):
            self._inside.update(addresses)
        elif not all(_is_public(address) for address in addresses):
            raise refused(host, "it leads to an address that is not public")
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

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket for an address about to be connected to, whichever way it came here."""
        family, kind, proto, _, sockaddr = address
        target = str(sockaddr[0])
        if not (target in self._inside or target in self._allowed or _is_public(target)):
            raise refused(target, "it is not a public address")
        return socket.socket(family, kind, proto)


def refused(host: str, reason: str) -> JixiError:
    return problem("egress_refused", host=host, reason=reason)


def _split(url: str) -> SplitResult:
    """The parts of a URL of visible ASCII; raises `egress_refused` for any other and for one that is no URL."""
    if len(url) > _LONGEST or not _PLAIN.fullmatch(url):
        raise refused("", "it is not a plain address")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise refused("", "it is not an address") from error
    return parts


def _as_address(host: str) -> str | None:
    """The address that `host` is written as, in any of the forms that resolvers read (0x7f.1, 2130706433)."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError):
        return None


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and any(parsed in network for network in _WRAPPED):
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
        if parsed.teredo is not None or parsed.is_site_local or parsed in _LOCAL_NAT64:
            return False
    return parsed.is_global and not parsed.is_multicast
