"""Runs a program that knows nothing of us, and ends it with all that it has started once we are gone, however we end.

A script of its own, between us and the program: only the standard library is imported, for it starts each time.
"""

import contextlib
import os
import signal
import sys
import threading


def main() -> None:
    """`python _leash.py PROGRAM ARGUMENT…`, with a standard input that closes when we end."""
    child = os.fork()
    if not child:
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  (what the driver was given, no shell)
    threading.Thread(target=_watch, args=(child,), name="leash", daemon=True).start()
    # Whoever asks the group to end asks the program; we end with it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        # It ended by a signal, and so do we, for whoever looks.
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _watch(child: int) -> None:
    while os.read(0, 4096):
        pass
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main()
