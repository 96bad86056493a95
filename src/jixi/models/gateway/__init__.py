"""The gateway: one door through which every call reaches a model, whoever makes it.

Owns: the reading of requests, admission, the way to the engine and back, and when a call is charged. Must not: know
HTTP's headers or frameworks, keep money or rights itself (it is handed Gate and Meter), run models.
Tests: tests/unit/gateway, tests/behaviour.
"""

from jixi.models.gateway._faults import openai_error
from jixi.models.gateway._gateway import ByteStream, Call, Gateway, Model, Reply
from jixi.models.gateway._ports import Limits, Listing, Replica, Router, Spec
from jixi.models.gateway._requests import PATHS, request_schemas

__all__ = [
    "PATHS",
    "ByteStream",
    "Call",
    "Gateway",
    "Limits",
    "Listing",
    "Model",
    "Replica",
    "Reply",
    "Router",
    "Spec",
    "openai_error",
    "request_schemas",
]
