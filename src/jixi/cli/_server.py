"""`jixi serve` and `jixi doctor`: the verbs of the machine that runs the models."""

import gc
from pathlib import Path
from typing import Annotated, Any

import typer

from jixi.cli._say import Terminal

_Config = Annotated[Path | None, typer.Option("--config", help="The settings file; ./jixi.toml by default.")]
_DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The folder of everything that lasts.")]


def serve(
    context: typer.Context,
    starter: Annotated[
        str | None,
        typer.Option(help="The chat model to begin with: qwen2.5-coder, smollm2 (no download) or none."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    processes: Annotated[
        int | None, typer.Option(help="Processes that answer calls of models, each with a core of its own.")
    ] = None,
    data_dir: _DataDir = None,
    config: _Config = None,
) -> None:
    """Run the server, its models and its console on this machine."""
    # Modules last: looking through them for what may go, while they come, is a fifth of the work of a start.
    gc.disable()
    from jixi.assembly.settings import load_settings
    from jixi.cli._serving import run

    gc.freeze()
    gc.enable()
    loaded = load_settings(
        config, starter=starter, host=host, port=port, processes=processes, data_dir=data_dir
    )
    run(loaded.settings, _terminal(context))


def doctor(
    context: typer.Context,
    settings: Annotated[bool, typer.Option("--settings", help="Print each setting and its origin.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    data_dir: _DataDir = None,
    config: _Config = None,
) -> None:
    """Say what is wrong with this machine's Jixi, and how to mend it."""
    from jixi.assembly.settings import load_settings
    from jixi.cli._checks import examine

    terminal = _terminal(context)
    loaded = load_settings(config, data_dir=data_dir)
    if settings:
        rows = [(each.name, each.value, each.source) for each in loaded.sources]
        if as_json:
            terminal.answer([each._asdict() for each in loaded.sources])
        else:
            terminal.table(
                (terminal.say("setting", "设置"), terminal.say("value", "值"), terminal.say("from", "来源")),
                rows,
            )
        return
    findings = examine(loaded.settings, terminal.language)
    if as_json:
        terminal.answer([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
            terminal.out.print(f"{mark} {finding.name}: {finding.found}")
            if finding.remedy:
                terminal.out.print(f"  → {finding.remedy}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
