"""The sources of a variant, as the settings allow them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jixi.compute.drivers import Driver
from jixi.core.clock import Clock, SystemClock
from jixi.models.catalog import (
    CarrierSource,
    FolderSource,
    HubSource,
    Origin,
    PackageSource,
    S3Source,
    UrlSource,
)
from jixi.models.sources._choice import WEIGHTS
from jixi.models.sources._folder import Folder
from jixi.models.sources._protocol import Sought, Source
from jixi.models.sources.outside._egress import Egress
from jixi.models.sources.outside._hub import HUBS, Hub
from jixi.models.sources.outside._package import InstalledPackage, WheelCarrier
from jixi.models.sources.outside._web import Address, Bucket, S3Access


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the sources are allowed and told. `offline` leaves those that need a network out.

    `mirrors` replaces the address of a hub ("huggingface", "modelscope"), `tokens` are for its repositories that are
    not everybody's; `pip_environment` is pip's own settings; `connections` are open at once, of all fetches together.
    """

    egress: Egress
    driver: Driver
    mirrors: Mapping[str, str] = field(default_factory=dict[str, str])
    tokens: Mapping[str, str] = field(default_factory=dict[str, str])
    s3: S3Access = field(default_factory=S3Access)
    pip_environment: Mapping[str, str] = field(default_factory=dict[str, str])
    offline: bool = False
    connections: int = 4
    clock: Clock = field(default_factory=SystemClock)


def sources_of(outside: Outside) -> Callable[[Sought], Sequence[Source]]:
    """A function from what is sought to its sources, in order."""
    bases = {**HUBS, **outside.mirrors}
    lines = asyncio.Semaphore(outside.connections)

    def build(origin: Origin, weights: Sequence[str]) -> Source | None:
        match origin:
            case FolderSource():
                return Folder(origin, weights)
            case PackageSource():
                return InstalledPackage(origin)
            case _ if outside.offline:
                return None
            case HubSource():
                token = None if origin.anonymous else outside.tokens.get(origin.kind)
                return Hub(origin, bases[origin.kind], outside.egress, lines, token, weights)
            case UrlSource():
                return Address(origin, outside.egress, lines, weights)
            case S3Source():
                return Bucket(origin, outside.s3, outside.egress, lines, outside.clock, weights)
            case CarrierSource():
                return WheelCarrier(origin, outside.driver, outside.pip_environment)
            case _:
                return None

    def all_of(sought: Sought) -> Sequence[Source]:
        weights = [suffix for suffix in WEIGHTS if suffix == f".{sought.format}"] or WEIGHTS
        return [source for each in sought.sources if (source := build(each, weights)) is not None]

    return all_of
