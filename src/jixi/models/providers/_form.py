"""Vendors that speak OpenAI's form: what they share. Each differs in a few names, fields and error codes."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from jixi.core.principal import Scope
from jixi.models.providers._media import SPEECH, TRANSCRIPTIONS, Sound, fit_fields, sound_form
from jixi.models.providers._vendor import Fault, Need, Outgoing, Refusal, Target, Translation, Words

_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_ENCODE: Final = msgspec.json.Encoder().encode
_JSON: Final = {"Content-Type": "application/json"}
_CONTEXT: Final = re.compile(
    r"maximum context length|context.?window|context.?length|prompt is too long|exceeded model token limit"
    r"|range of input length|input length should be|input is too long|too many tokens|Prompt 超长",
    re.IGNORECASE,
)
_STATUSES: Final[Mapping[int, Fault]] = {
    401: "credential",
    402: "quota",
    403: "credential",
    404: "unknown_model",
    407: "failure",
    408: "failure",
    429: "rate",
    503: "overloaded",
    529: "overloaded",
}


class _Error(Struct):
    message: str | None = ""
    type: str | None = None
    code: str | int | None = None
    param: Any = None


class _Body(Struct):
    """OpenAI nests the error; DashScope and some gateways put code and message at the top."""

    error: _Error | str | None = None
    message: str | None = None
    code: str | int | None = None
    detail: Any = None


class _Listed(Struct):
    id: str


class _List(Struct):
    data: list[_Listed] = []


_BODY: Final = msgspec.json.Decoder(_Body)
_LIST: Final = msgspec.json.Decoder(_List)


class OpenAIForm:
    """A vendor whose paths, bodies and streams are OpenAI's. Subclasses say in what they are not."""

    name: str
    title: Words
    default_base_url: str | None = None
    needs: frozenset[Need] = frozenset({"credential"})
    kinds: frozenset[Scope] = frozenset({Scope.CHAT})
    hint: Words = Words("")

    renamed: ClassVar[Mapping[str, str]] = {}
    """Request fields of chat that the vendor calls by another name."""
    dropped: ClassVar[frozenset[str]] = frozenset()
    """Request fields that we add ourselves and that the vendor does not know."""
    has_tiers: ClassVar[bool] = False
    """Whether its chat knows `service_tier`; where it does not, the usual one is all that may be asked for."""
    codes: ClassVar[Mapping[str, Fault]] = {}
    """What the vendor's own error codes and types mean, where the status does not say it."""

    def request(self, target: Target, path: str, body: bytes) -> Outgoing:
        url = self.url(target, path.removeprefix("/v1"))
        if path == TRANSCRIPTIONS:
            content_type, form = sound_form(target, body)
            return Outgoing(
                url=url, headers={"Content-Type": content_type, **self.headers(target)}, body=form
            )
        fields: dict[str, Any] = dict(_FIELDS.decode(body))
        fields["model"] = target.upstream
        fit_fields(target, path, fields)
        if not (self.has_tiers and path.endswith("/chat/completions")):
            fields.pop("service_tier", None)
        if path.endswith("/chat/completions"):
            for old, new in self.renames(target).items():
                if old in fields:
                    fields.setdefault(new, fields.pop(old))
        for name in self.drops(target):
            fields.pop(name, None)
        return Outgoing(url=url, headers={**_JSON, **self.headers(target)}, body=_ENCODE(fields))

    def url(self, target: Target, path: str) -> str:
        return target.base_url + path

    def headers(self, target: Target) -> dict[str, str]:
        return {} if target.credential is None else {"Authorization": f"Bearer {target.credential}"}

    def renames(self, target: Target) -> Mapping[str, str]:
        return self.renamed

    def drops(self, target: Target) -> frozenset[str]:
        return self.dropped

    def translation(self, path: str) -> Translation | None:
        return Sound() if path == SPEECH else None

    def refusal(self, status: int, body: bytes) -> Refusal:
        return understood(status, read_error(body), self.codes)

    def probe(self, target: Target) -> Outgoing:
        return Outgoing(url=f"{target.base_url}/models", headers=self.headers(target))

    def listed(self, body: bytes) -> list[str]:
        try:
            return [each.id for each in _LIST.decode(body).data]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return []


class Said(Struct, frozen=True):
    """An error body: the words and the names of it."""

    message: str = ""
    names: tuple[str, ...] = ()
    param: str | None = None


def read_error(body: bytes) -> Said:
    """What an error body in OpenAI's form, or in one of its relatives, says."""
    try:
        found = _BODY.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Said()
    error = found.error
    if isinstance(error, str):
        return Said(error)
    if error is None:
        message = found.message or (found.detail if isinstance(found.detail, str) else "")
        return Said(message, () if found.code is None else (str(found.code),))
    names = tuple(str(name) for name in (error.code, error.type) if name is not None)
    return Said(error.message or "", names, error.param if isinstance(error.param, str) else None)


def understood(status: int, said: Said, codes: Mapping[str, Fault]) -> Refusal:
    """The refusal behind a status and an error body; the vendor's own codes count before the status."""
    own: Fault | None = next((codes[name] for name in said.names if name in codes), None)
    fault = own or _STATUSES.get(status)
    is_context = "context_length_exceeded" in said.names or _CONTEXT.search(said.message) is not None
    if is_context and (fault is None or fault in ("context", "request")) and status < 500:
        fault = "context"
    elif fault is None:
        fault = "request" if 400 <= status < 500 else "failure"
    return Refusal(fault=fault, message=said.message, param=said.param)


def segment(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")
