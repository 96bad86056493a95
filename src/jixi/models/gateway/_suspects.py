"""Requests that were with engines when these died: tried one at a time after the first death, refused after the second.

An engine that is ended on purpose, by a restart, an update or a stop, has not died.

Without this, a request that kills its engine goes on to the next replica, and to the next, and so does every retry of
its caller.
"""

import asyncio
from collections import OrderedDict
from hashlib import blake2b
from math import ceil
from typing import Final

import msgspec
from msgspec import Struct

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.models.gateway._ports import Client, Limits
from jixi.models.gateway._requests import Request

_DEATHS: Final = 2
_MOST: Final = 512
_DYING_S: Final = 10.0
"""For so long an engine that failed may turn out to be dying: some answer with an error before they end."""
_LONGEST_WAIT_S: Final = 30.0


class _Failure(Struct):
    client: Client
    at: float
    died: bool


class _Trail(Struct):
    failures: list[_Failure]
    until: float


class Suspects:
    """In the memory of this process, bounded: what failed longest ago is forgotten first.

    A request is forgotten once it was answered well, and `quarantine_s` after it last failed.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.alone = asyncio.Lock()
        self.waiting = 0
        self._quarantine_s = limits.quarantine_s
        self._clock = clock
        self._trails: OrderedDict[bytes, _Trail] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._trails)

    def forget(self, key: bytes) -> None:
        self._trails.pop(key, None)

    async def note(self, key: bytes, client: Client) -> None:
        """The engine behind `client` has failed with the request `key`."""
        died, now = await client.died(), self._clock.monotonic()
        # Nothing is awaited from here: a copy that fails at the same moment comes before or after.
        failures = trail.failures if (trail := self._trails.pop(key, None)) is not None else []
        failures = [
            each for each in failures if each.client is not client and (each.died or now - each.at < _DYING_S)
        ]
        failures.append(_Failure(client, now, died))
        self._trails[key] = _Trail(failures, now + self._quarantine_s)
        if len(self._trails) > _MOST:
            self._trails.popitem(last=False)

    async def deaths(self, key: bytes) -> int:
        """How many engines have died with the request."""
        trail, now = self._trails.get(key), self._clock.monotonic()
        if trail is None:
            return 0
        if now >= trail.until:
            self.forget(key)
            return 0
        for each in trail.failures:
            if not each.died and now - each.at < _DYING_S:
                each.died = await each.client.died()
        return sum(each.died for each in trail.failures)

    def left_s(self, key: bytes) -> int:
        """For how many seconds the request is still known."""
        trail = self._trails.get(key)
        return 1 if trail is None else max(1, ceil(trail.until - self._clock.monotonic()))


class Suspicion:
    """What hangs over one call. It costs nothing while no engine has failed with anything."""

    __slots__ = ("_alone", "_key", "_request", "_suspects", "_tenant")

    def __init__(self, suspects: Suspects, request: Request, tenant: str) -> None:
        self._suspects = suspects
        self._request = request
        self._tenant = tenant
        self._key: bytes | None = None
        self._alone = False

    async def pass_by(self, within_s: float) -> None:
        """Return when the call may go to an engine: at once, or when no other suspect is being tried.

        Raises `request_quarantined` where engines have died of it, `overloaded` where its turn does not come in time.
        """
        suspects = self._suspects
        while suspects and (deaths := await suspects.deaths(self._fingerprint())):
            if deaths >= _DEATHS:
                seconds = suspects.left_s(self._fingerprint())
                raise problem(
                    "request_quarantined", model=self._request.model, engines=deaths, seconds=seconds
                )
            if self._alone:
                return
            await self._isolate(min(within_s, _LONGEST_WAIT_S))

    def end(self) -> None:
        """The call is answered, or begins to be, or has failed: the next suspect may be tried."""
        if self._alone:
            self._alone = False
            self._suspects.alone.release()

    async def failed_at(self, client: Client) -> None:
        """An engine of ours has failed with it."""
        await self._suspects.note(self._fingerprint(), client)

    def acquit(self) -> None:
        """It was answered well."""
        if self._suspects:
            self._suspects.forget(self._fingerprint())

    async def _isolate(self, within_s: float) -> None:
        suspects = self._suspects
        suspects.waiting += 1
        try:
            async with asyncio.timeout(within_s):
                await suspects.alone.acquire()
        except TimeoutError as error:
            raise self._overloaded() from error
        finally:
            suspects.waiting -= 1
        self._alone = True

    def _overloaded(self) -> JixiError:
        model, waiting = self._request.model, self._suspects.waiting
        return problem("overloaded", model=model, waiting=waiting, retry_after=max(1, min(60, waiting)))

    def _fingerprint(self) -> bytes:
        if self._key is None:
            request = self._request
            said = msgspec.json.encode((self._tenant, request.kind))
            sound = b"" if request.audio is None else request.audio.data
            self._key = blake2b(said + request.body + sound, digest_size=16).digest()
        return self._key
