"""What a deployment would be, and all that stands in its way."""

import asyncio
from collections.abc import Awaitable
from typing import NamedTuple

from jixi.core.errors import JixiError
from jixi.models.catalog import Licence
from jixi.models.rollouts._choice import Choice, restricting
from jixi.models.rollouts._rollouts import Rollouts, Who
from jixi.models.rollouts._values import Draft


class Preview(NamedTuple):
    """`restricting` is the licence that must be accepted; `lacking` counts the bytes that are to be fetched, None where
    nobody knows. `private`: the model is one organisation's, while a deployment answers all.
    """

    choice: Choice
    licence: Licence | None
    restricting: Licence | None
    lacking: int | None
    private: bool
    problems: list[JixiError]


async def preview(rollouts: Rollouts, who: Who, draft: Draft, name: str | None) -> Preview:
    """Starts nothing. Raises what `Chooser.choose` raises, but for what is told among the problems: a licence that is
    not accepted, an engine that is not installed, files that do not fit, a name that is taken.
    """
    shelf = await rollouts.shelf(who.viewer)
    choice = await rollouts.plan(who, draft, installed=False, licensed=False)
    to_accept = restricting(choice, shelf)
    checks: list[Awaitable[object]] = [
        rollouts.plan(who, choice.plan, installed=False),
        rollouts.plan(who, choice.plan, licensed=False),
        rollouts.check_files(choice),
    ]
    found = await asyncio.gather(*checks, return_exceptions=True)
    problems = [each for each in found if isinstance(each, JixiError)]
    if name is not None:
        problems += rollouts.taken(name, draft.adapters)
    entry, lacking = choice.entry, await rollouts.lacking(choice)
    licence = None if entry is None else shelf.licence(entry)
    own = shelf.own(choice.plan.model) if choice.plan.model is not None else None
    private = own is not None and own.tenant_id is not None
    return Preview(choice, licence, to_accept, lacking, private, problems)
