"""The planner and the memory of deployments beside vLLM on this machine's accelerator; nothing where there is none.

Models of the catalogue's shapes with random weights (tests/gpu/made.py): memory and speed don't ask what they mean.
Each is started as a deployment is, with the share of the accelerator that its footprint asks for. A run writes
scripts/measured_nvidia.toml, of which scripts/reference.py makes the tables of the manual.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from _engine import Replica, replica
from _harness import ROOT, Figures, asked, say
from _planned import Row, keep, worst
from jixi.compute.chips import Chip, Chips
from jixi.compute.inventory import Accelerator, NvidiaReader
from jixi.compute.planner import Engine, Hardware, ServingTask, plan_serving
from jixi.models.catalog import Catalog, Entry, planner_model
from jixi.models.engines import Load, VllmEngine, missing

sys.path.insert(0, str(ROOT))
from tests.gpu.made import make

MODELS = ("qwen3-0.6b", "qwen3-1.7b", "qwen3-8b")
CONTEXT, PARALLEL, WRITTEN, ROUNDS = 8192, 64, 128, 3
CASES = ((512, 1), (2048, 1), (7168, 1), (512, 8), (2048, 8), (7168, 8), (512, 64), (2048, 64))
"""Tokens of each prompt, and calls at once."""


def predicted(entry: Entry, chip: Chip, prompt: int, batch: int) -> float:
    """Tokens a second of all calls, with nothing but the planner's defaults for such a chip."""
    task = ServingTask(
        model=planner_model(entry), users=1, context=CONTEXT, prompt_tokens=prompt, output_tokens=WRITTEN
    )
    sheet = plan_serving(task, Hardware(chip=chip), Engine(max_batch=batch)).sheet
    if sheet.value("batch") != batch:
        raise RuntimeError(f"{batch} calls at once do not fit here")
    return batch / sheet.value("step_seconds")


async def speed(one: Replica, prompt: int, batch: int) -> float:
    """Tokens a second: what an answer of many tokens takes longer than one of one, its prompt being read already."""
    # Words of one token each; the first tells the calls apart, so that each has a cache of its own.
    texts = [f"{call} " + "the " * (prompt - 8) for call in range(batch)]

    async def took(tokens: int) -> float:
        began = time.perf_counter()
        await asyncio.gather(*(one.ask("/v1/completions", body(text, tokens)) for text in texts))
        return time.perf_counter() - began

    await took(2)
    each = [(await took(1 + WRITTEN)) - (await took(1)) for _ in range(ROUNDS)]
    return batch * WRITTEN / min(each)


def body(text: str, tokens: int) -> Mapping[str, Any]:
    return {"model": "m", "prompt": text, "max_tokens": tokens, "ignore_eos": True, "temperature": 0}


def card() -> Accelerator | None:
    found = NvidiaReader()()
    return found[0] if found else None


async def measure(entry: Entry, chip: Chip, before: Accelerator, folder: Path) -> tuple[Row, list[Row]]:
    """What the replica takes, and how fast it writes."""
    weights = (folder / "model.safetensors").stat().st_size
    load = Load(weights=weights, architecture=entry.architecture, context=CONTEXT, parallel=PARALLEL)
    engine = VllmEngine()
    footprint = engine.footprint(load)
    share = round(footprint.total / before.memory_bytes, 4)
    async with replica(
        "vllm", {"model": folder}, CONTEXT, PARALLEL, **engine.within(footprint, share)
    ) as one:
        await one.ask("/v1/completions", body("the " * 7000, 4))
        after = card()
        assert after is not None
        taken = (after.used_bytes or 0) - (before.used_bytes or 0)
        held = Row(
            model=entry.id,
            context=CONTEXT,
            batch=PARALLEL,
            predicted=footprint.total,
            measured=taken,
        )
        held.say("MiB", 2**20)
        rows = list[Row]()
        for prompt, batch in CASES:
            told = predicted(entry, chip, prompt, batch)
            measured = await speed(one, prompt, batch)
            rows.append(Row(model=entry.id, context=prompt, batch=batch, predicted=told, measured=measured))
            rows[-1].say("tok/s", 1)
        said = [
            line for line in one.process.log() if "KV cache" in line or "apturing" in line or "took" in line
        ]
        say("\n".join(said))
    return held, rows


async def main() -> None:
    asked(__doc__)
    before = card()
    if before is None or missing(VllmEngine()):
        say("  an NVIDIA accelerator and vLLM beside Jixi are needed: left out")
        return
    chip, catalog = Chips.load().get(before.model), Catalog.load()
    tables: dict[str, list[Row]] = {"memory": [], "speed": []}
    for name in MODELS:
        with tempfile.TemporaryDirectory(prefix="jixi-bench-") as home:
            folder = make(name, Path(home))
            held, rows = await measure(catalog.get(name), chip, before, folder)
        tables["memory"].append(held)
        tables["speed"] += rows
        keep(tables, "nvidia", f"{before.model}, vLLM {version('vllm')}")
    figures = Figures()
    for what, goal in (("memory", 0.10), ("speed", 0.25)):
        figures.add(f"accelerator_{what}_worst_error", worst(tables[what]), "<=", goal)
    figures.print()


if __name__ == "__main__":
    asyncio.run(main())
