"""The `transformers` engine on tiny random weights: forms, counts, refusals, and that batches change nothing."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jixi.models.engines import EngineClient
from tests.engines.conftest import Start, python_of

pytestmark = pytest.mark.timeout(900)
_TINY = Path(__file__).with_name("tiny.py")


@pytest.fixture(scope="module")
def python() -> Path:
    return python_of("transformers")


def made(python: Path, kind: str, folder: Path) -> dict[str, Path]:
    subprocess.run([str(python), str(_TINY), kind, str(folder)], check=True, timeout=300)
    return {"model": folder}


async def ask(client: EngineClient, path: str, **fields: Any) -> tuple[int, Any]:
    response = await client.send(path, json.dumps({"model": "m", **fields}).encode())
    return response.status, json.loads(await response.read())


async def test_vectors_of_a_text_are_the_same_alone_and_among_others(
    start: Start, python: Path, tmp_path: Path
) -> None:
    files = made(python, "embedding", tmp_path)
    texts = ["the cat", "hello world", *["a b c"] * 20, "the capital of france is paris"]
    async with start(
        "transformers", python, files, context=16, task="embedding", query_prefix="good "
    ) as client:
        status, many = await ask(client, "/v1/embeddings", input=texts)
        assert status == 200, many
        assert many["model"] == "transformers"
        for text, entry in ((texts[0], many["data"][0]), (texts[-1], many["data"][-1])):
            _, alone = await ask(client, "/v1/embeddings", input=text)
            assert alone["data"][0]["embedding"] == pytest.approx(entry["embedding"], abs=1e-5)
            assert math.isclose(sum(x * x for x in entry["embedding"]), 1, abs_tol=1e-4)
        assert alone["usage"]["prompt_tokens"] == 8
        _, question = await ask(client, "/v1/embeddings", input="the cat", input_type="query")
        _, prefixed = await ask(client, "/v1/embeddings", input="good the cat")
        assert question["data"] == prefixed["data"]
        status, refused = await ask(client, "/v1/embeddings", input="cat " * 40)
        assert (status, refused["error"]["code"]) == (400, "context_length_exceeded")
        for body in (b"", b"[]", b'{"input": 7}', b'{"input": []}', b'{"input": [[1]]}'):
            assert (await client.send("/v1/embeddings", body)).status == 400
        assert (await client.send("/v1/rerank", b"{}")).status == 404


async def test_documents_get_scores_in_their_places(start: Start, python: Path, tmp_path: Path) -> None:
    files = made(python, "rerank", tmp_path)
    documents = ["paris is the capital of france", "the dog", "bad"]
    async with start("transformers", python, files, context=32, task="rerank") as client:
        status, answer = await ask(client, "/v1/rerank", query="capital of france", documents=documents)
        assert status == 200, answer
        scores = [result["relevance_score"] for result in answer["results"]]
        assert [result["index"] for result in answer["results"]] == [0, 1, 2]
        assert all(0 < score < 1 for score in scores)
        assert len(set(scores)) == 3
        _, turned = await ask(client, "/v1/rerank", query="capital of france", documents=documents[::-1])
        assert [result["relevance_score"] for result in turned["results"]] == pytest.approx(
            scores[::-1], abs=1e-5
        )
        # [CLS] query [SEP] document [SEP], each time.
        assert answer["usage"]["prompt_tokens"] == (3 + 3 + 6) + (3 + 3 + 2) + (3 + 3 + 1)


async def test_texts_get_a_label_with_its_probability(start: Start, python: Path, tmp_path: Path) -> None:
    files = made(python, "classification", tmp_path)
    async with start("transformers", python, files, context=32, task="classification") as client:
        status, answer = await ask(client, "/v1/classify", input=["good", "bad dog"])
        assert status == 200, answer
        for at, entry in enumerate(answer["data"]):
            best = max(range(3), key=entry["probs"].__getitem__)
            assert (entry["index"], entry["label"]) == (at, ("bad", "fair", "good")[best])
            assert (entry["num_classes"], sum(entry["probs"])) == (3, pytest.approx(1, abs=1e-5))
