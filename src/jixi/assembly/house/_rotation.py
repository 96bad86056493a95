"""A new key for the vault, and every sealed secret under it."""

from typing import NamedTuple, Protocol

from jixi.assembly.house._house import database_of, make_responses
from jixi.assembly.house._outside import open_vault
from jixi.assembly.settings import Settings
from jixi.core.clock import SystemClock
from jixi.governance.audit import Traces
from jixi.models.answers import KeptAnswers
from jixi.models.providers import Providers
from jixi.models.sources.outside import Egress


class Rotated(NamedTuple):
    """The new key's id, how many secrets were sealed anew, and how many older keys are gone from the file."""

    key_id: str
    resealed: int
    dropped: int


class _Holder(Protocol):
    async def rewrap(self) -> int:
        """Seal what it keeps under the vault's newest key; returns how many were not."""
        ...


async def rotate_vault(settings: Settings, *, drop_old: bool) -> Rotated:
    """Add a key, seal everything under it, and then, if asked, drop the older ones. Servers may run meanwhile.

    Raises `vault_key_unusable`, and `secret_unreadable` where a credential was sealed under a key that is lost: then
    nothing is dropped. Prompts and answers of such a key are lost already, and hold nothing up.
    """
    vault, database = open_vault(settings), database_of(settings)
    try:
        key_id = vault.add_key()
        clock = SystemClock()
        holders: list[_Holder] = [
            Providers(database, clock, vault, Egress()),
            Traces(database, clock, vault),
            make_responses(settings, database, vault, clock),
            KeptAnswers(database, vault),
        ]
        resealed = 0
        while (count := sum([await each.rewrap() for each in holders])) > 0:
            resealed += count
        return Rotated(key_id, resealed, vault.drop_old_keys() if drop_old else 0)
    finally:
        await database.close()
