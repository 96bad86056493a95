"""How lines are run: each answered once and paid for once, whatever breaks, and what ends a batch early."""

from datetime import timedelta

from jixi.core.errors import problem
from jixi.governance.ledger import Limits, LimitValues
from tests.unit.batches.works import Works, lines

SLOW = {"stub": {"drip_ms": 40}}


async def test_a_batch_is_answered_line_by_line_at_the_price_of_batches(house: Works) -> None:
    batch = await house.begin(lines(30))
    await house.hire()
    batch = await house.ended(batch)
    assert (batch.status, batch.total, batch.completed, batch.failed) == ("completed", 30, 30, 0)
    output = await house.entries(batch, batch.output_file_id)
    assert list(output) == [f"r{number}" for number in range(1, 31)]
    assert batch.error_file_id is None
    used = output["r7"]["response"]["body"]["usage"]
    whole = used["prompt_tokens"] + 2 * used["completion_tokens"]
    assert (7, "ok", -(-whole // 2)) in await house.charges(batch)
    assert await house.payments(batch) == dict.fromkeys(range(1, 31), 1)
    job = await house.job_of(batch)
    assert (job.state, job.done, job.failed, job.total) == ("succeeded", 30, 0, 30)


async def test_answers_that_were_lost_after_their_charge_are_made_again_for_nothing(house: Works) -> None:
    house.records.breakdowns = 2
    batch = await house.begin(lines(20))
    await house.hire()
    batch = await house.ended(batch)
    assert (batch.status, batch.completed) == ("completed", 20)
    assert len(await house.entries(batch, batch.output_file_id)) == 20
    assert await house.payments(batch) == dict.fromkeys(range(1, 21), 1)
    assert (await house.job_of(batch)).token == 3


async def test_lines_that_the_end_of_a_process_cuts_are_paid_for_once(house: Works) -> None:
    batch = await house.begin(lines(12, **SLOW))
    first = await house.hire()
    await house.until(batch, 3)
    await first.close()
    assert (await house.job_of(batch)).state == "queued"
    await house.hire()
    batch = await house.ended(batch)
    assert (batch.status, batch.completed) == ("completed", 12)
    assert len(await house.entries(batch, batch.output_file_id)) == 12
    assert await house.payments(batch) == dict.fromkeys(range(1, 13), 1)


async def test_two_processes_that_want_the_same_job_do_each_line_once(house: Works) -> None:
    for _ in range(2):
        await house.hire()
    batch = await house.ended(await house.begin(lines(30)))
    assert (batch.status, batch.completed) == ("completed", 30)
    assert await house.payments(batch) == dict.fromkeys(range(1, 31), 1)
    assert (await house.job_of(batch)).token == 1


async def test_a_cancelled_batch_keeps_what_it_has_and_names_the_rest(house: Works) -> None:
    batch = await house.begin(lines(30, **SLOW))
    await house.hire()
    await house.until(batch, 2)
    assert (await house.batches.cancel(batch.tenant_id, batch.id)).status == "cancelling"
    batch = await house.ended(batch)
    output = await house.entries(batch, batch.output_file_id)
    errors = await house.entries(batch, batch.error_file_id)
    assert batch.status == "cancelled"
    assert 2 <= len(output) == batch.completed < 30
    assert len(errors) == batch.failed == 30 - len(output)
    assert {entry["error"]["code"] for entry in errors.values()} == {"batch_cancelled"}
    assert (await house.job_of(batch)).state == "cancelled"
    assert set(await house.payments(batch)) == {int(name[1:]) for name in output}


async def test_a_batch_that_is_cancelled_before_it_began_has_no_files(house: Works) -> None:
    batch = await house.begin(lines(3))
    await house.batches.cancel(batch.tenant_id, batch.id)
    await house.hire()
    batch = await house.ended(batch)
    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("cancelled", None, None)
    assert await house.charges(batch) == []


async def test_a_batch_whose_time_is_over_keeps_what_it_has(house: Works) -> None:
    batch = await house.begin(lines(30, **SLOW))
    await house.hire()
    await house.until(batch, 2)
    house.clock.ahead = timedelta(hours=25)
    batch = await house.ended(batch)
    assert batch.status == "expired"
    assert 2 <= len(await house.entries(batch, batch.output_file_id)) == batch.completed < 30
    errors = await house.entries(batch, batch.error_file_id)
    assert {entry["error"]["code"] for entry in errors.values()} == {"batch_expired"}
    assert batch.failed == len(errors) == 30 - batch.completed


async def test_a_revoked_key_stops_its_batch(house: Works) -> None:
    batch = await house.begin(lines(40, **SLOW))
    await house.hire()
    await house.until(batch, 2)
    house.refusal = problem("api_key_revoked")
    batch = await house.ended(batch)
    assert batch.status == "failed"
    assert [fault.code for fault in batch.faults] == ["api_key_revoked"]
    assert 2 <= len(await house.entries(batch, batch.output_file_id)) == batch.completed < 40
    errors = await house.entries(batch, batch.error_file_id)
    assert {entry["error"]["code"] for entry in errors.values()} == {"api_key_revoked"}
    assert (await house.job_of(batch)).error_code == "api_key_revoked"


async def test_when_the_money_is_out_the_rest_is_refused_and_what_was_answered_is_kept(house: Works) -> None:
    limits = Limits(house.database, house.clock)
    tenant = house.principal.tenant_id
    await limits.put(tenant, tenant, LimitValues(monthly_micros=100))
    batch = await house.begin(lines(40))
    await house.hire()
    batch = await house.ended(batch)
    assert batch.status == "completed"
    output = await house.entries(batch, batch.output_file_id)
    errors = await house.entries(batch, batch.error_file_id)
    assert 1 <= len(output) < 40
    assert {entry["error"]["code"] for entry in errors.values()} == {"budget_exceeded"}
    assert sum(cost for _, _, cost in await house.charges(batch)) <= 100


async def test_lines_that_a_limit_refuses_wait_for_their_turn(house: Works) -> None:
    limits = Limits(house.database, house.clock)
    tenant = house.principal.tenant_id
    await limits.put(tenant, tenant, LimitValues(concurrency=1))
    batch = await house.begin(lines(4))
    await house.hire()
    batch = await house.ended(batch)
    assert (batch.status, batch.completed, batch.failed) == ("completed", 4, 0)
    assert await house.payments(batch) == dict.fromkeys(range(1, 5), 1)


async def test_lines_whose_charge_could_not_be_written_are_paid_for_once(house: Works) -> None:
    house.ledger.breakdowns = 3
    batch = await house.begin(lines(6))
    await house.hire()
    batch = await house.ended(batch)
    await house.ledger.settle_late()
    assert house.ledger.breakdowns == 0
    assert (batch.status, batch.completed) == ("completed", 6)
    assert await house.payments(batch) == dict.fromkeys(range(1, 7), 1)


async def test_a_line_whose_engine_breaks_is_tried_again_and_at_last_reported(house: Works) -> None:
    broken = lines(2, stub={"status": 500})
    batch = await house.begin(broken)
    await house.hire()
    batch = await house.ended(batch)
    errors = await house.entries(batch, batch.error_file_id)
    assert (batch.status, batch.completed, batch.failed) == ("completed", 0, 2)
    assert errors["r1"]["response"]["status_code"] == 502
    assert errors["r1"]["response"]["body"]["error"]["code"] == "engine_error"
    assert (
        len([1 for number, outcome, _ in await house.charges(batch) if (number, outcome) == (1, "failed")])
        == 3
    )
