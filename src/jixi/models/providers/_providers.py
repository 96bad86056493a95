"""`Providers`: outside models under public names, kept in the database and known to every process within 5 s."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final, Literal, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.core.registry import Registry
from jixi.core.tasks import end_task
from jixi.models.providers._checks import Checker
from jixi.models.providers._client import ProviderClient
from jixi.models.providers._draft import (
    checked_base_url,
    checked_credential,
    checked_models,
    checked_version,
    hint_of,
    same_place,
)
from jixi.models.providers._health import Health, State
from jixi.models.providers._records import ProviderRecords, Row
from jixi.models.providers._registry import vendor_registry
from jixi.models.providers._replica import OutsideModel, ProviderReplica
from jixi.models.providers._values import KEEP, Check, Draft, Provider, ProviderModel
from jixi.models.providers._vendor import Target, Vendor
from jixi.models.sources.outside import Egress
from jixi.storage import Database, Vault

_log = structlog.get_logger()
_TELL_S: Final = 1.0
_TELLS: Final = 4
"""Between two readings; what one process has seen is so known to all within five seconds."""
_TENANT: Final = "platform"
_FIELD: Final = "credential"


class _Kept(NamedTuple):
    """A provider that is in use here. `error` says why none of its models can be."""

    row: Row
    vendor: Vendor | None
    credential: str | None
    health: Health
    replicas: dict[str, ProviderReplica]
    error: JixiError | None

    def target(self, upstream: str = "", max_output: int | None = None) -> Target:
        return Target(
            base_url=self.row.base_url,
            upstream=upstream,
            credential=self.credential,
            api_version=self.row.api_version,
            max_output=max_output,
        )


Behind = Callable[[Collection[str]], Awaitable[Sequence[str]]]


async def _nobody(_models: Collection[str]) -> Sequence[str]:
    return ()


def _nothing() -> Collection[str]:
    return ()


class Providers:
    """The outside models, for the gateway a router, for administrators a register.

    `taken` are the public names that others use, `behind` names the aliases that stand for any of some models.
    Credentials are sealed by `vault` and are never given out.
    """

    kind: Literal["deployment", "provider"] = "provider"

    def __init__(
        self,
        database: Database,
        clock: Clock,
        vault: Vault,
        egress: Egress,
        taken: Callable[[], Collection[str]] = _nothing,
        vendors: Registry[Vendor] | None = None,
        behind: Behind = _nobody,
    ) -> None:
        self._records = ProviderRecords(database)
        self._clock = clock
        self._vault = vault
        self._egress = egress
        self._taken = taken
        self._vendors = vendors or vendor_registry()
        self._behind = behind
        self._kept: dict[str, _Kept] = {}
        self._reading = asyncio.Lock()
        self._served: dict[str, _Kept] = {}
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what there is, and again every few seconds."""
        await self.refresh()
        self._upkeep = asyncio.create_task(self._keep_up(), name="providers-upkeep")

    async def close(self) -> None:
        await end_task(self._upkeep)
        self._upkeep = None

    # For the gateway.

    def listings(self) -> Sequence[OutsideModel]:
        """The models of providers that are switched on."""
        return [
            OutsideModel(
                model.name, kept.row.name, model.kinds, model.context, kept.row.created_at, kept.health
            )
            for kept in self._kept.values()
            if kept.row.enabled
            for model in kept.row.models
        ]

    def replicas(self, model: str) -> tuple[ProviderReplica, ...]:
        """The one way to `model`; raises `model_not_found` and `model_unavailable`."""
        kept = self._served.get(model)
        if kept is None:
            raise problem("model_not_found", model=model, param="model")
        if not kept.row.enabled:
            raise problem("model_unavailable", model=model, state="disabled").outside()
        if kept.error is not None:
            raise problem("model_unavailable", model=model, state="failing").outside()
        return (kept.replicas[model],)

    def awaited(self, model: str) -> bool:
        """Never: what is outside does not sleep."""
        return False

    async def wake(self, model: str) -> bool:
        """There is nothing to wait for."""
        return False

    def names(self) -> Collection[str]:
        """Every public name in use here, those of disabled providers too."""
        return self._served.keys()

    # For administrators.

    def vendors(self) -> list[Vendor]:
        """Every vendor that is known here, by name."""
        return [self._vendors.get(name) for name in sorted(self._vendors)]

    def page(self, *, limit: int, after: str | None = None) -> list[Provider]:
        """At most `limit` providers, newest first, behind the one with the id `after`."""
        kept = [each for each in self._kept.values() if after is None or each.row.id < after]
        return [_shown(each) for each in kept[:limit]]

    def get(self, provider_id: str) -> Provider:
        """Raises `not_found`."""
        return _shown(self._find(provider_id))

    async def add(self, draft: Draft) -> Provider:
        """Raises `invalid_value`, `egress_refused`, `conflict` and `name_taken`."""
        vendor, made = self._vendor(draft.vendor), new_id("prv")
        credential = checked_credential(draft.credential, vendor)
        row = Row(
            id=made,
            name=draft.name,
            vendor=draft.vendor,
            base_url=checked_base_url(draft.base_url, vendor, self._egress),
            api_version=checked_version(draft.api_version, vendor),
            credential=self._sealed(credential, made),
            credential_hint=hint_of(credential),
            enabled=draft.enabled,
            max_parallel=draft.max_parallel,
            on_disconnect=draft.on_disconnect,
            state="unchecked",
            reason=None,
            checked_at=None,
            created_at=self._clock.now(),
            version=1,
            models=checked_models(draft.models, vendor, self._names_but_of(None)),
        )
        await self._records.add(row)
        await self.refresh()
        return self.get(made)

    async def change(self, provider_id: str, *, version: int | None = None, **changes: Any) -> Provider:
        """Change name, base_url, api_version, credential, enabled, max_parallel, on_disconnect or models.

        A kept credential does not go to another server. Raises what `add` raises, `not_found`, `precondition_failed`,
        and `model_in_use` where a model would be gone that an alias stands for.
        """
        await self.refresh()
        row = self._find(provider_id).row
        vendor = self._vendor(row.vendor)
        values = {name: value for name, value in changes.items() if value is not KEEP}
        if "base_url" in values:
            values["base_url"] = checked_base_url(values["base_url"], vendor, self._egress)
            moved = not same_place(row.base_url, values["base_url"])
            if moved and row.credential is not None and "credential" not in values:
                reason = "credential: enter it again, it would go to another server"
                raise problem("invalid_value", param="credential", reason=reason)
        if "api_version" in values:
            values["api_version"] = checked_version(values["api_version"], vendor)
        if "credential" in values:
            credential = checked_credential(values["credential"], vendor)
            values["credential"] = self._sealed(credential, provider_id)
            values["credential_hint"] = hint_of(credential)
        models = values.pop("models", None)
        if models is not None:
            models = checked_models(models, vendor, self._names_but_of(provider_id))
            await self._check_unused(row, {model.name for model in models})
        await self._records.change(provider_id, version, {**values, **_AFRESH}, models)
        await self.refresh()
        return self.get(provider_id)

    async def remove(self, provider_id: str, *, version: int | None = None) -> None:
        """Calls that run end as they would.

        Raises `not_found`, `precondition_failed`, and `model_in_use` while an alias stands for one of its models.
        """
        await self.refresh()
        await self._check_unused(self._find(provider_id).row, set())
        await self._records.remove(provider_id, version)
        await self.refresh()

    async def check(self, provider_id: str) -> Check:
        """Ask the provider; at most fifteen seconds. Raises `not_found`."""
        await self.refresh()
        kept = self._find(provider_id)
        if kept.error is not None or kept.vendor is None:
            return Check(ok=False, latency_ms=0, models=[], error=kept.error)
        checker = Checker(kept.row.name, kept.target(), kept.vendor, self._egress, kept.health)
        found = await checker.run(kept.row.models, self._clock)
        await self._tell(kept)
        return found

    async def rewrap(self) -> int:
        """Seal every credential under the vault's newest key; returns how many were not. Raises `secret_unreadable`."""
        count = 0
        for row in await self._records.all():
            if row.credential is not None and not self._vault.is_current(row.credential):
                after = self._vault.rewrap(row.credential, _TENANT, row.id, _FIELD)
                count += await self._records.reseal(row.id, row.credential, after)
        return count

    # Upkeep.

    async def refresh(self) -> None:
        """Read what this or another process has changed: one by one, so that no older reading comes last."""
        async with self._reading:
            kept: dict[str, _Kept] = {}
            for row in await self._records.all():
                kept[row.id] = self._renewed(row, self._kept.get(row.id))
            self._kept = kept
            self._served = {model.name: each for each in kept.values() for model in each.row.models}

    async def _keep_up(self) -> None:
        while True:
            try:
                for _ in range(_TELLS):
                    await asyncio.sleep(_TELL_S)
                    for kept in list(self._kept.values()):
                        await self._tell(kept)
                await self.refresh()
            except SQLAlchemyError as error:
                _log.error("providers_not_refreshed", error=type(error).__name__)

    async def _tell(self, kept: _Kept) -> None:
        """Let other processes know what this one has seen."""
        health = kept.health
        if health.news:
            health.news = False
            reason = None if health.reason is None else _stored(health.reason)
            await self._records.note(kept.row.id, health.state, reason, health.checked_at)

    def _renewed(self, row: Row, before: _Kept | None) -> _Kept:
        """The provider of `row`; one that has not changed keeps its replicas, and with them its places and clocks."""
        if before is not None and before.row.version == row.version and before.error is None:
            if not before.health.news:
                before.health.adopt(_state(row), _reason(row), row.checked_at)
            return before._replace(row=row)
        health, error, credential, vendor = Health(self._clock), None, None, None
        health.adopt(_state(row), _reason(row), row.checked_at)
        try:
            vendor = self._vendor(row.vendor)
            if row.credential is not None:
                credential = self._vault.open(row.credential, _TENANT, row.id, _FIELD).decode()
        except JixiError as cause:
            error = cause
            health.failed(cause)
            health.news = False
        kept = _Kept(row, vendor, credential, health, {}, error)
        if vendor is not None:
            for model in row.models:
                kept.replicas[model.name] = self._replica(kept, vendor, model)
        return kept

    def _replica(self, kept: _Kept, vendor: Vendor, model: ProviderModel) -> ProviderReplica:
        target = kept.target(model.upstream, model.max_output)
        client = ProviderClient(model.name, target, vendor, self._egress, kept.health)
        return ProviderReplica(model, kept.row, client)

    async def _check_unused(self, row: Row, kept: set[str]) -> None:
        gone = sorted({model.name for model in row.models} - kept)
        if gone and (aliases := await self._behind(gone)):
            raise problem("model_in_use", models=", ".join(gone), aliases=", ".join(aliases))

    def _find(self, provider_id: str) -> _Kept:
        if provider_id not in self._kept:
            raise problem("not_found", noun="provider")
        return self._kept[provider_id]

    def _vendor(self, name: str) -> Vendor:
        if name not in set(self._vendors):
            known = ", ".join(sorted(self._vendors))
            raise problem("invalid_value", param="vendor", reason=f"vendor: it is one of {known}")
        return self._vendors.get(name)

    def _sealed(self, credential: str | None, provider_id: str) -> str | None:
        if credential is None:
            return None
        return self._vault.seal(credential.encode(), _TENANT, provider_id, _FIELD)

    def _names_but_of(self, provider_id: str | None) -> set[str]:
        others = {name for name, kept in self._served.items() if kept.row.id != provider_id}
        return others | set(self._taken())


_AFRESH: Final[dict[str, Any]] = {"state": "unchecked", "reason": None, "checked_at": None}


def _shown(kept: _Kept) -> Provider:
    row, health = kept.row, kept.health
    return Provider(
        id=row.id,
        name=row.name,
        vendor=row.vendor,
        base_url=row.base_url,
        api_version=row.api_version,
        credential_hint=row.credential_hint,
        enabled=row.enabled,
        models=row.models,
        max_parallel=row.max_parallel,
        on_disconnect=row.on_disconnect,
        state=health.state if row.enabled else "disabled",
        reason=health.reason if row.enabled else None,
        checked_at=health.checked_at,
        created_at=row.created_at,
        version=row.version,
    )


def _state(row: Row) -> State:
    return "ready" if row.state == "ready" else "failing" if row.state == "failing" else "unchecked"


def _stored(reason: JixiError) -> dict[str, Any]:
    return {"code": reason.code, "facts": {name: str(value) for name, value in reason.facts.items()}}


def _reason(row: Row) -> JixiError | None:
    """The stored reason; one that this version does not know is none."""
    try:
        return None if row.reason is None else problem(row.reason["code"], **row.reason["facts"])
    except (KeyError, TypeError):
        return None
