"""What one caller sees of models of one's own: another organisation's is like one that never was."""

import re
from typing import Final

from jixi.assembly.house import House
from jixi.core.principal import Principal
from jixi.jobs import HOUSE, Job
from jixi.server.admin._models import viewer_of

_OWN: Final = re.compile(r"\b(?:mdl|ver)_[0-9a-z]{26}\b")


class Sight:
    """`seen` are the models and versions of one's own that the caller sees; None: all that are named."""

    def __init__(self, tenant_id: str, seen: frozenset[str] | None) -> None:
        self._tenant_id = tenant_id
        self._seen = seen

    def sees(self, name: str) -> bool:
        return self._seen is None or name in self._seen or not _OWN.fullmatch(name)

    def name(self, name: str | None) -> str | None:
        """A model, a variant or a version; None where the caller does not see it."""
        return name if name is None or self.sees(name) else None

    def text(self, said: str) -> str:
        """A sentence, with a mark in place of what the caller does not see."""
        return _OWN.sub(lambda found: found[0] if self.sees(found[0]) else "…", said)

    def job(self, job: Job | None) -> Job | None:
        """Another organisation's is none, as under /api/jobs."""
        return job if job is not None and job.tenant_id in (HOUSE, self._tenant_id) else None


async def sight_of(house: House, caller: Principal) -> Sight:
    """Who has made all deployments themselves has seen what they run, and nothing is read."""
    foreign = any(each.tenant_id != caller.tenant_id for each in house.rollouts.all())
    return Sight(caller.tenant_id, await house.registry.seen(viewer_of(caller)) if foreign else None)
