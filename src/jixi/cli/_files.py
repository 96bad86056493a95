"""`jixi models pull`, `verify`, `remove`, `export` and `import`: the files of models on this machine."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jixi.cli._imports import FORMS, Outside, import_outside, origin_of
from jixi.cli._models import app
from jixi.cli._own_files import OwnFiles, import_own
from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.models.catalog import Catalog, Entry
    from jixi.models.sources import Bundle, ModelStore

_DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The folder of everything that lasts.")]
_Model = Annotated[str, typer.Argument(metavar="MODEL", help="An id of the catalogue.")]
_Variant = Annotated[
    str | None,
    typer.Option("--variant", help="A variant of the model; by default the first of the catalogue."),
]


@app.command("pull")
def pull_model(
    context: typer.Context, model: _Model, variant: _Variant = None, data_dir: _DataDir = None
) -> None:
    """Fetch a model's files to this machine; goes on where an earlier fetch stopped."""
    terminal = _terminal(context)

    async def pull(store: "ModelStore", catalog: "Catalog") -> None:
        entry = catalog.get(model)
        with _bar(terminal, entry.id, entry.variant(variant).bytes) as show:
            if store.files(entry, variant) is not None:
                # What lies here may have rotted; saying that it is verified takes reading it.
                await store.verify(entry, variant)
            await store.fetch(entry, lambda now: show(now.done, now.total), variant)
        terminal.done(f"{entry.id} is here and verified.", f"{entry.id} 已下载并通过校验。")

    asyncio.run(_with_store(data_dir, pull))


@app.command("verify")
def verify_model(
    context: typer.Context, model: _Model, variant: _Variant = None, data_dir: _DataDir = None
) -> None:
    """Read every byte of a model anew and compare it with its digests; ends with 1 where it is damaged."""
    from jixi.core.errors import problem

    terminal = _terminal(context)

    async def verify(store: "ModelStore", catalog: "Catalog") -> None:
        entry = catalog.get(model)
        if store.manifest(entry, variant) is None:
            raise problem("model_not_here", model=entry.id)
        if wrong := await store.verify(entry, variant):
            found = problem("model_damaged", model=entry.id, files=", ".join(wrong))
            terminal.problem(found.message(terminal.language), found.remedy(terminal.language), found.code)
            raise typer.Exit(1)
        terminal.done(f"{entry.id} is sound.", f"{entry.id} 完好无损。")

    asyncio.run(_with_store(data_dir, verify))


@app.command("remove")
def remove_model(
    context: typer.Context, model: _Model, variant: _Variant = None, data_dir: _DataDir = None
) -> None:
    """Remove a model's files from this machine; what another model shares stays."""
    terminal = _terminal(context)

    async def remove(store: "ModelStore", catalog: "Catalog") -> None:
        entry = catalog.get(model)
        freed = await store.remove(entry, variant)
        terminal.done(
            f"{entry.id} is removed; {freed / 1e6:,.0f} MB are free again.",
            f"{entry.id} 已删除，释放 {freed / 1e6:,.0f} MB。",
        )

    asyncio.run(_with_store(data_dir, remove))


@app.command("export")
def export_model(
    context: typer.Context,
    model: _Model,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The bundle to write, such as model.jixi.tar.")
    ],
    variant: _Variant = None,
    data_dir: _DataDir = None,
) -> None:
    """Write a model, its licence and its digests as one file, for a machine without a network."""
    terminal = _terminal(context)

    async def export(store: "ModelStore", catalog: "Catalog") -> None:
        entry = catalog.get(model)
        manifest = store.manifest(entry, variant)
        total = None if manifest is None else manifest.bytes
        with _bar(terminal, entry.id, total) as show:
            try:
                sha256 = await store.export(entry, file, variant, lambda done: show(done, total or done))
            except OSError as error:
                raise _unusable(file, error) from error
        terminal.done(f"{file} holds {entry.id}.", f"已将 {entry.id} 导出到 {file}。")
        terminal.out.print(f"{sha256}  {file.name}", markup=False, highlight=False)

    asyncio.run(_with_store(data_dir, export))


_Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A bundle that 'jixi models export' has written; with --model, a GGUF file or a folder of your own, or "
        f"a place outside: {FORMS}.",
    ),
]
_Sha256 = Annotated[
    str | None, typer.Option("--sha256", help="What the bundle must have; 'export' has printed it.")
]
_Own = Annotated[
    str | None,
    typer.Option("--model", help="The id of a model of your own, of which this is to be a version."),
]
_Base = Annotated[
    str | None,
    typer.Option("--base", help="The model or version that it was tuned from; a LoRA adapter has one."),
]
_Precision = Annotated[
    str | None,
    typer.Option(
        "--precision",
        help="With --model: that of its weights, such as F16 or Q4_K_M; what comes from outside mostly says it.",
    ),
]
_Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        help="Of a repository outside, the files that fit this pattern, such as '*Q4_K_M*.gguf'; may be repeated.",
    ),
]


