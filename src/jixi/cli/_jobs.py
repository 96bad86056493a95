"""A job of the server, followed to its end on a terminal."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.client import Client
    from jixi.wire.admin import Job


def followed(client: "Client", job: "Job", terminal: Terminal, show: "Callable[[Job], None]") -> "Job":
    """The job at its end; it goes on on the server where somebody leaves. Ends with 1 unless it has succeeded."""
    try:
        for now in client.follow_job(job.id):
            job = now
            show(job)
    except KeyboardInterrupt:
        terminal.done(
            f"The job {job.id} goes on on the server; the console's list of jobs cancels it.",
            f"任务 {job.id} 在服务器上继续进行；可在控制台的任务列表中取消。",
        )
        raise
    if job.state != "succeeded":
        if job.reason is not None:
            terminal.problem(job.reason.message, job.reason.remedy or "", job.reason.code)
        else:
            terminal.problem(terminal.say("The job was cancelled.", "任务已被取消。"), "")
        raise typer.Exit(1)
    return job
