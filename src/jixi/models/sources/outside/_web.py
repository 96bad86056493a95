"""Files at a plain address, and in a bucket that speaks S3."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from html import unescape
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp

from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.models.catalog import S3Source, UrlSource
from jixi.models.sources._choice import WEIGHTS, chosen
from jixi.models.sources._part import Part
from jixi.models.sources._protocol import Listing, RemoteFile, Report, SourceError
from jixi.models.sources.outside._egress import Egress, EgressError, body_of
from jixi.models.sources.outside._transfer import Transfer

_EMPTY: Final = hashlib.sha256(b"").hexdigest()
_LONGEST_LIST: Final = 16 * 1024 * 1024
_OBJECT: Final = re.compile(r"<Contents>.*?</Contents>", re.DOTALL)
_KEY: Final = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)
_SIZE: Final = re.compile(r"<Size>(\d{1,19})</Size>")


class S3Access(NamedTuple):
    """Who reads buckets. Without a key they are read as anybody may."""

    access_key: str | None = None
    secret_key: str | None = None
    region: str = "us-east-1"


class Address:
    """One file at an address."""

    name = "url"

    def __init__(
        self,
        origin: UrlSource,
        egress: Egress,
        lines: asyncio.Semaphore,
        weights: Sequence[str] = WEIGHTS,
    ) -> None:
        self._weights = weights
        self._url = origin.url
        self._egress = egress
        self._lines = lines

    async def listing(self, known: Sequence[RemoteFile]) -> Listing:
        if len(known) > 1:
            raise SourceError("an address holds one file, and the model has more")
        if known:
            return Listing("", known)
        name = urlsplit(self._url).path.rpartition("/")[2]
        return Listing("", chosen([RemoteFile("model", name, None, None)], (), (), self._weights))

    async def bring(self, file: RemoteFile, revision: str, part: Part, report: Report) -> None:
        await Transfer(partial(self._egress.get, self._url), part, file.bytes, self._lines, report).run()


class Bucket:
    """Objects under a key of a bucket; a key that ends in a slash is the beginning of several."""

    name = "s3"

    def __init__(
        self,
        origin: S3Source,
        access: S3Access,
        egress: Egress,
        lines: asyncio.Semaphore,
        clock: Clock,
        weights: Sequence[str] = WEIGHTS,
    ) -> None:
        self._weights = weights
        self._key = origin.key
        self._access = access
        self._egress = egress
        self._lines = lines
        self._clock = clock
        endpoint = origin.endpoint or f"https://s3.{access.region}.amazonaws.com"
        self._base = f"{endpoint.rstrip('/')}/{quote(origin.bucket)}"

    async def listing(self, known: Sequence[RemoteFile]) -> Listing:
        if known or not self._key.endswith("/"):
            one = RemoteFile("model", self._key.rpartition("/")[2], None, None)
            return Listing("", known or chosen([one], (), (), self._weights))
        try:
            return Listing("", chosen(await self._objects(), (), (), self._weights))
        except JixiError as error:
            raise SourceError(error.message()) from error
        except (aiohttp.ClientError, EgressError, TimeoutError) as error:
            raise SourceError(f"{type(error).__name__} amid its list of files") from error

    async def bring(self, file: RemoteFile, revision: str, part: Part, report: Report) -> None:
        key = self._key + file.name if self._key.endswith("/") else self._key
        ask = partial(self._get, f"{self._base}/{quote(key)}", "")
        await Transfer(ask, part, file.bytes, self._lines, report).run()

    async def _objects(self) -> list[RemoteFile]:
        """The first thousand objects under the key, which is more than a model has."""
        query = f"list-type=2&prefix={quote(self._key, safe='')}"
        async with self._lines, self._get(self._base, query, {}) as response:
            if response.status != 200:
                raise SourceError(f"HTTP {response.status}")
            body = await body_of(response, _LONGEST_LIST)
        objects: list[RemoteFile] = []
        for item in _OBJECT.findall(body.decode(errors="replace")):
            key, size = _KEY.search(item), _SIZE.search(item)
            if key is not None and size is not None:
                name = unescape(key[1]).removeprefix(self._key)
                objects.append(RemoteFile(name, name, int(size[1]), None))
        return objects

    @asynccontextmanager
    async def _get(
        self, url: str, query: str, headers: Mapping[str, str]
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        signed = self._signature(url, query)
        address = f"{url}?{query}" if query else url
        async with self._egress.get(address, headers, credential=signed) as response:
            yield response

    def _signature(self, url: str, query: str) -> Mapping[str, str]:
        """The headers that sign a GET, as AWS Signature Version 4 has it; a range needs no signature."""
        access = self._access
        if access.access_key is None or access.secret_key is None:
            return {}
        now = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        parts = urlsplit(url)
        named = {"host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": now}
        names = ";".join(named)
        lines = [f"{name}:{value}" for name, value in named.items()]
        request = "\n".join(["GET", parts.path, query, *lines, "", names, _EMPTY])
        scope = f"{now[:8]}/{access.region}/s3/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = b"AWS4" + access.secret_key.encode()
        for step in (now[:8], access.region, "s3", "aws4_request"):
            key = hmac.digest(key, step.encode(), "sha256")
        told = hmac.digest(key, f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}".encode(), "sha256").hex()
        who = f"Credential={access.access_key}/{scope}, SignedHeaders={names}, Signature={told}"
        return {
            "x-amz-content-sha256": _EMPTY,
            "x-amz-date": now,
            "Authorization": f"AWS4-HMAC-SHA256 {who}",
        }
