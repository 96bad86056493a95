"""The border of the house: every request passes it, whichever app answers.

Gives the request its id, refuses foreign host names and bodies that are too large, adds the headers that protect
browsers, logs, and turns a defect into an answer. One pure ASGI layer: wrapping twice would cost the hot path.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from time import perf_counter
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jixi.assembly.settings import host_name
from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.server._ending import Ending
from jixi.server._problems import behind
from jixi.server._scope import REQUEST_ID, header
from jixi.server.http import WHOLE
from jixi.storage import DatabaseAwayError

_Render = Callable[[Scope, JixiError], ASGIApp]
_RenderEvent = Callable[[Scope, JixiError], bytes]
_Headers = tuple[tuple[bytes, bytes], ...]

_CSP: Final = (
    b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    b"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_PROTECTION: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", _CSP),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_CLOSES: Final = (b"connection", b"close")
_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_HOSTS: Final = 256
_SOON_S: Final = 2
_SECRET_PATHS: Final = ("/api/invitations/",)


class Border:
    """Stands before `app`; `render` turns a problem into an answer in the dialect of the address.

    What `ending` cuts is told so: by such an answer, or where a stream of events has begun by `render_event`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Iterable[str],
        max_body_bytes: int,
        max_upload_bytes: Mapping[str, int],
        https: bool,
        ending: Ending,
        render: _Render,
        render_event: _RenderEvent,
    ) -> None:
        self._app = app
        self._ending = ending
        self._render_event = render_event
        self._hosts = frozenset(allowed_hosts)
        self._is_ours = lru_cache(_HOSTS)(self._names_us)
        self._limit = max_body_bytes
        self._uploads = max_upload_bytes
        self._render = render
        hsts = ((b"strict-transport-security", b"max-age=31536000"),) if https else ()
        self._for_pages = (*_PROTECTION, *hsts)
        self._for_models = (_PROTECTION[0], *hsts)
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = request_id = new_id("req")
        is_model_call = _is_model_call(scope)
        protection = self._for_models if is_model_call else self._for_pages
        headers = ((b"x-request-id", request_id.encode()), *protection)
        answer = _Answer(send, headers, self._ending, is_model_call=is_model_call)
        started = perf_counter()
        task = self._ending.enter(answer)
        try:
            await self._admit(scope, receive, answer)
        except asyncio.CancelledError:
            if not self._ending.was_cut():
                raise
            await self._cut_off(scope, receive, answer)
        except (JixiError, DatabaseAwayError) as error:
            if answer.started:
                raise
            await self._refuse(scope, receive, answer, error)
        except Exception:
            self._log.exception(
                "request_failed", request_id=request_id, method=scope["method"], path=_path(scope)
            )
            if answer.started and not answer.complete:
                raise
            if not answer.started:
                await self._refuse(scope, receive, answer, problem("internal_error", request_id=request_id))
        finally:
            self._ending.leave(task)
            self._note(answer, scope, started)

    def _admit(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        host = header(scope, b"host")
        if host is None or not self._is_ours(host):
            return self._refuse(scope, receive, send, problem("host_not_allowed", host=(host or "")[:100]))
        length = header(scope, b"content-length")
        limit = self._uploads.get(scope["path"], self._limit)
        if length is not None and (not length.isdecimal() or int(length) > limit):
            return self._refuse(scope, receive, send, problem("body_too_large", limit=limit))
        counted = receive if length is not None else _counted(receive, limit)
        return self._app(scope, counted, send)

    def _names_us(self, host: str) -> bool:
        return _HOST.fullmatch(host) is not None and host_name(host) in self._hosts

    async def _cut_off(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """The server ends: a stream gets an error for its last event, unless it is a mere view of what goes on."""
        error = problem("server_ending", retry_after=_SOON_S)
        if not answer.started:
            await self._refuse(scope, receive, answer, error)
        elif answer.has_events and not answer.complete:
            last = b"" if answer.endless else self._render_event(scope, error)
            await answer({"type": "http.response.body", "body": last, "more_body": False})

    def _refuse(
        self, scope: Scope, receive: Receive, send: Send, error: JixiError | DatabaseAwayError
    ) -> Awaitable[None]:
        return self._render(scope, behind(error))(scope, receive, send)

    @cached_property
    def _logs_calls(self) -> bool:
        """Calls of models are in the ledger already, so they are logged for debugging alone, which a process decides
        when it begins.
        """
        return self._log.is_enabled_for(logging.DEBUG)

    def _note(self, answer: "_Answer", scope: Scope, started: float) -> None:
        """The access log."""
        if answer.is_model_call and not self._logs_calls:
            return
        self._log.log(
            logging.DEBUG if answer.is_model_call else logging.INFO,
            "request_answered",
            request_id=scope[REQUEST_ID],
            method=scope["method"],
            path=_path(scope),
            status=answer.status,
            ms=round((perf_counter() - started) * 1000, 1),
        )


class _Answer:
    """`send`, with our headers on the first message and a memory of how far the answer got."""

    __slots__ = ("_ending", "_headers", "_send", "_told", "complete", "is_model_call", "started", "status")

    def __init__(self, send: Send, headers: _Headers, ending: Ending, *, is_model_call: bool) -> None:
        self._send = send
        self._headers = headers
        self._ending = ending
        self.is_model_call = is_model_call
        self._told: list[tuple[bytes, bytes]] = []
        self.started = self.complete = False
        self.status = 0

    @property
    def has_events(self) -> bool:
        return any(
            name == b"content-type" and value.startswith(b"text/event-stream") for name, value in self._told
        )

    @property
    def endless(self) -> bool:
        """Streams of models end by themselves, those of the admin API show what goes on for as long as one looks."""
        return self.has_events and not self.is_model_call

    def __call__(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind in ("http.response.start", WHOLE):
            self.started, self.complete = True, kind == WHOLE
            self.status = message["status"]
            self._told = message["headers"] = [*message.get("headers", ()), *self._headers]
            if self._ending.begun:
                self._told.append(_CLOSES)
        elif kind == "http.response.body":
            self.complete = not message.get("more_body", False)
        return self._send(message)


def _is_model_call(scope: Scope) -> bool:
    """No page comes from there, so that what protects pages would only weigh on the hot path."""
    return scope["path"].startswith("/v1/")


def _path(scope: Scope) -> str:
    """The address for the log: no query, no one-time token, no control characters."""
    path: str = scope["path"]
    for prefix in _SECRET_PATHS:
        if path.startswith(prefix):
            return f"{prefix}…"
    return path[:200].encode("unicode_escape").decode("ascii")


def _counted(receive: Receive, limit: int) -> Receive:
    """A body that does not say its length is cut off where it grows too large."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise problem("body_too_large", limit=limit)
        return message

    return counted
