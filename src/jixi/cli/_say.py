"""What the command line says, and in which language. Answers go to stdout, everything else to stderr."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import typer
from rich.console import Console
from rich.table import Table

Language = Literal["en", "zh"]


@dataclass(kw_only=True, slots=True)
class Terminal:
    """How this run speaks. `json` answers are for programs: nothing else is printed on stdout then."""

    language: Language
    json: bool = False

    @property
    def out(self) -> Console:
        return Console(highlight=False, soft_wrap=True)

    @property
    def err(self) -> Console:
        return Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, en: str, zh: str) -> str:
        return zh if self.language == "zh" else en

    def answer(self, value: Any) -> None:
        """Print a value for programs."""
        print(json.dumps(value, ensure_ascii=False, indent=2))  # noqa: T201

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows for people. The last column takes what room is left."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, column in enumerate(columns):
            # The first column is what people copy.
            table.add_column(column, overflow="fold", no_wrap=number == 0)
        for row in rows:
            table.add_row(*row)
        self.out.print(table)

    def done(self, en: str, zh: str) -> None:
        self.err.print(self.say(en, zh))

    def problem(self, message: str, remedy: str, code: str = "") -> None:
        """An error: what happened, its stable code, then what to do."""
        name = f" [dim]({code})[/]" if code else ""
        self.err.print(f"[bold red]{self.say('Error', '错误')}[/] {_plain(message)}{name}")
        if remedy:
            self.err.print(f"[bold]{self.say('Remedy', '处理')}[/] {_plain(remedy)}")


def language_of_environment() -> Language:
    """The reader's language, by the variables that every terminal program goes by."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def unknown_field(text: str, known: Iterable[str]) -> typer.BadParameter:
    """What `--set` was given and does not take, with what it does."""
    return typer.BadParameter(
        f"{text!r} is not understood; FIELD=VALUE takes the fields {', '.join(known)}", param_hint="--set"
    )


def _plain(text: str) -> str:
    """Text of others is no markup of ours."""
    return text.replace("[", "\\[")
