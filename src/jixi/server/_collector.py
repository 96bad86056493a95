"""The garbage collector of a process that does nothing but serve."""

import gc
from typing import Final

_YOUNG: Final = 50_000
_OLDER: Final = 20


def spare_what_lasts() -> None:
    """Leave what has been built until now out of every later collection, and collect less often.

    Some half a million objects of a server last as long as it does; to walk them again and again would cost a call
    as much as its routing. Call it once the server is complete, and only where the process is the server's own.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
