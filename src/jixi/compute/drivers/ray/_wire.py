"""What `RayDriver` and its link say to each other: one JSON object a line, over a pair of sockets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from msgspec import Struct

from jixi.compute.drivers._protocol import Given
from jixi.compute.inventory import Seen

# A line holds all that a program wrote in half a second, of which the last 1000 lines of 4 KiB are kept.
LONGEST: Final = 64 * 1024 * 1024


class Place(Struct, frozen=True, tag=True):
    """Find a machine within `room_s` seconds. Programs are told apart by `id`."""

    id: int
    name: str
    cpus: float
    gpus: float
    memory_bytes: int
    group: str
    files: list[str]
    room_s: float


class Run(Struct, frozen=True, tag=True):
    """Start the program where it was placed."""

    id: int
    argv: list[str]
    env: dict[str, str]


class Stop(Struct, frozen=True, tag=True):
    """End it, or give its place back where it was not started."""

    id: int
    grace_s: float


class Look(Struct, frozen=True, tag=True):
    """Ask every node what is in use there; who has not answered within `within_s` seconds is left out.

    `beat`: load and power are those since the last one that was asked so.
    """

    id: int
    beat: bool
    within_s: float


class Ready(Struct, frozen=True, tag=True):
    """The link belongs to the cluster now."""


class Placed(Struct, frozen=True, tag=True):
    id: int
    host: str
    port: int
    node: str
    accelerators: list[Given]


class Refused(Struct, frozen=True, tag=True):
    """A problem's code and facts: it will not be started."""

    id: int
    code: str
    facts: dict[str, str]


class Started(Struct, frozen=True, tag=True):
    id: int
    pid: int


class Told(Struct, frozen=True, tag=True):
    """What it wrote since the last time, and the memory that it holds."""

    id: int
    lines: list[str]
    resident_bytes: int


class Ended(Struct, frozen=True, tag=True):
    id: int
    status: int


class Looked(Struct, frozen=True, tag=True):
    """The alive nodes, or why they are not known."""

    id: int
    nodes: list[Seen] | str


Ask = Place | Run | Stop | Look
Say = Ready | Placed | Refused | Started | Told | Ended | Looked

_DECODE_ASK: Final = msgspec.json.Decoder[Ask](Ask).decode
_DECODE_SAY: Final = msgspec.json.Decoder[Say](Say).decode


async def asks(reader: asyncio.StreamReader) -> AsyncIterator[Ask]:
    """What the driver asks, until it is gone."""
    while line := await _line(reader):
        yield _DECODE_ASK(line)


async def says(reader: asyncio.StreamReader) -> AsyncIterator[Say]:
    """What the link says, until it is gone."""
    while line := await _line(reader):
        yield _DECODE_SAY(line)


async def _line(reader: asyncio.StreamReader) -> bytes:
    """Empty at the end; a line that was cut is none."""
    try:
        line = await reader.readline()
    except ConnectionError:
        return b""
    return line if line.endswith(b"\n") else b""


def write(writer: asyncio.StreamWriter, message: Ask | Say) -> None:
    writer.write(msgspec.json.encode(message) + b"\n")
