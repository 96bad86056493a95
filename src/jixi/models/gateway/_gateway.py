"""`Gateway.open`: the way of one call, from its raw body to an answer that is paid for."""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any
from weakref import ref

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.ports import Gate, Headers, Hold, Meter, Reservation
from jixi.core.principal import Principal, Scope
from jixi.core.trace import Observer
from jixi.core.usage import Usage
from jixi.models.gateway._account import Account
from jixi.models.gateway._attempts import Attempts, Errand
from jixi.models.gateway._cache import AnswerCache, Replay, Stored, cache_key
from jixi.models.gateway._call import ByteStream, Call, Model, Reply
from jixi.models.gateway._counting import Count, count
from jixi.models.gateway._delivery import Delivery, Keep
from jixi.models.gateway._drains import Drains
from jixi.models.gateway._faults import judge
from jixi.models.gateway._opening import first_content, leave_stream
from jixi.models.gateway._ports import Limits, Router
from jixi.models.gateway._record import NoObserver, Record
from jixi.models.gateway._requests import EVENTS, Request, parse
from jixi.models.gateway._speech import SpeechDelivery, SpeechEvents
from jixi.models.gateway._suspects import Suspects, Suspicion
from jixi.models.gateway._whole import whole_answer
from jixi.models.gateway.routing import (
    Alias,
    AliasBook,
    Everywhere,
    Journey,
    NoAliases,
    RouteNow,
    Routes,
    Ticket,
)


