"""`jixi vault`: the keys that seal credentials and what is kept of calls, on this machine."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from jixi.cli._say import Terminal

app = typer.Typer(
    no_args_is_help=True,
    help="The keys that seal credentials, kept prompts, kept Responses and the first answers of calls with an "
    "Idempotency-Key.",
)


@app.command("rotate")
def rotate(
    context: typer.Context,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Take the older keys out of the file when all is sealed anew.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The folder of everything that lasts.")
    ] = None,
) -> None:
    """Add a key and seal everything under it. Servers may run meanwhile."""
    from jixi.assembly.house import rotate_vault
    from jixi.assembly.settings import load_settings

    terminal: Any = context.obj
    settings = load_settings(data_dir=data_dir).settings
    done = asyncio.run(rotate_vault(settings, drop_old=drop_old))
    _tell(terminal, done.key_id, done.resealed, done.dropped)


def _tell(terminal: Terminal, key_id: str, resealed: int, dropped: int) -> None:
    terminal.done(
        f"The key {key_id} is in use; {resealed} secrets are sealed anew, {dropped} older keys are gone.",
        f"已启用密钥 {key_id}；重新加密 {resealed} 项机密，移除 {dropped} 个旧密钥。",
    )
