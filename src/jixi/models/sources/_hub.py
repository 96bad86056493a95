"""Hugging Face and ModelScope: files of a repository, over their resolve addresses, resumed where they were cut."""

import asyncio
from pathlib import Path
from typing import Final

import aiohttp

from jixi.core.errors import JixiError
from jixi.models.catalog import HubSource, ModelFile
from jixi.models.sources._egress import Egress
from jixi.models.sources._protocol import Report, SourceError

_BLOCK: Final = 1 << 20
_ADDRESSES: Final = {
    "huggingface": "{base}/{repo}/resolve/{revision}/{name}",
    "modelscope": "{base}/models/{repo}/resolve/{revision}/{name}",
}
HUBS: Final = {"huggingface": "https://huggingface.co", "modelscope": "https://modelscope.cn"}


class Hub:
    """One repository on a hub at `base` (the hub itself, or a mirror)."""

    def __init__(self, origin: HubSource, base: str, egress: Egress) -> None:
        self.name = origin.kind
        self._origin = origin
        self._base = base.rstrip("/")
        self._egress = egress

    async def bring(self, file: ModelFile, part: Path, report: Report) -> None:
        url = _ADDRESSES[self._origin.kind].format(
            base=self._base, repo=self._origin.repo, revision=self._origin.revision, name=file.name
        )
        try:
            await self._bring(url, file, part, report)
        except JixiError as error:
            raise SourceError(error.message()) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SourceError(type(error).__name__) from error

    async def _bring(self, url: str, file: ModelFile, part: Path, report: Report) -> None:
        have = part.stat().st_size if part.exists() else 0
        tag = _Tag(part)
        headers = {"Range": f"bytes={have}-", "If-Range": tag.read()} if have and tag.read() else {}
        async with self._egress.get(url, headers) as response:
            if response.status not in (200, 206):
                raise SourceError(f"HTTP {response.status}")
            if response.status == 200:
                have = 0
                tag.write(response.headers.get("ETag", ""))
            with part.open("r+b" if have else "wb") as out:
                out.seek(have)
                out.truncate()
                async for block in response.content.iter_chunked(_BLOCK):
                    have += len(block)
                    if have > file.bytes:
                        raise SourceError("it sends more than the file holds")
                    await asyncio.to_thread(out.write, block)
                    report(have)
        if have < file.bytes:
            raise SourceError(f"the connection was cut after {have} of {file.bytes} bytes")


class _Tag:
    """The ETag of what a part is a part of, kept beside it: another version is never appended to it."""

    def __init__(self, part: Path) -> None:
        self._path = part.with_name(part.name + ".etag")

    def read(self) -> str:
        return self._path.read_text(encoding="ascii") if self._path.exists() else ""

    def write(self, tag: str) -> None:
        # A weak tag does not promise the same bytes, and If-Range refuses it.
        strong = tag if tag.startswith('"') and tag.isascii() else ""
        self._path.write_text(strong, encoding="ascii")
