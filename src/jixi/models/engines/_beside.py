"""Whether an engine can run where Jixi itself runs."""

from importlib.util import find_spec

from jixi.core.errors import problem
from jixi.models.engines._protocol import Engine


def missing(engine: Engine) -> list[str]:
    """The packages that it needs and that are not installed beside Jixi."""
    return [name for name in engine.profile.imports if find_spec(name) is None]


def beside(engine: Engine) -> None:
    """Raises `engine_not_installed` where it cannot run beside Jixi."""
    if lacking := missing(engine):
        raise problem("engine_not_installed", engine=engine.name, missing=", ".join(lacking))
