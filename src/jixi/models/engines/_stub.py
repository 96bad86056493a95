"""The `stub` engine: deterministic tokens and scripted faults, shipped so that anyone can test against it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

import msgspec

from jixi.compute.drivers import Command
from jixi.core.principal import Scope
from jixi.models.engines._footprint import MIB, Footprint, Load
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._worker import options_from, options_of, worker_command


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How one answer misbehaves; an empty one is a good answer. Times are seconds."""

    status: int | None = None
    """Answer with this HTTP status and an error body."""
    retry_after: int | None = None
    """Send this Retry-After with it."""
    stall_headers_s: float = 0
    """Say nothing at all for so long."""
    stall_s: float = 0
    """Stop for so long once the headers are out."""
    stall_at: int = 0
    """Stop there after so many frames; an answer that is no stream stops after so many tokens."""
    comments: bool = False
    """Send SSE comments while stopped: bytes flow, nothing moves."""
    drip_ms: float | None = None
    """Milliseconds for each token."""
    cut_at: int | None = None
    """Break the connection off after so many bytes of the body."""
    bad_frame: int | None = None
    """Send garbage in place of this frame of a stream; in place of the body where there is no stream."""
    end_at: int | None = None
    """End a stream cleanly after so many tokens, without finish reason, usage or [DONE]."""
    usage: Literal["right", "wrong", "missing"] = "right"
    cached_tokens: int = 0
    """Say that so many tokens of the prompt came from the cache."""
    say: str | None = None
    """Answer with these words."""
    exit_code: int | None = None
    """End the process when the request arrives."""


class StubOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    seed: int = 0
    tokens: int = 16
    """Tokens of an answer whose request sets no limit."""
    drip_ms: float = 0
    script: tuple[Fault, ...] = ()
    """One entry for each request in turn; good answers after the last."""
    repeat: bool = False
    """Begin the script again after its end."""
    request_scripts: bool = False
    """Obey a request's own field `stub`, or a last message that is a JSON object with that field alone."""
    journal: str | None = None
    """Append what was produced, and when, to this file; each line is on the disk before the answer ends."""
    port: int | None = None
    """Listen on this port of loopback as well, for peers that know no Unix sockets."""
    dimensions: int = 384
    ready_after_s: float = 0
    exit_at_start: int | None = None
    """End at once with this status."""
    plays: Literal["text", "transcriptions", "speech", "images", "classify"] = "text"
    """What kind of model it is; faults and scripts are for text alone."""


class StubEngine:
    """Speaks chat, completions, embeddings and rerank, or one kind of sound or images. Tools are emulated."""

    name: Final = "stub"
    profile: Final = Profile(
        kinds=frozenset({Scope.CHAT, Scope.COMPLETIONS, Scope.EMBEDDINGS, Scope.RERANK}),
        tools="emulated",
        local=frozenset({"journal", "port"}),
        progress="/progress",
        counts=True,
        adapters="gguf",
    )

    def asks(self, launch: Launch, name: str) -> Mapping[str, Any]:
        return {"model": name}

    def profile_of(self, options: Mapping[str, Any]) -> Profile:
        plays = options_from(options, StubOptions, self.name).plays
        return self.profile if plays == "text" else replace(self.profile, kinds=frozenset({Scope(plays)}))

    def footprint(self, load: Load) -> Footprint:
        return Footprint(weights=load.weights, runtime=40 * MIB)

    def command(self, launch: Launch) -> Command:
        media = options_of(launch, StubOptions).plays != "text"
        return worker_command(f"jixi.models.engines._stub_{'media' if media else 'worker'}", launch)
