"""The planner beside what others have published, and beside what was measured on three machines.

docs/reference/planner-checks.md is made from this by reference.py.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jixi.compute.chips import Chips
from jixi.compute.planner import (
    Fleet,
    Hardware,
    LayerCache,
    Layout,
    Model,
    TrainingTask,
    plan_training,
)

DATA = Path(__file__).with_suffix(".toml")
What = Literal["memory", "speed"]
Machine = Literal["amd", "intel", "nvidia"]
_LAYOUT = ("tensor", "pipeline", "data", "zero", "micro_batch", "recompute", "sequence_parallel")
_WIDTHS = {"layers": 96, "hidden": 12288, "heads": 96, "feed_forward": 49152, "vocabulary": 50257}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What the planner computes beside what was published; None where nobody says it."""

    ours: float | None
    theirs: float | None

    @property
    def error(self) -> float | None:
        return None if self.ours is None or self.theirs is None else self.ours / self.theirs - 1


@dataclass(frozen=True, kw_only=True)
class Run:
    """`days` and `hours` are the same ratio; `assumed` where the utilisation is our default."""

    name: str
    source: str
    flops: Pair
    days: Pair
    hours: Pair
    assumed: bool


@dataclass(frozen=True, kw_only=True)
class Amount:
    name: str
    source: str
    bytes: Pair


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A replica here with `batch` calls at once of `context` tokens: bytes, or tokens a second of all calls."""

    model: str
    context: int
    batch: int
    pair: Pair


def _written(machine: Machine) -> dict[str, Any]:
    """What bench/planner.py or bench/accelerator.py has written down on a machine of this maker."""
    return tomllib.loads(Path(__file__).with_name(f"measured_{machine}.toml").read_text(encoding="utf-8"))


def measured(machine: Machine, what: What) -> list[Measured]:
    """What was predicted there, and what came."""
    return [
        Measured(
            model=said["model"],
            context=said["context"],
            batch=said["batch"],
            pair=Pair(ours=said["predicted"], theirs=said["measured"]),
        )
        for said in _written(machine)[what]
    ]


def measured_on(machine: Machine) -> tuple[str, str]:
    """The date and the machine."""
    said = _written(machine)
    return said["date"], said["machine"]


def published() -> Mapping[str, list[dict[str, Any]]]:
    return tomllib.loads(DATA.read_text(encoding="utf-8"))


def runs() -> Iterator[Run]:
    """Training runs: operations, days, hours of accelerators."""
    chips = Chips.load()
    for said in published()["runs"]:
        model = _model(said)
        days = hours = flops = None
        count = said.get("accelerators")
        if "chip" in said:
            fleet = Fleet(
                hardware=Hardware(chip=chips.get(said["chip"]), memory_gib=1e5),
                accelerators=count or 1,
                utilisation=said.get("utilisation"),
                scaling=1,
                # Where nobody says how many there were, failures cannot be counted.
                mtbf_hours=None if count else 1e9,
            )
            task = TrainingTask(
                model=model,
                tokens=said["tokens"],
                sequence=2048,
                precision=said["precision"],
                recompute=said["recompute"],
            )
            sheet = plan_training(
                task, fleet, layout=Layout(data=fleet.accelerators, zero=3, recompute=said["recompute"])
            ).sheet
            flops, hours = sheet.value("model_flops"), sheet.value("accelerator_hours")
            days = sheet.value("days") if count else None
        else:
            flops = 6 * (model.active or model.parameters) * said["tokens"]
        told_hours = said.get("hours") or (said["days"] * 24 * count if "days" in said else None)
        told_days = told_hours / 24 / count if told_hours and count else None
        yield Run(
            name=said["name"],
            source=said["source"],
            flops=Pair(ours=flops, theirs=said.get("flops")),
            days=Pair(ours=days, theirs=told_days),
            hours=Pair(ours=hours, theirs=told_hours),
            assumed="chip" in said and "utilisation" not in said,
        )


def memory() -> Iterator[Amount]:
    """What an accelerator holds while it trains."""
    chip = Chips.load().get("A100")
    for said in published()["memory"]:
        layout = Layout(**{name: said[name] for name in _LAYOUT if name in said})
        fleet = Fleet(hardware=Hardware(chip=chip, memory_gib=1e5), accelerators=layout.accelerators)
        task = TrainingTask(
            model=_model(said),
            tokens=1e12,
            sequence=said.get("sequence", 2048),
            gradient_bytes=said.get("gradient_bytes", 2),
        )
        sheet = plan_training(task, fleet, layout=layout).sheet
        parts = ("weights", "gradients", "optimizer") if said["part"] == "states" else ("needed",)
        yield _amount(said, sum(sheet.value(part) for part in parts))


def cache() -> Iterator[Amount]:
    """Keys and values of one token."""
    for said in published()["cache"]:
        if "kv_rank" in said:
            kept = LayerCache.latent(said["layers"], said["kv_rank"], said["rope_head_size"], width=1)
        else:
            kept = LayerCache.grouped(said["layers"], said["heads"], said["kv_heads"], said["head_size"])
        yield _amount(said, kept.layers * kept.values * 2)


def _amount(said: Mapping[str, Any], ours: float) -> Amount:
    return Amount(name=said["name"], source=said["source"], bytes=Pair(ours=ours, theirs=said["bytes"]))


def _model(said: Mapping[str, Any]) -> Model:
    widths = {name: int(said.get(name, usual)) for name, usual in _WIDTHS.items()}
    return Model(
        name=said["name"],
        parameters=said["parameters"],
        active=said.get("active"),
        **widths,
        kv_heads=widths["heads"],
        head_size=widths["hidden"] // widths["heads"],
        gated=False,
    )
