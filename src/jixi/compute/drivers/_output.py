"""`output_of`: what a short program has to say, for programs that answer and end."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path


async def output_of(argv: Sequence[str], within_s: float) -> str | None:
    """What it wrote to stdout; None where it is not here, fails, or takes longer, and then it is ended."""
    env = {
        "PATH": f"{os.defpath}:/usr/local/bin:/usr/local/sbin:/opt/rocm/bin",
        "HOME": str(Path.home()),
        "LANG": "C.UTF-8",
    }
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        said, _ = await asyncio.wait_for(child.communicate(), within_s)
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return said.decode("utf-8", "replace") if child.returncode == 0 else None
