"""`jixi engines`: what can run models on this machine, and environments for what cannot yet."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.models import environments
    from jixi.models.environments import Environments, Installation

app = typer.Typer(no_args_is_help=True, help="The programs that run models.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The folder of everything that lasts.")]
_Engine = Annotated[str, typer.Argument(metavar="ENGINE", help="The name of an engine.")]


@app.command("list")
def list_engines(context: typer.Context, as_json: _Json = False, data_dir: _DataDir = None) -> None:
    """List the engines, what each can do, and whether it is here."""
    terminal, found = _terminal(context), _environments(data_dir).list()
    if as_json:
        terminal.answer([_facts(each) for each in found])
        return
    say = terminal.say
    terminal.table(
        ("ENGINE", say("STATE", "状态"), say("SERVES", "能力"), say("PACKAGES", "依赖")),
        [
            (
                each.engine,
                _state(each, terminal),
                ", ".join(_kinds(each)),
                ", ".join(each.requirements) or "–",
            )
            for each in found
        ],
    )


@app.command("install")
def install_engine(context: typer.Context, engine: _Engine, data_dir: _DataDir = None) -> None:
    """Make an engine's environment; goes on where an earlier try stopped."""
    from rich.progress import DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    from jixi.assembly import load_settings, prepare_folder

    terminal = _terminal(context)
    prepare_folder(load_settings(data_dir=data_dir).settings.data_dir)
    phases = {
        "downloading": terminal.say("downloading", "正在下载"),
        "installing": terminal.say("installing", "正在安装"),
    }
    with Progress(
        TextColumn("{task.description}"), DownloadColumn(), TimeElapsedColumn(), console=terminal.err
    ) as bar:
        task = bar.add_task(engine, total=None)

        def report(now: "environments.Progress") -> None:
            bar.update(task, completed=now.bytes, description=f"{engine}: {phases[now.phase]}")

        done = asyncio.run(_environments(data_dir).install(engine, report))
    terminal.done(
        f"{engine} is installed ({done.bytes / 1e6:,.0f} MB).",
        f"{engine} 已安装（{done.bytes / 1e6:,.0f} MB）。",
    )


@app.command("remove")
def remove_engine(context: typer.Context, engine: _Engine, data_dir: _DataDir = None) -> None:
    """Delete an engine's environment; deployments that run on it end."""
    asyncio.run(_environments(data_dir).remove(engine))
    _terminal(context).done(f"{engine} has no environment any more.", f"已删除 {engine} 的环境。")


def _environments(data_dir: Path | None) -> "Environments":
    from jixi.assembly import engine_environments, load_settings
    from jixi.telemetry import configure_logs

    configure_logs(json=False, level="warning")
    return engine_environments(load_settings(data_dir=data_dir).settings)


def _facts(found: "Installation") -> dict[str, Any]:
    return {
        "engine": found.engine,
        "state": found.state,
        "kinds": _kinds(found),
        "requirements": list(found.requirements),
        "missing": list(found.missing),
        "bytes": found.bytes,
    }


def _kinds(found: "Installation") -> list[str]:
    from jixi.models.engines import engine_registry

    return sorted(kind.value for kind in engine_registry().get(found.engine).profile.kinds)


def _state(found: "Installation", terminal: Terminal) -> str:
    words = {
        "ready": terminal.say("installed", "已安装"),
        "beside": terminal.say("included", "随附"),
        "absent": terminal.say("not installed", "未安装"),
        "installing": terminal.say("installing", "正在安装"),
    }
    return words[found.state]


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
