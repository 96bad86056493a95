"""The scripted hub in a thread of its own, for tests whose programs are processes."""

import asyncio
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager

from tests.unit.sources.hub import ScriptedHub, running_hub

_WITHIN_S = 60


@contextmanager
def hub_in_thread() -> Generator[ScriptedHub]:
    """A hub that answers until the block ends. Change its fields between calls, not amid them."""
    ready, told = threading.Event(), list[ScriptedHub]()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def run() -> None:
        async with running_hub() as hub:
            told.append(hub)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(_WITHIN_S)
    try:
        yield told[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_WITHIN_S)
        loop.close()


def pointing_at(hub: ScriptedHub) -> dict[str, str]:
    """The variables by which a Jixi takes this hub for both of the real ones."""
    mirrors = {"huggingface": hub.address, "modelscope": hub.address}
    return {"JIXI_MIRRORS": json.dumps(mirrors), "JIXI_ALLOWED_HOSTS_OUTSIDE": "127.0.0.1"}
