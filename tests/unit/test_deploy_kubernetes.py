"""The manifests below deploy/kubernetes: each overlay as kustomize would make it, against the API's own schemas."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from berm.config import Config
from berm.service.sections import Sections
from berm.service.store import dispatch

FOLDER = Path(__file__).resolve().parents[2] / "deploy/kubernetes"
OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())
OTHERS = {"keda.sh/v1alpha1"}  # not of Kubernetes itself, so it has no schema for them

Manifest = dict[str, Any]


def documents(path: Path) -> list[Manifest]:
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one]


def rendered(folder: Path) -> list[Manifest]:
    """Return what kustomize makes of a folder: resources and patches, all that is used here."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    known = {"apiVersion", "kind", "namespace", "resources", "patches", "labels", "images"}
    assert set(kustomization) <= known
    found: list[Manifest] = []
    for name in kustomization["resources"]:
        path = folder / name
        found += rendered(path) if path.is_dir() else documents(path)
    for patch in kustomization.get("patches", ()):
        found = list(patched(found, patch["target"], yaml.safe_load(patch["patch"])))
    return found


def patched(found: list[Manifest], target: Manifest, patch: Any) -> Iterator[Manifest]:
    hit = 0
    for one in found:
        if one["kind"] != target["kind"] or target.get("name") not in (
            None,
            one["metadata"]["name"],
        ):
            yield one
            continue
        hit += 1
        if isinstance(patch, dict):
            assert patch["$patch"] == "delete"
            continue
        changed = copy.deepcopy(one)
        for step in patch:
            place = changed
            *way, last = step["path"].strip("/").split("/")
            for name in way:
                place = place[int(name) if isinstance(place, list) else name]
            if last == "-":  # RFC 6902: after the last of a list
                assert step["op"] == "add"
                place.append(step["value"])
                continue
            assert (step["op"] == "replace") == (last in place), step
            place[last] = step["value"]
        yield changed
    assert hit, f"the patch for {target} meets nothing"


@pytest.fixture(params=OVERLAYS)
def overlay(request) -> list[Manifest]:
    return rendered(FOLDER / "overlays" / request.param)


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == kind}


def pods(manifests: list[Manifest]) -> list[Manifest]:
    return [one["spec"]["template"]["spec"] for one in of_kind(manifests, "Deployment").values()]


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


@pytest.mark.parametrize("version", ["1.29", "1.33"])
def test_every_document_is_as_the_api_wants_it(overlay, version):
    for one in overlay:
        if one["apiVersion"] not in OTHERS:
            kubernetes_validate.validate(one, version, strict=True)


def test_the_schemas_refuse_what_is_wrong():
    (service,) = documents(FOLDER / "base/service.yaml")
    service["spec"]["ports"][0]["prot"] = 80
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, "1.29", strict=True)


def test_pods_keep_to_the_standard_restricted(overlay):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/ names these controls."""
    (namespace,) = of_kind(overlay, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in pods(overlay):
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 1000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert all(set(volume) == {"name", "emptyDir"} for volume in pod["volumes"])
        for one in containers(pod):
            context = one["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True
            assert not any("hostPort" in port for port in one.get("ports", ()))


def test_pods_are_bounded_have_no_token_and_get_their_time_to_drain(overlay):
    settings = of_kind(overlay, "ConfigMap")["berm"]["data"]
    for pod in pods(overlay):
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["terminationGracePeriodSeconds"] > float(settings["BERM_SERVE_DRAIN"]) + 5
        for one in containers(pod):
            assert one["resources"]["limits"]["memory"]
            assert one["resources"]["limits"]["cpu"]
        for one in pod["containers"]:
            assert one["livenessProbe"]["httpGet"]["path"] == "/healthz"
            assert one["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_what_selects_finds(overlay):
    labels = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in of_kind(overlay, "Deployment").values()
    ]
    selectors = [one["spec"]["selector"] for one in of_kind(overlay, "Service").values()]
    selectors += [
        one["spec"]["selector"]["matchLabels"]
        for one in of_kind(overlay, "PodDisruptionBudget").values()
    ]
    selectors += [
        one["spec"]["podSelector"].get("matchLabels", {})
        for one in of_kind(overlay, "NetworkPolicy").values()
    ]
    assert len(selectors) == 6
    for selector in selectors:
        assert any(selector.items() <= one.items() for one in labels), selector
    deployments = of_kind(overlay, "Deployment")
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for one in of_kind(overlay, kind).values():
            assert one["spec"]["scaleTargetRef"]["name"] in deployments
    assert of_kind(overlay, "HorizontalPodAutoscaler") or of_kind(overlay, "ScaledObject")


def test_what_goes_in_and_out_is_named(overlay):
    policies = of_kind(overlay, "NetworkPolicy")
    assert policies["nothing"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ports = [
        port["port"]
        for rule in policies["store-and-names"]["spec"]["egress"]
        for port in rule["ports"]
    ]
    assert sorted(set(ports)) == [53, 5432]


def test_settings_are_the_service_s(overlay):
    for deployment in of_kind(overlay, "Deployment").values():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        environ = dict(of_kind(overlay, "ConfigMap")["berm"]["data"])
        environ |= {one["name"]: "" for one in container["env"]}
        environ["BERM_STORE_URL"] = "postgresql://berm@db/berm"
        command = container["args"]
        assert command[:2] == ["serve", "--role"]
        config = Config.load(None, environ)
        sections = Sections.load(config, environ, {"role": command[2]})
        assert sections.service.role == command[2]
        assert config.runs_at_a_time == 2


def test_what_keda_asks_is_what_the_documentation_says():
    (scaled,) = of_kind(rendered(FOLDER / "overlays/keda"), "ScaledObject").values()
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    guide = (FOLDER.parents[1] / "docs/guides/scale-out.md").read_text("utf-8")
    assert query in guide
    terraform = (FOLDER.parent / "terraform/azure/main.tf").read_text("utf-8")
    assert query in terraform
    assert "jobs" in Path(dispatch.__file__).read_text("utf-8")


@pytest.mark.parametrize("name", OVERLAYS)
def test_kustomize_makes_the_same(name):
    """Where kubectl is there, what this file renders by itself is held against the real thing."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed; the rendering above has been checked without it")
    done = subprocess.run(
        [kubectl, "kustomize", FOLDER / "overlays" / name], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    real = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}
    mine = {
        (one["kind"], one["metadata"]["name"]): one for one in rendered(FOLDER / "overlays" / name)
    }
    assert real.keys() == mine.keys()
    for key, one in real.items():
        for made in (one, mine[key]):
            for place in (made, made.get("spec", {}).get("template", {})):
                place.pop("metadata", None)  # where the namespace and common labels go
            for container in (
                made.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
            ):
                container.pop("image")
            for container in (
                made.get("spec", {}).get("template", {}).get("spec", {}).get("initContainers", [])
            ):
                container.pop("image")
        assert json.dumps(one, sort_keys=True) == json.dumps(mine[key], sort_keys=True)
