"""What a kubelet refuses of a static pod, by its fields.

A value of another type than its field ends the decoding of the whole file (``tryDecodeSinglePod`` in
pkg/kubelet/config/common.go); what ``ValidatePodCreate`` refuses (pkg/apis/core/validation) makes no pod either. Here
are the fields that manifests of control planes have, and of what is validated names, images and mounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain

from nodecheck.facts.kubelet.labels import is_dns_label, is_subdomain
from nodecheck.facts.kubelet.quantities import quantity_of
from nodecheck.formats.tree import Number, TreeNode, object_of, text_of
from nodecheck.typed import Any

Wrong = tuple[str, int]
"""What is wrong, and at which line; 0: not known."""

STRING, BOOLEAN, WHOLE, QUANTITY, EITHER = (
    "a string", "a boolean", "a whole number", "a quantity", "a whole number or a string"
)  # fmt: skip
ANY = "*"
"""Any key of an object."""


def _fields(kind: str, names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split(), kind)


_PROBE = {
    **_fields(WHOLE, "initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold"),
    "httpGet": {**_fields(STRING, "path host scheme"), "port": EITHER},
    "tcpSocket": {"host": STRING, "port": EITHER},
    "exec": {"command": [STRING]},
}
_CONTAINER = {
    **_fields(STRING, "name image imagePullPolicy workingDir terminationMessagePath terminationMessagePolicy"),
    **_fields(BOOLEAN, "stdin tty"),
    "command": [STRING],
    "args": [STRING],
    "env": [_fields(STRING, "name value")],
    "ports": [{**_fields(STRING, "name protocol hostIP"), **_fields(WHOLE, "containerPort hostPort")}],
    "volumeMounts": [{**_fields(STRING, "name mountPath subPath mountPropagation"), "readOnly": BOOLEAN}],
    "resources": {"limits": {ANY: QUANTITY}, "requests": {ANY: QUANTITY}},
    **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), _PROBE),
    "securityContext": {
        **_fields(BOOLEAN, "privileged allowPrivilegeEscalation readOnlyRootFilesystem runAsNonRoot"),
        **_fields(WHOLE, "runAsUser runAsGroup"),
    },
}
_SPEC = {
    **_fields(STRING, "nodeName priorityClassName restartPolicy dnsPolicy hostname schedulerName serviceAccountName"),
    **_fields(BOOLEAN, "hostNetwork hostPID hostIPC shareProcessNamespace"),
    **_fields(WHOLE, "priority terminationGracePeriodSeconds activeDeadlineSeconds"),
    "nodeSelector": {ANY: STRING},
    "tolerations": [{**_fields(STRING, "key operator value effect"), "tolerationSeconds": WHOLE}],
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "volumes": [{"name": STRING, "hostPath": _fields(STRING, "path type")}],
}
_POD = {
    "metadata": {**_fields(STRING, "name namespace"), "labels": {ANY: STRING}, "annotations": {ANY: STRING}},
    "spec": _SPEC,
}


def wrong_types(tree: Mapping[str, TreeNode], shape: Mapping[str, Any] = _POD, above: str = "") -> Iterator[Wrong]:
    """The fields that hold another type than theirs; null is the empty value of any.

    >>> list(wrong_types({"spec": TreeNode({"hostNetwork": TreeNode("true", "/x", 4)}, "/x", 3)}))
    [('says for spec.hostNetwork what is not a boolean', 4)]
    """
    for name, node in tree.items():
        if name in shape or ANY in shape:
            yield from _wrong_type(node, shape.get(name, shape.get(ANY)), f"{above}{name}")


def _wrong_type(node: TreeNode, shape: Any, name: str) -> Iterator[Wrong]:
    value = node.value
    if value is None:
        return
    if isinstance(shape, str):
        if not _holds(value, shape):
            yield f"says for {name} what is not {shape}", node.line
    elif isinstance(shape, list):
        if not isinstance(value, tuple):
            yield f"says for {name} what is not a list", node.line
            return
        for number, item in enumerate(value):
            yield from _wrong_type(item, shape[0], f"{name}[{number}]")
    elif isinstance(value, Mapping):
        yield from wrong_types(value, shape, f"{name}.")
    else:
        yield f"says for {name} what is not an object", node.line


def _holds(value: object, kind: str) -> bool:
    if kind == QUANTITY:
        return _is_quantity(value.json if isinstance(value, Number) else value)
    whole = isinstance(value, Number) and re.fullmatch("-?[0-9]{1,19}", value.json) is not None
    return {
        STRING: isinstance(value, str),
        BOOLEAN: isinstance(value, bool),
        WHOLE: whole,
        EITHER: whole or isinstance(value, str),
    }[kind]


def _is_quantity(value: object) -> bool:
    try:
        return isinstance(value, str) and quantity_of(value) is not None
    except ValueError:
        return False


def refused(tree: Mapping[str, TreeNode]) -> Iterator[Wrong]:
    """What a pod without wrong types is refused for: names, images, and mounts of volumes that it has not."""
    from nodecheck.formats.structured import mappings

    metadata, spec = object_of(tree, "metadata"), object_of(tree, "spec")
    name = text_of(metadata, "name")
    if not is_subdomain(name):
        yield f"says for metadata.name {name[:80]}, which is no name of a pod", metadata["name"].line
    volumes = {text_of(volume, "name") for volume in mappings(spec.get("volumes"))}
    names: set[str] = set()
    for container in chain(mappings(spec.get("initContainers")), mappings(spec.get("containers"))):
        yield from _of_container(container, names, volumes, _line(container))
        names.add(text_of(container, "name"))


def _of_container(container: Mapping[str, TreeNode], names: set[str], volumes: set[str], line: int) -> Iterator[Wrong]:
    from nodecheck.formats.structured import mappings

    name = text_of(container, "name")
    if not is_dns_label(name):
        yield f"has a container with the name {name[:80]!r}, which is none of a container", line
    elif name in names:
        yield f"has two containers with the name {name}", line
    if not text_of(container, "image").strip():
        yield f"has no image for the container {name[:80]}", line
    for mount in mappings(container.get("volumeMounts")):
        if text_of(mount, "name") not in volumes:
            yield f"mounts a volume {text_of(mount, 'name')[:80]!r} that it does not have", _line(mount)


def _line(tree: Mapping[str, TreeNode]) -> int:
    return next((node.line for node in tree.values()), 0)
