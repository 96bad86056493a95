"""`leashed`: a command that ends with us although its program never looks."""

import sys
from dataclasses import replace

from jixi.compute.drivers import _leash
from jixi.compute.drivers._protocol import Command


def leashed(command: Command) -> Command:
    """The same program, which a small one beside it kills with all that it has started when our end of its input
    closes. For programs of others: pip, and servers that spread over several processes.
    """
    return replace(command, argv=(sys.executable, "-I", str(_leash.__file__), *command.argv))
