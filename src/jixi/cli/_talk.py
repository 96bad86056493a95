"""`jixi login`, `jixi chat` and `jixi usage`: the verbs of somebody who uses a server."""

import json
import socket
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jixi.cli._say import Terminal
from jixi.core.principal import INFERENCE_SCOPES, Scope

if TYPE_CHECKING:
    from jixi.client import Client
    from jixi.wire.admin import UsageReport

_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def login(
    context: typer.Context,
    url: Annotated[str | None, typer.Option(help="The server's address.")] = None,
) -> None:
    """Sign in once: makes an API key for this command line and keeps it."""
    from jixi.cli._login import Login, keep, url_of_server
    from jixi.client import Client
    from jixi.wire.admin import KeyRequest

    terminal = _terminal(context)
    address = url or url_of_server()
    email = typer.prompt(terminal.say("Email", "邮箱"), err=True)
    password = typer.prompt(terminal.say("Password", "密码"), hide_input=True, err=True)
    with Client(address, language=terminal.language) as client:
        client.sign_in(email, password)
        request = KeyRequest.model_validate(
            {
                "name": f"jixi on {socket.gethostname()}",
                "scopes": [*sorted(INFERENCE_SCOPES - {Scope.BATCHES}), "admin"],
            }
        )
        made = client.create_key(request)
        client.sign_out()
    path = keep(Login(address, made.secret))
    terminal.done(
        f"Signed in to {address}; the key is kept in {path}.", f"已登录 {address}；密钥保存在 {path}。"
    )


def chat(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Argument(help="The model; by default the first that is ready.")
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="Ask this and end; - reads standard input.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="A system prompt.")] = None,
) -> None:
    """Chat with a model; Ctrl-D ends."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    history: list[dict[str, str]] = [] if system is None else [{"role": "system", "content": system}]
    with connect(terminal) as client:
        chosen = model or _first_ready(client)
        if message is not None:
            question = sys.stdin.read() if message == "-" else message
            _ask(client, chosen, history, question, terminal)
            return
        terminal.done(f"{chosen}: Ctrl-D ends.", f"{chosen}：按 Ctrl-D 结束。")
        while True:
            try:
                question = terminal.err.input("[bold]> [/]")
            except EOFError:
                return
            if question.strip():
                _ask(client, chosen, history, question, terminal)


def usage(
    context: typer.Context,
    by: Annotated[list[str] | None, typer.Option(help="day, model, key or member; may be repeated.")] = None,
    as_json: _Json = False,
) -> None:
    """Sum up this month's usage."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    groups: list[Any] = by or ["day", "model"]
    if unknown := set(groups) - {"day", "model", "key", "member"}:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}", param_hint="--by")
    with connect(terminal) as client:
        report = client.usage(*groups)
    if as_json:
        terminal.answer(report.model_dump(mode="json"))
        return
    fields = {"day": "day", "model": "model", "key": "key_id", "member": "member_id"}
    rows = [[str(getattr(row, fields[group]) or "–") for group in groups] + _sums(row) for row in report.rows]
    rows.append([terminal.say("total", "合计")] + [""] * (len(groups) - 1) + _sums(report.totals))
    say = terminal.say
    head = (
        say("CALLS", "调用"),
        say("INPUT", "输入"),
        say("OUTPUT", "输出"),
        f"{say('COST', '费用')} {report.currency}",
    )
    terminal.table((*(group.upper() for group in groups), *head), rows)
    if report.resources:
        _show_resources(terminal, report)


def _show_resources(terminal: Terminal, report: "UsageReport") -> None:
    """What compute and storage took, and what all of it cost together with the calls."""
    say = terminal.say
    rows = [
        [
            each.name,
            each.subject,
            f"{each.quantity / each.per_unit:,.4f}",
            each.resource,
            _money(each.cost_micros),
        ]
        for each in report.resources
    ]
    rows.append([say("calls too", "含调用"), "", "", "", _money(report.total_micros)])
    head = (say("NAME", "名称"), say("OF", "对象"), say("QUANTITY", "用量"), say("UNIT", "单位"))
    terminal.table((*head, f"{say('COST', '费用')} {report.currency}"), rows)


def _sums(row: Any) -> list[str]:
    return [f"{row.calls:,}", f"{row.input_tokens:,}", f"{row.output_tokens:,}", _money(row.cost_micros)]


def _money(micros: int) -> str:
    return f"{micros // 1_000_000:,}.{micros % 1_000_000:06d}"


def _first_ready(client: "Client") -> str:
    ready = [each for each in client.deployments() if each.state == "ready" and "chat" in each.kinds]
    if not ready:
        from jixi.core.errors import problem

        raise problem("model_unavailable", model="chat", state="no chat model is ready")
    return min(ready, key=lambda each: each.weak).name


def _ask(
    client: "Client", model: str, history: list[dict[str, str]], question: str, terminal: Terminal
) -> None:
    """Send a question, print the answer as it comes, and remember both."""
    history.append({"role": "user", "content": question})
    said: list[str] = []
    for frame in client.chat({"model": model, "messages": history, "stream": True}):
        event = json.loads(frame)
        if "error" in event:
            terminal.problem(str(event["error"].get("message")), "")
            raise typer.Exit(1)
        for choice in event.get("choices", []):
            if text := choice["delta"].get("content"):
                said.append(text)
                terminal.out.print(text, end="", markup=False)
    terminal.out.print()
    history.append({"role": "assistant", "content": "".join(said)})


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
