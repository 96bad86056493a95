"""Requests of /v1 that are not calls of models: who asks, the query, small bodies, and answers in OpenAI's form."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from jixi.core.errors import JixiError, Language, problem
from jixi.core.principal import Principal, Scope
from jixi.governance.identity import allowed
from jixi.models.batches import Page
from jixi.models.dialects import decoded
from jixi.server._answer import read_body
from jixi.server._scope import language_of
from jixi.server.openai._answers import openai_response
from jixi.server.openai._endpoints import Authenticate

_ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_MOST_BODY: Final = 64 * 1024


class Asked(Struct, frozen=True, kw_only=True):
    """A request by somebody who may use batches. `owner` narrows what they reach to what is theirs."""

    caller: Principal
    scope: AsgiScope
    receive: Receive

    @property
    def owner(self) -> str | None:
        return None if allowed(self.caller.role, "jobs.manage") else self.caller.member_id

    @property
    def id(self) -> str:
        """The id in the address; raises `not_found` where nothing of ours has such a one."""
        named: str = self.scope["path_params"]["id"]
        if not _ID.fullmatch(named):
            raise problem("not_found", noun="file or batch")
        return named

    @property
    def language(self) -> Language:
        return language_of(self.scope)

    def one(self, name: str) -> str | None:
        """A parameter of the query; raises `invalid_value` where it is sent twice."""
        values = parse_qs(self.scope["query_string"].decode("latin-1"), keep_blank_values=True).get(name, [])
        if len(values) > 1:
            raise problem("invalid_value", param=name, reason=f"{name}: it is sent more than once")
        return values[0] if values else None

    def page(self, default: int, most: int) -> tuple[int, Page]:
        """How many are asked for, and the page with one more than that."""
        text, order = self.one("limit") or str(default), self.one("order") or "desc"
        if not (text.isascii() and text.isdecimal() and len(text) < 9 and 1 <= int(text) <= most):
            raise problem("invalid_value", param="limit", reason=f"limit: it is a number from 1 to {most}")
        if order not in ("asc", "desc"):
            raise problem("invalid_value", param="order", reason="order: it is 'asc' or 'desc'")
        after = self.one("after")
        if after and not _ID.fullmatch(after):
            raise problem("invalid_value", param="after", reason="after: this is no id")
        return int(text), Page(int(text) + 1, after or None, oldest_first=order == "asc")

    async def body(self, kind: type[Any]) -> Any:
        """The body as a `kind`; raises `invalid_json` and `invalid_value`."""
        raw = await read_body(self.receive)
        if raw is not None and len(raw) > _MOST_BODY:
            raise problem("body_too_large", limit=_MOST_BODY)
        return decoded(msgspec.json.Decoder(kind), raw or b"")


class AskedEndpoint:
    """Answers with what `act` makes of the request, for callers with the scope `batches`."""

    def __init__(self, authenticate: Authenticate, act: Callable[[Asked], Awaitable[ASGIApp]]) -> None:
        self._authenticate = authenticate
        self._act = act

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            caller = await self._authenticate(scope)
            _check(caller)
            answer = await self._act(Asked(caller=caller, scope=scope, receive=receive))
        except JixiError as error:
            answer = openai_response(scope, error)
        await answer(scope, receive, send)


def _check(caller: Principal) -> None:
    if not allowed(caller.role, "inference.use"):
        raise problem("role_forbidden", role=caller.role.value)
    if Scope.BATCHES not in caller.scopes:
        raise problem("scope_missing", scope=Scope.BATCHES.value)


def listing(entries: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A page in OpenAI's form, from `limit` entries or one more."""
    shown = entries[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(entries) > limit,
    }


def seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
