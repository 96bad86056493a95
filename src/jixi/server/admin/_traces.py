"""/api/traces: what became of each call."""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request

from jixi.assembly.house import House
from jixi.core.errors import Language
from jixi.core.principal import Principal
from jixi.core.trace import Dialect, Sought
from jixi.governance.audit import Trace, TraceSelection
from jixi.governance.identity import allowed
from jixi.server._cursors import cursor_of, position_of
from jixi.server._errors import errors
from jixi.server._inputs import Page
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse
from jixi.server.admin._past_errors import past_error
from jixi.wire import admin as wire
from jixi.wire.admin import Instant

router = APIRouter(prefix="/traces", tags=["usage"])
_Reader = Annotated[Principal, requires("traces.read")]
_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$"
_ID: Final = Query(pattern=_PATTERN)


def _selection(
    caller: _Reader,
    model: Annotated[str | None, _ID] = None,
    key_id: Annotated[str | None, _ID] = None,
    outcome: Annotated[
        Sought | None, Query(description="`refused`: of the failed, those that no model was asked for.")
    ] = None,
    dialect: Dialect | None = None,
    request_id: Annotated[str | None, _ID] = None,
    start: Annotated[Instant | None, Query(description="Calls that began from this time on.")] = None,
    end: Annotated[Instant | None, Query(description="Up to but not including this time.")] = None,
) -> TraceSelection:
    return TraceSelection(
        caller.tenant_id, _owner(caller), model, key_id, outcome, dialect, request_id, start, end
    )


@router.get("", summary="List traces, newest first")
async def list_traces(
    caller: _Reader, selection: Annotated[TraceSelection, Depends(_selection)], page: Page, house: TheHouse
) -> wire.TraceList:
    """Traces of the caller's tenant; a role that may not read all of them finds its own alone."""
    rows = await house.traces.page(selection, limit=page.limit + 1, before=position_of(page.cursor))
    shown = rows[: page.limit]
    cursor = cursor_of(shown[-1].began_at, shown[-1].request_id) if len(rows) > page.limit else None
    return wire.TraceList(items=[wire.TraceSummary(**_summary(row)) for row in shown], next_cursor=cursor)


@router.get("/{request_id}", summary="Read a trace", responses=errors("not_found"))
async def get_trace(
    request_id: Annotated[str, Path(pattern=_PATTERN)], caller: _Reader, house: TheHouse, request: Request
) -> wire.Trace:
    """With the words of the call where the settings keep them, for its caller and for administrators."""
    trace = await house.traces.get(TraceSelection(caller.tenant_id, _owner(caller), request_id=request_id))
    readable = trace.member_id == caller.member_id or allowed(caller.role, "traces.content")
    return wire.Trace(
        **_summary(trace),
        error=_error(house, trace, language_of(request.scope)),
        attempts=[
            wire.Attempt(
                target=each.target,
                started_ms=round(each.started_ms, 2),
                first_token_ms=_rounded(each.first_token_ms),
                ended_ms=_rounded(each.ended_ms),
                status=each.status,
                error_code=each.error_code,
            )
            for each in trace.attempts
        ],
        request=_json(trace.request) if readable else None,
        answer=_json(trace.answer) if readable else None,
    )


def _owner(caller: Principal) -> str | None:
    """Whose traces the caller may read: everybody's in the tenant (None), or their own."""
    return None if allowed(caller.role, "traces.tenant") else caller.member_id


def _summary(trace: Trace) -> dict[str, Any]:
    values = {name: getattr(trace, name) for name in wire.TraceSummary.model_fields}
    values["marks"] = {name: round(ms, 2) for name, ms in trace.marks.items()}
    return values


def _error(house: House, trace: Trace, language: Language) -> wire.Reason | None:
    if trace.error_code is None:
        return None
    return past_error(house, trace.error_code, language, model=trace.model, request_id=trace.request_id)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 2)


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
