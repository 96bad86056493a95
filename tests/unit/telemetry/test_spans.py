"""Spans for OpenTelemetry, as a real collector gets them."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from jixi.core.trace import Attempt, TraceContext
from jixi.telemetry import Contexts, SpanExport
from tests.collector import Collector, attributes, collecting
from tests.traces import BEGAN, call, refused

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def _export(collector: Collector, **headers: str) -> SpanExport:
    return SpanExport(collector.url, headers, lambda: {"m": "llamacpp", "x": "Example Cloud"})


async def test_a_call_becomes_a_span_with_its_queue_and_its_attempts_below(collector: Collector) -> None:
    failed = Attempt(target="x", started_ms=2, ended_ms=5, status=503, error_code="engine_error")
    good = Attempt(target="m", started_ms=15.5, first_token_ms=40, ended_ms=400, status=200)
    export = _export(collector, authorization="Bearer collector")
    export.take([call(attempts=[failed, good], context=TraceContext(CALLER, ""))])
    await export.close()
    assert collector.headers["authorization"] == "Bearer collector"
    assert collector.resources[0]["service.name"] == "jixi"
    root, queue, first, second = collector.spans
    assert [span.name for span in collector.spans] == ["chat m", "queue", "chat x", "chat m"]
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    assert root.parent_span_id.hex() == PARENT
    assert {span.parent_span_id for span in (queue, first, second)} == {root.span_id}
    assert len({span.span_id for span in collector.spans}) == 4
    began = round(BEGAN.timestamp() * 1e9)
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (began, began + 405_000_000)
    assert queue.end_time_unix_nano - queue.start_time_unix_nano == 10_000_000
    assert [(event.name, event.time_unix_nano - began) for event in second.events] == [
        ("first_token", 40_000_000)
    ]
    assert (first.status.code, first.status.message) == (2, "engine_error")
    assert (root.status.code, second.status.code) == (0, 0)
    assert (root.kind, first.kind) == (2, 3)


async def test_attributes_have_the_names_of_the_conventions(collector: Collector) -> None:
    export = _export(collector)
    export.take([call()])
    await export.close()
    told = attributes(collector.spans[0])
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "llamacpp",
        "gen_ai.request.model": "m",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "m",
        "gen_ai.response.time_to_first_chunk": 0.04,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.output_tokens": 21,
        "jixi.request_id": "req_1",
        "jixi.tenant_id": "ten_a",
        "jixi.key_id": "key_a",
        "jixi.member_id": "mem_a",
        "jixi.dialect": "openai",
        "jixi.outcome": "ok",
        "jixi.replayed": False,
        "jixi.cost_micros": 31,
        "jixi.currency": "CNY",
    }
    attempt = attributes(collector.spans[-1])
    assert (attempt["gen_ai.request.model"], attempt["http.response.status_code"]) == ("m", 200)


async def test_a_refused_call_is_a_span_too_and_names_its_error(collector: Collector) -> None:
    export = _export(collector)
    export.take([refused("rate_limited")])
    await export.close()
    (root,) = collector.spans
    assert attributes(root)["error.type"] == "rate_limited"
    assert (root.status.code, root.parent_span_id) == (2, b"")


async def test_what_the_caller_does_not_sample_is_not_exported(collector: Collector) -> None:
    export = _export(collector)
    export.take([call("req_1", context=TraceContext(f"00-{TRACE}-{PARENT}-00", "")), call("req_2")])
    await export.close()
    assert {attributes(span)["jixi.request_id"] for span in collector.spans if span.kind == 2} == {"req_2"}


async def test_no_word_of_a_call_is_ever_in_a_span(collector: Collector) -> None:
    export = _export(collector)
    export.take([call(request=b'{"messages":["canary-7919"]}', answer=b'"canary-7919"')])
    await export.close()
    assert all(b"canary-7919" not in span.SerializeToString() for span in collector.spans)


async def test_a_collector_that_is_away_costs_spans_and_nothing_else(
    collector: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.status = 400
    export = _export(collector)
    export.take([call()])
    await export.close()
    assert export.dropped == 1
    assert "spans_not_exported" in capsys.readouterr().out


async def test_what_is_too_much_is_counted_and_not_kept(collector: Collector) -> None:
    export = _export(collector)
    export.take([refused(request_id=f"req_{number}") for number in range(5000)])
    assert export.dropped == 904
    await export.close()
    assert len(collector.spans) == 4096


def test_where_no_spans_are_wanted_the_exporter_is_not_even_loaded() -> None:
    program = (
        "import sys, jixi.telemetry\n"
        "heavy = ('opentelemetry.sdk', 'opentelemetry.exporter', 'google.protobuf', 'requests')\n"
        "sys.exit([name for name in sys.modules if name.startswith(heavy)] != [])"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_a_callers_context_is_passed_on_and_ours_in_its_place_where_spans_are_wanted() -> None:
    assert Contexts(traced=False).enter(CALLER, "req_1") == TraceContext(CALLER, CALLER)
    context = Contexts(traced=True).enter(CALLER, "req_1")
    assert context is not None
    assert context.caller == CALLER
    assert context.onward.startswith(f"00-{TRACE}-")
    assert context.onward.endswith("-01")
    assert PARENT not in context.onward


def test_without_a_callers_context_there_is_one_of_ours_or_none() -> None:
    assert Contexts(traced=False).enter(None, "req_1") is None
    first, second = (Contexts(traced=True).enter(None, name) for name in ("req_1", "req_2"))
    assert first is not None
    assert second is not None
    assert (first.caller, len(first.onward)) == (None, 55)
    assert first.onward != second.onward


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "nonsense",
        CALLER.upper(),
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"{CALLER}\r\nX-Evil: 1",
        f"{CALLER}-more",
    ],
)
def test_what_is_no_context_is_not_passed_on(wrong: str) -> None:
    assert Contexts(traced=False).enter(wrong, "req_1") is None
