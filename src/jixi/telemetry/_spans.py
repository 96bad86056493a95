"""Spans for OpenTelemetry: sent to the operator's collector by OTLP over HTTP, a second later and many at a time."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

import structlog

from jixi.core.tasks import end_task
from jixi.core.trace import CallTrace

_log = structlog.get_logger()
_GATHER_S: Final = 1.0
_TIMEOUT_S: Final = 10.0
_LAST_S: Final = 3.0
_AT_ONCE: Final = 256
_WAITING: Final = 4096


class SpanExport:
    """Exports the spans of every call to `endpoint`, an address of OTLP/HTTP. Loads OpenTelemetry, so make one only
    where spans are wanted. A collector that is away costs spans, which are counted, and nothing else. `sources` names
    who runs each target.
    """

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], sources: Callable[[], Mapping[str, str]]
    ) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult

        from jixi.telemetry._span_tree import SpanTree

        # The exporter speaks of every failed try; one line of ours for each batch says it once.
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        self._exporter = OTLPSpanExporter(
            endpoint=traces_address(endpoint), headers=headers, timeout=_TIMEOUT_S
        )
        self._good = SpanExportResult.SUCCESS
        self._tree = SpanTree(version("jixi"))
        self._pool = ThreadPoolExecutor(1, "spans")
        self._sources = sources
        self._waiting: list[CallTrace] = []
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="spans")

    async def close(self) -> None:
        """Send what is left, within a moment, then stop."""
        await end_task(self._task)
        self._task = None
        try:
            async with asyncio.timeout(_LAST_S):
                await self._export()
        except TimeoutError:
            _log.warning("spans_not_exported", calls=len(self._waiting))
        self._exporter.shutdown()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def take(self, traces: Sequence[CallTrace]) -> None:
        """The port of the observer: note what is to be sent."""
        room = _WAITING - len(self._waiting)
        self.dropped += max(0, len(traces) - room)
        self._waiting += traces[:room]
        self._some.set()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            await asyncio.sleep(_GATHER_S)
            await self._export()

    async def _export(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            some, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            if not await loop.run_in_executor(self._pool, self._send, some, self._sources()):
                self.dropped += len(some)
                _log.warning("spans_not_exported", calls=len(some))

    def _send(self, traces: Sequence[CallTrace], sources: Mapping[str, str]) -> bool:
        """In a thread: the exporter waits for the collector, and for a while for one that is away."""
        spans = [span for trace in traces for span in self._tree.spans(trace, sources)]
        return not spans or self._exporter.export(spans) is self._good


def traces_address(endpoint: str) -> str:
    """The address that takes traces: the one given, or its usual path below a host alone."""
    return f"{endpoint.rstrip('/')}/v1/traces" if urlsplit(endpoint).path in ("", "/") else endpoint
