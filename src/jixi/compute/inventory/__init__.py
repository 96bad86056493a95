"""Inventory: what machines have for models: processors, memory, accelerators, and how much of it is in use.

Owns: `Node`, `Accelerator` and the reading of them: the kernel, control groups, RAPL, NVML, amd-smi, rocm-smi, npu-smi;
and `Cluster`, which remembers what other machines have read of themselves.
Must not: decide what runs where (placement does), know models. Tests: tests/unit/compute, on recorded outputs.
"""

from jixi.compute.inventory._cluster import Cluster, Member, Seen
from jixi.compute.inventory._counters import Counters, Energy, Rates, rates, read_counters
from jixi.compute.inventory._inventory import Inventory, Reader
from jixi.compute.inventory._machine import Machine, read_machine
from jixi.compute.inventory._meter import Meter
from jixi.compute.inventory._nvidia import NvidiaReader
from jixi.compute.inventory._programs import Program, read_program
from jixi.compute.inventory._tools import parse_amd_smi, parse_npu_smi, parse_rocm_smi, read_amd, read_ascend
from jixi.compute.inventory._values import Accelerator, Holder, Node, Vendor, gpu_numbered

__all__ = [
    "Accelerator",
    "Cluster",
    "Counters",
    "Energy",
    "Holder",
    "Inventory",
    "Machine",
    "Member",
    "Meter",
    "Node",
    "NvidiaReader",
    "Program",
    "Rates",
    "Reader",
    "Seen",
    "Vendor",
    "gpu_numbered",
    "parse_amd_smi",
    "parse_npu_smi",
    "parse_rocm_smi",
    "rates",
    "read_amd",
    "read_ascend",
    "read_counters",
    "read_machine",
    "read_program",
]
