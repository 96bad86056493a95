"""`jixi prices`: what models cost."""

from typing import Annotated, Any, Final, get_args

import typer

from jixi.cli._say import Terminal
from jixi.core.resources import Resource
from jixi.core.usage import Unit

app = typer.Typer(
    no_args_is_help=True,
    help="What models cost, for 1 000 000 tokens or a second, character or image; and compute and storage.",
)
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_Money = typer.Option(min=0, help="For 1 000 000 tokens, in units of the currency.")
_Percent = typer.Option(min=0, max=100, help="What such a call costs of it.")
_MICROS: Final = 1_000_000


@app.command("list")
def list_prices(context: typer.Context, as_json: _Json = False) -> None:
    """List the prices of now."""
    from jixi.cli._login import connect

    terminal: Terminal = context.obj
    with connect(terminal) as client:
        prices, resources = client.prices(), client.resource_prices()
    if as_json:
        terminal.answer([price.model_dump(mode="json") for price in (*prices, *resources)])
        return
    say = terminal.say
    terminal.table(
        (
            say("MODEL", "模型"),
            say("INPUT", "输入"),
            say("CACHED", "缓存"),
            say("OUTPUT", "输出"),
            say("UNIT", "单位"),
            say("CURRENCY", "货币"),
        ),
        [
            (
                price.model,
                _units(price.input_micros),
                _units(price.cached_input_micros),
                _units(price.output_micros),
                "–" if price.unit is None else f"{_units(price.unit_micros)} / {price.unit}",
                price.currency,
            )
            for price in prices
        ],
    )
    if resources:
        terminal.table(
            (say("RESOURCE", "资源"), say("OF", "对象"), say("PRICE", "价格"), say("CURRENCY", "货币")),
            [
                (price.resource, price.subject or "–", _units(price.micros), price.currency)
                for price in resources
            ],
        )


@app.command("set")
def set_price(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Its public name.")],
    input_: Annotated[float | None, typer.Option("--input", min=0, help=_Money.help)] = None,
    cached_input: Annotated[float | None, _Money] = None,
    output: Annotated[float | None, _Money] = None,
    batch_percent: Annotated[int | None, _Percent] = None,
    replay_percent: Annotated[int | None, _Percent] = None,
    per: Annotated[
        str | None,
        typer.Option(metavar="UNIT=MONEY", help="For one second, character or image, such as image=0.04."),
    ] = None,
) -> None:
    """Set a price for calls from now on; what is not named stays, and cached input costs what input does at first."""
    from jixi.cli._login import connect
    from jixi.wire.admin import PriceChange

    terminal: Terminal = context.obj
    with connect(terminal) as client:
        now = next((price for price in client.prices() if price.model == model), None)
        named = {"input": input_, "cached_input": cached_input, "output": output}
        micros: dict[str, Any] = {
            f"{name}_micros": round(sum_ * _MICROS) for name, sum_ in named.items() if sum_ is not None
        }
        if now is not None:
            micros = {name: getattr(now, name) for name in PriceChange.model_fields} | micros
        elif input_ is None or output is None:
            raise typer.BadParameter("a first price needs both", param_hint="--input, --output")
        else:
            micros.setdefault("cached_input_micros", micros["input_micros"])
        percents = {"batch_percent": batch_percent, "replay_percent": replay_percent}
        micros |= _per_unit(per)
        micros |= {name: percent for name, percent in percents.items() if percent is not None}
        client.set_price(model, PriceChange(**micros), version=None if now is None else now.version)
    terminal.done(f"The price of {model} is set.", f"{model} 的价格已设置。")


@app.command("resource")
def set_resource_price(
    context: typer.Context,
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="gpu_hour, cpu_hour or gb_day.")],
    money: Annotated[float, typer.Argument(min=0, help="For one of it, in units of the currency.")],
    subject: Annotated[
        str | None, typer.Option("--of", help="A model of accelerator; left out, every other.")
    ] = None,
) -> None:
    """Set what an accelerator-hour, a CPU-hour or a GB-day costs from now on."""
    from jixi.cli._login import connect
    from jixi.wire.admin import ResourcePriceChange

    terminal: Terminal = context.obj
    known = {each: each for each in get_args(Resource)}
    if resource not in known:
        raise typer.BadParameter(f"one of {', '.join(known)}", param_hint="RESOURCE")
    with connect(terminal) as client:
        change = ResourcePriceChange(micros=round(money * _MICROS), subject=subject)
        client.set_resource_price(known[resource], change)
    terminal.done(f"The price of {resource} is set.", f"{resource} 的价格已设置。")


def _per_unit(per: str | None) -> dict[str, Any]:
    """`image=0.04` as the fields of a price."""
    if per is None:
        return {}
    unit, found, money = per.partition("=")
    try:
        fields = {"unit": unit, "unit_micros": round(float(money) * _MICROS)}
    except ValueError:
        fields = {}
    if not (found and fields and unit in get_args(Unit)):
        raise typer.BadParameter(
            f"UNIT=MONEY, the unit one of {', '.join(get_args(Unit))}", param_hint="--per"
        )
    return fields


def _units(micros: int) -> str:
    return f"{micros / _MICROS:.6f}".rstrip("0").rstrip(".")
