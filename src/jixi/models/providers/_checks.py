"""Whether a provider answers: a real call that costs nothing where there is one, else next to nothing."""

import asyncio
from dataclasses import replace
from typing import Final

import msgspec

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.models.engines import EngineConnectionError
from jixi.models.providers._client import ProviderClient, refusal_problem, unreachable, wait_of
from jixi.models.providers._health import Health
from jixi.models.providers._values import Check, ProviderModel
from jixi.models.providers._vendor import Target, Vendor
from jixi.models.sources.outside import Egress, EgressError, EgressResponse

_TIME_S: Final = 15
_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_LISTED: Final = 1000
_NOT_SERVED: Final = frozenset({404, 405, 501})
_QUESTIONS: Final[dict[Scope, tuple[str, dict[str, object]]]] = {
    Scope.CHAT: (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": "ping"}], "max_tokens": 1},
    ),
    Scope.EMBEDDINGS: ("/v1/embeddings", {"input": "ping"}),
    Scope.COMPLETIONS: ("/v1/completions", {"prompt": "ping", "max_tokens": 1}),
    Scope.RERANK: ("/v1/rerank", {"query": "ping", "documents": ["ping"]}),
}
"""What costs next to nothing, the cheapest first. Sound and images would cost something."""


class Checker:
    """Checks one provider, within fifteen seconds."""

    def __init__(self, name: str, target: Target, vendor: Vendor, egress: Egress, health: Health) -> None:
        self._name = name
        self._target = target
        self._vendor = vendor
        self._egress = egress
        self._health = health

    async def run(self, models: tuple[ProviderModel, ...], clock: Clock) -> Check:
        """What was found; the provider's state follows it."""
        began = clock.monotonic()
        listed: list[str] = []
        error: JixiError | None = None
        try:
            async with asyncio.timeout(_TIME_S):
                listed = await self._ask(models)
        except TimeoutError:
            reason = f"it did not answer within {_TIME_S} s"
            error = problem("provider_unreachable", model=self._name, reason=reason)
        except EgressError as cause:
            error = unreachable(self._name, cause)
        except JixiError as cause:
            error = cause
        if error is None:
            self._health.well()
        else:
            self._health.failed(error)
        self._health.news = True
        latency = round((clock.monotonic() - began) * 1000)
        return Check(error is None, latency, listed[:_MOST_LISTED], error)

    async def _ask(self, models: tuple[ProviderModel, ...]) -> list[str]:
        """The list of models; where the vendor serves none, one model is asked for one token, if one takes text."""
        probe = self._vendor.probe(self._target)
        response = await self._egress.send(probe.url, None, probe.headers, most_bytes=_MOST_BYTES)
        try:
            if response.status == 200:
                return self._vendor.listed(await response.read())
            if response.status not in _NOT_SERVED or not models:
                raise await self._problem_of(response)
            if (question := _question(models)) is None:
                reason = "it lists no models, and a check buys neither sound nor images"
                raise problem("provider_unreachable", model=self._name, reason=reason)
        finally:
            response.abort()
        await self._call(*question)
        return []

    async def _problem_of(self, response: EgressResponse) -> JixiError:
        client = ProviderClient(self._name, self._target, self._vendor, self._egress, self._health)
        refusal = await client.refusal_of(response)
        found = refusal_problem(refusal, self._name)
        if found is not None:
            return found
        if refusal.fault in ("rate", "overloaded"):
            wait = wait_of(response.headers) or 5
            return problem("model_unavailable", model=self._name, state="overloaded", retry_after=wait)
        reason = f"it answered with status {response.status}"
        return problem("provider_unreachable", model=self._name, reason=reason)

    async def _call(self, model: ProviderModel, path: str, fields: dict[str, object]) -> None:
        target = replace(self._target, upstream=model.upstream)
        client = ProviderClient(model.name, target, self._vendor, self._egress, self._health)
        try:
            answer = await client.send(path, msgspec.json.encode({"model": model.name, **fields}))
            await answer.read()
        except EngineConnectionError as error:
            raise problem("provider_unreachable", model=self._name, reason=str(error)) from error
        if answer.status != 200:
            reason = f"it answered with status {answer.status}"
            raise problem("provider_unreachable", model=self._name, reason=reason)


def _question(models: tuple[ProviderModel, ...]) -> tuple[ProviderModel, str, dict[str, object]] | None:
    """Whom to ask, where, and what; None where no model answers for next to nothing."""
    for kind, (path, fields) in _QUESTIONS.items():
        for model in models:
            if kind in model.kinds:
                return model, path, fields
    return None
