"""Inventory: what this machine has for models: processors, memory, accelerators, and how much of it is in use.

Owns: `Node`, `Accelerator` and the reading of them: the kernel, control groups, RAPL, NVML, amd-smi, rocm-smi, npu-smi.
Must not: decide what runs where (placement does), know models. Tests: tests/unit/compute, on recorded outputs.
"""

from jixi.compute.inventory._counters import Counters, Energy, Rates, rates, read_counters
from jixi.compute.inventory._inventory import Inventory, Reader
from jixi.compute.inventory._machine import Machine, read_machine
from jixi.compute.inventory._meter import Meter
from jixi.compute.inventory._nvidia import NvidiaReader
from jixi.compute.inventory._tools import parse_amd_smi, parse_npu_smi, parse_rocm_smi, read_amd, read_ascend
from jixi.compute.inventory._values import Accelerator, Node, Vendor

__all__ = [
    "Accelerator",
    "Counters",
    "Energy",
    "Inventory",
    "Machine",
    "Meter",
    "Node",
    "NvidiaReader",
    "Rates",
    "Reader",
    "Vendor",
    "parse_amd_smi",
    "parse_npu_smi",
    "parse_rocm_smi",
    "rates",
    "read_amd",
    "read_ascend",
    "read_counters",
    "read_machine",
]
