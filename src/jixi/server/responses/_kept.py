"""/v1/responses/{id}: what was kept, read again and deleted by whoever made it."""

from abc import ABC, abstractmethod
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Principal
from jixi.models.responses import ResponseStore
from jixi.server._answer import Answer, json_answer
from jixi.server.openai import openai_response
from jixi.server.responses._create import Authenticate

_MOST: Final = 100
_USUAL: Final = 20


class _OfOne(ABC):
    """An endpoint for one kept Response."""

    def __init__(self, store: ResponseStore, authenticate: Authenticate) -> None:
        self.store = store
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = await self._authenticate(scope)
            answer = await self.answer(scope, caller, scope["path_params"]["response_id"])
        except JixiError as error:
            answer = openai_response(scope, error)
        await answer(scope, receive, send)

    @abstractmethod
    async def answer(self, scope: Scope, caller: Principal, name: str) -> Answer: ...


class KeptEndpoint(_OfOne):
    """GET and DELETE of a Response."""

    async def answer(self, scope: Scope, caller: Principal, name: str) -> Answer:
        if scope["method"] == "DELETE":
            await self.store.delete(caller, name)
            return json_answer({"id": name, "object": "response", "deleted": True})
        if _query(scope).get("stream") == "true":
            raise problem("unsupported_parameter", name="stream", param="stream")
        return json_answer((await self.store.find(caller, name)).response)


class InputItemsEndpoint(_OfOne):
    """GET of what a Response answered, the newest item first unless it is asked for otherwise."""

    async def answer(self, scope: Scope, caller: Principal, name: str) -> Answer:
        query = _query(scope)
        limit, order = _limit(query.get("limit")), query.get("order", "desc")
        if order not in ("asc", "desc"):
            raise problem("invalid_value", reason="order: it is 'asc' or 'desc'", param="order")
        items = (await self.store.find(caller, name)).items
        if order == "desc":
            items = items[::-1]
        if after := query.get("after"):
            places = [place for place, item in enumerate(items) if item["id"] == after]
            if not places:
                raise problem("invalid_value", reason="after: there is no such item", param="after")
            items = items[places[0] + 1 :]
        page = items[:limit]
        answer: dict[str, Any] = {"object": "list", "data": page, "has_more": len(items) > len(page)}
        answer["first_id"] = page[0]["id"] if page else None
        answer["last_id"] = page[-1]["id"] if page else None
        return json_answer(answer)


class CancelEndpoint(_OfOne):
    """POST to cancel: only what runs in the background could be, and nothing does."""

    async def answer(self, scope: Scope, caller: Principal, name: str) -> Answer:
        await self.store.find(caller, name)
        raise problem("invalid_value", reason="only a response that runs in the background can be cancelled")


def _query(scope: Scope) -> dict[str, str]:
    sent = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {name: values[-1] for name, values in sent.items()}


def _limit(text: str | None) -> int:
    if text is None:
        return _USUAL
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _MOST):
        raise problem("invalid_value", reason=f"limit: it is a number from 1 to {_MOST}", param="limit")
    return int(text)
