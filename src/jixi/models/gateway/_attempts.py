"""The tries of one call: until one of them brings content, or nobody is left who could."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from msgspec import Struct

from jixi.core.errors import JixiError
from jixi.models.gateway._account import Account
from jixi.models.gateway._chunks import Envelope
from jixi.models.gateway._exchange import Run, turn
from jixi.models.gateway._plan import make_plan
from jixi.models.gateway._ports import Limits
from jixi.models.gateway._record import Record, Try
from jixi.models.gateway._requests import Request
from jixi.models.gateway._suspects import Suspicion
from jixi.models.gateway.routing import Failed, FailureClass, Journey, Place, Step, Ticket

_REFUSALS: Final = (429, 503)
_POINTLESS: Final = (401, 403, 407, 501)
_FOR_OPERATORS: Final[dict[str, FailureClass]] = dict.fromkeys(
    ("provider_credential_refused", "provider_quota_exhausted", "provider_model_unknown"), "error"
)
"""What no second try at the same place mends, though another place may."""
_FAILURES: Final[dict[str, FailureClass]] = {
    **_FOR_OPERATORS,
    "engine_error": "error",
    "model_unavailable": "error",
    "model_not_found": "error",
    "engine_timeout": "timeout",
    "overloaded": "overloaded",
    "share_used_up": "overloaded",
    "context_length_exceeded": "context_length",
}
_UNFIT: Final = ("operation_not_supported", "unsupported_parameter")
"""Why a model cannot get a call that another may: it has become one of another kind while the call waited."""

T = TypeVar("T")
Act = Callable[[Run, Place], Coroutine[Any, Any, T]]


class Errand(Struct, frozen=True, kw_only=True):
    """What stays the same over the tries of a call. `budget_s` is the time in which content must have come."""

    request: Request
    request_id: str
    ticket: Ticket
    limits: Limits
    budget_s: float
    suspicion: Suspicion
    hedge_s: float | None = None


class Attempts:
    """Admit the call first, then let it succeed; `run` is the try of the moment, or the one that succeeded."""

    def __init__(self, errand: Errand, journey: Journey, record: Record) -> None:
        self.request = errand.request
        self._errand = errand
        self._journey = journey
        self._record = record
        self._place: Place | None = None
        self.run: Run | None = None
        record.outside |= journey.lane.outside

    def admit(self, *, looked: bool = False) -> None:
        """Take a place, at the first target or wherever there is one; raises why there is none. `looked`: the journey
        has been planned in this very turn of the loop.
        """
        self._enter(self._journey.start(), looked=looked)

    def leave(self) -> None:
        """Give the place back, where no try has begun."""
        if self._place is not None:
            self._place.leave()

    async def succeed(
        self, act: Act[T], account: Account, discard: Callable[[T], None] = lambda _: None
    ) -> tuple[Run, T]:
        """Let `act` try, and try again elsewhere or later while that may help; raises the last failure.

        Where the errand says so, a second replica is asked when the first has said nothing for a while: whoever
        brings content first is heard, the other is cancelled, or what it brought is given to `discard`.
        """
        while True:
            if self._place is None:
                raise RuntimeError("this call was not admitted")
            place, noted = self._place, self._note(account)
            try:
                patience_s = self._patience_s()
                if place.waited:
                    await self._wait(place, noted)
                run = self._begin(place, noted, patience_s)
                if self._errand.hedge_s is None:
                    return run, await act(run, place)
                return await self._race(run, place, act, account, discard)
            except JixiError as error:
                place.leave()
                noted.ended(error.code)
                step = self._after(error, noted.attempt.status, place)
                if step is None:
                    raise
            if step.delay_s:
                await asyncio.sleep(step.delay_s)
            await self._errand.suspicion.pass_by(min(self._left_s(), self._errand.limits.first_token_s))
            self._enter(step)

    async def _race(
        self, run: Run, place: Place, act: Act[T], account: Account, discard: Callable[[T], None]
    ) -> tuple[Run, T]:
        """Two tries of which the first to bring content wins; raises how the first failed where neither does."""
        racers = {asyncio.ensure_future(act(run, place)): (run, place)}
        (first,) = racers
        won: asyncio.Future[T] | None = None
        try:
            await asyncio.wait(racers, timeout=self._errand.hedge_s)
            if not first.done() and (other := self._journey.hedge(self._errand.ticket, place)) is not None:
                # One that is free at once, or there is none.
                second = self._begin(other, self._note(account), self._patience_s())
                # Until one of them wins, the first is the one that whoever leaves now has asked.
                self.run = run
                racers[asyncio.ensure_future(act(second, other))] = (second, other)
            pending = set(racers)
            while pending and won is None:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                won = next((each for each in done if each.exception() is None), None)
            if won is None:
                self.run = run
                return run, first.result()
            self.run, _ = racers[won]
            account.answers(self.run.lane.name, asked=run.model, noted=self.run.noted)
            return self.run, won.result()
        finally:
            await self._dismiss({each: racers[each] for each in racers if each is not won}, discard)

    async def _dismiss(
        self, losers: dict[asyncio.Future[T], tuple[Run, Place]], discard: Callable[[T], None]
    ) -> None:
        for each in losers:
            each.cancel()
        results = await asyncio.gather(*losers, return_exceptions=True)
        for (run, place), result in zip(losers.values(), results, strict=True):
            if not isinstance(result, BaseException):
                discard(result)
            place.leave()
            run.noted.ended(result.code if isinstance(result, JixiError) else None)

    def _note(self, account: Account) -> Try:
        """Another try begins: nothing has come of it yet."""
        lane = self._journey.lane
        noted = self._record.attempt(lane.name)
        self._record.outside = lane.outside
        account.answers(lane.name, asked=self.request.model, noted=noted)
        self.run = None
        return noted

    async def _wait(self, place: Place, noted: Try) -> None:
        try:
            await turn(place, noted, self._errand.limits)
        except BaseException:
            place.leave()
            raise

    def _begin(self, place: Place, noted: Try, patience_s: float) -> Run:
        """Plan, now that it is its turn: replicas that came meanwhile may be asked in another way."""
        errand, lane = self._errand, self._journey.lane
        request, replica = errand.request, place.replica
        self.run = run = Run(
            request=request,
            request_id=errand.request_id,
            plan=make_plan(request, replica.profile, lane.name, replica.asks.get(lane.name, {})),
            lane=lane,
            context=replica.context,
            limits=errand.limits,
            patience_s=patience_s,
            envelope=Envelope.new(request.kind, errand.request_id, request.model, chunk=request.stream),
            noted=noted,
            suspicion=errand.suspicion,
            drains=replica.drains,
        )
        return run

    def _enter(self, step: Step, *, looked: bool = False) -> None:
        """Join the line of a lane; where it takes nobody, that of the next."""
        while True:
            try:
                self._place = step.lane.join(self._errand.ticket, step.avoid, looked=looked)
            except JixiError as error:
                following = self._after(error, None, None)
                if following is None:
                    raise
                step, looked = following, False
            else:
                return

    def _after(self, error: JixiError, status: int | None, place: Place | None) -> Step | None:
        unfit = status is None and error.code in _UNFIT
        failure = "error" if unfit else _FAILURES.get(error.code)
        if failure is None:
            return None
        # Who asked for a pause has too much to do, whether this call hears of it from there or from the line.
        if failure == "error" and (status in _REFUSALS or error.facts.get("paused")):
            failure = "overloaded"
        state = None if place is None else place.state
        again = (
            status not in _POINTLESS and error.code not in _FOR_OPERATORS and not error.facts.get("too_large")
        )
        step = self._journey.after(Failed(failure, state, again))
        return None if step is None or step.delay_s >= self._left_s() else step

    def _patience_s(self) -> float:
        """Its share of the time that is left, where others could be tried after it."""
        return self._left_s() / (1 + self._journey.more_after_silence())

    def _left_s(self) -> float:
        """The rest of the time in which content must have come, which begins when an engine is first asked."""
        asked = self._record.trace.marks.get("dispatched")
        return self._errand.budget_s - (0 if asked is None else (self._record.ms() - asked) / 1000)
