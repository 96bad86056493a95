"""Where the accelerators stand and what they cost: power, cooling, grid, prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jixi.compute.chips import Chip, Precision
from jixi.compute.planner._assumed import (
    ELECTRICITY_PRICE,
    GRIDS,
    LIFETIME,
    PUE,
    SERVER_FACTOR,
    UPKEEP,
    Assumed,
    Cooling,
)
from jixi.compute.planner._checks import checked, chosen, missing
from jixi.compute.planner._sheet import Figure, Work
from jixi.core.errors import JixiError

Payment = Literal["owned", "rented"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """Accelerators of one kind. What is set here goes before the chip's own figure; `group` are those of one server
    or rack that fast links join.
    """

    chip: Chip
    power_w: float | None = None
    memory_gib: float | None = None
    bandwidth_gb_s: float | None = None
    group: int | None = None

    @property
    def joined(self) -> int:
        """How many accelerators fast links join; racks of more are used by eight at most where that is not said."""
        if self.chip.link is None:
            return 1
        return self.group or min(self.chip.link.group, 72)

    def check(self) -> None:
        if self.group is not None:
            checked("group", self.group, 1, 1e5)

    def write(self, work: Work, precision: Precision) -> None:
        """What a plan computes with; raises `planner_value_missing` for what the chip lacks."""
        peak = self.chip.flops(precision)
        if peak is None:
            raise missing(f"peak.{precision}", self.chip.name)
        self._fact(work, "peak", peak, "FLOP/s", f"peak.{precision}")
        if self.memory_gib is not None:
            work.note("memory", checked("memory_gib", self.memory_gib, 0.1, 1e5) * 2**30, "B")
        else:
            self._fact(work, "memory", self.chip.memory_bytes, "B", "memory.gib")

    def write_bandwidth(self, work: Work) -> None:
        if self.bandwidth_gb_s is not None:
            work.note("bandwidth", checked("bandwidth_gb_s", self.bandwidth_gb_s, 1, 1e6) * 1e9, "B/s")
        elif self.chip.bandwidth is None:
            raise missing("bandwidth_gb_s", self.chip.name)
        else:
            self._fact(work, "bandwidth", self.chip.bandwidth, "B/s", "memory.gb_s")

    def write_power(self, work: Work) -> None:
        if self.power_w is not None:
            work.note("power", checked("power_w", self.power_w, 0.1, 1e5), "W")
        elif self.chip.power_w is None:
            raise missing("power_w", self.chip.name)
        else:
            self._fact(work, "power", self.chip.power_w, "W", "power_w")

    def _fact(self, work: Work, name: str, value: float, unit: str, figure: str) -> None:
        source = self.chip.source(figure)
        said = f"{source.title}, {source.url}"
        work.put(
            Figure(name=name, value=value, unit=unit, origin="chip", source=said, marked=source.estimate)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """None is what the planner assumes, and marks; `purchase` and `rental` are of one accelerator, its share of the
    server included. All money is in one `currency`.
    """

    cooling: Cooling = "air"
    pue: float | None = None
    grid: str = "world"
    co2_g_kwh: float | None = None
    server_factor: float | None = None
    currency: str = "USD"
    electricity_price: float | None = None
    rental: float | None = None
    purchase: float | None = None
    lifetime_years: float | None = None
    upkeep: float | None = None

    def check(self) -> None:
        chosen("cooling", self.cooling, PUE)
        chosen("grid", self.grid, GRIDS)
        ranges = {
            "pue": (1, 3),
            "co2_g_kwh": (0, 2000),
            "server_factor": (1, 5),
            "electricity_price": (0, 100),
            "rental": (0, 10_000),
            "purchase": (0, 1e7),
            "lifetime_years": (0.1, 30),
            "upkeep": (0, 1),
        }
        for name, (least, most) in ranges.items():
            if (value := getattr(self, name)) is not None:
                checked(name, value, least, most)

    def write(self, work: Work) -> None:
        """Cooling and grid, which every plan with energy needs."""
        settle(work, "server_factor", self.server_factor, SERVER_FACTOR)
        settle(work, "pue", self.pue, PUE[self.cooling])
        settle(work, "grid", self.co2_g_kwh, GRIDS[self.grid])
        work.note("watts_a_kilowatt", 1000, "W*h/kWh", "constant")
        work.note("grams_a_tonne", 1e6, "g/t", "constant")


def settle(work: Work, name: str, given: float | None, assumed: Assumed) -> float:
    """Write down what the user says, or the default with its source."""
    if given is not None:
        return work.note(name, given, assumed.unit)
    return work.note(name, assumed.value, assumed.unit, "assumed", assumed.source)


def write_costs(work: Work, hardware: Hardware, site: Site, period: str = "") -> dict[str, JixiError]:
    """Energy, carbon and cost of `accelerator_hours` where the numbers for them are there; the problems of the rest.

    `period` ends the units: "/month" or nothing.
    """
    lacking: dict[str, JixiError] = {}
    site.write(work)
    try:
        hardware.write_power(work)
        work.compute(
            "it_energy", "accelerator_hours * power * server_factor / watts_a_kilowatt", f"kWh{period}"
        )
        work.compute("energy", "it_energy * pue", f"kWh{period}")
        work.compute("co2", "energy * grid / grams_a_tonne", f"t{period}")
        _write_ownership(work, site, hardware.chip)
        work.compute("owned_cost", "accelerator_hours * owned_hour", f"{site.currency}{period}")
    except JixiError as error:
        lacking["owned_cost" if "co2" in work else "energy"] = error
    try:
        _write_rental(work, site, hardware.chip)
        work.compute("rented_cost", "accelerator_hours * rented_hour", f"{site.currency}{period}")
    except JixiError as error:
        lacking["rented_cost"] = error
    return lacking


def raise_lacking(lacking: Mapping[str, JixiError], pay: Payment) -> None:
    """Raise the problem that a cost could not be computed for, if there is one."""
    for what in (f"{pay}_cost", *(("energy",) if pay == "owned" else ())):
        if what in lacking:
            raise lacking[what]


def _write_rental(work: Work, site: Site, chip: Chip) -> None:
    """The price of an accelerator's hour: the user's, or the catalogue's where it has one in that currency."""
    unit = f"{site.currency}/h"
    price = chip.price("rental")
    if site.rental is not None:
        work.note("rented_hour", site.rental, unit)
    elif price is None or price.currency != site.currency:
        raise missing("rental", chip.name)
    else:
        source = f"{price.url}, {price.date.isoformat()}"
        work.note("rented_hour", price.amount, unit, "assumed", source)


