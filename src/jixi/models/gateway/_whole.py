"""A whole answer, charged before anybody sees it."""

import asyncio

from jixi.core.errors import JixiError
from jixi.core.usage import UNITS, Usage
from jixi.models.gateway._account import Account
from jixi.models.gateway._answers import Answer, body_of, keep_answer, total, usage_of
from jixi.models.gateway._attempts import Attempts
from jixi.models.gateway._drains import Drains
from jixi.models.gateway._exchange import Run, fetch_whole
from jixi.models.gateway._faults import judge
from jixi.models.gateway._merged import merged_usage
from jixi.models.gateway._ports import Teller
from jixi.models.gateway.routing import Place


async def whole_answer(
    attempts: Attempts, account: Account, drains: Drains, teller: Teller | None
) -> tuple[bytes, Usage]:
    """The body and what it used. Raises what befell it, settled as well."""
    tries: list[tuple[Run, list[Answer]]] = []
    fetches: list[asyncio.Task[None]] = []

    async def act(run: Run, place: Place) -> list[Answer]:
        tries.append((run, []))
        got = tries[-1][1]
        if run.drains:
            fetches.append(fetch := asyncio.create_task(_fetch(run, place, got)))
            await asyncio.shield(fetch)
        else:
            await _fetch(run, place, got)
        return got

    def so_far() -> list[Answer]:
        """What came of the try of the moment."""
        return [each for run, got in tries if run is attempts.run for each in got]

    def stop() -> None:
        """What still runs of it: a try that was slower than another, or all that nobody waits for."""
        for fetch in fetches:
            fetch.cancel()

    try:
        run, answers = await attempts.succeed(act, account)
        stop()
        usage = account.payable(total(run, answers))
        body = body_of(run, answers, usage)
        if teller is not None:
            judge(teller.whole, body, run.model)
    except JixiError as error:
        await account.settle("failed", _spent(attempts, so_far()), error.code)
        raise
    except Exception:
        # A defect of ours: it goes on to the border, and the hold must not outlive it.
        stop()
        account.settle_later("failed", Usage(), "internal_error")
        raise
    except BaseException:
        at_work = [fetch for fetch in fetches if not fetch.done()]
        drains.leave(
            attempts.run if len(at_work) == 1 else None,
            account,
            lambda: _spent(attempts, so_far()) if so_far() else _begun(attempts),
            rest=lambda: at_work[0],
            stop=stop,
        )
        raise
    keep_answer(account.record, run, body)
    await account.settle("ok", usage)
    return body, usage


async def _fetch(run: Run, place: Place, answers: list[Answer]) -> None:
    """The answers of one try, in order; the first failure ends the rest."""
    if len(run.plan.bodies) == 1:
        answers.append(await fetch_whole(run, place, 0))
        return
    places = run.lane.beside(place, len(run.plan.bodies) - 1)
    tasks = [asyncio.create_task(fetch_whole(run, taken, at)) for at, taken in enumerate(places)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        done = [task for task in tasks if task.done()]
        answers += [task.result() for task in done if task.exception() is None]
        for task in done:
            task.result()
    finally:
        for task, taken in zip(tasks, places, strict=True):
            task.cancel()
            taken.leave()
        await asyncio.wait(tasks)


def _spent(attempts: Attempts, answers: list[Answer]) -> Usage:
    run = attempts.run
    if run is None:
        return Usage()
    return merged_usage([*(usage_of(run, whole) for _, whole in answers), *run.lost], run.plan.choices)


def _begun(attempts: Attempts) -> Usage:
    """What a call has used whose caller left before its whole answer was there: the prompt, as far as one can say.

    What is counted in units is known before it is made, and an engine that makes it is not always stopped.
    """
    run = attempts.run
    if run is None or not run.noted.at_work:
        return Usage()
    if run.request.kind in UNITS:
        return run.believe_units(None)
    return Usage(input_tokens=run.estimated_input(), estimated=True)
