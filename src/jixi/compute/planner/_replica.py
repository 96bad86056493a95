"""One replica of a model that is served: what it keeps, and how fast it reads prompts and writes answers (roofline)."""

from typing import Final, Literal

from jixi.compute.planner._model import Model
from jixi.compute.planner._sheet import Work

Limit = Literal["compute", "bandwidth", "memory"]
_ROOFLINE: Final = "Williams et al., Roofline, 2009: the slower of computing and of reading memory"
_OVERLAPPING: Final = "the slower of computing and of reading, and what a core does not hide of the other"
_RING: Final = "ring all-reduce: 2 (n - 1) / n of the data over each link; two a layer (arXiv:1909.08053)"
_QUEUE: Final = "Pollaczek-Khinchine, for prompts of equal length"


def write_replica(work: Work, model: Model, accelerators: int) -> None:
    """How many sequences fit into `accelerators` that share the weights; `batch_by_memory` is 0 where none does."""
    work.note("replica", accelerators, "1", "layout")
    work.compute("weights", "weight_size * parameters / replica", "B")
    work.compute("cache_sequence", f"cache_size * ({model.cache_formula('context', 'replica')})", "B")
    work.compute("cache_mean", f"cache_size * ({model.cache_formula('mean_context', 'replica')})", "B")
    work.compute("usable", "usable_share * memory", "B")
    work.compute("batch_by_memory", "max(0, floor((usable - weights - overhead) / cache_sequence))", "1")
    work.compute("batch_limit", "min(max_batch, batch_by_memory)", "1")
    work.compute("computing", "peak * compute_utilisation * replica", "FLOP/s")
    work.compute("reading", "bandwidth * bandwidth_utilisation", "B/s")
    work.compute("fixed_seconds", "layers * layer_latency", "s")
    if accelerators > 1:
        within = accelerators <= work["joined"]
        work.compute("link", "link_bandwidth" if within else "min(link_bandwidth, network)", "B/s")
        work.compute("meetings", "2 * layers", "1", _RING)
        work.compute("meeting_bytes", "value_size * hidden * 2 * (replica - 1) / replica", "B/token", _RING)


def write_speed(work: Work, model: Model, batch: int) -> None:
    """At so many sequences at once: seconds for a prompt, for a step, for a token; requests a second."""
    work.note("batch", batch, "1", "layout")
    _write_prefill(work, model)
    _write_step(work, model)
    work.compute(
        "request_seconds", "prefill_seconds + output_tokens * step_seconds / (batch * step_tokens)", "s"
    )
    work.compute("replica_rate", "request / request_seconds", "request/s")
    work.compute(
        "token_seconds",
        "step_seconds / step_tokens + batch * prefill_seconds / output_tokens",
        "s/token",
        "a step, and the prompts of the others that are read between two tokens of one",
    )
    work.compute("prefill_load", "replica_rate * load * prefill_seconds / request", "1")
    work.compute("waiting_seconds", "prefill_load * prefill_seconds / (2 * (1 - prefill_load))", "s", _QUEUE)
    work.compute("first_token_seconds", "waiting_seconds + prefill_seconds + step_seconds", "s")


def _write_prefill(work: Work, model: Model) -> None:
    work.compute("new_tokens", "prompt_tokens * (1 - reused)", "token")
    attended = model.attention_formula("prompt_tokens / 2")
    work.compute("prefill_attention", f"attention_flops * ({attended}) * new_tokens", "FLOP")
    work.compute("prefill_flops", "k * active_parameters * new_tokens + prefill_attention", "FLOP")
    work.compute("prefill_computing", "prefill_flops / computing", "s")
    work.compute("prefill_reading", "weights / reading", "s")
    work.compute("prefill_meeting", _meeting(work, "new_tokens"), "s", _RING)
    work.compute(
        "prefill_seconds",
        "max(prefill_computing, prefill_reading) + prefill_meeting + fixed_seconds",
        "s",
        _ROOFLINE,
    )


def _write_step(work: Work, model: Model) -> None:
    # Processors alone have tiles, and read weights once for each call before they fill one.
    processor = "tile" in work
    times = "weight_reads * " if processor else ""
    if processor:
        work.compute("weight_reads", "max(1, batch * (1 - floor(batch / shared_from)))", "1")
    if model.experts is None:
        work.compute(
            "step_bytes",
            f"{times}(weights - weight_size * lookup_parameters / replica) + batch * cache_mean",
            "B",
        )
    else:
        sharing = "(batch / weight_reads)" if processor else "batch"
        work.compute(
            "experts_read",
            f"1 - (1 - active_experts / experts) ** {sharing}",
            "1",
            "the share of experts that at least one token of the batch is sent to",
        )
        work.compute(
            "step_bytes",
            f"{times}(weights - weight_size * (lookup_parameters + routed_parameters * (1 - experts_read)) / replica)"
            " + batch * cache_mean",
            "B",
        )
    attended = model.attention_formula("mean_context")
    work.compute("token_flops", "k * (active_parameters - lookup_parameters)", "FLOP/token")
    work.compute("token_attention", f"attention_flops * ({attended})", "FLOP/token")
    tiled = " * (1 + tile_gain * min(1, floor(batch / tile)))" if processor else ""
    work.compute("step_reached", f"step_utilisation{tiled}", "1")
    work.compute(
        "step_computing",
        "batch * step_tokens * (token_flops / step_reached + token_attention / attention_utilisation)"
        " / (peak * replica)",
        "s",
    )
    work.compute("step_reading", "step_bytes / reading", "s")
    work.compute("step_meeting", _meeting(work, "batch * step_tokens"), "s", _RING)
    unhidden = " + (1 - overlap) * min(step_computing, step_reading)" if processor else ""
    work.compute(
        "step_seconds",
        f"max(step_computing, step_reading){unhidden} + step_meeting + fixed_seconds",
        "s",
        _OVERLAPPING if processor else _ROOFLINE,
    )


def _meeting(work: Work, tokens: str) -> str:
    if "meetings" not in work:
        return "0 * link_latency"
    return f"meetings * (link_latency + {tokens} * meeting_bytes / link)"


def limit_of(work: Work) -> Limit:
    """What the replica needs more of first. Memory: more sequences at once would share the reading of the weights."""
    steps = work["output_tokens"] / work["batch"]
    full = work["batch"] >= work["batch_by_memory"]
    weights_are_most = work["weights"] >= work["batch"] * work["cache_mean"]
    writing = steps * work["step_seconds"] >= work["prefill_seconds"]
    if full and writing and weights_are_most and work["step_reading"] >= work["step_computing"]:
        return "memory"
    computing = steps * work["step_computing"] + work["prefill_computing"]
    reading = steps * work["step_reading"] + work["prefill_reading"]
    return "compute" if computing >= reading else "bandwidth"
