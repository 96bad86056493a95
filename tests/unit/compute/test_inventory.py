"""What a machine has is read as its kernel and its vendors' tools say it, and nothing breaks where they say nothing."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from jixi.compute.drivers import output_of
from jixi.compute.inventory import (
    Accelerator,
    Holder,
    Inventory,
    Machine,
    NvidiaReader,
    parse_amd_smi,
    parse_npu_smi,
    parse_rocm_smi,
    read_machine,
)
from tests.clocks import FrozenClock
from tests.unit.compute.trees import tree

RECORDED = Path(__file__).with_name("recorded")
MIB = 2**20


def recorded(name: str) -> str:
    return (RECORDED / name).read_text(encoding="utf-8")


def facts(found: list[Accelerator]) -> list[tuple[str, str, int, int, float | None, float | None]]:
    return [
        (
            each.id,
            each.model,
            each.memory_bytes // MIB,
            each.used_bytes // MIB,
            each.utilisation,
            each.power_w,
        )
        for each in found
    ]


def test_npu_smi_is_read_with_one_chip_a_card() -> None:
    assert facts(parse_npu_smi(recorded("npu-smi-910b3.txt"))) == [
        ("ascend-0", "910B3", 65536, 3318, 0.0, 101.8),
        ("ascend-1", "910B3", 65536, 52665, 0.37, 92.0),
    ]


def test_npu_smi_is_read_with_two_chips_a_card_of_which_one_tells_no_power() -> None:
    assert facts(parse_npu_smi(recorded("npu-smi-910c.txt"))) == [
        ("ascend-0", "Ascend910", 65536, 3412, 0.0, 178.9),
        ("ascend-1", "Ascend910", 65536, 3189, 0.0, None),
    ]


def test_npu_smi_is_read_with_two_chips_a_card_that_have_main_memory_alone_and_tell_no_power() -> None:
    assert facts(parse_npu_smi(recorded("npu-smi-310p.txt"))) == [
        ("ascend-0", "310P3", 44280, 1529, 0.0, None),
        ("ascend-1", "310P3", 43693, 21412, 0.63, None),
    ]


def test_the_memory_on_the_package_counts_and_not_that_of_the_card() -> None:
    assert facts(parse_npu_smi(recorded("npu-smi-910.txt"))) == [("ascend-0", "910B", 32768, 0, 0.0, 70.3)]


def test_rocm_smi_is_read() -> None:
    assert facts(parse_rocm_smi(recorded("rocm-smi-mi300x.json"))) == [
        ("amd-0", "AMD Instinct MI300X", 196288, 285, 0.0, 159.0)
    ]


def test_amd_smi_is_read_and_a_card_that_tells_no_memory_is_left_out() -> None:
    found = parse_amd_smi(recorded("amd-smi-mi355x.json"), recorded("amd-smi-mi355x-names.json"))
    assert facts(found) == [("amd-0", "AMD Instinct MI355X", 294896, 283, 0.12, 239.0)]


@pytest.mark.parametrize(
    "said", ["", "{", "[]", "null", '{"gpu_data": 3}', '{"card0": 7}', "Error: no driver | | |"]
)
def test_what_no_tool_should_say_finds_nothing(said: str) -> None:
    assert parse_npu_smi(said) == parse_rocm_smi(said) == parse_amd_smi(said, said) == []


WHOLE: dict[str, Callable[[str], list[Accelerator]]] = {
    "npu-smi-910b3.txt": parse_npu_smi,
    "npu-smi-910c.txt": parse_npu_smi,
    "npu-smi-310p.txt": parse_npu_smi,
    "rocm-smi-mi300x.json": parse_rocm_smi,
    "amd-smi-mi355x.json": lambda said: parse_amd_smi(said, recorded("amd-smi-mi355x-names.json")),
}


@pytest.mark.parametrize("name", WHOLE)
def test_of_an_output_that_was_cut_anywhere_no_number_is_made_up(name: str) -> None:
    said, parse = recorded(name), WHOLE[name]
    whole = {each.id: each for each in parse(said)}
    assert whole
    for end in range(0, len(said), 7):
        for each in parse(said[:end]):
            assert each == whole[each.id]


def test_a_chip_that_says_nothing_of_its_load_is_not_idle() -> None:
    said = recorded("npu-smi-910b3.txt").replace("| 37          0    / 0", "| -           0    / 0")
    assert [each.utilisation for each in parse_npu_smi(said)] == [0.0, None]


def test_a_chip_that_is_lost_is_left_out_and_hides_no_other() -> None:
    said = recorded("npu-smi-910b3.txt").replace("52665/ 65536", "NA   / NA   ")
    assert [each.id for each in parse_npu_smi(said)] == ["ascend-0"]


def test_of_amd_cards_what_is_not_available_is_none_and_without_names_they_have_one() -> None:
    cards = [
        {
            "gpu": 0,
            "usage": "N/A",
            "power": {"socket_power": "N/A"},
            "mem_usage": {"total_vram": {"value": 9}},
        },
        {"gpu": 1, "mem_usage": "N/A"},
        {"usage": {"gfx_activity": {"value": 5, "unit": "%"}}},
        7,
    ]
    assert facts(parse_amd_smi(json.dumps(cards), "{")) == [("amd-0", "AMD", 9, 0, None, None)]
    table = {
        "card1": {"VRAM Total Memory (B)": "N/A"},
        "card2": {"VRAM Total Memory (B)": str(9 * MIB)},
        "system": {},
    }
    assert facts(parse_rocm_smi(json.dumps(table))) == [("amd-2", "AMD", 9, 0, None, None)]


class NvmlError(Exception):
    pass


class NoLibraryError(NvmlError):
    pass


def nvml(**changed: Any) -> Any:
    """What NVIDIA's binding answers on a machine with one card whose power cannot be read."""

    def refuse(_: Any) -> None:
        raise NvmlError("Not Supported")

    answers: dict[str, Any] = {
        "NVMLError": NvmlError,
        "NVMLError_LibraryNotFound": NoLibraryError,
        "NVMLError_DriverNotLoaded": NoLibraryError,
        "NVMLError_NoPermission": NoLibraryError,
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetMemoryInfo": lambda _: SimpleNamespace(total=81559 * MIB, used=500 * MIB),
        "nvmlDeviceGetName": lambda _: "NVIDIA H100 80GB HBM3",
        "nvmlDeviceGetUtilizationRates": lambda _: SimpleNamespace(gpu=42, memory=7),
        "nvmlDeviceGetPowerUsage": refuse,
        "nvmlDeviceGetComputeRunningProcesses": refuse,
    }
    return SimpleNamespace(**(answers | changed))


