"""Calls from several real processes that reach for the same limit at once: how many each of them gets through.

`python -m tests.contenders URL` is one such process: a ledger of its own on the database, told what to do line by line.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from types import TracebackType
from typing import Any, Final, Self

from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Reservation, Settlement
from jixi.core.principal import Principal, Role, Scope
from jixi.core.usage import Usage
from jixi.governance.ledger import Ledger, Limits, LimitValues
from jixi.storage import Database
from tests.clocks import FrozenClock

MOST_TOKENS: Final = 200
AMOUNT: Final = 300
ROOM_FOR_FIFTY: Final = {
    "money a month": LimitValues(monthly_micros=50 * AMOUNT + AMOUNT - 1),
    "money a day": LimitValues(daily_micros=50 * AMOUNT + AMOUNT - 1),
    "concurrency": LimitValues(concurrency=50),
    "requests": LimitValues(requests_per_minute=50),
    "tokens": LimitValues(tokens_per_minute=50 * MOST_TOKENS + MOST_TOKENS - 1),
}
"""Limits that let exactly fifty calls of a contender through."""
SCOPES: Final = ("tenant", "member", "key", "model")
_SETTLED: Final = Settlement(outcome="ok", usage=Usage(input_tokens=10, output_tokens=20))


class Contenders:
    """Processes that wait for the word. They end, and are killed where they do not, when the block is left."""

    def __init__(self, database_url: str, processes: int = 4) -> None:
        command = [sys.executable, "-m", "tests.contenders", database_url]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        for process in self.processes:
            self._hear(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            if process.stdin is not None and process.poll() is None:
                process.stdin.close()
        for process in self.processes:
            try:
                process.wait(10)
            finally:
                process.kill()
                if process.stdout is not None:
                    process.stdout.close()

    def reach(self, tenant: str, calls: int) -> Counter[str]:
        """Let each process make so many calls at once, all at the same time; "held" or the code of the refusal."""
        return sum((Counter(each) for each in self._all("reach", tenant, calls)), Counter[str]())

    def settle(self) -> None:
        """Let each process settle what it holds."""
        self._all("settle", "", 0)

    def _all(self, verb: str, tenant: str, calls: int) -> list[Any]:
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(json.dumps([verb, tenant, calls]) + "\n")
            process.stdin.flush()
        return [self._hear(process) for process in self.processes]

    def _hear(self, process: "subprocess.Popen[str]") -> Any:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "a contender has died"
        return json.loads(line)


async def contend(
    database: Database, contenders: Contenders, *, tenant: str, room: str, scope: str, calls: int = 50
) -> Counter[str]:
    """Set the limit `room` on a scope of a fresh tenant and let every process reach for it; what became of it."""
    scope_id = {"tenant": tenant, "member": f"mem_{tenant}", "key": f"key_{tenant}", "model": "model:m"}[
        scope
    ]
    await Limits(database, FrozenClock()).put(tenant, scope_id, ROOM_FOR_FIFTY[room])
    outcomes = await asyncio.to_thread(contenders.reach, tenant, calls)
    await asyncio.to_thread(contenders.settle)
    return outcomes


async def priced(database: Database) -> None:
    """A price for the model that contenders call: `AMOUNT` micro-units for `MOST_TOKENS`."""
    await Ledger(database, FrozenClock()).prices.set_price(
        "m",
        "CNY",
        input_micros=1_000_000,
        cached_input_micros=500_000,
        output_micros=2_000_000,
        member_id=None,
    )


class _Contender:
    def __init__(self, ledger: Ledger, name: str) -> None:
        self._ledger = ledger
        self._name = name
        self._made = 0
        self._holds: list[Hold] = []

    async def reach(self, tenant: str, calls: int) -> dict[str, int]:
        return Counter(await asyncio.gather(*(self._call(tenant) for _ in range(calls))))

    async def settle(self, _tenant: str, _calls: int) -> dict[str, int]:
        await asyncio.gather(*(self._ledger.settle(hold, _SETTLED) for hold in self._holds))
        self._holds.clear()
        return {}

    async def _call(self, tenant: str) -> str:
        self._made += 1
        try:
            hold = await self._ledger.reserve(_reservation(tenant, f"req_{self._name}_{self._made}"))
        except JixiError as error:
            return error.code
        self._holds.append(hold)
        return "held"


def _reservation(tenant: str, request_id: str) -> Reservation:
    caller = Principal(
        tenant_id=tenant, member_id=f"mem_{tenant}", role=Role.DEVELOPER, key_id=f"key_{tenant}"
    )
    return Reservation(
        request_id=request_id,
        principal=caller,
        model="m",
        kind=Scope.CHAT,
        max_input_tokens=MOST_TOKENS // 2,
        max_output_tokens=MOST_TOKENS // 2,
        stream=False,
    )


async def _main(database_url: str) -> None:
    database = Database(database_url)
    ledger = Ledger(database, FrozenClock())
    await ledger.start()
    contender = _Contender(ledger, str(os.getpid()))
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, tenant, calls = json.loads(line)
        answer = await getattr(contender, verb)(tenant, calls)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    await ledger.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
