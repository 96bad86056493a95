"""The process of the `stub` engine. Good answers are built once and kept, so that it outruns whoever is measured."""

import asyncio
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from jixi.models.engines._http import Connection, answer, only_model, refusal, serve
from jixi.models.engines._protocol import CANARY
from jixi.models.engines._stub import Fault, StubOptions
from jixi.models.engines._stub_replies import (
    Frame,
    Plan,
    Request,
    comment,
    frames,
    garbage,
    plan,
    scores,
    script_of,
    vectors,
    whole,
    words_of,
)
from jixi.models.engines._worker import begin, options_of

_CHAT: Final = b"/v1/chat/completions"
_EMBEDDINGS: Final = b"/v1/embeddings"
_TEMPLATE: Final = b"/apply-template"
_TOKENIZE: Final = b"/tokenize"
_RERANK: Final = b"/v1/rerank"
_INFERENCE: Final = frozenset({_CHAT, b"/v1/completions", _EMBEDDINGS, _RERANK})
_KEPT_ANSWERS: Final = 1024
_COMMENT_S: Final = 0.05
_GOOD: Final = Fault()


class Journal:
    """What was produced for whom, one JSON object a line, each on the disk before anybody can know of it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, request_id: str, event: str, tokens: int) -> None:
        line = {"id": request_id, "event": event, "tokens": tokens, "at": time.time()}
        self._file.write(msgspec.json.encode(line) + b"\n")
        os.fsync(self._file.fileno())


class House:
    """What the connections share: the options, the place in the script, the good answers already built."""

    def __init__(
        self, model: str, context: int, options: StubOptions, adapters: Collection[str] = ()
    ) -> None:
        self.model = model
        self.adapters = adapters
        self.context = context
        self.options = options
        self.ready_at = time.monotonic() + options.ready_after_s
        self.plain = not (options.script or options.request_scripts or options.journal or options.drip_ms)
        self.answers: dict[bytes, bytes] = {}
        self.streams: dict[bytes, list[Frame]] = {}
        self._decode = msgspec.json.Decoder(Request).decode
        self.made = 0
        self._step = 0

    def plan(self, path: bytes, body: bytes, *, canary: bool) -> tuple[Request, Plan]:
        """Decide the answer to a request; raises msgspec.DecodeError."""
        request = self._decode(body)
        fault = _GOOD if canary else self._next_fault()
        if self.options.request_scripts:
            fault = script_of(request) or fault
        chat = path == _CHAT
        adapted = request.model in self.adapters
        model = request.model if adapted else self.model
        return request, plan(
            model, self.options, request, fault, chat=chat, context=self.context, adapted=adapted
        )

    def keep(self, key: bytes, built: bytes | list[Frame]) -> None:
        """Remember a good answer, so that the same request is answered without a thought."""
        if self.plain and len(self.answers) + len(self.streams) < _KEPT_ANSWERS:
            if isinstance(built, bytes):
                self.answers[key] = built
            else:
                self.streams[key] = built

    def _next_fault(self) -> Fault:
        script = self.options.script
        at = self._step % len(script) if script and self.options.repeat else self._step
        self._step += 1
        return script[at] if at < len(script) else _GOOD


class StubConnection(Connection):
    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house
        self._made = self._sent = 0

    def is_canary(self) -> bool:
        """Whether the watch of the deployment calls, not a caller."""
        return False

    def note(self, event: str, tokens: int) -> None:
        """Where there is a journal, write this down before going on."""

    def handle(self, path: bytes, body: bytes) -> None:
        key = path + body
        if kept := self._house.answers.get(key):
            self.send(kept)
            self.done()
        elif stream := self._house.streams.get(key):
            self._task = asyncio.create_task(self._replay(stream))
        elif path in _INFERENCE:
            self._infer(path, body)
        elif path == b"/health":
            ready = time.monotonic() >= self._house.ready_at
            self.reply(200 if ready else 503, b'{"status":"ok"}' if ready else b'{"status":"loading"}')
        elif path == b"/progress":
            self.reply(200, b'{"tokens":%d}' % self._house.made)
        elif path in (_TEMPLATE, _TOKENIZE):
            self._count(path, body)
        elif path == b"/v1/models":
            self.reply(200, only_model(self._house.model))
        else:
            self.reply(404, refusal(404, "there is nothing here"))

    def _count(self, path: bytes, body: bytes) -> None:
        """The words of a chat, which are its tokens."""
        fields = msgspec.json.decode(body)
        if path == _TEMPLATE:
            self.reply(200, msgspec.json.encode({"prompt": words_of(fields["messages"])}))
        else:
            self.reply(
                200, msgspec.json.encode({"tokens": list(range(max(1, len(fields["content"].split()))))})
            )

    def _infer(self, path: bytes, body: bytes) -> None:
        try:
            request, told = self._house.plan(path, body, canary=self.is_canary())
        except msgspec.DecodeError as error:
            self.reply(400, refusal(400, str(error)))
            return
        if told.prompt_tokens > self._house.context:
            message = f"the request has {told.prompt_tokens} tokens, the context is {self._house.context}"
            self.reply(400, refusal(400, message, code="context_length_exceeded"))
            return
        self._made = self._sent = 0
        self._task = asyncio.create_task(self._perform(path, body, request, told))

    async def _replay(self, stream: list[Frame]) -> None:
        for frame in stream:
            self.send(frame.data)
            await (asyncio.sleep(0) if self._may_write.is_set() else self._may_write.wait())
        self.done()

    async def _perform(self, path: bytes, body: bytes, request: Request, told: Plan) -> None:
        """Answer once, as told; an answer that the client did not wait for is noted at the moment we notice."""
        fault = told.fault
        self.note("started", self._made)
        try:
            await asyncio.sleep(fault.stall_headers_s)
            if fault.exit_code is not None:
                os._exit(fault.exit_code)
            if fault.status is not None:
                self.note("failed", self._made)
                self._refuse(fault.status, fault.retry_after)
            elif path == _EMBEDDINGS:
                await self._say(vectors(self._house.model, self._house.options, request), fault, path + body)
            elif path == _RERANK:
                await self._say(scores(self._house.model, request, fault), fault, path + body)
            elif told.stream:
                await self._stream(told, path + body)
            else:
                await self._generate(told)
                await self._say(whole(told), fault, path + body)
        except asyncio.CancelledError:
            self.note("aborted", self._made)
            raise

    async def _generate(self, told: Plan) -> None:
        for at in range(len(told.tokens)):
            await self._stall(told, at)
            await self._drip(told)
            self._advance(self._made + told.choices)

    async def _say(self, body: bytes, fault: Fault, key: bytes) -> None:
        """The end of an answer that is no stream."""
        body = b'{"choices": [{"mess' if fault.bad_frame is not None else body
        data = answer(200, body)
        self.note("finished", self._made)
        if fault.cut_at is not None:
            self.send(data[: len(data) - len(body) + fault.cut_at])
            self.close()
            return
        if fault == _GOOD:
            self._house.keep(key, data)
        self.send(data)
        self.done()

    async def _stream(self, told: Plan, key: bytes) -> None:
        built = list(frames(told))
        if told.fault == _GOOD:
            self._house.keep(key, built)
        for at, frame in enumerate(built):
            await self._stall(told, at - 1)
            if frame.produced > self._made:
                await self._drip(told)
                self._advance(frame.produced)
            if at == len(built) - 2:
                self.note("finished", self._made)
            if not self._frame(told.fault, at, frame):
                return
            await (asyncio.sleep(0) if self._may_write.is_set() else self._may_write.wait())
        self.done()

    def _frame(self, fault: Fault, at: int, frame: Frame) -> bool:
        """Send a frame, or what is to come in its place; False where the stream ends here."""
        data = garbage() if fault.bad_frame is not None and at == fault.bad_frame + 1 else frame.data
        if fault.cut_at is not None and at > 0 and self._sent + len(data) > fault.cut_at:
            self.send(data[: fault.cut_at - self._sent])
            self.note("finished", self._made)
            self.close()
            return False
        self.send(data)
        self._sent += len(data) if at > 0 else 0
        if fault.end_at is not None and at > 0 and frame.produced >= fault.end_at:
            self.note("finished", self._made)
            self.send(b"0\r\n\r\n")
            self.done()
            return False
        return True

    async def _stall(self, told: Plan, at: int) -> None:
        fault = told.fault
        if not fault.stall_s or at != fault.stall_at:
            return
        end = time.monotonic() + fault.stall_s
        while fault.comments and told.stream and time.monotonic() < end:
            self.send(comment())
            await asyncio.sleep(_COMMENT_S)
        await asyncio.sleep(max(0.0, end - time.monotonic()))

    async def _drip(self, told: Plan) -> None:
        drip_ms = told.fault.drip_ms if told.fault.drip_ms is not None else self._house.options.drip_ms
        if drip_ms:
            await asyncio.sleep(drip_ms / 1000)

    def _advance(self, made: int) -> None:
        self._house.made += made - self._made
        self._made = made

    def _refuse(self, status: int, retry_after: int | None) -> None:
        kind = "rate_limit_error" if status == 429 else "server_error"
        extra = b"" if retry_after is None else b"Retry-After: %d\r\n" % retry_after
        self.reply(status, refusal(status, "as the script says", kind=kind), extra)


class AttentiveConnection(StubConnection):
    """Reads who calls: for the journal, and to leave the script to others than the canary.

    The journal has "started" and then one of "finished", "failed" and "aborted" for each call.
    """

    def __init__(self, house: House, journal: Journal | None) -> None:
        super().__init__(house)
        self._journal = journal
        self._request_id = ""
        self._ended = False

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if name.lower() == b"x-request-id":
            self._request_id = value.decode("latin-1")

    def is_canary(self) -> bool:
        return self._request_id == CANARY

    def note(self, event: str, tokens: int) -> None:
        if self._journal is not None and (event == "started" or not self._ended):
            self._ended = event != "started"
            self._journal.write(self._request_id, event, tokens)


def main() -> None:
    launch = begin()
    options = options_of(launch, StubOptions)
    if options.exit_at_start is not None:
        print(f"the script says to end with {options.exit_at_start}")  # noqa: T201
        os._exit(options.exit_at_start)
    house = House(launch.model, launch.context, options, launch.adapters.keys())
    journal = Journal(Path(options.journal)) if options.journal else None

    def connection() -> StubConnection:
        return StubConnection(house) if house.plain else AttentiveConnection(house, journal)

    uvloop.run(serve(connection, launch, options.port))


if __name__ == "__main__":
    main()
