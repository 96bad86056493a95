"""Console sessions: kept on the server, so that they can be ended there."""

from datetime import timedelta
from typing import Final

from cachetools import TTLCache

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.governance.identity._records_sessions import SessionRecords, SessionRow
from jixi.governance.identity._secrets import Hasher, new_token
from jixi.governance.identity._values import Member, NewSession, SignedIn, Tenant
from jixi.storage import Database

LASTS: Final = timedelta(hours=12)
IDLE: Final = timedelta(hours=2)
_SEEN_EVERY: Final = timedelta(minutes=1)
_CACHED_S: Final = 4.0


class Sessions:
    """A session ends after 12 hours, after 2 idle hours, at sign-out, or when its member may not sign in any more."""

    def __init__(self, database: Database, clock: Clock, hasher: Hasher) -> None:
        self._records = SessionRecords(database)
        self._clock = clock
        self._hasher = hasher
        self._known: TTLCache[str, SessionRow] = TTLCache(10_000, _CACHED_S, timer=clock.monotonic)

    async def sign_in(self, email: str, password: str) -> NewSession:
        """Open a session; raises `login_failed`, the same whether the address or the password is wrong."""
        found = await self._records.by_email(email.strip().lower())
        stored = found.password_hash if found is not None else None
        matches = await self._hasher.verify_password(stored, password)
        if not matches or found is None or found.member.status != "active" or found.tenant.status != "active":
            raise problem("login_failed")
        if stored is not None and self._hasher.outdated(stored):
            await self._records.set_password(found.member.id, await self._hasher.hash_password(password))
        return await self.open(found.member, found.tenant)

    async def open(self, member: Member, tenant: Tenant) -> NewSession:
        """Open a session for somebody who has proved who they are."""
        token, now = new_token(), self._clock.now()
        row = SessionRow(
            hash=self._hasher.digest(token),
            csrf=new_token(),
            created_at=now,
            last_seen_at=now,
            expires_at=now + LASTS,
            member=member._replace(last_login_at=now),
            tenant=tenant,
        )
        await self._records.add(row)
        return NewSession(token=token, expires_at=row.expires_at, signed_in=_signed_in(row))

    async def signed_in(self, token: str) -> SignedIn:
        """Whose session `token` is; raises `not_authenticated`."""
        digest, now = self._hasher.digest(token), self._clock.now()
        row = self._known.get(digest) or await self._records.get(digest)
        if row is None or now >= row.expires_at or now - row.last_seen_at >= IDLE or not row.valid:
            raise problem("not_authenticated")
        if now - row.last_seen_at >= _SEEN_EVERY:
            await self._records.seen(digest, now)
            row = row._replace(last_seen_at=now)
        self._known[digest] = row
        return _signed_in(row)

    async def sign_out(self, token: str) -> None:
        digest = self._hasher.digest(token)
        await self._records.remove(digest)
        self._known.pop(digest, None)

    async def check_password(self, member_id: str, password: str) -> None:
        """Raise `login_failed` where it is not the member's password."""
        if not await self._hasher.verify_password(await self._records.password_of(member_id), password):
            raise problem("login_failed")

    async def set_password(self, member_id: str, password: str, *, keep: str | None = None) -> None:
        """A new password ends every session of the member but that of the token `keep`."""
        await self._records.set_password(member_id, await self._hasher.hash_password(password))
        await self._records.remove_all(member_id, but=self._hasher.digest(keep) if keep else None)
        self.forget()

    def forget(self) -> None:
        """Look every session up again at its next request."""
        self._known.clear()


def _signed_in(row: SessionRow) -> SignedIn:
    principal = Principal(tenant_id=row.tenant.id, member_id=row.member.id, role=row.member.role)
    return SignedIn(principal=principal, csrf=row.csrf, member=row.member, tenant=row.tenant)
