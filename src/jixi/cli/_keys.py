"""`jixi keys`: API keys of the server."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from jixi.cli._say import Terminal
from jixi.core.principal import INFERENCE_SCOPES, Scope

app = typer.Typer(no_args_is_help=True, help="The API keys that programs call with.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@app.command("list")
def list_keys(context: typer.Context, as_json: _Json = False) -> None:
    """List API keys, newest first."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    with connect(terminal) as client:
        keys = list(client.keys())
    if as_json:
        terminal.answer([key.model_dump(mode="json") for key in keys])
        return
    say = terminal.say
    terminal.table(
        (
            "ID",
            say("NAME", "名称"),
            say("STATUS", "状态"),
            say("SCOPES", "权限范围"),
            say("LAST USE", "最近使用"),
        ),
        [
            (
                key.id,
                key.name,
                key.status,
                " ".join(sorted(key.scopes)),
                key.last_used_at.isoformat(timespec="seconds") if key.last_used_at else "–",
            )
            for key in keys
        ],
    )


@app.command("create")
def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="chat, completions, embeddings, rerank, classify, transcriptions, speech, images, batches or admin; "
            "may be repeated."
        ),
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model it may use; every model if none.")] = None,
    expires: Annotated[datetime | None, typer.Option(help="The day on which it ends, in UTC.")] = None,
    monthly_limit: Annotated[
        float | None, typer.Option(help="The most that it may spend in a month, in units of the currency.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Make an API key. Its secret is printed once, on stdout."""
    from pydantic import ValidationError

    from jixi.cli._login import connect
    from jixi.wire.admin import KeyRequest

    terminal = _terminal(context)
    limit = None if monthly_limit is None else round(monthly_limit * 1_000_000)
    try:
        request = KeyRequest.model_validate(
            {
                "name": name,
                "scopes": scope or sorted(INFERENCE_SCOPES - {Scope.BATCHES}),
                "models": model or None,
                "expires_at": None if expires is None else expires.replace(tzinfo=UTC).isoformat(),
                "monthly_limit_micros": limit,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    with connect(terminal) as client:
        made = client.create_key(request)
    if as_json:
        terminal.answer(made.model_dump(mode="json"))
        return
    terminal.out.print(made.secret, markup=False)
    terminal.done(
        f"{made.key.id} is made. The line above is its secret; it is not shown again.",
        f"{made.key.id} 已创建。上一行是密钥内容，之后不再显示。",
    )


@app.command("revoke")
def revoke_key(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """End an API key for good; calls with it are refused within five seconds."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    question = terminal.say(f"Revoke {key_id}? It never comes back.", f"确定吊销 {key_id}？此操作无法撤销。")
    if not yes:
        typer.confirm(question, abort=True, err=True)
    with connect(terminal) as client:
        client.revoke_key(key_id)
    terminal.done(f"{key_id} is revoked.", f"{key_id} 已吊销。")


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
