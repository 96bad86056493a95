"""Identity: who is who, put together."""

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jixi.core.clock import Clock
from jixi.core.principal import Principal
from jixi.core.tasks import end_task
from jixi.governance.identity._keys import Keys
from jixi.governance.identity._members import Members
from jixi.governance.identity._secrets import Hasher
from jixi.governance.identity._sessions import Sessions
from jixi.governance.identity._values import SignedIn
from jixi.storage import Database

_log = structlog.get_logger()
_UPKEEP_S: Final = 5.0


class Identity:
    """Keys, sessions, members and tenants of the platform, over one database."""

    def __init__(self, database: Database, clock: Clock, pepper: bytes) -> None:
        hasher = Hasher(pepper)
        self.keys = Keys(database, clock, hasher)
        self.sessions = Sessions(database, clock, hasher)
        self.members = Members(database, clock, hasher)
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write down now and then when keys were last used."""
        self._upkeep = asyncio.create_task(self._keep_up(), name="identity-upkeep")

    async def close(self) -> None:
        await end_task(self._upkeep)
        self._upkeep = None
        await self.keys.note_use()

    async def principal_for_key(self, secret: str) -> Principal:
        return await self.keys.principal(secret)

    async def principal_for_session(self, token: str) -> SignedIn:
        return await self.sessions.signed_in(token)

    async def standing(self, tenant_id: str, member_id: str, key_id: str | None) -> Principal:
        """Who asked for work that goes on without them, as they stand now.

        Raises what `principal_for_key` raises, or `not_authenticated` where a member may not sign in any more.
        """
        if key_id is not None:
            return await self.keys.holder(key_id)
        return await self.members.principal(tenant_id, member_id)

    def forget(self) -> None:
        """Look everybody up again: somebody's rights have changed."""
        self.keys.forget()
        self.sessions.forget()

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(_UPKEEP_S)
            try:
                await self.keys.note_use()
            except SQLAlchemyError as error:
                _log.error("key_use_not_noted", error=type(error).__name__)
