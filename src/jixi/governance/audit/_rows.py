"""From a trace to the rows of its tables."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
import structlog

from jixi.core.errors import JixiError
from jixi.core.trace import CallTrace
from jixi.governance.audit._assembled import assembled
from jixi.governance.audit._records import TraceRows
from jixi.governance.audit._values import Content, Trace
from jixi.governance.safety import readable_json
from jixi.storage import Vault

Field = Literal["request", "answer"]
_LONGEST_NAME: Final = 200
_log = structlog.get_logger()


def rows_of(traces: Sequence[CallTrace], content: Content, vault: Vault) -> TraceRows:
    """The rows of `traces`; what was said is made fit to be kept, and sealed. Slow where it is long: for a thread."""
    said = [trace for trace in traces if trace.request is not None or trace.answer is not None]
    kept = said if content != "off" else []
    return TraceRows(
        traces=[_trace(each) for each in traces],
        contents=[_content(each, vault, redacted=content == "redacted") for each in kept],
    )


def with_words(trace: Trace, vault: Vault) -> Trace:
    """The trace with its words opened; those whose key is gone are gone too. Call it in a thread."""
    return trace._replace(request=_opened(trace, "request", vault), answer=_opened(trace, "answer", vault))


def rewrapped(
    vault: Vault, tenant_id: str, request_id: str, words: Mapping[Field, str | None]
) -> dict[str, str]:
    """Those of the fields that were not under the vault's newest key, now so; what no key opens is left as it is."""
    found: dict[str, str] = {}
    for field, sealed in words.items():
        if sealed is None or vault.is_current(sealed):
            continue
        try:
            found[field] = vault.rewrap(sealed, *_place(tenant_id, request_id, field))
        except JixiError as error:
            _log.warning("words_unreadable", request_id=request_id, code=error.code)
    return found


def _opened(trace: Trace, field: Field, vault: Vault) -> str | None:
    sealed: str | None = getattr(trace, field)
    if sealed is None:
        return None
    try:
        return vault.open(sealed, *_place(trace.tenant_id, trace.request_id, field)).decode()
    except JixiError as error:
        _log.warning("words_unreadable", request_id=trace.request_id, code=error.code)
        return None


def _trace(trace: CallTrace) -> Sequence[Any]:
    caller, usage = trace.principal, trace.usage
    return (
        caller.tenant_id,
        trace.request_id,
        caller.key_id,
        caller.member_id,
        _name(trace.model),
        None if trace.target is None else _name(trace.target),
        trace.kind.value,
        trace.dialect,
        trace.stream,
        trace.began_at,
        trace.outcome,
        trace.error_code,
        trace.replayed,
        msgspec.json.encode(trace.marks).decode(),
        msgspec.json.encode(trace.attempts).decode(),
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.output_tokens,
        usage.estimated,
        trace.cost_micros,
        trace.currency,
    )


def _name(name: str) -> str:
    """A name as the caller wrote it, which may be anything at all: PostgreSQL takes no NUL and no half characters."""
    if name.isascii() and name.isprintable() and len(name) <= _LONGEST_NAME:
        return name
    plain = name[:_LONGEST_NAME].encode("utf-8", "replace").decode()
    return "".join(each if each.isprintable() else "\ufffd" for each in plain)


def _content(trace: CallTrace, vault: Vault, *, redacted: bool) -> Sequence[Any]:
    tenant_id, request_id = trace.principal.tenant_id, trace.request_id

    def sealed(raw: bytes | None, field: Field) -> str | None:
        if raw is None:
            return None
        words = readable_json(raw, redacted=redacted)
        return vault.seal(words.encode(), *_place(tenant_id, request_id, field))

    answer = None if trace.answer is None else assembled(trace.answer)
    return (tenant_id, request_id, trace.began_at, sealed(trace.request, "request"), sealed(answer, "answer"))


def _place(tenant_id: str, request_id: str, field: Field) -> tuple[str, ...]:
    return ("trace", tenant_id, request_id, field)
