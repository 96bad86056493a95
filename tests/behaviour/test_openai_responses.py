"""The Responses API, as the official Python SDK of OpenAI speaks it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from pydantic import BaseModel, Field

from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.server.app import Running
from tests.behaviour.sdk import streamed_or_not
from tests.behaviour.servers import Served, administrator, new_key, running, wait_until_ready

HELLO = "Say hello to the king."
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER: Any = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}
CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
both = pytest.mark.parametrize("model", ["stub", "smollm2"])


def scripted(**fault: Any) -> str:
    """A question that the stub answers as it is told."""
    return json.dumps({"stub": fault})


class Place(BaseModel):
    city: str = Field(max_length=20)


@both
def test_a_question_is_answered_with_its_usage(client: openai.OpenAI, model: str) -> None:
    answer = client.responses.create(model=model, input=HELLO, max_output_tokens=8)
    assert answer.output_text
    assert answer.id.startswith("resp_")
    assert answer.status in ("completed", "incomplete")
    assert answer.usage is not None
    assert 0 < answer.usage.output_tokens <= 8
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert (answer.model, answer.max_output_tokens) == (model, 8)


@both
def test_a_stream_ends_in_the_same_response(client: openai.OpenAI, model: str) -> None:
    options: Any = {"model": model, "input": HELLO, "max_output_tokens": 12, "temperature": 0}
    whole = client.responses.create(**options)
    events = list(client.responses.create(**options, stream=True))
    words = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    last: Any = events[-1]
    assert words == whole.output_text == last.response.output_text
    assert last.response.usage.output_tokens == whole.usage.output_tokens
    assert last.response.status == whole.status


def test_every_event_of_a_stream_comes_in_its_place(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="stub", input=scripted(say="one two"), stream=True))
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(10))


def test_the_helper_of_the_sdk_finds_the_final_response(client: openai.OpenAI) -> None:
    with client.responses.stream(model="stub", input=scripted(say="one two")) as stream:
        assert stream.get_final_response().output_text == "one two"


def test_instructions_and_items_are_read(client: openai.OpenAI) -> None:
    items: Any = [
        {"role": "user", "content": "one two"},
        {"role": "assistant", "content": "three"},
        {"role": "user", "content": [{"type": "input_text", "text": "four"}]},
    ]
    plain = client.responses.create(model="stub", input=items, max_output_tokens=1)
    longer = client.responses.create(model="stub", input=items, instructions="Be brief", max_output_tokens=1)
    assert plain.usage is not None
    assert longer.usage is not None
    assert (plain.usage.input_tokens, longer.usage.input_tokens) == (4, 6)
    assert longer.instructions == "Be brief"


@streamed_or_not
def test_a_tool_is_called_and_its_result_is_read(client: openai.OpenAI, stream: bool) -> None:
    options: Any = {"model": "stub", "input": scripted(say=CALL), "tools": [WEATHER]}
    if stream:
        events: list[Any] = list(client.responses.create(**options, stream=True))
        answer: Any = events[-1].response
        deltas = [e.delta for e in events if e.type == "response.function_call_arguments.delta"]
        assert json.loads("".join(deltas)) == {"city": "Paris"}
    else:
        answer = client.responses.create(**options)
    (call,) = answer.output
    assert (call.type, call.name, json.loads(call.arguments)) == (
        "function_call",
        "get_weather",
        {"city": "Paris"},
    )
    result: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "Sunny"}]
    final = client.responses.create(
        model="stub", previous_response_id=answer.id, input=result, tools=[WEATHER], max_output_tokens=2
    )
    assert final.output_text
    assert final.previous_response_id == answer.id


def test_a_demanded_tool_is_called_by_a_real_model(client: openai.OpenAI) -> None:
    answer = client.responses.create(
        model="smollm2", input=HELLO, tools=[WEATHER], tool_choice="required", max_output_tokens=200
    )
    (call,) = answer.output
    assert call.type == "function_call"
    assert isinstance(json.loads(call.arguments)["city"], str)


def test_a_schema_shapes_the_answer(client: openai.OpenAI) -> None:
    parsed = client.responses.parse(model="smollm2", input=HELLO, text_format=Place, max_output_tokens=200)
    assert parsed.output_parsed is not None
    assert isinstance(parsed.output_parsed.city, str)


def test_a_later_question_goes_on_from_an_earlier_one(client: openai.OpenAI) -> None:
    first = client.responses.create(model="stub", input="one two three", max_output_tokens=2)
    second = client.responses.create(
        model="stub", input="four", previous_response_id=first.id, max_output_tokens=2
    )
    assert second.usage is not None
    assert second.usage.input_tokens == 3 + 2 + 1
    third = client.responses.create(
        model="stub", input="five", previous_response_id=second.id, max_output_tokens=1
    )
    assert third.usage is not None
    assert third.usage.input_tokens == 3 + 2 + 1 + 2 + 1


@streamed_or_not
def test_what_was_stored_is_read_again_and_deleted(client: openai.OpenAI, stream: bool) -> None:
    items: Any = [{"role": "user", "content": text} for text in ("one", "two", "three")]
    made: Any = client.responses.create(model="stub", input=items, max_output_tokens=2, stream=stream)
    if stream:
        made = list(made)[-1].response
    again = client.responses.retrieve(made.id)
    assert again.output_text == made.output_text
    listed = client.responses.input_items.list(made.id, limit=2, order="asc")
    texts = [item.content[0].text for item in listed]  # pyright: ignore[reportAttributeAccessIssue]
    assert texts == ["one", "two", "three"]
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_what_is_not_to_be_stored_is_not(client: openai.OpenAI) -> None:
    made = client.responses.create(model="stub", input=HELLO, max_output_tokens=1, store=False)
    for action in (
        lambda: client.responses.retrieve(made.id),
        lambda: client.responses.create(model="stub", input="x", previous_response_id=made.id),
    ):
        with pytest.raises(openai.NotFoundError):
            action()


def test_anothers_response_is_as_unknown_as_one_that_never_was(client: openai.OpenAI, models: Served) -> None:
    made = client.responses.create(model="stub", input=HELLO, max_output_tokens=1)
    other = client.with_options(api_key=new_key(models.admin, name="Other"))
    told: list[Any] = []
    actions: list[Callable[[str], Any]] = [
        other.responses.retrieve,
        other.responses.delete,
        other.responses.input_items.list,
        other.responses.cancel,
        lambda name: other.responses.create(model="stub", input="x", previous_response_id=name),
    ]
    for name in (made.id, "resp_0"):
        for action in actions:
            with pytest.raises(openai.NotFoundError) as missing:
                action(name)
            told.append(missing.value.body)
    assert told[:5] == told[5:]
    assert client.responses.retrieve(made.id).id == made.id


def _client(server: Running, admin: Any) -> openai.OpenAI:
    wait_until_ready(admin, 1)
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=new_key(admin), max_retries=0)


def test_who_keeps_as_much_as_it_may_is_told_before_a_model_works(tmp_path: Path) -> None:
    stub = DeploymentSetting(name="stub", engine="stub", options={"request_scripts": True})
    settings = Settings(
        data_dir=tmp_path,
        port=0,
        starter="none",
        ledger_writer="thread",
        max_responses=1,
        deployments=(stub,),
    )
    with running(settings) as server, administrator(server) as admin, _client(server, admin) as client:
        ask = client.responses.create
        with pytest.raises(openai.InternalServerError):
            ask(model="stub", input=scripted(status=500))
        first = ask(model="stub", input=HELLO, max_output_tokens=1)
        for stream in (True, False):
            with pytest.raises(openai.PermissionDeniedError) as full:
                ask(model="stub", input=HELLO, stream=stream)
            assert full.value.code == "responses_full"
            assert '"store": false' in full.value.message
        assert ask(model="stub", input=HELLO, previous_response_id=first.id, store=False).output_text
        assert admin.get("/api/usage").json()["totals"]["calls"] == 3


def test_what_does_not_run_in_the_background_cannot_be_cancelled(client: openai.OpenAI) -> None:
    made = client.responses.create(model="stub", input=HELLO, max_output_tokens=1)
    with pytest.raises(openai.BadRequestError):
        client.responses.cancel(made.id)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"temperature": 3}, "invalid_value", "temperature"),
        ({"input": []}, "invalid_value", "input"),
        ({"tools": [{"type": "web_search"}]}, "invalid_value", "tools[0].type"),
        ({"background": True}, "unsupported_parameter", "background"),
        ({"extra_body": {"mystery": 1}}, "unsupported_parameter", "mystery"),
        ({"model": "smollm2", "input": "word " * 4000}, "context_length_exceeded", "messages"),
    ],
)
def test_a_wrong_question_is_refused_by_name(
    client: openai.OpenAI, fields: dict[str, Any], code: str, param: str
) -> None:
    options: Any = {"model": "stub", "input": HELLO} | fields
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**options)
    assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize("fault", [{"cut_at": 900}, {"end_at": 3}, {"bad_frame": 3}])
@pytest.mark.parametrize("tools", [[], [WEATHER]], ids=["plain", "tools"])
def test_a_stream_that_breaks_raises_and_is_not_kept(
    client: openai.OpenAI, fault: dict[str, int], tools: list[Any]
) -> None:
    stream = client.responses.create(
        model="stub", input=scripted(**fault), max_output_tokens=40, tools=tools, stream=True
    )
    seen: list[Any] = []
    with pytest.raises(openai.APIError) as broken:
        seen.extend(stream)
    assert broken.value.code == "engine_error"
    kinds = [event.type for event in seen]
    assert "response.output_text.delta" in kinds
    assert kinds[-1] == "response.failed"
    assert "response.completed" not in kinds
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(seen[0].response.id)


def test_pages_of_items_are_asked_for_rightly(client: openai.OpenAI, models: Served) -> None:
    made = client.responses.create(model="stub", input=HELLO, max_output_tokens=1)
    headers = {"authorization": f"Bearer {models.key}"}
    with httpx2.Client(base_url=models.running.url, headers=headers) as plain:
        for query in ("limit=0", "limit=x", "order=up", "after=nobody"):
            answer = plain.get(f"/v1/responses/{made.id}/input_items?{query}")
            assert answer.status_code == 400
            assert answer.json()["error"]["param"] == query.partition("=")[0]
