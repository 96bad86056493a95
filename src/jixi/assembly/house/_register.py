"""The registers of models of one's own and of deployments, and who brings about what stands in the second."""

from contextlib import AsyncExitStack
from typing import NamedTuple

from jixi.assembly.house._supply import Supply
from jixi.core.clock import Clock
from jixi.models.registry import ModelRegistry
from jixi.models.rollouts import Models, Neighbours, Rollouts
from jixi.storage import Database


class Register(NamedTuple):
    registry: ModelRegistry
    rollouts: Rollouts


async def open_register(
    supply: Supply,
    database: Database,
    clock: Clock,
    neighbours: Neighbours,
    stack: AsyncExitStack,
) -> Register:
    """Open both; what an earlier server left half done goes on."""
    registry = ModelRegistry(database, clock, supply.catalog)
    models = Models(registry, supply.store, supply.chooser)
    rollouts = Rollouts(database, clock, models, neighbours)
    await rollouts.start()
    stack.push_async_callback(rollouts.close)
    await supply.follow(rollouts)
    return Register(registry, rollouts)
