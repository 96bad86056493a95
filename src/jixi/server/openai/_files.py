"""/v1/files: what batches read and what they have written."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from hashlib import sha256
from typing import Any, Final, get_args

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jixi.core.errors import problem
from jixi.models.answers import Claim, FirstAnswers
from jixi.models.batches import File, Files, Purpose
from jixi.server._answer import json_answer
from jixi.server._idempotent import has_key
from jixi.server.openai._asked import Asked, AskedEndpoint, listing, seconds
from jixi.server.openai._endpoints import Authenticate
from jixi.server.openai._keyed import Keyed

_DEFAULT_PAGE, _MOST_PAGE = 10_000, 10_000
_LONGEST_NAME: Final = 255
_CHUNK: Final = 1024 * 1024


def file_routes(files: Files, answers: FirstAnswers, authenticate: Authenticate) -> list[Route]:
    api = FilesApi(files, Keyed(answers))
    return [
        Route("/v1/files", AskedEndpoint(authenticate, api.create), methods=["POST"]),
        Route("/v1/files", AskedEndpoint(authenticate, api.list), methods=["GET"]),
        Route("/v1/files/{id}", AskedEndpoint(authenticate, api.get), methods=["GET"]),
        Route("/v1/files/{id}", AskedEndpoint(authenticate, api.remove), methods=["DELETE"]),
        Route("/v1/files/{id}/content", AskedEndpoint(authenticate, api.content), methods=["GET"]),
    ]


class FilesApi:
    def __init__(self, files: Files, keyed: Keyed) -> None:
        self._files = files
        self._keyed = keyed

    async def create(self, asked: Asked) -> ASGIApp:
        request = Request(asked.scope, asked.receive)
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise problem("invalid_value", reason="a file is sent as multipart/form-data")
        try:
            async with request.form(max_files=1, max_fields=10) as form:
                if form.get("purpose") != "batch":
                    raise problem("invalid_value", param="purpose", reason="purpose: it must be 'batch'")
                upload = form.get("file")
                if not isinstance(upload, UploadFile):
                    raise problem("invalid_value", param="file", reason="file: it is missing")
                return await self._keep(asked, upload)
        except (HTTPException, MultiPartException) as error:
            reason = error.detail if isinstance(error, HTTPException) else error.message
            raise problem("invalid_value", reason=reason.rstrip(".")) from error
        except ClientDisconnect:
            return _nobody

    async def _keep(self, asked: Asked, upload: UploadFile) -> ASGIApp:
        name = _plain(upload.filename or "")

        async def make(claim: Claim | None) -> dict[str, Any]:
            file_id = claim and claim.id("file")
            return _object(await self._files.add(asked.caller, name, _chunks(upload), file_id=file_id))

        # The form around a file has a boundary that is drawn anew for each try.
        content = await _digest(upload) if has_key(asked.scope) else b""
        return await self._keyed.answer(asked, name.encode() + b"\0" + content, make)

    async def list(self, asked: Asked) -> ASGIApp:
        limit, page = asked.page(_DEFAULT_PAGE, _MOST_PAGE)
        purpose: Any = asked.one("purpose")
        if purpose is not None and purpose not in get_args(Purpose):
            return json_answer(listing([], limit))
        found = await self._files.page(asked.caller.tenant_id, page, owner=asked.owner, purpose=purpose)
        return json_answer(listing([_object(file) for file in found], limit))

    async def get(self, asked: Asked) -> ASGIApp:
        return json_answer(_object(await self._find(asked)))

    async def remove(self, asked: Asked) -> ASGIApp:
        await self._files.remove(asked.caller.tenant_id, asked.id, owner=asked.owner)
        return json_answer({"id": asked.id, "object": "file", "deleted": True})

    async def content(self, asked: Asked) -> ASGIApp:
        file = await self._find(asked)
        return _Content(self._files, file)

    async def _find(self, asked: Asked) -> File:
        return await self._files.get(asked.caller.tenant_id, asked.id, owner=asked.owner)


class _Content:
    """The bytes of a file, as an ASGI app that lets go of the file however it ends."""

    def __init__(self, files: Files, file: File) -> None:
        self._files = files
        self._file = file

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"application/octet-stream"),
            (b"content-length", str(self._file.bytes).encode()),
            (b"cache-control", b"private, no-store"),
        ]
        async with aclosing(self._files.read(self._file)) as chunks:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk


async def _digest(upload: UploadFile) -> bytes:
    digest = sha256()
    async for chunk in _chunks(upload):
        digest.update(chunk)
    await upload.seek(0)
    return digest.digest()


async def _nobody(*_: Any) -> None:
    """The caller left before the whole file was here: there is nobody to answer."""


def _plain(name: str) -> str:
    """A name to show; it leads nowhere."""
    shown = "".join(letter for letter in name if letter.isprintable())
    return shown[:_LONGEST_NAME] or "file"


def _object(file: File) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": seconds(file.created_at),
        "expires_at": seconds(file.expires_at),
        "filename": file.filename,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }
