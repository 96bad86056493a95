"""`ProviderClient`: one outside model, for the gateway an engine like any other."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, NoReturn

import msgspec

from jixi.core.errors import JixiError, problem
from jixi.core.usage import Usage
from jixi.models.engines import EngineConnectionError
from jixi.models.providers._health import Health
from jixi.models.providers._media import SPEECH, is_words, minds_format
from jixi.models.providers._vendor import Refusal, Target, Translation, Vendor
from jixi.models.sources.outside import Egress, EgressError, EgressResponse

_OK: Final = 200
_MOST_WORDS: Final = 64 * 1024
_STATUSES: Final = {"rate": 429, "overloaded": 503, "context": 400, "request": 400, "failure": 502}
_MEANINGFUL: Final = (501, 503)
_LONGEST_WAIT: Final = 3600


class PassedOn:
    """A good answer whose bytes are in OpenAI's form, or are brought into it by a translation."""

    __slots__ = ("_ended", "_health", "_inner", "_translation", "headers", "status")

    def __init__(self, inner: EgressResponse, translation: Translation | None, health: Health) -> None:
        self.status = inner.status
        self.headers: Mapping[str, str] = inner.headers
        self._inner = inner
        self._translation = translation
        self._health = health
        self._ended = translation is None

    @property
    def finished(self) -> bool:
        return self._ended and self._inner.finished

    async def read(self) -> bytes:
        try:
            body = await self._inner.read()
        except EgressError as error:
            self._cut(error)
        if self._translation is None:
            return body
        try:
            return self._translation.whole(body)
        except (ValueError, RecursionError) as error:
            self._garbled(error)

    def take(self) -> bytes:
        block = self._inner.take()
        if self._translation is None:
            return block
        try:
            if block:
                return self._translation.feed(block)
            if not self._ended and self._inner.finished:
                self._ended = True
                return self._translation.end()
        except (ValueError, RecursionError) as error:
            self._garbled(error)
        return b""

    async def arrival(self) -> None:
        try:
            await self._inner.arrival()
        except EgressError as error:
            self._cut(error)

    def abort(self) -> None:
        self._inner.abort()

    def _cut(self, error: EgressError) -> NoReturn:
        raise EngineConnectionError(str(error), self._used(), too_large=error.too_large) from error

    def _garbled(self, error: Exception) -> NoReturn:
        raise EngineConnectionError("the provider's answer makes no sense", self._used()) from error

    def _used(self) -> Usage | None:
        return self._translation.used if self._translation is not None else None


