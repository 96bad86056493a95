"""A server on loopback that speaks the protocols of the hubs and of S3, with the faults that real ones show."""

import asyncio
import hashlib
import hmac
import re
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from aiohttp import web

from tests.unit.formats.files import gguf

CONTENT = gguf(bytes(range(256)) * 32768)
NAME = "tiny.gguf"
COMMIT = "c0ffee" + "0" * 34
LARGE = (".gguf", ".safetensors")
_PIECE = 64 * 1024


@dataclass
class ScriptedHub:
    """Has `files` at both hubs' addresses; large ones lie behind a redirect to its CDN, as with the real ones."""

    files: dict[str, bytes] = field(default_factory=lambda: {NAME: CONTENT})
    tag: str = '"v1"'
    page: int = 1000
    """Entries in a page of the list of files."""
    next_page_at: str | None = None
    """Where the list says that its next page is, instead of where it is."""
    digests: dict[str, str] = field(default_factory=dict[str, str])
    """What the list says of a file instead of the truth."""
    sizes: dict[str, int] = field(default_factory=dict[str, int])
    """How large the list says that a file is, instead of the truth."""
    lists_broken: bool = False
    """Hugging Face's list of files is no JSON."""
    token: str | None = None
    """Who does not send it to the hub itself is refused."""
    gated: bool = False
    """The lists are everybody's, and the token is for the files alone."""
    cut_after: int | None = None
    """Close the connection after so many bytes of the next answer; once."""
    cut_every: int | None = None
    """Close every connection after so many bytes."""
    cut_all: bool = False
    """Cut whatever `cut_after` says of every answer, so that trying again brings nothing."""
    cut_for: str = ""
    """Cut only the answers of this hub."""
    stall_after: int | None = None
    """Send so many bytes of every answer and then nothing more, until the client leaves."""
    knows_ranges: bool = True
    chunked: bool = False
    """Do not say how long an answer is."""
    bucket_moved: bool = False
    """Redirect whoever asks the bucket to another host."""
    lie: str | None = None
    """A Content-Range that does not tell what is sent."""
    status: int = 200
    redirect_to: str | None = None
    s3_secret: str | None = None
    ranges: list[str] = field(default_factory=list[str])
    seen: list[tuple[str, Mapping[str, str]]] = field(default_factory=list[tuple[str, Mapping[str, str]]])
    bytes_sent: int = 0
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a connection was closed amid an answer."""
    stalled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody waits for bytes that do not come."""
    on_sent: Callable[[int], object] | None = None
    """Is told how many bytes of files were sent, whenever more were."""
    together: int = 0
    """Answer nobody before so many have asked."""
    crowd: asyncio.Event = field(default_factory=asyncio.Event)
    open: int = 0
    most_open: int = 0
    address: str = ""
    cdn_address: str = ""

    async def revision(self, request: web.Request) -> web.Response:
        self._admit(request, of_list=True)
        return web.json_response({"sha": COMMIT, "id": request.path})

    async def tree(self, request: web.Request) -> web.Response:
        self._admit(request, of_list=True)
        if self.lists_broken:
            return web.Response(text="<html>")
        assert request.match_info["revision"] == COMMIT
        assert request.query["recursive"] == "true"
        start = int(request.query.get("cursor", "0"))
        names = sorted(self.files)[start : start + self.page]
        headers = {}
        if start + self.page < len(self.files):
            following = request.url.update_query(cursor=start + self.page)
            if self.next_page_at is not None:
                following = f"{self.next_page_at}?{following.raw_query_string}"
            headers["Link"] = f'<{following}>; rel="next"'
        listed = [{"type": "directory", "path": "sub", "oid": "0" * 40, "size": 0}]
        return web.json_response([*listed, *map(self._in_tree, names)], headers=headers)

    async def scope_files(self, request: web.Request) -> web.Response:
        self._admit(request, of_list=True)
        assert request.query["Recursive"] == "True"
        files = [
            {"Path": name, "Type": "blob", "Size": len(data), "Sha256": self._sha256(name), "Revision": "r1"}
            for name, data in self.files.items()
        ]
        tree = {"Path": "sub", "Type": "tree", "Size": 0, "Sha256": ""}
        data = {"Files": [tree, *files], "LatestCommitter": {"Id": COMMIT}, "TotalCount": len(files) + 1}
        return web.json_response({"Code": 200, "Data": data, "Success": True})

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        self._admit(request)
        name = request.match_info["name"]
        if self.redirect_to or name.endswith(LARGE):
            hub = "modelscope" if request.path.startswith("/models/") else "huggingface"
            raise web.HTTPFound(self.redirect_to or f"{self.cdn_address}/cdn/{name}?for={hub}")
        return await self._send(request, name)

    async def cdn(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, request.match_info["name"])

    async def bucket(self, request: web.Request) -> web.StreamResponse:
        """An object of the bucket `models`, or the list of them; signed where a secret is set."""
        if self.s3_secret is not None and not self._signed(request):
            return web.Response(status=403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>")
        key = request.match_info.get("key", "")
        if not key:
            prefix = request.query["prefix"]
            keys = "".join(
                f"<Contents><Key>{escape(prefix + name)}</Key><Size>{len(data)}</Size></Contents>"
                for name, data in self.files.items()
            )
            return web.Response(text=f"<ListBucketResult>{keys}</ListBucketResult>")
        if self.bucket_moved:
            raise web.HTTPTemporaryRedirect(f"{self.cdn_address}/cdn/{key.rpartition('/')[2]}")
        return await self._send(request, key.rpartition("/")[2])

    def _signed(self, request: web.Request) -> bool:
        """Whether the request carries the signature that the secret gives, computed anew from what arrived."""
        told = request.headers.get("Authorization", "")
        found = re.search(r"Credential=\w+/((\d{8})/([\w-]+)/s3/aws4_request), SignedHeaders=([\w;-]+)", told)
        assert found is not None
        assert self.s3_secret is not None
        headers = "".join(f"{name}:{request.headers[name]}\n" for name in found[4].split(";"))
        body = request.headers["x-amz-content-sha256"]
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(request.query.items()))
        lines = ["GET", quote(request.path), query, headers, found[4], body]
        canonical = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{found[1]}\n{canonical}"
        key = b"AWS4" + self.s3_secret.encode()
        for step in (found[2], found[3], "s3", "aws4_request"):
            key = hmac.digest(key, step.encode(), "sha256")
        return told.endswith(hmac.digest(key, text.encode(), "sha256").hex())

    def _admit(self, request: web.Request, *, of_list: bool = False) -> None:
        self.seen.append((f"hub {request.path}", dict(request.headers)))
        if self.status != 200:
            raise _Refusal(self.status)
        sent = f"{request.headers.get('Authorization', '')} {request.headers.get('Cookie', '')}"
        if self.token is not None and self.token not in sent and not (of_list and self.gated):
            raise web.HTTPUnauthorized

    def _in_tree(self, name: str) -> dict[str, Any]:
        data = self.files[name]
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        item = {"type": "file", "path": name, "size": len(data), "oid": self.digests.get(name, blob)}
        if name.endswith(LARGE):
            size = self.sizes.get(name, len(data))
            item["lfs"] = {"oid": self._sha256(name), "size": size, "pointerSize": 134}
        return item

    def _sha256(self, name: str) -> str:
        return self.digests.get(name, digest_of(self.files[name]))

    async def _send(self, request: web.Request, name: str) -> web.StreamResponse:
        self.seen.append((f"file {name}", dict(request.headers)))
        if name not in self.files:
            raise web.HTTPNotFound
        content, asked = self.files[name], request.headers.get("Range", "")
        self.ranges.append(asked)
        start, end, status, headers = 0, len(content), 200, {"ETag": self.tag}
        if asked and self.knows_ranges and request.headers.get("If-Range", self.tag) == self.tag:
            first, last = asked.removeprefix("bytes=").split("-")
            start, end, status = int(first), min(int(last) + 1 if last else len(content), len(content)), 206
            headers["Content-Range"] = self.lie or f"bytes {start}-{end - 1}/{len(content)}"
        response = web.StreamResponse(status=status, headers=headers)
        if self.chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = end - start
        await response.prepare(request)
        assert request.transport is not None
        # What is sent has left: else the kernel keeps megabytes that a client which dies has never seen.
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIECE)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        if self.open >= self.together:
            self.crowd.set()
        try:
            await self.crowd.wait()
            await self._write(request, response, content[start:end])
        finally:
            self.open -= 1
        return response

    async def _write(self, request: web.Request, response: web.StreamResponse, body: bytes) -> None:
        limit = self.cut_after if self.cut_after is not None else self.cut_every
        if request.query.get("for", "") not in (self.cut_for or request.query.get("for", "")):
            limit = None
        if not self.cut_all:
            self.cut_after = None
        if self.stall_after is not None:
            await response.write(body[: self.stall_after])
            self.stalled.set()
            await asyncio.Event().wait()
        for at in range(0, min(len(body), limit if limit is not None else len(body)), _PIECE):
            piece = body[at : min(at + _PIECE, limit if limit is not None else len(body))]
            await response.write(piece)
            self.bytes_sent += len(piece)
            if self.on_sent is not None:
                self.on_sent(self.bytes_sent)
        if limit is not None and limit < len(body):
            assert request.transport is not None
            request.transport.close()
            self.cut.set()


