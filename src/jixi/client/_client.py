"""The admin API from Python. For models use the OpenAI SDK: its base URL is `<address>/v1`."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx2
from pydantic import BaseModel

from jixi.wire.admin import (
    About,
    DeploymentList,
    Key,
    KeyList,
    KeyRequest,
    ModelList,
    NewKey,
    Session,
    SignIn,
    UsageGroup,
    UsageReport,
)

T = TypeVar("T", bound=BaseModel)
_TIMEOUT: Final = httpx2.Timeout(30.0, connect=5.0)


class ApiError(Exception):
    """The server's problem details: `code` is stable, `remedy` says what to do."""

    def __init__(self, status: int, code: str, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.remedy = remedy


class Client:
    """A connection to one server. `key` needs the scope "admin"; raises ApiError, and httpx2.TransportError."""

    def __init__(self, url: str, key: str | None = None, *, language: str = "en") -> None:
        headers = {"Accept-Language": language}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def sign_in(self, email: str, password: str) -> Session:
        """Open a console session; what follows on this client is done as that member."""
        session = self._send("POST", "/api/session", Session, SignIn(email=email, password=password))
        self._http.headers["X-CSRF-Token"] = session.csrf_token
        return session

    def sign_out(self) -> None:
        self._answer("DELETE", "/api/session")

    def about(self) -> About:
        return self._send("GET", "/api/about", About)

    def models(self) -> ModelList:
        return self._send("GET", "/api/models", ModelList)

    def deployments(self) -> DeploymentList:
        return self._send("GET", "/api/deployments", DeploymentList)

    def keys(self) -> Iterator[Key]:
        """Every key that the caller may see, newest first."""
        cursor: str | None = None
        while True:
            page = self._send("GET", "/api/keys", KeyList, params={"cursor": cursor} if cursor else {})
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def create_key(self, request: KeyRequest) -> NewKey:
        return self._send("POST", "/api/keys", NewKey, request)

    def revoke_key(self, key_id: str) -> None:
        self._answer("DELETE", f"/api/keys/{key_id}")

    def usage(self, *groups: UsageGroup) -> UsageReport:
        """Usage of this month by `groups`; by day if none is named."""
        return self._send("GET", "/api/usage", UsageReport, params={"group_by": list(groups) or ["day"]})

    def chat(self, request: dict[str, Any]) -> Iterator[bytes]:
        """The frames of a streamed chat completion, as JSON; raises ApiError, also for an error amid the stream."""
        with self._http.stream("POST", "/v1/chat/completions", json=request, timeout=None) as answer:
            if answer.is_error:
                answer.read()
                raise _error(answer)
            for line in answer.iter_lines():
                data = line.removeprefix("data: ")
                if data != line and data != "[DONE]":
                    yield data.encode()

    def _send(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: BaseModel | None = None,
        params: dict[str, Any] | None = None,
    ) -> T:
        return kind.model_validate_json(self._answer(method, path, body, params).content)

    def _answer(
        self, method: str, path: str, body: BaseModel | None = None, params: dict[str, Any] | None = None
    ) -> httpx2.Response:
        content = None if body is None else body.model_dump_json(exclude_unset=True)
        headers = {} if content is None else {"Content-Type": "application/json"}
        answer = self._http.request(method, path, content=content, params=params, headers=headers)
        if answer.is_error:
            raise _error(answer)
        return answer


def _error(answer: httpx2.Response) -> ApiError:
    """From problem details or from OpenAI's form; anything else is not our server."""
    try:
        body: dict[str, Any] = answer.json()
    except ValueError:
        return ApiError(answer.status_code, "not_jixi", f"HTTP {answer.status_code}, and not from Jixi", "")
    inner: dict[str, Any] = body.get("error", body)
    detail = str(inner.get("detail") or inner.get("message") or answer.status_code)
    return ApiError(answer.status_code, str(inner.get("code", "")), detail, str(inner.get("remedy") or ""))
