"""What the house says about itself: structured logs, metrics for Prometheus, spans for OpenTelemetry, live traffic.

Owns: the set-up of logging, the names of metrics and spans, the way of a trace off the hot path to whoever takes it.
Must not: know any room or hold prompts, keys or passwords.
Rooms log with `structlog.get_logger()` and event names in the past tense (`engine_started`).
Tests: tests/unit/telemetry.
"""

from jixi.telemetry._call_log import CallLog
from jixi.telemetry._context import Contexts
from jixi.telemetry._logs import configure_logs
from jixi.telemetry._merge import merged_metrics
from jixi.telemetry._metrics import METRICS_TYPE, CountingMeter, Metrics, Running, RunningReplica, Target
from jixi.telemetry._observer import CallObserver, Sink
from jixi.telemetry._spans import SpanExport
from jixi.telemetry._traffic import Second, Tally, Traffic, tallied

__all__ = [
    "METRICS_TYPE",
    "CallLog",
    "CallObserver",
    "Contexts",
    "CountingMeter",
    "Metrics",
    "Running",
    "RunningReplica",
    "Second",
    "Sink",
    "SpanExport",
    "Tally",
    "Target",
    "Traffic",
    "configure_logs",
    "merged_metrics",
    "tallied",
]
