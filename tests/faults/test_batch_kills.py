"""A batch whose server is killed amid its lines: each line is answered once and paid for once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.batch_kills import discrepancies, survive


@pytest.mark.timeout(3600)
async def test_a_batch_survives_kills_with_every_line_answered_and_paid_for_once(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    kills = sized(1, 50)
    outcomes = survive(tmp_path, kills)
    report(f"{kills} kills, attempts {dict(outcomes)}")
    assert outcomes["interrupted"] > 0, "no kill hit a line on its way"
    assert await discrepancies(tmp_path) == []
