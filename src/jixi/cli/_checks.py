"""What `jixi doctor` looks at. Each check says what it found and, where that is wrong, how to mend it."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from jixi.assembly.house import engine_environments
from jixi.assembly.settings import Settings
from jixi.assembly.store import model_store
from jixi.cli._say import Language
from jixi.core.errors import JixiError
from jixi.models.catalog import Catalog

_ROOM: Final = 2 * 1024**3


class Finding(NamedTuple):
    name: str
    ok: bool
    found: str
    remedy: str = ""


def examine(settings: Settings, language: Language) -> list[Finding]:
    """Every check, in the order in which things are needed."""

    def say(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    checks: tuple[Callable[[Settings, _Say], Iterator[Finding]], ...] = (
        _python,
        _data_dir,
        _disk,
        _memory,
        _port,
        _database,
        _console,
        _engines,
        _models,
    )
    return [finding for check in checks for finding in check(settings, say)]


_Say = Callable[[str, str], str]


def _python(_settings: Settings, _say: _Say) -> Iterator[Finding]:
    yield Finding("Python", sys.version_info >= (3, 11), sys.version.split()[0])


def _data_dir(settings: Settings, say: _Say) -> Iterator[Finding]:
    folder = settings.data_dir
    name = say("data folder", "数据目录")
    if not folder.exists():
        parent = next(each for each in folder.parents if each.exists())
        ok = os.access(parent, os.W_OK)
        found = say(f"{folder} (not made yet)", f"{folder}（尚未创建）")
    else:
        ok = folder.is_dir() and os.access(folder, os.R_OK | os.W_OK | os.X_OK)
        found = str(folder)
    remedy = say(
        "Make it yours (chown, chmod 700), or name another with --data-dir.",
        "请修正其属主与权限（chown、chmod 700），或用 --data-dir 指定其他目录。",
    )
    yield Finding(name, ok, found, "" if ok else remedy)


def _disk(settings: Settings, say: _Say) -> Iterator[Finding]:
    folder = next(each for each in (settings.data_dir, *settings.data_dir.parents) if each.exists())
    free = shutil.disk_usage(folder).free
    remedy = say("Free at least 2 GiB: models are large.", "请至少清理出 2 GiB：模型文件较大。")
    yield Finding(
        say("free disk", "可用磁盘"),
        free > _ROOM,
        f"{free / 1024**3:.1f} GiB",
        "" if free > _ROOM else remedy,
    )


def _memory(_settings: Settings, say: _Say) -> Iterator[Finding]:
    free = psutil.virtual_memory().available
    ok = free > 1024**3
    remedy = say(
        "The starter needs about 1 GiB; 'jixi serve --starter smollm2' needs a quarter of that.",
        "默认模型约需 1 GiB；'jixi serve --starter smollm2' 只需其四分之一。",
    )
    yield Finding(say("free memory", "可用内存"), ok, f"{free / 1024**3:.1f} GiB", "" if ok else remedy)


def _port(settings: Settings, say: _Say) -> Iterator[Finding]:
    name = say("address", "监听地址")
    found = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            remedy = say(
                "It may be this server, running. Else stop what listens there, or name another with --port.",
                "可能是本服务正在运行；否则请停止占用该端口的程序，或用 --port 指定其他端口。",
            )
            # A running server is how it should be, so an address in use is told and not held against the machine.
            yield Finding(name, True, f"{found} ({error.strerror})", remedy)
            return
    yield Finding(name, True, found)


def _database(settings: Settings, say: _Say) -> Iterator[Finding]:
    from jixi.assembly.house import check_database

    name = say("database", "数据库")
    try:
        yield Finding(name, True, asyncio.run(check_database(settings)))
    except JixiError as error:
        language: Language = "zh" if say("en", "zh") == "zh" else "en"
        yield Finding(name, False, error.message(language), error.remedy(language))


def _console(settings: Settings, say: _Say) -> Iterator[Finding]:
    name = say("console", "控制台")
    spec = find_spec("jixi.server")
    built = (
        spec is not None
        and spec.origin is not None
        and (Path(spec.origin).parent / "console/index.html").exists()
    )
    remedy = say(
        "Run 'make setup' in the clone; an installed package carries it.",
        "请在源码目录运行 'make setup'；安装包自带控制台。",
    )
    found = say("built", "已构建") if built else say("not built", "未构建")
    yield Finding(name, built or not settings.console, found, "" if built else remedy)


def _engines(settings: Settings, say: _Say) -> Iterator[Finding]:
    """Those that come with Jixi must be there, and those that the settings deploy."""
    deployed = {deployment.engine for deployment in settings.deployments}
    words = {
        "ready": say("in an environment of its own", "独立环境"),
        "beside": say("with Jixi", "与 Jixi 同环境"),
        "absent": say("not installed", "未安装"),
    }
    for found in engine_environments(settings).list():
        name = found.engine
        wanted = name in deployed or (not found.requirements and bool(found.missing))
        ok = found.state != "absent" or not wanted
        remedy = (
            say(f"Run 'jixi engines install {name}'.", f"请运行 'jixi engines install {name}'。")
            if found.requirements
            else say(f"pip install {found.missing[0]}", f"请运行 pip install {found.missing[0]}")
            if found.missing
            else ""
        )
        yield Finding(f"{say('engine', '引擎')} {name}", ok, words[found.state], "" if ok else remedy)


def _models(settings: Settings, say: _Say) -> Iterator[Finding]:
    store = model_store(settings)
    for entry in Catalog.load(store.imported()):
        if not entry.variants or store.manifest(entry) is None:
            continue
        wrong = asyncio.run(store.verify(entry))
        remedy = say(
            f"Delete it under {settings.data_dir / 'models' / entry.id} and run 'jixi models pull {entry.id}'.",
            f"请删除 {settings.data_dir / 'models' / entry.id} 下的文件，再运行 'jixi models pull {entry.id}'。",
        )
        found = (
            say("files are whole", "文件完整")
            if not wrong
            else say("damaged", "文件损坏") + f": {', '.join(wrong)}"
        )
        yield Finding(f"{say('model', '模型')} {entry.id}", not wrong, found, remedy if wrong else "")
