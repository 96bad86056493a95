"""`jixi limits`: what the organisation, its members, keys and models may use."""

from typing import Annotated, Any, Final

import typer

from jixi.cli._say import Terminal

app = typer.Typer(no_args_is_help=True, help="What the organisation, its members, keys and models may use.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_FIELDS: Final = {
    "requests": "requests_per_minute",
    "tokens": "tokens_per_minute",
    "concurrency": "concurrency",
    "daily": "daily_micros",
    "monthly": "monthly_micros",
}
_MICROS: Final = 1_000_000


@app.command("list")
def list_limits(context: typer.Context, as_json: _Json = False) -> None:
    """List limits and how much of them is used; --json tells of tokens and days too."""
    from jixi.cli._login import connect

    terminal: Terminal = context.obj
    with connect(terminal) as client:
        limits = client.limits()
    if as_json:
        terminal.answer([limit.model_dump(mode="json") for limit in limits])
        return
    say = terminal.say
    terminal.table(
        (
            "ID",
            say("NAME", "名称"),
            say("REQUESTS/MIN", "请求/分钟"),
            say("AT ONCE", "并发"),
            say("THIS MONTH", "本月"),
        ),
        [
            (
                limit.scope_id,
                limit.name,
                _share(limit.used.requests_minute, limit.requests_per_minute),
                _share(limit.used.running, limit.concurrency),
                _money(limit.used.monthly_micros + limit.used.monthly_held_micros, limit.monthly_micros),
            )
            for limit in limits
        ],
    )


@app.command("set")
def set_limits(
    context: typer.Context,
    scope_id: Annotated[
        str, typer.Argument(metavar="ID", help="Of the organisation, a member or a key; or model:NAME.")
    ],
    requests: Annotated[int | None, typer.Option(help="Requests a minute.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Tokens a minute, input and output.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Calls at once.")] = None,
    daily: Annotated[float | None, typer.Option(help="Money a day, in units of the currency.")] = None,
    monthly: Annotated[float | None, typer.Option(help="Money a month, in units of the currency.")] = None,
    lift: Annotated[
        list[str] | None,
        typer.Option(help="requests, tokens, concurrency, daily or monthly; may be repeated."),
    ] = None,
) -> None:
    """Set or lift limits; those that are not named stay as they are."""
    from pydantic import ValidationError

    from jixi.cli._login import connect
    from jixi.wire.admin import LimitChange

    terminal: Terminal = context.obj
    if unknown := set(lift or ()) - _FIELDS.keys():
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: {', '.join(_FIELDS)}", param_hint="--lift")
    wanted: dict[str, int | None] = {_FIELDS[name]: None for name in lift or ()}
    counts = {"requests": requests, "tokens": tokens, "concurrency": concurrency}
    money = {"daily": daily, "monthly": monthly}
    wanted |= {_FIELDS[name]: count for name, count in counts.items() if count is not None}
    wanted |= {_FIELDS[name]: round(sum_ * _MICROS) for name, sum_ in money.items() if sum_ is not None}
    with connect(terminal) as client:
        now = client.limit(scope_id)
        fields: dict[str, Any] = {name: getattr(now, name) for name in _FIELDS.values()}
        try:
            change = LimitChange.model_validate(fields | wanted)
        except ValidationError as error:
            first = error.errors()[0]
            raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        client.set_limit(scope_id, change, version=now.version)
    terminal.done(f"The limits of {now.name} are set.", f"{now.name} 的限额已设置。")


def _share(used: int, limit: int | None) -> str:
    return f"{used} / {'–' if limit is None else limit}"


def _money(used: int, limit: int | None) -> str:
    return f"{used / _MICROS:.2f} / {'–' if limit is None else f'{limit / _MICROS:.2f}'}"
