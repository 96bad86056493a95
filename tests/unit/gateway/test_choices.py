"""Several answers to one request: each made on its own, all of them one answer to the caller."""

import asyncio

import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.core.usage import Usage
from tests.unit.gateway.fakes import House, ScriptedEngine, chat, said


async def test_each_choice_has_its_own_seed_and_index_and_all_are_charged(house: House) -> None:
    answer = await house.ask(messages=chat("one two"), max_tokens=4, n=3, seed=5)
    texts = [choice["message"]["content"] for choice in answer["choices"]]
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert len(set(texts)) == 3
    assert answer["usage"]["prompt_tokens"] == 2
    assert answer["usage"]["completion_tokens"] == 12
    assert house.meter.settled["req_1"].usage == Usage(input_tokens=2, output_tokens=12)
    alone = await house.ask(messages=chat("one two"), max_tokens=4, seed=6, request_id="req_2")
    assert alone["choices"][0]["message"]["content"] == texts[1]


async def test_streamed_choices_say_the_same_and_cost_the_same(house: House) -> None:
    answer = await house.ask(messages=chat("one two"), max_tokens=4, n=3, seed=5)
    chunks = await house.listen(
        messages=chat("one two"),
        max_tokens=4,
        n=3,
        seed=5,
        request_id="req_2",
        stream_options={"include_usage": True},
    )
    for index, choice in enumerate(answer["choices"]):
        assert said(chunks, index) == choice["message"]["content"]
    ends = [c for one in chunks[:-1] for c in one["choices"] if c["finish_reason"]]
    assert sorted(end["index"] for end in ends) == [0, 1, 2]
    assert len({one["id"] for one in chunks[:-1]}) == 1
    assert chunks[-1] == "[DONE]"
    assert chunks[-2]["usage"] == answer["usage"]
    assert house.meter.settled["req_2"].usage == house.meter.settled["req_1"].usage


async def test_a_defect_in_one_of_several_streams_ends_them_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(house.replica, "progress", broken)
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(house.listen(messages=chat(), n=2), 10)
    assert (await asyncio.wait_for(house.meter.settlement(), 10)).error_code == "internal_error"


async def test_more_choices_than_places_are_made_in_turn(house: House) -> None:
    answer = await house.ask(messages=chat(), max_tokens=2, n=16)
    assert len(answer["choices"]) == 16
    chunks = await house.listen(messages=chat(), max_tokens=2, n=16, request_id="req_2")
    assert len({c["index"] for one in chunks[:-1] for c in one["choices"]}) == 16


async def test_several_prompts_are_answered_in_order(house: House) -> None:
    fields = {"prompt": ["one", "one two"], "max_tokens": 3, "n": 2, "seed": 1}
    answer = await house.ask(Scope.COMPLETIONS, **fields)
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    assert answer["usage"] | {"prompt_tokens_details": None} == {
        "prompt_tokens": 3,
        "completion_tokens": 12,
        "total_tokens": 15,
        "prompt_tokens_details": None,
    }
    alone = await house.ask(Scope.COMPLETIONS, prompt="one two", max_tokens=3, seed=1, request_id="req_2")
    assert alone["choices"][0]["text"] == answer["choices"][2]["text"]
    chunks = await house.listen(Scope.COMPLETIONS, request_id="req_3", **fields)
    for index, choice in enumerate(answer["choices"]):
        parts = [c for one in chunks[:-1] for c in one["choices"] if c["index"] == index]
        assert "".join(part["text"] for part in parts) == choice["text"]


@pytest.mark.parametrize("stream", [False, True])
async def test_one_failing_choice_fails_the_answer_and_frees_every_place(
    scripted: House, engine: ScriptedEngine, stream: bool
) -> None:
    engine.wire = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(JixiError) as caught:
        await scripted.open(messages=chat(), n=9, stream=stream)
    assert caught.value.code == "engine_error"
    assert scripted.meter.settled["req_1"].outcome == "failed"
    assert scripted.replica.in_flight == 0


async def test_a_caller_who_leaves_stops_every_choice(house: House) -> None:
    reply = await house.open(messages=chat(), n=3, max_tokens=500, stream=True, stub={"drip_ms": 5})
    assert reply.stream is not None
    await anext(reply.stream)
    await reply.stream.aclose()
    settled = await house.meter.settlement()
    assert settled.outcome == "cancelled"
    assert 1 <= settled.usage.output_tokens < 60
    assert house.replica.in_flight == 0
