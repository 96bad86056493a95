"""What the room needs of governance and of the fleet; assembly hands it in."""

from typing import NamedTuple, Protocol

from jixi.core.principal import Principal


class Callers(Protocol):
    async def __call__(self, tenant_id: str, member_id: str, key_id: str | None) -> Principal:
        """Who made a batch, as they stand now.

        Raises `api_key_revoked`, `api_key_expired`, `tenant_suspended`, `member_disabled`, or `not_authenticated` where
        a member may not sign in any more.
        """
        ...


class Places(NamedTuple):
    """How many calls a model takes at once, and how many it is working on."""

    limit: int
    in_flight: int


class PlacesOf(Protocol):
    def __call__(self, model: str) -> Places | None:
        """None where nobody here can tell."""
        ...
