"""/api/jobs: what goes on behind the requests: one's own, for administrators all of the tenant's, for those of the
platform what the settings ask for, too.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, TypedDict

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from jixi.core.errors import JixiError, Language
from jixi.core.principal import Principal
from jixi.governance.identity import allowed, require
from jixi.jobs import HOUSE, About
from jixi.jobs import Job as Row
from jixi.server._errors import errors
from jixi.server._inputs import Id, Page
from jixi.server._pages import page_of
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, services_of
from jixi.server._versions import tag
from jixi.wire.admin import Job, JobList, JobState, Reason

router = APIRouter(prefix="/jobs", tags=["jobs"])
_Caller = Annotated[Principal, requires("jobs.own")]
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An event `job` with each change, a comment each second without one; it ends with the job.",
        "content": {"text/event-stream": {"schema": {"type": "object", "required": ["data"]}}},
    }
}


@router.get("", summary="List jobs, newest first")
async def list_jobs(
    caller: _Caller, page: Page, house: TheHouse, request: Request, state: JobState | None = None
) -> JobList:
    about, reach = About(state=state), _reach(caller)
    rows, cursor = await page_of(
        page,
        lambda limit, after: house.jobs.page(
            caller.tenant_id, **reach, about=about, limit=limit, after=after
        ),
    )
    language = language_of(request.scope)
    return JobList(items=[job_of(row, language) for row in rows], next_cursor=cursor)


@router.get("/{id}", summary="Read a job", responses=errors("not_found"))
async def get_job(job_id: Id, caller: _Caller, house: TheHouse, request: Request, response: Response) -> Job:
    row = await house.jobs.get(caller.tenant_id, job_id, **_reach(caller))
    tag(response, row.version)
    return job_of(row, language_of(request.scope))


@router.post("/{id}/cancel", summary="Cancel a job", status_code=202, responses=errors("not_found"))
async def cancel_job(job_id: Id, caller: _Caller, house: TheHouse, request: Request) -> Job:
    """It begins nothing more and ends a little later. Repeating it changes nothing; a job that is over stays so."""
    row = await house.jobs.cancel(caller.tenant_id, job_id, **_reach(caller))
    return job_of(row, language_of(request.scope))


@router.get(
    "/{id}/events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses={**_EVENTS, **errors("not_found", "too_many_listeners")},
)
async def follow_job(job_id: Id, caller: _Caller, house: TheHouse, request: Request) -> StreamingResponse:
    """Server-sent events: the job now and after each change, until it is over; an event `end` closes the stream where
    the caller may no longer watch.
    """
    await house.jobs.get(caller.tenant_id, job_id, **_reach(caller))
    services_of(request).listeners.check(caller.tenant_id)
    changes = house.jobs.watch(caller.tenant_id, job_id, **_reach(caller))
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    events = _events(changes, caller.tenant_id, request)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(
    changes: AsyncGenerator[Row | None], tenant_id: str, request: Request
) -> AsyncIterator[str]:
    """At every turn, which comes about once a second, whoever watches must still be somebody who may."""
    services, language = services_of(request), language_of(request.scope)
    async with aclosing(changes):
        with services.listeners.listening(tenant_id):
            async for row in changes:
                try:
                    require(await services.authenticate(request.scope), "jobs.own")
                except JixiError as error:
                    yield f'event: end\ndata: {{"code":"{error.code}"}}\n\n'
                    return
                yield ": \n\n" if row is None else _event(job_of(row, language))


def _event(job: Job) -> str:
    return f"id: {job.version}\nevent: job\ndata: {job.model_dump_json()}\n\n"


class _Reach(TypedDict):
    owner: str | None
    house: bool


def _reach(caller: Principal) -> _Reach:
    """Whose jobs the caller may reach: everybody's of the tenant (None), or their own; and those of the settings."""
    owner = None if allowed(caller.role, "jobs.manage") else caller.member_id
    return {"owner": owner, "house": allowed(caller.role, "models.manage")}


def job_of(row: Row, language: Language) -> Job:
    """A job as the API tells it."""
    error = row.error
    reason = (
        None
        if error is None
        else Reason(code=error.code, message=error.message(language), remedy=error.remedy(language))
    )
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        member_id=None if row.member_id == HOUSE else row.member_id,
        state=row.state,
        done=row.done,
        failed=row.failed,
        total=row.total,
        facts=row.facts,
        attempt=row.attempt,
        reason=reason,
        created_at=row.created_at,
        started_at=row.started_at,
        cancel_requested_at=row.cancel_requested_at,
        finished_at=row.finished_at,
        version=row.version,
    )
