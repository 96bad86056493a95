"""What the house says about itself: structured logs.

Owns: the set-up of logging. Must not: know any room or hold prompts, keys or passwords.
Rooms log with `structlog.get_logger()` and event names in the past tense (`engine_started`).
Tests: tests/unit/telemetry.
"""

from jixi.telemetry._logs import configure_logs

__all__ = ["configure_logs"]
