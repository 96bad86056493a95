"""Accelerators whose vendors have no library for Python, by their own command-line tools: AMD and Ascend."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, cast

import structlog

from jixi.compute.drivers import output_of
from jixi.compute.inventory._values import Accelerator

_WITHIN_S: Final = 10
_MIB: Final = 2**20
_CARD: Final = re.compile(r"card\d+")
_PAIR: Final = re.compile(r"(\d+)\s*/\s*(\d+)")
_POWERS: Final = ("Current Socket Graphics Package Power (W)", "Average Graphics Package Power (W)")
_NAMES: Final = ("Card Series", "Card series", "Device Name", "Card Model", "Card model")


async def read_amd() -> list[Accelerator]:
    """By amd-smi where it is, else by rocm-smi; nothing where neither is."""
    if (said := await output_of(["amd-smi", "metric", "-m", "-u", "-p", "--json"], _WITHIN_S)) is not None:
        names = await output_of(["amd-smi", "static", "-a", "--json"], _WITHIN_S)
        return parse_amd_smi(said, names or "[]")
    asked = ["--showproductname", "--showmeminfo", "vram", "--showuse", "--showpower", "--json"]
    said = await output_of(["rocm-smi", *asked], _WITHIN_S)
    return [] if said is None else parse_rocm_smi(said)


async def read_ascend() -> list[Accelerator]:
    """By npu-smi; nothing where it is not."""
    said = await output_of(["npu-smi", "info"], _WITHIN_S)
    return [] if said is None else parse_npu_smi(said)


def parse_amd_smi(metrics: str, names: str) -> list[Accelerator]:
    """From `amd-smi metric -m -u -p --json` and `amd-smi static -a --json`."""
    models = {each.get("gpu"): _inside(each, "asic", "market_name") for each in _amd_list(names)}
    found: list[Accelerator] = []
    for each in _amd_list(metrics):
        total, index = _value(each, "mem_usage", "total_vram"), each.get("gpu")
        if total is None or not isinstance(index, int):
            continue
        busy, model = _value(each, "usage", "gfx_activity"), models.get(index)
        found.append(
            Accelerator(
                id=f"amd-{index}",
                vendor="amd",
                index=index,
                model=model if isinstance(model, str) else "AMD",
                memory_bytes=int(total * _MIB),
                used_bytes=int((_value(each, "mem_usage", "used_vram") or 0) * _MIB),
                utilisation=None if busy is None else busy / 100,
                power_w=_value(each, "power", "socket_power"),
            )
        )
    return found


def parse_rocm_smi(said: str) -> list[Accelerator]:
    """From `rocm-smi --showproductname --showmeminfo vram --showuse --showpower --json`."""
    found: list[Accelerator] = []
    for card, said_of_it in _table(_json(said)).items():
        facts = _table(said_of_it)
        if not _CARD.fullmatch(card):
            continue
        total, index = _float(facts.get("VRAM Total Memory (B)")), int(card.removeprefix("card"))
        if total is None:
            continue
        busy = _float(facts.get("GPU use (%)"))
        found.append(
            Accelerator(
                id=f"amd-{index}",
                vendor="amd",
                index=index,
                model=next((str(facts[name]) for name in _NAMES if facts.get(name)), "AMD"),
                memory_bytes=int(total),
                used_bytes=int(_float(facts.get("VRAM Total Used Memory (B)")) or 0),
                utilisation=None if busy is None else busy / 100,
                power_w=next((power for name in _POWERS if (power := _float(facts.get(name)))), None),
            )
        )
    return found


def parse_npu_smi(said: str) -> list[Accelerator]:
    """From `npu-smi info`, whose table has two lines a chip: its name and power, then its load and memory.

    Chips are numbered as they stand there, which is how ASCEND_RT_VISIBLE_DEVICES counts them.
    """
    found: list[Accelerator] = []
    for name, power, busy, (used, total) in _chips(said):
        index = len(found)
        found.append(
            Accelerator(
                id=f"ascend-{index}",
                vendor="ascend",
                index=index,
                model=name,
                memory_bytes=total * _MIB,
                used_bytes=used * _MIB,
                utilisation=None if busy is None else busy / 100,
                power_w=power,
            )
        )
    return found


def _chips(said: str) -> Iterator[tuple[str, float | None, float | None, tuple[int, int]]]:
    """Name, watts, load in per cent, and memory in MiB (used, all) of each chip."""
    name, power = "", None
    for line in said.splitlines():
        cells = [cell.split() for cell in line.split("|")[1:-1]]
        if len(cells) != 3 or not cells[0] or not cells[0][0].isdigit():
            continue
        left, middle, right = cells
        if len(left) > 1 and not left[1].isdigit():
            name, power = left[1], _float(right[0])
        elif middle and ":" in middle[0] and name:
            # On-package memory stands last; chips without it have main memory of the card alone.
            pairs = [(int(used), int(total)) for used, total in _PAIR.findall(" ".join(right[1:]))]
            memory = next((pair for pair in reversed(pairs) if pair[1] > 0), None)
            if memory is not None:
                yield name, power, _float(right[0]), memory


def _amd_list(said: str) -> list[dict[str, Any]]:
    """Newer versions put the list of cards into an object."""
    found = _json(said)
    cards = _table(found).get("gpu_data") if isinstance(found, dict) else found
    return [_table(each) for each in cast("list[Any]", cards)] if isinstance(cards, list) else []


def _json(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError as error:
        structlog.get_logger().warning("accelerators_unreadable", vendor="amd", reason=str(error))
        return None


def _table(facts: Any) -> dict[str, Any]:
    """The facts, where they are a table; "N/A" is none."""
    return cast("dict[str, Any]", facts) if isinstance(facts, dict) else {}


def _inside(facts: Any, *path: str) -> Any:
    for name in path:
        facts = _table(facts).get(name)
    return facts


def _value(facts: Any, *path: str) -> float | None:
    """A number, which has a unit beside it; "N/A" is none."""
    found = _inside(facts, *path)
    return _float(_table(found).get("value", found))


def _float(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
