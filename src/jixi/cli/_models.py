"""`jixi models`: the catalogue, and the files of it on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from jixi.cli._model_tables import WHERE, model_row, print_comparison, print_model, query_of
from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.models.catalog import Catalog, Entry, Sort
    from jixi.models.sources import ModelStore

app = typer.Typer(no_args_is_help=True, help="The models that Jixi knows.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The folder of everything that lasts.")]
_Words = Annotated[
    list[str] | None, typer.Argument(metavar="[WORD]...", help="Words of its name, family, maker or task.")
]
_Task = Annotated[str | None, typer.Option("--task", help="chat, code, vision, embedding, rerank, image…")]
_Licence = Annotated[
    str | None, typer.Option("--licence", "--license", help="commercial, research, or the id of a licence.")
]
_Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="NAME=VALUE", help=f"One more condition; NAME is one of {', '.join(WHERE)}."
    ),
]
_Sort = Annotated[
    str, typer.Option("--sort", help="name, released, parameters or bytes; with - before it, downwards.")
]
_Models = Annotated[list[str], typer.Argument(metavar="MODEL...", help="Ids of the catalogue.")]
_Model = Annotated[str, typer.Argument(metavar="MODEL", help="An id of the catalogue.")]


@app.command("list")
def list_models(
    context: typer.Context,
    words: _Words = None,
    task: _Task = None,
    licence: _Licence = None,
    where: _Where = None,
    sort: _Sort = "name",
    as_json: _Json = False,
    data_dir: _DataDir = None,
) -> None:
    """List the models of the catalogue that fit, and whether they are here."""
    from msgspec.structs import replace

    from jixi.models.catalog import Catalog

    terminal, store = _terminal(context), _store(data_dir)
    catalog = Catalog.load(store.imported())
    query = replace(query_of(words or [], task, licence, where or []), sort=_sort_of(sort))
    entries = catalog.search(query)
    if as_json:
        terminal.answer([_facts(entry, catalog, store) for entry in entries])
        return
    terminal.table(
        (
            terminal.say("MODEL", "模型"),
            terminal.say("PARAMS", "参数量"),
            terminal.say("SIZE", "大小"),
            terminal.say("LICENCE", "许可"),
            terminal.say("STATE", "状态"),
        ),
        [model_row(entry, catalog, _state(entry, store, terminal), terminal) for entry in entries],
    )
    terminal.done(f"{len(entries)} models.", f"共 {len(entries)} 个模型。")


@app.command("show")
def show_model(
    context: typer.Context, model: _Model, as_json: _Json = False, data_dir: _DataDir = None
) -> None:
    """Show one model: what it is, its licence, its variants and where they come from."""
    from jixi.models.catalog import Catalog

    terminal, store = _terminal(context), _store(data_dir)
    catalog = Catalog.load(store.imported())
    entry = catalog.get(model)
    if as_json:
        terminal.answer(_facts(entry, catalog, store))
    else:
        print_model(terminal, catalog, entry, store)


@app.command("compare")
def compare_models(context: typer.Context, models: _Models, as_json: _Json = False) -> None:
    """Compare models side by side."""
    from jixi.models.catalog import Catalog, compare

    terminal, catalog = _terminal(context), Catalog.load()
    entries = [catalog.get(model) for model in models]
    if as_json:
        rows = compare(entries, catalog.licence)
        terminal.answer({"ids": [entry.id for entry in entries]} | {row.fact: row.values for row in rows})
    else:
        print_comparison(terminal, catalog, entries)


def _store(data_dir: Path | None) -> "ModelStore":
    from jixi.assembly.settings import load_settings
    from jixi.assembly.store import model_store

    return model_store(load_settings(data_dir=data_dir).settings)


def _facts(entry: "Entry", catalog: "Catalog", store: "ModelStore") -> dict[str, Any]:
    """All that the catalogue says of it, and the state of its default variant."""
    import msgspec

    facts: dict[str, Any] = msgspec.to_builtins(entry)
    return facts | {
        "licence_class": catalog.licence(entry).licence_class,
        "kinds": [kind.value for kind in entry.kinds],
        "state": _plain_state(entry, store),
    }


def _plain_state(entry: "Entry", store: "ModelStore") -> str:
    if not entry.variants:
        return "outside"
    return "included" if entry.variant().packaged else store.state(entry)


def _state(entry: "Entry", store: "ModelStore", terminal: Terminal) -> str:
    match _plain_state(entry, store):
        case "outside":
            return terminal.say("at its vendor", "外部服务")
        case "included":
            return terminal.say("included", "随附")
        case "downloaded":
            return terminal.say("downloaded", "已下载")
        case _:
            return terminal.say("available", "可下载")


def _sort_of(sort: str) -> "Sort":
    from jixi.models.catalog import Sort

    for known in get_args(Sort):
        if sort == known:
            return known
    raise typer.BadParameter(f"--sort is one of {', '.join(get_args(Sort))}")


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