@app.command("import")
def import_model(
    context: typer.Context,
    source: _Source,
    sha256: _Sha256 = None,
    model: _Own = None,
    base: _Base = None,
    precision: _Precision = None,
    include: _Include = None,
    data_dir: _DataDir = None,
) -> None:
    """Bring the model of a bundle to this machine: all of it, verified, or nothing.

    With --model, bring files of your own, be it a LoRA adapter, into the data folder of the server where you are signed
    in, as a version of that model. Run it on the server's machine.

    From a place outside the server brings them itself, by a job: run it wherever you are signed in.
    """
    terminal, file = _terminal(context), Path(source)
    origin = origin_of(source, include or [])
    if origin is not None:
        if model is None or sha256 is not None or data_dir is not None:
            reason = "what comes from outside goes with it, and not with --sha256 or --data-dir"
            raise typer.BadParameter(reason, param_hint="--model")
        version = import_outside(terminal, Outside(origin, model, base, precision))
        terminal.done(f"{version} is here and verified.", f"{version} 已导入并通过校验。")
        return
    if include:
        raise typer.BadParameter("it is for a repository outside", param_hint="--include")
    if model is not None:
        if precision is None or sha256 is not None:
            raise typer.BadParameter("it goes with --precision, and not with --sha256", param_hint="--model")
        _import_own(terminal, OwnFiles(file, model, base, precision), data_dir)
        return
    if base is not None or precision is not None:
        raise typer.BadParameter(
            "the model of which this is to be a version is lacking", param_hint="--model"
        )
    _import_bundle(terminal, file, sha256, data_dir)


def _import_bundle(terminal: Terminal, file: Path, sha256: str | None, data_dir: Path | None) -> None:
    async def take_in(store: "ModelStore", catalog: "Catalog") -> None:
        from jixi.core.errors import problem

        header = await asyncio.to_thread(_read, file)
        model, total = header.manifest.model, header.manifest.bytes
        known: Entry | None = catalog.get(model) if model in catalog else None
        if header.entry.licence not in {each.id for each in catalog.licences()}:
            reason = f"the licence {header.entry.licence!r} is not known here"
            raise problem("bundle_invalid", file=file.name, reason=reason)
        with _bar(terminal, model, total) as show:
            await store.take_in(file, known, sha256, lambda done: show(done, max(total, done)))
        terminal.done(f"{model} is here and verified.", f"{model} 已导入并通过校验。")

    asyncio.run(_with_store(data_dir, take_in))


def _read(file: Path) -> "Bundle":
    """What is in the bundle; raises what `read_header` does, and `typer.BadParameter` where there is no such file."""
    from jixi.models.sources import read_header

    if file.is_dir():
        raise typer.BadParameter(
            f"{file}: a folder is no bundle; files of your own go with --model", param_hint="SOURCE"
        )
    try:
        return read_header(file)
    except OSError as error:
        raise _unusable(file, error, "SOURCE") from error


def _import_own(terminal: Terminal, own: OwnFiles, data_dir: Path | None) -> None:
    async def take_own(store: "ModelStore", catalog: "Catalog") -> None:
        # An alias of the catalogue is no id.
        base = catalog.get(own.base).id if own.base is not None and own.base in catalog else own.base
        with _bar(terminal, own.path.name, None) as show:
            version = await import_own(
                terminal, own._replace(base=base), store, lambda now: show(now.done, now.total)
            )
        terminal.done(f"{version} is here and verified.", f"{version} 已导入并通过校验。")

    asyncio.run(_with_store(data_dir, take_own))


def _unusable(file: Path, error: OSError, hint: str = "FILE") -> typer.BadParameter:
    return typer.BadParameter(f"{error.filename or file}: {error.strerror or error}", param_hint=hint)


async def _with_store(data_dir: Path | None, act: "Callable[[ModelStore, Catalog], Any]") -> None:
    async with _opened(data_dir) as (store, catalog):
        await act(store, catalog)


@asynccontextmanager
async def _opened(data_dir: Path | None) -> "AsyncGenerator[tuple[ModelStore, Catalog]]":
    from jixi.assembly.settings import load_settings, prepare_folder
    from jixi.assembly.store import model_store
    from jixi.models.catalog import Catalog
    from jixi.models.sources.outside import Egress
    from jixi.telemetry import configure_logs

    settings = load_settings(data_dir=data_dir).settings
    configure_logs(json=False, level="warning")
    prepare_folder(settings.data_dir)
    egress = Egress(frozenset(settings.allowed_hosts_outside))
    try:
        store = model_store(settings, egress)
        yield store, Catalog.load(store.imported())
    finally:
        await egress.close()


@contextmanager
def _bar(terminal: Terminal, name: str, total: int | None) -> Generator[Callable[[int, int], None]]:
    """A bar on stderr; what it yields is told how much of how much is done."""
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        *Progress.get_default_columns()[:2],
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal.err) as bar:
        task = bar.add_task(name, total=total)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
