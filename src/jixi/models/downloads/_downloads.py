"""The door for those who want a model here."""

from typing import Protocol

from jixi.core.errors import problem
from jixi.core.ids import new_id
from jixi.jobs import About, Job, Jobs, NewJob
from jixi.models.catalog import Catalog, Entry
from jixi.models.downloads._handlers import DOWNLOAD, VERIFICATION, subject_of


class Asker(Protocol):
    """Whose job it is to be."""

    @property
    def tenant_id(self) -> str: ...

    @property
    def member_id(self) -> str: ...


class Downloads:
    """Begins downloads and verifications, one at a time for each variant of a tenant's, or of the house's."""

    def __init__(self, jobs: Jobs, catalog: Catalog) -> None:
        self._jobs = jobs
        self._catalog = catalog

    async def start(self, caller: Asker, model: str, variant: str | None = None) -> Job:
        """The job that brings the variant: a new one, or the one that is at it. Raises as `entry` does."""
        return await self._job(caller, DOWNLOAD, model, variant)

    async def verify(self, caller: Asker, model: str, variant: str | None = None) -> Job:
        """The job that reads every byte of the variant anew. Raises as `entry` does."""
        return await self._job(caller, VERIFICATION, model, variant)

    async def page(
        self,
        caller: Asker,
        model: str,
        variant: str | None = None,
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> list[Job]:
        """Downloads of the variant that the caller's tenant or the house began, newest first, behind `after`."""
        about = About(kind=DOWNLOAD, subject=self._subject(model, variant))
        return await self._jobs.page(caller.tenant_id, house=True, about=about, limit=limit, after=after)

    async def _job(self, caller: Asker, kind: str, model: str, variant: str | None) -> Job:
        subject = self._subject(model, variant)
        return await self._jobs.join(NewJob(new_id("job"), caller.tenant_id, caller.member_id, kind, subject))

    def entry(self, model: str) -> Entry:
        """The model of the catalogue by its id or alias; `not_found` for any other, whoever may have one so called."""
        if model not in self._catalog:
            raise problem("not_found", noun="model")
        return self._catalog.get(model)

    def _subject(self, model: str, variant: str | None) -> str:
        entry = self.entry(model)
        return subject_of(entry.id, entry.variant(variant).id)