class _Refusal(web.HTTPException):
    def __init__(self, status: int) -> None:
        self.status_code = status
        super().__init__()


@asynccontextmanager
async def running_hub() -> AsyncGenerator[ScriptedHub]:
    hub = ScriptedHub()
    app = web.Application()
    app.router.add_get("/{owner}/{repo}/resolve/{revision}/{name:.+}", hub.resolve)
    app.router.add_get("/models/{owner}/{repo}/resolve/{revision}/{name:.+}", hub.resolve)
    app.router.add_get("/api/models/{owner}/{repo}/revision/{revision}", hub.revision)
    app.router.add_get("/api/models/{owner}/{repo}/tree/{revision}", hub.tree)
    app.router.add_get("/api/v1/models/{owner}/{repo}/repo/files", hub.scope_files)
    app.router.add_get("/bucket-of-models", hub.bucket)
    app.router.add_get("/bucket-of-models/{key:.+}", hub.bucket)
    app.router.add_get("/cdn/{name:.+}", hub.cdn)
    # A client that leaves ends its handler, also one that stalls on purpose.
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    for _ in range(2):
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    # Two ports, as a hub and its CDN are two hosts.
    hub.address, hub.cdn_address = (site.name for site in runner.sites)
    yield hub
    await runner.cleanup()


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
