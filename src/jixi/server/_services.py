"""What the handlers of the admin API are handed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from jixi.assembly.house import House
from jixi.server._authenticate import Authenticator
from jixi.server._ending import Ending
from jixi.server._listeners import Listeners
from jixi.server._once import Once
from jixi.server._throttle import Throttle

MetricsElsewhere = Callable[[], Awaitable[Mapping[str, bytes]]]
"""The metrics of the server's other processes, by their names."""


async def nowhere() -> Mapping[str, bytes]:
    """Where there are no other processes."""
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The house, and what the server adds to it."""

    house: House
    authenticate: Authenticator
    throttle: Throttle
    once: Once
    ending: Ending
    listeners: Listeners
    metrics_elsewhere: MetricsElsewhere
    printing: asyncio.Lock
    """Held while a plan becomes a file: that is seconds of a processor, and many at once would keep calls waiting."""


def services_of(request: Request) -> Services:
    """The services of the app that answers `request`."""
    return request.app.state.services


def _house(request: Request) -> House:
    return services_of(request).house


def _throttle(request: Request) -> Throttle:
    return services_of(request).throttle


def _once(request: Request) -> Once:
    return services_of(request).once


def _printing(request: Request) -> asyncio.Lock:
    return services_of(request).printing


def _ending(request: Request) -> Ending:
    return services_of(request).ending


TheHouse = Annotated[House, Depends(_house)]
TheThrottle = Annotated[Throttle, Depends(_throttle)]
TheOnce = Annotated[Once, Depends(_once)]
ThePrinting = Annotated[asyncio.Lock, Depends(_printing)]


def _metrics_elsewhere(request: Request) -> MetricsElsewhere:
    return services_of(request).metrics_elsewhere


TheEnding = Annotated[Ending, Depends(_ending)]
TheMetricsElsewhere = Annotated[MetricsElsewhere, Depends(_metrics_elsewhere)]
