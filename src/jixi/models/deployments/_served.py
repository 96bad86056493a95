"""`Served`: a deployment as it is told to other processes of this machine."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.models.deployments._spec import State
from jixi.models.engines import Profile

_FULL: Final = frozenset({"no_room", "no_node_fits"})


class Way(Struct, frozen=True):
    """The address of the engine of one replica, and what requests for each of its names say to it."""

    socket: str
    port: int | None = None
    key: str = ""
    host: str = ""
    asks: dict[str, dict[str, bytes]] = {}


class Served(Struct, frozen=True, kw_only=True):
    """What is needed to list it and to send it calls. `ways` are those to its replicas that take calls; `awaited`:
    there is none now, and calls wait for one rather than be refused. `reason` is the code of why it is in its state.
    """

    name: str
    source: str
    context: int
    parallel: int
    state: State
    reason: str | None = None
    since: datetime
    profile: Profile
    retry_after: int | None
    awaited: bool = False
    ways: tuple[Way, ...] = ()

    @property
    def kinds(self) -> frozenset[Scope]:
        return self.profile.kinds

    def refusal(self) -> JixiError:
        """Of a call for which there is no way: `model_unavailable`, in words that tell what helps."""
        return problem("model_unavailable", model=self.name, state=self._told(), retry_after=self.retry_after)

    def _told(self) -> str:
        if self.state == "pending" and self.reason in _FULL:
            return "waiting for room"
        if self.state == "stopped" and self.reason == "idle":
            return "asleep"
        # Its replicas serve, but none of them this name any more, or yet.
        return "being replaced" if self.state == "ready" else self.state
