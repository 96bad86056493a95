"""`FirstAnswers`: of all tries of one model call, the first acts and the others get its answer.

Only an answer that is complete is kept, sealed, for a day; what failed leaves its key to the next try at once, and a
call whose process died does so once nobody has seen to it for a minute. Whoever takes over asks the ledger what became
of the try before: one that was charged is made again for nothing, once.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from hashlib import sha256
from typing import Final, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.ids import new_id
from jixi.core.principal import Principal
from jixi.models.answers._records import PLACE, AnswerRecords, Claim
from jixi.models.gateway import Conclude, Cover, PrepaidMeter
from jixi.storage import Database, Vault

_log = structlog.get_logger()
_KEPT: Final = timedelta(hours=24)
_UNSEEN: Final = timedelta(minutes=1)
_SEE_TO_S: Final = 15
_MOST_BYTES: Final = 16 * 1024 * 1024


class FirstAnswer(NamedTuple):
    content_type: bytes
    body: bytes


class Turn:
    """A try while it acts. It ends by `keep`, or it leaves its key to the next."""

    def __init__(self, records: AnswerRecords, vault: Vault, claim: Claim) -> None:
        self._records = records
        self._vault = vault
        self._claim = claim
        self._over = False
        self.cover: Cover | None = None

    async def keep(self, answer: FirstAnswer) -> None:
        """The answer that every later try gets; one that is too large is not kept."""
        if len(answer.body) > _MOST_BYTES:
            await self._records.forget(self._claim)
        else:
            sealed = self._vault.seal(answer.content_type + b"\0" + answer.body, PLACE, self._claim.key)
            await self._records.finish(self._claim, sealed)
        self._over = True

    async def free(self) -> None:
        """Nothing is kept: the next try acts. Does nothing once the turn is over.

        One that was made for nothing, and whose answer again cannot be kept, was the last under this charge: the next
        is a new call.
        """
        if not self._over and self.cover is not None and self.cover.used:
            self._over = True
            await self._records.forget(self._claim)
        await self.leave()

    async def leave(self) -> None:
        """The server ends first: the next try acts, under the same charge. Does nothing once the turn is over."""
        if not self._over:
            self._over = True
            await self._records.let_go(self._claim, self._claim.created_at - _KEPT)


class FirstAnswers:
    """`conclude` and `meter` are the ledger's and the gateway's: what was charged, and what is not to be again."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, conclude: Conclude, meter: PrepaidMeter
    ) -> None:
        self._records = AnswerRecords(database)
        self._vault = vault
        self._clock = clock
        self._conclude = conclude
        self._meter = meter

    async def find(
        self, caller: Principal, route: str, key: str, body: bytes, request_id: str | None = None
    ) -> FirstAnswer | Claim:
        """The first answer, or a claim: then this try has to act. `request_id` is what it would be charged under.

        Raises `request_running`, `idempotency_mismatch`, `ledger_unavailable`.
        """
        now = self._clock.now()
        await self._records.forget_before(now - _KEPT)
        owner = caller.key_id or caller.member_id
        name = _digest(caller.tenant_id.encode(), owner.encode(), route.encode(), key.encode())
        claim = Claim(name, _digest(body), new_id("clm"), now, now, request_id)
        before = await self._records.claim(claim)
        if before is None:
            return claim
        if before.answer is None and now - before.seen_at > _UNSEEN:
            return await self._take_over(caller.tenant_id, claim, before)
        if before.body_hash != claim.body_hash:
            raise problem("idempotency_mismatch")
        if before.answer is None:
            raise problem("request_running", retry_after=1)
        content_type, _, told = self._vault.open(before.answer, PLACE, name).partition(b"\0")
        return FirstAnswer(content_type, told)

    async def _take_over(self, tenant_id: str, claim: Claim, before: Claim) -> Claim:
        """Act in the place of a try that failed or died. Another request under its key begins anew."""
        paid = before.paid or await self._was_charged(tenant_id, before)
        if claim.body_hash == before.body_hash:
            claim = claim._replace(created_at=before.created_at, paid=paid)
        if not await self._records.take_over(claim, before):
            raise problem("request_running", retry_after=1)
        return claim

    async def _was_charged(self, tenant_id: str, before: Claim) -> bool:
        """Whether that try, which nobody waits for any more, has paid. What a caller gave up pays for itself alone."""
        if before.request_id is None:
            return False
        calls = await self._conclude(tenant_id, before.request_id, before.created_at)
        return any(call.paid and call.outcome != "cancelled" for call in calls.values())

    @asynccontextmanager
    async def turn(self, claim: Claim) -> AsyncGenerator[Turn]:
        """Act on `claim`: its key stays taken for as long, and is the next try's where nothing was kept."""
        turn = Turn(self._records, self._vault, claim)
        watch = asyncio.create_task(self._see_to(claim))
        covered = claim.request_id if claim.paid else None
        try:
            with self._meter.covers(covered) if covered is not None else nullcontext() as turn.cover:
                yield turn
        except asyncio.CancelledError:
            await asyncio.shield(turn.leave())
            raise
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            await asyncio.shield(turn.free())

    async def _see_to(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(_SEE_TO_S)
            try:
                await self._records.see_to(claim, self._clock.now())
            except SQLAlchemyError as error:
                _log.warning("call_not_seen_to", error=type(error).__name__)


def _digest(*parts: bytes) -> str:
    return sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).hexdigest()
