"""A rotation of the vault seals all four kinds of secrets anew, and nothing is lost with the old key."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from jixi.assembly.house import rotate_vault
from jixi.assembly.settings import Settings
from jixi.core.errors import JixiError
from jixi.core.principal import Principal, Role
from jixi.governance.audit import Keeping, Traces, TraceSelection
from jixi.governance.ledger import Ledger
from jixi.models.answers import FirstAnswer, FirstAnswers
from jixi.models.gateway import Concluded, PrepaidMeter
from jixi.models.providers import Draft, Providers
from jixi.models.responses import Kept, ResponseStore
from jixi.models.sources.outside import Egress
from jixi.storage import Database, Vault
from tests.clocks import FrozenClock
from tests.traces import call

ANN = Principal(tenant_id="ten_1", member_id="mem_1", role=Role.DEVELOPER, key_id="key_1")
ROUTE, BODY = "/v1/chat/completions", b"{}"
ANSWER = FirstAnswer(b"application/json", b'{"ok": true}')
PROMPT = '{"input":"hello"}'
MANY = range(20)
"""More of a kind than is read at once."""
PLACES = {
    "providers": "credential",
    "trace_contents": "request",
    "responses": "content",
    "call_answers": "answer",
}


class Server:
    """What a server that runs meanwhile has of all that is sealed."""

    def __init__(self, database: Database, clock: FrozenClock, vault: Vault, egress: Egress) -> None:
        self.providers = Providers(database, clock, vault, egress)
        self.traces = Traces(database, clock, vault, Keeping(content="full"))
        self.responses = ResponseStore(database, vault, clock, 30)
        meter = PrepaidMeter(Ledger(database, clock), clock)
        self.answers = FirstAnswers(database, vault, clock, nothing_charged, meter)

    async def keep_a_credential_and_a_prompt(self) -> None:
        await self.providers.add(Draft(name="Deep", vendor="deepseek", credential="sk-a-secret-1", models=[]))
        self.traces.take([call("req_1", tenant="ten_1", request=PROMPT.encode())])
        await self.traces.write()

    async def keep_responses_and_answers(self) -> None:
        for number in MANY:
            async with self.responses.room(ANN, f"resp_{number}", []):
                await self.responses.keep(ANN, kept(number))
            claim = await self.answers.find(ANN, ROUTE, f"key-{number}", BODY)
            assert not isinstance(claim, FirstAnswer)
            async with self.answers.turn(claim) as turn:
                await turn.keep(ANSWER)
        await self.answers.find(ANN, ROUTE, "still running", BODY)


async def nothing_charged(tenant_id: str, prefix: str, since: datetime) -> dict[str, Concluded]:
    return {}


def kept(number: int) -> Kept:
    response: dict[str, Any] = {"id": f"resp_{number}", "previous_response_id": None, "output": []}
    return Kept(response, [])


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=SecretStr(database_url))


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return Vault(settings.data_dir / "vault.key")


@pytest.fixture
async def server(database: Database, clock: FrozenClock, vault: Vault) -> AsyncIterator[Server]:
    egress = Egress()
    yield Server(database, clock, vault, egress)
    await egress.close()


async def sealed(database: Database) -> list[str]:
    """Every secret of the database, as it lies there."""
    found: list[str] = []
    async with database.session() as session:
        for table, column in PLACES.items():
            query = text(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')  # noqa: S608
            found += (await session.execute(query)).scalars()
    return found


async def test_all_four_kinds_outlive_the_old_key(
    server: Server, settings: Settings, database: Database, vault: Vault
) -> None:
    await server.keep_a_credential_and_a_prompt()
    await server.keep_responses_and_answers()
    count = 2 + 2 * len(MANY)
    assert len(await sealed(database)) == count
    done = await rotate_vault(settings, drop_old=True)
    assert (done.resealed, done.dropped) == (count, 1)
    vault = Vault(settings.data_dir / "vault.key")
    assert all(vault.is_current(each) for each in await sealed(database))
    trace = await server.traces.get(TraceSelection("ten_1", request_id="req_1"))
    assert json.loads(trace.request or "") == json.loads(PROMPT)
    for number in MANY:
        assert await server.responses.find(ANN, f"resp_{number}") == kept(number)
        assert await server.answers.find(ANN, ROUTE, f"key-{number}", BODY) == ANSWER
    with pytest.raises(JixiError) as running:
        await server.answers.find(ANN, ROUTE, "still running", BODY)
    assert running.value.code == "request_running"
    assert (await rotate_vault(settings, drop_old=False)).resealed == count


async def test_a_lost_credential_stops_a_rotation_before_anything_is_dropped(
    server: Server, settings: Settings
) -> None:
    await server.keep_a_credential_and_a_prompt()
    path = settings.data_dir / "vault.key"
    path.unlink()
    Vault(path)
    with pytest.raises(JixiError) as lost:
        await rotate_vault(settings, drop_old=True)
    assert lost.value.code == "secret_unreadable"
    assert len([line for line in path.read_text().splitlines() if not line.startswith("#")]) == 2


async def test_answers_whose_key_is_lost_hold_no_rotation_up(
    server: Server, settings: Settings, database: Database
) -> None:
    await server.keep_responses_and_answers()
    before = await sealed(database)
    (settings.data_dir / "vault.key").unlink()
    done = await rotate_vault(settings, drop_old=True)
    assert (done.resealed, done.dropped) == (0, 1)
    assert await sealed(database) == before
