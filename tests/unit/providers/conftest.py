"""Providers over a real database, and a local server that speaks as the vendors do."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from jixi.core.principal import Scope
from jixi.models.providers import Draft, ProviderModel, Providers
from jixi.models.sources.outside import Egress
from jixi.storage import Database, Vault
from tests.clocks import FrozenClock
from tests.vendors.server import Vendors, running_vendors
from tests.vendors.shapes import CREDENTIAL

Open = Callable[..., Providers]


@pytest.fixture(scope="session")
def vendors() -> Iterator[Vendors]:
    with running_vendors() as running:
        yield running


@pytest.fixture
def vault_path(tmp_path: Path) -> Path:
    return tmp_path / "vault.key"


@pytest.fixture
async def open_providers(database: Database, clock: FrozenClock, vault_path: Path) -> AsyncIterator[Open]:
    """Providers as each process of a house has them: one database, one key file."""
    opened: list[Egress] = []

    def make(
        *, allowed: frozenset[str] = frozenset({"127.0.0.1"}), taken: frozenset[str] = frozenset()
    ) -> Providers:
        egress = Egress(allowed)
        opened.append(egress)
        return Providers(database, clock, Vault(vault_path), egress, lambda: taken)

    yield make
    for egress in opened:
        await egress.close()


@pytest.fixture
def draft(vendors: Vendors) -> Draft:
    return Draft(
        name="Deep",
        vendor="deepseek",
        base_url=vendors.base_url("deepseek"),
        credential=CREDENTIAL,
        models=[model("deep-chat")],
    )


def model(name: str, **fields: object) -> ProviderModel:
    values = {"upstream": "deepseek-chat", "kinds": frozenset({Scope.CHAT}), "context": 64_000}
    return ProviderModel(**{"name": name, **values, **fields})  # type: ignore[arg-type]
