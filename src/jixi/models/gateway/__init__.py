"""The gateway: one door through which every call reaches a model, whoever makes it.

Owns: the reading of requests, admission, the way to the engine and back, and when a call is charged. Must not: know
HTTP's headers or frameworks, keep money or rights itself (it is handed Gate and Meter), run models.
Tests: tests/unit/gateway, tests/behaviour.
"""

from jixi.models.gateway._call import ByteStream, Call, Model, Reply
from jixi.models.gateway._counting import Count
from jixi.models.gateway._faults import openai_error, untellable
from jixi.models.gateway._gateway import Gateway
from jixi.models.gateway._ports import Client, Limits, Listing, Replica, Response, Router, Spec, Teller
from jixi.models.gateway._prepaid import Conclude, Concluded, Cover, PrepaidMeter
from jixi.models.gateway._requests import PATHS, request_schemas
from jixi.models.gateway._sse import FrameReader
from jixi.models.gateway.routing import (
    Alias,
    AliasBook,
    Aliases,
    Canary,
    Fallback,
    Part,
    ReplicaNow,
    RouteNow,
    Target,
)

__all__ = [
    "PATHS",
    "Alias",
    "AliasBook",
    "Aliases",
    "ByteStream",
    "Call",
    "Canary",
    "Client",
    "Conclude",
    "Concluded",
    "Count",
    "Cover",
    "Fallback",
    "FrameReader",
    "Gateway",
    "Limits",
    "Listing",
    "Model",
    "Part",
    "PrepaidMeter",
    "Replica",
    "ReplicaNow",
    "Reply",
    "Response",
    "RouteNow",
    "Router",
    "Spec",
    "Target",
    "Teller",
    "openai_error",
    "request_schemas",
    "untellable",
]
