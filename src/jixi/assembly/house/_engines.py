"""Engines: where they run, and the fleet that keeps them running."""

import os
from contextlib import AsyncExitStack
from functools import partial
from importlib.util import find_spec
from typing import Final, NamedTuple

from jixi.assembly.house._metering import Metering
from jixi.assembly.settings import Settings
from jixi.assembly.store import pip_environment
from jixi.compute.drivers import Driver, ProcessDriver
from jixi.compute.drivers.ray import RayDriver
from jixi.compute.history import History
from jixi.compute.inventory import Cluster, Inventory, Meter
from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.jobs import Jobs
from jixi.models.deployments import Fleet, Patience
from jixi.models.engines import engine_registry
from jixi.models.environments import Environments, Installations
from jixi.models.memory import Rooms
from jixi.storage import Database

_FOR_RAY: Final = "RAY_"


class Engines(NamedTuple):
    """The deployments, the environments of their engines, the memory that they get, what that is charged, and what the
    nodes did.
    """

    fleet: Fleet
    environments: Environments
    installations: Installations
    rooms: Rooms
    node_history: History
    metering: Metering


async def open_fleet(
    settings: Settings,
    database: Database,
    clock: Clock,
    jobs: Jobs,
    metering: Metering,
    stack: AsyncExitStack,
) -> Engines:
    """A fleet without deployments. One that lacked its engine is started once that is installed."""
    driver = _driver(settings, stack)
    cluster = await _cluster(driver, clock, stack)
    rooms = Rooms(Inventory(clock), engine_registry(), settings.memory_reserve, cluster)
    await rooms.start()
    stack.push_async_callback(rooms.close)
    measure, days = Meter(clock).read, settings.node_history_days
    history = History(database, clock, rooms.look, measure, rooms.placements, days, cluster)
    await history.start()
    stack.push_async_callback(history.close)
    environments = engine_environments(settings)
    fleet = Fleet(
        driver,
        engine_registry(),
        settings.data_dir / "run",
        clock,
        Patience(drain_s=settings.replica_drain_s),
        shared=settings.processes > 1,
        interpreter=environments.python,
        # The memory of other machines is Ray's to give.
        room=metering.metered(rooms.room if driver.local else rooms.elsewhere),
    )
    installations = Installations(jobs, environments)
    environments.installed = partial(_retry, fleet, installations)
    stack.push_async_callback(fleet.stop)
    return Engines(fleet, environments, installations, rooms, history, metering)


def _driver(settings: Settings, stack: AsyncExitStack) -> Driver:
    """Where engines run; raises `invalid_value` where what that needs is not installed."""
    if settings.driver == "process":
        return ProcessDriver()
    if find_spec("ray") is None:
        raise problem("invalid_value", reason="the driver 'ray' needs the extra 'ray'", param="driver")
    told = {name: value for name, value in os.environ.items() if name.startswith(_FOR_RAY)}
    driver = RayDriver(settings.ray_address, told)
    stack.push_async_callback(driver.close)
    return driver


async def _cluster(driver: Driver, clock: Clock, stack: AsyncExitStack) -> Cluster | None:
    """The machines that belong to the driver; None where it has this one alone."""
    if not isinstance(driver, RayDriver):
        return None
    cluster = Cluster(driver.look, clock)
    await cluster.start()
    stack.push_async_callback(cluster.close)
    return cluster


def engine_environments(settings: Settings) -> Environments:
    """The environments of engines in the data folder."""
    folder = settings.data_dir / "environments"
    return Environments(
        folder, engine_registry(), ProcessDriver(), pip_environment(), offline=settings.offline
    )


def _retry(fleet: Fleet, installations: Installations, engine: str) -> None:
    installations.tell()
    for status in fleet.models():
        if status.engine == engine and status.state == "failed":
            fleet.restart_now(status.name)
