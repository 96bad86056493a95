"""/api/nodes: what machines have for models, how much of it is in use, and by which deployments."""

from typing import Annotated, Any

from fastapi import APIRouter

from jixi.compute.inventory import Accelerator, Node
from jixi.core.principal import Principal
from jixi.models.memory import Rooms
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.wire import admin

router = APIRouter(prefix="/nodes", tags=["nodes"])
_Reader = Annotated[Principal, requires("deployments.read")]


@router.get("", summary="List nodes")
async def list_nodes(caller: _Reader, house: TheHouse) -> admin.NodeList:
    """The server's first. Use is at most a second old, that of other machines of a cluster as old as `seen_at` says."""
    rooms, now = house.rooms, house.clock.now()
    counted = dict(rooms.counted())
    nodes = [_node(rooms, each, state="alive", seen_at=now, counted=counted) for each in await rooms.look()]
    members = [
        _node(rooms, each.node, state=each.state, seen_at=each.seen_at, counted=dict(each.counted))
        for each in rooms.members()
    ]
    return admin.NodeList(items=nodes + members, next_cursor=None)


def _node(rooms: Rooms, node: Node, **seen: Any) -> admin.Node:
    return admin.Node(
        **seen,
        name=node.name,
        cpus=node.cpus,
        utilisation=node.utilisation,
        power_w=node.power_w,
        memory_bytes=node.memory_bytes,
        used_bytes=node.memory_used_bytes,
        free_bytes=rooms.free(node.name),
        deployments=rooms.holders(node.name),
        accelerators=[_accelerator(rooms, node, each) for each in node.accelerators],
    )


def _accelerator(rooms: Rooms, node: Node, found: Accelerator) -> admin.Accelerator:
    return admin.Accelerator(
        id=found.id,
        vendor=found.vendor,
        model=found.model,
        memory_bytes=found.memory_bytes,
        used_bytes=found.used_bytes,
        free_bytes=rooms.free(node.name, found.id),
        utilisation=found.utilisation,
        power_w=found.power_w,
        deployments=rooms.holders(node.name, found.id),
    )
