"""The registry of engines."""

from jixi.core.registry import Registry
from jixi.models.engines._protocol import Engine


def engine_registry() -> Registry[Engine]:
    """Every engine installed here: the built-ins and those that other packages bring as `jixi.engine`."""
    engines = Registry[Engine]("engine")
    engines.discover()
    return engines
