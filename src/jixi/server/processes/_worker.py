"""The program of a gateway process: it is told by its house what to serve, and ends with it."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog
import uvloop

from jixi.assembly.house import Front, open_front
from jixi.assembly.settings import Settings
from jixi.core.trace import CallTrace
from jixi.server._ending import Ending
from jixi.server._listener import Listener, config_of
from jixi.server._memory import settle_memory
from jixi.server._stop import Stop, handled
from jixi.server.app import create_model_app, render_problem
from jixi.server.processes._forward import Forward
from jixi.server.processes._line import Line, streams
from jixi.server.processes._messages import (
    Ask,
    Begin,
    End,
    Ended,
    Metrics,
    Report,
    Serving,
    Table,
    ToGateway,
    Wake,
)
from jixi.server.processes._sockets import adopted
from jixi.telemetry import configure_logs, tallied

_REPORT_EVERY_S: Final = 0.5


def main() -> None:
    """Serve until told to end, until a signal, or until the house has gone."""
    # The house is told by a hang-up to replace its processes; a process has nobody to replace.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    line, *listening = map(int, sys.argv[1:])
    uvloop.run(_run(line, listening))


async def _run(descriptor: int, listening: list[int]) -> None:
    stop = Stop()
    with handled({signal.SIGTERM: stop.force}):
        try:
            line = Line[ToGateway](*await streams(adopted(descriptor)), ToGateway)
            messages = line.messages()
            begin = await anext(messages)
            if isinstance(begin, Begin):
                await _serve(begin, line, messages, [adopted(each) for each in listening], stop)
        except asyncio.CancelledError:
            if not stop.is_why():
                raise


async def _serve(begin: Begin, line: Line[ToGateway], messages: Any, sockets: list[Any], stop: Stop) -> None:
    settings = Settings(**begin.settings)
    configure_logs(json=settings.log_format == "json" or not sys.stderr.isatty(), level=settings.log_level)
    ending = Ending()
    async with (
        open_front(
            settings, _Relay(line), writer=None if begin.writer is None else Path(begin.writer)
        ) as front,
        Forward(Path(begin.socket), ending, render_problem) as forward,
    ):
        ending.on_cut = front.gateway.interrupt
        front.fleet.ask = lambda model: line.send(Wake(model))
        app = create_model_app(front, ending, forward)
        listener = Listener(
            config_of(settings, app),
            sockets,
            ending,
            settings.drain_s,
            partial(_begin, line),
            lambda: front.gateway.draining,
        )
        hearing = asyncio.create_task(_hear(front, line, messages, stop))
        reporting = asyncio.create_task(_report(front, line))
        stop.answered_by(listener.end)
        try:
            await listener.run_until_ended()
        finally:
            hearing.cancel()
            reporting.cancel()


def _begin(line: Line[ToGateway]) -> None:
    settle_memory()
    line.send(Serving(version("jixi")))


class _Relay:
    """Tells the house of every call, so that its live view shows those of all processes, while the house listens."""

    def __init__(self, line: Line[ToGateway]) -> None:
        self._line = line

    def take(self, traces: Sequence[CallTrace]) -> None:
        self._line.mention(Ended(tallied(traces)))


async def _hear(front: Front, line: Line[ToGateway], messages: Any, stop: Stop) -> None:
    """Do what the house says; where it is gone, there are no engines either: end at once."""
    async for message in messages:
        match message:
            case Table():
                front.fleet.update(message.served)
                front.gateway.look()
                await _refresh(front)
            case Ask():
                line.send(Metrics(front.seen.metrics.render()))
            case End():
                stop.force()
            case _:
                structlog.get_logger().error("message_not_understood", kind=type(message).__name__)
    stop.force()
    stop.force()


async def _refresh(front: Front) -> None:
    """Whatever becomes of it, the house must be heard on; the ledger looks again by itself every few seconds."""
    try:
        await front.ledger.prices.refresh()
    except Exception as error:  # noqa: BLE001  (a database that is away for a moment must not make us deaf)
        structlog.get_logger().error("prices_not_refreshed", error=type(error).__name__)


async def _report(front: Front, line: Line[ToGateway]) -> None:
    while True:
        await asyncio.sleep(_REPORT_EVERY_S)
        running, routes = front.seen.traffic.running(), front.gateway.routes()
        line.mention(Report(front.fleet.work(), running, routes))
        await front.fleet.tidy()
