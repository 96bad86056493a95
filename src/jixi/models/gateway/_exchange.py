"""One request to an engine, from taking a place to leaving it."""

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Final, Protocol
from weakref import ReferenceType

from msgspec import UNSET, Struct

from jixi.core.errors import JixiError, problem
from jixi.core.patience import Patience
from jixi.core.principal import Scope
from jixi.core.usage import Usage
from jixi.models.engines import EngineConnectionError
from jixi.models.gateway._chunks import WHOLE, Envelope, Whole
from jixi.models.gateway._faults import broken, cut, refused
from jixi.models.gateway._images import check_images
from jixi.models.gateway._plan import Plan
from jixi.models.gateway._ports import Limits, Replica, Response
from jixi.models.gateway._record import Try
from jixi.models.gateway._requests import PATHS, Request
from jixi.models.gateway._schemas import TranscriptionRequest
from jixi.models.gateway._suspects import Suspicion
from jixi.models.gateway._transcripts import check_transcript
from jixi.models.gateway._vectors import check_vectors
from jixi.models.gateway.routing import Lane, Place

_OK: Final = 200
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_PAUSE_S: Final = 1.0
_LARGE: Final = 1024 * 1024


class Reader(Protocol):
    """Who takes the answer and hands it on."""

    def leave_behind(self, error: JixiError) -> None:
        """Go on without the caller, who is told `error`."""


