"""Runs the server: takes the address first, then opens the house, then answers; closes in the reverse order."""

import asyncio
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import uvicorn

from jixi.assembly import House, Settings, open_house
from jixi.core.errors import problem
from jixi.server._app import create_app

_GRACE_S: Final = 5
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Running(NamedTuple):
    """A server that answers. `stop` may be called from any thread, any number of times."""

    house: House
    url: str
    stop: Callable[[], None]


async def serve(settings: Settings, ready: Callable[[Running], None], *, signals: bool = True) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; calls `ready` once the server answers.

    Raises `address_in_use` before anything is touched, and whatever `open_house` raises.
    """
    sockets = await _bind(settings)
    try:
        port: int = sockets[0].getsockname()[1]
        async with open_house(settings.model_copy(update={"port": port})) as house:
            await _run(house, sockets, ready, signals=signals)
    finally:
        for each in sockets:
            each.close()


async def _bind(settings: Settings) -> Sequence[Any]:
    """Take the address without answering on it yet: a caller that comes too early waits instead of being refused."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            asyncio.Protocol, settings.host, settings.port, start_serving=False, reuse_address=True
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise problem("address_in_use", host=settings.host, port=settings.port, reason=reason) from error
    sockets = [each.dup() for each in server.sockets]
    server.close()
    return sockets


async def _run(
    house: House, sockets: Sequence[Any], ready: Callable[[Running], None], *, signals: bool
) -> None:
    loop = asyncio.get_running_loop()
    server = _Server(_config(house), lambda: ready(Running(house, house.settings.base_url, stop)))

    def stop() -> None:
        loop.call_soon_threadsafe(server.end)

    with _signals(loop, server.end) if signals else _nothing():
        await server.serve(sockets=list(sockets))


def _config(house: House) -> uvicorn.Config:
    settings = house.settings
    return uvicorn.Config(
        create_app(house),
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=settings.behind_proxy,
        forwarded_allow_ips="*" if settings.behind_proxy else "",
        timeout_graceful_shutdown=_GRACE_S,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )


class _Server(uvicorn.Server):
    """Uvicorn, without its signal handling: that one raises the signal again while the house is being closed."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._on_start()

    def end(self) -> None:
        """Finish what runs and stop; asked again, stop at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> Generator[None]:
    for each in _SIGNALS:
        loop.add_signal_handler(each, end)
    try:
        yield
    finally:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)


@contextmanager
def _nothing() -> Generator[None]:
    yield
