"""The built console: its files, and its front page for every address that is the console's own."""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from jixi.server._scope import header

BUILT: Final = Path(__file__).parent / "console"
_FOREVER: Final = "public, max-age=31536000, immutable"
_TEXT: Final = ("text/", "application/javascript", "application/json", "image/svg+xml")
_NOT_BUILT: Final = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>Jixi</title>
<style>body { font: 16px/1.6 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }</style>
<h1>Jixi 缉熙</h1>
<p>The server runs, but its console has not been built. Run <code>make setup</code> and start again.
The API works meanwhile.</p>
<p lang="zh">服务正在运行，但控制台尚未构建。请运行 <code>make setup</code> 后重新启动；API 可正常使用。</p></html>"""


@dataclass(frozen=True)
class _File:
    body: bytes
    media_type: str
    cache: str

    @cached_property
    def packed(self) -> bytes | None:
        """For whoever takes gzip. Made when it is first asked for: to pack all files would hold up every start."""
        if not self.media_type.startswith(_TEXT) or len(self.body) <= 1024:
            return None
        return gzip.compress(self.body, 6, mtime=0)


def console_app(folder: Path = BUILT) -> ASGIApp:
    """Serve the files of `folder`, read once; only these can ever be answered, so no path leads out of it."""
    files = {f"/{path.relative_to(folder).as_posix()}": _read(path, folder) for path in _files(folder)}
    front = files.pop("/index.html", None)

    async def console(scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(scope, files, front)(scope, receive, send)

    return console


async def no_console(scope: Scope, receive: Receive, send: Send) -> None:
    """Where the settings turn the console off."""
    await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".map"]


def _read(path: Path, folder: Path) -> _File:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    hashed = path.relative_to(folder).parts[0] == "assets"
    return _File(body, media_type, _FOREVER if hashed else "no-cache")


def _answer(scope: Scope, files: Mapping[str, _File], front: _File | None) -> Response:
    if scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("Method Not Allowed", status_code=405, headers={"Allow": "GET, HEAD"})
    path: str = scope["path"]
    if file := files.get(path):
        return _send(scope, file, file.cache)
    # Files lie at the top or under /assets; further down a dot is part of an id, as in /usage/batch_01….3.1.
    if path.startswith("/assets/") or ("." in path and path.count("/") == 1):
        return PlainTextResponse("Not Found", status_code=404)
    if front is None:
        return HTMLResponse(_NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
    return _send(scope, front, "no-store")


def _send(scope: Scope, file: _File, cache: str) -> Response:
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    body = file.body
    if "gzip" in (header(scope, b"accept-encoding") or "") and file.packed is not None:
        headers["Content-Encoding"] = "gzip"
        body = file.packed
    if scope["method"] == "HEAD":
        headers["Content-Length"] = str(len(body))
        body = b""
    return Response(body, headers=headers, media_type=file.media_type)
