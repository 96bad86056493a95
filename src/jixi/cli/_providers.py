"""`jixi providers`: outside models of the server. A credential comes from a file or a prompt, no argument."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from jixi.cli._say import Terminal, unknown_field

app = typer.Typer(no_args_is_help=True, help="The outside providers whose models are served.")
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_Id = Annotated[str, typer.Argument(metavar="ID")]
_FLAGS = frozenset({"vision", "notools"})
_FIELDS = frozenset({"api_version", "max_parallel", "on_disconnect"})


@app.command("list")
def list_providers(context: typer.Context, as_json: _Json = False) -> None:
    """List providers, newest first, and how they are doing."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    with connect(terminal) as client:
        providers = list(client.providers())
    if as_json:
        terminal.answer([provider.model_dump(mode="json") for provider in providers])
        return
    say = terminal.say
    terminal.table(
        ("ID", say("NAME", "名称"), say("VENDOR", "类型"), say("STATE", "状态"), say("MODELS", "模型")),
        [
            (each.id, each.name, each.vendor, each.state, " ".join(model.name for model in each.models))
            for each in providers
        ],
    )


@app.command("add")
def add_provider(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is to be called.")],
    vendor: Annotated[
        str,
        typer.Option(help="openai, anthropic, dashscope, deepseek, zhipu, moonshot, azure or compatible."),
    ],
    model: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=UPSTREAM",
            help="A model: public name, the vendor's name, then ,context=… ,max_output=… ,kinds=chat+embeddings"
            " ,vision ,notools as needed; may be repeated.",
        ),
    ],
    base_url: Annotated[str | None, typer.Option(help="Its address; by default the vendor's own.")] = None,
    credential_file: Annotated[
        Path | None, typer.Option(help="A file that holds the credential; - reads standard input.")
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="api_version=…, which Azure needs; max_parallel=…, on_disconnect=drain; may be repeated.",
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Add a provider. Its credential is asked for, or read from a file; it never stands in an argument."""
    from pydantic import ValidationError

    from jixi.cli._login import connect
    from jixi.wire.admin import ProviderRequest

    terminal = _terminal(context)
    try:
        request = ProviderRequest.model_validate(
            {
                "name": name,
                "vendor": vendor,
                "base_url": base_url,
                **_fields(more or ()),
                "credential": _credential(terminal, credential_file),
                "models": [_model(text) for text in model],
            }
        )
    except ValidationError as error:
        # The value is left out: it may be the credential.
        first = error.errors(include_input=False)[0]
        raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    with connect(terminal) as client:
        made = client.create_provider(request)
    if as_json:
        terminal.answer(made.model_dump(mode="json"))
        return
    terminal.done(
        f"{made.id} is added. 'jixi providers check {made.id}' tries it; a model needs a price before its first call.",
        f"{made.id} 已添加。可用 'jixi providers check {made.id}' 检查；每个模型须先定价才能调用。",
    )


@app.command("check")
def check_provider(context: typer.Context, provider_id: _Id, as_json: _Json = False) -> None:
    """Ask a provider whether address and credential are good; ends with 1 where they are not."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    with connect(terminal) as client:
        found = client.check_provider(provider_id)
    if as_json:
        terminal.answer(found.model_dump(mode="json"))
    elif found.error is not None:
        terminal.problem(found.error.message, found.error.remedy or "", found.error.code)
    else:
        for name in found.models:
            terminal.out.print(name, markup=False)
        terminal.done(f"It answers, in {found.latency_ms} ms.", f"连接正常，用时 {found.latency_ms} 毫秒。")
    if not found.ok:
        raise typer.Exit(1)


@app.command("remove")
def remove_provider(
    context: typer.Context,
    provider_id: _Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a provider with its credential; its models are gone at once."""
    from jixi.cli._login import connect

    terminal = _terminal(context)
    if not yes:
        question = terminal.say(f"Remove {provider_id} and its models?", f"确定移除 {provider_id} 及其模型？")
        typer.confirm(question, abort=True, err=True)
    with connect(terminal) as client:
        client.remove_provider(provider_id)
    terminal.done(f"{provider_id} is removed.", f"{provider_id} 已移除。")


def _credential(terminal: Terminal, file: Path | None) -> str | None:
    """From the file, from standard input, or from somebody at the terminal; nothing where nobody is there."""
    if file is not None and str(file) != "-":
        try:
            return file.read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(str(error), param_hint="--credential-file") from error
    if file is not None:
        return sys.stdin.readline().strip() or None
    if not sys.stdin.isatty():
        return None
    question = terminal.say("Credential (empty for none)", "凭据（没有则留空）")
    return typer.prompt(question, default="", hide_input=True, show_default=False, err=True).strip() or None


def _fields(texts: Iterable[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in _FIELDS:
            raise unknown_field(text, sorted(_FIELDS))
        fields[name] = int(value) if value.isdecimal() else value
    return fields


def _model(text: str) -> dict[str, Any]:
    """A model from NAME=UPSTREAM,context=65536,kinds=chat+embeddings,vision."""
    head, *rest = text.split(",")
    name, _, upstream = head.partition("=")
    model: dict[str, Any] = {"name": name, "upstream": upstream or name, "kinds": ["chat"], "context": 32_768}
    for part in rest:
        key, _, value = part.partition("=")
        if key in ("context", "max_output") and value.isdecimal():
            model[key] = int(value)
        elif key == "kinds":
            model[key] = value.split("+")
        elif key in _FLAGS and not value:
            model["vision" if key == "vision" else "tools"] = key == "vision"
        else:
            raise typer.BadParameter(f"{part!r} is not understood", param_hint="--model")
    return model


def _terminal(context: typer.Context) -> Terminal:
    found: Any = context.obj
    return found
