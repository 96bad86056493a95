"""`jixi deployments`: models that the server serves under public names."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jixi.cli._say import Terminal, unknown_field

if TYPE_CHECKING:
    from jixi.client import Client
    from jixi.wire.admin import Deployment, DeploymentDetail

app = typer.Typer(no_args_is_help=True, help="The models that the server serves under public names.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Its public name or its id.")]
_Model = Annotated[str | None, typer.Option("--model", help="A model of the store, by its id.")]
_Variant = Annotated[
    str | None, typer.Option("--variant", help="Of the model; of one of your own a version's id.")
]
_Engine = Annotated[str | None, typer.Option("--engine", help="'jixi engines list' names them.")]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="context, parallel, threads, memory_bytes, cpus, gpus, description, accept_license, scale.least,"
        " scale.most and so on, or options.NAME for what the engine takes; may be repeated.",
    ),
]
_Adapter = Annotated[
    list[str] | None,
    typer.Option(
        "--adapter",
        metavar="NAME=VERSION",
        help="A LoRA adapter to serve beside it: its public name, and the version of a model of your own that it is;"
        " may be repeated. NONE takes all away.",
    ),
]
_WORDS = frozenset({"description", "accept_license"})
_NUMBERS = frozenset({"context", "parallel", "threads", "memory_bytes", "cpus", "gpus"})
_KNOWN = (*sorted(_WORDS | _NUMBERS), "scale.least, scale.most and so on", "options.NAME")
_NO_ADAPTERS = "NONE"


@app.command("list")
def list_deployments(context: typer.Context, as_json: _Json = False) -> None:
    """List deployments and how they are doing."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    with connect(terminal) as client:
        found = list(client.deployments())
    if as_json:
        terminal.answer([each.model_dump(mode="json") for each in found])
        return
    say = terminal.say
    terminal.table(
        (
            say("NAME", "名称"),
            say("STATE", "状态"),
            say("ENGINE", "引擎"),
            say("REPLICAS", "副本"),
            say("MODEL", "模型"),
        ),
        [
            (
                each.name,
                _state(each, terminal),
                each.engine,
                f"{sum(replica.state == 'ready' for replica in each.replicas)}/{each.replicas_wanted}",
                each.model_id or "–",
            )
            for each in found
        ],
    )


