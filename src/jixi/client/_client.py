"""The admin API from Python. For models use the OpenAI SDK: its base URL is `<address>/v1`."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar

import httpx2
from pydantic import BaseModel

from jixi.core.resources import Resource
from jixi.wire.admin import (
    About,
    Alias,
    AliasList,
    AliasRequest,
    Chip,
    ChipDetail,
    ChipList,
    ComparisonPlan,
    ComparisonPlanRequest,
    Deployment,
    DeploymentDetail,
    DeploymentList,
    DeploymentPreview,
    DeploymentPreviewRequest,
    DeploymentRequest,
    DeploymentRevise,
    DownloadRequest,
    EngineDetails,
    EngineList,
    Job,
    Key,
    KeyList,
    KeyRequest,
    Limit,
    LimitChange,
    LimitList,
    Listing,
    LogText,
    Model,
    ModelComparison,
    ModelDetail,
    ModelImportRequest,
    ModelList,
    ModelVersion,
    ModelVersionList,
    ModelVersionRequest,
    NewKey,
    Node,
    NodeHistory,
    NodeList,
    PlanUse,
    PlanUseList,
    Price,
    PriceChange,
    PriceList,
    Provider,
    ProviderCheck,
    ProviderList,
    ProviderRequest,
    ResourcePrice,
    ResourcePriceChange,
    ResourcePriceList,
    RollbackRequest,
    Route,
    RouteList,
    ServingPlan,
    ServingPlanRequest,
    Session,
    SignIn,
    TrainingPlan,
    TrainingPlanRequest,
    UsageGroup,
    UsageReport,
)

T = TypeVar("T", bound=BaseModel)
L = TypeVar("L", bound=Listing)
_PLANS: Final[Mapping[type[BaseModel], str]] = {
    TrainingPlanRequest: "training",
    ServingPlanRequest: "serving",
    ComparisonPlanRequest: "comparison",
}
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

    def models(self, **filters: str | int) -> Iterator[Model]:
        """Models of the store that fit, such as `task="chat", license_class="commercial", sort="-released"`."""
        for page in self._pages("/api/models", ModelList, filters):
            yield from page.items

    def model(self, model_id: str) -> ModelDetail:
        """All that is known of one model."""
        return self._send("GET", f"/api/models/{model_id}", ModelDetail)

    def model_versions(self, model_id: str) -> Iterator[ModelVersion]:
        """The versions of a model of one's own, newest first."""
        for page in self._pages(f"/api/models/{model_id}/versions", ModelVersionList):
            yield from page.items

    def create_model_version(self, model_id: str, version: ModelVersionRequest) -> ModelVersion:
        """A candidate, whose files are named by their digests."""
        return self._send("POST", f"/api/models/{model_id}/versions", ModelVersion, version)

    def remove_version_files(self, model_id: str, version_id: str) -> None:
        """Take the files of a version of a model of one's own from the server's machine."""
        self._answer("DELETE", f"/api/models/{model_id}/versions/{version_id}/files")

    def import_model(self, model_id: str, request: ModelImportRequest) -> Job:
        """Bring a version of a model of one's own from a hub, an address or a bucket to the server's machine; the job
        goes on there, whatever becomes of this client, and at last names the `version` among its facts.
        """
        return self._send("POST", f"/api/models/{model_id}/imports", Job, request)

    def compare_models(self, *model_ids: str) -> ModelComparison:
        """Two to six models side by side."""
        return self._send("GET", "/api/comparisons", ModelComparison, params={"ids": ",".join(model_ids)})

    def download_model(self, model_id: str, variant: str | None = None) -> Job:
        """Bring a model to the server's machine; the job goes on there, whatever becomes of this client."""
        return self._send("POST", f"/api/models/{model_id}/downloads", Job, DownloadRequest(variant=variant))

    def job(self, job_id: str) -> Job:
        return self._send("GET", f"/api/jobs/{job_id}", Job)

    def follow_job(self, job_id: str) -> Iterator[Job]:
        """The job now and after each change, until it is over."""
        with self._http.stream("GET", f"/api/jobs/{job_id}/events") as answer:
            if answer.is_error:
                answer.read()
                raise _error(answer)
            for line in answer.iter_lines():
                if line.startswith('data: {"id"'):
                    yield Job.model_validate_json(line.removeprefix("data: "))

    def cancel_job(self, job_id: str) -> Job:
        """Ask a job to stop; it ends a little later."""
        return self._send("POST", f"/api/jobs/{job_id}/cancel", Job)

    def deployments(self, **filters: str | int) -> Iterator[Deployment]:
        """Deployments that fit, such as `state="failed", sort="name"`."""
        for page in self._pages("/api/deployments", DeploymentList, filters):
            yield from page.items

    def deployment(self, name: str) -> DeploymentDetail:
        """One of them by its id or name, with its revisions and changes."""
        return self._send("GET", f"/api/deployments/{name}", DeploymentDetail)

    def preview_deployment(self, request: DeploymentPreviewRequest) -> DeploymentPreview:
        """What it would be, and all that stands in its way; starts nothing."""
        return self._send("POST", "/api/deployments/preview", DeploymentPreview, request)

    def create_deployment(self, request: DeploymentRequest) -> Deployment:
        return self._send("POST", "/api/deployments", Deployment, request)

    def change_deployment(
        self, name: str, change: DeploymentRevise, *, version: int | None = None
    ) -> DeploymentDetail:
        """Make its next revision, in place of the one that was read as `version`."""
        answer = self._answer("PATCH", f"/api/deployments/{name}", change, version=version)
        return DeploymentDetail.model_validate_json(answer.content)

    def roll_back_deployment(self, name: str, revision: int) -> Deployment:
        asked = RollbackRequest(revision=revision)
        return self._send("POST", f"/api/deployments/{name}/rollback", Deployment, asked)

    def stop_deployment(self, name: str) -> Deployment:
        return self._send("POST", f"/api/deployments/{name}/stop", Deployment)

    def start_deployment(self, name: str) -> Deployment:
        return self._send("POST", f"/api/deployments/{name}/start", Deployment)

    def restart_deployment(self, name: str) -> Deployment:
        return self._send("POST", f"/api/deployments/{name}/restart", Deployment)

    def delete_deployment(self, name: str) -> None:
        self._answer("DELETE", f"/api/deployments/{name}")

    def deployment_log(self, name: str, lines: int = 200) -> list[str]:
        """The last lines that its engine wrote, oldest first."""
        return self._send("GET", f"/api/deployments/{name}/logs", LogText, params={"lines": lines}).lines

    def engines(self) -> list[EngineDetails]:
        """What can run models on the server, and what is to be installed for that."""
        return self._send("GET", "/api/engines", EngineList).items

    def install_engine(self, name: str) -> Job:
        """Make an engine's environment; the job goes on on the server, whatever becomes of this client."""
        return self._send("POST", f"/api/engines/{name}/install", Job)

    def remove_engine(self, name: str) -> None:
        """Delete an engine's environment."""
        self._answer("DELETE", f"/api/engines/{name}/environment")

    def nodes(self) -> list[Node]:
        """The machines that run models, with what is in use of them now."""
        return self._send("GET", "/api/nodes", NodeList).items

    def node_history(
        self,
        node: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        step_s: int | None = None,
    ) -> NodeHistory:
        """What a node did over time, by default the first one in the last hour."""
        times = {name: at.isoformat() for name, at in (("since", since), ("until", until)) if at is not None}
        rest = {name: each for name, each in (("node", node), ("step", step_s)) if each is not None}
        return self._send("GET", "/api/nodes/history", NodeHistory, params=times | rest)

    def chips(self) -> list[Chip]:
        """What plans can be made with."""
        return self._send("GET", "/api/chips", ChipList).items

    def chip(self, chip_id: str) -> ChipDetail:
        """One chip by its id, name or alias, with the sources of its figures."""
        return self._send("GET", f"/api/chips/{chip_id}", ChipDetail)

    def plan_training(self, request: TrainingPlanRequest) -> TrainingPlan:
        return self._send("POST", "/api/plans/training", TrainingPlan, request)

    def plan_serving(self, request: ServingPlanRequest) -> ServingPlan:
        return self._send("POST", "/api/plans/serving", ServingPlan, request)

    def plan_comparison(self, request: ComparisonPlanRequest) -> ComparisonPlan:
        return self._send("POST", "/api/plans/comparison", ComparisonPlan, request)

    def export_plan(
        self,
        request: TrainingPlanRequest | ServingPlanRequest | ComparisonPlanRequest,
        format: Literal["xlsx", "pdf"],  # noqa: A002  (its name in the API)
    ) -> bytes:
        """The plan as a file, in the language of this client."""
        kind = _PLANS[type(request)]
        asked = {"format": format}
        return self._answer("POST", f"/api/plans/{kind}/export", request, params=asked).content

    def plan_use(self, days: int = 30) -> list[PlanUse]:
        """What models were asked for, the one with the most requests first; `task` fills a plan."""
        return self._send("GET", "/api/plans/use", PlanUseList, params={"days": days}).items

    def keys(self) -> Iterator[Key]:
        """Every key that the caller may see, newest first."""
        for page in self._pages("/api/keys", KeyList):
            yield from page.items

    def create_key(self, request: KeyRequest) -> NewKey:
        return self._send("POST", "/api/keys", NewKey, request)

    def revoke_key(self, key_id: str) -> None:
        self._answer("DELETE", f"/api/keys/{key_id}")

    def limits(self) -> list[Limit]:
        """The limits that the caller may see, and what is used of them."""
        return self._send("GET", "/api/limits", LimitList).items

    def limit(self, scope_id: str) -> Limit:
        """The limits of a tenant, member, key, or of `model:` with a model's name."""
        return self._send("GET", f"/api/limits/{scope_id}", Limit)

    def set_limit(self, scope_id: str, change: LimitChange, *, version: int) -> Limit:
        """Replace the limits that were read as `version`."""
        answer = self._answer("PUT", f"/api/limits/{scope_id}", change, version=version)
        return Limit.model_validate_json(answer.content)

    def providers(self) -> Iterator[Provider]:
        """Every provider, newest first."""
        for page in self._pages("/api/providers", ProviderList):
            yield from page.items

    def create_provider(self, request: ProviderRequest) -> Provider:
        return self._send("POST", "/api/providers", Provider, request)

    def check_provider(self, provider_id: str) -> ProviderCheck:
        return self._send("POST", f"/api/providers/{provider_id}/check", ProviderCheck)

    def remove_provider(self, provider_id: str) -> None:
        self._answer("DELETE", f"/api/providers/{provider_id}")

    def prices(self) -> list[Price]:
        """What models cost now."""
        return self._send("GET", "/api/prices", PriceList).items

    def resource_prices(self) -> list[ResourcePrice]:
        """What accelerators, CPUs and storage cost."""
        return self._send("GET", "/api/prices/resources", ResourcePriceList).items

    def set_resource_price(self, resource: Resource, change: ResourcePriceChange) -> ResourcePrice:
        """Add a version to the price book."""
        return self._send("PUT", f"/api/prices/resources/{resource}", ResourcePrice, body=change)

    def set_price(self, model: str, change: PriceChange, *, version: int | None = None) -> Price:
        """Add a version to the price book, in place of the one that was read as `version`."""
        answer = self._answer("PUT", f"/api/prices/{model}", change, version=version)
        return Price.model_validate_json(answer.content)

    def aliases(self) -> Iterator[Alias]:
        """Every alias, newest first."""
        for page in self._pages("/api/aliases", AliasList):
            yield from page.items

    def create_alias(self, request: AliasRequest) -> Alias:
        return self._send("POST", "/api/aliases", Alias, request)

    def delete_alias(self, alias_id: str) -> None:
        self._answer("DELETE", f"/api/aliases/{alias_id}")

    def routes(self) -> list[Route]:
        """Every public name, where it leads, and how that fares now."""
        return self._send("GET", "/api/routes", RouteList).items

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

    def _pages(self, path: str, kind: type[L], query: Mapping[str, str | int] | None = None) -> Iterator[L]:
        """All pages of a list."""
        cursor: str | None = None
        while True:
            asked = dict(query or {}) | ({"cursor": cursor} if cursor else {})
            page = self._send("GET", path, kind, params=asked)
            yield page
            if (cursor := page.next_cursor) is None:
                return

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
        self,
        method: str,
        path: str,
        body: BaseModel | None = None,
        params: dict[str, Any] | None = None,
        version: int | None = None,
    ) -> httpx2.Response:
        content = None if body is None else body.model_dump_json(exclude_unset=True)
        headers = {} if content is None else {"Content-Type": "application/json"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
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
