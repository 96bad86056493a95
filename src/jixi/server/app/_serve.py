"""Runs the server: takes the address first, then opens the house, then answers; closes in the reverse order."""

import asyncio
import resource
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from jixi.assembly.house import House, open_house, socket_path
from jixi.assembly.settings import Settings, check_address, handed_sockets
from jixi.core.errors import problem
from jixi.server._ending import Ending
from jixi.server._listener import Listener, config_of
from jixi.server._memory import settle_memory
from jixi.server._stop import Stop, handled
from jixi.server.app._app import create_app
from jixi.server.processes import Crew, Forwarded, adopted, house_config, unix_listener

_BACKLOG: Final = 2048
_HOUSE_DRAIN_S: Final = 2.0
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Running(NamedTuple):
    """A server that answers. `stop` may be called from any thread, any number of times."""

    house: House
    url: str
    stop: Callable[[], None]


async def serve(settings: Settings, ready: Callable[[Running], None], *, signals: bool = True) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; calls `ready` once the server answers. `signals`: the process is ours.

    Raises `address_in_use` before anything is touched, and whatever `open_house` raises.
    """
    _allow_many_connections()
    stop = Stop()

    def complete(running: Running) -> None:
        if signals:
            settle_memory()
        ready(running)

    handlers = dict.fromkeys(_SIGNALS, stop.force) | {signal.SIGHUP: stop.hang_up}
    with handled(handlers) if signals else _nothing():
        try:
            await _serve(settings, complete, stop)
        except asyncio.CancelledError:
            if not stop.is_why():
                raise


def _allow_many_connections() -> None:
    """Each stream takes two sockets, and systems begin with a limit of 1024 that anyone may raise to the hard one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(settings: Settings, ready: Callable[[Running], None], stop: Stop) -> None:
    sockets = await _bind(settings)
    try:
        port: int = sockets[0].getsockname()[1]
        async with open_house(settings.model_copy(update={"port": port})) as house:
            run = _run if settings.processes == 1 else _run_crew
            await run(house, sockets, ready, stop)
    finally:
        for each in sockets:
            each.close()


async def _bind(settings: Settings) -> Sequence[Any]:
    """Take the address without answering on it yet: a caller that comes too early waits instead of being refused.

    Sockets that the service manager holds for us stay open while one server follows another.
    """
    if handed := [adopted(each) for each in handed_sockets()]:
        for each in handed:
            check_address(settings.model_copy(update={"host": each.getsockname()[0]}))
        return handed
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
    for each in sockets:
        each.listen(_BACKLOG)
    return sockets


async def _run_crew(
    house: House, sockets: Sequence[Any], ready: Callable[[Running], None], stop: Stop
) -> None:
    """Answer through gateway processes; here is what they bring to the house."""
    loop = asyncio.get_running_loop()
    ending, path = Ending(), socket_path(house.settings, "house")
    crew = Crew(house, sockets, path)
    app = Forwarded(create_app(house, ending, crew.metrics))
    listener = Listener(house_config(app), [unix_listener(path)], ending, _HOUSE_DRAIN_S, lambda: None)
    answering = asyncio.create_task(listener.run_until_ended())
    ended = asyncio.Event()

    def end() -> None:
        ending.begin()
        for each in sockets:
            each.close()
        crew.end()
        ended.set()

    def ask() -> None:
        loop.call_soon_threadsafe(stop.ask)

    try:
        await crew.start()
        stop.answered_by(end)
        stop.hung_up_by(crew.replace)
        ready(Running(house, house.settings.base_url, ask))
        await ended.wait()
    finally:
        await crew.close()
        listener.end()
        await answering
        path.unlink(missing_ok=True)


async def _run(house: House, sockets: Sequence[Any], ready: Callable[[Running], None], stop: Stop) -> None:
    loop = asyncio.get_running_loop()
    ending = Ending()

    def ask() -> None:
        loop.call_soon_threadsafe(stop.ask)

    def started() -> None:
        ready(Running(house, house.settings.base_url, ask))

    ending.on_cut = house.gateway.interrupt
    config = config_of(house.settings, create_app(house, ending))
    listener = Listener(
        config, sockets, ending, house.settings.drain_s, started, lambda: house.gateway.draining
    )
    stop.answered_by(listener.end)
    await listener.run_until_ended()


@contextmanager
def _nothing() -> Generator[None]:
    yield
