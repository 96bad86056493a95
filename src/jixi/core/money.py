"""Money as integers: micro-units (a millionth) of a currency. Floats never hold money."""

import msgspec

from jixi.core.usage import Usage

MICROS = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of the price book: micro-units of `currency` for 1 000 000 tokens; `version` names the line for ever."""

    model: str
    currency: str
    input_micros: int
    cached_input_micros: int
    output_micros: int
    version: int

    def cost(self, usage: Usage) -> int:
        """Micro-units for `usage`: the exact sum over the token classes, rounded up once to a whole micro-unit."""
        fresh = usage.input_tokens - usage.cached_input_tokens
        exact = (
            fresh * self.input_micros
            + usage.cached_input_tokens * self.cached_input_micros
            + usage.output_tokens * self.output_micros
        )
        return -(-exact // 1_000_000)

    def ceiling(self, input_tokens: int, output_tokens: int) -> int:
        """Micro-units that a call of at most so many tokens can cost, whatever the cache serves."""
        dearest_input = max(self.input_micros, self.cached_input_micros)
        return -(-(input_tokens * dearest_input + output_tokens * self.output_micros) // 1_000_000)
