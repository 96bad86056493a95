"""Idempotency-Key: a retry acts once and gets the first answer.

An answer that carries a secret is kept in memory for a few minutes alone, so that no secret ever lies in the database.
After that, or on another node, the retry is refused: acting twice would be worse than asking anew.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Final, TypeVar

from cachetools import TTLCache
from pydantic import BaseModel

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.server._records import Attempt, AttemptRecords
from jixi.storage import Database

T = TypeVar("T", bound=BaseModel)
_KEPT: Final = timedelta(hours=24)
_LONGEST: Final = timedelta(minutes=2)
_SECRETS_KEPT_S: Final = 600


class Once:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._records = AttemptRecords(database)
        self._clock = clock
        self._secrets: TTLCache[tuple[str, str], str] = TTLCache(256, _SECRETS_KEPT_S, timer=clock.monotonic)

    async def act(
        self,
        caller: Principal,
        key: str | None,
        asked: tuple[str, BaseModel | None],
        kind: type[T],
        make: Callable[[], Awaitable[T]],
        *,
        secret: bool = False,
    ) -> T:
        """Run `make` unless this caller's `key` has run before; `asked` is the operation and its body."""
        if key is None:
            return await make()
        attempt = self._attempt(caller, key, asked)
        before = await self._claim(attempt)
        if before is not None:
            return kind.model_validate_json(self._replay(attempt, before))
        try:
            made = await make()
        except BaseException:
            await self._records.forget(attempt)
            raise
        text = made.model_dump_json()
        if secret:
            self._secrets[attempt.tenant_id, attempt.key] = text
        await self._records.finish(attempt._replace(status=1, body=None if secret else text))
        return made

    def _attempt(self, caller: Principal, key: str, asked: tuple[str, BaseModel | None]) -> Attempt:
        route, body = asked
        content = "" if body is None else body.model_dump_json()
        return Attempt(
            tenant_id=caller.tenant_id,
            key=_digest(caller.member_id, key),
            route=route,
            body_hash=_digest(route, content),
            created_at=self._clock.now(),
        )

    async def _claim(self, attempt: Attempt) -> Attempt | None:
        await self._records.forget_before(attempt.created_at - _KEPT)
        before = await self._records.claim(attempt)
        if before is not None and before.status is None and attempt.created_at - before.created_at > _LONGEST:
            # Its process died on the way: nobody will ever finish it.
            await self._records.forget(before)
            before = await self._records.claim(attempt)
        return before

    def _replay(self, attempt: Attempt, before: Attempt) -> str:
        if before.body_hash != attempt.body_hash:
            raise problem("idempotency_mismatch")
        if before.status is None:
            raise problem("request_running", retry_after=1)
        text = before.body or self._secrets.get((attempt.tenant_id, attempt.key))
        if text is None:
            raise problem("secret_shown_before")
        return text


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