class Gateway:
    """Proxies calls to engines under the rules of the house: rights, money, places, time."""

    def __init__(
        self,
        routers: Sequence[Router],
        gate: Gate,
        meter: Meter,
        clock: Clock,
        *,
        aliases: AliasBook | None = None,
        limits: Limits | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._gate = gate
        self._meter = meter
        self._clock = clock
        self._limits = limits or Limits()
        self._observer = observer or NoObserver()
        self._routes = Routes(routers, aliases or NoAliases(), self._limits)
        self._cache = AnswerCache(clock)
        self._everywhere = Everywhere()
        self._suspects = Suspects(self._limits, clock)
        self._settling: set[asyncio.Task[Any]] = set()
        self._drains = Drains(self._limits)

    async def open(self, call: Call) -> Reply:
        """Answer a call. A body is complete and charged when it is returned; a stream is charged before it ends.

        Raises every problem of the catalogue that can befall a call. Cancelling it stops the engine and charges
        what was produced; a vendor that charges for the whole answer is heard to its end first.
        """
        record = Record(
            self._observer,
            self._clock,
            request_id=call.request_id,
            principal=call.principal,
            kind=call.kind,
            dialect=call.dialect,
        )
        try:
            return await self._opened(call, record)
        except JixiError as error:
            record.refused(error)
            raise record.pointed(error) from error
        except BaseException as error:
            record.refused(error)
            raise

    def _opened(self, call: Call, record: Record) -> Coroutine[Any, Any, Reply]:
        """Who answers it: an engine, or the response cache."""
        request = parse(call.kind, call.body, call.audio)
        record.trace.model, record.trace.stream = request.model, request.stream
        if record.keeps_content:
            record.trace.request = call.body
        self._gate.authorise(call.principal, call.kind, request.model)
        record.mark("authorised")
        alias = self._routes.aliases.find(request.model)
        record.outside = alias is not None
        if alias is None or alias.cache_ttl_s is None or not request.repeatable:
            return self._ask(call, request, alias, record)
        key = cache_key(call.principal.tenant_id, alias.id, str(alias.version), call.kind, body=call.body)
        stored = self._cache.find(key)
        if stored is not None:
            return self._replay(call, request, stored, record)
        ttl_s, trace = alias.cache_ttl_s, record.trace

        def keep(blocks: tuple[bytes, ...], usage: Usage) -> None:
            self._cache.keep(key, blocks, usage, trace.target or request.model, ttl_s)

        return self._ask(call, request, alias, record, keep)

    async def _ask(
        self, call: Call, request: Request, alias: Alias | None, record: Record, keep: Keep | None = None
    ) -> Reply:
        """Let an engine answer."""
        ticket = Ticket(request, call.principal.tenant_id, batch=call.tier == "batch")
        try:
            journey = self._journey(call, alias, ticket)
        except JixiError as error:
            journey = await self._woken(call, alias, ticket, error)
        suspicion = Suspicion(self._suspects, request, call.principal.tenant_id)
        attempts, reservation = self._plan(call, request, alias, record, journey, ticket, suspicion)
        account = Account(self._meter, self._clock, self._spawn, record)
        try:
            if suspects := bool(self._suspects):
                await suspicion.pass_by(self._limits.first_token_s)
            attempts.admit(looked=not suspects)
            try:
                hold = await self._meter.reserve(reservation)
            except BaseException:
                attempts.leave()
                raise
            account.opened(hold)
            stream, body = None, None
            if request.stream:
                stream = await self._stream(call, request, attempts, account, keep)
            else:
                body, usage = await whole_answer(attempts, account, self._drains, call.teller)
                if keep is not None:
                    keep((body,), usage)
            return Reply(
                content_type=request.content_type,
                body=body,
                stream=stream,
                headers=_told(hold, record, keep),
            )
        finally:
            suspicion.end()

    async def _replay(self, call: Call, request: Request, stored: Stored, record: Record) -> Reply:
        """Give a stored answer again, charged as such before any of it is given."""
        blocks = stored.blocks
        if call.teller is not None:
            # In one piece: a teller hears a block before the charge only where no other comes after it.
            blocks = (b"".join(blocks),)
            judge(call.teller.end if request.stream else call.teller.whole, blocks[0], request.model)
        account = Account(self._meter, self._clock, self._spawn, record)
        reservation = Reservation(
            request_id=call.request_id,
            principal=call.principal,
            model=request.model,
            kind=call.kind,
            max_input_tokens=stored.usage.input_tokens,
            max_output_tokens=stored.usage.output_tokens,
            max_units=stored.usage.units,
            stream=request.stream,
            targets=(stored.target,),
            tier=call.tier,
        )
        hold = await self._meter.reserve(reservation)
        account.opened(hold)
        account.replays(stored.target, asked=request.model)
        if request.stream:
            account.first_token()
        else:
            record.answered(blocks[0])
        await account.settle("ok", stored.usage, replayed=True)
        headers = (*hold.headers(), (b"x-jixi-target", stored.target.encode()), (b"x-jixi-cache", b"hit"))
        if request.stream:
            return Reply(content_type=EVENTS, stream=Replay(blocks), headers=headers)
        return Reply(body=blocks[0], headers=headers)

    async def count(self, call: Call) -> Count:
        """How many tokens the model would read for `call`; nothing is answered and nothing charged.

        It counts against the limits of requests a minute, and an engine that counts gives it a place like any call.
        """
        request = parse(call.kind, call.body)
        self._gate.authorise(call.principal, call.kind, request.model)
        alias = self._routes.aliases.find(request.model)
        ticket = Ticket(request, call.principal.tenant_id)
        try:
            lane = self._journey(call, alias, ticket).lane
        except JixiError as error:
            lane = (await self._woken(call, alias, ticket, error)).lane
        place = lane.join(ticket) if lane.replica().profile.counts else None
        try:
            await self._meter.tally(call.principal, request.model)
            return await count(request, lane, place, call.request_id, self._limits.first_token_s)
        finally:
            if place is not None:
                place.leave()

    def models(self, principal: Principal) -> list[Model]:
        """The models that `principal` may use, each with the kinds of calls that are open to it."""
        found: list[Model] = []
        for listing in self._routes.listings():
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

    def model(self, principal: Principal, name: str) -> Model:
        """One of them; raises `model_not_found`."""
        found = next((model for model in self.models(principal) if model.id == name), None)
        if found is None:
            raise problem("model_not_found", model=name[:256], param="model")
        return found

    def routes(self) -> list[RouteNow]:
        """Every public name, where it leads, and how its replicas fare in this process."""
        return self._routes.now()

    def routes_everywhere(self) -> list[RouteNow]:
        """The same over all processes of the server, as far as they have said."""
        return self._everywhere.over(self._routes.now())

    def queues(self) -> dict[str, int]:
        """How many calls wait for a place at each deployment, over all processes of the server."""
        return {
            route.name: sum(replica.waiting for replica in route.replicas)
            for route in self.routes_everywhere()
            if route.kind == "deployment"
        }

    def heard(self, process: str, routes: Sequence[RouteNow]) -> None:
        """How replicas fare in another process of the server; nothing where it has ended."""
        self._everywhere.heard(process, routes)

    def waiting(self, tenant_id: str) -> int:
        """How many of the tenant's calls wait for a place, in this process."""
        return self._routes.waiting(tenant_id)

    @property
    def draining(self) -> int:
        """How many answers are read to their end although their callers have left, in this process."""
        return self._drains.running

    def look(self) -> None:
        """Replicas may have come or gone: calls that wait are given to those that have come."""
        self._routes.look()

    def interrupt(self) -> None:
        """Calls that are left from now on are not given up by their callers: the server ends."""
        self._drains.outcome = "interrupted"

    async def close(self) -> None:
        """Stop what is read for nobody, and wait until every call that ended early is settled."""
        await self._drains.close()
        await self._routes.waking.close()
        while self._settling:
            await asyncio.wait(self._settling)

    def _may(self, principal: Principal, kind: Scope, model: str) -> bool:
        try:
            self._gate.authorise(principal, kind, model)
        except JixiError:
            return False
        return True

    def _journey(self, call: Call, alias: Alias | None, ticket: Ticket) -> Journey:
        if alias is None:
            return self._routes.plain(ticket.model, ticket.check)
        return self._routes.through(alias, call.request_id, ticket.check)

    async def _woken(self, call: Call, alias: Alias | None, ticket: Ticket, error: JixiError) -> Journey:
        """The way of a call once a model is awake that it has to wait for; raises `error` where it would be in vain."""
        models = (ticket.model,) if alias is None else alias.draw(call.request_id)
        asleep = next((model for model in models if self._routes.waking.awaited(model)), None)
        if error.code != "model_unavailable" or asleep is None:
            raise error
        await self._routes.waking.wait(asleep, ticket.tenant, batch=ticket.batch)
        return self._journey(call, alias, ticket)

    def _plan(
        self,
        call: Call,
        request: Request,
        alias: Alias | None,
        record: Record,
        journey: Journey,
        ticket: Ticket,
        suspicion: Suspicion,
    ) -> tuple[Attempts, Reservation]:
        limits = self._limits
        first_token_s = (alias.first_token_s if alias is not None else None) or limits.first_token_s
        errand = Errand(
            request=request,
            request_id=call.request_id,
            ticket=ticket,
            limits=limits,
            budget_s=first_token_s if request.stream else limits.whole_s,
            suspicion=suspicion,
            hedge_s=alias.hedge_after_ms / 1000 if alias is not None and alias.hedge_after_ms else None,
        )
        context, answer = journey.most_tokens
        reservation = Reservation(
            request_id=call.request_id,
            principal=call.principal,
            model=request.model,
            kind=call.kind,
            max_input_tokens=request.most_input(context),
            max_output_tokens=request.most_output(context, answer),
            max_units=request.most_units,
            stream=request.stream,
            targets=() if alias is None else tuple(lane.name for lane in journey.lanes),
            tier=call.tier,
        )
        return Attempts(errand, journey, record), reservation

    async def _stream(
        self, call: Call, request: Request, attempts: Attempts, account: Account, keep: Keep | None
    ) -> ByteStream:
        stream, first, run = await first_content(attempts, account, self._drains)
        leave = partial(leave_stream, self._drains, run, stream, account)
        deliver = Delivery
        if request.kind is Scope.SPEECH:
            deliver = SpeechEvents if request.content_type == EVENTS else SpeechDelivery
        delivery = deliver(
            stream,
            first,
            account,
            call.language,
            leave,
            wants_usage=request.wants_usage,
            keep=keep,
            teller=call.teller,
        )
        # The delivery holds the run: the other way round it must not, or both would wait for the collector.
        run.reader = ref(delivery)
        return delivery

    def _spawn(self, settlement: Coroutine[Any, Any, Any]) -> object:
        task = asyncio.create_task(settlement)
        self._settling.add(task)
        task.add_done_callback(self._settled)
        return task

    def _settled(self, task: "asyncio.Task[Any]") -> None:
        """Where it failed, the record has said so, and the meter has kept what is owed."""
        self._settling.discard(task)
        if not task.cancelled():
            task.exception()


def _told(hold: Hold, record: Record, keep: Keep | None) -> Headers:
    """The headers of an answer, and for an alias who gave it and that it may be given again."""
    if not hold.reservation.targets:
        return hold.headers()
    target = record.trace.target or record.trace.model
    told = (*hold.headers(), (b"x-jixi-target", target.encode()))
    return told if keep is None else (*told, (b"x-jixi-cache", b"miss"))
