"""One request to an engine, from taking a place to leaving it."""

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from jixi.core.errors import problem
from jixi.core.usage import Usage
from jixi.models.engines import EngineConnectionError, EngineResponse
from jixi.models.gateway._admission import Lane, Place
from jixi.models.gateway._chunks import WHOLE, Envelope, Whole
from jixi.models.gateway._faults import broken, refused
from jixi.models.gateway._plan import Plan
from jixi.models.gateway._ports import Limits, Replica
from jixi.models.gateway._requests import PATHS, Request

_OK: Final = 200


class Run(Struct, kw_only=True):
    """Everything that is settled about a call once it is admitted."""

    request: Request
    request_id: str
    plan: Plan
    replica: Replica
    lane: Lane
    limits: Limits
    envelope: Envelope
    dispatched: bool = False
    on_lag: Callable[[], None] = lambda: None

    @property
    def model(self) -> str:
        return self.request.model

    def estimated_input(self) -> int:
        """What the prompt may have cost the engine, where it did not say: about four bytes to a token."""
        return min(-(-self.request.most_input(self.replica.context) // 4), self.replica.context)

    def believe(self, usage: Usage | None, counted: int) -> Usage:
        """The engine's own numbers where it gave possible ones, else what came through here."""
        allowed = self.request.output_limit or self.replica.context
        if (
            usage is not None
            and usage.input_tokens <= self.replica.context * max(1, len(self.request.inputs))
            and usage.output_tokens <= max(allowed, counted)
        ):
            return usage
        return Usage(input_tokens=self.estimated_input(), output_tokens=counted, estimated=True)


class Exchange:
    """A place in the lane and an answer that has begun. `close` may be called at any time, and again."""

    def __init__(self, run: Run, place: Place) -> None:
        self._run = run
        self._place = place
        self._response: EngineResponse | None = None
        self.begun = False
        self._closed = False

    async def enter(self) -> None:
        """Wait until it is this request's turn; raises `overloaded` where that takes too long."""
        if self._place.waits:
            try:
                async with asyncio.timeout(self._run.limits.first_token_s):
                    await self._place.turn()
            except TimeoutError as error:
                raise self._run.lane.overloaded(self._run.model) from error

    async def send(self, body: bytes, number: int) -> EngineResponse:
        """Send `body`, return the answer once its status is known to be good."""
        run = self._run
        run.replica.begin()
        self.begun = run.dispatched = True
        name = run.request_id if len(run.plan.bodies) == 1 else f"{run.request_id}.{number}"
        try:
            self._response = response = await run.replica.client.send(
                PATHS[run.request.kind], body, request_id=name
            )
            if response.status != _OK:
                words = await response.read()
                wait = response.headers.get("retry-after", "")
                raise refused(run.request, run.replica.context, response.status, words, wait)
        except EngineConnectionError as error:
            raise broken(run.model, "it cannot be reached or broke off") from error
        return response

    def close(self) -> None:
        """Leave: the engine stops, if it still works on this, and the place goes to the next."""
        if not self._closed:
            self._closed = True
            if self.begun:
                self._run.replica.end()
                if self._response is not None:
                    self._response.abort()
            self._place.leave()


async def fetch_whole(run: Run, place: Place, number: int) -> tuple[bytes, Whole]:
    """An answer that is no stream, as it came and as far as we read it."""
    exchange = Exchange(run, place)
    try:
        await exchange.enter()
        async with asyncio.timeout(run.limits.whole_s):
            response = await exchange.send(run.plan.bodies[number], number)
            raw = await response.read()
    except TimeoutError as error:
        raise problem("engine_timeout", model=run.model, seconds=round(run.limits.whole_s)) from error
    except EngineConnectionError as error:
        raise broken(run.model, "its answer was cut") from error
    finally:
        exchange.close()
    return raw, _decoded(run, raw)


def _decoded(run: Run, raw: bytes) -> Whole:
    try:
        if not raw.isascii():
            raw.decode()
        whole = WHOLE.decode(raw)
    except (ValueError, RecursionError) as error:
        raise broken(run.model, "its answer is not what was asked for") from error
    if not (whole.choices or whole.data):
        raise broken(run.model, "its answer is empty")
    return whole
