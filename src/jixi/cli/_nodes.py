"""`jixi nodes`: the machines that run models, and their accelerators."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.wire.admin import Accelerator, Node

app = typer.Typer(no_args_is_help=True, help="The machines that run models.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_GIB: Final = 2**30


@app.command("list")
def list_nodes(context: typer.Context, as_json: _Json = False) -> None:
    """List the nodes and their accelerators: memory, what is free of it, and which deployments hold some."""
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
            say("DEPLOYMENTS", "部署"),
        ),
        [row for node in nodes for row in (_machine(node, terminal), *map(_card, node.accelerators))],
    )


def _machine(node: "Node", terminal: Terminal) -> tuple[str, ...]:
    what = terminal.say(f"{node.cpus:g} CPUs", f"{node.cpus:g} 个 CPU")
    return node.name, what, *_memory(node), "–", ", ".join(node.deployments) or "–"


def _card(found: "Accelerator") -> tuple[str, ...]:
    load = "–" if found.utilisation is None else f"{found.utilisation:.0%}"
    return f"  {found.id}", found.model, *_memory(found), load, ", ".join(found.deployments) or "–"


def _memory(of: "Node | Accelerator") -> tuple[str, str]:
    return f"{of.memory_bytes / _GIB:.1f} GiB", f"{of.free_bytes / _GIB:.1f} GiB"
