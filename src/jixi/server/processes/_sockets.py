"""The sockets of a server of several processes: made by the house, inherited by its gateway processes."""

import os
import socket
from pathlib import Path

_BACKLOG = 2048


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a way that nobody else can find."""
    return socket.socketpair()


def adopted(descriptor: int) -> socket.socket:
    """A socket that this process was given; those that it starts itself do not get it."""
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


def unix_listener(path: Path) -> socket.socket:
    """A listening socket for this user's processes alone."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    path.chmod(0o600)
    made.listen(_BACKLOG)
    return made
