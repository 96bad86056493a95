"""Idempotency-Key where something is made: however often its caller tries, one thing is made, whatever process dies."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from starlette.types import ASGIApp

from jixi.models.answers import Claim, FirstAnswer, FirstAnswers
from jixi.server._answer import json_answer
from jixi.server._idempotent import Replay, has_key, key_of
from jixi.server.openai._asked import Asked

_JSON: Final = b"application/json"


class Keyed:
    def __init__(self, answers: FirstAnswers) -> None:
        self._answers = answers

    async def answer(
        self, asked: Asked, content: bytes, make: Callable[[Claim | None], Awaitable[Any]]
    ) -> ASGIApp:
        """What `make` makes, or the answer of the try that made it. `content` tells one request from another.

        `make` gets the claim from which the ids are derived. Raises `request_running`, `idempotency_mismatch`.
        """
        if not has_key(asked.scope):
            return json_answer(await make(None))
        found = await self._answers.find(asked.caller, asked.scope["path"], key_of(asked.scope), content)
        if isinstance(found, FirstAnswer):
            return Replay(found)
        async with self._answers.turn(found) as turn:
            made = await make(found)
            await turn.keep(FirstAnswer(_JSON, msgspec.json.encode(made)))
        return json_answer(made)
