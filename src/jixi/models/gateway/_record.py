"""What is written down of one call on its way, for whoever observes: once, whatever becomes of it."""

from typing import Final

from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Outcome
from jixi.core.principal import Principal, Scope
from jixi.core.trace import Attempt, CallTrace, Dialect, Mark, Observer
from jixi.core.usage import Usage

_LONGEST_ANSWER: Final = 4 * 1024 * 1024


class NoObserver:
    """Nobody listens."""

    keeps_content = False

    def finished(self, trace: CallTrace) -> None:
        pass


class Record:
    """The trace of a call that has just arrived. `finish` hands it over; what comes after that is not heard.

    `outside` says that no deployment of ours stands behind the call at this moment.
    """

    __slots__ = ("_began", "_done", "_now", "_observer", "_said", "_said_bytes", "outside", "trace")

    def __init__(
        self,
        observer: Observer,
        clock: Clock,
        *,
        request_id: str,
        principal: Principal,
        kind: Scope,
        dialect: Dialect,
    ) -> None:
        self._observer = observer
        self._now = clock.monotonic
        self._began = self._now()
        self._done = False
        self._said: list[bytes] = []
        self._said_bytes = 0
        self.outside = False
        self.trace = CallTrace(
            request_id=request_id,
            principal=principal,
            kind=kind,
            model="",
            stream=False,
            began_at=clock.now(),
            dialect=dialect,
        )

    @property
    def keeps_content(self) -> bool:
        return self._observer.keeps_content

    def ms(self) -> float:
        """Milliseconds since the call arrived."""
        return (self._now() - self._began) * 1000

    def mark(self, name: Mark) -> None:
        """A place is passed; the first time counts."""
        marks = self.trace.marks
        if name not in marks:
            marks[name] = (self._now() - self._began) * 1000

    def opened(self, hold: Hold) -> None:
        """The money is set aside."""
        self.mark("reserved")
        self.trace.currency = hold.price.currency

    def attempt(self, target: str) -> "Try":
        """Another try begins."""
        made = Attempt(target=target, started_ms=self.ms())
        self.trace.attempts.append(made)
        return Try(self, made)

    def ended(self, outcome: Outcome, usage: Usage, error_code: str | None = None) -> None:
        """How the call itself ended, before it is settled."""
        trace = self.trace
        trace.outcome, trace.usage, trace.error_code = outcome, usage, error_code

    def said(self, payloads: list[bytes]) -> None:
        """Chunks of a stream are on their way to the caller."""
        if self._observer.keeps_content and self._said_bytes < _LONGEST_ANSWER:
            self._said += payloads
            self._said_bytes += sum(map(len, payloads))

    def answered(self, body: bytes) -> None:
        """The whole answer is there."""
        if self._observer.keeps_content:
            self.trace.answer = body

    def pointed(self, error: JixiError) -> JixiError:
        """The error with a remedy that points to where its cause is found."""
        return error.outside() if self.outside else error

    def refused(self, error: BaseException) -> None:
        """The call ended without a charge, or its charge has said so already."""
        if not self._done:
            trace = self.trace
            if isinstance(error, JixiError):
                trace.outcome, trace.error_code = "failed", error.code
            elif isinstance(error, Exception):
                trace.outcome, trace.error_code = "failed", "internal_error"
            else:
                trace.outcome = "cancelled"
            self.finish()

    def finish(self) -> None:
        if not self._done:
            self._done = True
            if self._said:
                self.trace.answer = b"[%s]" % b",".join(self._said)
            self._observer.finished(self.trace)


class Try:
    """One attempt of a record. `at_work` says that an engine has it and has not failed."""

    __slots__ = ("_record", "at_work", "attempt")

    def __init__(self, record: Record, attempt: Attempt) -> None:
        self._record = record
        self.attempt = attempt
        self.at_work = False

    def queued(self) -> None:
        self._record.mark("queued")

    def dispatched(self) -> None:
        self.at_work = True
        self._record.mark("dispatched")

    def first_token(self) -> None:
        if self.attempt.first_token_ms is None:
            self.attempt.first_token_ms = self._record.ms()

    def ended(self, error_code: str | None = None) -> None:
        self.at_work = False
        attempt = self.attempt
        if attempt.ended_ms is None:
            attempt.ended_ms = self._record.ms()
            attempt.error_code = error_code
