"""What a scope has used of its limits: the rules themselves, free of any database."""

from typing import Final, NamedTuple

from msgspec import Struct

from jixi.core.errors import JixiError, problem
from jixi.core.ports import Allowance, Window
from jixi.governance.ledger._values import LimitScope, LimitValues

UNIT: Final = 60_000
"""A request or a token counts so many units: then a limit a minute drains `limit` units each millisecond, exactly."""
_SET_BACK_MS: Final = 60_000
_LONGEST_WAIT_S: Final = 60


class Account(Struct):
    """Money of one scope in one day or month, in micro-units; `changed` says that it must be written."""

    spent: int = 0
    held: int = 0
    changed: bool = False


class Demand(NamedTuple):
    """What a call needs of every scope that it weighs on: money, tokens, and one of everything else."""

    day: str
    month: str
    amount: int
    tokens: int
    at_ms: int
    currency: str


class Gauge(Struct, gc=False):
    """One scope, its limits (None: no limit), and how much of them is used. The fields are those of its row.

    `requests_used` and `tokens_used` are buckets, in units: they drain with time since `measured_ms` and are full at
    one minute's limit. `running` counts open holds. The day and the month are the newest in which the scope was
    called; accounts of other days and months are closed ones, in `closed` where they are needed.
    """

    scope_id: str
    tenant_id: str
    scope: LimitScope
    requests_per_minute: int | None
    tokens_per_minute: int | None
    concurrency: int | None
    daily_micros: int | None
    monthly_micros: int | None
    day: str
    day_spent: int
    day_held: int
    month: str
    month_spent: int
    month_held: int
    running: int
    requests_used: int
    tokens_used: int
    measured_ms: int
    revision: int
    closed: dict[str, Account] = {}
    changed: bool = False

    def fits(self, demand: Demand) -> bool:
        """Let time pass until `demand`, and say whether no limit is in its way: what nearly every call finds, in one
        look. A demand of a day that is over never fits at a glance.
        """
        if demand.at_ms != self.measured_ms:
            self.drain(demand.at_ms)
        if demand.day != self.day:
            self._turn(demand.day, demand.month)
        monthly, daily = self.monthly_micros, self.daily_micros
        requests, tokens = self.requests_per_minute, self.tokens_per_minute
        return (
            (monthly is None or demand.amount <= monthly - self.month_spent - self.month_held)
            and (daily is None or demand.amount <= daily - self.day_spent - self.day_held)
            and (self.concurrency is None or self.running < self.concurrency)
            and (requests is None or self.requests_used + UNIT <= requests * UNIT)
            and (tokens is None or self.tokens_used + demand.tokens * UNIT <= tokens * UNIT)
            and demand.day == self.day
        )

    def refusal(self, demand: Demand) -> JixiError | None:
        """Why a call that `fits` has not let pass may not be made; None where it may. The longest wait where several
        limits are in the way.
        """
        short = self._short_of_money(demand) or self._too_large(demand)
        if short is not None:
            return short
        late = [self._too_many(), self._too_often(demand.at_ms), self._too_many_tokens(demand)]
        return max((each for each in late if each is not None), key=wait_of, default=None)

    def take(self, demand: Demand) -> None:
        self.changed = True
        self.running += 1
        if self.requests_per_minute is not None:
            self.requests_used += UNIT
        if self.tokens_per_minute is not None:
            self.tokens_used += demand.tokens * UNIT
        self._book(demand, demand.amount, 0)

    def too_often(self, at_ms: int) -> JixiError | None:
        """Why one more request may not be made this minute; None where it may."""
        self.drain(at_ms)
        return self._too_often(at_ms)

    def tally(self) -> None:
        """Count one request and nothing else."""
        if self.requests_per_minute is not None:
            self.changed = True
            self.requests_used += UNIT

    def give_back(self, demand: Demand, cost: int, tokens: int) -> None:
        """End a call that had taken `demand`: it cost `cost` and used `tokens`."""
        self.changed = True
        self.running -= 1
        if self.tokens_per_minute is not None:
            used = self.tokens_used + (tokens - demand.tokens) * UNIT
            self.tokens_used = min(max(used, 0), self.tokens_per_minute * UNIT)
        self._book(demand, -demand.amount, cost)

    def charge(self, demand: Demand, cost: int) -> None:
        """Book what no call has cost, on the day and month of `demand`; nothing is refused."""
        self.changed = True
        self._book(demand, 0, cost)

    def drain(self, at_ms: int) -> None:
        """Let time pass. A clock that lags behind another process's waits for it; one that was set back starts anew."""
        elapsed = at_ms - self.measured_ms
        if -_SET_BACK_MS <= elapsed <= 0:
            return
        self.measured_ms = at_ms
        if self.requests_used and elapsed > 0:
            self.requests_used = max(self.requests_used - elapsed * (self.requests_per_minute or 0), 0)
        if self.tokens_used and elapsed > 0:
            self.tokens_used = max(self.tokens_used - elapsed * (self.tokens_per_minute or 0), 0)

    def change(self, values: LimitValues, at_ms: int, tokens_running: int) -> None:
        """Put other limits in force. `tokens_running` is what calls that run now may still use."""
        self.drain(at_ms)
        if self.tokens_per_minute is None:
            self.tokens_used = tokens_running * UNIT
        for name, value in values._asdict().items():
            setattr(self, name, value)
        self.requests_used = min(self.requests_used, (self.requests_per_minute or 0) * UNIT)
        self.tokens_used = min(self.tokens_used, (self.tokens_per_minute or 0) * UNIT)

    def account(self, period: str) -> Account:
        """The account of a day or month, as it is now."""
        if period == self.day:
            return Account(self.day_spent, self.day_held)
        if period == self.month:
            return Account(self.month_spent, self.month_held)
        return self.closed.get(period) or Account()

    def _turn(self, day: str, month: str) -> None:
        """Close the accounts of a day and a month that are over."""
        if day > self.day:
            self.closed[self.day] = Account(self.day_spent, self.day_held, changed=bool(self.day))
            opened = self.closed.get(day) or Account()
            self.closed[day] = Account(changed=opened.spent != 0 or opened.held != 0)
            self.day, self.day_spent, self.day_held = day, opened.spent, opened.held
        if month > self.month:
            self.closed[self.month] = Account(self.month_spent, self.month_held, changed=bool(self.month))
            opened = self.closed.get(month) or Account()
            self.closed[month] = Account(changed=opened.spent != 0 or opened.held != 0)
            self.month, self.month_spent, self.month_held = month, opened.spent, opened.held

    def _book(self, demand: Demand, held: int, spent: int) -> None:
        if demand.day != self.day:
            self._turn(demand.day, demand.month)
        if demand.day == self.day:
            self.day_held += held
            self.day_spent += spent
        else:
            self._book_closed(demand.day, held, spent)
        if demand.month == self.month:
            self.month_held += held
            self.month_spent += spent
        else:
            self._book_closed(demand.month, held, spent)

    def _book_closed(self, period: str, held: int, spent: int) -> None:
        account = self.closed.setdefault(period, Account())
        account.held += held
        account.spent += spent
        account.changed = True

    def _short_of_money(self, demand: Demand) -> JixiError | None:
        if self.monthly_micros is not None:
            left = self.monthly_micros - _gone(self.account(demand.month))
            if demand.amount > left:
                return self._over_budget(demand, "monthly", left)
        if self.daily_micros is not None:
            left = self.daily_micros - _gone(self.account(demand.day))
            if demand.amount > left:
                return self._over_budget(demand, "daily", left)
        return None

    def _over_budget(self, demand: Demand, period: str, left: int) -> JixiError:
        return problem(
            "budget_exceeded",
            scope=self.scope,
            period=period,
            needed=_money(demand.amount, demand.currency),
            left=_money(max(left, 0), demand.currency),
        )

    def _too_large(self, demand: Demand) -> JixiError | None:
        limit = self.tokens_per_minute
        if limit is None or demand.tokens <= limit:
            return None
        return problem("token_limit_too_low", scope=self.scope, limit=limit, needed=demand.tokens)

    def _too_many(self) -> JixiError | None:
        limit = self.concurrency
        if limit is None or self.running < limit:
            return None
        return problem("concurrency_exceeded", scope=self.scope, limit=limit, retry_after=1)

    def _too_often(self, at_ms: int) -> JixiError | None:
        limit = self.requests_per_minute
        if limit is None or self.requests_used + UNIT <= limit * UNIT:
            return None
        wait = self._wait(self.requests_used + UNIT, limit, at_ms)
        return problem("request_rate_exceeded", scope=self.scope, limit=limit, seconds=wait, retry_after=wait)

    def _too_many_tokens(self, demand: Demand) -> JixiError | None:
        limit = self.tokens_per_minute
        if limit is None or self.tokens_used + demand.tokens * UNIT <= limit * UNIT:
            return None
        wait = self._wait(self.tokens_used + demand.tokens * UNIT, limit, demand.at_ms)
        return problem(
            "token_rate_exceeded",
            scope=self.scope,
            limit=limit,
            needed=demand.tokens,
            left=limit - -(-self.tokens_used // UNIT),
            seconds=wait,
            retry_after=wait,
        )

    def _wait(self, wanted: int, limit: int, at_ms: int) -> int:
        """Whole seconds until a bucket of `wanted` units has drained to its limit."""
        milliseconds = -(-(wanted - limit * UNIT) // limit) + max(self.measured_ms - at_ms, 0)
        return min(max(-(-milliseconds // 1000), 1), _LONGEST_WAIT_S)


def wait_of(error: JixiError) -> int:
    """How long a refused caller has to wait; those that waiting does not help come last."""
    return error.retry_after if error.retry_after is not None else _LONGEST_WAIT_S + 1


def allowance_of(gauges: list[Gauge]) -> Allowance | None:
    """What the tightest of these scopes leaves for this minute."""
    requests: tuple[int, int, int] | None = None
    tokens: tuple[int, int, int] | None = None
    for gauge in gauges:
        if (limit := gauge.requests_per_minute) is not None:
            left = (limit - -(-gauge.requests_used // UNIT), limit, gauge.requests_used)
            requests = left if requests is None or left < requests else requests
        if (limit := gauge.tokens_per_minute) is not None:
            left = (limit - -(-gauge.tokens_used // UNIT), limit, gauge.tokens_used)
            tokens = left if tokens is None or left < tokens else tokens
    if requests is None and tokens is None:
        return None
    return Allowance(
        requests=None if requests is None else _window(*requests),
        tokens=None if tokens is None else _window(*tokens),
    )


def _window(remaining: int, limit: int, used: int) -> Window:
    return Window(limit=limit, remaining=remaining, reset_ms=-(-used // limit))


def _gone(account: Account) -> int:
    return account.spent + account.held


def _money(micros: int, currency: str) -> str:
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d} {currency}"
