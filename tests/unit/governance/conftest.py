"""A running ledger with one priced model."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jixi.governance.ledger import Ledger
from jixi.storage import Database, Vault
from tests.clocks import FrozenClock


@pytest.fixture
async def ledger(database: Database, clock: FrozenClock) -> AsyncIterator[Ledger]:
    """Prices: 1 micro-unit for a token in, 2 for one out, half for a cached one (per token)."""
    opened = Ledger(database, clock)
    await opened.start()
    await opened.prices.set_price(
        "m",
        "CNY",
        input_micros=1_000_000,
        cached_input_micros=500_000,
        output_micros=2_000_000,
        member_id=None,
    )
    yield opened
    await opened.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault.key")
