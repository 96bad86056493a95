"""A training plan: operations, memory by layout, days, energy, carbon, cost, failures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, get_args

from jixi.compute.chips import PRECISIONS, Precision
from jixi.compute.planner._assumed import (
    BATCH_TOKENS,
    MTBF,
    RESTART,
    SCALING_AT_A_THOUSAND,
    USABLE_MEMORY,
    UTILISATION,
    WRITE_SPEED,
)
from jixi.compute.planner._checks import checked, chosen, contradiction
from jixi.compute.planner._layout import MEGATRON, Layout, Recompute, largest_part, layouts, write_memory
from jixi.compute.planner._model import Model, ModelKind
from jixi.compute.planner._sheet import Sheet, Work
from jixi.compute.planner._site import Hardware, Site, settle, write_costs
from jixi.core.errors import JixiError, problem

Method = Literal["full", "lora", "qlora"]
Optimizer = Literal["adamw", "adamw_8bit", "sgd"]
OPTIMIZER_BYTES: Final[Mapping[Optimizer, float]] = MappingProxyType({"adamw": 12, "adamw_8bit": 6, "sgd": 8})
"""Of a weight: its copy in 32 bits, and the moments in 32 or 8 bits."""
_K: Final[Mapping[ModelKind, float]] = MappingProxyType({"decoder": 6, "encoder": 6, "encoder_decoder": 3})
_K_SOURCE: Final = (
    "2 forward, 4 backward (arXiv:2001.08361); half of it where a token passes half of the model"
)
_K_FROZEN: Final = "2 forward, 2 backward: frozen weights get no gradients of their own (arXiv:2106.09685)"
_QLORA: Final = "4.127 bits: NF4 with double quantisation (QLoRA, arXiv:2305.14314)"
_YOUNG_DALY: Final = "Daly, A higher order estimate of the optimum checkpoint interval, 2006"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingTask:
    """`tokens` of sequences of `sequence` tokens. `k` is operations of a weight and token, None: by the kind of model.

    LoRA and QLoRA train adapters of `rank` on all linear layers. `gradient_bytes` is 4 where gradients are summed in 32
    bits. `recompute` None: the least that fits.
    """

    model: Model
    tokens: float
    sequence: int = 4096
    batch_tokens: float | None = None
    micro_batch: int = 1
    method: Method = "full"
    rank: int = 16
    optimizer: Optimizer = "adamw"
    precision: Precision = "bf16"
    gradient_bytes: float = 2
    recompute: Recompute | None = None
    k: float | None = None

    def check(self) -> None:
        self.model.check()
        chosen("method", self.method, get_args(Method))
        chosen("precision", self.precision, PRECISIONS)
        chosen("recompute", self.recompute or "none", get_args(Recompute))
        chosen("optimizer", self.optimizer, OPTIMIZER_BYTES)
        checked("tokens", self.tokens, 1e3, 1e16)
        checked("sequence", self.sequence, 1, 1e8)
        checked("micro_batch", self.micro_batch, 1, 1e4)
        checked("rank", self.rank, 1, 1e5)
        checked("gradient_bytes", self.gradient_bytes, 1, 8)
        if self.k is not None:
            checked("k", self.k, 0.1, 100)
        if self.batch_tokens is not None:
            checked("batch_tokens", self.batch_tokens, 1, 1e10)
            if self.batch_tokens < self.sequence * self.micro_batch:
                raise contradiction("batch_tokens", self.batch_tokens, "sequence", self.sequence)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """So many accelerators, and how well they are used. `utilisation` is of the dense peak, recomputation counted;
    `scaling` is what is lost by their number. None is assumed. `mtbf_hours` is of one accelerator with what it needs.
    """

    hardware: Hardware
    accelerators: int
    utilisation: float | None = None
    scaling: float | None = None
    usable_memory: float | None = None
    mtbf_hours: float | None = None
    restart_s: float | None = None
    write_speed: float | None = None

    def check(self) -> None:
        self.hardware.check()
        checked("accelerators", self.accelerators, 1, 1e7)
        for name, least, most in (
            ("utilisation", 0.01, 1),
            ("scaling", 0.01, 1),
            ("usable_memory", 0.1, 1),
            ("mtbf_hours", 1, 1e9),
            ("restart_s", 0, 1e6),
            ("write_speed", 1e3, 1e13),
        ):
            if (value := getattr(self, name)) is not None:
                checked(name, value, least, most)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingPlan:
    """`sheet` has all of it. `layout` is the best of `layouts`, which all fit, the best first.

    What could not be computed stands in `lacking` with the problem that names the number: of "energy", "owned_cost",
    "rented_cost".
    """

    task: TrainingTask
    fleet: Fleet
    layout: Layout
    layouts: tuple[Layout, ...]
    sheet: Sheet
    lacking: Mapping[str, JixiError]

    @property
    def flops(self) -> float:
        return self.sheet.value("model_flops")

    @property
    def days(self) -> float:
        """With failures and checkpoints."""
        return self.sheet.value("days")

    @property
    def memory_bytes(self) -> float:
        """Of each accelerator."""
        return self.sheet.value("needed")


def plan_training(
    task: TrainingTask, fleet: Fleet, site: Site | None = None, layout: Layout | None = None
) -> TrainingPlan:
    """The plan with the layout given, or with the best that fits. Raises `planner_…` problems."""
    site = site or Site()
    task.check()
    fleet.check()
    site.check()
    base = _base(task, fleet)
    if layout is None:
        fitting = _search(task, fleet, base)
    else:
        layout.check()
        if layout.accelerators != fleet.accelerators:
            raise contradiction("layout", layout.accelerators, "accelerators", fleet.accelerators)
        fitting = (layout,)
    work = base.fork()
    if _laid_out(work, task, fitting[0]) > work["usable"]:
        raise _does_not_fit(work)
    _write_time(work, task, fleet)
    lacking = write_costs(work, fleet.hardware, site)
    return TrainingPlan(
        task=task,
        fleet=fleet,
        layout=fitting[0],
        layouts=fitting,
        sheet=work.sheet(),
        lacking=MappingProxyType(lacking),
    )


def training_flops(model: Model, tokens: float, k: float | None = None) -> float:
    """Operations: k * N * D, with the weights that a token passes."""
    model.check()
    return (_K[model.kind] if k is None else k) * (model.active or model.parameters) * tokens


def _base(task: TrainingTask, fleet: Fleet) -> Work:
    """The model, the task and the accelerators, without a layout."""
    model = task.model
    model.need("layers", "hidden", "heads", "kv_heads", "head_size", "feed_forward", "vocabulary")
    work = Work()
    model.write(work)
    work.note("tokens", task.tokens, "token")
    work.note("sequence", task.sequence, "token")
    settle(work, "batch_tokens", task.batch_tokens, BATCH_TOKENS)
    _write_sizes(work, task)
    _write_k(work, task)
    fleet.hardware.write(work, task.precision)
    work.note("accelerators", fleet.accelerators, "1")
    settle(work, "usable_share", fleet.usable_memory, USABLE_MEMORY)
    work.compute("usable", "usable_share * memory", "B")
    return work


def _write_sizes(work: Work, task: TrainingTask) -> None:
    """Bytes of a weight, its gradient and its optimizer state, and how many are trained."""
    if task.method == "qlora":
        work.note("weight_size", 4.127 / 8, "B", "constant", _QLORA)
    else:
        work.note("weight_size", 2, "B", "constant")
    work.note("gradient_size", task.gradient_bytes, "B")
    work.note("optimizer_size", OPTIMIZER_BYTES[task.optimizer], "B", "constant")
    if task.method != "full":
        work.note("rank", task.rank, "1")
        work.note("matrices", 3 if task.model.gated else 2, "1", "model")
        work.note("adapter_size", 2, "B", "constant")
        work.compute(
            "adapter_parameters",
            "rank * layers * (2 * (hidden + heads * head_size) + 2 * (hidden + kv_heads * head_size)"
            " + matrices * (hidden + feed_forward))",
            "1",
            "Hu et al., LoRA, 2021 (arXiv:2106.09685), on all linear layers",
        )


def _write_k(work: Work, task: TrainingTask) -> None:
    model = task.model
    if task.k is not None:
        work.note("k", task.k, "FLOP/token")
    elif task.method == "full":
        work.note("k", _K[model.kind], "FLOP/token", "constant", _K_SOURCE)
    else:
        work.note("k", 2 / 3 * _K[model.kind], "FLOP/token", "constant", _K_FROZEN)
    work.note("forward", _K[model.kind] / 3, "FLOP/token", "constant", _K_SOURCE)
    work.note("widths_a_score", 6, "token", "constant", MEGATRON)


def _laid_out(work: Work, task: TrainingTask, layout: Layout) -> float:
    """The layout with what it needs of each accelerator, which is returned, and what it takes longer."""
    needed = write_memory(work, layout, gated=task.model.gated, adapters=task.method != "full")
    if layout.recompute == "none":
        work.note("recomputation", 1, "1", "layout")
    else:
        some = "1 + sequence / (widths_a_score * hidden + sequence)"
        again = some if layout.recompute == "selective" else "(k + forward) / k"
        work.compute("recomputation", again, "1", MEGATRON)
    work.compute(
        "slowdown",
        "recomputation * (1 + (pipeline - 1) / micro_batches) * stage_layers * pipeline / layers",
        "1",
        "idle pipelines: Narayanan et al., 2021 (arXiv:2104.04473); ranks layouts, is not in the days",
    )
    return needed


def _search(task: TrainingTask, fleet: Fleet, base: Work) -> tuple[Layout, ...]:
    """All that fit, the best first: least computed twice and least idle, then least to send around."""
    model, tried = task.model, list[tuple[tuple[float, ...], Layout]]()
    closest: Work | None = None
    for found in layouts(
        fleet.accelerators,
        fleet.hardware.joined,
        layers=model.layers or 1,
        heads=model.heads or 1,
        experts=model.experts.count if model.experts else 1,
        recompute=task.recompute,
    ):
        layout = replace(found, micro_batch=task.micro_batch)
        work = base.fork()
        if layout.data * layout.micro_batch * task.sequence > work["batch_tokens"] and layout.data > 1:
            continue
        needed = _laid_out(work, task, layout)
        if closest is None or needed < closest["needed"]:
            closest = work
        if needed <= work["usable"]:
            # ZeRO 3 sends half as much again (arXiv:1910.02054): it goes after what is nearly as fast.
            slow = work["slowdown"] * (1.1 if layout.zero == 3 else 1)
            rank = (slow, layout.tensor * layout.expert, layout.pipeline, -layout.zero)
            tried.append((tuple(map(float, rank)), layout))
    if closest is None:
        sequences = base["batch_tokens"] / (task.sequence * task.micro_batch)
        raise contradiction("accelerators", fleet.accelerators, "batch_tokens / sequence", sequences)
    if not tried:
        raise _does_not_fit(closest)
    return tuple(layout for _, layout in sorted(tried, key=lambda each: each[0]))


def _does_not_fit(work: Work) -> JixiError:
    return problem(
        "planner_does_not_fit",
        param="layout",
        needed_gib=f"{work['needed'] / 2**30:.1f}",
        usable_gib=f"{work['usable'] / 2**30:.1f}",
        largest=largest_part(work),
    )


def _write_time(work: Work, task: TrainingTask, fleet: Fleet) -> None:
    work.compute("model_flops", "k * active_parameters * tokens", "FLOP", _K_SOURCE)
    work.compute("executed_flops", "model_flops * recomputation", "FLOP")
    settle(work, "utilisation", fleet.utilisation, UTILISATION[fleet.hardware.chip.kind])
    _write_scaling(work, fleet)
    work.note("day", 86400, "s/day", "constant")
    work.note("hour", 3600, "s/h", "constant")
    work.compute("seconds", "executed_flops / (accelerators * peak * utilisation * scaling)", "s")
    work.compute("computing_days", "seconds / day", "day")
    _write_failures(work, task, fleet)


def _write_scaling(work: Work, fleet: Fleet) -> None:
    """92 % at a thousand, falling with the logarithm of the number, nothing lost within a server."""
    if fleet.scaling is not None:
        work.note("scaling", fleet.scaling, "1")
        return
    work.note("joined", fleet.hardware.joined, "1", "chip")
    lost = SCALING_AT_A_THOUSAND
    work.note("scaling_at_a_thousand", lost.value, "1", "assumed", lost.source)
    reach = "log(1000 / min(joined, 500))"
    work.compute(
        "scaling",
        f"max(0.5, 1 - (1 - scaling_at_a_thousand) * max(0, log(accelerators / joined)) / {reach})",
        "1",
        lost.source,
    )


def _write_failures(work: Work, task: TrainingTask, fleet: Fleet) -> None:
    """Failures, checkpoints by Young and Daly, and the days with both."""
    settle(work, "accelerator_mtbf", fleet.mtbf_hours, MTBF)
    settle(work, "restart", fleet.restart_s, RESTART)
    settle(work, "write_speed", fleet.write_speed, WRITE_SPEED)
    work.compute("mtbf", "accelerator_mtbf * hour / accelerators", "s")
    saved = "parameters" if task.method == "full" else "adapter_parameters"
    work.compute("checkpoint_bytes", f"(weight_size + optimizer_size) * {saved}", "B")
    work.compute("checkpoint_seconds", "checkpoint_bytes / (write_speed * accelerators)", "s")
    young = "sqrt(2 * checkpoint_seconds * mtbf)"
    daly = "1 + sqrt(checkpoint_seconds / (2 * mtbf)) / 3 + checkpoint_seconds / (18 * mtbf)"
    short = work["checkpoint_seconds"] < 2 * work["mtbf"]
    formula = f"{young} * ({daly}) - checkpoint_seconds" if short else "mtbf"
    work.compute("checkpoint_interval", formula, "s", _YOUNG_DALY)
    work.compute(
        "lost", "checkpoint_seconds / checkpoint_interval + (checkpoint_interval / 2 + restart) / mtbf", "1"
    )
    work.compute("days", "computing_days * (1 + lost)", "day")
    work.compute("hours", "days * day / hour", "h")
    work.compute("failures", "hours * hour / mtbf", "1")
    work.compute("accelerator_hours", "accelerators * hours", "h")
