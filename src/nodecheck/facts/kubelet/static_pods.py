"""The static pods that a kubelet makes of the files below ``staticPodPath``, read as it reads them.

``pkg/kubelet/config/file.go``: every file whose name does not begin with a dot, whatever it ends in, in the order of
names; what a link leads to counts, a directory is passed over. ``pkg/kubelet/config/common.go``: the first document of
the file is one Pod of ``v1`` with a name; keys that it does not know are passed over, of a key given twice the last
counts. What refers to an object of the API is ``HasAPIObjectReference`` in ``pkg/api/pod/util.go``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent, FactError, Malformed
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.given import STATIC_PODS
from nodecheck.formats.tree import Malformation, TreeNode, object_of, text_of
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Named, Sources, Tree
from nodecheck.record import NamedTuple

AGENT_PODS = "/var/lib/rancher/k3s/agent/pod-manifests"
"""Where the kubelet inside k3s looks."""


class ApiReference(NamedTuple):
    """An object of the API that a static pod refers to."""

    resource: str
    """``serviceaccounts``, ``secrets``, ``configmaps``, …"""
    text: str
    """In short: ``serviceAccountName: default``, ``the configMap volume certs``."""
    line: int | None
    whole: str = ""
    """The whole line; "" where it cannot be had."""


class StaticPod(NamedTuple):
    """One file below ``staticPodPath``, and the pod that the kubelet makes of it."""

    path: str
    pod: str | None = None
    """``kube-system/etcd``; None where it makes none of it."""
    problem: str | None = None
    """Why it makes none."""
    line: int | None = None
    """Where that stands."""
    is_pod: bool = False
    """It says that it is a Pod."""
    references: tuple[ApiReference, ...] = ()
    hidden: FactError | None = None
    """Why the file cannot be read here."""


class StaticPods(NamedTuple):
    """The files of a kubelet's ``staticPodPath``."""

    folder: str | None = None
    """None: no kubelet is given one."""
    there: bool = False
    pods: tuple[StaticPod, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return (*[Tree(folder, "*") for folder in (*STATIC_PODS, AGENT_PODS)], Named("staticPodPath of the kubelet"))

    @classmethod
    def read(cls, host: Host, kubelet: KubeletConfig) -> StaticPods:
        """Read each file. Raises what the host raises for a directory that is there and cannot be listed."""
        folder = _folder(host, kubelet)
        if folder is None:
            return cls()
        try:
            paths = _paths(host, folder)
        except Absent:
            return cls(folder)
        return cls(folder, True, tuple([_read(host, path) for path in paths]))


def _folder(host: Host, kubelet: KubeletConfig) -> str | None:
    """``staticPodPath``; without a kubelet of its own, where that inside RKE2 or k3s looks."""
    if kubelet.present:
        return kubelet.setting("staticPodPath").path
    return next((path for path in (STATIC_PODS[-1], AGENT_PODS) if stat_or_none(host, path) is not None), None)


def _paths(host: Host, folder: str) -> list[str]:
    """The files: of a directory those whose names do not begin with a dot; a file stands for itself."""
    if host.stat(folder).kind == "file":
        return [folder]
    paths = [f"{folder.rstrip('/')}/{name}" for name in host.names(folder) if not name.startswith(".")]
    return [path for path in paths if (found := stat_or_none(host, path)) is None or found.kind != "dir"]


def _read(host: Host, path: str) -> StaticPod:
    try:
        return parse_pod(host.read(path), path)
    except Absent:
        return StaticPod(path, problem="is a link that leads nowhere")
    except Malformed as error:
        return StaticPod(path, problem=f"is no file that can be read: {error.detail}")
    except FactError as error:
        return StaticPod(path, hidden=error)


def parse_pod(raw: bytes, path: str) -> StaticPod:
    r"""What the kubelet makes of a file.

    >>> pod = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: b, image: c}]}\n"
    >>> parse_pod(pod, "/x").pod
    'default/a'
    >>> parse_pod(b"kind: List\n", "/x").problem
    'is of kind List, and a static pod is a Pod of v1'
    """
    from nodecheck.formats.structured import load

    try:
        root = load(raw, path).root
    except Malformation as error:
        return StaticPod(path, problem=error.detail, line=error.line)
    tree = root.value
    if not isinstance(tree, Mapping):
        return StaticPod(path, problem="holds no object")
    found = StaticPod(path, is_pod=text_of(tree, "kind") == "Pod")
    wrong = _wrong(tree)
    if wrong is not None:
        return found._replace(problem=wrong[0], line=wrong[1])
    metadata, spec = object_of(tree, "metadata"), object_of(tree, "spec")
    pod = f"{text_of(metadata, 'namespace') or 'default'}/{text_of(metadata, 'name')}"
    lines = raw.decode("utf-8", "surrogateescape").split("\n")
    told = [one._replace(whole=lines[one.line - 1] if one.line else "") for one in references_of(spec)]
    return found._replace(pod=pod, references=tuple(told))


def _wrong(tree: Mapping[str, TreeNode]) -> tuple[str, int | None] | None:
    """Why an object is no pod, and at which line."""
    kind, version = text_of(tree, "kind"), text_of(tree, "apiVersion")
    if kind != "Pod" or version != "v1":
        at = tree.get("kind" if kind != "Pod" else "apiVersion")
        told = f"of kind {kind[:80]}" if kind != "Pod" and kind else f"of apiVersion {version[:80] or 'none'}"
        told = told if kind else "of no kind"
        return f"is {told}, and a static pod is a Pod of v1", None if at is None else at.line or None
    if not text_of(object_of(tree, "metadata"), "name"):
        return "has no metadata.name", None
    containers = object_of(tree, "spec").get("containers")
    if containers is None or not isinstance(containers.value, tuple) or not containers.value:
        return "has no containers", None if containers is None else containers.line or None
    from nodecheck.facts.kubelet.pod_fields import refused, wrong_types

    wrong = next(wrong_types(tree), None) or next(refused(tree), None)
    return None if wrong is None else (wrong[0], wrong[1] or None)


_VOLUMES = {
    "configMap": "configmaps", "secret": "secrets", "csi": "csidrivers", "glusterfs": "endpoints",
    "persistentVolumeClaim": "persistentvolumeclaims", "ephemeral": "persistentvolumeclaims", "azureFile": "secrets",
}  # fmt: skip
_SOURCES = {
    "configMap": "configmaps", "secret": "secrets", "serviceAccountToken": "serviceaccounts",
    "clusterTrustBundle": "clustertrustbundles", "podCertificate": "podcertificates",
}  # fmt: skip
_WITH_SECRET = ("cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos")
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def references_of(spec: Mapping[str, TreeNode]) -> Iterator[ApiReference]:
    """The objects of the API that a pod's spec refers to, whatever else it says (automountServiceAccountToken)."""
    from nodecheck.formats.structured import mappings

    for key in ("serviceAccountName", "serviceAccount"):
        if text_of(spec, key):
            yield _reference("serviceaccounts", key, spec[key], text_of(spec, key))
    for item in mappings(spec.get("imagePullSecrets")):
        if text_of(item, "name"):
            yield _reference("secrets", "imagePullSecrets", item["name"], text_of(item, "name"))
    for key in _CONTAINERS:
        for container in mappings(spec.get(key)):
            yield from _of_container(container)
    claims = spec.get("resourceClaims")
    if claims is not None and isinstance(claims.value, tuple) and claims.value:
        yield _reference("resourceclaims", "resourceClaims", claims, "")
    for volume in mappings(spec.get("volumes")):
        yield from _of_volume(volume)


def _of_container(container: Mapping[str, TreeNode]) -> Iterator[ApiReference]:
    from nodecheck.formats.structured import mappings

    for item in mappings(container.get("envFrom")):
        for key, resource in (("secretRef", "secrets"), ("configMapRef", "configmaps")):
            yield from _named(item, key, resource)
    for item in mappings(container.get("env")):
        for key, resource in (("secretKeyRef", "secrets"), ("configMapKeyRef", "configmaps")):
            yield from _named(object_of(item, "valueFrom"), key, resource)


def _of_volume(volume: Mapping[str, TreeNode]) -> Iterator[ApiReference]:
    from nodecheck.formats.structured import mappings

    for key, resource in _VOLUMES.items():
        if key in volume and volume[key].value is not None:
            yield _of_volume_source(resource, key, volume[key], volume)
    for key in _WITH_SECRET:
        yield from _named(object_of(volume, key), "secretRef", "secrets")
    for source in mappings(object_of(volume, "projected").get("sources")):
        for key, resource in _SOURCES.items():
            if key in source and source[key].value is not None:
                yield _of_volume_source(resource, f"projected {key}", source[key], volume)


def _of_volume_source(resource: str, key: str, node: TreeNode, volume: Mapping[str, TreeNode]) -> ApiReference:
    """Not as written: what stands after ``secret:`` would be taken for one."""
    return ApiReference(resource, f"the {key} volume {text_of(volume, 'name')[:80]}".rstrip(" "), node.line or None)


def _named(tree: Mapping[str, TreeNode], key: str, resource: str) -> Iterator[ApiReference]:
    name = text_of(object_of(tree, key), "name")
    if name:
        yield _reference(resource, key, tree[key], name)


def _reference(resource: str, key: str, node: TreeNode, name: str) -> ApiReference:
    return ApiReference(resource, f"{key}: {name[:80]}" if name else key, node.line or None)