def test_nvml_is_read_and_what_a_card_does_not_say_is_none() -> None:
    assert facts(NvidiaReader(nvml())()) == [("nvidia-0", "NVIDIA H100 80GB HBM3", 81559, 500, 0.42, None)]


def test_of_what_processes_hold_of_a_card_the_least_counts_that_was_seen_around_its_reading() -> None:
    def process(pid: int, held: int | None) -> SimpleNamespace:
        return SimpleNamespace(pid=pid, usedGpuMemory=held)

    answers = iter(
        [
            [process(7, 5), process(7, 3), process(8, 9), process(9, None), process(10, 4)],
            [process(7, 10), process(8, 6), process(9, None), process(11, 2)],
        ]
    )
    (card,) = NvidiaReader(nvml(nvmlDeviceGetComputeRunningProcesses=lambda _: next(answers)))()
    assert set(card.holders) == {Holder(7, 8), Holder(8, 6)}


def test_a_card_that_has_fallen_off_the_bus_hides_no_other() -> None:
    def handle(index: int) -> int:
        if index == 0:
            raise NvmlError("GPU is lost")
        return index

    found = NvidiaReader(nvml(nvmlDeviceGetCount=lambda: 2, nvmlDeviceGetHandleByIndex=handle))()
    assert [each.id for each in found] == ["nvidia-1"]


def test_where_there_is_no_driver_the_real_binding_finds_nothing() -> None:
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has NVIDIA's driver")
    assert NvidiaReader()() == []


def test_this_machine_has_what_its_kernel_says() -> None:
    found = read_machine()
    assert 0 < found.cpus <= (psutil.cpu_count() or 1)
    assert 0 < found.used_bytes < found.memory_bytes <= psutil.virtual_memory().total


def test_the_limits_of_a_container_count(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": f"{512 * MIB}\n",
            "sys/fs/cgroup/memory.current": f"{300 * MIB}\n",
            "sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {100 * MIB}\n",
            "sys/fs/cgroup/cpu.max": "50000 100000\n",
        },
    )
    assert read_machine(root) == Machine(0.5, 512 * MIB, 200 * MIB)


def test_the_limit_of_a_group_above_counts(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/jixi.service\n",
            "sys/fs/cgroup/user.slice/memory.max": f"{256 * MIB}\n",
            "sys/fs/cgroup/user.slice/jixi.service/memory.max": "max\n",
            "sys/fs/cgroup/user.slice/jixi.service/cpu.max": "max 100000\n",
        },
    )
    assert read_machine(root).memory_bytes == 256 * MIB


def test_the_limits_of_the_first_version_of_control_groups_count(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{128 * MIB}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{28 * MIB}\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "25000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
    )
    assert read_machine(root) == Machine(0.25, 128 * MIB, 28 * MIB)


async def test_nodes_are_read_again_after_a_second_and_absent_vendors_are_not_asked_again() -> None:
    asked: list[str] = []
    clock = FrozenClock()

    async def one() -> list[Accelerator]:
        asked.append("one")
        return [Accelerator(id="amd-0", vendor="amd", index=0, model="M", memory_bytes=1, used_bytes=0)]

    async def none() -> list[Accelerator]:
        asked.append("none")
        return []

    inventory = Inventory(clock, machine=lambda: Machine(1, 2, 1), readers=[one, none], name="here")
    first, again = await asyncio.gather(inventory.nodes(), inventory.nodes())
    clock.advance(2)
    await inventory.nodes()
    assert asked == ["one", "none", "one"]
    assert first == again
    assert (first[0].name, len(first[0].accelerators)) == ("here", 1)


async def test_a_tool_that_is_absent_fails_or_hangs_says_nothing() -> None:
    python = sys.executable
    assert await output_of([python, "-c", "print('hello')"], 20) == "hello\n"
    assert await output_of(["/no/such/tool"], 20) is None
    assert await output_of([python, "-c", "raise SystemExit(3)"], 20) is None
    assert await output_of([python, "-c", "import signal; signal.pause()"], 0.2) is None
