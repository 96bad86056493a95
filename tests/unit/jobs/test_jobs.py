"""Jobs through the door of their room: one end for each, whatever happens to the workers."""

import asyncio
import contextlib

import pytest

from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.jobs import (
    HOUSE,
    About,
    JobCancelledError,
    JobPausedError,
    JobRun,
    Jobs,
    LeaseLostError,
    Pacing,
)
from jixi.storage import Database
from tests.unit.jobs.conftest import PACING, Hire
from tests.unit.jobs.handlers import WITHIN_S, Doing, ended, forever, new_job, nothing, submit, until

SHORT = Pacing(lease_s=0.4, poll_s=0.05, attempts=9)


async def test_a_submitted_job_is_run_once_and_succeeds(jobs: Jobs, hire: Hire) -> None:
    async def count(run: JobRun) -> None:
        await run.progress(total=3)
        await run.progress(done=2, failed=1)

    doing = Doing(count)
    await hire(doing).start()
    job = await ended(jobs, await submit(jobs))
    assert (job.state, job.done, job.failed, job.total) == ("succeeded", 2, 1, 3)
    assert job.started_at is not None
    assert job.finished_at is not None
    assert len(doing.runs) == 1


async def test_many_workers_do_each_job_once(jobs: Jobs, hire: Hire) -> None:
    doing = Doing(nothing)
    submitted = [await submit(jobs) for _ in range(20)]
    for _ in range(4):
        await hire(doing).start()
    for new in submitted:
        assert (await ended(jobs, new)).state == "succeeded"
    assert sorted(run.job.id for run in doing.runs) == sorted(new.id for new in submitted)


async def test_a_job_submitted_in_a_transaction_that_fails_does_not_exist(
    jobs: Jobs, database: Database
) -> None:
    new = new_job()
    with contextlib.suppress(ZeroDivisionError):
        async with database.session() as session:
            await jobs.submit(new, session)
            _ = 1 / 0
    with pytest.raises(JixiError, match="no such job"):
        await jobs.get(new.tenant_id, new.id)


async def test_a_job_submitted_in_a_transaction_begins_as_soon_as_that_is_made(
    jobs: Jobs, database: Database, hire: Hire
) -> None:
    for _ in range(2):
        await hire(Doing(nothing), Pacing(poll_s=3600)).start()
    for _ in range(5):
        new = new_job()
        async with database.session() as session:
            await jobs.submit(new, session)
            await asyncio.sleep(0)
        assert (await ended(jobs, new)).state == "succeeded"


async def test_a_problem_ends_the_job_as_failed_with_its_reason(jobs: Jobs, hire: Hire) -> None:
    async def refuse(run: JobRun) -> None:
        raise problem("model_not_found", model="m")

    doing = Doing(refuse)
    await hire(doing).start()
    job = await ended(jobs, await submit(jobs))
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.message("zh") == problem("model_not_found", model="m").message("zh")
    assert doing.given_up == ["model_not_found"]
    assert len(doing.runs) == 1


async def test_a_defect_is_tried_again_until_it_works(jobs: Jobs, hire: Hire) -> None:
    async def stumble(run: JobRun) -> None:
        if len(doing.runs) < 3:
            raise ValueError

    doing = Doing(stumble)
    await hire(doing).start()
    assert (await ended(jobs, await submit(jobs))).state == "succeeded"
    assert [run.job.token for run in doing.runs] == [1, 2, 3]


async def test_a_job_that_never_gets_on_is_given_up(jobs: Jobs, hire: Hire) -> None:
    async def stumble(run: JobRun) -> None:
        raise ValueError

    doing = Doing(stumble)
    await hire(doing).start()
    job = await ended(jobs, await submit(jobs))
    assert (job.state, job.error_code) == ("failed", "job_crashed")
    assert doing.given_up == ["job_crashed"]
    assert len(doing.runs) == PACING.attempts


async def test_attempts_that_make_progress_do_not_count(jobs: Jobs, hire: Hire) -> None:
    async def stumble(run: JobRun) -> None:
        await run.progress(done=len(doing.runs))
        if len(doing.runs) < 3 * PACING.attempts:
            raise ValueError

    doing = Doing(stumble)
    await hire(doing).start()
    job = await ended(jobs, await submit(jobs))
    assert (job.state, job.done) == ("succeeded", 3 * PACING.attempts)


