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
    Scope.RERANK: "list",
    Scope.CLASSIFY: "list",
    Scope.TRANSCRIPTIONS: "transcription",
    Scope.SPEECH: "audio",
    Scope.IMAGES: "list",
}
CHUNK_OBJECTS: Final = {
    Scope.CHAT: "chat.completion.chunk",
    Scope.COMPLETIONS: "text_completion",
    Scope.SPEECH: "audio",
}
_ID_PREFIXES: Final = {
    Scope.CHAT: "chatcmpl-",
    Scope.COMPLETIONS: "cmpl-",
    Scope.EMBEDDINGS: "embd-",
    Scope.RERANK: "rerank-",
    Scope.CLASSIFY: "classify-",
    Scope.TRANSCRIPTIONS: "transcript-",
    Scope.SPEECH: "speech-",
    Scope.IMAGES: "img-",
}

Count = Annotated[int, Meta(ge=0)]


class PromptDetails(Struct):
    cached_tokens: Count | None = 0


class WireUsage(Struct):
    """Usage as engines report it."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    total_tokens: Count = 0
    prompt_tokens_details: PromptDetails | None = None
    seconds: float | str | None = None
    """How much sound was heard, where that is what a vendor charges for."""

    def usage(self) -> Usage:
        cached = (self.prompt_tokens_details.cached_tokens or 0) if self.prompt_tokens_details else 0
        return Usage(
            # Rerankers of some vendors name the sum alone.
            input_tokens=self.prompt_tokens or max(0, self.total_tokens - self.completion_tokens),
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


class Ranked(Struct):
    """A document's place in the request, and how well it answers the query."""

    index: Count
    relevance_score: float


class Whole(Struct):
    """An answer that is no stream."""

    choices: list[WholeChoice] | UnsetType = UNSET
    data: list[Raw] | UnsetType = UNSET
    results: list[Ranked] | UnsetType = UNSET
    text: str | UnsetType = UNSET
    duration: float | str | None = None
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

    def fitting(self, payload: bytes, chunk: Chunk | Whole) -> bytes | None:
        """The payload with the name that was asked for, all else as it came; None where a common field is missing.

        Only a member has its name in quotes that are not escaped, so a pair that is there once is the model's.
        """
        if not (chunk.id and chunk.created and chunk.object == self.object):
            return None
        if chunk.model == self.model:
            return payload
        name = encode(chunk.model)
        for pair in (b'"model":' + name, b'"model": ' + name):
            if payload.count(pair) == 1:
                return payload.replace(pair, b'"model":' + encode(self.model))
        return None

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