class Refused(NamedTuple):
    """An answer that is no success, in OpenAI's form and without what is not the caller's business."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    finished: bool = True

    async def read(self) -> bytes:
        return self.body

    def take(self) -> bytes:
        return b""

    async def arrival(self) -> None:
        """Everything has arrived."""

    def abort(self) -> None:
        """Nothing is left to stop."""


class ProviderClient:
    """`model` is the public name; the vendor is asked for the target's own name for it."""

    def __init__(self, model: str, target: Target, vendor: Vendor, egress: Egress, health: Health) -> None:
        self._model = model
        self._target = target
        self._vendor = vendor
        self._egress = egress
        self._health = health

    async def died(self) -> bool:
        """Nobody tells us."""
        return False

    async def send(
        self, path: str, body: bytes = b"", *, request_id: str = "", content_type: str = "application/json"
    ) -> PassedOn | Refused:
        """POST `body`, which is in OpenAI's form, and return an answer in that form.

        Raises `EngineConnectionError`, and a problem of the catalogue where it is not the caller who can mend it.
        """
        response, refusal = await self._asked(self._target, path, body)
        if refusal is not None and not self._target.plain and minds_format(path, body, refusal):
            plain = replace(self._target, plain=True)
            response, refusal = await self._asked(plain, path, body)
            if refusal is None:
                # It is known now what this model cannot give, and asked no more.
                self._target = plain
        if refusal is None:
            if path == SPEECH and is_words(response.headers):
                response.abort()
                raise EngineConnectionError("the provider's answer is no sound")
            self._health.well()
            return PassedOn(response, self._vendor.translation(path), self._health)
        error = refusal_problem(refusal, self._model)
        if refusal.fault in ("credential", "quota", "unknown_model") and error is not None:
            self._health.failed(error)
        elif refusal.fault == "failure":
            reason = f"it answered with status {response.status}"
            self._health.stumbled(problem("provider_unreachable", model=self._model, reason=reason))
        if error is not None:
            raise error
        return self._refused(refusal, response)

    async def _asked(self, target: Target, path: str, body: bytes) -> tuple[EgressResponse, Refusal | None]:
        """The vendor's answer, and what it means where it is no success."""
        outgoing = self._vendor.request(target, path, body)
        try:
            response = await self._egress.send(outgoing.url, outgoing.body, outgoing.headers)
        except (EgressError, JixiError) as error:
            self._health.failed(unreachable(self._model, error))
            raise EngineConnectionError("the provider cannot be reached") from error
        return response, None if response.status == _OK else await self.refusal_of(response)

    async def refusal_of(self, response: EgressResponse) -> Refusal:
        """What an answer that is no success means. However long its words, only so many are read."""
        words = bytearray()
        try:
            while not response.finished and len(words) < _MOST_WORDS:
                if block := response.take():
                    words += block
                else:
                    await response.arrival()
        except EgressError:
            words.clear()
        finally:
            response.abort()
        return self._vendor.refusal(response.status, bytes(words))

    def _refused(self, refusal: Refusal, response: EgressResponse) -> Refused:
        wait = wait_of(response.headers)
        fields = {
            "message": self._safe(refusal.message),
            "type": "context_length_exceeded" if refusal.fault == "context" else refusal.fault,
            "code": "context_length_exceeded" if refusal.fault == "context" else None,
            "param": refusal.param,
        }
        body = msgspec.json.encode({"error": fields})
        headers = {"content-type": "application/json"}
        if wait is not None:
            headers["retry-after"] = str(wait)
        # A failure is told with the vendor's own status, but where that would mean something else than a failure.
        own = refusal.fault == "failure" and response.status >= 500 and response.status not in _MEANINGFUL
        return Refused(response.status if own else _STATUSES[refusal.fault], headers, body)

    def _safe(self, message: str) -> str:
        """The vendor's words without our credential, and with the model's public name."""
        if self._target.credential:
            message = message.replace(self._target.credential, "…")
        return re.sub(rf"(?<![\w.-]){re.escape(self._target.upstream)}(?![\w-])", self._model, message)


def refusal_problem(refusal: Refusal, model: str) -> JixiError | None:
    """The problem behind a refusal that the gateway cannot tell from a status alone."""
    match refusal.fault:
        case "credential":
            return problem("provider_credential_refused", model=model)
        case "quota":
            return problem("provider_quota_exhausted", model=model)
        case "unknown_model":
            return problem("provider_model_unknown", model=model)
        case "content":
            return problem("content_filter", model=model)
        case _:
            return None


def unreachable(model: str, error: EgressError | JixiError) -> JixiError:
    """Why nothing could be sent."""
    return problem("provider_unreachable", model=model, reason=str(error).rstrip("."))


def wait_of(headers: Mapping[str, str]) -> int | None:
    """Whole seconds that the vendor asks us to wait: Azure and OpenAI say milliseconds too, others a date."""
    exact, rough = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    if exact.isdecimal():
        return min(max(1, -(-int(exact) // 1000)), _LONGEST_WAIT)
    if re.fullmatch(r"\d{1,9}(\.\d+)?", rough):
        return min(max(1, -int(-float(rough) // 1)), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(rough) if rough else None
    except ValueError:
        until = None
    if until is None:
        return None
    left = (until.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return min(max(1, -int(-left // 1)), _LONGEST_WAIT)
