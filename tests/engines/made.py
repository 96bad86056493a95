"""Make what these tests need before any runs, so that none of them downloads: `python -m tests.engines.made`."""

import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.engines.conftest import python_of
from tests.engines.weights import kokoro, whisper_base

ENGINES = ("transformers", "diffusers", "whisper", "kokoro")
"""The largest first: two are made at once, and unpacking is most of the work."""


def main() -> None:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return
    with ThreadPoolExecutor(2) as hands:
        works = [hands.submit(work) for work in (*(partial(python_of, name) for name in ENGINES), _weights)]
    for work in works:
        work.result()


def _weights() -> None:
    whisper_base()
    kokoro()


if __name__ == "__main__":
    main()
