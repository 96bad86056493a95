"""The verbs, put together, and the one place where errors become words and exit codes."""

import sys
from typing import Annotated, Any, NoReturn

import typer

from jixi.cli import _keys, _models, _server, _talk
from jixi.cli._say import Language, Terminal, language_of_environment
from jixi.core.errors import JixiError

_HELP = {"help_option_names": ["-h", "--help"]}


def _app() -> typer.Typer:
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
    app.add_typer(_models.app, name="models")
    app.add_typer(_keys.app, name="keys")
    return app


def _begin(
    context: typer.Context,
    lang: Annotated[
        str | None, typer.Option(metavar="en|zh", help="Language of messages; by default that of LANG.")
    ] = None,
) -> None:
    if lang not in (None, "en", "zh"):
        raise typer.BadParameter("en or zh", param_hint="--lang")
    language: Language = language_of_environment() if lang is None else "zh" if lang == "zh" else "en"
    context.obj = Terminal(language=language)


def main() -> NoReturn:
    """Run the command line; never returns."""
    terminal = Terminal(language="zh" if "--lang=zh" in sys.argv else language_of_environment())
    try:
        code: Any = _app()(standalone_mode=False)
    except JixiError as error:
        terminal.problem(error.message(terminal.language), error.remedy(terminal.language))
        code = 2
    except typer.Abort:
        code = 1
    except typer.Exit as ended:
        code = ended.exit_code
    except Exception as error:  # noqa: BLE001  (the last door: what it does not know it raises again)
        code = _explain(error, terminal)
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception, terminal: Terminal) -> int:
    """Errors of the libraries below, where they have words for people; anything else is our defect and is shown."""
    import click

    if isinstance(error, click.ClickException):
        error.show()
        return 2
    import httpx2

    from jixi.client import ApiError

    if isinstance(error, ApiError):
        terminal.problem(error.detail, error.remedy)
        return 1
    if isinstance(error, httpx2.TransportError):
        terminal.problem(
            terminal.say(f"The server cannot be reached: {error}.", f"无法连接服务器：{error}。"),
            terminal.say(
                "Start it with 'jixi serve', or set JIXI_URL.", "请运行 'jixi serve'，或设置 JIXI_URL。"
            ),
        )
        return 1
    raise error
