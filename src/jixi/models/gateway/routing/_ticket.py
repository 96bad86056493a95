"""What matters of a call where it waits and where it goes."""

from typing import Final
from zlib import crc32

from jixi.core.errors import JixiError
from jixi.models.engines import Profile
from jixi.models.gateway._requests import Request, check_support
from jixi.models.gateway._schemas import ChatRequest, CompletionRequest, Message

_LONGEST: Final = 2048


class Ticket:
    """`model` is the name that was asked for; calls that begin alike have the same `key`, some kinds have none."""

    __slots__ = ("_fits", "_key", "_known", "_request", "batch", "model", "tenant")

    def __init__(self, request: Request, tenant: str, *, batch: bool = False) -> None:
        self.model = request.model
        self.tenant = tenant
        self.batch = batch
        self._request = request
        self._key: int | None = None
        self._known = False
        self._fits: Profile | None = None

    def check(self, profile: Profile) -> None:
        """Raises why an engine of that profile must not get the call."""
        if profile is not self._fits:
            check_support(self._request, profile)
            self._fits = profile

    def fits(self, profile: Profile) -> bool:
        """Whether an engine of that profile may get the call."""
        if profile is self._fits:
            return True
        try:
            self.check(profile)
        except JixiError:
            return False
        return True

    @property
    def key(self) -> int | None:
        if not self._known:
            self._known = True
            self._key = _beginning(self._request)
        return self._key


def _beginning(request: Request) -> int | None:
    """A hash of what stays the same over the turns of a conversation: all up to the first word of its user."""
    typed = request.typed
    if isinstance(typed, ChatRequest):
        key = 0
        for message in typed.messages:
            key = crc32(_words(message)[:_LONGEST].encode(), key)
            if message.role == "user":
                break
        return key
    if isinstance(typed, CompletionRequest):
        first = request.inputs[0]
        return crc32(str(first[:_LONGEST]).encode())
    return None


def _words(message: Message) -> str:
    content = message.content
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(part.text or "" for part in content)
