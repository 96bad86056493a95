"""A hub on loopback that speaks as much of Hugging Face's protocol as its client library asks for.

Usage: python bench/_hub.py FOLDER [BUFFER], whose files are those of every repository. Prints its address; answers
`/sent` with the bytes of files that it has handed to the kernel, which holds BUFFER of them at most.
"""

import asyncio
import hashlib
import socket
import sys
from pathlib import Path

from aiohttp import web

COMMIT = "0" * 39 + "1"
_PIECE = 1024 * 1024


class Hub:
    def __init__(self, folder: Path, buffer: int | None) -> None:
        self.sent = 0
        self._buffer = buffer
        self._files = {path.name: path for path in folder.iterdir()}
        self._sha256 = {
            name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in self._files.items()
        }

    async def revision(self, _request: web.Request) -> web.Response:
        return web.json_response({"id": "org/bench", "sha": COMMIT, "siblings": []})

    async def tree(self, _request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "type": "file",
                    "path": name,
                    "size": path.stat().st_size,
                    "oid": "0" * 40,
                    "lfs": {"oid": self._sha256[name], "size": path.stat().st_size, "pointerSize": 134},
                }
                for name, path in self._files.items()
            ]
        )

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        """As the hub does it: a redirect that tells of the file, to the other host where its bytes are."""
        name = request.match_info["name"]
        headers = {
            "X-Repo-Commit": COMMIT,
            "X-Linked-Size": str(self._files[name].stat().st_size),
            "X-Linked-ETag": f'"{self._sha256[name]}"',
            "Location": str(request.url.with_host("localhost").with_path(f"/cdn/{name}")),
        }
        return web.Response(status=302, headers=headers)

    async def cdn(self, request: web.Request) -> web.StreamResponse:
        path = self._files[request.match_info["name"]]
        size = path.stat().st_size
        part = request.http_range
        start, stop = part.start or 0, min(part.stop or size, size)
        response = web.StreamResponse(status=206 if "Range" in request.headers else 200)
        response.headers["ETag"] = f'"{self._sha256[path.name]}"'
        response.headers["Accept-Ranges"] = "bytes"
        if response.status == 206:
            response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        response.content_length = stop - start
        await response.prepare(request)
        if request.method == "GET":
            await self._send(request, path, start, stop)
        return response

    async def _send(self, request: web.Request, path: Path, start: int, stop: int) -> None:
        """Let the kernel copy: the server is not what is measured."""
        transport = request.transport
        if transport is None:
            return
        if self._buffer is not None:
            sending: socket.socket = transport.get_extra_info("socket")
            sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._buffer)
        with path.open("rb") as file:
            while start < stop:
                count = min(_PIECE, stop - start)
                await asyncio.get_running_loop().sendfile(transport, file, start, count)
                start += count
                self.sent += count


async def main() -> None:
    hub = Hub(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
    app = web.Application()
    app.router.add_get("/api/models/{owner}/{repo}/revision/{revision}", hub.revision)
    app.router.add_get("/api/models/{owner}/{repo}/tree/{revision}", hub.tree)
    app.router.add_get("/{owner}/{repo}/resolve/{revision}/{name}", hub.resolve)
    app.router.add_get("/cdn/{name}", hub.cdn)
    app.router.add_get("/sent", lambda _: asyncio.sleep(0, web.Response(text=str(hub.sent))))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
