"""What leads out of the house: the egress client, the vault of credentials, and the providers behind them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from typing import Final, NamedTuple

from jixi.assembly.settings import Settings
from jixi.core.clock import Clock
from jixi.models.providers import Providers
from jixi.models.sources.outside import Egress
from jixi.storage import Database, Vault

_VAULT_KEY: Final = "vault.key"


class Neighbours(NamedTuple):
    """The public names that others use, and which aliases stand for any of some models."""

    taken: Callable[[], Collection[str]]
    behind: Callable[[Collection[str]], Awaitable[Sequence[str]]]


def open_vault(settings: Settings) -> Vault:
    """The vault of providers' credentials and of all that is kept of calls; raises `vault_key_unusable`."""
    return Vault(settings.vault_key_file or settings.data_dir / _VAULT_KEY)


def open_egress(settings: Settings, stack: AsyncExitStack) -> Egress:
    """The one client for addresses outside, closed with `stack`."""
    egress = Egress(frozenset(settings.allowed_hosts_outside))
    stack.push_async_callback(egress.close)
    return egress


async def open_providers(
    settings: Settings,
    database: Database,
    clock: Clock,
    egress: Egress,
    stack: AsyncExitStack,
    neighbours: Neighbours | None = None,
) -> Providers:
    """The providers of this process, be it the house itself or one before it, which changes none."""
    known = {} if neighbours is None else neighbours._asdict()
    providers = Providers(database, clock, open_vault(settings), egress, **known)
    await providers.start()
    stack.push_async_callback(providers.close)
    return providers
