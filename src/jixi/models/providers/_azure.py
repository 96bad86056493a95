"""Azure OpenAI: OpenAI's models behind deployments of one's own."""

from collections.abc import Mapping
from typing import ClassVar, Final

from jixi.models.providers._form import OpenAIForm, segment
from jixi.models.providers._openai import ALL, OpenAI
from jixi.models.providers._vendor import Fault, Need, Outgoing, Target, Words

# The first version whose chat takes `max_completion_tokens` and `stream_options`.
_NEWER: Final = "2024-09-01"


class Azure(OpenAIForm):
    """https://learn.microsoft.com/azure/ai-foundry/openai/reference. The upstream name is the deployment's.

    Its newer surface, {endpoint}/openai/v1, is plain OpenAI: add that as an OpenAI-compatible provider.
    """

    name = "azure"
    title = Words("Azure OpenAI")
    needs: frozenset[Need] = frozenset({"credential", "base_url", "api_version"})
    kinds = ALL
    hint = Words(
        "Base URL https://NAME.openai.azure.com; the upstream name of a model is its deployment",
        "接口地址为 https://NAME.openai.azure.com；供应商处的名称填部署名",
    )
    codes: ClassVar[Mapping[str, Fault]] = {
        **OpenAI.codes,
        "DeploymentNotFound": "unknown_model",
        "OperationNotSupported": "request",
        "401": "credential",
    }

    def url(self, target: Target, path: str) -> str:
        deployment, version = segment(target.upstream), segment(target.api_version or "")
        return f"{target.base_url}/openai/deployments/{deployment}{path}?api-version={version}"

    def headers(self, target: Target) -> dict[str, str]:
        return {} if target.credential is None else {"api-key": target.credential}

    def renames(self, target: Target) -> Mapping[str, str]:
        return OpenAI.renamed if _is_newer(target) else {}

    def drops(self, target: Target) -> frozenset[str]:
        return frozenset() if _is_newer(target) else frozenset({"stream_options"})

    def probe(self, target: Target) -> Outgoing:
        """The models of the resource: deployments cannot be listed with a key."""
        version = segment(target.api_version or "")
        url = f"{target.base_url}/openai/models?api-version={version}"
        return Outgoing(url=url, headers=self.headers(target))


def _is_newer(target: Target) -> bool:
    """Whether the API version, a date in front, knows the newer fields."""
    return (target.api_version or "") >= _NEWER
