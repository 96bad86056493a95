"""What observing costs a call: processor time for metrics, traffic and the trace store, with nothing else running.

Traces come as fast as they can be taken and as slowly as a quiet platform makes them; the trace store of the first is
a sample, of the second it is everything.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from _harness import Figures, asked, folder, say
from jixi.core.clock import SystemClock
from jixi.core.money import Price
from jixi.core.ports import Hold, Meter, Reservation, Settlement
from jixi.core.principal import Principal, Role, Scope
from jixi.core.trace import Attempt, CallTrace
from jixi.core.usage import Usage
from jixi.governance.audit import Keeping, Traces
from jixi.storage import Database, Vault, migrate
from jixi.telemetry import CallObserver, CountingMeter, Metrics, Sink, Traffic

CALLER = Principal(tenant_id="ten_a", member_id="mem_a", role=Role.DEVELOPER, key_id="key_a")
BATCH = 1000


def call(number: int) -> CallTrace:
    return CallTrace(
        request_id=f"req_{number:026}",
        principal=CALLER,
        kind=Scope.CHAT,
        model=f"model-{number % 5}",
        target=f"model-{number % 5}",
        stream=True,
        began_at=datetime.now(UTC),
        marks={
            "authorised": 0.1,
            "reserved": 2.3,
            "dispatched": 2.4,
            "first_token": 40.1,
            "last_token": 420.5,
            "settled": 423.7,
        },
        attempts=[
            Attempt(
                target=f"model-{number % 5}",
                started_ms=2.4,
                first_token_ms=40.1,
                ended_ms=420.5,
                status=200,
            )
        ],
        usage=Usage(input_tokens=50, output_tokens=100),
        cost_micros=125,
        currency="CNY",
    )


async def cost_us(sinks: list[Sink], calls: int, flush: Callable[[], object] | None = None) -> float:
    """Processor time of this process, threads included, for one call; making the trace is not counted."""
    observer = CallObserver(sinks, waiting=calls)
    traces = [call(number) for number in range(calls)]
    began = time.process_time()
    for start in range(0, calls, BATCH):
        for trace in traces[start : start + BATCH]:
            observer.finished(trace)
        await observer.close()
        if flush is not None:
            made = flush()
            if asyncio.iscoroutine(made):
                await made
    return (time.process_time() - began) / calls * 1e6


async def store(home: Path, name: str, keeping: Keeping) -> Traces:
    database = Database(f"sqlite:///{home / name}.db")
    await asyncio.to_thread(migrate, database)
    return Traces(database, SystemClock(), Vault(home / "vault.key"), keeping)


def hand_over_us(calls: int) -> float:
    """What the call itself waits for: the append."""
    observer = CallObserver([], waiting=calls)
    traces = [call(number) for number in range(calls)]
    began = time.process_time()
    for trace in traces:
        observer.finished(trace)
    return (time.process_time() - began) / calls * 1e6


class Free:
    """A meter that costs nothing, in either sense."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold

    async def reserve(self, reservation: Reservation) -> Hold:
        return self._hold

    async def settle(self, hold: Hold, settlement: Settlement) -> int:
        return 7

    async def tally(self, principal: Principal, model: str) -> None:
        pass

    def progress(self, hold: Hold, usage: Usage, target: str | None = None) -> None:
        pass


def a_hold() -> Hold:
    reservation = Reservation(
        request_id="req_1",
        principal=CALLER,
        model="model-0",
        kind=Scope.CHAT,
        max_input_tokens=1,
        max_output_tokens=1,
        stream=True,
    )
    price = Price(
        model="model-0", currency="CNY", input_micros=1, cached_input_micros=1, output_micros=1, version=1
    )
    return Hold(reservation=reservation, price=price, amount_micros=9, opened_at=datetime.now(UTC))


async def metered_us(meter: Meter, hold: Hold, calls: int) -> float:
    settlement = Settlement(
        outcome="ok",
        usage=Usage(input_tokens=50, output_tokens=100),
        first_token_ms=40,
        duration_ms=420,
    )
    began = time.process_time()
    for _ in range(calls):
        await meter.settle(await meter.reserve(hold.reservation), settlement)
    return (time.process_time() - began) / calls * 1e6


async def counting_us(metrics: Metrics, traffic: Traffic, calls: int) -> float:
    """What counting adds to the two verbs of the ledger; the call waits for this."""
    hold = a_hold()
    free = Free(hold)
    return await metered_us(CountingMeter(free, metrics, traffic), hold, calls) - await metered_us(
        free, hold, calls
    )


async def measure(home: Path, calls: int) -> dict[str, float]:
    clock = SystemClock()
    defaults = await store(home, "defaults", Keeping())
    everything = await store(home, "everything", Keeping(per_second=100_000))
    metrics, traffic = Metrics(list), Traffic(clock)
    await cost_us([metrics, traffic], BATCH)
    return {
        "counting at the ledger": await counting_us(metrics, traffic, calls),
        "handing over": hand_over_us(calls),
        "metrics": await cost_us([metrics], calls),
        "traffic": await cost_us([traffic], calls),
        "defaults, busy": await cost_us([metrics, traffic, defaults], calls, defaults.write),
        "defaults, every trace kept": await cost_us([metrics, traffic, everything], calls, everything.write),
    }


def main() -> None:
    is_quick = asked("What observing costs a call.").quick
    figures = Figures()
    with folder() as home:
        found = asyncio.run(measure(home, 10_000 if is_quick else 50_000))
    for name, value in found.items():
        say(f"{name}: {value:.1f} us of processor time for a call")
    most = found["counting at the ledger"] + found["handing over"] + found["defaults, every trace kept"]
    figures.add("observation_us_per_call", most, "<=", 25)
    figures.print()


if __name__ == "__main__":
    main()
