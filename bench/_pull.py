"""The side of Jixi: brings the model of a hub into a folder, verified, and prints how many seconds that took.

Usage: python bench/_pull.py ADDRESS FOLDER
"""

import sys
import time
from pathlib import Path

import uvloop

from jixi.compute.drivers import ProcessDriver
from jixi.models.catalog import Entry, Texts, Variant, origin_from
from jixi.models.sources import ModelStore
from jixi.models.sources.outside import Egress, Outside, sources_of

TEXTS = Texts("bench", "bench")
SOURCE = {"kind": "huggingface", "repo": "org/bench", "revision": "main"}
ENTRY = Entry(
    id="bench",
    name="Bench",
    publisher="Bench",
    family="Bench",
    tasks=["chat"],
    languages=["en"],
    licence="MIT",
    facts_from="https://example.org",
    description=TEXTS,
    card=TEXTS,
    variants=[Variant("bf16", "safetensors", "BF16", ["vllm"], sources=[origin_from(SOURCE)])],
)


async def main() -> None:
    egress = Egress(frozenset({"127.0.0.1", "localhost"}))
    outside = Outside(egress=egress, driver=ProcessDriver(), mirrors={"huggingface": sys.argv[1]})
    store = ModelStore(Path(sys.argv[2]), sources_of(outside))
    began = time.perf_counter()
    await store.fetch(ENTRY)
    print(time.perf_counter() - began, flush=True)
    await egress.close()


if __name__ == "__main__":
    uvloop.run(main())
