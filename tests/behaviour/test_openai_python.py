"""The official Python SDK, unchanged, against real models: every parameter but tools and errors."""

import json
import struct
from base64 import b64decode
from typing import Any, Literal

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, Field

from tests.behaviour.sdk import HELLO, finishes_of, streamed_or_not, words_of
from tests.behaviour.servers import Served

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
both = pytest.mark.parametrize("model", ["stub", "smollm2"])


class Pet(BaseModel):
    kind: Literal["cat", "dog"]
    legs: int = Field(ge=0, le=9)


class Owner(BaseModel):
    pet: Pet
    mood: Literal["glad", "sad"]


def test_models_are_listed_and_one_is_found_by_its_name(client: openai.OpenAI) -> None:
    assert {model.id for model in client.models.list()} == {"stub", "smollm2", "e5"}
    assert client.models.retrieve("smollm2").owned_by == "jixi"
    assert client.models.retrieve("e5").id == "e5"


@both
def test_a_chat_is_answered_with_its_usage(client: openai.OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=HELLO, max_tokens=8)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 8
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.model == model
    assert answer._request_id is not None


@both
def test_a_stream_says_the_same_as_the_whole_answer_and_ends_with_its_usage(
    client: openai.OpenAI, model: str
) -> None:
    options: dict[str, Any] = {
        "model": model,
        "messages": HELLO,
        "max_tokens": 12,
        "temperature": 0,
        "seed": 7,
    }
    whole = client.chat.completions.create(**options)
    chunks = list(
        client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True})
    )
    assert words_of(chunks) == whole.choices[0].message.content
    assert finishes_of(chunks) == [whole.choices[0].finish_reason]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert len({chunk.id for chunk in chunks}) == 1


@both
def test_without_include_usage_no_chunk_has_a_usage(client: openai.OpenAI, model: str) -> None:
    chunks = client.chat.completions.create(model=model, messages=HELLO, max_tokens=4, stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


@both
def test_the_same_seed_gives_the_same_words(client: openai.OpenAI, model: str) -> None:
    def say(seed: int) -> str | None:
        answer = client.chat.completions.create(
            model=model, messages=HELLO, max_tokens=16, seed=seed, temperature=1.0, top_p=0.9
        )
        return answer.choices[0].message.content

    assert say(1) == say(1) != say(2)


def test_without_temperature_or_with_a_narrow_top_p_the_seed_makes_no_difference(
    client: openai.OpenAI,
) -> None:
    ways: list[dict[str, Any]] = [{"temperature": 0}, {"temperature": 1.0, "top_p": 0.01}]
    answers = [
        client.chat.completions.create(model="smollm2", messages=HELLO, max_tokens=8, seed=seed, **way)
        for way in ways
        for seed in (1, 2)
    ]
    assert len({answer.choices[0].message.content for answer in answers}) == 1


@both
@streamed_or_not
def test_n_gives_so_many_answers(client: openai.OpenAI, model: str, stream: bool) -> None:
    options: dict[str, Any] = {"model": model, "messages": HELLO, "max_tokens": 6, "n": 2, "temperature": 1.0}
    if stream:
        chunks = list(
            client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True})
        )
        indexes = {choice.index for chunk in chunks for choice in chunk.choices}
        assert all(words_of(chunks, index) and len(finishes_of(chunks, index)) == 1 for index in (0, 1))
        assert len({chunk.id for chunk in chunks}) == 1
        usage = chunks[-1].usage
    else:
        answer = client.chat.completions.create(**options)
        indexes = {choice.index for choice in answer.choices}
        assert all(choice.message.content and choice.finish_reason for choice in answer.choices)
        usage = answer.usage
    assert indexes == {0, 1}
    assert usage is not None
    assert 2 <= usage.completion_tokens <= 12


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
@both
def test_both_names_of_the_limit_are_kept(client: openai.OpenAI, model: str, limit: str) -> None:
    many: dict[str, Any] = {limit: 3}
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Count from one to a hundred."}], **many
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3


def test_choices_of_one_request_differ_and_its_seed_repeats_them_all(client: openai.OpenAI) -> None:
    def say(seed: int) -> list[str | None]:
        answer = client.chat.completions.create(model="stub", messages=HELLO, max_tokens=8, n=2, seed=seed)
        return [choice.message.content for choice in answer.choices]

    assert say(5) == say(5)
    assert len(set(say(5))) == 2