@app.command("show")
def show_deployment(context: typer.Context, name: _Name, as_json: _Json = False) -> None:
    """Show one deployment: what it runs, its replicas, its revisions and who changed it."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    with connect(terminal) as client:
        found = client.deployment(name)
    if as_json:
        terminal.answer(found.model_dump(mode="json"))
    else:
        _print(terminal, found)


@app.command("create")
def create_deployment(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The public name that callers send.")],
    model: _Model = None,
    variant: _Variant = None,
    engine: _Engine = None,
    adapter: _Adapter = None,
    more: _Set = None,
    as_json: _Json = False,
) -> None:
    """Make a deployment. All is checked before anything starts; its files are fetched by a job of the server."""
    from jixi.wire.admin import DeploymentRequest

    said = _said(model, variant, engine, more or ()) | _adapters(adapter) | {"name": name}
    request = _valid(DeploymentRequest, said)
    _tell(
        context,
        as_json,
        lambda client: client.create_deployment(request),
        f"{name} is made. 'jixi deployments show {name}' tells how far it is.",
        f"已创建 {name}。可用 'jixi deployments show {name}' 查看进度。",
    )


@app.command("update")
def update_deployment(
    context: typer.Context,
    name: _Name,
    model: _Model = None,
    variant: _Variant = None,
    engine: _Engine = None,
    adapter: _Adapter = None,
    more: _Set = None,
    as_json: _Json = False,
) -> None:
    """Run something else from now on, replica by replica; what is not named stays."""
    from jixi.wire.admin import DeploymentRevise

    change = _valid(DeploymentRevise, _said(model, variant, engine, more or ()) | _adapters(adapter))
    if not change.model_fields_set:
        raise typer.BadParameter("name at least one change", param_hint="--set")
    _tell(
        context,
        as_json,
        lambda client: client.change_deployment(name, change),
        f"{name} goes to its new revision. 'jixi deployments show {name}' tells how far it is.",
        f"{name} 正在更新到新的修订。可用 'jixi deployments show {name}' 查看进度。",
    )


@app.command("rollback")
def roll_back_deployment(
    context: typer.Context,
    name: _Name,
    revision: Annotated[int, typer.Argument(min=1, help="Its number: 'jixi deployments show' lists them.")],
    as_json: _Json = False,
) -> None:
    """Run an earlier revision again."""
    _tell(
        context,
        as_json,
        lambda client: client.roll_back_deployment(name, revision),
        f"{name} goes back to revision {revision}.",
        f"{name} 正在回滚到修订 {revision}。",
    )


@app.command("stop")
def stop_deployment(context: typer.Context, name: _Name, as_json: _Json = False) -> None:
    """Stop a deployment once its calls have ended; it stays stopped."""
    _tell(
        context,
        as_json,
        lambda client: client.stop_deployment(name),
        f"{name} stops. 'jixi deployments start {name}' starts it again.",
        f"正在停止 {name}。可用 'jixi deployments start {name}' 重新启动。",
    )


@app.command("start")
def start_deployment(context: typer.Context, name: _Name, as_json: _Json = False) -> None:
    """Start a deployment that is stopped, or try again what failed."""
    _tell(
        context,
        as_json,
        lambda client: client.start_deployment(name),
        f"{name} starts. 'jixi deployments show {name}' tells how far it is.",
        f"正在启动 {name}。可用 'jixi deployments show {name}' 查看进度。",
    )


@app.command("restart")
def restart_deployment(context: typer.Context, name: _Name, as_json: _Json = False) -> None:
    """Restart a deployment's engines; calls that run are cut."""
    _tell(
        context,
        as_json,
        lambda client: client.restart_deployment(name),
        f"{name} restarts. 'jixi deployments logs {name}' shows what its engine says.",
        f"正在重启 {name}。可用 'jixi deployments logs {name}' 查看引擎输出。",
    )


