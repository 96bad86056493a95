"""Every call reaches every sink; what does not fit is dropped and counted, and nothing ever waits or raises."""

import asyncio
from collections.abc import Sequence
from time import monotonic

import pytest

from jixi.core.trace import CallTrace
from jixi.telemetry import CallObserver
from tests.traces import call


class Sink:
    def __init__(self) -> None:
        self.taken: list[str] = []
        self.some = asyncio.Event()

    def take(self, traces: Sequence[CallTrace]) -> None:
        self.taken += [trace.request_id for trace in traces]
        self.some.set()


class Broken:
    def take(self, traces: Sequence[CallTrace]) -> None:
        raise RuntimeError("no room")


async def test_every_call_reaches_every_sink_in_order_without_anyone_waiting() -> None:
    sinks = [Sink(), Sink()]
    observer = CallObserver(sinks)
    observer.start()
    names = [f"req_{number}" for number in range(500)]
    for name in names:
        observer.finished(call(name))
    assert [sink.taken for sink in sinks] == [[], []]
    await asyncio.wait_for(sinks[1].some.wait(), 5)
    await observer.close()
    assert [sink.taken for sink in sinks] == [names, names]
    assert observer.dropped == 0


async def test_what_does_not_fit_is_dropped_and_counted() -> None:
    sink = Sink()
    observer = CallObserver([sink], waiting=3)
    for number in range(5):
        observer.finished(call(f"req_{number}"))
    await observer.close()
    assert sink.taken == ["req_0", "req_1", "req_2"]
    assert observer.dropped == 2


async def test_a_sink_that_fails_loses_its_traces_and_no_other_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sink = Sink()
    observer = CallObserver([Broken(), sink])
    observer.start()
    observer.finished(call("req_1"))
    await asyncio.wait_for(sink.some.wait(), 5)
    sink.some.clear()
    observer.finished(call("req_2"))
    await asyncio.wait_for(sink.some.wait(), 5)
    await observer.close()
    assert sink.taken == ["req_1", "req_2"]
    assert "traces_not_taken" in capsys.readouterr().out


async def test_calls_get_their_turn_while_many_traces_are_handed_on() -> None:
    class Slow(Sink):
        def take(self, traces: Sequence[CallTrace]) -> None:
            end = monotonic() + 0.0005 * len(traces)
            while monotonic() < end:
                pass
            super().take(traces)

    sink = Slow()
    observer = CallObserver([sink])
    for number in range(640):
        observer.finished(call(f"req_{number}"))
    closing = asyncio.create_task(observer.close())
    turns = 0
    while not closing.done():
        turns += 1
        await asyncio.sleep(0)
    assert len(sink.taken) == 640
    assert turns >= 10
