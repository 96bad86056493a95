"""What replicas take of memory, as it is predicted before they start, and as it is measured while they work.

Each replica is a real engine with a real model. Every slot is given a prompt, so that buffers are touched, and the
memory that its processes hold is read. Prompts that have lost their slot are not kept here (`cache_mib` 0): that they
are at most so many bytes is what the option says. Models that are not here are fetched as `jixi models pull` does;
those that cannot be are left out.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from _engine import Replica, files_of, replica
from _harness import Figures, asked, say
from jixi.models.catalog import Catalog
from jixi.models.engines import Load, engine_registry, footprint_of
from jixi.models.memory import repacked_of, weights_of


class Case(NamedTuple):
    model: str
    context: int
    parallel: int
    words: int
    """Of each prompt: about as many tokens."""


QUICK = (
    Case("smollm2-135m-instruct", 512, 1, 300),
    Case("smollm2-135m-instruct", 4096, 4, 300),
    Case("multilingual-e5-small", 512, 2, 100),
)
FULL = (
    Case("smollm2-135m-instruct", 512, 1, 400),
    Case("smollm2-135m-instruct", 2048, 2, 1000),
    Case("smollm2-135m-instruct", 8192, 4, 300),
    Case("qwen2.5-coder-0.5b-instruct", 1024, 1, 500),
    Case("qwen2.5-coder-0.5b-instruct", 4096, 2, 300),
    Case("qwen2.5-coder-0.5b-instruct", 8192, 4, 150),
    Case("multilingual-e5-small", 256, 1, 200),
    Case("multilingual-e5-small", 512, 2, 300),
)


async def resident(case: Case, engine: str, files: Mapping[str, Path], options: Mapping[str, Any]) -> int:
    """The bytes that a replica holds once every slot has worked."""
    async with replica(engine, files, case.context, case.parallel, **options) as one:
        texts = (f"{number} " + "word " * case.words for number in range(case.parallel))
        await asyncio.gather(*(call(one, engine, text) for text in texts))
        return one.process.resident_bytes()


async def call(one: Replica, engine: str, text: str) -> None:
    if engine == "embedding":
        await one.ask("/v1/embeddings", {"model": "m", "input": [text]})
        return
    messages = [{"role": "user", "content": text}]
    await one.ask("/v1/chat/completions", {"model": "m", "messages": messages, "max_tokens": 4})


async def main() -> None:
    quick = asked(__doc__).quick
    catalog = Catalog.load()
    errors: dict[str, list[float]] = {}
    for case in QUICK if quick else FULL:
        entry = catalog.get(case.model)
        engine = entry.variant().engines[0]
        if (files := await files_of(entry)) is None:
            continue
        options = {"cache_mib": 0} if engine == "llamacpp" else {}
        load = Load(
            weights=weights_of(files),
            repacked=repacked_of(files),
            architecture=entry.architecture,
            context=case.context,
            parallel=case.parallel,
            options=options,
        )
        predicted = footprint_of(engine_registry().get(engine), load).total
        measured = await resident(case, engine, files, options)
        error = predicted / measured - 1
        errors.setdefault(engine, []).append(error)
        say(
            f"  {case.model:28} {case.context:5} x {case.parallel}: predicted {predicted / 2**20:6.0f} MiB,"
            f" measured {measured / 2**20:6.0f} MiB, {error:+.1%}"
        )
    figures = Figures()
    figures.add("memory_llamacpp_worst_error_percent", 100 * max(map(abs, errors["llamacpp"])), "<=", 10)
    # Its words are read as they first come, so that few texts show less than it may take.
    figures.add("memory_embedding_most_of_predicted_percent", 100 / (1 + min(errors["embedding"])), "<=", 100)
    figures.print()


if __name__ == "__main__":
    asyncio.run(main())
