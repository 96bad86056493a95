"""The two ports through which the storeys meet governance without importing it."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from jixi.core.money import Price
from jixi.core.principal import Principal, Scope
from jixi.core.usage import Usage

_REQUESTS: Final = (
    b"x-ratelimit-limit-requests",
    b"x-ratelimit-remaining-requests",
    b"x-ratelimit-reset-requests",
)
_TOKENS: Final = (b"x-ratelimit-limit-tokens", b"x-ratelimit-remaining-tokens", b"x-ratelimit-reset-tokens")
Headers = tuple[tuple[bytes, bytes], ...]
"""Of an answer: names in lower case, and values."""
Outcome = Literal["ok", "failed", "cancelled", "interrupted"]
Tier = Literal["standard", "batch"]
"""How soon an answer is wanted; a batch may wait and costs what the price book says of batches."""


class Gate(Protocol):
    """May this principal do this? Answers from memory, never waits."""

    def authorise(self, principal: Principal, scope: Scope, model: str) -> None:
        """Raise `scope_missing`, `role_forbidden` or `model_not_allowed`; return where the call is allowed."""
        ...


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """What a call may cost at most, asked for before an engine hears of it.

    `model` is the name that was asked for; `max_units` are of the unit that `UNITS` names for `kind`. `targets` are
    those that may answer under it, the likeliest first; empty where the name is no alias. A name that the price book
    lists costs what it says, else what the target costs.
    """

    request_id: str
    principal: Principal
    model: str
    kind: Scope
    max_input_tokens: int
    max_output_tokens: int
    max_units: int = 0
    stream: bool
    targets: tuple[str, ...] = ()
    tier: Tier = "standard"

    def bounded(self, usage: Usage) -> Usage:
        """`usage` as far as money is held for it; `estimated` where it was more."""
        if (
            usage.input_tokens <= self.max_input_tokens
            and usage.cached_input_tokens <= self.max_input_tokens
            and usage.output_tokens <= self.max_output_tokens
            and usage.units <= self.max_units
        ):
            return usage
        return Usage(
            input_tokens=min(usage.input_tokens, self.max_input_tokens),
            cached_input_tokens=min(usage.cached_input_tokens, self.max_input_tokens),
            output_tokens=min(usage.output_tokens, self.max_output_tokens),
            units=min(usage.units, self.max_units),
            estimated=True,
        )


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A limit a minute: how much of it is left, and in how many milliseconds it will be whole again."""

    limit: int
    remaining: int
    reset_ms: int

    def headers(self, names: tuple[bytes, bytes, bytes]) -> Headers:
        limit, remaining, reset = names
        return (
            (limit, b"%d" % self.limit),
            (remaining, b"%d" % self.remaining),
            (reset, _duration(self.reset_ms).encode()),
        )


class Allowance(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a caller may still do this minute, by the tightest of the limits that apply; None where none does."""

    requests: Window | None = None
    tokens: Window | None = None

    def headers(self) -> Headers:
        """As OpenAI names them."""
        requests, tokens = self.requests, self.tokens
        told = () if requests is None else requests.headers(_REQUESTS)
        return told if tokens is None else told + tokens.headers(_TOKENS)


def _duration(milliseconds: int) -> str:
    """`12ms`, `1.5s`, `1m0s`."""
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}m{rest / 1000:g}s" if minutes else f"{rest / 1000:g}s"


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money set aside for one call, durable. It ends in exactly one settlement, by the caller or by recovery.

    `price` is that of the name that was asked for; where the price book has none, that of the likeliest target, and
    `target_prices` are those of all targets.
    """

    reservation: Reservation
    price: Price
    amount_micros: int
    opened_at: datetime
    target_prices: tuple[Price, ...] = ()
    allowance: Allowance | None = None

    @property
    def day(self) -> str:
        """The day in UTC on whose account the call lies, whenever it ends."""
        return self.opened_at.date().isoformat()

    @property
    def month(self) -> str:
        return self.day[:7]

    def headers(self) -> Headers:
        """What the answer's headers say of rate limits; nothing where no limit applies."""
        return self.allowance.headers() if self.allowance is not None else ()

    def price_of(self, target: str | None) -> Price:
        """What counts where `target` answered."""
        return next((price for price in self.target_prices if price.model == target), self.price)


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended. `usage` is what was produced, whatever the outcome; times are milliseconds.

    `target` is who answered where it is not the model itself; `replayed` says that the response cache did.
    """

    outcome: Outcome
    usage: Usage
    target: str | None = None
    replayed: bool = False
    error_code: str | None = None
    first_token_ms: int | None = None
    duration_ms: int = 0


class Meter(Protocol):
    """The ledger's verbs. They return after the database has made the change durable."""

    def reserve(self, reservation: Reservation) -> Awaitable[Hold]:
        """Hold the worst case in one conditional change.

        Raises, with nothing held, `budget_exceeded`, `request_rate_exceeded`, `token_rate_exceeded`,
        `concurrency_exceeded`, `token_limit_too_low`, `price_unknown`, `duplicate_request`, `ledger_unavailable`.
        """
        ...

    def settle(self, hold: Hold, settlement: Settlement) -> Awaitable[int | None]:
        """Turn the hold into a charge and return its micro-units; a repeated settle changes nothing and returns them.

        None where the call had been charged otherwise: as interrupted, for it was taken for left behind.
        """
        ...

    def tally(self, principal: Principal, model: str) -> Awaitable[None]:
        """Count a request that costs nothing against the limits of requests a minute.

        Raises `request_rate_exceeded`, with nothing counted, and `ledger_unavailable`.
        """
        ...

    def progress(self, hold: Hold, usage: Usage, target: str | None = None) -> None:
        """Note what a running call has produced so far and who answers, so that a crash bills it; cheap."""
        ...
