"""What a replica takes of memory, part by part: each engine computes it from what it loads. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, runtime_checkable

from jixi.compute.inventory import Vendor
from jixi.models.catalog import Architecture
from jixi.models.engines._protocol import Engine

MIB: Final = 2**20
HALF: Final = 2
"""Bytes of a number in 16 bits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What a replica loads: weights in bytes on disk, those of adapters with them, the model's architecture where it is
    known, and the launch's `context` (tokens a call), `parallel` (calls at once) and `options`. `adapted`: there are
    adapters. `repacked` are bytes of the weights in formats that llama.cpp lays out anew for processors.
    """

    weights: int
    architecture: Architecture | None
    context: int
    parallel: int
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    adapted: bool = False
    repacked: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """Bytes at the most, of all accelerators of the replica together, or of main memory where it needs none.

    `repacked` is what of `weights` comes on top of the files, because it is held in two forms.
    `cache` is for keys and values, None where the architecture is not known and it is left out; `kept` for prompts that
    have ended and may come again; `working` for what is computed with; `runtime` for the program itself. `share` is a
    part of each accelerator's memory that the engine is told to take, where that is more. Where `either`, an
    accelerator is used if the node has one, and main memory if it has none.
    """

    weights: int
    repacked: int = 0
    cache: int | None = 0
    kept: int = 0
    working: int = 0
    runtime: int = 0
    accelerators: int = 0
    share: float = 0
    either: bool = False
    vendors: frozenset[Vendor] | None = None

    @property
    def total(self) -> int:
        return self.weights + (self.cache or 0) + self.kept + self.working + self.runtime


@runtime_checkable
class Sized(Protocol):
    """An engine that knows what its replicas take; raises `invalid_value` for options that make no sense."""

    def footprint(self, load: Load) -> Footprint: ...


@runtime_checkable
class Sharing(Protocol):
    """An engine that is told by an option how much of its accelerators it may fill."""

    def within(self, footprint: Footprint, share: float) -> Mapping[str, Any]:
        """The options for a replica that was given this `share` of each accelerator's memory, from 0 to 1."""
        ...


def footprint_of(engine: Engine, load: Load) -> Footprint:
    """What a replica takes. Of an engine that does not say: its weights, and a cache for all its calls in 16 bits."""
    if isinstance(engine, Sized):
        return engine.footprint(load)
    return Footprint(weights=load.weights, cache=cache_bytes(load, load.context))


def cache_bytes(load: Load, tokens: int, width: int = HALF) -> int | None:
    """Keys and values of `parallel` calls of `tokens` each, in numbers of `width` bytes; None where nobody can say."""
    if load.architecture is None:
        return None
    return load.architecture.cache_values(tokens) * width * load.parallel


def padded(tokens: int, block: int) -> int:
    """The tokens, up to a whole number of blocks."""
    return -(-tokens // block) * block


Place = Literal["auto", "cpu", "cuda"]


def on_device(device: Place, **parts: Any) -> Footprint:
    """Of an engine that takes one accelerator where there is one, as its option `device` says."""
    accelerators = 0 if device == "cpu" else 1
    return Footprint(
        **parts, accelerators=accelerators, either=device == "auto", vendors=frozenset({"nvidia"})
    )


def layer_values(architecture: Architecture) -> int:
    """Numbers that one token is computed with in the widest layer: two of the feed-forward's width, ten of the model's
    (queries, keys, values, what attention makes of them, the sums before and after). Fits llama.cpp's buffers, which
    were measured.
    """
    experts = architecture.experts
    if experts is not None:
        wide = experts.active * experts.feed_forward + experts.shared * (
            experts.shared_feed_forward or experts.feed_forward
        )
        wide = max(wide, architecture.feed_forward or 0 if experts.dense_layers else 0)
    else:
        wide = architecture.feed_forward or 4 * architecture.hidden_size
    return 2 * wide + 10 * architecture.hidden_size
