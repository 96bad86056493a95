"""Providers are kept sealed, known to every process, and honest about how they are doing."""

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.engines import EngineConnectionError
from jixi.models.providers import Draft
from jixi.storage import Database, Vault
from tests.clocks import FrozenClock
from tests.unit.providers.conftest import Open, model
from tests.vendors.server import Vendors
from tests.vendors.shapes import CREDENTIAL

PATH = "/v1/chat/completions"


def body(words: str = "hello") -> bytes:
    return json.dumps({"model": "deep-chat", "messages": [{"role": "user", "content": words}]}).encode()


async def dump(database: Database) -> str:
    """Everything that the tables of providers hold, as text."""
    async with database.session() as session:
        rows = [
            *(await session.execute(text("SELECT * FROM providers"))),
            *(await session.execute(text("SELECT * FROM provider_models"))),
        ]
    return "\n".join(map(str, rows))


async def test_a_credential_lies_sealed_in_the_database_and_is_shown_to_nobody(
    open_providers: Open, draft: Draft, database: Database
) -> None:
    made = await open_providers().add(draft)
    stored = await dump(database)
    assert "deep-chat" in stored
    assert CREDENTIAL not in stored
    assert CREDENTIAL not in repr(made)
    assert made.credential_hint == f"…{CREDENTIAL[-4:]}"


async def test_what_one_process_changes_another_knows_at_its_next_look(
    open_providers: Open, draft: Draft
) -> None:
    here, there = open_providers(), open_providers()
    made = await here.add(draft)
    with pytest.raises(JixiError, match="does not exist"):
        there.replicas("deep-chat")
    await there.refresh()
    (replica,) = there.replicas("deep-chat")
    answer = await replica.client.send(PATH, body())
    assert answer.status == 200
    await answer.read()
    await here.change(made.id, models=[model("deep-chat", upstream="deepseek-v5")])
    await there.refresh()
    (renewed,) = there.replicas("deep-chat")
    assert renewed is not replica
    await here.remove(made.id)
    await there.refresh()
    assert list(there.listings()) == []


async def test_a_replica_stays_the_same_while_nothing_changes(open_providers: Open, draft: Draft) -> None:
    providers = open_providers()
    await providers.add(draft)
    before = providers.replicas("deep-chat")
    await providers.refresh()
    assert providers.replicas("deep-chat") == before
    assert before[0].profile.tools == "native"
    assert before[0].spec.parallel == 16


async def test_what_a_vendor_sells_beside_tokens_cannot_be_bought_through_us(
    open_providers: Open, draft: Draft
) -> None:
    providers = open_providers()
    await providers.add(draft)
    (replica,) = providers.replicas("deep-chat")
    assert {"web_search_options", "enable_search"} <= replica.profile.refused
    assert replica.profile.tiers == ("auto", "default", None)


async def test_the_upkeep_looks_again_within_five_seconds(open_providers: Open, draft: Draft) -> None:
    here, there = open_providers(), open_providers()
    await there.start()
    try:
        await here.add(draft)
        async with asyncio.timeout(60):
            while "deep-chat" not in there.names():
                await asyncio.to_thread(threading.Event().wait, 0.05)
    finally:
        await there.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"vendor": "nobody"}, "invalid_value", "vendor"),
        ({"credential": None}, "invalid_value", "credential"),
        ({"credential": "with space"}, "invalid_value", "credential"),
        ({"credential": "two\r\nlines"}, "invalid_value", "credential"),
        ({"vendor": "compatible", "base_url": None}, "invalid_value", "base_url"),
        ({"vendor": "azure"}, "invalid_value", "api_version"),
        ({"base_url": "https://api.example.com/v1?x=1"}, "invalid_value", "base_url"),
        ({"base_url": "http://api.example.com/v1"}, "egress_refused", None),
        ({"base_url": "https://10.0.0.1/v1"}, "egress_refused", None),
        ({"base_url": "https://user:word@api.example.com/v1"}, "egress_refused", None),
        ({"models": [model("x", kinds=frozenset({Scope.EMBEDDINGS}))]}, "invalid_value", "models[0].kinds"),
        ({"models": [model("x", kinds=frozenset())]}, "invalid_value", "models[0].kinds"),
        ({"models": [model("x", max_output=64_001)]}, "invalid_value", "models[0].max_output"),
        ({"models": [model("x"), model("x")]}, "name_taken", "models[0].name"),
        ({"models": [model("local")]}, "name_taken", "models[0].name"),
    ],
)
async def test_a_provider_that_cannot_work_is_refused_with_the_field_at_fault(
    open_providers: Open,
    draft: Draft,
    database: Database,
    changes: dict[str, Any],
    code: str,
    param: str | None,
) -> None:
    providers = open_providers(taken=frozenset({"local"}))
    with pytest.raises(JixiError) as caught:
        await providers.add(replace(draft, **changes))
    assert (caught.value.code, caught.value.param) == (code, param)
    assert CREDENTIAL not in caught.value.message()
    assert await dump(database) == ""


