"""The one place where a request's credentials become a principal, for every app of the server."""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from jixi.assembly.settings import host_name
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.server._scope import SAFE_METHODS, cookie, has_header, header

SESSION_COOKIE: Final = "jixi_session"
_SCHEME: Final = "bearer"


class SignedIn(Protocol):
    """A console session, as far as a request needs it."""

    @property
    def principal(self) -> Principal: ...

    @property
    def csrf(self) -> str: ...


class Credentials(Protocol):
    """What identity knows of keys and sessions; both raise where there is no such thing any more."""

    async def principal_for_key(self, secret: str) -> Principal: ...

    async def principal_for_session(self, token: str) -> SignedIn: ...


class Authenticator:
    """Turns an API key, else a console session, into a principal. A key comes as OpenAI's or as Anthropic's clients
    send it; where both headers are sent, `authorization` counts.

    A session's unsafe request must carry the session's CSRF token and come from this console's own pages; a key
    needs neither, for no browser sends one by itself.
    """

    def __init__(self, identity: Credentials, allowed_hosts: frozenset[str]) -> None:
        self._identity = identity
        self._hosts = allowed_hosts

    async def __call__(self, scope: Mapping[str, Any]) -> Principal:
        """Raises `not_authenticated`, `csrf_failed` or what identity says of the key."""
        if has_header(scope, b"authorization"):
            return await self._identity.principal_for_key(_bearer(scope))
        if has_header(scope, b"x-api-key"):
            return await self._identity.principal_for_key(_key(scope))
        token = cookie(scope, SESSION_COOKIE)
        if token is None:
            raise problem("not_authenticated")
        session = await self._identity.principal_for_session(token)
        if scope["method"] not in SAFE_METHODS:
            self.check_origin(scope)
            sent = header(scope, b"x-csrf-token") or ""
            if not compare_digest(sent.encode(), session.csrf.encode()):
                raise problem("csrf_failed", reason="X-CSRF-Token is missing or wrong")
        return session.principal

    def check_origin(self, scope: Mapping[str, Any]) -> None:
        """Refuse what a browser says it sends for another site's page; raises `csrf_failed`."""
        if (header(scope, b"sec-fetch-site") or "none") not in ("none", "same-origin"):
            raise problem("csrf_failed", reason="it was sent by another site")
        if not has_header(scope, b"origin"):
            return
        origin = urlsplit(header(scope, b"origin") or "")
        if origin.netloc != header(scope, b"host") and host_name(origin.netloc) not in self._public_names(
            scope
        ):
            raise problem("csrf_failed", reason="its Origin is another site")

    def _public_names(self, scope: Mapping[str, Any]) -> frozenset[str]:
        """Behind a proxy the Host may be an inner name; the public ones are then still ours."""
        loopback = host_name(header(scope, b"host") or "")
        return self._hosts - {"localhost", "127.0.0.1", "::1", loopback}


def _bearer(scope: Mapping[str, Any]) -> str:
    scheme, _, secret = (header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() != _SCHEME or not secret.strip():
        raise problem("not_authenticated")
    return secret.strip()


def _key(scope: Mapping[str, Any]) -> str:
    secret = (header(scope, b"x-api-key") or "").strip()
    if not secret:
        raise problem("not_authenticated")
    return secret
