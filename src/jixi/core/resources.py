"""What runs and what is kept takes resources: accelerators, processors, storage. Integers hold all of it."""

from typing import Final, Literal

import msgspec

Resource = Literal["gpu_hour", "cpu_hour", "gb_day"]
PER_UNIT: Final[dict[Resource, int]] = {
    "gpu_hour": 3_600_000_000,
    "cpu_hour": 3_600_000_000,
    "gb_day": 86_400_000_000,
}
"""How much of a quantity is one accelerator-hour, CPU-hour or GB-day. A quantity is thousandths of an accelerator, of a
CPU or of a GB (10^9 bytes), times milliseconds: sums of it are exact.
"""


class Taken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What takes `amount` thousandths of a resource for as long as it is there.

    `key` names it for ever and in every process: no moment of it is charged twice. `tenant_id` None is the house.
    `subject` is the chip's model, "cpu", or "storage"; `name` is the deployment, or the store where things are kept.
    """

    key: str
    tenant_id: str | None
    resource: Resource
    subject: str
    name: str
    amount: int


def cost_of(resource: Resource, quantity: int, price_micros: int) -> int:
    """Micro-units for `quantity` at `price_micros` for one unit: exact, rounded up once to a whole micro-unit."""
    return -(-quantity * price_micros // PER_UNIT[resource])
