"""Models, hardware and plans for the planner's tests."""

from collections.abc import Iterator
from dataclasses import replace

from jixi.compute.chips import Chips
from jixi.compute.planner import (
    Engine,
    Experts,
    Fleet,
    Hardware,
    LayerCache,
    Layout,
    Model,
    ServingTask,
    Sheet,
    Site,
    TrainingTask,
    api,
    edge,
    owned,
    plan_capacity,
    plan_serving,
    plan_training,
)

CHIPS = Chips.load()

QWEN = Model(
    name="Qwen3 8B",
    parameters=8.19e9,
    layers=36,
    hidden=4096,
    heads=32,
    kv_heads=8,
    head_size=128,
    feed_forward=12288,
    vocabulary=151936,
    cache=(LayerCache.grouped(36, 32, 8, 128),),
)
GEMMA = Model(
    name="Gemma 3 27B",
    parameters=27.4e9,
    layers=62,
    hidden=5376,
    heads=32,
    kv_heads=16,
    head_size=128,
    feed_forward=21504,
    vocabulary=262208,
    cache=(LayerCache.grouped(10, 32, 16, 128), LayerCache.grouped(52, 32, 16, 128, window=1024)),
)
DEEPSEEK = Model(
    name="DeepSeek-V3",
    parameters=671e9,
    active=37e9,
    layers=61,
    hidden=7168,
    heads=128,
    kv_heads=128,
    head_size=128,
    feed_forward=18432,
    vocabulary=129280,
    experts=Experts(count=256, active=8, parameters=653e9),
    cache=(LayerCache.latent(61, 512, 64, width=128 * 320),),
)
HYBRID = Model(
    name="half linear",
    parameters=3e9,
    layers=24,
    hidden=2048,
    cache=(LayerCache.grouped(6, 16, 4, 128), LayerCache.linear(18, 16 * 128 * 128, splits=16)),
)


def hardware(chip: str = "H100", **changes: float) -> Hardware:
    return Hardware(chip=CHIPS.get(chip), **changes)  # type: ignore[arg-type]


def fleet(accelerators: int, chip: str = "H100") -> Fleet:
    return Fleet(hardware=hardware(chip), accelerators=accelerators)


def tasks() -> tuple[TrainingTask, Fleet, ServingTask, Site]:
    """A training run, a service, and a place whose prices are known."""
    training, serving = TrainingTask(model=QWEN, tokens=1e12), ServingTask(model=QWEN, users=500)
    return training, fleet(64), serving, Site(purchase=30_000, rental=2)


def sheets() -> Iterator[tuple[str, Sheet]]:
    """A plan of every shape, so that every formula of the planner stands in one of them."""
    run = TrainingTask(model=QWEN, tokens=1e12)
    for recompute in ("none", "selective", "full"):
        layout = Layout(tensor=8, pipeline=2, data=4, zero=1, recompute=recompute)
        yield f"training, {recompute}", plan_training(run, fleet(64), layout=layout).sheet
    for method in ("lora", "qlora"):
        tuned = TrainingTask(model=QWEN, tokens=1e8, method=method, recompute="full", batch_tokens=65536)
        yield method, plan_training(tuned, fleet(8)).sheet
    sparse = TrainingTask(model=DEEPSEEK, tokens=14.8e12, batch_tokens=6e7)
    spread = Layout(pipeline=16, data=128, expert=64, zero=1, recompute="full")
    yield "experts", plan_training(sparse, fleet(2048), layout=spread).sheet
    flaky = Fleet(hardware=hardware(), accelerators=64, mtbf_hours=1, write_speed=1e4, scaling=0.9)
    yield "hardly ever up", plan_training(run, flaky, Site(purchase=30_000)).sheet
    call = ServingTask(model=QWEN, users=500)
    yield "serving", plan_serving(call, hardware(), Engine(), Site(purchase=30_000)).sheet
    yield "windows", plan_serving(ServingTask(model=GEMMA, users=2000, context=8192), hardware("L40S")).sheet
    wide = ServingTask(model=DEEPSEEK, users=9000, weights="fp8", spare=1, reused=0.5)
    yield "served experts", plan_serving(wide, hardware("H200")).sheet
    yield "linear", plan_serving(ServingTask(model=HYBRID, users=5), hardware("Xeon 8480+")).sheet
    filed = replace(call, weights="q4_k_m", weight_bytes=5.03e9, model=replace(QWEN, lookup=151936 * 4096))
    yield "a file on a processor", plan_serving(filed, hardware("EPYC 9654")).sheet
    yield "tiles", plan_serving(replace(call, weights="int4"), hardware("EPYC 9654")).sheet
    yield "capacity", plan_capacity(call, hardware(), 8).plan.sheet
    module = plan_serving(ServingTask(model=HYBRID, users=5), hardware("Orin"), None, Site(purchase=2000))
    yield "edge", edge("edge", module, 2).sheet
    yield "owned", owned("own", plan_serving(call, hardware(), None, Site(purchase=30_000))).sheet
    yield "api", api("api", call, 1, 3).sheet
