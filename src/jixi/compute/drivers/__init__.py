"""Drivers: the one place that starts programs, and keeps hold of them until they have ended.

Owns: `Driver`, `Process`, `Command` and the driver for this machine; that for a Ray cluster is the room `ray`, which
stands on the inventory as well. Must not: know what the programs do.
Tests: tests/contract (every driver), tests/unit/compute.
"""

from jixi.compute.drivers._leashed import leashed
from jixi.compute.drivers._output import output_of
from jixi.compute.drivers._process import ProcessDriver
from jixi.compute.drivers._protocol import NO_NEEDS, Command, Driver, Given, Needs, Order, Process, Site, Spot

__all__ = [
    "NO_NEEDS",
    "Command",
    "Driver",
    "Given",
    "Needs",
    "Order",
    "Process",
    "ProcessDriver",
    "Site",
    "Spot",
    "leashed",
    "output_of",
]
