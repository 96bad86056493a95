"""Several gateway processes behind one address, before one house that keeps engines, jobs, admin API and console.

Owns: starting, replacing and ending gateway processes, what they and the house tell each other, and the way of a
request from one of them to the house. Must not: answer requests itself. Tests: tests/unit/server,
tests/behaviour/test_processes.py.
"""

from jixi.server.processes._crew import Crew
from jixi.server.processes._forwarded import Forwarded, house_config
from jixi.server.processes._line import Line, streams
from jixi.server.processes._sockets import adopted, unix_listener

__all__ = ["Crew", "Forwarded", "Line", "adopted", "house_config", "streams", "unix_listener"]
