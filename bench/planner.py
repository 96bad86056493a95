"""The planner beside this very machine, and beside published training runs.

First the machine becomes a chip: what one core of it copies in a second (as STREAM does) and multiplies (a product of
matrices in 32 bits), by numpy. From these two numbers, the file's size and the shape of the model the planner predicts
what a replica holds, and how fast it writes; utilisations are the planner's own defaults for processors, the same for
every model. Then llama.cpp does the same work.

Speed is by seconds of processor time of one thread, so that what else the machine does takes little away; calibration
and measurement take turns, and the best of each stand beside each other. A full run also writes
scripts/measured_MAKER.toml, of which scripts/reference.py makes the tables of the manual.
"""

import asyncio
import os
import platform
import runpy
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

# Read by numpy when it is imported: one core is what is measured.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import psutil

from _engine import Replica, files_of, replica
from _harness import ROOT, Figures, asked, say
from _planned import Row, keep, worst
from jixi.compute.chips import Chip, Memory, Peak, Source
from jixi.compute.planner import Engine, Hardware, Model, ServingTask, Sheet, WeightFormat, plan_serving
from jixi.models.catalog import Catalog, Entry, planner_model
from jixi.models.engines import Load, engine_registry, footprint_of
from jixi.models.formats import read_gguf
from jixi.models.memory import repacked_of, weights_of

MODELS = ("smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-1.5b-instruct")
FORMATS: Mapping[str, WeightFormat] = {"Q4_1": "int4", "Q4_K_M": "q4_k_m"}


class Size(NamedTuple):
    """`held` are contexts of memory, for two calls at once; `read` tokens before an answer, one call at a time;
    `batches` calls at once after the least of these.
    """

    models: tuple[str, ...]
    held: tuple[int, ...]
    read: tuple[int, ...]
    batches: tuple[int, ...]
    written: int
    rounds: int