async def test_a_cancelled_job_is_told_and_ends_cancelled(jobs: Jobs, hire: Hire) -> None:
    async def wait(run: JobRun) -> None:
        await run.cancelled.wait()
        raise JobCancelledError

    doing = Doing(wait)
    await hire(doing).start()
    new = await submit(jobs)
    await until(lambda: bool(doing.runs))
    assert (await jobs.cancel(new.tenant_id, new.id)).cancel_requested_at is not None
    job = await ended(jobs, new)
    assert job.state == "cancelled"
    assert await jobs.cancel(new.tenant_id, new.id) == job


async def test_a_job_that_is_cancelled_before_it_began_hears_of_it_at_once(jobs: Jobs, hire: Hire) -> None:
    async def look(run: JobRun) -> None:
        assert run.cancelled.is_set()
        raise JobCancelledError

    new = await submit(jobs)
    await jobs.cancel(new.tenant_id, new.id)
    await hire(Doing(look)).start()
    assert (await ended(jobs, new)).state == "cancelled"


async def test_a_long_job_keeps_its_lease_from_other_workers(jobs: Jobs, hire: Hire) -> None:
    async def last(run: JobRun) -> None:
        async with asyncio.timeout(WITHIN_S):
            await enough.wait()

    enough = asyncio.Event()
    doing = Doing(last)
    for _ in range(2):
        await hire(doing).start()
    new = await submit(jobs)
    asyncio.get_running_loop().call_later(1.5 * PACING.lease_s, enough.set)
    assert (await ended(jobs, new)).state == "succeeded"
    assert len(doing.runs) == 1


async def test_a_worker_that_closes_gives_its_jobs_back_without_counting_it(jobs: Jobs, hire: Hire) -> None:
    async def until_drained(run: JobRun) -> None:
        await run.draining.wait()
        raise JobPausedError

    for _ in range(2 * PACING.attempts):
        doing = Doing(until_drained)
        worker = hire(doing)
        await worker.start()
        if not _:
            new = await submit(jobs)
        await until(lambda: bool(doing.runs))  # noqa: B023  (called at once)
        await worker.close()
        assert (await jobs.get(new.tenant_id, new.id)).state == "queued"
    await hire(Doing(nothing)).start()
    assert (await ended(jobs, new)).state == "succeeded"


async def test_a_handler_that_does_not_heed_the_end_is_stopped_and_goes_on_elsewhere(
    jobs: Jobs, hire: Hire
) -> None:
    doing = Doing(forever)
    worker = hire(doing, Pacing(lease_s=30, poll_s=0.05, drain_s=0.05))
    await worker.start()
    new = await submit(jobs)
    await until(lambda: bool(doing.runs))
    await worker.close()
    await hire(Doing(nothing)).start()
    assert (await ended(jobs, new)).state == "succeeded"


async def test_what_an_old_lease_still_wants_to_write_is_refused(jobs: Jobs, hire: Hire) -> None:
    async def hand_over(run: JobRun) -> None:
        if len(doing.runs) == 1:
            raise ValueError

    doing = Doing(hand_over)
    await hire(doing).start()
    job = await ended(jobs, await submit(jobs))
    first, second = doing.runs
    for run in (first, second):
        with pytest.raises(LeaseLostError):
            await run.progress(done=99)
    assert (await jobs.get(job.tenant_id, job.id)).done == 0


async def test_nothing_is_begun_under_a_lease_that_may_have_run_out(jobs: Jobs, hire: Hire) -> None:
    seen: list[str] = []

    async def block(run: JobRun) -> None:
        run.check()
        if len(doing.runs) > 1:
            return
        end = asyncio.get_running_loop().time() + 2 * SHORT.lease_s
        while asyncio.get_running_loop().time() < end:
            """A process that was stopped hears of nothing either."""
        try:
            run.check()
        except LeaseLostError:
            seen.append("lost")
            raise

    doing = Doing(block)
    await hire(doing, SHORT).start()
    assert (await ended(jobs, await submit(jobs))).state == "succeeded"
    assert seen == ["lost"]


