"""API keys: made, changed, revoked, and looked up on the hot path."""

import asyncio
from datetime import datetime
from typing import Any, Final

from cachetools import TTLCache

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.ids import new_id
from jixi.core.principal import Principal, Scope
from jixi.governance.identity._records_keys import Found, KeyRecords
from jixi.governance.identity._secrets import Hasher, new_api_key
from jixi.governance.identity._values import KEEP, ApiKey
from jixi.storage import Database

CACHED_S: Final = 4.0
_MOST_CACHED: Final = 20_000


class Keys:
    """The API keys of every tenant. Of one tenant's methods, `owner` narrows them to a member's own keys.

    A lookup is remembered for 4 s, a refusal too, so what another process revokes ends within 5 s.
    """

    def __init__(self, database: Database, clock: Clock, hasher: Hasher) -> None:
        self._records = KeyRecords(database)
        self._clock = clock
        self._hasher = hasher
        self._known: TTLCache[bytes, Found | None] = TTLCache(_MOST_CACHED, CACHED_S, timer=clock.monotonic)
        self._asked: dict[str, asyncio.Future[Found | None]] = {}
        self._used: dict[str, datetime] = {}

    async def principal(self, secret: str) -> Principal:
        """Who holds `secret`.

        Raises `invalid_api_key`, `api_key_expired`, `api_key_revoked`, `tenant_suspended` or `member_disabled`.
        """
        nickname = self._hasher.nickname(secret)
        try:
            found = self._known[nickname]
        except KeyError:
            found = self._known[nickname] = await self._look_up(self._hasher.digest(secret))
        return self._admit(found)

    async def holder(self, key_id: str) -> Principal:
        """Who holds a key, for work that goes on without its secret; asks the database. Raises the same."""
        return self._admit(await self._records.by_id(key_id))

    def _admit(self, found: Found | None) -> Principal:
        if found is None:
            raise problem("invalid_api_key")
        if found.barred is not None:
            raise problem(found.barred)
        key, now = found.key, self._clock.now()
        if key.expires_at is not None and key.expires_at <= now:
            raise problem("api_key_expired", expired_at=key.expires_at.date().isoformat())
        self._used[key.id] = now
        return found.principal

    async def page(
        self, tenant_id: str, *, owner: str | None = None, limit: int = 50, after: str | None = None
    ) -> list[ApiKey]:
        return await self._records.page(tenant_id, owner, limit, after)

    async def get(self, tenant_id: str, key_id: str, *, owner: str | None = None) -> ApiKey:
        """Raises `not_found`."""
        return await self._records.get(tenant_id, key_id, owner)

    async def create(
        self,
        maker: Principal,
        name: str,
        scopes: frozenset[Scope],
        *,
        models: frozenset[str] | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its secret. Nobody gives more than they have: raises `scope_missing`, `model_not_allowed`."""
        _check_grant(maker, scopes, models)
        secret = new_api_key()
        key = ApiKey(
            id=new_id("key"),
            tenant_id=maker.tenant_id,
            member_id=maker.member_id,
            name=name,
            hint=secret[-4:],
            scopes=scopes,
            models=models,
            expires_at=expires_at,
            last_used_at=None,
            revoked_at=None,
            created_at=self._clock.now(),
            version=1,
        )
        await self._records.add(key, self._hasher.digest(secret))
        return key, secret

    async def change(
        self,
        maker: Principal,
        key_id: str,
        *,
        owner: str | None = None,
        version: int | None = None,
        **changes: Any,
    ) -> ApiKey:
        """Change name, scopes, models or expires_at; raises `not_found`, `precondition_failed`."""
        wanted = {name: value for name, value in changes.items() if value is not KEEP}
        key = await self.get(maker.tenant_id, key_id, owner=owner)
        if "scopes" in wanted or "models" in wanted:
            _check_grant(maker, wanted.get("scopes", key.scopes), wanted.get("models", key.models))
        for name in ("scopes", "models"):
            if wanted.get(name) is not None:
                wanted[name] = sorted(wanted[name])
        changed = await self._records.change(maker.tenant_id, key_id, version, wanted)
        self.forget()
        return changed

    async def revoke(self, tenant_id: str, key_id: str, *, owner: str | None = None) -> None:
        """End a key for good: here at once, in other processes within 5 s. Repeating it changes nothing."""
        key = await self.get(tenant_id, key_id, owner=owner)
        if key.revoked_at is None:
            await self._records.change(tenant_id, key_id, None, {"revoked_at": self._clock.now()})
        self.forget()

    def forget(self) -> None:
        """Look every key up again at its next call."""
        self._known.clear()

    async def note_use(self) -> None:
        """Write down when keys were last used."""
        used, self._used = self._used, {}
        if used:
            await self._records.note_use(used)

    async def _look_up(self, digest: str) -> Found | None:
        """Ask the database; calls that come meanwhile with the same key share the answer."""
        asked = self._asked.get(digest)
        if asked is None:
            asked = self._asked[digest] = asyncio.ensure_future(self._records.find(digest))
            asked.add_done_callback(lambda _: self._asked.pop(digest, None))
        return await asyncio.shield(asked)


def _check_grant(maker: Principal, scopes: frozenset[Scope], models: frozenset[str] | None) -> None:
    for scope in sorted(scopes - maker.scopes):
        raise problem("scope_missing", scope=scope.value)
    if maker.models is not None:
        for model in sorted((models or frozenset({"*"})) - maker.models):
            raise problem("model_not_allowed", model=model)
