"""What a serving plan starts from: what users ask for, how well an engine works, and both written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from jixi.compute.planner._assumed import (
    BANDWIDTH_UTILISATION,
    BUSY_HOURS,
    CPU_ATTENTION,
    CPU_OVERLAP,
    CPU_OVERLAP_OTHER,
    CPU_STEP,
    CPU_STEP_REPACKED,
    CPU_TILE_GAIN,
    LAYER_LATENCY,
    LINK_LATENCY,
    LOAD,
    MAX_BATCH,
    NETWORK,
    PREFILL_UTILISATION,
    SERVING_OVERHEAD,
    USABLE_MEMORY,
)
from jixi.compute.planner._checks import checked, chosen, contradiction
from jixi.compute.planner._model import WEIGHT_BITS, Model, WeightFormat, computes_in
from jixi.compute.planner._sheet import Work
from jixi.compute.planner._site import Hardware, Site, settle, write_costs
from jixi.core.errors import JixiError

CacheFormat = Literal["bf16", "fp8", "int8"]
CACHE_BYTES: Final[Mapping[CacheFormat, float]] = MappingProxyType({"bf16": 2, "fp8": 1, "int8": 1})
_K_SOURCE: Final = "Kaplan et al., Scaling Laws, 2020 (arXiv:2001.08361): 2 operations a weight and token"
_TILE: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ServingTask:
    """What users ask for in the busiest hour. `context` is what is kept for each call, None: prompt and answer.

    `reused` is the share of prompts that a prefix cache already has. `first_token_s` and `token_s` are the longest
    waits allowed, None: any. `spare` replicas stand by. `weight_bytes` is what all weights take, where their file says
    it; None is by their format.
    """

    model: Model
    users: float
    prompts_per_hour: float = 10
    prompt_tokens: float = 1000
    output_tokens: float = 300
    context: float | None = None
    reused: float = 0
    first_token_s: float | None = None
    token_s: float | None = None
    weights: WeightFormat = "bf16"
    cache: CacheFormat = "bf16"
    spare: int = 0
    weight_bytes: float | None = None

    def check(self) -> None:
        self.model.check()
        self.model.need("cache", "layers", "hidden")
        chosen("weights", self.weights, WEIGHT_BITS)
        chosen("cache", self.cache, CACHE_BYTES)
        for name, least, most in (
            ("users", 1e-6, 1e10),
            ("prompts_per_hour", 1e-6, 1e6),
            ("prompt_tokens", 1, 1e8),
            ("output_tokens", 1, 1e8),
            ("reused", 0, 0.999),
            ("spare", 0, 1e6),
            ("context", 1, 1e9),
            ("weight_bytes", 1e3, 1e15),
            ("first_token_s", 1e-4, 1e6),
            ("token_s", 1e-5, 1e4),
        ):
            if (value := getattr(self, name)) is not None:
                checked(name, value, least, most)
        if self.context is not None and self.context < self.prompt_tokens + self.output_tokens:
            tokens = self.prompt_tokens + self.output_tokens
            raise contradiction("context", self.context, "prompt_tokens + output_tokens", tokens)


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """How well an engine uses its hardware; None is assumed and marked. `compute_utilisation` is of prompts, and of
    steps too where nobody says another, but for processors, which have defaults of their own for steps. `overlap` is
    of processors alone: the part of the shorter of computing and reading that hides behind the longer.
    """

    compute_utilisation: float | None = None
    step_utilisation: float | None = None
    attention_utilisation: float | None = None
    overlap: float | None = None
    bandwidth_utilisation: float | None = None
    usable_memory: float | None = None
    overhead_bytes: float | None = None
    max_batch: int | None = None
    load: float | None = None
    link_latency_s: float | None = None
    layer_latency_s: float | None = None
    busy_hours: float | None = None

    def check(self) -> None:
        for name, least, most in (
            ("compute_utilisation", 0.001, 1),
            ("step_utilisation", 0.001, 1),
            ("attention_utilisation", 0.001, 1),
            ("overlap", 0, 1),
            ("bandwidth_utilisation", 0.001, 1),
            ("usable_memory", 0.1, 1),
            ("overhead_bytes", 0, 1e12),
            ("max_batch", 1, 1e6),
            ("load", 0.01, 0.99),
            ("link_latency_s", 0, 1),
            ("layer_latency_s", 0, 1),
            ("busy_hours", 0.01, 744),
        ):
            if (value := getattr(self, name)) is not None:
                checked(name, value, least, most)


def workload(task: ServingTask, hardware: Hardware, engine: Engine, site: Site) -> Work:
    """The model, the task and the hardware, before it is known how many accelerators share a replica."""
    task.check()
    hardware.check()
    engine.check()
    site.check()
    work = Work()
    task.model.write(work)
    work.note("users", task.users, "user")
    work.note("prompts_per_hour", task.prompts_per_hour, "request/user/h")
    work.note("prompt_tokens", task.prompt_tokens, "token")
    work.note("output_tokens", task.output_tokens, "token")
    work.note("reused", task.reused, "1")
    work.note("spare", task.spare, "1")
    if task.context is None:
        work.compute("context", "prompt_tokens + output_tokens", "token")
    else:
        work.note("context", task.context, "token")
    work.compute("mean_context", "prompt_tokens + output_tokens / 2", "token")
    if task.weight_bytes is None:
        held = WEIGHT_BITS[task.weights] / 8
        work.note("weight_size", held, "B", "given", f"{task.weights}, scales included")
    else:
        work.note("weight_file", task.weight_bytes, "B")
        work.compute("weight_size", "weight_file / parameters", "B")
    work.note("cache_size", CACHE_BYTES[task.cache], "B", "given", task.cache)
    work.note("k", 2, "FLOP/token", "constant", _K_SOURCE)
    work.note(
        "attention_flops", 2, "FLOP/token/token", "constant", "a product and a sum each for keys and values"
    )
    work.note("value_size", 2, "B/token", "constant", "activations travel in 16 bits")
    work.note("step_tokens", 1, "token", "constant", "a step writes one token of each sequence")
    work.note("request", 1, "request", "constant")
    work.note("hour", 3600, "s/h", "constant")
    hardware.write(work, computes_in(task.weights, hardware.chip))
    hardware.write_bandwidth(work)
    _write_engine(work, task, hardware, engine)
    return work


def _write_engine(work: Work, task: ServingTask, hardware: Hardware, engine: Engine) -> None:
    settle(work, "compute_utilisation", engine.compute_utilisation, PREFILL_UTILISATION)
    for name, given, own in (
        ("step_utilisation", engine.step_utilisation, CPU_STEP_REPACKED if _repacked(task) else CPU_STEP),
        ("attention_utilisation", engine.attention_utilisation, CPU_ATTENTION),
    ):
        if given is None and hardware.chip.kind != "cpu":
            work.compute(name, "compute_utilisation", "1")
        else:
            settle(work, name, given, own)
    if hardware.chip.kind == "cpu":
        settle(work, "overlap", engine.overlap, CPU_OVERLAP.get(hardware.chip.maker, CPU_OVERLAP_OTHER))
        work.note("tile", _TILE, "1", "constant", "llama.cpp multiplies tiles of four rows")
        if task.weights == "int4":
            work.note("tile_gain", 0, "1", "constant", "llama.cpp has no product of tiles for Q4_1")
        else:
            settle(work, "tile_gain", None, CPU_TILE_GAIN)
        shared_from, why = 1, "a block of weights is multiplied by all calls while it is in the cache"
        if _repacked(task):
            shared_from, why = _TILE, "fewer calls read weights that are laid out anew one by one"
        work.note("shared_from", shared_from, "1", "constant", why)
    settle(work, "bandwidth_utilisation", engine.bandwidth_utilisation, BANDWIDTH_UTILISATION)
    settle(work, "usable_share", engine.usable_memory, USABLE_MEMORY)
    settle(work, "overhead", engine.overhead_bytes, SERVING_OVERHEAD)
    settle(work, "max_batch", engine.max_batch, MAX_BATCH)
    settle(work, "load", engine.load, LOAD)
    settle(work, "link_latency", engine.link_latency_s, LINK_LATENCY)
    settle(work, "layer_latency", engine.layer_latency_s, LAYER_LATENCY[hardware.chip.kind])
    settle(work, "busy_hours", engine.busy_hours, BUSY_HOURS)
    settle(work, "network", None, NETWORK)
    work.note("joined", hardware.joined, "1", "chip")
    if (link := hardware.chip.link) is not None:
        source = hardware.chip.source("link")
        # The sheet counts both directions; what is summed up over a ring flows in one.
        work.note("link_bandwidth", link.gb_s * 1e9 / 2, "B/s", "chip", f"{source.title}, {source.url}")


def _repacked(task: ServingTask) -> bool:
    """Whether rows are whole blocks of 256 weights; llama.cpp takes older formats for others (src/llama-quant.cpp)."""
    return task.weights == "q4_k_m" and (task.model.hidden or 0) % 256 == 0


def write_demand(work: Work) -> None:
    work.compute("rate", "users * prompts_per_hour / hour", "request/s")
    work.compute("replicas", "ceil(rate / (replica_rate * load)) + spare", "1")
    work.compute("accelerators", "replicas * replica", "1")
    work.compute(
        "request_flops", "k * active_parameters * (prompt_tokens + output_tokens) / request", "FLOP/request"
    )
    work.compute("demanded_flops", "rate * request_flops", "FLOP/s")
    work.compute("output_rate", "rate * output_tokens / request", "token/s")
    work.compute("input_rate", "rate * prompt_tokens / request", "token/s")
    work.compute(
        "most_output_rate", "(replicas - spare) * replica_rate * load * output_tokens / request", "token/s"
    )
    work.compute("sequence_rate", "step_tokens / (token_seconds * step_tokens)", "token/s")
    work.compute(
        "most_month_tokens",
        "most_output_rate / output_tokens * (prompt_tokens + output_tokens) * hour * busy_hours",
        "token/month",
    )


def write_month(work: Work, hardware: Hardware, site: Site) -> dict[str, JixiError]:
    """Tokens, energy and cost of a month, as far as the numbers for them are there."""
    work.note("month", 730.5, "h/month", "constant")
    work.note("million", 1e6, "token/Mtoken", "constant")
    work.compute("month_tokens", "(input_rate + output_rate) * hour * busy_hours", "token/month")
    work.compute("accelerator_hours", "accelerators * month", "h/month")
    lacking = write_costs(work, hardware, site, "/month")
    for how in ("owned", "rented"):
        if f"{how}_cost" in work:
            work.compute(f"{how}_million", f"{how}_cost / month_tokens * million", f"{site.currency}/Mtoken")
    return lacking
