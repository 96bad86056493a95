"""`jixi nodes`: the machines that run models, their accelerators, and what they did."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.wire.admin import Accelerator, Node, NodeEnergy, NodePlace

app = typer.Typer(no_args_is_help=True, help="The machines that run models.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_GIB: Final = 2**30
_NONE: Final = "–"


@app.command("list")
def list_nodes(context: typer.Context, as_json: _Json = False) -> None:
    """List the nodes and their accelerators: memory, how much is free, load, power, and which deployments hold some."""
    from jixi.cli._login import connect

    terminal: Terminal = context.obj
    with connect(terminal) as client:
        nodes = client.nodes()
    if as_json:
        terminal.answer([node.model_dump(mode="json") for node in nodes])
        return
    say = terminal.say
    terminal.table(
        (
            say("NODE", "节点"),
            say("WHAT", "资源"),
            say("MEMORY", "内存"),
            say("FREE", "可用"),
            say("LOAD", "利用率"),
            say("POWER", "功率"),
            say("DEPLOYMENTS", "部署"),
        ),
        [row for node in nodes for row in (_machine(node, terminal), *map(_card, node.accelerators))],
    )


@app.command("history")
def show_history(
    context: typer.Context,
    node: Annotated[str | None, typer.Argument(help="Its name; the first if left out.")] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=24 * 3650, help="How far back to look.")] = 24,
    as_json: _Json = False,
) -> None:
    """Tell what a node did over time: load, the most memory in use, energy, and which deployments ran where."""
    from jixi.cli._login import connect

    terminal: Terminal = context.obj
    until = datetime.now(UTC)
    with connect(terminal) as client:
        found = client.node_history(node, until - timedelta(hours=hours), until)
    if as_json:
        terminal.answer(found.model_dump(mode="json"))
        return
    say = terminal.say
    heads = (
        found.node,
        say("WHAT", "资源"),
        say("LOAD", "利用率"),
        say("MOST MEMORY", "内存峰值"),
        say("ENERGY", "电量"),
        say("MEASURED", "实测占比"),
    )
    terminal.table(heads, [_place(each, terminal) for each in found.places])
    terminal.table(
        (say("DEPLOYMENT", "部署"), say("WHERE", "位置"), say("FROM", "开始"), say("TO", "结束")),
        [
            (
                each.deployment,
                each.place,
                f"{each.began_at:%Y-%m-%d %H:%M}",
                say("now", "至今") if each.ongoing else f"{each.ended_at:%Y-%m-%d %H:%M}",
            )
            for each in found.stays
        ],
    )


def _machine(node: "Node", terminal: Terminal) -> tuple[str, ...]:
    what = terminal.say(f"{node.cpus:g} CPUs", f"{node.cpus:g} 个 CPU")
    return (
        f"{node.name}{_state(node, terminal)}",
        what,
        *_memory(node),
        *_use(node),
        ", ".join(node.deployments) or _NONE,
    )


def _state(node: "Node", terminal: Terminal) -> str:
    """Nothing of one that is alive."""
    seen = f"{node.seen_at:%Y-%m-%d %H:%M}"
    match node.state:
        case "alive":
            return ""
        case "silent":
            return terminal.say(f" (silent since {seen})", f"（{seen} 起无应答）")
        case "lost":
            return terminal.say(f" (lost at {seen})", f"（{seen} 失去）")


def _card(found: "Accelerator") -> tuple[str, ...]:
    return f"  {found.id}", found.model, *_memory(found), *_use(found), ", ".join(found.deployments) or _NONE


def _memory(of: "Node | Accelerator") -> tuple[str, str]:
    return f"{of.memory_bytes / _GIB:.1f} GiB", f"{of.free_bytes / _GIB:.1f} GiB"


def _use(of: "Node | Accelerator") -> tuple[str, str]:
    return _share(of.utilisation), _NONE if of.power_w is None else f"{of.power_w:.0f} W"


def _place(place: "NodePlace", terminal: Terminal) -> tuple[str, ...]:
    known = [each.utilisation for each in place.points if each.utilisation is not None]
    most = max((each.used_bytes for each in place.points), default=0)
    return (
        place.id,
        place.model or terminal.say("CPUs and memory", "处理器与内存"),
        _share(sum(known) / len(known) if known else None),
        f"{most / _GIB:.1f} GiB",
        *_energy(place.energy),
    )


def _energy(energy: "NodeEnergy") -> tuple[str, str]:
    return _NONE if energy.kwh is None else f"{energy.kwh:.3f} kWh", _share(energy.measured)


def _share(of: float | None) -> str:
    return _NONE if of is None else f"{of:.0%}"
