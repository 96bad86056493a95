"""How one engine process is started where its driver has room, and where it is heard from then on."""

import secrets
from pathlib import Path
from typing import Final

from jixi.compute.drivers import NO_NEEDS, Command, Driver, Needs, Process, Site
from jixi.models.deployments._spec import DeploymentSpec
from jixi.models.deployments._surroundings import Room, launch, placed
from jixi.models.engines import Address, Engine, Load, footprint_of, profile_of

FULL: Final = "no_node_fits"
"""The driver, not the fleet, found no room."""
UNPLACED: Final = frozenset({FULL, "node_lacks_file", "cluster_unreachable"})
"""Reasons why nothing was started that pass by themselves: a node comes back, storage is mounted, a cluster grows."""


async def begin(
    driver: Driver, spec: DeploymentSpec, engine: Engine, socket: Path, python: Path | None, room: Room
) -> tuple[Process, Address]:
    """The engine in its room and its address: on this machine its socket, where it can, elsewhere a port of that
    machine. Raises what the driver raises.
    """
    address = Address(socket)

    def order(site: Site) -> Command:
        nonlocal address
        if not driver.local or profile_of(engine, spec.options).listens == "port":
            address = Address(socket, site.port, secrets.token_urlsafe(), site.host)
        return placed(engine.command(launch(spec, address, python, room)), room)

    needs = NO_NEEDS if driver.local else _needs(spec, engine, python, room)
    process = await driver.start(spec.name, order, needs)
    return process, address


def _needs(spec: DeploymentSpec, engine: Engine, python: Path | None, room: Room) -> Needs:
    gpus = _accelerators(spec, engine) if spec.gpus is None else spec.gpus
    return Needs(
        cpus=spec.reserved_cpus,
        gpus=gpus,
        # With accelerators it is their memory that counts, and Ray gives them out whole or in shares.
        memory_bytes=0 if gpus else room.memory_bytes,
        group=spec.name,
        files=tuple(filter(None, (python, *spec.files.values(), *spec.adapters.values()))),
    )


def _accelerators(spec: DeploymentSpec, engine: Engine) -> int:
    """How many it cannot do without."""
    load = Load(
        weights=0, architecture=None, context=spec.context, parallel=spec.parallel, options=spec.options
    )
    found = footprint_of(engine, load)
    return 0 if found.either else found.accelerators