@both
@pytest.mark.parametrize("as_list", [False, True], ids=["text", "list"])
def test_an_answer_ends_before_its_stop_sequence(client: openai.OpenAI, model: str, as_list: bool) -> None:
    options: dict[str, Any] = {
        "model": model,
        "messages": HELLO,
        "max_tokens": 24,
        "temperature": 0,
        "seed": 1,
    }
    whole = client.chat.completions.create(**options).choices[0].message.content or ""
    word = whole.split()[2]
    stopped = client.chat.completions.create(**options, stop=[word, "§§§"] if as_list else word)
    text = stopped.choices[0].message.content or ""
    assert text.strip() == whole[: whole.index(word)].strip()
    assert stopped.choices[0].finish_reason == "stop"
    chunks = list(client.chat.completions.create(**options, stop=[word], stream=True))
    assert words_of(chunks) == text
    assert finishes_of(chunks) == ["stop"]


@both
@streamed_or_not
@pytest.mark.parametrize("rivals", [None, 0, 2])
def test_logprobs_come_for_each_token_with_as_many_rivals_as_are_asked_for(
    client: openai.OpenAI, model: str, stream: bool, rivals: int | None
) -> None:
    options: dict[str, Any] = {"model": model, "messages": HELLO, "max_tokens": 3, "logprobs": True}
    # Left to chance, the small model may end after a token.
    options |= {"temperature": 0} | ({} if rivals is None else {"top_logprobs": rivals})
    if stream:
        chunks = list(client.chat.completions.create(**options, stream=True))
        parts = [choice.logprobs for chunk in chunks for choice in chunk.choices]
        text = words_of(chunks)
    else:
        (choice,) = client.chat.completions.create(**options).choices
        parts, text = [choice.logprobs], choice.message.content
    tokens = [token for part in parts if part is not None for token in part.content or []]
    assert len(tokens) == 3
    assert "".join(token.token for token in tokens) == text
    assert all(token.logprob <= 0 for token in tokens)
    told = 0 if model == "stub" else rivals or 0
    assert [len(token.top_logprobs) for token in tokens] == [told] * 3


@streamed_or_not
@pytest.mark.parametrize("rivals", [0, 2])
def test_logprobs_of_completions_have_their_own_form(
    client: openai.OpenAI, stream: bool, rivals: int
) -> None:
    options: dict[str, Any] = {"model": "smollm2", "prompt": "Once upon", "max_tokens": 3, "logprobs": rivals}
    answers = (
        client.completions.create(**options, stream=True)
        if stream
        else [client.completions.create(**options)]
    )
    choices = [choice for answer in answers for choice in answer.choices]
    found = [choice.logprobs for choice in choices if choice.logprobs is not None]
    tokens = [token for part in found for token in part.tokens or []]
    offsets = [offset for part in found for offset in part.text_offset or []]
    assert "".join(tokens) == "".join(choice.text for choice in choices)
    assert offsets == [len("".join(tokens[:at])) for at in range(3)]
    assert all(logprob <= 0 for part in found for logprob in part.token_logprobs or [])
    tops = [top for part in found for top in part.top_logprobs or []]
    assert [len(top) for top in tops] == ([2] * 3 if rivals else [])


def test_an_answer_is_text_or_a_json_object_as_its_format_says(client: openai.OpenAI) -> None:
    def say(form: Literal["text", "json_object"]) -> str:
        answer = client.chat.completions.create(
            model="smollm2",
            messages=[{"role": "user", "content": 'Reply with {"ok": true}'}],
            max_tokens=60,
            temperature=0,
            response_format={"type": form} if form == "text" else {"type": "json_object"},
        )
        assert answer.choices[0].finish_reason == "stop" or form == "text"
        return answer.choices[0].message.content or ""

    assert isinstance(json.loads(say("json_object")), dict)
    assert say("text")


@streamed_or_not
def test_a_schema_shapes_the_answer(client: openai.OpenAI, stream: bool) -> None:
    options: dict[str, Any] = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "A person as JSON: Ann, 30."}],
        "max_tokens": 100,
        "temperature": 0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "person", "schema": PERSON, "strict": True},
        },
    }
    if stream:
        text = words_of(client.chat.completions.create(**options, stream=True))
    else:
        text = client.chat.completions.create(**options).choices[0].message.content or ""
    person = json.loads(text)
    assert set(person) == {"name", "age"}
    assert isinstance(person["age"], int)


