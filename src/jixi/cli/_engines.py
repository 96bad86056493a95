"""`jixi engines`: what can run models, and environments for what cannot yet.

Of the server where this command line is signed in, as a job; else, or where a folder is named, of that folder here.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.client import Client
    from jixi.models.environments import Environments

app = typer.Typer(no_args_is_help=True, help="The programs that run models.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Work on this folder, and not on the server where you are signed in."),
]
_Engine = Annotated[str, typer.Argument(metavar="ENGINE", help="The name of an engine.")]


@app.command("list")
def list_engines(context: typer.Context, as_json: _Json = False, data_dir: _DataDir = None) -> None:
    """List the engines, what each can do, and whether it is here."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    if _remote(data_dir):
        with connect(terminal) as client:
            found = _of_server(client)
    else:
        found = _of_folder(_environments(data_dir))
    if as_json:
        terminal.answer([each._asdict() for each in found])
        return
    say = terminal.say
    terminal.table(
        ("ENGINE", say("STATE", "状态"), say("SIZE", "大小"), say("SERVES", "能力"), say("PACKAGES", "依赖")),
        [
            (
                each.engine,
                _state(each.state, terminal),
                f"{each.bytes / 1e6:,.0f} MB" if each.bytes else "–",
                ", ".join(each.kinds),
                ", ".join(each.requirements) or "–",
            )
            for each in found
        ],
    )


@app.command("install")
def install_engine(context: typer.Context, engine: _Engine, data_dir: _DataDir = None) -> None:
    """Make an engine's environment; goes on where an earlier try stopped."""
    terminal = _terminal(context)
    size = (
        _install_there(engine, terminal) if _remote(data_dir) else _install_here(engine, data_dir, terminal)
    )
    terminal.done(
        f"{engine} is installed ({size / 1e6:,.0f} MB).", f"{engine} 已安装（{size / 1e6:,.0f} MB）。"
    )


@app.command("remove")
def remove_engine(context: typer.Context, engine: _Engine, data_dir: _DataDir = None) -> None:
    """Delete an engine's environment, and what an unfinished installation has left.

    Refused while deployments need it, and for the folder of a server that runs.
    """
    from jixi.cli._login import connect

    terminal = _terminal(context)
    if _remote(data_dir):
        with connect(terminal) as client:
            client.remove_engine(engine)
    else:
        _remove_here(engine, data_dir)
    terminal.done(f"{engine} has no environment any more.", f"已删除 {engine} 的环境。")


def _install_there(engine: str, terminal: Terminal) -> int:
    """By a job of the server, which goes on without us; its size."""
    from jixi.cli._jobs import followed
    from jixi.cli._login import connect

    with connect(terminal) as client, _bar(engine, terminal) as show:
        job = client.install_engine(engine)
        return followed(
            client, job, terminal, lambda now: show(now.facts.get("phase"), now.done, now.total)
        ).done


def _install_here(engine: str, data_dir: Path | None, terminal: Terminal) -> int:
    from jixi.assembly.settings import load_settings, prepare_folder

    prepare_folder(load_settings(data_dir=data_dir).settings.data_dir)
    with _bar(engine, terminal) as show:
        return asyncio.run(_environments(data_dir).install(engine, lambda now: show(*now))).bytes


def _remove_here(engine: str, data_dir: Path | None) -> None:
    from jixi.assembly.settings import load_settings, locked_folder, prepare_folder

    folder = load_settings(data_dir=data_dir).settings.data_dir
    prepare_folder(folder)
    # A server that runs knows what needs the engine; nobody else does.
    with locked_folder(folder):
        asyncio.run(_environments(data_dir).remove(engine))


@contextmanager
def _bar(engine: str, terminal: Terminal) -> Generator[Callable[[Any, int, int], None]]:
    """A bar on stderr; what it yields is told the phase, and how much of how much is done (0: nobody knows)."""
    from rich.progress import DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    phases = {
        "downloading": terminal.say("downloading", "正在下载"),
        "installing": terminal.say("installing", "正在安装"),
    }
    columns = (TextColumn("{task.description}"), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err) as bar:
        task = bar.add_task(engine, total=None)

        def show(phase: Any, done: int, total: int) -> None:
            told = f"{engine}: {phases[phase]}" if phase in phases else engine
            bar.update(task, completed=done, total=total or None, description=told)

        yield show


class _Found(NamedTuple):
    engine: str
    state: str
    kinds: list[str]
    requirements: list[str]
    missing: list[str]
    bytes: int


def _of_server(client: "Client") -> list[_Found]:
    return [
        _Found(
            each.name,
            each.state,
            [kind.value for kind in each.kinds],
            each.requirements,
            each.missing,
            each.size_bytes,
        )
        for each in client.engines()
    ]


def _of_folder(environments: "Environments") -> list[_Found]:
    from jixi.models.engines import engine_registry

    engines = engine_registry()
    return [
        _Found(
            each.engine,
            each.state,
            sorted(kind.value for kind in engines.get(each.engine).profile.kinds),
            list(each.requirements),
            list(each.missing),
            each.bytes,
        )
        for each in environments.list()
    ]


def _remote(data_dir: Path | None) -> bool:
    from jixi.cli._login import signed_in

    return data_dir is None and signed_in()


def _environments(data_dir: Path | None) -> "Environments":
    from jixi.assembly.house import engine_environments
    from jixi.assembly.settings import load_settings
    from jixi.telemetry import configure_logs

    configure_logs(json=False, level="warning")
    return engine_environments(load_settings(data_dir=data_dir).settings)


def _state(state: str, terminal: Terminal) -> str:
    words = {
        "ready": terminal.say("installed", "已安装"),
        "beside": terminal.say("included", "随附"),
        "absent": terminal.say("not installed", "未安装"),
        "installing": terminal.say("installing", "正在安装"),
    }
    return words[state]


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
