"""The typed Python SDK of the admin API. It speaks `wire` and nothing else of ours.

Owns: the calls, their types and their errors. Must not: know the server's inside, read files or variables.
Tests: tests/behaviour/test_cli_remote.py, against a running server.
"""

from jixi.client._client import ApiError, Client

__all__ = ["ApiError", "Client"]
