"""Runs a program in another environment than Jixi's own, and ends it with the process that started it.

Also a script: the environment may hold nothing that Jixi needs, so only the standard library is imported here.
"""

import ctypes
import hmac
import importlib
import json
import os
import signal
import sys
import threading
from typing import Any, Final

_SET_PARENT_DEATH_SIGNAL: Final = 1
KEY: Final = "JIXI_ENGINE_KEY"


def end_with_parent(*, whole_group: bool = False) -> None:
    """With `whole_group` what the program has started goes with it, where its process group is its own.

    Two ways, for each has a hole: the pipe needs this interpreter to run a thread, which native code can block;
    the signal comes from the kernel, but is tied to the thread that started us and is missed if that is gone already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    threading.Thread(target=_end_when_input_closes, args=(whole_group,), name="parent", daemon=True).start()


def _end_when_input_closes(whole_group: bool) -> None:
    while os.read(0, 4096):
        pass
    if whole_group and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


class KeyGuard:
    """ASGI middleware for a server that asks for its key at some of its addresses only: it is asked for at all."""

    expected = b""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "lifespan" or hmac.compare_digest(given, self.expected):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "websocket.close", "code": 1008})


def taken_key() -> str | None:
    """The key that engines of this launch ask for. Every user of the machine can read a command line, so it comes by
    the environment, and what the engine starts does not see it.
    """
    return os.environ.pop(KEY, None)


def main() -> None:
    paths, module, *arguments = sys.argv[1:]
    end_with_parent(whole_group=True)
    sys.path.extend(json.loads(paths))
    sys.argv = [module, *arguments]
    if not module.startswith("jixi."):
        key = taken_key()
        sys.argv += [] if key is None else ["--api-key", key]
        KeyGuard.expected = f"Bearer {key}".encode()
    importlib.import_module(module).main()


if __name__ == "__main__":
    main()
