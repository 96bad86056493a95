"""Processes of other programs, which may end while a test looks at them."""

import psutil


def words_of(process: psutil.Process) -> list[str]:
    """Its command line; nothing where it has ended, whether or not somebody has collected it."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def descendants(pid: int, word: str, *, recursive: bool = False) -> list[psutil.Process]:
    """The children of a process, or all that came of it, whose command line has `word` in one of its parts."""
    family = psutil.Process(pid).children(recursive=recursive)
    return [each for each in family if any(word in part for part in words_of(each))]
