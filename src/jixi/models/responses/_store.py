"""`ResponseStore`: keeps Responses for their owners, sealed, for a while after their last use."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.principal import Principal
from jixi.models.responses._records import Owner, Quota, Record, ResponseRecords
from jixi.storage import Database, Vault

_PLACE: Final = "responses"
_SWEEP_S: Final = 600
_LONGEST_CHAIN: Final = 1000
_AT_ONCE: Final = 8
_CLAIM: Final = timedelta(days=1)
"""Longer than any call: what is left of one whose process was killed takes room no longer."""
_log = structlog.get_logger()


class Kept(Struct):
    """A Response as its caller got it, and the input items that it answered."""

    response: dict[str, Any]
    items: list[dict[str, Any]]


_CONTENT: Final = msgspec.json.Decoder(Kept)


class ResponseStore:
    """An owner is the API key that made the call, or the member in the console. To others, and once it has expired, a
    Response is not there. Going on from one keeps it and all before it for as long again. Room is taken before a
    Response is made, by its input; the answer that fills it up is kept as well.
    """

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, kept_days: int, quota: Quota | None = None
    ) -> None:
        self._records = ResponseRecords(database)
        self._vault = vault
        self._clock = clock
        self._kept = timedelta(days=kept_days)
        self._quota = quota or Quota()
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""
        return self._kept > timedelta()

    async def kept(self) -> dict[str, int]:
        """Bytes of Responses that lie here, by tenant."""
        return await self._records.kept(self._clock.now())

    async def start(self) -> None:
        """Delete what has expired from now on."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])

    @contextlib.asynccontextmanager
    async def room(self, caller: Principal, name: str, items: list[dict[str, Any]]) -> AsyncGenerator[None]:
        """Room to keep the answer to `items` within the block, under the id `name`.

        Raises `responses_full` where the tenant keeps as much as it may.
        """
        owner, now = _owner(caller), self._clock.now()
        size = len(msgspec.json.encode(items))
        claim = Record(name, *owner, None, now, now + min(_CLAIM, self._kept), size)
        if not await self._records.claim(claim, self._quota):
            raise problem("responses_full", limit=self._quota.responses, bytes=self._quota.bytes)
        try:
            yield
        finally:
            try:
                await self._records.release(owner, name)
            except SQLAlchemyError as error:
                # Its claim ends by itself, and the answer may have gone out already.
                _log.warning("response_room_not_released", response_id=name, reason=type(error).__name__)

    async def keep(self, caller: Principal, kept: Kept) -> None:
        """Keep it where room was taken for it."""
        name, previous = kept.response["id"], kept.response["previous_response_id"]
        now = self._clock.now()
        owner = _owner(caller)
        sealed = self._vault.seal(msgspec.json.encode(kept), _PLACE, owner.tenant_id, name)
        await self._records.fill(Record(name, *owner, previous, now, now + self._kept, len(sealed), sealed))

    async def find(self, caller: Principal, name: str) -> Kept:
        """One of the caller's; raises `not_found`."""
        (newest, *_) = await self._chain(caller, name, 0)
        return self._opened(newest)

    async def conversation(self, caller: Principal, name: str) -> list[dict[str, Any]]:
        """All items from the first input to the output of `name`, in order.

        Raises `not_found` where it or anything that it goes on from is not there any more.
        """
        chain = await self._chain(caller, name, _LONGEST_CHAIN)
        if chain[-1].previous_id is not None:
            raise _missing()
        await self._records.renew([record.id for record in chain], self._clock.now() + self._kept)
        kept = [self._opened(record) for record in reversed(chain)]
        return [item for each in kept for item in (*each.items, *each.response["output"])]

    async def delete(self, caller: Principal, name: str) -> None:
        """Raises `not_found`."""
        if not await self._records.delete(_owner(caller), name, self._clock.now()):
            raise _missing()

    async def delete_expired(self) -> int:
        return await self._records.delete_expired(self._clock.now())

    async def rewrap(self) -> int:
        """Seal what is kept under the vault's newest key; returns how many were not. What no key opens stays."""
        count, after = 0, ""
        while some := await self._records.contents(after, _AT_ONCE):
            for name, tenant_id, content in some:
                renewed = self._renewed(name, tenant_id, content)
                count += renewed is not None and await self._records.reseal(name, content, renewed)
            after = some[-1][0]
        return count

    def _renewed(self, name: str, tenant_id: str, content: str) -> str | None:
        try:
            return self._vault.renewed(content, _PLACE, tenant_id, name)
        except JixiError as error:
            _log.warning("response_unreadable", response_id=name, code=error.code)
            return None

    async def _chain(self, caller: Principal, name: str, most: int) -> list[Record]:
        chain = await self._records.chain(_owner(caller), name, self._clock.now(), most)
        if not chain:
            raise _missing()
        return chain

    def _opened(self, record: Record) -> Kept:
        return _CONTENT.decode(self._vault.open(record.content, _PLACE, record.tenant_id, record.id))

    async def _sweep(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                try:
                    await self.delete_expired()
                except SQLAlchemyError as error:
                    _log.warning("responses_not_swept", reason=type(error).__name__)
                await asyncio.sleep(_SWEEP_S)


def _owner(caller: Principal) -> Owner:
    return Owner(caller.tenant_id, caller.key_id or caller.member_id)


def _missing() -> Exception:
    return problem("not_found", noun="response")
