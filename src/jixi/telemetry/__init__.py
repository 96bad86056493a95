"""What the house says about itself: structured logs, and metrics for Prometheus.

Owns: the set-up of logging, the names of metrics. Must not: know any room or hold prompts, keys or passwords.
Rooms log with `structlog.get_logger()` and event names in the past tense (`engine_started`).
Tests: tests/unit/telemetry.
"""

from jixi.telemetry._logs import configure_logs
from jixi.telemetry._metrics import METRICS_TYPE, CountingMeter, Metrics, Running

__all__ = ["METRICS_TYPE", "CountingMeter", "Metrics", "Running", "configure_logs"]
