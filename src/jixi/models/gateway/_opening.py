"""A stream up to its first content: until then it may still come from elsewhere, or fail as a whole answer would."""

from collections.abc import Iterable
from functools import partial

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.core.usage import Usage
from jixi.models.gateway._account import Account
from jixi.models.gateway._attempts import Attempts
from jixi.models.gateway._drains import Drains
from jixi.models.gateway._exchange import Run
from jixi.models.gateway._merged import MergedStream, merged_usage
from jixi.models.gateway._speech import SpeechStream
from jixi.models.gateway._stream import EngineStream, PayloadStream
from jixi.models.gateway._toolstream import ToolStream
from jixi.models.gateway.routing import Place

_Primed = tuple[PayloadStream, list[bytes]]


async def first_content(
    attempts: Attempts, account: Account, drains: Drains
) -> tuple[PayloadStream, list[bytes], Run]:
    """A stream whose first payloads have come. Raises what befell it, settled as well."""
    opened: list[tuple[Run, PayloadStream]] = []

    async def act(run: Run, place: Place) -> _Primed:
        stream = _open(run, place)
        opened.append((run, stream))
        try:
            return stream, await stream.read()
        except JixiError:
            stream.close()
            opened[:] = [each for each in opened if each[1] is not stream]
            raise

    def used() -> Usage:
        """End every try; what the one of the moment has used."""
        _close(stream for _, stream in opened)
        return next((stream.usage() for run, stream in opened if run is attempts.run), Usage())

    try:
        run, (stream, first) = await attempts.succeed(act, account, lambda primed: primed[0].close())
    except JixiError as error:
        await account.settle("failed", _lost(attempts.run), error.code)
        raise
    except Exception:
        # A defect of ours: it goes on to the border, and the hold must not outlive it.
        account.settle_later("failed", used(), "internal_error")
        raise
    except BaseException:
        if len(opened) == 1:
            leave_stream(drains, *opened[0], account)
        else:
            account.settle_later(drains.outcome, used())
        raise
    _close(other for _, other in opened if other is not stream)
    account.first_token()
    return stream, first, run


def leave_stream(drains: Drains, run: Run, stream: PayloadStream, account: Account) -> None:
    """The caller of a stream has left, before or after its first content."""
    drains.leave(
        run, account, stream.usage, rest=partial(_read_to_its_end, stream, account), stop=stream.close
    )


async def _read_to_its_end(stream: PayloadStream, account: Account) -> None:
    while await stream.read():
        account.progress(stream.usage)


def _close(streams: Iterable[PayloadStream]) -> None:
    for stream in streams:
        stream.close()


def _lost(run: Run | None) -> Usage:
    return Usage() if run is None else merged_usage(run.lost, run.plan.choices)


def _open(run: Run, place: Place) -> PayloadStream:
    count = len(run.plan.bodies)
    streams: list[PayloadStream] = []
    for number, taken in enumerate(run.lane.beside(place, count - 1)):
        if run.request.kind is Scope.SPEECH:
            return SpeechStream(run, taken)
        stream = EngineStream(run, taken, number, number if count > 1 else None)
        streams.append(ToolStream(stream, run.plan.tools) if run.plan.tools is not None else stream)
    return streams[0] if count == 1 else MergedStream(streams, run.plan.choices, run.envelope)