async def test_one_tenant_leaves_places_for_the_others(jobs: Jobs, hire: Hire) -> None:
    enough = asyncio.Event()

    async def wait(run: JobRun) -> None:
        if run.job.tenant_id == greedy:
            await enough.wait()

    greedy = new_id("ten")
    first = [await submit(jobs, greedy) for _ in range(6)]
    doing = Doing(wait)
    await hire(doing).start()
    assert (await ended(jobs, await submit(jobs))).state == "succeeded"
    assert len([run for run in doing.runs if run.job.tenant_id == greedy]) == PACING.most_of_tenant
    enough.set()
    for new in first:
        assert (await ended(jobs, new)).state == "succeeded"


async def test_jobs_of_others_are_not_found(jobs: Jobs) -> None:
    new = await submit(jobs)
    for tenant, owner in ((new_id("ten"), None), (new.tenant_id, new_id("mem"))):
        for ask in (jobs.get, jobs.cancel):
            with pytest.raises(JixiError, match="no such job"):
                await ask(tenant, new.id, owner=owner)
        assert await jobs.page(tenant, owner=owner) == []
    assert (await jobs.get(new.tenant_id, new.id, owner=new.member_id)).state == "queued"


async def test_pages_come_newest_first_and_by_state(jobs: Jobs, hire: Hire) -> None:
    tenant = new_id("ten")
    submitted = [await submit(jobs, tenant) for _ in range(5)]
    ids = [new.id for new in reversed(submitted)]
    assert [job.id for job in await jobs.page(tenant, limit=2)] == ids[:2]
    assert [job.id for job in await jobs.page(tenant, limit=9, after=ids[1])] == ids[2:]
    await hire(Doing(nothing)).start()
    for new in submitted:
        await ended(jobs, new)
    assert await jobs.page(tenant, about=About(state="queued")) == []
    assert len(await jobs.page(tenant, about=About(state="succeeded"))) == 5


async def test_who_follows_a_job_sees_each_stage_and_then_its_end(jobs: Jobs, hire: Hire) -> None:
    go_on = asyncio.Event()

    async def step(run: JobRun) -> None:
        await run.progress(done=1)
        await go_on.wait()

    new = await submit(jobs)
    seen: list[tuple[str, int]] = []
    async with asyncio.timeout(WITHIN_S):
        async for job in jobs.watch(new.tenant_id, new.id):
            if job is None:
                continue
            seen.append((job.state, job.done))
            if job.state == "queued":
                await hire(Doing(step)).start()
            if job.done:
                go_on.set()
    assert seen[0] == ("queued", 0)
    assert ("running", 1) in seen
    assert seen[-1] == ("succeeded", 1)


async def test_the_same_is_done_once_for_a_tenant_and_the_house_but_not_for_a_tenant_that_may_not_see_it(
    jobs: Jobs,
) -> None:
    first = new_job(tenant="ten_1")
    joined = await asyncio.gather(*(jobs.join(first._replace(id=new_id("job"))) for _ in range(5)))
    (one,) = {job.id for job in joined}
    for tenant, same in (("ten_1", True), (HOUSE, True), ("ten_2", False)):
        job = await jobs.join(first._replace(id=new_id("job"), tenant_id=tenant))
        assert (job.id == one) is same
    of_house = await jobs.join(new_job(tenant=HOUSE)._replace(subject="else"))
    assert (await jobs.join(new_job(tenant="ten_2")._replace(subject="else"))).id == of_house.id
    await jobs.cancel(HOUSE, of_house.id)
    after = await jobs.join(new_job(tenant="ten_2")._replace(subject="else"))
    assert after.id != of_house.id, "one that is about to end was joined"


async def test_jobs_of_the_house_are_seen_by_those_alone_who_ask_for_them(jobs: Jobs) -> None:
    new = await submit(jobs, HOUSE)
    assert [job.id for job in await jobs.page("ten_1", house=True)] == [new.id]
    assert await jobs.page("ten_1") == []
    with pytest.raises(JixiError, match="no such job"):
        await jobs.cancel("ten_1", new.id)
    assert (await jobs.cancel("ten_1", new.id, house=True)).cancel_requested_at is not None
