"""The sources of an entry, as the settings allow them."""

from collections.abc import Callable, Mapping, Sequence

from jixi.compute.drivers import Driver
from jixi.models.catalog import CarrierSource, Entry, HubSource, Origin
from jixi.models.sources._egress import Egress
from jixi.models.sources._hub import HUBS, Hub
from jixi.models.sources._package import InstalledPackage, WheelCarrier
from jixi.models.sources._protocol import Source


def sources_of(
    *,
    egress: Egress,
    driver: Driver,
    mirrors: Mapping[str, str] | None = None,
    pip_environment: Mapping[str, str] | None = None,
    offline: bool = False,
) -> Callable[[Entry], Sequence[Source]]:
    """A function from an entry to its sources, in order. `offline` leaves those that need a network out.

    `mirrors` replaces the address of a hub ("huggingface", "modelscope"); `pip_environment` is pip's own settings.
    """
    bases = {**HUBS, **(mirrors or {})}

    def build(origin: Origin) -> Source | None:
        if isinstance(origin, HubSource):
            return None if offline else Hub(origin, bases[origin.kind], egress)
        if isinstance(origin, CarrierSource):
            return None if offline else WheelCarrier(origin, driver, pip_environment or {})
        return InstalledPackage(origin)

    return lambda entry: [source for origin in entry.origins() if (source := build(origin)) is not None]
