"""`Listener`: an app on listening sockets, from its first connection to the end of its last one."""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from jixi.assembly.settings import Settings
from jixi.server._door import Door
from jixi.server._ending import Ending
from jixi.server.http import Connection, close_resting

_DATE_S: Final = 1.0
_TICK_S: Final = 0.05
_LINGER_S: Final = 1.0
_LAST_WORDS_S: Final = 1.0


def config_of(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """How the public address is served."""
    return uvicorn.Config(
        app,
        loop="none",
        http=Connection,
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=settings.behind_proxy,
        forwarded_allow_ips=list(settings.trusted_proxies or "*") if settings.behind_proxy else "",
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )


class Listener(uvicorn.Server):
    """Uvicorn with a door and an ending of ours, and without its signal handling.

    `end` lets it drain: no new connections, what runs may finish within `drain_s`, the rest is cut by `ending`. A
    connection that rests is closed after a moment only, so that a client that is about to use it again gets its
    answer, and with it the word that the connection closes. `end` again ends it at once. `works` says whether there is
    work that no connection shows.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        sockets: Sequence[Any],
        ending: Ending,
        drain_s: float,
        started: Callable[[], None],
        works: Callable[[], object] = lambda: False,
    ) -> None:
        super().__init__(config)
        self._sockets = sockets
        self._ending = ending
        self._drain_s = drain_s
        self._on_start = started
        self._works = works
        self._door: Door | None = None
        self._told = asyncio.Event()

    async def run_until_ended(self) -> None:
        await self.serve(sockets=[])

    def end(self) -> None:
        """Finish what runs and stop; asked again, stop at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._ending.begin()
        if self._door is not None:
            self._door.close()
        self._told.set()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._door = Door(self._sockets, self._connection, self.config.ssl)
        self._door.open()
        self._on_start()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            close_resting(self.server_state.connections, self.config.timeout_keep_alive)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DATE_S):
                    await self._told.wait()

    async def shutdown(self, sockets: Any = None) -> None:
        if self._door is not None:
            self._door.close()
            await self._door.entered()
        await self._drain()
        self._ending.cut()
        await self._wait_until_empty(_LAST_WORDS_S)
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    def _connection(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        return kind(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._drain_s
        resting: dict[Any, float] = {}
        while (self._is_busy() or self._works()) and loop.time() < end and not self.force_exit:
            now = loop.time()
            idle = [each for each in self.server_state.connections if _rests(each)]
            resting = {each: resting.get(each, now) for each in idle}
            for connection, since in resting.items():
                if now - since >= _LINGER_S:
                    connection.shutdown()
            await asyncio.sleep(_TICK_S)

    async def _wait_until_empty(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._is_busy() and loop.time() < end:
            for connection in tuple(self.server_state.connections):
                if _rests(connection):
                    connection.shutdown()
            await asyncio.sleep(_TICK_S)

    def _is_busy(self) -> bool:
        return bool(self.server_state.connections or self.server_state.tasks)


def _rests(connection: Any) -> bool:
    """Whether no request is on its way over this connection."""
    return connection.cycle is None or connection.cycle.response_complete
