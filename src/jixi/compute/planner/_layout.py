"""Parallel layouts: how training is spread over accelerators, and the memory that each takes for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from jixi.compute.planner._checks import checked, chosen, contradiction
from jixi.compute.planner._sheet import Work

Recompute = Literal["none", "selective", "full"]
MEGATRON: Final = "Korthikanti et al., Reducing Activation Recomputation, 2022 (arXiv:2205.05198)"
_ZERO: Final = "Rajbhandari et al., ZeRO, 2020 (arXiv:1910.02054)"
_PARTS: Final = ("weights", "gradients", "optimizer", "activations", "logits")
_WIDEST: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Degrees of parallelism: tensor * pipeline * data accelerators. Experts lie over `expert` of the data ranks.

    ZeRO 1 divides optimizer states over the data ranks, 2 gradients as well, 3 weights as well. Sequence parallelism
    divides over the tensor ranks what tensor parallelism leaves whole.
    """

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    expert: int = 1
    zero: Literal[0, 1, 2, 3] = 0
    micro_batch: int = 1
    recompute: Recompute = "none"
    sequence_parallel: bool = True

    @property
    def accelerators(self) -> int:
        return self.tensor * self.pipeline * self.data

    def check(self) -> None:
        for name in ("tensor", "pipeline", "data", "expert", "micro_batch"):
            checked(name, getattr(self, name), 1, 1e6)
        chosen("zero", str(self.zero), "0123")
        chosen("recompute", self.recompute, get_args(Recompute))
        if self.data % self.expert:
            raise contradiction("expert", self.expert, "data", self.data)

    def write(self, work: Work) -> None:
        for name in ("tensor", "pipeline", "data", "expert", "micro_batch"):
            work.note(name, getattr(self, name), "1", "layout")
        shards = self.tensor if self.sequence_parallel else 1
        work.note("sequence_shards", shards, "1", "layout", MEGATRON)
        for part, stage in (("optimizer", 1), ("gradient", 2), ("weight", 3)):
            shards = self.data if self.zero >= stage else 1
            work.note(f"{part}_shards", shards, "1", "layout", _ZERO)


def write_memory(work: Work, layout: Layout, *, gated: bool, adapters: bool) -> float:
    """Into a sheet that has the model, the task and the memory of an accelerator: what each takes, in bytes."""
    layout.write(work)
    # The fullest stage of a pipeline has the embeddings beside its share of the layers.
    work.compute("stage_layers", "ceil(layers / pipeline)", "1")
    work.compute("embedding", "vocabulary * hidden", "1")
    work.compute(
        "local_dense",
        "((parameters - routed_parameters - embedding) * stage_layers / layers + embedding) / tensor",
        "1",
    )
    work.compute("local_routed", "routed_parameters * stage_layers / layers / (tensor * expert)", "1")
    if adapters:
        work.compute("trained_dense", "adapter_parameters * stage_layers / layers / tensor", "1")
        work.note("trained_routed", 0, "1", "constant")
    else:
        work.compute("trained_dense", "local_dense", "1")
        work.compute("trained_routed", "local_routed", "1")
    for name, size, what in (
        ("weights", "weight", "local"),
        ("gradients", "gradient", "trained"),
        ("optimizer", "optimizer", "trained"),
    ):
        shards = f"{size}_shards"
        formula = f"{size}_size * ({what}_dense / {shards} + {what}_routed / max(1, {shards} / expert))"
        # The adapters themselves lie beside the frozen weights.
        beside = " + adapter_size * trained_dense" if adapters and name == "weights" else ""
        work.compute(name, formula + beside, "B", _ZERO)
    _write_activations(work, layout, gated=gated)
    return work.compute("needed", " + ".join(_PARTS), "B")


def _write_activations(work: Work, layout: Layout, *, gated: bool) -> None:
    """With one forward, one backward schedule: the first stage keeps as many micro-batches as there are stages."""
    work.note("activation_size", 2, "B/token", "constant", MEGATRON)
    work.note("score_size", 5, "B/token/token", "constant", MEGATRON)
    work.note("feed_forward_values", 3 if gated else 2, "1", "constant", MEGATRON)
    # Norms, inputs and dropout masks stay whole; queries, keys, values and the feed-forward layer are divided.
    work.compute("whole_values", "5 * hidden", "1", MEGATRON)
    work.compute(
        "divided_values",
        "2 * heads * head_size + 2 * kv_heads * head_size + feed_forward_values * feed_forward",
        "1",
        MEGATRON,
    )
    layer = "activation_size * (whole_values / sequence_shards + divided_values / tensor)"
    per_token = {
        "none": f"{layer} + score_size * heads * sequence / tensor",
        "selective": layer,
        "full": "activation_size * hidden / sequence_shards",
    }[layout.recompute]
    work.compute("activation_per_token", per_token, "B/token", MEGATRON)
    work.compute("micro_batches", "max(1, floor(batch_tokens / (data * micro_batch * sequence)))", "1")
    formula = "activation_per_token * stage_layers * min(pipeline, micro_batches)"
    if layout.recompute == "full":
        # The layer that is being computed again is there as a whole.
        formula += f" + {layer}"
    work.compute("activations", f"({formula}) * micro_batch * sequence", "B", MEGATRON)
    work.note("logit_size", 4 if layout.pipeline == 1 else 0, "B/token", "constant", MEGATRON)
    work.compute("logits", "logit_size * vocabulary * micro_batch * sequence / tensor", "B", MEGATRON)


def largest_part(work: Work) -> str:
    """What takes most of the memory."""
    return max(_PARTS, key=lambda part: work[part])


def layouts(
    accelerators: int, joined: int, *, layers: int, heads: int, experts: int, recompute: Recompute | None
) -> Iterator[Layout]:
    """Those worth trying: tensor parallelism within a server, pipelines that divide the layers or are a power of two,
    ZeRO 3 without pipelines, as is done.
    """
    ways: tuple[Recompute, ...] = ("none", "selective", "full") if recompute is None else (recompute,)
    for tensor in _powers(min(joined, heads)):
        if accelerators % tensor or heads % tensor:
            continue
        for pipeline in range(1, min(layers, _WIDEST, accelerators // tensor) + 1):
            even = layers % pipeline == 0 or pipeline.bit_count() == 1
            if not even or (accelerators // tensor) % pipeline:
                continue
            data = accelerators // tensor // pipeline
            for expert in _powers(min(experts, data)):
                if data % expert:
                    continue
                for zero in _stages(data, pipeline):
                    for way in ways:
                        yield Layout(
                            tensor=tensor,
                            pipeline=pipeline,
                            data=data,
                            expert=expert,
                            zero=zero,
                            recompute=way,
                        )


def _stages(data: int, pipeline: int) -> tuple[Literal[0, 1, 2, 3], ...]:
    if data == 1:
        return (0,)
    return (0, 1, 2) if pipeline > 1 else (0, 1, 2, 3)


def _powers(most: int) -> Iterator[int]:
    power = 1
    while power <= most:
        yield power
        power *= 2
