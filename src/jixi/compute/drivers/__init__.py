"""Drivers: the one place that starts programs, and keeps hold of them until they have ended.

Owns: `Driver`, `Process`, `Command` and the driver for this machine. Must not: know what the programs do.
Tests: tests/contract (every driver), tests/unit/compute.
"""

from jixi.compute.drivers._process import ProcessDriver
from jixi.compute.drivers._protocol import Command, Driver, Process

__all__ = ["Command", "Driver", "Process", "ProcessDriver"]