def _write_ownership(work: Work, site: Site, chip: Chip) -> None:
    """What an accelerator of one's own costs by the hour: its price over its life, upkeep, electricity."""
    unit = site.currency
    price = chip.price("list")
    if site.purchase is not None:
        work.note("purchase", site.purchase, unit)
    elif price is None or price.currency != unit:
        raise missing("purchase", chip.name)
    else:
        work.note("purchase", price.amount, unit, "assumed", f"{price.url}, {price.date.isoformat()}")
    if site.electricity_price is None and unit != "USD":
        raise missing("electricity_price", unit)
    electricity = Assumed(value=ELECTRICITY_PRICE.value, unit=f"{unit}/kWh", source=ELECTRICITY_PRICE.source)
    settle(work, "electricity_price", site.electricity_price, electricity)
    settle(work, "lifetime", site.lifetime_years, LIFETIME)
    settle(work, "upkeep", site.upkeep, UPKEEP)
    work.note("year", 8766, "h/year", "constant")
    work.compute("capital_hour", "purchase * (1 / lifetime + upkeep) / year", f"{unit}/h")
    work.compute(
        "electricity_hour",
        "power * server_factor * pue / watts_a_kilowatt * electricity_price",
        f"{unit}/h",
    )
    work.compute("owned_hour", "capital_hour + electricity_hour", f"{unit}/h")
