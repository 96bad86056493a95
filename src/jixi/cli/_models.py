"""`jixi models`: the catalogue, and the files of it on this machine."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from jixi.models import sources
    from jixi.models.catalog import Entry
    from jixi.models.sources import ModelStore

app = typer.Typer(no_args_is_help=True, help="The models that Jixi knows.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The folder of everything that lasts.")]
_Model = Annotated[str, typer.Argument(metavar="MODEL", help="An id of the catalogue.")]


@app.command("list")
def list_models(context: typer.Context, as_json: _Json = False, data_dir: _DataDir = None) -> None:
    """List the models of the catalogue and whether they are here."""
    from jixi.models.catalog import Catalog

    terminal, store = _terminal(context), _store(data_dir)
    entries = list(Catalog.load())
    if as_json:
        terminal.answer([_facts(entry, store) for entry in entries])
        return
    say = terminal.say
    terminal.table(
        ("MODEL", say("SIZE", "大小"), say("LICENCE", "许可证"), say("STATE", "状态"), say("ABOUT", "说明")),
        [
            (
                entry.id,
                f"{entry.bytes / 1e6:,.0f} MB" if entry.files else "–",
                entry.licence,
                _state(entry, store, terminal),
                entry.description.text(terminal.language),
            )
            for entry in entries
        ],
    )


@app.command("show")
def show_model(
    context: typer.Context, model: _Model, as_json: _Json = False, data_dir: _DataDir = None
) -> None:
    """Show one model: what it is, its licence, its files and where they come from."""
    from jixi.models.catalog import Catalog

    terminal, store = _terminal(context), _store(data_dir)
    entry = Catalog.load().get(model)
    facts = _facts(entry, store)
    if as_json:
        terminal.answer(facts)
        return
    terminal.table(("", ""), [(name, _text(value)) for name, value in facts.items()])


@app.command("pull")
def pull_model(context: typer.Context, model: _Model, data_dir: _DataDir = None) -> None:
    """Fetch a model's files to this machine; goes on where an earlier fetch stopped."""
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from jixi.models.catalog import Catalog

    terminal, entry = _terminal(context), Catalog.load().get(model)
    columns = (
        *Progress.get_default_columns()[:2],
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal.err) as bar:
        task = bar.add_task(entry.id, total=entry.bytes)

        def report(now: "sources.Progress") -> None:
            bar.update(task, completed=now.done)

        asyncio.run(_fetch(data_dir, entry, report))
    terminal.done(f"{entry.id} is here and verified.", f"{entry.id} 已下载并通过校验。")


async def _fetch(data_dir: Path | None, entry: "Entry", report: "Callable[[sources.Progress], None]") -> None:
    from jixi.assembly import load_settings, model_store, prepare_folder
    from jixi.models.sources import Egress
    from jixi.telemetry import configure_logs

    settings = load_settings(data_dir=data_dir).settings
    configure_logs(json=False, level="warning")
    prepare_folder(settings.data_dir)
    egress = Egress(frozenset(settings.allowed_hosts_outside))
    try:
        await model_store(settings, egress).fetch(entry, report)
    finally:
        await egress.close()


def _store(data_dir: Path | None) -> "ModelStore":
    from jixi.assembly import load_settings, model_store

    return model_store(load_settings(data_dir=data_dir).settings)


def _facts(entry: "Entry", store: "ModelStore") -> dict[str, Any]:
    return {
        "id": entry.id,
        "name": entry.name,
        "description": entry.description.en,
        "parameters": entry.parameters,
        "kinds": [kind.value for kind in entry.kinds],
        "languages": entry.languages,
        "context": entry.context,
        "licence": entry.licence,
        "licence_class": entry.licence_class,
        "bytes": entry.bytes,
        "files": {file.name: file.sha256 for file in entry.files},
        "sources": [str(source["kind"]) for source in entry.sources],
        "state": "included" if not entry.files else store.state(entry),
        "weak": entry.weak,
    }


def _state(entry: "Entry", store: "ModelStore", terminal: Terminal) -> str:
    if not entry.files:
        return terminal.say("included", "随附")
    here = store.files(entry) is not None
    return terminal.say("downloaded", "已下载") if here else terminal.say("available", "可下载")


def _text(value: Any) -> str:
    """A fact for people: lists and tables line by line."""
    from pydantic import JsonValue, TypeAdapter

    match TypeAdapter[JsonValue](JsonValue).validate_python(value):
        case dict() as pairs:
            return "\n".join(f"{name} {item}" for name, item in pairs.items())
        case list() as items:
            return ", ".join(map(str, items))
        case other:
            return str(other)


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
