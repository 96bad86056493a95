"""The answers of engines as far as the gateway reads them, whole ones and chunks of a stream."""

import time
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from jixi.core.principal import Scope
from jixi.core.usage import Usage

OBJECTS: Final = {
    Scope.CHAT: "chat.completion",
    Scope.COMPLETIONS: "text_completion",
    Scope.EMBEDDINGS: "list",
}
CHUNK_OBJECTS: Final = {Scope.CHAT: "chat.completion.chunk", Scope.COMPLETIONS: "text_completion"}
_ID_PREFIXES: Final = {Scope.CHAT: "chatcmpl-", Scope.COMPLETIONS: "cmpl-", Scope.EMBEDDINGS: "embd-"}

Count = Annotated[int, Meta(ge=0)]


class PromptDetails(Struct):
    cached_tokens: Count | None = 0


class WireUsage(Struct):
    """Usage as engines report it."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    prompt_tokens_details: PromptDetails | None = None

    def usage(self) -> Usage:
        cached = (self.prompt_tokens_details.cached_tokens or 0) if self.prompt_tokens_details else 0
        return Usage(
            input_tokens=self.prompt_tokens,
            cached_input_tokens=min(cached, self.prompt_tokens),
            output_tokens=self.completion_tokens,
        )


class Delta(Struct):
    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[Raw] | None = None


class Choice(Struct):
    """A choice of a chunk, of chat (`delta`) or of completions (`text`)."""

    delta: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None

    def says(self) -> bool:
        """Whether it carries something that was generated."""
        delta = self.delta
        if delta is None:
            return bool(self.text)
        return bool(delta.content or delta.tool_calls or delta.reasoning_content or delta.refusal)


class Chunk(Struct):
    choices: list[Choice] = []
    usage: WireUsage | None = None
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    error: Raw | UnsetType = UNSET


class WholeMessage(Struct):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[Raw] | None = None


class WholeChoice(Struct):
    message: WholeMessage | None = None
    text: str | None = None
    finish_reason: str | None = None


class Whole(Struct):
    """An answer that is no stream."""

    choices: list[WholeChoice] | UnsetType = UNSET
    data: list[Raw] | UnsetType = UNSET
    usage: WireUsage | None = None
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""


CHUNK: Final = msgspec.json.Decoder(Chunk)
WHOLE: Final = msgspec.json.Decoder(Whole)
FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
encode: Final = msgspec.json.Encoder().encode


class Envelope(Struct, frozen=True):
    """The fields that every chunk of an answer has in common, in our words."""

    id: str
    object: str
    created: int
    model: str

    @classmethod
    def new(cls, kind: Scope, request_id: str, model: str, *, chunk: bool) -> "Envelope":
        body = request_id.partition("_")[2] or request_id
        objects = CHUNK_OBJECTS if chunk else OBJECTS
        return cls(_ID_PREFIXES[kind] + body, objects[kind], int(time.time()), model)

    def fits(self, chunk: Chunk | Whole) -> bool:
        """Whether a chunk can go out as it came: the public model name, and nothing of the common fields missing."""
        return bool(chunk.model == self.model and chunk.id and chunk.created and chunk.object == self.object)

    def mend(self, payload: bytes, chunk: Chunk | Whole) -> dict[str, Any]:
        """The fields of a chunk with the public model name, and with what the engine left out."""
        fields: dict[str, Any] = dict(FIELDS.decode(payload))
        fields["id"] = chunk.id or self.id
        fields["object"] = self.object
        fields["created"] = chunk.created or self.created
        fields["model"] = self.model
        return fields

    def wrap(self, **fields: Any) -> bytes:
        """A chunk of our own."""
        return encode(
            {
                "id": self.id,
                "object": self.object,
                "created": self.created,
                "model": self.model,
                **fields,
            }
        )


def usage_fields(usage: Usage) -> dict[str, Any]:
    """Usage in OpenAI's form."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }
