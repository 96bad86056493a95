"""Who is who, on SQLite and on PostgreSQL: links that work once, keys that end, tenants that do not meet."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from jixi.core.errors import JixiError
from jixi.core.principal import INFERENCE_SCOPES, Principal, Role, Scope
from jixi.governance.identity import (
    ACTIONS,
    POLICY,
    AccessGate,
    Identity,
    NewSession,
    allowed,
    load_or_create_pepper,
    permissions,
    require,
)
from jixi.storage import Database
from tests.clocks import FrozenClock

PASSWORD = "correct horse battery"
CHAT = frozenset({Scope.CHAT})


@pytest.fixture
async def identity(database: Database, clock: FrozenClock) -> AsyncIterator[Identity]:
    opened = Identity(database, clock, b"p" * 32)
    yield opened
    await opened.close()


async def _set_up(identity: Identity) -> NewSession:
    link = await identity.members.setup_link()
    assert link is not None
    await identity.members.set_up(
        link.token,
        organisation="Works",
        currency="CNY",
        name="Lin",
        email="Lin@Example.com",
        password=PASSWORD,
        locale="zh",
    )
    return await identity.sessions.sign_in("lin@example.com", PASSWORD)


async def _join(identity: Identity, by: Principal, email: str, role: Role) -> NewSession:
    _, link = await identity.members.invite(by, email=email, name="N", role=role, locale="en")
    await identity.members.accept(link.token, name="N", password=PASSWORD, locale="en")
    return await identity.sessions.sign_in(email, PASSWORD)


async def _code(attempt: object) -> str:
    try:
        await attempt  # type: ignore[misc]
    except JixiError as error:
        return error.code
    return "ok"


async def test_the_first_administrator_comes_by_the_link_and_only_one_of_many_at_once(
    identity: Identity,
) -> None:
    link = await identity.members.setup_link()
    assert link is not None
    attempts = [
        identity.members.set_up(
            link.token,
            organisation="O",
            currency="CNY",
            name="N",
            email=f"a{number}@example.com",
            password=PASSWORD,
            locale="en",
        )
        for number in range(8)
    ]
    codes = await asyncio.gather(*(_code(attempt) for attempt in attempts))
    assert sorted(set(codes)) == ["link_invalid", "ok"]
    assert codes.count("ok") == 1
    assert await identity.members.setup_link() is None


async def test_an_expired_or_invented_setup_link_makes_nobody_administrator(
    identity: Identity, clock: FrozenClock
) -> None:
    link = await identity.members.setup_link()
    assert link is not None
    clock.advance(86_401)
    for token in (link.token, "invented"):
        attempt = identity.members.set_up(
            token, organisation="O", currency="CNY", name="N", email="a@b.cd", password=PASSWORD, locale="en"
        )
        assert await _code(attempt) == "link_invalid"
    assert await identity.members.setup_needed()


async def test_a_password_signs_in_and_anything_else_fails_alike(identity: Identity) -> None:
    session = await _set_up(identity)
    assert session.signed_in.member.email == "lin@example.com"
    assert await _code(identity.sessions.sign_in("lin@example.com", "wrong")) == "login_failed"
    assert await _code(identity.sessions.sign_in("nobody@example.com", PASSWORD)) == "login_failed"


async def test_a_session_ends_when_idle_when_old_and_at_sign_out(
    identity: Identity, clock: FrozenClock
) -> None:
    idle = await _set_up(identity)
    clock.advance(2 * 3600)
    assert await _code(identity.principal_for_session(idle.token)) == "not_authenticated"
    old = await identity.sessions.sign_in("lin@example.com", PASSWORD)
    for _ in range(11):
        clock.advance(3600)
        await identity.principal_for_session(old.token)
    clock.advance(3600)
    assert await _code(identity.principal_for_session(old.token)) == "not_authenticated"
    left = await identity.sessions.sign_in("lin@example.com", PASSWORD)
    await identity.sessions.sign_out(left.token)
    assert await _code(identity.principal_for_session(left.token)) == "not_authenticated"


async def test_a_new_password_ends_all_other_sessions(identity: Identity) -> None:
    first = await _set_up(identity)
    second = await identity.sessions.sign_in("lin@example.com", PASSWORD)
    await identity.sessions.set_password(first.signed_in.member.id, "another long password", keep=first.token)
    assert await _code(identity.principal_for_session(first.token)) == "ok"
    assert await _code(identity.principal_for_session(second.token)) == "not_authenticated"


async def test_an_invitation_works_once_and_a_newer_one_ends_the_older(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    member, old = await identity.members.invite(
        admin, email="dev@example.com", name="D", role=Role.DEVELOPER, locale="en"
    )
    _, new = await identity.members.renew_invitation(admin, member.id)
    assert await _code(identity.members.accept(old.token, name="D", password=PASSWORD, locale="en")) == (
        "link_invalid"
    )
    codes = await asyncio.gather(
        *(
            _code(identity.members.accept(new.token, name="D", password=PASSWORD, locale="en"))
            for _ in range(8)
        )
    )
    assert codes.count("ok") == 1


async def test_an_address_belongs_to_one_member_only(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    again = identity.members.invite(
        admin, email="LIN@example.com", name="L", role=Role.DEVELOPER, locale="en"
    )
    assert await _code(again) == "conflict"


async def test_a_key_calls_as_its_member_with_its_scopes_and_models(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    key, secret = await identity.keys.create(admin, "search", CHAT, models=frozenset({"m"}))
    principal = await identity.principal_for_key(secret)
    assert (principal.key_id, principal.scopes, principal.models) == (key.id, CHAT, {"m"})
    assert secret.startswith("sk-jixi-")
    assert key.hint == secret[-4:]


@pytest.mark.parametrize("mangle", [str.upper, lambda secret: secret[:-1], lambda secret: secret + "x"])
async def test_a_secret_that_is_not_exactly_right_is_refused(identity: Identity, mangle: object) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    _, secret = await identity.keys.create(admin, "k", CHAT)
    assert await _code(identity.principal_for_key(mangle(secret))) == "invalid_api_key"  # type: ignore[operator]


async def test_a_revoked_key_is_refused_at_once_here_and_within_five_seconds_elsewhere(
    identity: Identity, database: Database, clock: FrozenClock
) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    elsewhere = Identity(database, clock, b"p" * 32)
    key, secret = await identity.keys.create(admin, "k", CHAT)
    await elsewhere.principal_for_key(secret)
    await identity.keys.revoke(key.tenant_id, key.id)
    assert await _code(identity.principal_for_key(secret)) == "api_key_revoked"
    clock.advance(5)
    assert await _code(elsewhere.principal_for_key(secret)) == "api_key_revoked"


async def test_a_key_ends_at_its_expiry_even_while_it_is_remembered(
    identity: Identity, clock: FrozenClock
) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    _, secret = await identity.keys.create(admin, "k", CHAT, expires_at=clock.now() + timedelta(seconds=2))
    assert await _code(identity.principal_for_key(secret)) == "ok"
    clock.advance(2)
    assert await _code(identity.principal_for_key(secret)) == "api_key_expired"


async def test_a_key_rests_while_its_member_is_disabled(identity: Identity, clock: FrozenClock) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    developer = await _join(identity, admin, "dev@example.com", Role.DEVELOPER)
    _, secret = await identity.keys.create(developer.signed_in.principal, "k", CHAT)
    await identity.principal_for_key(secret)
    await identity.members.change(admin, developer.signed_in.member.id, status="disabled")
    clock.advance(5)
    assert await _code(identity.principal_for_key(secret)) == "member_disabled"
    assert await _code(identity.principal_for_session(developer.token)) == "not_authenticated"
    await identity.members.change(admin, developer.signed_in.member.id, status="active")
    clock.advance(5)
    assert await _code(identity.principal_for_key(secret)) == "ok"


async def test_the_last_use_of_a_key_is_written_down(identity: Identity, clock: FrozenClock) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    key, secret = await identity.keys.create(admin, "k", CHAT)
    clock.advance(60)
    await identity.principal_for_key(secret)
    await identity.keys.note_use()
    assert (await identity.keys.get(key.tenant_id, key.id)).last_used_at == clock.now()


async def test_nobody_gives_a_key_more_than_they_have(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    narrow = Principal(
        tenant_id=admin.tenant_id,
        member_id=admin.member_id,
        role=admin.role,
        scopes=frozenset({Scope.ADMIN}),
        models=frozenset({"m"}),
    )
    assert await _code(identity.keys.create(narrow, "k", CHAT)) == "scope_missing"
    widened = identity.keys.create(narrow, "k", frozenset({Scope.ADMIN}), models=None)
    assert await _code(widened) == "model_not_allowed"


async def test_a_foreign_id_and_an_unknown_one_are_not_told_apart(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    key, _ = await identity.keys.create(admin, "k", CHAT)
    _, boss, link = await identity.members.add_tenant(
        name="Other",
        currency="CNY",
        administrator_email="boss@example.com",
        administrator_name="B",
        locale="en",
    )
    await identity.members.accept(link.token, name="B", password=PASSWORD, locale="en")
    stranger = (await identity.sessions.sign_in("boss@example.com", PASSWORD)).signed_in.principal
    for key_id in (key.id, "key_unknown"):
        assert await _code(identity.keys.get(stranger.tenant_id, key_id)) == "not_found"
        assert await _code(identity.keys.revoke(stranger.tenant_id, key_id)) == "not_found"
        assert await _code(identity.keys.change(stranger, key_id, name="mine")) == "not_found"
    for member_id in (admin.member_id, "mem_unknown"):
        assert await _code(identity.members.change(stranger, member_id, name="mine")) == "not_found"
    assert [member.id for member in await identity.members.page(stranger.tenant_id)] == [boss.id]
    assert await identity.keys.page(stranger.tenant_id) == []
    assert (await identity.keys.get(admin.tenant_id, key.id)).name == "k"


async def test_a_developer_sees_their_own_keys_only(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    developer = (await _join(identity, admin, "dev@example.com", Role.DEVELOPER)).signed_in.principal
    theirs, _ = await identity.keys.create(admin, "theirs", CHAT)
    mine, _ = await identity.keys.create(developer, "mine", CHAT)
    owned = await identity.keys.page(developer.tenant_id, owner=developer.member_id)
    assert [key.id for key in owned] == [mine.id]
    foreign = identity.keys.get(developer.tenant_id, theirs.id, owner=developer.member_id)
    assert await _code(foreign) == "not_found"


async def test_the_last_platform_administrator_stays_one(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    for change in ({"role": Role.DEVELOPER}, {"status": "disabled"}):
        assert await _code(identity.members.change(admin, admin.member_id, **change)) == "last_administrator"
    suspended = identity.members.change_tenant(admin.tenant_id, status="suspended")
    assert await _code(suspended) == "last_administrator"
    assert (await identity.members.get(admin.tenant_id, admin.member_id)).role is Role.PLATFORM_ADMIN


async def test_a_tenant_administrator_makes_no_platform_administrator(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    lower = (await _join(identity, admin, "ta@example.com", Role.TENANT_ADMIN)).signed_in.principal
    invited = identity.members.invite(
        lower, email="x@example.com", name="X", role=Role.PLATFORM_ADMIN, locale="en"
    )
    assert await _code(invited) == "role_forbidden"
    promoted = identity.members.change(lower, lower.member_id, role=Role.PLATFORM_ADMIN)
    assert await _code(promoted) == "role_forbidden"
    assert await _code(identity.members.renew_invitation(lower, admin.member_id)) == "role_forbidden"


async def test_a_stale_version_of_a_key_is_refused(identity: Identity) -> None:
    admin = (await _set_up(identity)).signed_in.principal
    key, _ = await identity.keys.create(admin, "k", CHAT)
    await identity.keys.change(admin, key.id, name="first", version=1)
    assert await _code(identity.keys.change(admin, key.id, name="late", version=1)) == "precondition_failed"
    assert (await identity.keys.get(admin.tenant_id, key.id)).name == "first"


async def test_the_database_holds_no_secret_in_clear(identity: Identity, database: Database) -> None:
    session = await _set_up(identity)
    _, secret = await identity.keys.create(session.signed_in.principal, "k", CHAT)
    _, link = await identity.members.invite(
        session.signed_in.principal, email="i@example.com", name="I", role=Role.AUDITOR, locale="en"
    )
    tables = MetaData()
    async with database.session() as opened:
        connection = await opened.connection()
        await connection.run_sync(tables.reflect)
        rows = [str(row) for table in tables.sorted_tables for row in await opened.execute(table.select())]
    dump = "\n".join(rows)
    assert "lin@example.com" in dump
    for secret_text in (PASSWORD, session.token, secret, link.token):
        assert secret_text not in dump


def test_what_the_policy_does_not_name_is_denied() -> None:
    assert set(POLICY) == set(ACTIONS)
    assert not any(allowed(role, "secrets.read") for role in Role)  # type: ignore[arg-type]


def test_only_platform_administrators_may_do_everything() -> None:
    assert [role for role in Role if set(permissions(role)) == set(ACTIONS)] == [Role.PLATFORM_ADMIN]
    assert not [action for action in permissions(Role.AUDITOR) if action.endswith(".manage")]


def test_a_key_without_the_admin_scope_cannot_call_the_admin_api() -> None:
    caller = Principal(tenant_id="t", member_id="m", role=Role.PLATFORM_ADMIN, scopes=INFERENCE_SCOPES)
    with pytest.raises(JixiError) as refused:
        require(caller, "overview.read")
    assert refused.value.code == "scope_missing"


@pytest.mark.parametrize(
    ("role", "scopes", "models", "code"),
    [
        (Role.DEVELOPER, CHAT, None, "ok"),
        (Role.DEVELOPER, CHAT, frozenset({"m"}), "ok"),
        (Role.AUDITOR, CHAT, None, "role_forbidden"),
        (Role.DEVELOPER, frozenset({Scope.EMBEDDINGS}), None, "scope_missing"),
        (Role.DEVELOPER, CHAT, frozenset({"other"}), "model_not_allowed"),
    ],
)
def test_the_gate_asks_for_role_scope_and_model(
    role: Role, scopes: frozenset[Scope], models: frozenset[str] | None, code: str
) -> None:
    principal = Principal(tenant_id="t", member_id="m", role=role, scopes=scopes, models=models)
    try:
        AccessGate().authorise(principal, Scope.CHAT, "m")
        outcome = "ok"
    except JixiError as error:
        outcome = error.code
    assert outcome == code


def test_the_pepper_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    first = load_or_create_pepper(path)
    assert len(first) == 32
    assert load_or_create_pepper(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
