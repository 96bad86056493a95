"""Dialects: the forms that vendors speak, translated into each other; pure functions and machines, no I/O.

Owns: OpenAI's chat form and Anthropic's Messages, both ways, and from Responses to chat: requests, whole answers,
streams, errors. Must not: send anything, know prices or routes, drop what changes the meaning of a call: that is
refused with the field's name.
Tests: tests/unit/dialects.
"""

from jixi.models.dialects._answers import completion_to_message, message_to_completion, usage_of_message
from jixi.models.dialects._chunks import ChunksToEvents
from jixi.models.dialects._errors import (
    anthropic_error,
    anthropic_status,
    error_body_to_openai,
    error_to_anthropic,
    error_to_openai,
)
from jixi.models.dialects._events import EventsToChunks
from jixi.models.dialects._from_responses import response_to_chat
from jixi.models.dialects._messages import message_schemas
from jixi.models.dialects._refusals import decoded
from jixi.models.dialects._response_object import Frame, completion_to_response, stored_items
from jixi.models.dialects._response_stream import ChunksToResponse
from jixi.models.dialects._responses import (
    Item,
    ResponseBody,
    read_item,
    read_items,
    read_response_body,
    response_schemas,
)
from jixi.models.dialects._to_chat import messages_to_chat
from jixi.models.dialects._to_messages import DEFAULT_MAX_TOKENS, chat_to_messages

__all__ = [
    "DEFAULT_MAX_TOKENS",
    "ChunksToEvents",
    "ChunksToResponse",
    "EventsToChunks",
    "Frame",
    "Item",
    "ResponseBody",
    "anthropic_error",
    "anthropic_status",
    "chat_to_messages",
    "completion_to_message",
    "completion_to_response",
    "decoded",
    "error_body_to_openai",
    "error_to_anthropic",
    "error_to_openai",
    "message_schemas",
    "message_to_completion",
    "messages_to_chat",
    "read_item",
    "read_items",
    "read_response_body",
    "response_schemas",
    "response_to_chat",
    "stored_items",
    "usage_of_message",
]
