"""The verbs, put together, and the one place where errors become words and exit codes."""

import sys
from importlib.metadata import version as version_of
from typing import Annotated, NoReturn

import typer

from jixi.cli import (
    _deployments,
    _engines,
    _files,
    _keys,
    _limits,
    _nodes,
    _plans,
    _prices,
    _providers,
    _routes,
    _server,
    _talk,
    _vault,
)
from jixi.cli._say import Language, Terminal, language_of_environment
from jixi.core.errors import JixiError

_HELP = {"help_option_names": ["-h", "--help"]}


def command_line() -> typer.Typer:
    """Every verb, as the terminal and the reference of the manual know them."""
    app = typer.Typer(
        name="jixi",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings=_HELP,
        help="Jixi (缉熙): private model APIs with one login and one ledger.",
    )
    app.callback()(_begin)
    app.command("serve")(_server.serve)
    app.command("doctor")(_server.doctor)
    app.command("chat")(_talk.chat)
    app.command("login")(_talk.login)
    app.command("usage")(_talk.usage)
    app.add_typer(_files.app, name="models")
    app.add_typer(_deployments.app, name="deployments")
    app.add_typer(_engines.app, name="engines")
    app.add_typer(_nodes.app, name="nodes")
    app.add_typer(_plans.app, name="plan")
    app.add_typer(_keys.app, name="keys")
    app.add_typer(_limits.app, name="limits")
    app.add_typer(_prices.app, name="prices")
    app.add_typer(_providers.app, name="providers")
    app.add_typer(_routes.aliases, name="aliases")
    app.add_typer(_routes.routes, name="routes")
    app.add_typer(_vault.app, name="vault")
    return app


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"jixi {version_of('jixi')}")
        raise typer.Exit


def _begin(
    context: typer.Context,
    lang: Annotated[
        str | None, typer.Option(metavar="en|zh", help="Language of messages; by default that of LANG.")
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version and end."),
    ] = False,
) -> None:
    if lang not in (None, "en", "zh"):
        raise typer.BadParameter("en or zh", param_hint="--lang")
    language: Language = language_of_environment() if lang is None else "zh" if lang == "zh" else "en"
    context.obj = Terminal(language=language)


def main() -> NoReturn:
    """Run the command line; never returns."""
    terminal = Terminal(language=_language_of(sys.argv[1:]))
    try:
        # Wrong flags and arguments are explained inside, which ends in SystemExit like everything that went well.
        command_line()()
    except JixiError as error:
        terminal.problem(error.message(terminal.language), _remedy(error, terminal), error.code)
        sys.exit(2)
    except Exception as error:  # noqa: BLE001  (the last door: what it does not know it raises again)
        sys.exit(_explain(error, terminal))
    sys.exit(0)


def _language_of(arguments: list[str]) -> Language:
    """What --lang says, for errors that come before or after the flags are read; else the environment's."""
    given = " ".join(arguments).replace("--lang ", "--lang=")
    for language in ("en", "zh"):
        if f"--lang={language}" in given.split():
            return "zh" if language == "zh" else "en"
    return language_of_environment()


def _remedy(error: JixiError, terminal: Terminal) -> str:
    """The remedy as somebody at a terminal can follow it."""
    if error.code == "model_not_found":
        return terminal.say(
            "Run 'jixi models list': it names the models.", "请运行 'jixi models list' 查看模型。"
        )
    return error.remedy(terminal.language)


def _explain(error: Exception, terminal: Terminal) -> int:
    """Errors of the libraries below, where they have words for people; anything else is our defect and is shown."""
    import httpx2

    from jixi.client import ApiError

    if isinstance(error, ApiError):
        terminal.problem(error.detail, error.remedy, error.code)
        return 1
    if isinstance(error, httpx2.TransportError):
        reason = str(error).rstrip(".") or type(error).__name__
        terminal.problem(
            terminal.say(f"The server cannot be reached: {reason}.", f"无法连接服务器：{reason}。"),
            terminal.say(
                "Start it with 'jixi serve', or set JIXI_URL.", "请运行 'jixi serve'，或设置 JIXI_URL。"
            ),
        )
        return 1
    raise error
