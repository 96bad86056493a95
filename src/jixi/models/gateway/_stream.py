"""One stream of an engine: whole payloads come out as they arrive, its end is kept back for whoever settles."""

import asyncio
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET, Raw, structs

from jixi.core.errors import JixiError, problem
from jixi.core.usage import Usage
from jixi.models.engines import EngineConnectionError
from jixi.models.gateway._chunks import CHUNK, Chunk, Envelope, encode
from jixi.models.gateway._exchange import Exchange, Run
from jixi.models.gateway._faults import broken, cut, failed_midway
from jixi.models.gateway._ports import Response
from jixi.models.gateway._sse import FrameReader, FrameTooLargeError
from jixi.models.gateway._watch import Watch
from jixi.models.gateway.routing import Place

_DONE: Final = b"[DONE]"
_END_S: Final = 0.5
_EMPTY: Final = (b"", b"null")
_CHOICES: Final = msgspec.json.Decoder(list[dict[str, Any]])


class PayloadStream(Protocol):
    """Payloads of chunks. `ending` holds those that end the choices, once `read` has given an empty list."""

    @property
    def ending(self) -> list[bytes]: ...

    @property
    def envelope(self) -> Envelope: ...

    async def read(self) -> list[bytes]:
        """More payloads, the first of all with content; empty at a good end. Raises JixiError at any other.

        Whoever cancels it reads on or closes the stream.
        """
        ...

    def usage(self) -> Usage:
        """What was used so far."""
        ...

    def close(self) -> None:
        """Stop the engine, if it is still at work. May be repeated."""
        ...


