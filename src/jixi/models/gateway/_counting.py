"""How many tokens a chat would be, without asking for an answer: by the engine's own template and vocabulary."""

import asyncio
from typing import Any, Final

import msgspec
from msgspec import Struct

from jixi.models.engines import EngineConnectionError
from jixi.models.gateway._plan import Plan, make_plan
from jixi.models.gateway._ports import Client, Replica
from jixi.models.gateway._requests import Request
from jixi.models.gateway.routing import Lane, Place

_TEMPLATE: Final = "/apply-template"
_TOKENIZE: Final = "/tokenize"
_LONGEST_S: Final = 10
_BYTES_PER_TOKEN: Final = 4


class Count(Struct, frozen=True):
    """`exact` where the engine counted, else from the length of the text: about four bytes to a token."""

    tokens: int
    exact: bool


class _Prompt(Struct):
    prompt: str


class _Tokens(Struct):
    tokens: list[Any]


async def count(request: Request, lane: Lane, place: Place | None, call_id: str, patience_s: float) -> Count:
    """Count what `request` would have `lane` read. Without a place, or where the engine cannot say, it is an estimate.

    Raises `overloaded` or `share_used_up` where it is not the place's turn within `patience_s`.
    """
    if place is not None:
        await _turn(place, patience_s)
        try:
            async with asyncio.timeout(_LONGEST_S):
                replica = place.replica
                plan = make_plan(request, replica.profile, lane.name, replica.asks.get(lane.name, {}))
                return Count(await _by_engine(replica, plan, call_id), True)
        except (EngineConnectionError, TimeoutError, ValueError):
            pass
    return Count(-(-request.most_input(lane.replica().context) // _BYTES_PER_TOKEN), False)


async def _turn(place: Place, patience_s: float) -> None:
    try:
        async with asyncio.timeout(patience_s):
            await place.turn()
    except TimeoutError as error:
        raise place.overloaded() from error


async def _by_engine(replica: Replica, plan: Plan, call_id: str) -> int:
    client = replica.client
    told = msgspec.json.decode(await _post(client, _TEMPLATE, plan.bodies[0], call_id), type=_Prompt)
    asked = msgspec.json.encode({"content": told.prompt, "add_special": True, "parse_special": True})
    return len(msgspec.json.decode(await _post(client, _TOKENIZE, asked, call_id), type=_Tokens).tokens)


async def _post(client: Client, path: str, body: bytes, call_id: str) -> bytes:
    response = await client.send(path, body, request_id=call_id)
    raw = await response.read()
    if response.status != 200:
        raise ValueError(f"{path} answers {response.status}")
    return raw
