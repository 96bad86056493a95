"""`jixi plan`: what training or serving a model takes, lasts and costs, from data files; no server is asked."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from jixi.cli._plan_tables import print_comparison, print_serving, print_training
from jixi.cli._plan_words import read_option, request_of
from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from pydantic import BaseModel

    from jixi.server.plans import Desk

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

Q = TypeVar("Q", bound="BaseModel")
A = TypeVar("A", bound="BaseModel")


@app.command("train")
def train(
    context: typer.Context,
    model: _Model,
    tokens: Annotated[str, typer.Option("--tokens", help="What it is trained on, such as 1T.")],
    chip: _Chip,
    accelerators: Annotated[str, typer.Option("--accelerators", help="How many train.")],
    more: _Set = None,
    as_json: _Json = False,
) -> None:
    """Plan a training run: operations, memory by layout, days, energy, carbon and cost."""
    from jixi.server import plans
    from jixi.wire.admin import TrainingPlanRequest

    said = {"tokens": tokens, "hardware.chip": chip, "fleet.accelerators": accelerators}
    wanted = request_of(TrainingPlanRequest, model, said, more or [])
    _answer(context.obj, plans.train, wanted, print_training, as_json=as_json)


@app.command("serve")
def serve(
    context: typer.Context,
    model: _Model,
    chip: _Chip,
    users: _Users = None,
    accelerators: Annotated[
        str | None, typer.Option("--accelerators", help="In place of users: how many do so many serve?")
    ] = None,
    more: _Set = None,
    as_json: _Json = False,
) -> None:
    """Plan the serving of a model: accelerators, speed and cost, or the users that accelerators serve."""
    from jixi.server import plans
    from jixi.wire.admin import ServingPlanRequest

    said = {"hardware.chip": chip, "users": users, "accelerators": accelerators}
    wanted = request_of(ServingPlanRequest, model, said, more or [])
    _answer(context.obj, plans.serve, wanted, print_serving, as_json=as_json)


@app.command("compare")
def compare(
    context: typer.Context,
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
    as_json: _Json = False,
) -> None:
    """Compare ways to serve a model: own hardware, rented, a provider's API, devices at the edge."""
    from jixi.server import plans
    from jixi.wire.admin import ComparisonPlanRequest

    said = {"users": users, "options": [read_option(option) for option in options]}
    wanted = request_of(ComparisonPlanRequest, model, said, more or [])
    _answer(context.obj, plans.compare, wanted, print_comparison, as_json=as_json)


def _answer(
    terminal: Terminal,
    plan: "Callable[[Desk, Q], A]",
    wanted: Q,
    show: Callable[[Terminal, A], None],
    *,
    as_json: bool,
) -> None:
    from jixi.assembly import load_settings, model_store
    from jixi.compute.chips import Chips
    from jixi.models.catalog import Catalog
    from jixi.server.plans import Desk

    catalog = Catalog.load(model_store(load_settings().settings).imported())
    answer = plan(Desk(chips=Chips.load(), find=catalog.get, language=terminal.language), wanted)
    if as_json:
        terminal.answer(answer.model_dump(mode="json"))
    else:
        show(terminal, answer)