class EngineStream:
    """`number` is the place of the answer among those of its request; `index` its index where there are several."""

    def __init__(self, run: Run, place: Place, number: int = 0, index: int | None = None) -> None:
        self.ending: list[bytes] = []
        self.envelope = run.envelope
        self.tokens = 0
        self._run = run
        self._exchange = Exchange(run, place)
        self._number = number
        self._index = index
        self.index = index or 0
        self._rewrites = index is not None or run.plan.logprobs is not None
        self._frames = FrameReader()
        self._usage: Usage | None = None
        self._told_at = 0
        self._named = False
        self._done = False
        self._text_length = 0
        self._opened: tuple[Response, Watch] | None = None
        self._opening: asyncio.Task[tuple[Response, Watch]] | None = None
        self._lagging = False
        self._failure: JixiError | None = None

    async def read(self) -> list[bytes]:
        limits = self._run.limits
        try:
            response, watch = self._opened or await self._open()
            if self._lagging and not watch.rang:
                self._lagging = False
                watch.wait(limits.inter_token_s if self.tokens else self._run.patience_s)
            payloads = await self._next(response)
        except EngineConnectionError as error:
            self._note_usage(error.usage)
            failure = self._broken(error)
            await self._end_after(failure)
            raise failure from error
        except Exception as error:
            await self._end_after(error)
            raise
        if payloads:
            self._lagging = True
            watch.wait(limits.reader_s)
        else:
            self._run.suspicion.acquit()
            self.close()
        return payloads

    def usage(self) -> Usage:
        if not self._exchange.begun:
            return Usage()
        usage, since = self._usage, self.tokens - self._told_at
        if usage is not None and since:
            usage = structs.replace(usage, output_tokens=usage.output_tokens + since, estimated=True)
        return self._run.believe(usage, self.tokens)

    def _note_usage(self, usage: Usage | None) -> None:
        """What a vendor reported before its answer broke off; of what came since then we count the tokens."""
        if usage is not None and self._usage is None:
            output = max(usage.output_tokens, self.tokens)
            self._usage = structs.replace(usage, output_tokens=output, estimated=True)
            self._told_at = self.tokens
        if self._usage is not None and not self.tokens:
            self._run.lost.append(self.usage())

    def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        if self._opened is not None:
            self._opened[1].stop()
        self._exchange.close()

    async def _end_after(self, error: BaseException) -> None:
        try:
            await self._exchange.blame(error)
        finally:
            self.close()

    async def _open(self) -> tuple[Response, Watch]:
        """Open it once; where the answer is read to its end, that goes on although nobody waits here any more."""
        if not self._run.drains:
            return await self._send()
        if self._opening is None:
            self._opening = asyncio.create_task(self._send())
        return await asyncio.shield(self._opening)

    async def _send(self) -> tuple[Response, Watch]:
        """Send the request; the time until the first token runs from the moment the engine has it."""
        await self._exchange.enter()
        limit, loop = self._run.patience_s, asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(limit):
                response = await self._exchange.send(self._run.plan.bodies[self._number], self._number)
        except TimeoutError as error:
            raise self._silent(limit) from error
        self._opened = response, Watch(self._ring, began + limit - loop.time())
        return self._opened

    def _ring(self) -> None:
        """Nothing moves any more: the engine says nothing, or the client takes nothing."""
        self._exchange.close()
        if self._lagging:
            self._run.leave_behind(self._too_slow())

    async def _next(self, response: Response) -> list[bytes]:
        """Take blocks until there is content to hand on, or the end."""
        if self._failure is not None:
            raise self._failure
        payloads: list[bytes] = []
        before = self.tokens
        while not self._done:
            if block := response.take():
                try:
                    self._digest(block, payloads)
                except JixiError as error:
                    if not (self.tokens and payloads):
                        raise
                    self._failure = error
                if self.tokens and payloads:
                    break
            elif response.finished:
                break
            else:
                await response.arrival()
        if self._done and not payloads:
            await self._let_end(response)
        self._note_progress(before)
        if not payloads and not self.ending:
            raise broken(self._run.model, "its answer ended early")
        return payloads

    def _note_progress(self, before: int) -> None:
        if not before and self.tokens:
            self._exchange.gave()
        self._exchange.progress(self.tokens - before)

    async def _let_end(self, response: Response) -> None:
        """Wait a moment for the end of the body, so that the connection can be used again."""
        if self._opened is not None:
            self._opened[1].wait(_END_S)
        try:
            while not response.finished:
                response.take()
                await response.arrival()
        except EngineConnectionError:
            return

    def _digest(self, block: bytes, payloads: list[bytes]) -> None:
        try:
            for payload in self._frames.feed(block):
                if payload == _DONE:
                    self._done = True
                    return
                if payload not in _EMPTY:
                    self._take(payload, payloads)
        except FrameTooLargeError as error:
            raise broken(self._run.model, "it sent a frame without end") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise broken(self._run.model, "it sent something that is not a chunk") from error

    def _take(self, payload: bytes, payloads: list[bytes]) -> None:
        chunk = CHUNK.decode(payload)
        if not payload.isascii():
            payload.decode()
        if chunk.error is not UNSET:
            raise failed_midway(self._run.request, self._run.context, bytes(chunk.error))
        fitting = self.envelope.fitting(payload, chunk)
        if fitting is not None and not self._named and self._index is None:
            self._named = True
            self.envelope = Envelope(chunk.id, chunk.object, chunk.created, self.envelope.model)
        if chunk.usage is not None:
            self._usage, self._told_at = chunk.usage.usage(), self.tokens
        if not chunk.choices:
            return
        choice = chunk.choices[0]
        if choice.says():
            self.tokens += 1
            self._told_at += chunk.usage is not None
        if fitting is None or self._rewrites or chunk.usage is not None:
            payload = self._rewritten(payload, chunk)
        else:
            payload = fitting
        if choice.finish_reason is not None or self.ending:
            self.ending.append(payload)
        else:
            payloads.append(payload)

    def _rewritten(self, payload: bytes, chunk: Chunk) -> bytes:
        """The payload with the fields that every chunk needs, with our index, and without usage."""
        fields = self.envelope.mend(payload, chunk)
        fields.pop("usage", None)
        if self._index is not None:
            fields["id"] = self.envelope.id
            fields["created"] = self.envelope.created
        if self._rewrites:
            choices = _CHOICES.decode(fields["choices"])
            for choice in choices:
                if self._index is not None:
                    choice["index"] = self._index
                if self._run.plan.logprobs is not None:
                    self._text_length = self._run.plan.logprobs.shape(choice, self._text_length)
            fields["choices"] = Raw(encode(choices))
        return encode(fields)

    def _broken(self, error: EngineConnectionError) -> JixiError:
        limits = self._run.limits
        if self._opened is None or not self._opened[1].rang:
            return cut(self._run.model, error)
        if self._lagging:
            return self._too_slow()
        return self._silent(limits.inter_token_s if self.tokens else self._run.patience_s)

    def _too_slow(self) -> JixiError:
        return problem("client_too_slow", seconds=round(self._run.limits.reader_s))

    def _silent(self, seconds: float) -> JixiError:
        return problem("engine_timeout", model=self._run.model, seconds=round(seconds))