def test_the_sdk_reads_an_answer_into_a_type_of_ones_own(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(
        model="smollm2",
        messages=[{"role": "user", "content": "An owner with a cat"}],
        max_tokens=100,
        temperature=0,
        response_format=Owner,
    )
    assert isinstance(answer.choices[0].message.parsed, Owner)


def test_a_prompt_that_comes_again_is_counted_as_cached(client: openai.OpenAI) -> None:
    story: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Once upon a time. " * 60}]
    for _ in range(2):
        answer = client.chat.completions.create(model="smollm2", messages=story, max_tokens=2, temperature=0)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    cached = answer.usage.prompt_tokens_details.cached_tokens or 0
    assert 200 < cached <= answer.usage.prompt_tokens
    *_, last = client.chat.completions.create(
        model="smollm2",
        messages=story,
        max_tokens=2,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert last.usage is not None
    assert last.usage.prompt_tokens_details is not None
    assert last.usage.prompt_tokens_details.cached_tokens == cached


@both
def test_completions_work_whole_streamed_and_for_several_prompts(client: openai.OpenAI, model: str) -> None:
    prompts = ["Once upon a time", "The king said"]
    both_ = client.completions.create(model=model, prompt=prompts, max_tokens=5, temperature=0, n=1)
    assert [choice.index for choice in both_.choices] == [0, 1]
    one = client.completions.create(model=model, prompt=prompts[0], max_tokens=5, temperature=0)
    chunks = list(
        client.completions.create(
            model=model,
            prompt=prompts[0],
            max_tokens=5,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = one.choices[0].text
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == text
    assert one.usage is not None
    assert chunks[-1].usage is not None
    assert one.usage.completion_tokens == chunks[-1].usage.completion_tokens == 5
    word = text.split()[1]
    stopped = client.completions.create(
        model=model, prompt=prompts[0], max_tokens=5, temperature=0, stop=word
    )
    assert stopped.choices[0].text.strip() == text[: text.index(word)].strip()
    assert stopped.choices[0].finish_reason == "stop"


def test_embeddings_come_as_numbers_or_packed_and_are_near_where_the_meaning_is(
    client: openai.OpenAI,
) -> None:
    texts = ["The cat sits on the mat.", "一只猫坐在垫子上。", "Quarterly revenue fell by nine percent."]
    found = client.embeddings.create(model="e5", input=texts, encoding_format="float")
    cat, chinese_cat, revenue = (entry.embedding for entry in found.data)
    assert sum(a * b for a, b in zip(cat, chinese_cat, strict=True)) > sum(
        a * b for a, b in zip(cat, revenue, strict=True)
    )
    assert found.usage.prompt_tokens > 0
    raw = client.embeddings.with_raw_response.create(model="e5", input=texts[0], encoding_format="base64")
    packed = b64decode(json.loads(raw.text)["data"][0]["embedding"])
    assert struct.unpack(f"<{len(cat)}f", packed) == pytest.approx(cat, abs=1e-5)
    # Without a format the SDK asks for base64 and unpacks it itself.
    plain = client.embeddings.create(model="e5", input=texts[0], dimensions=len(cat))
    assert plain.data[0].embedding == pytest.approx(cat, abs=1e-5)
    assert [entry.index for entry in found.data] == [0, 1, 2]


def test_a_field_that_only_the_engine_knows_reaches_it(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="smollm2", messages=HELLO, max_tokens=24, temperature=0, extra_body={"ignore_eos": True}
    )
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 24


@both
def test_fields_that_only_openai_itself_heeds_do_no_harm(client: openai.OpenAI, model: str) -> None:
    answer = client.chat.completions.create(
        model=model,
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        ],
        max_tokens=3,
        user="ann",
        metadata={"team": "blue"},
        store=False,
        service_tier="auto",
        parallel_tool_calls=True,
        presence_penalty=0.1,
        frequency_penalty=0.1,
        logit_bias={"11": -1},
    )
    assert answer.choices[0].message.content


async def test_the_sdk_for_async_programs_streams_too(models: Served) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{models.running.url}/v1", api_key=models.key, max_retries=0, timeout=30
    ) as client:
        stream = await client.chat.completions.create(
            model="smollm2", messages=HELLO, max_tokens=4, stream=True
        )
        chunks = [chunk async for chunk in stream]
    assert words_of(chunks)
    assert finishes_of(chunks) == ["length"]
