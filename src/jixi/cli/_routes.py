"""`jixi aliases` and `jixi routes`: public names, and where calls for them go."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.wire.admin import Route

aliases = typer.Typer(no_args_is_help=True, help="Public names behind which other models answer.")
routes = typer.Typer(no_args_is_help=True, help="Where calls go.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@aliases.command("list")
def list_aliases(context: typer.Context, as_json: _Json = False) -> None:
    """List aliases, newest first."""
    from jixi.cli._login import connect

    terminal: Terminal = context.obj
    with connect(terminal) as client:
        found = list(client.aliases())
    if as_json:
        terminal.answer([alias.model_dump(mode="json") for alias in found])
        return
    say = terminal.say
    terminal.table(
        ("ID", say("NAME", "名称"), say("STATE", "状态"), say("TARGETS", "目标")),
        [
            (
                alias.id,
                alias.name,
                say("on", "启用") if alias.enabled else say("off", "停用"),
                " ".join(f"{target.model}={target.weight}" for target in alias.targets),
            )
            for alias in found
        ],
    )


@aliases.command("create")
def create_alias(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What callers ask for.")],
    target: Annotated[
        list[str],
        typer.Option(metavar="MODEL=WEIGHT", help="A model and its share, 1 if left out; may be repeated."),
    ],
    canary: Annotated[
        str | None, typer.Option(metavar="MODEL=PERCENT", help="A model that takes its percentage first.")
    ] = None,
    fallback: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=CLASS+…",
            help="A model that gets what failed with error, timeout, overloaded or context_length; may be repeated.",
        ),
    ] = None,
    retries: Annotated[int, typer.Option(help="Tries after the first.")] = 2,
    cache_ttl_s: Annotated[int | None, typer.Option(help="Give answers again for so long.")] = None,
    as_json: _Json = False,
) -> None:
    """Make an alias."""
    from pydantic import ValidationError

    from jixi.cli._login import connect
    from jixi.wire.admin import AliasRequest

    terminal: Terminal = context.obj
    wanted: dict[str, Any] = {
        "name": name,
        "targets": [_share(each, "weight", "1") for each in target],
        "canary": None if canary is None else _share(canary, "percent", ""),
        "fallbacks": [_fallback(each) for each in fallback or ()],
        "retries": retries,
        "cache_ttl_s": cache_ttl_s,
    }
    try:
        request = AliasRequest.model_validate(wanted)
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    with connect(terminal) as client:
        made = client.create_alias(request)
    if as_json:
        terminal.answer(made.model_dump(mode="json"))
        return
    terminal.done(f"{made.id} is made: callers ask for {name}.", f"{made.id} 已创建，调用时使用名称 {name}。")


@aliases.command("delete")
def delete_alias(
    context: typer.Context,
    alias_id: Annotated[str, typer.Argument(metavar="ID")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete an alias; calls that ask for it find no such model from then on."""
    from jixi.cli._login import connect

    terminal: Terminal = context.obj
    if not yes:
        question = terminal.say(f"Delete {alias_id}?", f"确定删除 {alias_id}？")
        typer.confirm(question, abort=True, err=True)
    with connect(terminal) as client:
        client.delete_alias(alias_id)
    terminal.done(f"{alias_id} is deleted.", f"{alias_id} 已删除。")


@routes.command("list")
def list_routes(context: typer.Context, as_json: _Json = False) -> None:
    """List every public name, where it leads, and how that fares."""
    from jixi.cli._login import connect

    terminal: Terminal = context.obj
    with connect(terminal) as client:
        found = client.routes()
    if as_json:
        terminal.answer([route.model_dump(mode="json") for route in found])
        return
    say = terminal.say
    terminal.table(
        (
            say("NAME", "名称"),
            say("KIND", "类型"),
            say("STATE", "状态"),
            say("RUNNING", "进行中"),
            say("WAITING", "等待"),
            say("LEADS TO", "去向"),
        ),
        [
            (
                route.name,
                route.kind,
                _state(route, say),
                str(sum(replica.in_flight for replica in route.replicas)),
                str(sum(replica.waiting for replica in route.replicas)),
                " ".join(each.model for each in route.targets) or route.source,
            )
            for route in found
        ],
    )


def _state(route: "Route", say: Callable[[str, str], str]) -> str:
    """Its state, and for how long no replica of it may be asked where all of them have asked for a pause."""
    seconds = min((replica.paused_s for replica in route.replicas), default=0)
    return route.state + (say(f", paused {seconds} s", f"，暂停 {seconds} 秒") if seconds else "")


def _share(text: str, field: str, default: str) -> dict[str, Any]:
    """A model with a number, from MODEL=NUMBER."""
    model, _, number = text.partition("=")
    if not (number or default).isdecimal():
        raise typer.BadParameter(f"{text!r}: MODEL={field.upper()}")
    return {"model": model, field: int(number or default)}


def _fallback(text: str) -> dict[str, Any]:
    model, _, classes = text.partition("=")
    if not classes:
        raise typer.BadParameter(f"{text!r}: MODEL=CLASS+…")
    return {"model": model, "on": classes.split("+")}
