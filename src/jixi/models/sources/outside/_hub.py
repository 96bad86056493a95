"""Hugging Face and ModelScope: files of a repository, listed by the hub's own interface and pinned to a commit."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Final, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from msgspec import Meta, Struct

from jixi.core.errors import JixiError
from jixi.models.catalog import HubSource
from jixi.models.sources._choice import WEIGHTS, chosen
from jixi.models.sources._part import Part
from jixi.models.sources._protocol import Listing, RemoteFile, Report, SourceError
from jixi.models.sources.outside._egress import Egress, EgressError, body_of
from jixi.models.sources.outside._transfer import Transfer

HUBS: Final = {"huggingface": "https://huggingface.co", "modelscope": "https://modelscope.cn"}
_ADDRESSES: Final = {
    "huggingface": "{base}/{repo}/resolve/{revision}/{name}",
    "modelscope": "{base}/models/{repo}/resolve/{revision}/{name}",
}
_WHY: Final = {
    401: "there is no such repository, or it is not everybody's and the token is missing",
    403: "its terms are not accepted, or the token is missing",
    404: "there is no such repository or revision",
}
_GIVEN: Final = (200, 206, 416)
"""What is answered to whoever may have a file; the last for one without a byte."""
_LONGEST_PAGE: Final = 16 * 1024 * 1024
_MOST_PAGES: Final = 100
_NEXT: Final = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')

T = TypeVar("T")
_Commit = Annotated[str, Meta(pattern=r"^[0-9a-f]{40}$")]
_Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
_Bytes = Annotated[int, Meta(ge=0)]


class _Revision(Struct):
    sha: _Commit


class _Lfs(Struct):
    oid: _Sha256
    size: _Bytes


class _TreeItem(Struct):
    type: str
    path: str
    oid: str = ""
    size: _Bytes = 0
    lfs: _Lfs | None = None


class _ScopeFile(Struct, rename="pascal"):
    path: str
    type: str = "blob"
    size: _Bytes = 0
    sha256: str = ""


class _Committer(Struct, rename="pascal"):
    id: str = ""


class _ScopeFiles(Struct, rename="pascal"):
    files: list[_ScopeFile]
    latest_committer: _Committer | None = None
    total_count: int | None = None


class _ScopeAnswer(Struct, rename="pascal"):
    data: _ScopeFiles | None = None
    message: str = ""


class Hub:
    """One repository on a hub at `base`: the hub itself, or the mirror that stands for it in the settings.

    `token`, for repositories that are not everybody's, goes to `base` and to nobody that it redirects to.
    """

    def __init__(
        self,
        origin: HubSource,
        base: str,
        egress: Egress,
        lines: asyncio.Semaphore,
        token: str | None = None,
        weights: Sequence[str] = WEIGHTS,
    ) -> None:
        self.name = origin.kind
        self._origin = origin
        self._base = base.rstrip("/")
        self._egress = egress
        self._lines = lines
        self._weights = weights
        self._credential = _credential(origin.kind, token)

    async def listing(self, known: Sequence[RemoteFile]) -> Listing:
        """Asks the hub only where the catalogue does not know all: mirrors often have files and no interface."""
        if known and all(file.sha256 for file in known):
            return self._listed(self._origin.revision, known)
        try:
            commit, files = await (self._tree() if self.name == "huggingface" else self._scope_files())
        except JixiError as error:
            raise SourceError(error.message()) from error
        except (aiohttp.ClientError, EgressError, TimeoutError) as error:
            raise SourceError(f"{type(error).__name__} amid its list of files") from error
        return self._listed(commit, chosen(files, known, self._origin.include, self._weights))

    async def bring(self, file: RemoteFile, revision: str, part: Part, report: Report) -> None:
        ask = partial(self._egress.get, self._address(file, revision), credential=self._credential)
        await Transfer(ask, part, file.bytes, self._lines, report).run()

    def _listed(self, revision: str, files: Sequence[RemoteFile]) -> Listing:
        """Of a gated repository the list is everybody's and the files are not: the token may have brought them here."""
        return Listing(revision, files, partial(self._check, revision) if self._origin.anonymous else None)

    async def _check(self, revision: str, file: RemoteFile) -> None:
        """Ask for the first byte, as whoever has no token."""
        asked = self._egress.get(self._address(file, revision), {"Range": "bytes=0-0"})
        try:
            async with self._lines, asked as response:
                if response.status not in _GIVEN:
                    raise _refused(response.status)
        except JixiError as error:
            raise SourceError(error.message()) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SourceError(f"{type(error).__name__} when it was asked for the file") from error

    def _address(self, file: RemoteFile, revision: str) -> str:
        return _ADDRESSES[self.name].format(
            base=self._base, repo=self._origin.repo, revision=revision, name=quote(file.name)
        )

    async def _tree(self) -> tuple[str, list[RemoteFile]]:
        """What Hugging Face tells of the commit behind the revision, page by page."""
        base = f"{self._base}/api/models/{self._origin.repo}"
        found, _ = await self._page(f"{base}/revision/{self._origin.revision}", _Revision)
        items: list[_TreeItem] = []
        query = "recursive=true"
        for _ in range(_MOST_PAGES):
            page, headers = await self._page(f"{base}/tree/{found.sha}?{query}", list[_TreeItem])
            items += page
            following = _NEXT.search(headers.get("Link", ""))
            if following is None:
                return found.sha, [_of_tree(item) for item in items if item.type == "file"]
            # Of the link only the place in the list: a mirror's may name the hub, and a hostile one's anybody.
            query = urlsplit(following[1]).query
        raise SourceError("its list of files has no end")

    async def _scope_files(self) -> tuple[str, list[RemoteFile]]:
        """What ModelScope tells of the revision; not every repository's answer names the commit."""
        revision = self._origin.revision
        query = f"Revision={revision}&Recursive=True"
        answer, _ = await self._page(
            f"{self._base}/api/v1/models/{self._origin.repo}/repo/files?{query}", _ScopeAnswer
        )
        if answer.data is None:
            raise SourceError(f"it says: {answer.message[:120]}")
        if answer.data.total_count not in (None, 0, len(answer.data.files)):
            raise SourceError("its list of files is not complete")
        commit = answer.data.latest_committer.id if answer.data.latest_committer else ""
        pinned = commit if re.fullmatch(r"[0-9a-f]{40}", commit) else revision
        return pinned, [_of_scope(file) for file in answer.data.files if file.type == "blob"]

    async def _page(self, url: str, kind: type[T]) -> tuple[T, Mapping[str, str]]:
        async with self._lines, self._egress.get(url, credential=self._credential) as response:
            if response.status != 200:
                raise _refused(response.status)
            body = await body_of(response, _LONGEST_PAGE)
            try:
                return msgspec.json.decode(body, type=kind), response.headers
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise SourceError(f"its list of files cannot be read: {str(error)[:120]}") from error


def _refused(status: int) -> SourceError:
    why = _WHY.get(status)
    return SourceError(f"HTTP {status}" + (f": {why}" if why else ""))


def _of_tree(item: _TreeItem) -> RemoteFile:
    if item.lfs is not None:
        return RemoteFile(item.path, item.path, item.lfs.size, item.lfs.oid)
    if not re.fullmatch(r"[0-9a-f]{40}", item.oid):
        raise SourceError("its list of files has one without a digest")
    return RemoteFile(item.path, item.path, item.size, None, item.oid)


def _of_scope(file: _ScopeFile) -> RemoteFile:
    if not re.fullmatch(r"[0-9a-f]{64}", file.sha256):
        raise SourceError("its list of files has one without a digest")
    return RemoteFile(file.path, file.path, file.size, file.sha256)


def _credential(kind: str, token: str | None) -> Mapping[str, str]:
    if token is None:
        return {}
    if kind == "modelscope":
        return {"Cookie": f"m_session_id={token}"}
    return {"Authorization": f"Bearer {token}"}