class Run(Struct, kw_only=True):
    """Everything that is settled about one try of a call. `patience_s` is the time until some content must be there.

    `drains`: the answer is read to its end although the caller leaves.
    `lost` is what answers used that broke before anything of them was handed on, where their engines said so.
    `reader` is told when the caller takes nothing any more, for as long as somebody holds it.
    """

    request: Request
    request_id: str
    plan: Plan
    lane: Lane
    context: int
    limits: Limits
    patience_s: float
    envelope: Envelope
    noted: Try
    suspicion: Suspicion
    drains: bool = False
    reader: ReferenceType[Reader] | None = None
    lost: list[Usage] = []

    @property
    def model(self) -> str:
        return self.request.model

    def leave_behind(self, error: JixiError) -> None:
        """The caller takes nothing any more: whoever hands the answer on goes on without it."""
        if self.reader is not None and (reader := self.reader()) is not None:
            reader.leave_behind(error)

    def estimated_input(self) -> int:
        """What the prompt may have cost the engine, where it did not say: about four bytes to a token."""
        return min(-(-self.request.most_input(self.context) // 4), self.context)

    def believe(self, usage: Usage | None, counted: int) -> Usage:
        """The engine's own numbers where it gave possible ones, else what came through here."""
        allowed = self.request.output_limit or self.context
        if (
            usage is not None
            and usage.input_tokens <= self.context * max(1, len(self.request.inputs))
            and usage.output_tokens <= max(allowed, counted)
        ):
            return usage
        return Usage(input_tokens=self.estimated_input(), output_tokens=counted, estimated=True)

    def believe_units(self, made: int | None) -> Usage:
        """What was made, where that is possible, else the most that was held for.

        An answer of more than was held for is charged so and not given: see `body_of`.
        """
        most = self.request.most_units
        if made is not None and 0 <= made <= most:
            return Usage(units=made)
        return Usage(units=most, estimated=True)


async def turn(place: Place, noted: Try, limits: Limits) -> None:
    """Wait until it is the turn of `place`; raises `overloaded` where that takes too long."""
    if not place.waits:
        await place.turn()
        return
    noted.queued()
    try:
        async with asyncio.timeout(limits.first_token_s):
            await place.turn()
    except TimeoutError as error:
        raise place.overloaded() from error


class Exchange:
    """A place in the lane and an answer that has begun. `close` may be called at any time, and again."""

    def __init__(self, run: Run, place: Place) -> None:
        self._run = run
        self._place = place
        self._response: Response | None = None
        self._asked: Replica | None = None
        self._reached = True
        self._closed = False
        self._sent_at = 0.0

    @property
    def begun(self) -> bool:
        """Whether an engine was asked."""
        return self._asked is not None

    async def enter(self) -> None:
        """Wait until it is this request's turn."""
        await turn(self._place, self._run.noted, self._run.limits)

    async def send(self, body: bytes, number: int) -> Response:
        """Send `body`, return the answer once its status is known to be good."""
        run, replica = self._run, self._place.replica
        replica.begin()
        self._asked = replica
        self._sent_at = monotonic()
        run.noted.dispatched()
        name = run.request_id if len(run.plan.bodies) == 1 else f"{run.request_id}.{number}"
        try:
            self._response = response = await replica.client.send(
                PATHS[run.request.kind], body, request_id=name, content_type=run.plan.content_type
            )
            run.noted.attempt.status = status = response.status
            if status != _OK:
                raise self._refused(status, await response.read(), response.headers.get("retry-after", ""))
        except EngineConnectionError as error:
            self._reached = error.reached
            raise broken(run.model, "it cannot be reached or broke off") from error
        return response

    def gave(self) -> None:
        """Some content has come: the replica works."""
        now = monotonic()
        self._place.gave(now, now - self._sent_at)
        self._run.noted.first_token()

    def progress(self, tokens: int) -> None:
        """So many tokens have come since the last word."""
        self._place.progress(tokens, monotonic())

    async def blame(self, error: BaseException) -> None:
        """Count a failure against the replica, where it is the replica's, and see whether the engine died of it."""
        status = self._run.noted.attempt.status
        if self._asked is None or not isinstance(error, JixiError):
            return
        if error.code in ("engine_error", "engine_timeout") or status == _UNAVAILABLE:
            self._place.failed(monotonic())
        if error.code == "engine_error" and self._reached and self._asked.quota is None:
            await self._run.suspicion.failed_at(self._asked.client)

    def close(self) -> None:
        """Leave: the engine stops, if it still works on this, and the place goes to the next."""
        if not self._closed:
            self._closed = True
            if self._asked is not None:
                self._asked.end()
                if self._response is not None:
                    self._response.abort()
            self._place.leave()

    def _refused(self, status: int, words: bytes, wait: str) -> JixiError:
        seconds = _seconds(wait)
        if status == _TOO_MANY or (status == _UNAVAILABLE and seconds is not None):
            self._place.pause(_PAUSE_S if seconds is None else seconds)
        return refused(self._run.request, self._run.context, status, words, seconds)


def _seconds(wait: str) -> float | None:
    """What a Retry-After says, be it seconds or a date; None where it says nothing that makes sense."""
    if wait.isascii() and wait.isdecimal():
        return float(wait)
    try:
        return max(0.0, (parsedate_to_datetime(wait) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


async def fetch_whole(run: Run, place: Place, number: int) -> tuple[bytes, Whole]:
    """An answer that is no stream, as it came and as far as we read it."""
    exchange = Exchange(run, place)
    try:
        if place.waited:
            await exchange.enter()
        with Patience(run.patience_s):
            response = await exchange.send(run.plan.bodies[number], number)
            raw = await response.read()
        # Others wait for the loop while it reads: thousands of vectors are read beside it.
        whole = _decoded(run, raw) if len(raw) < _LARGE else await asyncio.to_thread(_decoded, run, raw)
        exchange.gave()
        exchange.progress(whole.usage.completion_tokens if whole.usage is not None else 0)
        run.suspicion.acquit()
    except TimeoutError as error:
        silent = problem("engine_timeout", model=run.model, seconds=round(run.patience_s))
        await exchange.blame(silent)
        raise silent from error
    except EngineConnectionError as error:
        if error.usage is not None:
            run.lost.append(run.believe(error.usage, 0))
        failure = cut(run.model, error)
        await exchange.blame(failure)
        raise failure from error
    except JixiError as error:
        await exchange.blame(error)
        raise
    finally:
        exchange.close()
    return raw, whole


def _decoded(run: Run, raw: bytes) -> Whole:
    try:
        if not raw.isascii():
            raw.decode()
        whole = WHOLE.decode(raw)
        if isinstance(run.request.typed, TranscriptionRequest):
            check_transcript(run.request.typed, raw)
        elif run.request.kind is Scope.IMAGES:
            check_images(whole.data or ())
        elif run.request.kind is Scope.EMBEDDINGS:
            check_vectors(whole.data or (), len(run.request.inputs))
    except (ValueError, RecursionError) as error:
        raise broken(run.model, "its answer is not what was asked for") from error
    if not (whole.choices or whole.data or whole.results) and whole.text is UNSET:
        raise broken(run.model, "its answer is empty")
    return whole
