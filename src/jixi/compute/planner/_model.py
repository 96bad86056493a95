"""A model as the planner sees it: numbers of weights and widths. Whoever has a catalogue of models translates."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, Self, get_args

from jixi.compute.chips import Chip, Precision
from jixi.compute.planner._checks import checked, chosen, contradiction
from jixi.compute.planner._sheet import Work
from jixi.core.errors import problem

ModelKind = Literal["decoder", "encoder", "encoder_decoder"]
WeightFormat = Literal["fp32", "bf16", "fp16", "fp8", "int8", "q8_0", "fp4", "int4", "q4_k_m"]
WEIGHT_BITS: Final[Mapping[WeightFormat, float]] = MappingProxyType(
    {
        "fp32": 32,
        "bf16": 16,
        "fp16": 16,
        "fp8": 8,
        "int8": 8,
        "q8_0": 8.5,
        "fp4": 4.5,
        "int4": 4.5,
        "q4_k_m": 4.85,
    }
)
"""Bits of a weight, the scales of its block included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerCache:
    """What `layers` layers of one kind keep of a sequence: `values` numbers a token, of the last `window` tokens.

    `state` numbers do not grow with the sequence. `width` is what attention computes with: of all heads, the width of
    keys and of values together. `splits` is over how many accelerators the numbers can be divided; beyond that each
    keeps a copy.
    """

    layers: int
    values: int
    width: int
    splits: int = 1
    window: int | None = None
    state: int = 0

    def check(self) -> None:
        """Raises `planner_value_out_of_range` for a layer that keeps nothing, or less."""
        for name in ("layers", "splits"):
            checked(f"cache.{name}", getattr(self, name), 1, 1e8)
        for name in ("values", "width", "state"):
            checked(f"cache.{name}", getattr(self, name), 0, 1e12)
        checked("cache.values + cache.state", self.values + self.state, 1, 1e12)
        if self.window is not None:
            checked("cache.window", self.window, 1, 1e9)

    @classmethod
    def grouped(
        cls, layers: int, heads: int, kv_heads: int, head_size: int, window: int | None = None
    ) -> Self:
        """Multi-head (kv_heads = heads), grouped-query and multi-query attention, with a sliding window or without."""
        return cls(
            layers=layers,
            values=2 * kv_heads * head_size,
            width=2 * heads * head_size,
            splits=kv_heads,
            window=window,
        )

    @classmethod
    def latent(cls, layers: int, kv_rank: int, rope_head_size: int, width: int, more: int = 0) -> Self:
        """Multi-head latent attention: a compressed vector and a rotary key; `more` are keys of sparse attention."""
        return cls(layers=layers, values=kv_rank + rope_head_size + more, width=width)

    @classmethod
    def linear(cls, layers: int, state: int, splits: int = 1) -> Self:
        """Linear attention: a state and no cache."""
        return cls(layers=layers, values=0, width=0, splits=splits, state=state)


