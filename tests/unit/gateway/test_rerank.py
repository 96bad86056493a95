"""Reranking: engines give scores, the gateway the order, the documents and the charge."""

from typing import Any

import msgspec
import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.core.usage import Usage
from tests.unit.gateway.fakes import House, ScriptedEngine

DOCUMENTS = ["Rome is old", "Paris is the capital of France", {"text": "France has a capital"}]


async def rank(house: House, **fields: Any) -> dict[str, Any]:
    return await house.ask(Scope.RERANK, query="capital of France", documents=DOCUMENTS, **fields)


def scored(engine: ScriptedEngine, *results: dict[str, Any], **fields: Any) -> None:
    body = msgspec.json.encode({"results": list(results), **fields})
    engine.wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def test_the_best_documents_come_first_and_are_charged(house: House) -> None:
    answer = await rank(house)
    assert [result["index"] for result in answer["results"]] == [1, 2, 0]
    assert answer["results"][0]["relevance_score"] == 1
    assert answer["model"] == "stub"
    assert "document" not in answer["results"][0]
    usage = house.meter.settled["req_1"].usage
    assert usage == Usage(input_tokens=answer["usage"]["total_tokens"])
    (reserved,) = house.meter.reserved
    assert (reserved.max_output_tokens, reserved.kind) == (0, Scope.RERANK)
    assert reserved.max_input_tokens >= usage.input_tokens


async def test_as_many_as_were_asked_for_come_with_their_documents(house: House) -> None:
    answer = await rank(house, top_n=2, return_documents=True)
    assert [result["document"]["text"] for result in answer["results"]] == [
        "Paris is the capital of France",
        "France has a capital",
    ]


async def test_an_engine_gets_texts_and_what_we_do_not_know(scripted: House, engine: ScriptedEngine) -> None:
    scored(engine, {"index": 0, "relevance_score": 0.5, "document": {"text": "x"}}, usage={"total_tokens": 7})
    await rank(scripted, top_n=1, return_documents=True, truncate_prompt_tokens=9)
    assert engine.paths == ["/v1/rerank"]
    assert engine.bodies[0] == {
        "model": "stub",
        "query": "capital of France",
        "documents": ["Rome is old", "Paris is the capital of France", "France has a capital"],
        "truncate_prompt_tokens": 9,
    }
    assert scripted.meter.settled["req_1"].usage == Usage(input_tokens=7)


async def test_without_usage_the_charge_is_an_estimate(scripted: House, engine: ScriptedEngine) -> None:
    scored(engine, {"index": 0, "relevance_score": 0.5})
    answer = await rank(scripted)
    usage = scripted.meter.settled["req_1"].usage
    assert usage.estimated
    assert answer["usage"]["total_tokens"] == usage.input_tokens > 0


@pytest.mark.parametrize(
    "results",
    [
        [{"index": 3, "relevance_score": 1}],
        [{"index": 0, "relevance_score": 1}, {"index": 0, "relevance_score": 2}],
        [{"index": -1, "relevance_score": 1}],
        [{"index": 0, "relevance_score": "high"}],
        [{"index": 0, "relevance_score": 1e999}],
        [],
    ],
)
async def test_scores_that_make_no_sense_are_the_engines_failure(
    scripted: House, engine: ScriptedEngine, results: list[dict[str, Any]]
) -> None:
    scored(engine, *results)
    with pytest.raises(JixiError) as failed:
        await rank(scripted)
    assert failed.value.code == "engine_error"
    assert scripted.meter.settled["req_1"].outcome == "failed"
