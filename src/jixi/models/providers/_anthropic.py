"""Anthropic: the Claude models, over the Messages API."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

from jixi.core.principal import Scope
from jixi.core.usage import Usage
from jixi.models.dialects import (
    DEFAULT_MAX_TOKENS,
    EventsToChunks,
    chat_to_messages,
    message_to_completion,
    usage_of_message,
)
from jixi.models.providers._form import OpenAIForm, read_error, understood
from jixi.models.providers._mending import Lines, payload_of
from jixi.models.providers._vendor import Fault, Need, Outgoing, Refusal, Target, Translation, Words

_VERSION: Final = "2023-06-01"
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_UNBILLED: Final = "credit balance"
# 529 is "overloaded", and 402 comes with accounts that are billed otherwise than by credit.
_CODES: Final[Mapping[str, Fault]] = {
    "authentication_error": "credential",
    "permission_error": "credential",
    "billing_error": "quota",
    "not_found_error": "unknown_model",
    "rate_limit_error": "rate",
    "overloaded_error": "overloaded",
    "api_error": "failure",
    "timeout_error": "failure",
}


class Anthropic:
    """https://docs.claude.com/en/api: key in `x-api-key`, the API's date in `anthropic-version`, no embeddings.

    Errors: docs.claude.com/en/api/errors. An empty account answers 400 and says so in words alone.
    """

    name = "anthropic"
    title = Words("Anthropic")
    default_base_url: str | None = "https://api.anthropic.com"
    needs: frozenset[Need] = frozenset({"credential"})
    kinds = frozenset({Scope.CHAT})
    hint = Words(
        "API keys: console.anthropic.com/settings/keys",
        "API 密钥：console.anthropic.com/settings/keys",
    )

    def request(self, target: Target, path: str, body: bytes) -> Outgoing:
        """The model's own name decides what it takes, so it is put in before the translation."""
        fields = _FIELDS.decode(body)
        fields["model"] = Raw(msgspec.json.encode(target.upstream))
        limit = target.max_output or DEFAULT_MAX_TOKENS
        translated = chat_to_messages(msgspec.json.encode(fields), default_max_tokens=limit)
        headers = {"Content-Type": "application/json", **_headers(target)}
        return Outgoing(url=f"{_root(target)}/v1/messages", headers=headers, body=translated)

    def translation(self, path: str) -> Translation | None:
        return _FromMessages()

    def refusal(self, status: int, body: bytes) -> Refusal:
        said = read_error(body)
        if _UNBILLED in said.message:
            return Refusal(fault="quota", message=said.message)
        return understood(status, said, _CODES)

    def probe(self, target: Target) -> Outgoing:
        return Outgoing(url=f"{_root(target)}/v1/models?limit=1000", headers=_headers(target))

    def listed(self, body: bytes) -> list[str]:
        return OpenAIForm().listed(body)


class _FromMessages:
    """One answer of the Messages API in OpenAI's form."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._chunks = EventsToChunks()
        self._body = b""

    @property
    def used(self) -> Usage | None:
        return usage_of_message(self._body) if self._body else self._chunks.used

    def whole(self, body: bytes) -> bytes:
        self._body = body
        return message_to_completion(body)

    def feed(self, block: bytes) -> bytes:
        return self._said(self._lines.feed(block))

    def end(self) -> bytes:
        return self._said(self._lines.end())

    def _said(self, lines: bytes) -> bytes:
        """Each event's data is one line; its name is in the data too, so other lines tell nothing new."""
        payloads = [payload for line in lines.splitlines() if (payload := payload_of(line))]
        chunks = [chunk for payload in payloads for chunk in self._chunks.feed(payload)]
        return b"".join(b"data: " + chunk + b"\n\n" for chunk in chunks)


def _headers(target: Target) -> dict[str, str]:
    headers = {"anthropic-version": _VERSION}
    if target.credential is not None:
        headers["x-api-key"] = target.credential
    return headers


def _root(target: Target) -> str:
    return target.base_url.removesuffix("/v1")
