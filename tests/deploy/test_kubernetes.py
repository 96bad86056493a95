"""The chart and the manifests, held against Helm's own linter and the schemas of Kubernetes and KubeRay."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import helm_python as helm
import jsonschema
import kubernetes_validate
import pytest
import yaml
from packaging.version import Version

from jixi.assembly.settings import Settings

_DEPLOY = Path(__file__).parents[2] / "deploy"
_CHART = _DEPLOY / "helm" / "jixi"
_SCHEMA = Path(__file__).parent / "schemas" / "raycluster.v1.json"
# The oldest that the chart names, and one of the newest.
_RELEASES = ("1.29", "1.36")
_IMAGE = {"image": {"repository": "registry.example.com/jixi", "tag": "0.1.0"}}
_CLUSTER = {
    **_IMAGE,
    "ray": {"enabled": True},
    "storage": {"accessModes": ["ReadWriteMany"]},
    "secrets": {"database": "ledger", "keys": "keys", "more": ["s3"]},
    "ingress": {"enabled": True, "host": "models.example.com", "tlsSecret": "tls", "className": "nginx"},
    "trustedProxies": ["10.1.0.0/16", "10.2.0.7"],
}
_VALUES = pytest.mark.parametrize("values", [_IMAGE, _CLUSTER], ids=["one pod", "cluster"])


def rendered(values: dict[str, Any]) -> dict[str, Any]:
    """The chart's objects by their kind."""
    with helm.Chart.load(_CHART) as chart:
        texts = chart.render(values, name="jixi", namespace="models")
    objects = [
        each for name, text in texts.items() if name.endswith(".yaml") for each in yaml.safe_load_all(text)
    ]
    return {each["kind"]: each for each in objects if each}


def manifests() -> list[Any]:
    return list(yaml.safe_load_all((_DEPLOY / "kuberay" / "raycluster.yaml").read_text("utf-8")))


def pods(found: Any) -> Iterator[Any]:
    """Every pod template in an object."""
    if isinstance(found, dict):
        if "containers" in found.get("spec", {}):
            yield found
        for each in found.values():
            yield from pods(each)
    elif isinstance(found, list):
        for each in found:
            yield from pods(each)


@_VALUES
def test_helm_itself_finds_no_fault_with_the_chart(values: dict[str, Any]) -> None:
    found = helm.lint(_CHART, values, strict=True)
    assert found["total_charts_linted"] == 1
    assert not found["errors"]
    assert [message["error"] for message in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("release", _RELEASES)
@_VALUES
def test_what_the_chart_makes_is_what_kubernetes_takes(values: dict[str, Any], release: str) -> None:
    for made in rendered(values).values():
        kubernetes_validate.validate(made, release, strict=True)


@pytest.mark.parametrize("release", _RELEASES)
def test_the_cluster_is_what_kuberay_and_kubernetes_take(release: str) -> None:
    cluster, policy = manifests()
    jsonschema.Draft7Validator(json.loads(_SCHEMA.read_text())).validate(cluster)
    kubernetes_validate.validate(policy, release, strict=True)
    templates = list(pods(cluster))
    assert len(templates) == 2
    for template in templates:
        made = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "node"}, "template": template}
        kubernetes_validate.validate(made, release, strict=True)


def test_the_cluster_asks_for_a_token_and_runs_the_ray_that_we_test() -> None:
    cluster, policy = manifests()
    assert cluster["spec"]["authOptions"] == {"mode": "token"}
    assert Version(cluster["spec"]["rayVersion"]) == Version(version("ray"))
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    assert all(peer.get("from") for peer in policy["spec"]["ingress"])


def test_each_node_is_probed_without_the_dashboard_agent_that_kuberay_would_ask() -> None:
    head, worker = (pod["spec"]["containers"][0] for pod in pods(manifests()[0]))
    probes = ("livenessProbe", "readinessProbe")
    assert {head[name]["exec"]["command"][1] for name in probes} == {"health-check"}
    (group,) = manifests()[0]["spec"]["workerGroupSpecs"]
    assert {str(worker[name]["tcpSocket"]["port"]) for name in probes} == {
        group["rayStartParams"]["node-manager-port"]
    }


def test_nodes_read_the_data_folder_and_change_nothing_there() -> None:
    _, worker = (pod["spec"]["containers"][0] for pod in pods(manifests()[0]))
    assert worker["volumeMounts"] == [{"name": "data", "mountPath": "/data", "readOnly": True}]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "image"),
        ({"image": {"repository": "jixi", "tag": "latest"}}, "tag"),
        ({**_IMAGE, "ingress": {"enabled": True, "host": "models.example.com"}}, "tlsSecret"),
        ({**_CLUSTER, "storage": {}}, "ReadWriteMany"),
        ({**_CLUSTER, "secrets": {"keys": "keys"}}, r"secrets\.database"),
        ({**_CLUSTER, "secrets": {"database": "ledger"}}, r"secrets\.keys"),
        ({**_IMAGE, "sevrice": {}}, "sevrice"),
    ],
)
def test_values_that_would_be_unsafe_or_mean_nothing_are_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(helm.HelmError, match=why):
        rendered(values)


def test_every_variable_of_the_server_is_a_setting() -> None:
    (container,) = rendered(_CLUSTER)["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in container["env"] if each["name"].startswith("JIXI_")}
    assert told.pop("JIXI_CONFIG")
    fields = {name.removeprefix("JIXI_").lower(): value for name, value in told.items()}
    settings = Settings(**fields)
    assert settings.driver == "ray"
    assert settings.behind_proxy
    assert settings.trusted_proxies == ("10.1.0.0/16", "10.2.0.7")
    service = ("jixi", "jixi.models", "jixi.models.svc", "jixi.models.svc.cluster.local")
    assert settings.allowed_hosts >= set(service)


@_VALUES
def test_no_container_runs_as_root_or_may_become_it(values: dict[str, Any]) -> None:
    templates = [*pods(rendered(values)["StatefulSet"]), *pods(manifests()[0])]
    for template in templates:
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is False
        for container in [*spec["containers"], *spec.get("initContainers", ())]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


@_VALUES
def test_the_server_is_probed_by_a_name_that_it_knows_and_reached_inside_alone(
    values: dict[str, Any],
) -> None:
    made = rendered(values)
    (container,) = made["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {probe["path"] for probe in probes} == {"/api/health", "/api/ready"}
    assert all({"name": "Host", "value": "localhost"} in probe["httpHeaders"] for probe in probes)
    assert made["Service"]["spec"]["type"] == "ClusterIP"
    assert ("Ingress" in made) == (values is _CLUSTER)
    if "Ingress" in made:
        assert made["Ingress"]["spec"]["tls"][0]["secretName"] == "tls"
