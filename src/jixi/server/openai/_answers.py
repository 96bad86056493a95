"""Problems in the form that OpenAI's clients read."""

from collections.abc import Mapping
from typing import Any

import msgspec

from jixi.core.errors import JixiError
from jixi.models.gateway import openai_error
from jixi.server._answer import Answer, refusal_headers
from jixi.server._scope import language_of


def openai_response(scope: Mapping[str, Any], error: JixiError, *extra: tuple[bytes, bytes]) -> Answer:
    """The answer for `error` in the reader's language."""
    language, status = language_of(scope), error.problem.status
    headers = [*refusal_headers(error, status, language), *extra]
    return Answer(status, msgspec.json.encode(openai_error(error, language)), headers)


def openai_event(scope: Mapping[str, Any], error: JixiError) -> bytes:
    """The last event of a stream that `error` cuts."""
    return b"data: %b\n\n" % msgspec.json.encode(openai_error(error, language_of(scope)))