@dataclass(frozen=True, kw_only=True, slots=True)
class Experts:
    """A mixture of experts: `active` of `count` for a token; `parameters` are those of all routed experts together."""

    count: int
    active: int
    parameters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """`active` weights for a token, None: all. The widths may be unknown; who needs one says which.

    `lookup` of the weights are a table of which a token takes one row: the embedding, where the output has a matrix of
    its own. They are neither read nor computed with in a step.

    `feed_forward` is the inner width that one token passes in a layer, its experts' together; `gated` layers have
    three matrices, others two. `cache` is of the layers that keep something of a sequence.
    """

    name: str
    parameters: float
    active: float | None = None
    lookup: float = 0
    kind: ModelKind = "decoder"
    layers: int | None = None
    hidden: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_size: int | None = None
    feed_forward: int | None = None
    vocabulary: int | None = None
    gated: bool = True
    experts: Experts | None = None
    cache: tuple[LayerCache, ...] = ()

    def check(self) -> None:
        """Raises `planner_value_invalid` for numbers that contradict each other."""
        chosen("kind", self.kind, get_args(ModelKind))
        checked("parameters", self.parameters, 1e4, 1e15)
        if self.active is not None:
            checked("active", self.active, 1e4, self.parameters)
        checked("lookup", self.lookup, 0, 0.99 * (self.active or self.parameters))
        for name in ("layers", "hidden", "heads", "kv_heads", "head_size", "feed_forward", "vocabulary"):
            if (value := getattr(self, name)) is not None:
                checked(name, value, 1, 1e8)
        if self.heads and self.kv_heads and self.kv_heads > self.heads:
            raise contradiction("kv_heads", self.kv_heads, "heads", self.heads)
        if self.vocabulary and self.hidden and self.vocabulary * self.hidden > self.parameters:
            embedding = self.vocabulary * self.hidden
            raise contradiction("parameters", self.parameters, "vocabulary * hidden", embedding)
        for part in self.cache:
            part.check()
        if (experts := self.experts) is not None:
            checked("experts.active", experts.active, 1, experts.count)
            checked("experts.parameters", experts.parameters, 0, self.parameters)

    def need(self, *facts: str) -> None:
        """Raises `planner_facts_missing` with those of the facts that nobody knows of this model."""
        lacking = [fact for fact in facts if getattr(self, fact) in (None, ())]
        if lacking:
            raise problem("planner_facts_missing", param="model", model=self.name, facts=", ".join(lacking))

    def write(self, work: Work) -> None:
        """Into a sheet, with what is known."""
        work.note("parameters", self.parameters, "1", "model", self.name)
        work.note("active_parameters", self.active or self.parameters, "1", "model", self.name)
        work.note("lookup_parameters", self.lookup, "1", "model", self.name)
        work.note(
            "routed_parameters", self.experts.parameters if self.experts else 0, "1", "model", self.name
        )
        if self.experts:
            work.note("experts", self.experts.count, "1", "model", self.name)
            work.note("active_experts", self.experts.active, "1", "model", self.name)
        for name in ("layers", "hidden", "heads", "kv_heads", "head_size", "feed_forward", "vocabulary"):
            if (value := getattr(self, name)) is not None:
                work.note(name, value, "1", "model", self.name)
        for at, part in enumerate(self.cache, 1):
            work.note(f"cache{at}_layers", part.layers, "1", "model", self.name)
            work.note(f"cache{at}_splits", part.splits, "1", "model", self.name)
            if part.values:
                work.note(f"cache{at}_values", part.values, "1/token", "model", self.name)
                work.note(f"cache{at}_width", part.width, "1", "model", self.name)
            if part.window:
                work.note(f"cache{at}_window", part.window, "token", "model", self.name)
            if part.state:
                work.note(f"cache{at}_state", part.state, "1", "model", self.name)

    def cache_formula(self, tokens: str, accelerators: str) -> str:
        """How many numbers of a sequence of `tokens` tokens each of so many accelerators keeps."""
        parts: list[str] = []
        for at, part in enumerate(self.cache, 1):
            kept = [f"cache{at}_values * {_seen(at, part, tokens)}"] if part.values else []
            kept += [f"cache{at}_state"] if part.state else []
            parts.append(f"cache{at}_layers * ({' + '.join(kept)}) / min({accelerators}, cache{at}_splits)")
        return " + ".join(parts)

    def attention_formula(self, tokens: str) -> str:
        """Width times tokens that one token attends to, of all layers; 2 operations each for it."""
        parts = [
            f"cache{at}_layers * cache{at}_width * {_seen(at, part, tokens)}"
            for at, part in enumerate(self.cache, 1)
            if part.values
        ]
        return " + ".join(parts) or f"0 * {tokens}"


def _seen(at: int, part: LayerCache, tokens: str) -> str:
    return f"min({tokens}, cache{at}_window)" if part.window else tokens


def computes_in(weights: WeightFormat, chip: Chip) -> Precision:
    """The precision that a chip multiplies these weights in: their own where it can, else 16 bits after unpacking.

    Processors unpack for their vector units: matrix units, which 16 bits are for, want tiles that an answer's step has
    not.
    """
    own: dict[WeightFormat, Precision] = {"fp32": "fp32", "fp8": "fp8", "int8": "int8", "fp4": "fp4"}
    wanted = own.get(weights)
    if wanted is not None and chip.flops(wanted) is not None:
        return wanted
    if chip.kind == "cpu" and chip.flops("fp32") is not None and WEIGHT_BITS[weights] < 16:
        return "fp32"
    return "bf16" if chip.flops("bf16") is not None else "fp16"