async def test_names_are_unique_across_providers_and_processes(open_providers: Open, draft: Draft) -> None:
    here, there = open_providers(), open_providers()
    await here.add(draft)
    for clash, refusal in (
        (replace(draft, name="Other"), ("name_taken", "models[0].name")),
        (replace(draft, models=[model("other")]), ("conflict", None)),
    ):
        with pytest.raises(JixiError) as caught:
            await there.add(clash)
        assert (caught.value.code, caught.value.param) == refusal
    await there.add(replace(draft, name="Other", models=[model("other")]))


async def test_a_kept_credential_does_not_go_to_another_server(open_providers: Open, draft: Draft) -> None:
    providers = open_providers()
    made = await providers.add(draft)
    with pytest.raises(JixiError) as caught:
        await providers.change(made.id, base_url="https://elsewhere.example.com")
    assert (caught.value.code, caught.value.param) == ("invalid_value", "credential")
    moved = await providers.change(
        made.id, base_url="https://elsewhere.example.com", credential="sk-another-key-0000"
    )
    assert (moved.base_url, moved.credential_hint) == ("https://elsewhere.example.com", "…0000")
    assert (await providers.change(made.id, base_url="https://elsewhere.example.com/v1")).version == 3


async def test_a_change_of_an_old_version_is_refused(open_providers: Open, draft: Draft) -> None:
    providers = open_providers()
    made = await providers.add(draft)
    await providers.change(made.id, name="Deeper", version=1)
    for act in (
        providers.change(made.id, name="Deepest", version=1),
        providers.remove(made.id, version=1),
    ):
        with pytest.raises(JixiError) as caught:
            await act
        assert caught.value.code == "precondition_failed"
    assert providers.get(made.id).name == "Deeper"
    assert "deep-chat" in providers.names()


async def test_an_unknown_provider_is_not_found(open_providers: Open) -> None:
    providers = open_providers()
    for act in (providers.change("prv_0", name="x"), providers.remove("prv_0"), providers.check("prv_0")):
        with pytest.raises(JixiError) as caught:
            await act
        assert caught.value.code == "not_found"


async def test_a_disabled_provider_takes_no_calls_and_keeps_its_names(
    open_providers: Open, draft: Draft
) -> None:
    providers = open_providers()
    made = await providers.add(draft)
    off = await providers.change(made.id, enabled=False)
    assert off.state == "disabled"
    assert list(providers.listings()) == []
    with pytest.raises(JixiError) as caught:
        providers.replicas("deep-chat")
    assert caught.value.code == "model_unavailable"
    with pytest.raises(JixiError) as caught:
        await providers.add(replace(draft, name="Other"))
    assert caught.value.code == "name_taken"


async def test_a_lost_key_is_a_reason_and_no_crash(
    open_providers: Open, draft: Draft, vault_path: Path
) -> None:
    made = await open_providers().add(draft)
    kept = vault_path.read_bytes()
    vault_path.unlink()
    providers = open_providers()
    await providers.refresh()
    shown = providers.get(made.id)
    assert shown.state == "failing"
    assert shown.reason is not None
    assert shown.reason.code == "secret_unreadable"
    with pytest.raises(JixiError) as caught:
        providers.replicas("deep-chat")
    assert caught.value.code == "model_unavailable"
    assert not (await providers.check(made.id)).ok
    vault_path.write_bytes(kept)
    await providers.refresh()
    assert providers.replicas("deep-chat")
    assert (await providers.check(made.id)).ok


async def test_a_new_credential_mends_a_lost_key(
    open_providers: Open, draft: Draft, vault_path: Path
) -> None:
    made = await open_providers().add(draft)
    vault_path.unlink()
    providers = open_providers()
    await providers.refresh()
    await providers.change(made.id, credential=CREDENTIAL)
    assert (await providers.check(made.id)).ok


async def test_rotation_seals_every_credential_anew_while_others_work(
    open_providers: Open, draft: Draft, database: Database, vault_path: Path
) -> None:
    here, there = open_providers(), open_providers()
    made = await here.add(draft)
    before = await dump(database)
    Vault(vault_path).add_key()
    rotating = open_providers()
    assert await rotating.rewrap() == 1
    assert await rotating.rewrap() == 0
    assert await dump(database) != before
    Vault(vault_path).drop_old_keys()
    await there.refresh()
    assert (await there.check(made.id)).ok
    await here.refresh()
    assert (await here.check(made.id)).ok
    assert here.get(made.id).version == made.version


