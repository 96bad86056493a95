"""What only ever rises: the work of the processors and the energy that they took. Two readings make a rate."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from jixi.compute.inventory._kernel import cpu_limit, groups, number, processors, statistic, words

_BUSY: Final = ("user", "nice", "system", "irq", "softirq")
# RAPL's zones of whole packages; those within them, and `psys` around them, would count the same twice.
_ZONES: Final = "sys/class/powercap"
_PACKAGE: Final = "package-"


class Energy(NamedTuple):
    """Joules so far, and how many the counter reaches before it begins again."""

    joules: float
    around: float


class Counters(NamedTuple):
    """Seconds of work so far of `cpus` processors together, and the energy of each package; no package where the kernel
    does not tell, or not us.
    """

    busy_s: float
    cpus: float
    packages: Mapping[str, Energy]


class Rates(NamedTuple):
    """From 0 to 1, and watts; None for what is not told."""

    utilisation: float | None = None
    power_w: float | None = None


def read_counters(root: Path = Path("/")) -> Counters:
    """Of the control group that limits our processors, else of those on which we may run. `root` is where /proc and
    /sys are.
    """
    busy, cpus = _limited(root) or _machine()
    return Counters(busy, min(cpus, len(processors())), dict(_packages(root)))


def rates(before: Counters, after: Counters, seconds: float) -> Rates:
    """What went on in the seconds between two readings."""
    if seconds <= 0:
        return Rates()
    busy = (after.busy_s - before.busy_s) / (seconds * after.cpus)
    joules = [
        each.joules - first.joules + (each.around if each.joules < first.joules else 0)
        for name, each in after.packages.items()
        if (first := before.packages.get(name)) is not None
    ]
    power = sum(joules) / seconds if joules and len(joules) == len(after.packages) else None
    return Rates(min(1.0, max(0.0, busy)), power)


def _machine() -> tuple[float, float]:
    """Seconds of work, and processors: those on which we may run, or all where they are numbered otherwise."""
    spent, ours = psutil.cpu_times(percpu=True), processors()
    chosen = [spent[each] for each in ours] if max(ours) < len(spent) else spent
    return sum(float(getattr(each, name, 0)) for each in chosen for name in _BUSY), float(len(chosen))


def _limited(root: Path) -> tuple[float, float] | None:
    """Seconds of work, and processors, of the control group with the tightest limit that counts its own work."""
    found: list[tuple[float, float]] = []
    for group in groups(root):
        limit = cpu_limit(group)
        micros, nanos = statistic(group / "cpu.stat", "usage_usec"), number(group / "cpuacct.usage")
        if limit is not None and (micros is not None or nanos is not None):
            found.append((limit, micros / 1e6 if micros is not None else (nanos or 0) / 1e9))
    if not found:
        return None
    limit, busy = min(found)
    return busy, limit


def _packages(root: Path) -> list[tuple[str, Energy]]:
    found: list[tuple[str, Energy]] = []
    for zone in sorted((root / _ZONES).glob("intel-rapl:*")):
        joules, around = number(zone / "energy_uj"), number(zone / "max_energy_range_uj")
        named = "".join(words(zone / "name")).startswith(_PACKAGE)
        if named and joules is not None and around is not None:
            found.append((zone.name, Energy(joules / 1e6, around / 1e6)))
    return found