FULL = Size(MODELS, (512, 2048, 8192), (128, 512, 1024), (2, 4), 16, 3)
QUICK = Size(MODELS[:2], (1024,), (48, 160), (2, 4), 8, 2)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model as its file has it: all its matrices are counted, and the table of words apart from them."""

    entry: Entry
    model: Model
    files: Mapping[str, Path]

    @classmethod
    def of(cls, entry: Entry, files: Mapping[str, Path]) -> "Subject":
        shapes = read_gguf(files["model"]).shapes
        counted = {name: int(np.prod(shape)) for name, shape in shapes.items()}
        # Where the output has a matrix of its own, a step takes one row of the other.
        lookup = counted["token_embd.weight"] if "output.weight" in counted else 0
        model = replace(planner_model(entry), parameters=sum(counted.values()), active=None, lookup=lookup)
        return cls(entry=entry, model=model, files=files)

    def plan(self, chip: Chip, context: int, prompt: float, written: float, batch: int) -> Sheet:
        """Of one replica with so many calls at once."""
        load = Load(
            weights=weights_of(self.files),
            repacked=repacked_of(self.files),
            architecture=self.entry.architecture,
            context=context,
            parallel=batch,
            options={"cache_mib": 0},
        )
        footprint = footprint_of(engine_registry().get("llamacpp"), load)
        task = ServingTask(
            model=self.model,
            users=1,
            context=context,
            prompt_tokens=prompt,
            output_tokens=written,
            weights=FORMATS[self.entry.variant().precision or ""],
            weight_bytes=load.weights,
        )
        # What the engine itself knows: buffers, the program, matrices that it holds in a second form.
        more = footprint.total - load.weights - (footprint.cache or 0)
        engine = Engine(overhead_bytes=more, max_batch=batch, usable_memory=1)
        sheet = plan_serving(task, Hardware(chip=chip), engine).sheet
        if sheet.value("batch") != batch:
            raise RuntimeError(f"{batch} calls at once do not fit here")
        return sheet


class Machine:
    """One core as a chip, in the most that numpy has reached so far by processor time."""

    def __init__(self) -> None:
        self._ones, self._copy = np.ones(2**24), np.zeros(2**24)
        self._matrix = np.ones((1024, 1024), np.float32)
        self._copied = self._multiplied = 0.0
        self.measure()

    def measure(self) -> None:
        for _ in range(3):
            began = time.thread_time()
            np.copyto(self._copy, self._ones)
            self._copied = max(self._copied, 2 * self._ones.nbytes / (time.thread_time() - began))
            began = time.thread_time()
            _ = self._matrix @ self._matrix
            self._multiplied = max(
                self._multiplied, 2 * len(self._matrix) ** 3 / (time.thread_time() - began)
            )

    def chip(self) -> Chip:
        return Chip(
            id="this-machine",
            name="this machine, one core",
            maker=maker(),
            kind="cpu",
            launched=2026,
            peak=Peak(fp32=self._multiplied / 1e12),
            memory=Memory(kind="RAM", gib=psutil.virtual_memory().total / 2**30, gb_s=self._copied / 1e9),
            sources=[Source(figures=["peak", "memory"], title="measured with numpy", url="bench/planner.py")],
        )

    def __str__(self) -> str:
        return f"one core multiplies {self._multiplied / 1e9:.0f} GFLOP/s and copies {self._copied / 1e9:.1f} GB/s"


async def memory_of(subject: Subject, size: Size, chip: Chip) -> list[Row]:
    batch, rows = 2, list[Row]()
    for context in size.held:
        sheet = subject.plan(chip, context, context / 2, 4, batch)
        predicted = sheet.value("weights") + sheet.value("overhead") + batch * sheet.value("cache_sequence")
        async with replica(
            "llamacpp", subject.files, context, batch, threads=1, batch_threads=1, cache_mib=0
        ) as one:
            # One long prompt touches all that a batch computes with; caches are cleared, so touched, at the start.
            await write(one, 0, 300, 4)
            measured = one.process.resident_bytes()
        rows.append(
            Row(model=subject.entry.id, context=context, batch=batch, predicted=predicted, measured=measured)
        )
        rows[-1].say("MiB", 2**20)
    return rows


async def speed_of(subject: Subject, size: Size, machine: Machine) -> list[Row]:
    """Longer and longer prompts for one call, each of which goes on from the last; then more calls at once."""
    rows, context = list[Row](), max(size.read) + 256
    cases = [*((words, 1) for words in size.read[:1]), *((size.read[0], batch) for batch in size.batches)]
    cases += [(words, 1) for words in size.read[1:]]
    async with replica(
        "llamacpp", subject.files, context, max(size.batches), threads=1, batch_threads=1, cache_mib=0
    ) as one:
        for words, batch in cases:
            tokens = (await asyncio.gather(*(write(one, slot, words, 1) for slot in range(batch))))[0]
            measured = 0.0
            for _ in range(size.rounds):
                machine.measure()
                began = busy_s(one)
                await asyncio.gather(*(write(one, slot, words, size.written) for slot in range(batch)))
                measured = max(measured, batch * size.written / (busy_s(one) - began))
            sheet = subject.plan(machine.chip(), tokens + 2 * size.written, tokens, size.written, batch)
            predicted = batch / sheet.value("step_seconds")
            rows.append(
                Row(
                    model=subject.entry.id,
                    context=tokens,
                    batch=batch,
                    predicted=predicted,
                    measured=measured,
                )
            )
            rows[-1].say("tok/s", 1)
    return rows


async def write(one: Replica, slot: int, words: int, tokens: int) -> int:
    """So many tokens in a slot, which need not read again what it has read; returns how many the prompt has."""
    body = {
        "prompt": f"{slot} " + "word " * words,
        "n_predict": tokens,
        "ignore_eos": True,
        "id_slot": slot,
        "cache_prompt": True,
        "temperature": 0,
    }
    said = (await one.ask("/completion", body))["timings"]
    return said["cache_n"] + said["prompt_n"]


def busy_s(one: Replica) -> float:
    """Processor time by the clock of each process, which counts nanoseconds where /proc counts hundredths."""
    root = psutil.Process(one.process.pid)
    return sum(time.clock_gettime(~each.pid << 3 | 2) for each in (root, *root.children(recursive=True)))


def processor(what: str = "model name") -> str:
    """As the kernel calls it; what a virtual machine hides is hidden here too."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(what))
    return next(named, platform.machine())


def maker() -> str:
    """As the catalogue of chips calls the maker of this processor."""
    vendor = processor("vendor_id")
    return {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}.get(vendor, vendor)


def published() -> Iterator[tuple[float, float]]:
    """The errors of FLOPs and of days (0 where nothing is published) of the runs in the manual."""
    for run in runpy.run_path(str(ROOT / "scripts/planner_checks.py"))["runs"]():
        yield run.flops.error or 0, 0 if run.assumed else run.hours.error or 0


async def main() -> None:
    quick = asked(__doc__).quick
    size, catalog, machine = QUICK if quick else FULL, Catalog.load(), Machine()
    tables: dict[str, list[Row]] = {"memory": [], "speed": []}
    for name in size.models:
        entry = catalog.get(name)
        if (files := await files_of(entry)) is None:
            continue
        subject = Subject.of(entry, files)
        tables["memory"] += await memory_of(subject, size, machine.chip())
        tables["speed"] += await speed_of(subject, size, machine)
    say(f"  {machine}")
    if not quick:
        keep(tables, maker().lower(), f"{os.cpu_count()} cores, {processor()}; {machine}")
    flops, days = zip(*published(), strict=True)
    figures = Figures()
    figures.add("planner_memory_worst_error", worst(tables["memory"]), "<=", 0.10)
    figures.add("planner_decode_worst_error", worst(tables["speed"]), "<=", 0.25)
    figures.add("planner_flops_worst_error", max(map(abs, flops)), "<=", 0.05)
    figures.add("planner_days_worst_error", max(map(abs, days)), "<=", 0.20)
    figures.print()


if __name__ == "__main__":
    asyncio.run(main())
