"""What a call used: tokens, or units of another kind."""

from typing import Final, Literal

import msgspec

from jixi.core.principal import Scope

Unit = Literal["second", "character", "image"]
UNITS: Final[dict[Scope, Unit]] = {
    Scope.TRANSCRIPTIONS: "second",
    Scope.SPEECH: "character",
    Scope.IMAGES: "image",
}
"""What calls are counted in that have no tokens: begun seconds of audio, characters that are read out, images."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens of one call. `cached_input_tokens` are those of `input_tokens` that a prompt cache served.

    `units` are whole ones of the unit that `UNITS` names for the kind of call.

    `estimated` is true where an engine sent no usage and we counted ourselves.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    units: int = 0
    estimated: bool = False
