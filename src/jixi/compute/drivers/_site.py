"""What a machine is asked before a program starts on it."""

import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from jixi.compute.drivers._protocol import Site

LOOPBACK: Final = "127.0.0.1"


def site_at(host: str) -> Site:
    """The address `host` of this machine and a port that nobody listens on now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return Site(host, probe.getsockname()[1])


def first_missing(files: Iterable[Path]) -> Path | None:
    """The first of the files that is not on this machine."""
    return next((path for path in files if not path.exists()), None)
