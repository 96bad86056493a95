"""What a provider must be before it is kept."""

import re
from collections.abc import Collection, Iterable
from typing import Final
from urllib.parse import urlsplit

from jixi.core.errors import JixiError, problem
from jixi.models.names import name_taken
from jixi.models.providers._values import ProviderModel
from jixi.models.providers._vendor import Vendor
from jixi.models.sources.outside import Egress

_HINT: Final = 4
_CREDENTIAL: Final = re.compile(r"[!-~]{1,4096}")
_VERSION: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")


def checked_base_url(given: str | None, vendor: Vendor, egress: Egress) -> str:
    """The address without a slash at its end; raises `invalid_value` and `egress_refused`."""
    url = (given or vendor.default_base_url or "").rstrip("/")
    if not url:
        raise _invalid("base_url", f"{vendor.title.en} has no address of its own: give the base URL")
    egress.check(url, with_credential=True)
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise _invalid("base_url", "it has a query or a fragment")
    return url


def checked_version(given: str | None, vendor: Vendor) -> str | None:
    if "api_version" not in vendor.needs:
        return None
    if not given or not _VERSION.fullmatch(given):
        raise _invalid("api_version", f"{vendor.title.en} needs an API version, such as 2024-10-21")
    return given


def checked_credential(given: str | None, vendor: Vendor) -> str | None:
    if not given:
        if "credential" in vendor.needs:
            raise _invalid("credential", f"{vendor.title.en} needs a credential")
        return None
    if not _CREDENTIAL.fullmatch(given):
        raise _invalid("credential", "it may hold visible ASCII characters alone")
    return given


def hint_of(credential: str | None) -> str | None:
    """The little of a credential that may be shown; of a short one nothing."""
    if credential is None:
        return None
    return f"…{credential[-_HINT:]}" if len(credential) >= 4 * _HINT else "…"


def checked_models(
    models: Iterable[ProviderModel], vendor: Vendor, taken: Collection[str]
) -> tuple[ProviderModel, ...]:
    """Raises `invalid_value`, and `name_taken` for a public name that is in use elsewhere."""
    kept = tuple(models)
    names = [model.name for model in kept]
    for number, model in enumerate(kept):
        where = f"models[{number}]"
        if not model.kinds or not model.kinds <= vendor.kinds:
            known = ", ".join(sorted(vendor.kinds))
            raise _invalid(f"{where}.kinds", f"{vendor.title.en} serves {known}")
        if model.max_output is not None and model.max_output > model.context:
            raise _invalid(f"{where}.max_output", "it is more than the context")
        if names.count(model.name) > 1 or model.name in taken:
            raise name_taken(model.name, f"{where}.name")
    return kept


def same_place(before: str, after: str) -> bool:
    """Whether two addresses belong to the same server."""
    one, other = urlsplit(before), urlsplit(after)
    return (one.scheme, one.netloc.lower()) == (other.scheme, other.netloc.lower())


def _invalid(param: str, reason: str) -> JixiError:
    return problem("invalid_value", param=param, reason=f"{param}: {reason}")
