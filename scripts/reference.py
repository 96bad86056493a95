"""Fills the generated parts of the manual: settings, errors, commands and admin routes, in English and Chinese.

A page holds `<!-- generated: NAME -->` … `<!-- end -->`; what stands between is written by this script.
`python scripts/reference.py` writes the pages, `--check` names those that have drifted and exits with 1.
Chinese for what the code says in English alone stands in reference.zh.toml; a missing or idle line is an error.
"""

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import typer
from planner_checks import Machine, Pair, What, cache, measured, measured_on, memory, runs
from pydantic.fields import FieldInfo

from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.cli import command_line
from jixi.compute.chips import Chip, Chips
from jixi.core.errors import PROBLEMS
from jixi.core.principal import Scope
from jixi.server.app import openapi_document

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


_WHERE: Mapping[bool, tuple[str, str]] = {
    False: ("with Jixi", "与 Jixi 同环境"),
    True: ("in an environment of its own", "独立环境"),
}
_TOOLS = {"native": ("yes", "支持"), "emulated": ("built by the gateway", "由网关构造"), "none": ("–", "–")}


def engines(texts: Texts) -> str:
    """The engines that ship, by their profiles."""
    rows: list[list[str]] = []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, where in sorted(project["entry-points"]["jixi.engine"].items()):
        profile = EntryPoint(name, where, "jixi.engine").load().profile
        chats = Scope.CHAT in profile.kinds
        rows.append(
            [
                f"`{name}`",
                ", ".join(f"`{kind.value}`" for kind in sorted(profile.kinds)),
                texts.pick(*_TOOLS[profile.tools]) if chats else "–",
                texts.pick("yes", "支持") if profile.vision else "–",
                texts.pick(*_WHERE[bool(profile.requirements)]),
                ", ".join(f"`{each}`" for each in profile.requirements) or "–",
            ]
        )
    head = texts.pick("engine|serves|tools|images|runs|packages", "引擎|能力|工具调用|读图|运行位置|依赖")
    return table(head.split("|"), iter(rows))


def engine_options(texts: Texts) -> str:
    """What each engine takes under `options`, read where it is declared: what it shares with others comes last."""
    parts: list[str] = []
    for path in sorted((ROOT / "src/jixi/models/engines").glob("_*.py")):
        module = import_module(f"jixi.models.engines.{path.stem}")
        for name, found in vars(module).items():
            if name.lower() == f"{path.stem.strip('_')}options" and name != "StubOptions":
                members = {row[0]: row for each in reversed(_declared(found)) for row in _members(each)}
                own_first = sorted(
                    members.values(), key=lambda row: row[0] not in vars(found)["__annotations__"]
                )
                rows = (
                    [f"`{field}`", default, texts.of("engines", said)] for field, default, said in own_first
                )
                head = texts.pick("option|default|meaning", "选项|默认值|含义").split("|")
                parts.append(f"### {path.stem.strip('_')}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def _declared(options: type) -> list[ast.ClassDef]:
    """The class and those of ours that it builds on, as they are written."""
    bases = [each for each in options.__mro__ if each.__module__.startswith("jixi.")]
    parsed = [ast.parse(inspect.getsource(each)).body[0] for each in bases]
    return [each for each in parsed if isinstance(each, ast.ClassDef)]


def _members(declared: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    """Each field with its default and the text below it."""
    for field, said in pairwise([*declared.body, ast.Pass()]):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and field.value is not None
        ):
            text = (
                said.value.value
                if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant)
                else ""
            )
            default = ast.unparse(field.value)
            yield field.target.id, "–" if default in ("None", "{}", "''") else f"`{default}`", str(text)


def planner_runs(texts: Texts) -> str:
    """Published training runs and what the planner makes of them: ours, theirs, the error."""
    rows = (
        [
            run.name,
            *_beside(run.flops, "{:.2e}"),
            *_beside(run.days, "{:.1f}"),
            *_beside(run.hours, "{:,.0f}"),
            texts.pick("ours, 40 %", "默认 40 %")
            if run.assumed
            else "–"
            if run.hours.ours is None
            else texts.pick("theirs", "已公布"),
            run.source,
        ]
        for run in runs()
    )
    head = texts.pick(
        "run|FLOPs|published|error|days|published|error|accelerator-hours|published|error|utilisation|source",
        "训练|运算量（FLOPs）|公布值|误差|天数|公布值|误差|卡时|公布值|误差|利用率|来源",
    )
    return table(head.split("|"), rows)


def planner_memory(texts: Texts) -> str:
    """Published memory of training and of caches beside the planner's, in bytes."""
    rows = (
        [amount.name, *_beside(amount.bytes, "{:,.0f}"), amount.source] for amount in (*memory(), *cache())
    )
    head = texts.pick("what|bytes|published|error|source", "对象|字节|公布值|误差|来源")
    return table(head.split("|"), rows)


