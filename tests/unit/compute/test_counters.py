"""The work of processors and their energy are rates between two readings of the kernel's counters."""

import os
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jixi.compute.inventory import Counters, Energy, Inventory, Machine, Rates, rates, read_counters
from tests.clocks import FrozenClock
from tests.unit.compute.trees import tree

RAPL = "sys/class/powercap"


def zone(name: str, label: str, micros: int) -> dict[str, str]:
    return {
        f"{RAPL}/{name}/name": f"{label}\n",
        f"{RAPL}/{name}/energy_uj": f"{micros}\n",
        f"{RAPL}/{name}/max_energy_range_uj": "262143328850\n",
    }


def test_this_machine_counts_its_work() -> None:
    found = read_counters()
    assert found.busy_s > 0
    assert 0 < found.cpus <= (psutil.cpu_count() or 1)
    later = read_counters()
    assert later.busy_s >= found.busy_s
    utilisation, power_w = rates(found, later, 10)
    assert utilisation is not None
    assert 0 <= utilisation <= 1
    assert power_w is None or power_w >= 0


def test_the_work_is_that_of_the_processors_on_which_we_may_run(tmp_path: Path) -> None:
    ours = os.sched_getaffinity(0)
    one = max(ours)
    os.sched_setaffinity(0, {one})
    try:
        found = read_counters(tmp_path)
        spent = psutil.cpu_times(percpu=True)[one]
    finally:
        os.sched_setaffinity(0, ours)
    assert found.cpus == 1
    assert found.busy_s == pytest.approx(
        spent.user + spent.nice + spent.system + spent.irq + spent.softirq, abs=30
    )


def test_a_limit_above_the_processors_on_which_we_may_run_is_none(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": "100000000 100000\n",
            "sys/fs/cgroup/cpu.stat": "usage_usec 3000000\n",
        },
    )
    assert read_counters(root) == Counters(3.0, len(os.sched_getaffinity(0)), {})


def test_in_a_container_with_a_limit_its_own_work_counts(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": "50000 100000\n",
            "sys/fs/cgroup/cpu.stat": "usage_usec 3000000\nuser_usec 2000000\n",
        },
    )
    assert read_counters(root) == Counters(3.0, 0.5, {})


def test_the_first_version_of_control_groups_counts_in_nanoseconds(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "3:cpu,cpuacct:/docker/abc\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage": "4500000000\n",
        },
    )
    assert read_counters(root) == Counters(4.5, 0.5, {})


def test_of_rapl_whole_packages_count_and_nothing_twice(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        zone("intel-rapl:0", "package-0", 5_000_000)
        | zone("intel-rapl:0:0", "core", 4_000_000)
        | zone("intel-rapl:0:1", "dram", 1_000_000)
        | zone("intel-rapl:1", "package-1", 7_000_000)
        | zone("intel-rapl:2", "psys", 20_000_000),
    )
    found = read_counters(root).packages
    assert {name: each.joules for name, each in found.items()} == {"intel-rapl:0": 5.0, "intel-rapl:1": 7.0}


def test_energy_that_only_root_may_read_is_none(tmp_path: Path) -> None:
    files = zone("intel-rapl:0", "package-0", 5_000_000)
    del files[f"{RAPL}/intel-rapl:0/energy_uj"]
    found = read_counters(tree(tmp_path, files))
    assert found.packages == {}
    assert rates(found, found, 1).power_w is None


@given(
    joules=st.floats(0, 1000),
    spent=st.floats(0, 999),
    seconds=st.floats(0.5, 3600),
    busy=st.floats(0, 1),
    cpus=st.floats(0.5, 256),
)
def test_rates_are_what_rose_in_that_time_also_where_a_counter_began_again(
    joules: float, spent: float, seconds: float, busy: float, cpus: float
) -> None:
    before = Counters(100, cpus, {"a": Energy(joules, 1000)})
    after = Counters(100 + busy * seconds * cpus, cpus, {"a": Energy((joules + spent) % 1000, 1000)})
    utilisation, power_w = rates(before, after, seconds)
    assert utilisation == pytest.approx(busy, abs=1e-6)
    assert power_w == pytest.approx(spent / seconds, abs=1e-6) or joules + spent == pytest.approx(joules)


def test_a_package_that_was_not_there_before_leaves_the_power_unknown() -> None:
    before = Counters(0, 1, {"a": Energy(1, 100)})
    after = Counters(0, 1, {"a": Energy(2, 100), "b": Energy(2, 100)})
    assert rates(before, after, 1).power_w is None
    assert rates(before, after, 0) == Rates()


async def test_an_inventory_tells_use_from_its_second_reading_on() -> None:
    clock = FrozenClock()
    readings = iter(
        [Counters(0, 2, {}), Counters(3, 2, {"p": Energy(5, 10)}), Counters(3, 2, {"p": Energy(2, 10)})]
    )
    inventory = Inventory(
        clock, machine=lambda: Machine(2, 2, 1), counters=lambda: next(readings), readers=[]
    )
    seen: list[tuple[float | None, float | None]] = []
    for _ in range(3):
        (node,) = await inventory.nodes()
        seen.append((node.utilisation, node.power_w))
        clock.advance(2)
    assert seen == [(None, None), (0.75, None), (0.0, 3.5)]
