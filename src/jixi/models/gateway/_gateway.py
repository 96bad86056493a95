"""`Gateway.open`: the way of one call, from its raw body to an answer that is paid for."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from msgspec import Struct

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, Language
from jixi.core.ports import Gate, Meter, Reservation
from jixi.core.principal import Principal, Scope
from jixi.core.usage import Usage
from jixi.models.gateway._account import Account
from jixi.models.gateway._admission import Lane, Place
from jixi.models.gateway._answers import Answer, body_of, total, usage_of
from jixi.models.gateway._chunks import Envelope
from jixi.models.gateway._delivery import Delivery
from jixi.models.gateway._exchange import Run, fetch_whole
from jixi.models.gateway._merged import MergedStream, merged_usage
from jixi.models.gateway._plan import make_plan
from jixi.models.gateway._ports import Limits, Replica, Router
from jixi.models.gateway._requests import Request, check_support, parse
from jixi.models.gateway._stream import EngineStream, PayloadStream
from jixi.models.gateway._toolstream import ToolStream

_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream; charset=utf-8"


class Call(Struct, frozen=True, kw_only=True):
    """A call as a border hands it over: who, what for, and the body as it came."""

    principal: Principal
    kind: Scope
    body: bytes
    request_id: str
    language: Language = "en"


class ByteStream(Protocol):
    """A stream that must be closed, wherever one stops reading it; closing again changes nothing."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None: ...


class Reply(Struct, frozen=True, kw_only=True):
    """Either a `body` or a `stream`."""

    status: int = 200
    content_type: str = _JSON
    body: bytes | None = None
    stream: ByteStream | None = None


class Model(Struct, frozen=True, kw_only=True):
    """A model in the form of OpenAI's listing, with what else a caller wants to know before a call."""

    id: str
    object: str = "model"
    created: int
    owned_by: str = "jixi"
    kinds: list[Scope]
    context: int
    state: str


class Gateway:
    """Proxies calls to engines under the rules of the house: rights, money, places, time."""

    def __init__(
        self, fleet: Router, gate: Gate, meter: Meter, clock: Clock, limits: Limits | None = None
    ) -> None:
        self._fleet = fleet
        self._gate = gate
        self._meter = meter
        self._clock = clock
        self._limits = limits or Limits()
        self._lanes: WeakKeyDictionary[Replica, Lane] = WeakKeyDictionary()
        self._settling: set[asyncio.Task[Any]] = set()

    async def open(self, call: Call) -> Reply:
        """Answer a call. A body is complete and charged when it is returned; a stream is charged before it ends.

        Raises every problem of the catalogue that can befall a call. Cancelling it stops the engine and charges
        what was produced.
        """
        began = self._clock.monotonic()
        request = parse(call.kind, call.body)
        self._gate.authorise(call.principal, call.kind, request.model)
        replica = self._fleet.route(request.model)
        check_support(request, replica.profile)
        run, place = self._admit(call, request, replica)
        account = Account(self._meter, self._clock, self._spawn, began)
        try:
            account.opened(await self._meter.reserve(_reservation(call, run)))
        except BaseException:
            place.leave()
            raise
        if request.stream:
            return await self._stream(call, run, place, account)
        return Reply(body=await _answer(run, place, account))

    def models(self, principal: Principal) -> list[Model]:
        """The models that `principal` may use, each with the kinds of calls that are open to it."""
        found: list[Model] = []
        for listing in self._fleet.models():
            kinds = [kind for kind in sorted(listing.kinds) if self._may(principal, kind, listing.name)]
            if kinds:
                found.append(
                    Model(
                        id=listing.name,
                        created=int(listing.since.timestamp()),
                        kinds=kinds,
                        context=listing.context,
                        state=listing.state,
                    )
                )
        return found

    async def close(self) -> None:
        """Wait until every call that ended early is settled."""
        while self._settling:
            await asyncio.wait(self._settling)

    def _may(self, principal: Principal, kind: Scope, model: str) -> bool:
        try:
            self._gate.authorise(principal, kind, model)
        except JixiError:
            return False
        return True

    def _admit(self, call: Call, request: Request, replica: Replica) -> tuple[Run, Place]:
        lane = self._lanes.get(replica)
        if lane is None:
            lane = self._lanes[replica] = Lane(replica.spec.parallel, self._limits.waiting)
        run = Run(
            request=request,
            request_id=call.request_id,
            plan=make_plan(request, replica.profile),
            replica=replica,
            lane=lane,
            limits=self._limits,
            envelope=Envelope.new(call.kind, call.request_id, request.model, chunk=request.stream),
        )
        return run, lane.join(request.model)

    async def _stream(self, call: Call, run: Run, place: Place, account: Account) -> Reply:
        stream = _open_streams(run, place)
        delivery = Delivery(stream, account, call.language, wants_usage=run.request.wants_usage)
        run.on_lag = delivery.give_up
        await delivery.prime()
        return Reply(content_type=_EVENTS, stream=delivery)

    def _spawn(self, settlement: Coroutine[Any, Any, Any]) -> object:
        task = asyncio.create_task(settlement)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        return task


