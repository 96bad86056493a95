"""The catalogue: every chip that is shipped, and those that the operator adds, by id or alias."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Self

import msgspec

from jixi.compute.chips._chip import Chip
from jixi.core.errors import problem


class Chips:
    """Later chips go before earlier ones of the same id: who has better figures brings their own."""

    def __init__(self, chips: Iterable[Chip]) -> None:
        self._chips = {chip.id: chip for chip in chips}
        self._names = {_plain(name): chip.id for chip in self for name in (chip.id, chip.name, *chip.aliases)}

    @classmethod
    def load(cls, own: Iterable[Chip] = ()) -> Self:
        """The chips of this package and `own` ones. A broken file is our defect and raises."""
        folder = files(__package__ or __name__).joinpath("data")
        shipped = [read_chip(path.read_bytes()) for path in folder.iterdir() if path.name.endswith(".toml")]
        return cls([*sorted(shipped, key=lambda chip: chip.id), *own])

    def get(self, name: str) -> Chip:
        """By id, name or alias, whatever the case; raises `planner_chip_unknown`."""
        known = self._names.get(_plain(name))
        if known is None:
            raise problem("planner_chip_unknown", param="chip", chip=name)
        return self._chips[known]

    def __iter__(self) -> Iterator[Chip]:
        return iter(self._chips.values())


def read_chip(text: bytes) -> Chip:
    """The chip that a file describes; raises `msgspec.MsgspecError`."""
    return msgspec.toml.decode(text, type=Chip)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").replace("_", " ").split())
