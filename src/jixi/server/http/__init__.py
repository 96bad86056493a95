"""HTTP/1.1 at the server's addresses: uvicorn's, with whole answers in one piece, and hearing that a caller has left.

Owns: how bytes become requests and answers become bytes, and when a connection rests for too long. Must not: know what
is asked or answered. Tests: tests/unit/server/test_http.py, by hand over real sockets.
"""

from jixi.server.http._connection import CALLER, WHOLE, Caller, Connection, Headers, close_resting
from jixi.server.http._departure import Departure
from jixi.server.http._headers import HEADERS, headers_of

__all__ = [
    "CALLER",
    "HEADERS",
    "WHOLE",
    "Caller",
    "Connection",
    "Departure",
    "Headers",
    "close_resting",
    "headers_of",
]