def _reservation(call: Call, run: Run) -> Reservation:
    context = run.replica.context
    return Reservation(
        request_id=call.request_id,
        principal=call.principal,
        model=run.model,
        kind=call.kind,
        max_input_tokens=run.request.most_input(context),
        max_output_tokens=run.request.most_output(context),
        stream=run.request.stream,
    )


def _open_streams(run: Run, place: Place) -> PayloadStream:
    count = len(run.plan.bodies)
    places = [place, *(run.lane.join(run.model, admitted=True) for _ in range(1, count))]
    streams: list[PayloadStream] = []
    for number, taken in enumerate(places):
        stream = EngineStream(run, taken, number, number if count > 1 else None)
        streams.append(ToolStream(stream, run.plan.tools) if run.plan.tools is not None else stream)
    return streams[0] if count == 1 else MergedStream(streams, run.plan.choices, run.envelope)


async def _answer(run: Run, place: Place, account: Account) -> bytes:
    """A whole answer, charged."""
    answers: list[Answer] = []
    try:
        if len(run.plan.bodies) == 1:
            answers.append(await fetch_whole(run, place, 0))
        else:
            await _fetch_all(run, place, answers)
        usage = total(run, answers)
        body = body_of(run, answers, usage)
    except JixiError as error:
        await account.settle("failed", _spent(run, answers), error.code)
        raise
    except Exception:
        account.settle_later("failed", Usage(), "internal_error")
        raise
    except BaseException:
        account.settle_later("cancelled", _spent(run, answers) if answers else _begun(run))
        raise
    run.replica.progress(usage.output_tokens)
    await account.settle("ok", usage)
    return body


async def _fetch_all(run: Run, place: Place, answers: list[Answer]) -> None:
    """Several answers at once, in order; the first failure ends the rest."""
    places = [place, *(run.lane.join(run.model, admitted=True) for _ in run.plan.bodies[1:])]
    tasks = [asyncio.create_task(fetch_whole(run, taken, at)) for at, taken in enumerate(places)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        done = [task for task in tasks if task.done()]
        answers += [task.result() for task in done if task.exception() is None]
        for task in done:
            task.result()
    finally:
        for task, taken in zip(tasks, places, strict=True):
            task.cancel()
            taken.leave()
        await asyncio.wait(tasks)


def _spent(run: Run, answers: list[Answer]) -> Usage:
    return merged_usage([usage_of(run, whole) for _, whole in answers], run.plan.choices)


def _begun(run: Run) -> Usage:
    """What a call has used whose caller left before its whole answer was there: the prompt, as far as one can say."""
    return Usage(input_tokens=run.estimated_input(), estimated=True) if run.dispatched else Usage()
