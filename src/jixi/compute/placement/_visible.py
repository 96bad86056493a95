"""How a program is told which accelerators it may use: by a variable of its environment, each vendor has its own."""

from collections.abc import Mapping, Sequence
from typing import Final

from jixi.compute.inventory import Accelerator, Vendor

_VARIABLES: Final[Mapping[Vendor, str]] = {
    "nvidia": "CUDA_VISIBLE_DEVICES",
    "amd": "HIP_VISIBLE_DEVICES",
    "ascend": "ASCEND_RT_VISIBLE_DEVICES",
}


def visible(accelerators: Sequence[Accelerator]) -> dict[str, str]:
    """The environment of a program that may use these and no others; of none, one that sees no accelerator at all."""
    if not accelerators:
        return dict.fromkeys(_VARIABLES.values(), "")
    env = {_VARIABLES[accelerators[0].vendor]: ",".join(str(each.index) for each in accelerators)}
    # CUDA counts the fastest first unless it is told to count as NVML does.
    return env | ({"CUDA_DEVICE_ORDER": "PCI_BUS_ID"} if accelerators[0].vendor == "nvidia" else {})
