"""Supply: brings what the settings ask for to the fleet, with a price each."""

from pathlib import Path

from jixi.assembly._prices import check_currency, seed_price
from jixi.assembly._settings import DeploymentSetting, Settings
from jixi.governance.ledger import PriceBook
from jixi.models.deployments import DeploymentSpec, Fleet


class Supply:
    """Starts the deployments whose files are here, fetches the files of the others in the background."""

    def __init__(self, settings: Settings, fleet: Fleet, prices: PriceBook) -> None:
        self._settings = settings
        self._fleet = fleet
        self._prices = prices
        self.specs: dict[str, DeploymentSpec] = {}
        self.weak: set[str] = set()

    async def start(self) -> None:
        check_currency(self._prices, self._settings.currency)
        for setting in self._settings.deployments:
            await seed_price(self._prices, setting.name, self._settings.currency)
            spec = _spec(setting, {} if setting.path is None else {"model": setting.path})
            self.specs[spec.name] = spec
        await self._fleet.start(self.specs.values())

    async def close(self) -> None:
        """Stop fetching."""


def _spec(setting: DeploymentSetting, files: dict[str, Path]) -> DeploymentSpec:
    return DeploymentSpec(
        name=setting.name,
        engine=setting.engine,
        model_id=setting.model,
        files=files,
        context=setting.context,
        parallel=setting.parallel,
        threads=setting.threads,
        options=setting.options,
        description=setting.description,
    )
