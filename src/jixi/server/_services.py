"""What the handlers of the admin API are handed."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from jixi.assembly import House
from jixi.server._authenticate import Authenticator
from jixi.server._once import Once
from jixi.server._throttle import Throttle


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The house, and what the server adds to it."""

    house: House
    authenticate: Authenticator
    throttle: Throttle
    once: Once


def services_of(request: Request) -> Services:
    """The services of the app that answers `request`."""
    return request.app.state.services


def _house(request: Request) -> House:
    return services_of(request).house


def _throttle(request: Request) -> Throttle:
    return services_of(request).throttle


def _once(request: Request) -> Once:
    return services_of(request).once


TheHouse = Annotated[House, Depends(_house)]
TheThrottle = Annotated[Throttle, Depends(_throttle)]
TheOnce = Annotated[Once, Depends(_once)]
