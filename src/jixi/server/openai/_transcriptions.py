"""POST of a file of sound: the form becomes a body and a file, as the gateway takes them."""

import re
from typing import Any, Final

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.models.engines import Upload
from jixi.models.gateway import Call, Gateway
from jixi.server._scope import language_of, request_id_of
from jixi.server.http import Departure
from jixi.server.openai._answers import openai_response
from jixi.server.openai._endpoints import Authenticate, send_reply

_MOST_FIELDS: Final = 32
# What goes on to an engine stands in the head of a part, where a quote or a line's end would mean something.
_NAME: Final = re.compile(r"[A-Za-z0-9_]+(\[\])?")
_FLAGS: Final = {"true": True, "false": False}


class TranscriptionEndpoint:
    """The file is held in memory, or beyond a megabyte in a file without a name, which ends with its process."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._authenticate = authenticate

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            principal = await self._authenticate(scope)
            body, audio = await _read(Request(scope, receive))
            with Departure(scope):
                call = Call(
                    principal=principal,
                    kind=Scope.TRANSCRIPTIONS,
                    body=body,
                    request_id=request_id_of(scope),
                    language=language_of(scope),
                    audio=audio,
                )
                await send_reply(await self._gateway.open(call), scope, receive, send)
        except ClientDisconnect:
            return
        except JixiError as error:
            await openai_response(scope, error)(scope, receive, send)


async def _read(request: Request) -> tuple[bytes, Upload | None]:
    """The fields as JSON, and the file. Raises `invalid_value` where it is no such form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise problem("invalid_value", reason="sound is sent as multipart/form-data")
    try:
        async with request.form(max_files=1, max_fields=_MOST_FIELDS) as form:
            file = form.get("file")
            audio = None
            if isinstance(file, UploadFile):
                audio = Upload(file.filename or "", await file.read())
            return msgspec.json.encode(_fields(form)), audio
    except (HTTPException, MultiPartException) as error:
        reason = error.detail if isinstance(error, HTTPException) else error.message
        raise problem("invalid_value", reason=reason.rstrip(".")) from error


def _fields(form: FormData) -> dict[str, Any]:
    """A form knows texts alone: numbers, flags and lists are told by their names. Raises `invalid_value`."""
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name == "file" or not isinstance(value, str):
            continue
        if not _NAME.fullmatch(name):
            raise problem("invalid_value", reason=f"{name!r} is no name of a field")
        if name in ("timestamp_granularities", "timestamp_granularities[]"):
            fields.setdefault("timestamp_granularities", []).append(value)
        elif name == "temperature":
            fields[name] = _number(value)
        else:
            fields[name] = _FLAGS.get(value, value) if name == "stream" else value
    return fields


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
