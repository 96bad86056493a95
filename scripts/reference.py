"""Fills the generated parts of the manual: settings, errors, commands and admin routes, in English and Chinese.

A page holds `<!-- generated: NAME -->` … `<!-- end -->`; what stands between is written by this script.
`python scripts/reference.py` writes the pages, `--check` names those that have drifted and exits with 1.
Chinese for what the code says in English alone stands in reference.zh.toml; a missing or idle line is an error.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import typer
from pydantic.fields import FieldInfo

from jixi.assembly import DeploymentSetting, Settings
from jixi.cli import command_line
from jixi.core.errors import PROBLEMS
from jixi.server import openapi_document

ROOT = Path(__file__).parent.parent
TEXTS = ROOT / "scripts/reference.zh.toml"
Language = Literal["en", "zh"]
_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


class Texts:
    """What the code says, in one language; remembers which translations were used."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._chinese: dict[str, dict[str, str]] = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
        self._used = set[tuple[str, str]]()

    def of(self, section: str, english: str) -> str:
        key = " ".join(english.split())
        if self.language == "en" or not key:
            return key
        if key not in self._chinese.get(section, {}):
            raise SystemExit(f"{TEXTS.name}: [{section}] lacks {key!r}")
        self._used.add((section, key))
        return self._chinese[section][key]

    def pick(self, english: str, chinese: str) -> str:
        return chinese if self.language == "zh" else english

    def idle(self) -> list[str]:
        every = {(section, key) for section, texts in self._chinese.items() for key in texts}
        return [f"[{section}] {key}" for section, key in sorted(every - self._used)]


def table(head: list[str], rows: Iterator[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def fields(texts: Texts, section: str, model: Mapping[str, FieldInfo]) -> str:
    rows = (
        [f"`{name}`", _default(field), texts.of(section, field.description or "")]
        for name, field in model.items()
    )
    return table(texts.pick("setting|default|meaning", "配置项|默认值|含义").split("|"), rows)


def _default(field: FieldInfo) -> str:
    value = None if field.is_required() or field.default_factory is not None else field.default
    if value in (None, (), ""):
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def errors(texts: Texts) -> str:
    rows = (
        [
            f"`{kind.code}`",
            str(kind.status),
            _facts(texts.pick(kind.en, kind.zh)),
            _facts(texts.pick(kind.remedy_en, kind.remedy_zh)),
        ]
        for kind in sorted(PROBLEMS.values(), key=lambda kind: (kind.status, kind.code))
    )
    head = texts.pick("code|status|what happened|what to do", "错误码|状态码|发生了什么|该怎么办")
    return table(head.split("|"), rows)


def _facts(text: str) -> str:
    """A format string as people read it: the name of each fact in italics."""
    return re.sub(r"'?\{(\w+)(?:![a-z])?\}'?", r"*\1*", text)


def routes(texts: Texts) -> str:
    document = openapi_document()
    return "\n\n".join(
        f"## {texts.of('tags', tag['name'].capitalize())}\n\n{_routes_of(texts, document, tag['name'])}"
        for tag in document["tags"]
    )


def _routes_of(texts: Texts, document: dict[str, Any], tag: str) -> str:
    rows = (
        [f"`{name}`", texts.of("routes", _said(operation)), _caller(texts, operation)]
        for name, operation in _operations(document)
        if tag in operation["tags"]
    )
    return table(texts.pick("request|what it does|who", "请求|作用|谁可以").split("|"), rows)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _said(operation: dict[str, Any]) -> str:
    parts = (operation["summary"], operation.get("description"))
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


def _caller(texts: Texts, operation: dict[str, Any]) -> str:
    return texts.pick("signed in", "已登录") if operation.get("security") else texts.pick("anyone", "任何人")


def commands(texts: Texts) -> str:
    root: Any = typer.main.get_command(command_line())
    return "\n\n".join(_command(texts, words, command) for words, command in _verbs(root, "jixi"))


def _verbs(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    """Every command with its words, the groups before their members."""
    yield words, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _verbs(child, f"{words} {name}")


def _command(texts: Texts, words: str, command: Any) -> str:
    """One verb: its words as one types them, what it does, its arguments and options."""
    given = [each for each in command.params if each.param_type_name == "argument"]
    head = " ".join([words, *(f"[{each.name}]" if not each.required else each.name for each in given)])
    rows = [
        [_spelling(each), texts.of("options", each.help or "") or "–"]
        for each in command.params
        if each.name != "help"
    ]
    said = texts.of("commands", command.help or "")
    heads = texts.pick("option|meaning", "选项|含义").split("|")
    shown = f"`{head}`\n\n" if given else ""
    return f"## {words}\n\n{shown}{said}" + (f"\n\n{table(heads, iter(rows))}" if rows else "")


def _spelling(parameter: Any) -> str:
    return ", ".join(f"`{name}`" for name in parameter.opts)


def generated(language: Language) -> dict[str, str]:
    """Every generated part by name."""
    texts = Texts(language)
    parts = {
        "settings": fields(texts, "settings", Settings.model_fields),
        "deployments": fields(texts, "deployments", DeploymentSetting.model_fields),
        "errors": errors(texts),
        "routes": routes(texts),
        "commands": commands(texts),
    }
    if language == "zh" and texts.idle():
        raise SystemExit(f"{TEXTS.name}: nobody asks for {', '.join(texts.idle())}")
    return parts


def filled() -> Iterator[tuple[Path, str, str]]:
    """Each page with generated parts: its path, what it holds, what it should hold."""
    parts = {"en": generated("en"), "zh": generated("zh")}
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        mine = parts["zh" if path.name.endswith(".zh.md") else "en"]
        yield path, text, _PART.sub(lambda hit, mine=mine: f"{hit[1]}\n{mine[hit[2]]}\n{hit[3]}", text)


def main() -> int:
    drifted = [(path, new) for path, old, new in filled() if old != new]
    if "--check" in sys.argv[1:]:
        for path, _ in drifted:
            print(f"{path.relative_to(ROOT)} has drifted; run 'make docs'")
        return 1 if drifted else 0
    for path, new in drifted:
        path.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
