"""Routing: where a call goes, where it waits, and where it goes after a failure.

Owns: aliases, the choice among targets and replicas, the line before them, circuit breakers, retries and their
budget. Must not: read or write a byte of a call's way to an engine, know money. A part of the gateway, and used by
it alone. Tests: tests/unit/gateway/routing.
"""

from jixi.models.gateway.routing._alias import Alias, Canary, FailureClass, Fallback, Target
from jixi.models.gateway.routing._aliases import Aliases
from jixi.models.gateway.routing._breaker import Breaker
from jixi.models.gateway.routing._everywhere import Everywhere
from jixi.models.gateway.routing._journey import Failed, Journey, Step
from jixi.models.gateway.routing._lane import Lane, Place
from jixi.models.gateway.routing._line import FairLine
from jixi.models.gateway.routing._retries import Pause, RetryBudget, back_off
from jixi.models.gateway.routing._routes import (
    AliasBook,
    NoAliases,
    Part,
    ReplicaNow,
    RouteNow,
    Routes,
    state_of,
)
from jixi.models.gateway.routing._ticket import Ticket
from jixi.models.gateway.routing._waking import Waking

__all__ = [
    "Alias",
    "AliasBook",
    "Aliases",
    "Breaker",
    "Canary",
    "Everywhere",
    "Failed",
    "FailureClass",
    "FairLine",
    "Fallback",
    "Journey",
    "Lane",
    "NoAliases",
    "Part",
    "Pause",
    "Place",
    "ReplicaNow",
    "RetryBudget",
    "RouteNow",
    "Routes",
    "Step",
    "Target",
    "Ticket",
    "Waking",
    "back_off",
    "state_of",
]
