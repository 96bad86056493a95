"""`jixi plan`: what training or serving a model takes, lasts and costs, from data files; no server is asked."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from jixi.cli._plan_tables import print_comparison, print_serving, print_training
from jixi.cli._plan_words import read_option, request_of
from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from pydantic import BaseModel

    from jixi.server.plans import Desk, Plan

app = typer.Typer(no_args_is_help=True, help="What training or serving a model takes, lasts and costs.")
_Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="An id of the catalogue, or a name for facts that --set gives.")
]
_Chip = Annotated[str, typer.Option("--chip", help="Id, name or alias of the chip.")]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="One more input by its name in the API, such as site.pue=1.2 or model.layers=36.",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, with every figure and formula.")]
_Users = Annotated[str | None, typer.Option("--users", help="How many use it in the busiest hour.")]

_Export = Annotated[
    Path | None,
    typer.Option(
        "--export",
        metavar="FILE",
        help="Write a workbook (.xlsx) whose formulas go on working, or a PDF (.pdf), in place of tables.",
    ),
]


class _Asked(NamedTuple):
    """What a verb asks for: who plans it, and who prints it for people."""

    plan: "Callable[[Desk, Any], Plan]"
    wanted: "BaseModel"
    show: Callable[[Terminal, Any], None]


def _answering(verb: Callable[..., _Asked]) -> Callable[..., None]:
    """The verb with the flags that say how the answer is wanted, `--json` and `--export`, and with the answer."""

    def run(context: typer.Context, as_json: bool, export: Path | None, **said: Any) -> None:
        named = said | ({"context": context} if "context" in own else {})
        _answer(context.obj, verb(**named), as_json=as_json, export=export)

    own = inspect.signature(verb).parameters
    kind = inspect.Parameter.KEYWORD_ONLY
    asked = [inspect.Parameter("context", kind, annotation=typer.Context)]
    asked += [each.replace(kind=kind) for name, each in own.items() if name != "context"]
    asked += [
        inspect.Parameter("as_json", kind, default=False, annotation=_Json),
        inspect.Parameter("export", kind, default=None, annotation=_Export),
    ]
    run.__doc__ = verb.__doc__
    run.__annotations__ = {each.name: each.annotation for each in asked}
    setattr(run, "__signature__", inspect.Signature(asked))  # noqa: B010  (functions have no such field to the types)
    return run


@app.command("train")
@_answering
def train(
    model: _Model,
    tokens: Annotated[str, typer.Option("--tokens", help="What it is trained on, such as 1T.")],
    chip: _Chip,
    accelerators: Annotated[str, typer.Option("--accelerators", help="How many train.")],
    more: _Set = None,
) -> _Asked:
    """Plan a training run: operations, memory by layout, days, energy, carbon and cost."""
    from jixi.server import plans
    from jixi.wire.admin import TrainingPlanRequest

    said = {"tokens": tokens, "hardware.chip": chip, "fleet.accelerators": accelerators}
    wanted = request_of(TrainingPlanRequest, model, said, more or [])
    return _Asked(plans.train, wanted, print_training)


@app.command("serve")
@_answering
def serve(
    context: typer.Context,
    chip: _Chip,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="An id of the catalogue, or a name for facts that --set gives; left out, the one behind --from-use.",
        ),
    ] = None,
    users: _Users = None,
    accelerators: Annotated[
        str | None, typer.Option("--accelerators", help="In place of users: how many do so many serve?")
    ] = None,
    from_use: Annotated[
        str | None,
        typer.Option(
            "--from-use",
            metavar="NAME",
            help="Take users, prompts and tokens from what the server's ledger saw of the model that is called so.",
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=92, help="How far --from-use looks back.")] = 30,
    more: _Set = None,
) -> _Asked:
    """Plan the serving of a model: accelerators, speed and cost, or the users that accelerators serve."""
    from jixi.server import plans
    from jixi.wire.admin import ServingPlanRequest

    used = {} if from_use is None else _used(context.obj, from_use, days)
    if accelerators is not None:
        used.pop("users", None)
    behind = used.pop("model", None)
    if (name := model or behind) is None:
        raise typer.BadParameter("say which model of the catalogue it is", param_hint="MODEL")
    said = used | {"hardware.chip": chip, "accelerators": accelerators} | ({"users": users} if users else {})
    wanted = request_of(ServingPlanRequest, name, said, more or [])
    return _Asked(plans.serve, wanted, print_serving)


@app.command("compare")
@_answering
def compare(
    model: _Model,
    users: Annotated[str, typer.Option("--users", help="How many use it in the busiest hour.")],
    options: Annotated[
        list[str],
        typer.Option(
            "--option",
            metavar="NAME=KIND:CHIP[,NAME=VALUE]...",
            help="own=owned:H100,site.purchase=30000, rent=rented:L40S, edge=edge:Orin or "
            "api=api,input_price=1,output_price=3.",
        ),
    ],
    more: _Set = None,
) -> _Asked:
    """Compare ways to serve a model: own hardware, rented, a provider's API, devices at the edge."""
    from jixi.server import plans
    from jixi.wire.admin import ComparisonPlanRequest

    said = {"users": users, "options": [read_option(option) for option in options]}
    wanted = request_of(ComparisonPlanRequest, model, said, more or [])
    return _Asked(plans.compare, wanted, print_comparison)


def _answer(terminal: Terminal, asked: _Asked, *, as_json: bool, export: Path | None) -> None:
    from jixi.assembly.settings import load_settings
    from jixi.assembly.store import model_store
    from jixi.compute.chips import Chips
    from jixi.models.catalog import Catalog
    from jixi.server.plans import Desk

    if export is not None and export.suffix.lower() not in (".xlsx", ".pdf"):
        raise typer.BadParameter("the file's name must end in .xlsx or .pdf", param_hint="--export")
    catalog = Catalog.load(model_store(load_settings().settings).imported())
    desk = Desk(chips=Chips.load(), find=catalog.get, language=terminal.language)
    answer = asked.plan(desk, asked.wanted)
    if export is not None:
        _write(terminal, export, answer)
    if as_json:
        terminal.answer(answer.model_dump(mode="json"))
    elif export is None:
        asked.show(terminal, answer)


def _write(terminal: Terminal, path: Path, plan: "Plan") -> None:
    """The plan as a file of the kind that its name ends in, in place of one that is there."""
    from jixi.core.clock import SystemClock
    from jixi.server.plans import export

    made = export(
        plan, "pdf" if path.suffix.lower() == ".pdf" else "xlsx", terminal.language, SystemClock().now()
    )
    try:
        path.write_bytes(made.content)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--export") from error
    terminal.done(f"Wrote {path}.", f"已写入 {path}。")


def _used(terminal: Terminal, model: str, days: int) -> dict[str, Any]:
    """What the server's ledger says of the model, as inputs of a plan."""
    from jixi.cli._login import connect

    with connect(terminal) as client:
        found = {use.model: use.task for use in client.plan_use(days)}
    if model not in found:
        known = ", ".join(found) or "–"
        raise typer.BadParameter(
            terminal.say(
                f"nobody has called {model!r} in {days} days; called were: {known}",
                f"{days} 天内没有人调用过 {model!r}；有调用的模型：{known}",
            ),
            param_hint="--from-use",
        )
    return found[model].model_dump(exclude_none=True)