def planner_measured(texts: Texts, machine: Machine, what: What) -> str:
    """Replicas on a machine beside the planner's prediction: MiB, or tokens a second."""
    scale, form = (2**20, "{:,.0f}") if what == "memory" else (1, "{:,.1f}")
    rows = (
        [
            row.model,
            str(row.context),
            str(row.batch),
            *_beside(Pair(ours=(row.pair.ours or 0) / scale, theirs=(row.pair.theirs or 0) / scale), form),
        ]
        for row in measured(machine, what)
    )
    unit = "MiB" if what == "memory" else texts.pick("tokens/s", "token/s")
    head = texts.pick(
        f"model|context|calls at once|predicted, {unit}|measured|error",
        f"模型|上下文|并发请求|预测（{unit}）|实测|误差",
    )
    date, seen = measured_on(machine)
    return texts.pick(f"{date}, {seen}.", f"{date}，{seen}。") + "\n\n" + table(head.split("|"), rows)


_CHIP_KINDS: Mapping[str, tuple[str, str]] = {
    "gpu": ("GPU", "GPU"),
    "card": ("card", "PCIe 卡"),
    "tpu": ("TPU", "TPU"),
    "npu": ("NPU", "NPU"),
    "cpu": ("processor", "处理器"),
    "edge": ("edge module", "边缘模组"),
}


def chips(texts: Texts) -> str:
    """The catalogue of chips; what its maker does not publish is in italics."""
    rows = (
        [
            chip.name,
            texts.pick(*_CHIP_KINDS[chip.kind]),
            str(chip.launched),
            *(_figure(chip, f"peak.{name}", getattr(chip.peak, name)) for name in ("bf16", "fp8", "int8")),
            _figure(chip, "memory.gib", chip.memory.gib),
            _figure(chip, "memory.gb_s", chip.memory.gb_s),
            _figure(chip, "link", chip.link and chip.link.gb_s),
            _figure(chip, "power_w", chip.power_w),
            ", ".join(
                f"[{each.amount:g} {each.currency}{'/h' if each.kind == 'rental' else ''}]({each.url}) {each.date}"
                for each in chip.prices
            )
            or "–",
            ", ".join(dict.fromkeys(f"[{each.title}]({each.url})" for each in chip.sources)),
        ]
        for chip in sorted(Chips.load(), key=lambda chip: chip.name)
    )
    head = texts.pick(
        "chip|kind|launched|BF16 TFLOPS|FP8 TFLOPS|INT8 TOPS|memory GiB|GB/s|link GB/s|W|prices|sources",
        "芯片|类别|发布|BF16 TFLOPS|FP8 TFLOPS|INT8 TOPS|显存 GiB|GB/s|互联 GB/s|W|价格|来源",
    )
    return table(head.split("|"), rows)


def _figure(chip: Chip, name: str, value: float | None) -> str:
    if value is None and name == "peak.bf16" and chip.peak.fp16 is not None:
        name, value = "peak.fp16", chip.peak.fp16
    if value is None:
        return "–"
    return f"*{value:g}*" if chip.source(name).estimate else f"{value:g}"


def _beside(pair: Pair, form: str) -> list[str]:
    """Ours, theirs, the error; a dash where one is not there."""
    numbers = ["–" if value is None else form.format(value) for value in (pair.ours, pair.theirs)]
    return [*numbers, "–" if pair.error is None else f"{pair.error:+.1%}"]


def generated(language: Language) -> dict[str, str]:
    """Every generated part by name."""
    texts = Texts(language)
    parts = {
        "settings": fields(texts, "settings", Settings.model_fields),
        "deployments": fields(texts, "deployments", DeploymentSetting.model_fields),
        "errors": errors(texts),
        "routes": routes(texts),
        "commands": commands(texts),
        "engines": engines(texts),
        "engine-options": engine_options(texts),
        "chips": chips(texts),
        "planner-runs": planner_runs(texts),
        "planner-memory": planner_memory(texts),
        **{
            f"measured-{machine}-{what}": planner_measured(texts, machine, what)
            for machine in get_args(Machine)
            for what in get_args(What)
        },
    }
    if language == "zh" and texts.idle():
        raise SystemExit(f"{TEXTS.name}: nobody asks for {', '.join(texts.idle())}")
    return parts


def filled() -> Iterator[tuple[Path, str, str]]:
    """Each page with generated parts: its path, what it holds, what it should hold; a part has a page."""
    parts = {"en": generated("en"), "zh": generated("zh")}
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    if homeless := parts["en"].keys() - {name for _, name, _ in _PART.findall(pages)}:
        raise SystemExit(f"no page holds {', '.join(sorted(homeless))}")
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
