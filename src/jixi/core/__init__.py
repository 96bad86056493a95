"""The ground that every room stands on: ids, errors, clock, money, usage, principal, the ports, Registry.

Owns: the value types that cross rooms and the catalogue of problems. Must not: import anything of ours, do I/O.
Import its modules by name (`from jixi.core.errors import problem`). Tests: tests/unit/core.
"""
