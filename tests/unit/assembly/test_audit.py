"""The ledger is audited again and again, whatever an audit finds or fails of."""

import asyncio

import pytest

from jixi.assembly.house import Audit


class Sums:
    """Sound, then broken, then away, then sound for good."""

    def __init__(self) -> None:
        self._results: list[list[str] | None] = [[], ["ten_a 2026-11 spent: 5 kept, 7 counted"], None]

    async def discrepancies(self) -> list[str]:
        await asyncio.sleep(0)
        found = self._results.pop(0) if self._results else []
        if found is None:
            raise ConnectionError
        return found


class Shown:
    def __init__(self) -> None:
        self.values: list[float] = []
        self.enough = asyncio.Event()

    def set(self, value: float) -> None:
        self.values.append(value)
        if len(self.values) == 3:
            self.enough.set()


async def test_every_audit_is_shown_and_what_it_finds_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown()
    audit = Audit(Sums(), shown, first_s=0, every_s=0)
    audit.start()
    await asyncio.wait_for(shown.enough.wait(), 10)
    await audit.close()
    assert shown.values[:3] == [0, 1, 0]
    logged = capsys.readouterr().out
    assert "ledger_unsound" in logged
    assert "5 kept, 7 counted" in logged
    assert "ledger_not_audited" in logged
