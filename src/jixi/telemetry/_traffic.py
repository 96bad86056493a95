"""Live traffic: what each tenant's calls did in each of the last seconds, in memory."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from statistics import median_low
from typing import Final, NamedTuple

from msgspec import Struct

from jixi.core.clock import Clock
from jixi.core.trace import CallTrace

KEPT_S: Final = 900
_SAMPLES: Final = 200
_TENANTS: Final = 10_000


class Second(NamedTuple):
    """One second of a tenant's traffic. `refused` calls never reached a model and are no `errors`."""

    at: datetime
    calls: int = 0
    errors: int = 0
    refused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    running: int = 0
    waiting: int = 0
    first_token_ms_p50: int | None = None


class Tally(Struct):
    """What calls of one tenant came to that ended, and the milliseconds until the first token of some of them."""

    calls: int = 0
    errors: int = 0
    refused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    first_tokens: list[float] = []

    @classmethod
    def of(cls, traces: Sequence[CallTrace]) -> "Tally":
        usages = [trace.usage for trace in traces]
        failed = ["reserved" in trace.marks for trace in traces if trace.outcome not in ("ok", "cancelled")]
        return cls(
            calls=len(traces),
            errors=sum(failed),
            refused=len(failed) - sum(failed),
            input_tokens=sum([usage.input_tokens for usage in usages]),
            output_tokens=sum([usage.output_tokens for usage in usages]),
            first_tokens=[at for trace in traces if (at := trace.marks.get("first_token")) is not None],
        )

    def add(self, other: "Tally") -> None:
        self.calls += other.calls
        self.errors += other.errors
        self.refused += other.refused
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.first_tokens += other.first_tokens[: _SAMPLES - len(self.first_tokens)]


def tallied(traces: Sequence[CallTrace]) -> dict[str, Tally]:
    """What they came to, by tenant."""
    found: dict[str, list[CallTrace]] = {}
    for trace in traces:
        found.setdefault(trace.principal.tenant_id, []).append(trace)
    return {tenant_id: Tally.of(theirs) for tenant_id, theirs in found.items()}


class _Tenant:
    """Seconds since 1970 and what happened in them; quiet ones are left out until somebody looks."""

    def __init__(self, second: int) -> None:
        self.second = second
        self.tally = Tally()
        self.running = 0
        self.past: deque[tuple[int, Second]] = deque(maxlen=KEPT_S)

    def turn(self, second: int, waiting: int, elsewhere: int) -> None:
        """Put the second that has begun behind us, where another one has."""
        if second <= self.second:
            return
        tally, self.tally = self.tally, Tally()
        first = median_low(tally.first_tokens) if tally.first_tokens else None
        past = Second(
            at=_instant(self.second),
            calls=tally.calls,
            errors=tally.errors,
            refused=tally.refused,
            input_tokens=tally.input_tokens,
            output_tokens=tally.output_tokens,
            running=self.running + elsewhere,
            waiting=waiting,
            first_token_ms_p50=None if first is None else round(first),
        )
        self.past.append((self.second, past))
        self.second = second


class Traffic:
    """A ring of seconds for each tenant. `waiting` tells how many of a tenant's calls wait for a place now."""

    def __init__(self, clock: Clock, waiting: Callable[[str], int] | None = None) -> None:
        self._clock = clock
        self._waiting = waiting or _nobody
        self._second, self._since, self._until = 0, 0.0, 0.0
        self._tenants: dict[str, _Tenant] = {}
        self._elsewhere: dict[str, Mapping[str, int]] = {}

    def heard(self, process: str, running: Mapping[str, int]) -> None:
        """How many calls of each tenant another process of this server has on their way."""
        self._elsewhere.pop(process, None)
        if running:
            self._elsewhere[process] = running
        for tenant_id in running:
            self._turned(tenant_id)

    def running(self) -> dict[str, int]:
        """How many calls of each tenant are on their way here."""
        return {tenant_id: each.running for tenant_id, each in self._tenants.items() if each.running}

    def _turn(self, tenant: _Tenant, tenant_id: str, second: int) -> None:
        elsewhere = sum(running.get(tenant_id, 0) for running in self._elsewhere.values())
        tenant.turn(second, self._waiting(tenant_id), elsewhere)

    def began(self, tenant_id: str) -> None:
        """A call has its money and is on its way."""
        self._turned(tenant_id).running += 1

    def ended(self, tenant_id: str) -> None:
        tenant = self._turned(tenant_id)
        if tenant.running:
            tenant.running -= 1

    def take(self, traces: Sequence[CallTrace]) -> None:
        self.add(tallied(traces))

    def add(self, tallies: Mapping[str, Tally]) -> None:
        """Calls that have just ended, here or in another process of this server, by tenant."""
        for tenant_id, tally in tallies.items():
            self._turned(tenant_id).tally.add(tally)

    def seconds(self, tenant_id: str, count: int) -> list[Second]:
        """The last `count` whole seconds, oldest first, the quiet ones included."""
        now = self._next(self._clock.monotonic())
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            return [Second(_instant(second)) for second in range(now - count, now)]
        self._turn(tenant, tenant_id, now)
        return list(_filled(tenant, now - count, now))

    def _turned(self, tenant_id: str) -> _Tenant:
        """The tenant in the second that it is."""
        steady = self._clock.monotonic()
        now = self._second if self._since <= steady < self._until else self._next(steady)
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            tenant = self._tenants[tenant_id] = _Tenant(now)
            self._forget(now)
        elif now > tenant.second:
            self._turn(tenant, tenant_id, now)
        return tenant

    def _forget(self, now: int) -> None:
        """Make room: of the tenants that have been quiet for longer than anything is kept."""
        if len(self._tenants) > _TENANTS:
            quiet = [
                name
                for name, each in self._tenants.items()
                if not each.running and now - each.second > KEPT_S
            ]
            for name in quiet:
                del self._tenants[name]

    def _next(self, steady: float) -> int:
        """The second that it is, which is kept for as long as it lasts."""
        now = self._clock.now().timestamp()
        self._second = math.floor(now)
        self._since, self._until = steady, steady + self._second + 1 - now
        return self._second


def _filled(tenant: _Tenant, start: int, end: int) -> Iterator[Second]:
    """A quiet second keeps what ran in it: the next one that is known says so, or what runs now."""
    known = {second: past for second, past in islice(reversed(tenant.past), end - start) if second >= start}
    running = next((past.running for second, past in reversed(tenant.past) if second < start), 0)
    for second in range(start, end):
        past = known.get(second) or Second(_instant(second), running=running)
        running = past.running
        yield past


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _nobody(_tenant_id: str) -> int:
    return 0