@app.command("delete")
def delete_deployment(
    context: typer.Context,
    name: _Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a deployment; the files of its model stay."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    if not yes:
        typer.confirm(terminal.say(f"Delete {name}?", f"确定删除 {name}？"), abort=True, err=True)
    with connect(terminal) as client:
        client.delete_deployment(name)
    terminal.done(
        f"{name} is deleted. The files of its model stay: 'jixi models remove' lets go of them.",
        f"已删除 {name}。模型文件仍保留，可用 'jixi models remove' 清理。",
    )


@app.command("logs")
def show_logs(
    context: typer.Context,
    name: _Name,
    lines: Annotated[int, typer.Option(min=1, max=1000, help="How many of the last.")] = 200,
    as_json: _Json = False,
) -> None:
    """Print the last lines of an engine's log."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    with connect(terminal) as client:
        said = client.deployment_log(name, lines)
    if as_json:
        terminal.answer(said)
        return
    for line in said:
        terminal.out.print(line, markup=False)


def _tell(
    context: typer.Context, as_json: bool, act: Callable[["Client"], "Deployment"], en: str, zh: str
) -> None:
    """Do it, and answer with the deployment or with what to do next."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    with connect(terminal) as client:
        done = act(client)
    if as_json:
        terminal.answer(done.model_dump(mode="json"))
    else:
        terminal.done(en, zh)


def _print(terminal: Terminal, found: "DeploymentDetail") -> None:
    say, plan = terminal.say, found.plan
    facts = [
        (say("Name", "名称"), f"{found.name}  ({found.id})"),
        (say("State", "状态"), _state(found, terminal)),
        (say("Model", "模型"), ":".join(filter(None, (plan.model_id, plan.variant))) or "–"),
        (say("Engine", "引擎"), plan.engine),
        (say("Context", "上下文"), str(plan.context)),
        (say("Calls at once", "并发"), str(plan.parallel)),
        (say("Replicas", "副本"), f"{plan.scale.least}–{plan.scale.most}"),
        (say("Origin", "来源"), found.origin),
    ]
    for name, version in plan.adapters.items():
        facts.append((say("Adapter", "适配器"), f"{name} = {version or 'jixi.toml'}"))
    if found.reason is not None:
        facts.append((say("Reason", "原因"), f"{found.reason.message} {found.reason.remedy or ''}".strip()))
    if found.update is not None:
        now = found.update
        done = f"{now.revision}: {now.state} ({now.replaced}/{now.replicas})"
        facts.append((say("Update", "更新"), done + (f" {now.reason.message}" if now.reason else "")))
    for label, text in facts:
        terminal.out.print(f"{label:<14} {text}", markup=False)
    if found.revisions:
        terminal.table(
            (say("REVISION", "修订"), say("WHEN", "时间"), say("BY", "操作人"), say("RUNS", "内容")),
            [
                (
                    f"{each.number}{' *' if each.number == found.revision else ''}",
                    f"{each.created_at:%Y-%m-%d %H:%M}",
                    each.member_id,
                    " ".join(filter(None, (each.plan.model_id, each.plan.variant, each.plan.engine))),
                )
                for each in found.revisions
            ],
        )


def _state(found: "Deployment", terminal: Terminal) -> str:
    words = {
        "pending": terminal.say("pending", "等待"),
        "pulling": terminal.say("pulling", "下载中"),
        "starting": terminal.say("starting", "启动中"),
        "ready": terminal.say("ready", "就绪"),
        "degraded": terminal.say("degraded", "降级"),
        "stopped": terminal.say("stopped", "已停止"),
        "failed": terminal.say("failed", "失败"),
    }
    job = found.job
    share = f" {100 * job.done // job.total}%" if job is not None and job.total else ""
    return words[found.state] + share


def _said(model: str | None, variant: str | None, engine: str | None, more: Iterable[str]) -> dict[str, Any]:
    named = {"model_id": model, "variant": variant, "engine": engine}
    said: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    for text in more:
        name, equals, value = text.partition("=")
        head, dot, tail = name.partition(".")
        if not equals or (dot and (head not in ("options", "scale") or not tail)):
            raise unknown_field(text, _KNOWN)
        if dot:
            said.setdefault(head, {})[tail] = _value(value)
        elif name in _WORDS:
            said[name] = value
        elif name in _NUMBERS:
            said[name] = _value(value)
        elif name == "replicas":
            reason = "a deployment has from scale.least to scale.most replicas: set these"
            raise typer.BadParameter(f"{text!r} is not understood; {reason}", param_hint="--set")
        else:
            raise unknown_field(text, _KNOWN)
    return said


def _adapters(said: Iterable[str] | None) -> dict[str, Any]:
    if said is None:
        return {}
    found: dict[str, str] = {}
    for text in said:
        name, equals, version = text.partition("=")
        if text != _NO_ADAPTERS and not equals:
            raise typer.BadParameter(f"{text!r} is not NAME=VERSION", param_hint="--adapter")
        if equals:
            found[name] = version
    return {"adapters": found}


def _value(text: str) -> Any:
    """A number, true, false, null, a list or a table as JSON writes them; anything else is a text."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text


def _no_number(text: str) -> Any:
    """NaN and Infinity, which JSON does not have."""
    raise ValueError(text)


def _valid(kind: type[Any], said: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    try:
        return kind.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise typer.BadParameter(f"{_field(first['loc'], said)}: {first['msg']}") from None


def _field(place: Sequence[str | int], said: dict[str, Any]) -> str:
    """Where in what was said, without the names that the check gives to its own alternatives."""
    head, *rest = map(str, place)
    inner: Any = said.get(head)
    tail = rest[:1] if isinstance(inner, dict) and rest and rest[0] in inner else []
    return ".".join([head, *tail])


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
