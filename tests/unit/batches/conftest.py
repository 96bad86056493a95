from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jixi.storage import Database
from tests.unit.batches.works import Works, works


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[Works]:
    async with works(database, tmp_path) as made:
        yield made
