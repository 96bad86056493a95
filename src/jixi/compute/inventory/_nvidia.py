"""NVIDIA's accelerators, by NVML: the library that comes with the driver."""

import importlib
from collections import Counter
from typing import Any

import structlog

from jixi.compute.inventory._values import Accelerator, Holder


class NvidiaReader:
    """Reads through NVML, which is loaded on first use and kept. Where there is no driver it finds nothing.

    `nvml` is the binding to use; by default NVIDIA's own.
    """

    def __init__(self, nvml: Any = None) -> None:
        self._nvml = nvml
        self._begun = False

    def __call__(self) -> list[Accelerator]:
        """In the order of the PCI bus. Takes some milliseconds; blocks."""
        nvml: Any = self._nvml or importlib.import_module("pynvml")
        try:
            if not self._begun:
                nvml.nvmlInit()
                self._nvml, self._begun = nvml, True
            return [
                each for index in range(nvml.nvmlDeviceGetCount()) if (each := _read(nvml, index)) is not None
            ]
        except (nvml.NVMLError_LibraryNotFound, nvml.NVMLError_DriverNotLoaded, nvml.NVMLError_NoPermission):
            return []
        except nvml.NVMLError as error:
            structlog.get_logger().warning("accelerators_unreadable", vendor="nvidia", reason=str(error))
            return []


def _read(nvml: Any, index: int) -> Accelerator | None:
    """None for one without memory of its own, whose memory is the machine's, or that has fallen off the bus."""
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        before, memory = _held(nvml, handle), nvml.nvmlDeviceGetMemoryInfo(handle)
    except nvml.NVMLError as error:
        structlog.get_logger().warning(
            "accelerator_unreadable", vendor="nvidia", index=index, reason=str(error)
        )
        return None
    rates, milliwatts = (
        _said(nvml, handle, ask) for ask in (nvml.nvmlDeviceGetUtilizationRates, nvml.nvmlDeviceGetPowerUsage)
    )
    return Accelerator(
        id=f"nvidia-{index}",
        vendor="nvidia",
        index=index,
        model=str(nvml.nvmlDeviceGetName(handle)),
        memory_bytes=int(memory.total),
        used_bytes=int(memory.used),
        utilisation=None if rates is None else rates.gpu / 100,
        power_w=None if milliwatts is None else milliwatts / 1000,
        # What a process takes or frees meanwhile counts for nothing.
        holders=tuple(Holder(pid, held) for pid, held in (before & _held(nvml, handle)).items()),
    )


def _held(nvml: Any, handle: Any) -> Counter[int]:
    """Bytes by process, of those that it names: a container may hide them."""
    held = Counter[int]()
    for each in _said(nvml, handle, nvml.nvmlDeviceGetComputeRunningProcesses) or ():
        held[int(each.pid)] += int(each.usedGpuMemory or 0)
    return held


def _said(nvml: Any, handle: Any, ask: Any) -> Any:
    """The answer, or None where this accelerator has none."""
    try:
        return ask(handle)
    except nvml.NVMLError:
        return None
