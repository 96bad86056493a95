"""What a call used, in tokens."""

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens of one call. `cached_input_tokens` are those of `input_tokens` that a prompt cache served.

    `estimated` is true where an engine sent no usage and we counted ourselves.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False
