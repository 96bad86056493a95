"""A version of one's own that the server brings from a hub, an address or a bucket."""

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.wire.admin import ModelImportRequest

FORMS: Final = "hf:ORG/NAME[@REVISION], ms:ORG/NAME[@REVISION], https://…, s3://BUCKET/KEY"
_HUBS: Final = {"hf": "huggingface", "ms": "modelscope"}
_HUB: Final = re.compile(r"(hf|ms):([^@]*)(?:@(.*))?")
_BUCKET: Final = re.compile(r"s3://([^/]*)/(.*)")


class Outside(NamedTuple):
    """What is brought from outside, and of which model it is to be a version."""

    origin: dict[str, Any]
    model: str
    base: str | None
    precision: str | None


def origin_of(text: str, include: list[str]) -> dict[str, Any] | None:
    """The place outside that `text` names; None for a path of this machine."""
    if found := _HUB.fullmatch(text):
        return {"kind": _HUBS[found[1]], "repo": found[2], "revision": found[3], "include": include}
    if text.startswith(("https://", "http://")):
        return {"kind": "url", "url": text}
    if found := _BUCKET.fullmatch(text):
        return {"kind": "s3", "bucket": found[1], "key": found[2]}
    return None


def import_outside(terminal: Terminal, asked: Outside) -> str:
    """Have the server bring it, by a job that goes on without us; the id of the version."""
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from jixi.cli._jobs import followed
    from jixi.cli._login import connect

    request = _request(asked)
    columns = (
        *Progress.get_default_columns()[:2],
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with connect(terminal) as client, Progress(*columns, console=terminal.err) as bar:
        job = client.import_model(asked.model, request)
        task = bar.add_task(job.id, total=None)
        job = followed(
            client, job, terminal, lambda now: bar.update(task, completed=now.done, total=now.total or None)
        )
    return str(job.facts["version"])


def _request(asked: Outside) -> "ModelImportRequest":
    from pydantic import ValidationError

    from jixi.wire.admin import ModelImportRequest

    said = {"source": asked.origin, "base_id": asked.base, "precision": asked.precision}
    try:
        return ModelImportRequest.model_validate(
            {name: each for name, each in said.items() if each is not None}
        )
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise typer.BadParameter(f"{where}: {error.errors()[0]['msg']}") from error
