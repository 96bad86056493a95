"""Several streams as one: the choices of a request that an engine makes one at a time, told apart by their index."""

import asyncio
from collections.abc import Sequence

from jixi.core.usage import Usage
from jixi.models.gateway._chunks import Envelope
from jixi.models.gateway._stream import PayloadStream

_WAITING_BATCHES = 8


class MergedStream:
    """Reads all streams at once, each as fast as the slowest reader lets it. `choices` of them share a prompt."""

    def __init__(self, streams: Sequence[PayloadStream], choices: int, envelope: Envelope) -> None:
        self.ending: list[bytes] = []
        self.envelope = envelope
        self._streams = streams
        self._choices = choices
        self._batches: asyncio.Queue[list[bytes] | Exception | None] = asyncio.Queue(_WAITING_BATCHES)
        self._tasks: list[asyncio.Task[None]] = []
        self._open = len(streams)

    async def read(self) -> list[bytes]:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._pump(stream)) for stream in self._streams]
        while self._open:
            batch = await self._batches.get()
            if isinstance(batch, Exception):
                self.close()
                raise batch
            if batch:
                return batch
            self._open -= 1
        self.ending = [payload for stream in self._streams for payload in stream.ending]
        return []

    def usage(self) -> Usage:
        return merged_usage([stream.usage() for stream in self._streams], self._choices)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for stream in self._streams:
            stream.close()

    async def _pump(self, stream: PayloadStream) -> None:
        """Hand on what a stream gives; an empty batch says that it has ended well."""
        try:
            while payloads := await stream.read():
                await self._batches.put(payloads)
            await self._batches.put(None)
        except Exception as error:  # noqa: BLE001  (whatever it is, the reader must not wait for ever)
            await self._batches.put(error)


def merged_usage(parts: list[Usage], choices: int) -> Usage:
    """The usage of several answers, `choices` to a prompt: each prompt counts once, as far as it was read afresh."""
    if len(parts) == 1:
        return parts[0]
    prompts = [parts[start : start + choices] for start in range(0, len(parts), choices)]
    read = [
        max(answers, key=lambda part: (part.input_tokens, -part.cached_input_tokens)) for answers in prompts
    ]
    return Usage(
        input_tokens=sum(part.input_tokens for part in read),
        cached_input_tokens=sum(part.cached_input_tokens for part in read),
        output_tokens=sum(part.output_tokens for part in parts),
        estimated=any(part.estimated for part in parts if part != Usage()),
    )
