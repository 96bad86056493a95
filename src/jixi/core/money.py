"""Money as integers: micro-units (a millionth) of a currency. Floats never hold money."""

import msgspec

from jixi.core.usage import Unit, Usage

MICROS = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of the price book: micro-units of `currency` for 1 000 000 tokens; `version` names the line for ever.

    `unit_micros` is for one `unit`, which is None where the model answers in tokens alone.
    A call of the tier "batch" costs `batch_percent` of it, and an answer that the response cache gave again
    `replay_percent` of what it would have cost.
    """

    model: str
    currency: str
    input_micros: int
    cached_input_micros: int
    output_micros: int
    version: int
    batch_percent: int = 50
    replay_percent: int = 0
    unit: Unit | None = None
    unit_micros: int = 0

    def cost(self, usage: Usage, *, batch: bool = False, replayed: bool = False) -> int:
        """Micro-units for `usage`: the exact sum over tokens and units, rounded up once to a whole micro-unit."""
        fresh = usage.input_tokens - usage.cached_input_tokens
        exact = (
            fresh * self.input_micros
            + usage.cached_input_tokens * self.cached_input_micros
            + usage.output_tokens * self.output_micros
            + usage.units * self.unit_micros * MICROS
        )
        return self._rounded(exact, batch=batch, replayed=replayed)

    def ceiling(self, input_tokens: int, output_tokens: int, units: int = 0, *, batch: bool = False) -> int:
        """Micro-units that a call of at most so many tokens and units can cost, whatever a cache serves."""
        dearest_input = max(self.input_micros, self.cached_input_micros)
        exact = (
            input_tokens * dearest_input
            + output_tokens * self.output_micros
            + units * self.unit_micros * MICROS
        )
        return self._rounded(exact, batch=batch, replayed=False)

    def _rounded(self, exact: int, *, batch: bool, replayed: bool) -> int:
        percent = (self.batch_percent if batch else 100) * (self.replay_percent if replayed else 100)
        return -(-exact * percent // 10_000_000_000)