async def test_its_state_follows_checks_and_calls_and_reaches_other_processes(
    open_providers: Open, draft: Draft, clock: FrozenClock
) -> None:
    here, there = open_providers(), open_providers()
    made = await here.add(draft)
    assert (made.state, made.checked_at) == ("unchecked", None)
    assert (await here.check(made.id)).ok
    await there.refresh()
    assert (there.get(made.id).state, there.get(made.id).checked_at) == ("ready", clock.now())
    clock.advance(60)
    (replica,) = here.replicas("deep-chat")
    with pytest.raises(JixiError) as caught:
        await replica.client.send(PATH, body("fault quota"))
    assert caught.value.code == "provider_quota_exhausted"
    failing = here.get(made.id)
    assert failing.state == "failing"
    assert failing.reason is not None
    assert failing.reason.code == "provider_quota_exhausted"
    await (await replica.client.send(PATH, body())).read()
    assert here.get(made.id).state == "ready"


async def test_one_failure_of_the_vendor_is_none_and_three_in_a_row_are_one(
    open_providers: Open, draft: Draft
) -> None:
    providers = open_providers()
    made = await providers.add(draft)
    (replica,) = providers.replicas("deep-chat")
    states: list[str] = []
    for words in (
        "fault failure",
        "fault failure",
        "hello",
        "fault failure",
        "fault failure",
        "fault failure",
    ):
        answer = await replica.client.send(PATH, body(words))
        await answer.read()
        states.append(providers.get(made.id).state)
    assert states == ["unchecked", "unchecked", "ready", "ready", "ready", "failing"]


async def test_who_leaves_amid_a_refusal_leaves_no_connection_behind(
    open_providers: Open, draft: Draft, vendors: Vendors
) -> None:
    providers = open_providers()
    await providers.add(draft)
    (replica,) = providers.replicas("deep-chat")
    for event in (vendors.left, vendors.stalled):
        event.clear()
    vendors.stalls = True
    try:
        call = asyncio.create_task(replica.client.send(PATH, body("fault rate")))
        assert await asyncio.to_thread(vendors.stalled.wait, 5)
        call.cancel()
        (left,) = await asyncio.gather(call, return_exceptions=True)
        assert await asyncio.to_thread(vendors.left.wait, 5), left
    finally:
        vendors.stalls = False


async def test_a_wrong_credential_shows_in_a_check(open_providers: Open, draft: Draft) -> None:
    providers = open_providers()
    made = await providers.add(replace(draft, credential="sk-wrong-wrong-wrong"))
    found = await providers.check(made.id)
    assert not found.ok
    assert found.error is not None
    assert found.error.code == "provider_credential_refused"
    assert providers.get(made.id).state == "failing"


async def test_a_vendor_without_a_list_of_models_is_asked_for_one_token(
    open_providers: Open, draft: Draft, vendors: Vendors
) -> None:
    providers = open_providers()
    made = await providers.add(draft)
    vendors.listing = False
    try:
        found = await providers.check(made.id)
    finally:
        vendors.listing = True
    assert (found.ok, found.models) == (True, [])
    assert vendors.last().body["max_tokens"] == 1


async def test_a_vendor_without_a_list_is_not_made_to_speak_or_paint_for_a_check(
    open_providers: Open, vendors: Vendors
) -> None:
    providers = open_providers()
    painter = model("painter", kinds=frozenset({Scope.IMAGES, Scope.SPEECH, Scope.TRANSCRIPTIONS}))
    ranker = model("ranker", kinds=frozenset({Scope.RERANK}))
    made = await providers.add(
        Draft(
            name="Own",
            vendor="compatible",
            base_url=vendors.base_url("compatible"),
            credential=CREDENTIAL,
            models=[painter],
        )
    )
    vendors.listing = False
    try:
        alone = await providers.check(made.id)
        await providers.change(made.id, models=[painter, ranker])
        beside = await providers.check(made.id)
    finally:
        vendors.listing = True
    assert not alone.ok
    assert alone.error is not None
    assert (alone.error.code, "buys neither" in alone.error.message()) == ("provider_unreachable", True)
    assert beside.ok, beside.error
    assert vendors.last().path == "/rerank"


async def test_a_server_that_is_not_there_is_told_as_such(open_providers: Open, draft: Draft) -> None:
    providers = open_providers()
    made = await providers.add(replace(draft, base_url="http://127.0.0.1:9"))
    found = await providers.check(made.id)
    assert found.error is not None
    assert found.error.code == "provider_unreachable"
    (replica,) = providers.replicas("deep-chat")
    with pytest.raises(EngineConnectionError):
        await replica.client.send(PATH, body())
    assert providers.get(made.id).state == "failing"
