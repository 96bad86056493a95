"""Runs the server in the foreground, and says once what a newcomer needs."""

import uvloop
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from jixi.assembly.house import House
from jixi.assembly.settings import Settings
from jixi.cli._say import Terminal
from jixi.jobs import Job
from jixi.server.app import Running, serve
from jixi.telemetry import configure_logs


def run(settings: Settings, terminal: Terminal) -> None:
    """Serve until Ctrl-C; returns when every engine has ended. Raises what keeps the server from starting."""
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto" and not terminal.err.is_terminal
    )
    configure_logs(json=as_json, level=settings.log_level)
    bar = _Bar(terminal)

    def ready(running: Running) -> None:
        welcome(running.house, running.url, terminal)
        running.house.supply.means.report = bar.show

    try:
        uvloop.run(serve(settings, ready))
    finally:
        bar.close()


def welcome(house: House, url: str, terminal: Terminal) -> None:
    """The one block: where the console is, how to get in, what to paste, where the data lies."""
    say = terminal.say
    model = next(iter(house.supply.specs), "MODEL")
    lines = ["", f"Jixi 缉熙  {say('is running', '已启动')}", f"  {say('Console', '控制台')}   {url}"]
    if house.setup_link is not None:
        lines.append(f"  {say('Set-up', '初始化')}    {house.setup_link}")
        lines.append(
            say(
                "            (works once, makes you the administrator; make an API key there)",
                "            （仅可使用一次，用于创建管理员；随后在控制台新建 API 密钥）",
            )
        )
    lines += [
        f"  {say('Data', '数据')}      {house.settings.data_dir}",
        "",
        "  export OPENAI_API_KEY=sk-jixi-…",
        f'  curl {url}/v1/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" \\',
        "    -H 'Content-Type: application/json' \\",
        f'    -d \'{{"model": "{model}", "messages": [{{"role": "user", "content": "{say("Hello!", "你好！")}"}}]}}\'',
        "",
        "  from openai import OpenAI                                # pip install openai",
        f'  client = OpenAI(base_url="{url}/v1")',
        f'  messages = [{{"role": "user", "content": "{say("Hello!", "你好！")}"}}]',
        f'  print(client.chat.completions.create(model="{model}", messages=messages).choices[0].message.content)',
        "",
    ]
    for line in lines:
        terminal.out.print(line, markup=False)
    for notice in house.notices():
        terminal.err.print(f"! {notice.message(terminal.language)}", markup=False)


class _Bar:
    """The progress of downloads, on a terminal; elsewhere the log tells when a model has come."""

    def __init__(self, terminal: Terminal) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=terminal.err,
            transient=True,
            disable=not terminal.err.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def show(self, now: Job) -> None:
        if now.finished:
            if now.subject in self._tasks:
                self._progress.remove_task(self._tasks.pop(now.subject))
            if not self._tasks:
                self._progress.stop()
            return
        if now.subject not in self._tasks:
            self._progress.start()
            self._tasks[now.subject] = self._progress.add_task(now.subject)
        self._progress.update(self._tasks[now.subject], completed=now.done, total=now.total or None)

    def close(self) -> None:
        self._progress.stop()
