"""The driver for the machines of a Ray cluster, and what it asks of them.

Owns: `RayDriver`, the process that belongs to the cluster for it, and its actors: one a program, and one a machine that
reads what is in use there. Must not: be imported where programs are started on this machine alone.
Tests: tests/contract/test_drivers.py, tests/unit/compute/test_ray.py.
"""

from jixi.compute.drivers.ray._driver import RayDriver

__all__ = ["RayDriver"]
