"""Names, labels and taints as Kubernetes takes them (k8s.io/apimachinery pkg/util/validation)."""

from __future__ import annotations

import re

_PART = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_WORD = "[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"


def is_dns_label(text: str) -> bool:
    """As ``IsDNS1123Label`` has it.

    >>> is_dns_label("kube-proxy"), is_dns_label("a.b"), is_dns_label("A"), is_dns_label("")
    (True, False, False, False)
    """
    return len(text) < 64 and re.fullmatch(_PART, text) is not None


def is_subdomain(text: str) -> bool:
    """As ``IsDNS1123Subdomain`` has it.

    >>> is_subdomain("kube-proxy.a"), is_subdomain("a..b"), is_subdomain("A"), is_subdomain("")
    (True, False, False, False)
    """
    return len(text) < 254 and re.fullmatch(rf"{_PART}(?:\.{_PART})*", text) is not None


_EFFECTS = ("", "NoSchedule", "PreferNoSchedule", "NoExecute")


def is_taint(text: str) -> bool:
    """As ``CheckTaintValidation`` has it.

    >>> is_taint("a.io/b=c:NoExecute"), is_taint("a:NoSchedule"), is_taint("a=b:Foo"), is_taint(":NoSchedule")
    (True, True, False, False)
    """
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return effect in _EFFECTS and is_label(key, value)


_OWN_LABELS = """
kubernetes.io/hostname kubernetes.io/os kubernetes.io/arch beta.kubernetes.io/os beta.kubernetes.io/arch
beta.kubernetes.io/instance-type failure-domain.beta.kubernetes.io/zone failure-domain.beta.kubernetes.io/region
topology.kubernetes.io/zone topology.kubernetes.io/region
"""
_OWN_SPACES = (".kubelet.kubernetes.io", ".node.kubernetes.io")
"""What a kubelet may call itself (k8s.io/kubelet pkg/apis/well_known_labels.go, ``IsKubeletLabel``)."""


def is_reserved(label: str) -> bool:
    """Whether a label of Kubernetes is none that a kubelet may give itself.

    >>> [is_reserved(label) for label in ("a", "node-role.kubernetes.io/worker", "node.kubernetes.io/a", "my.io/a")]
    [False, True, False, False]
    """
    space, slash, _ = label.partition("/")
    ours = slash and f".{space}".endswith((".kubernetes.io", ".k8s.io"))
    return bool(ours) and label not in _OWN_LABELS.split() and not f".{space}".endswith(_OWN_SPACES)


def is_label(name: str, value: str) -> bool:
    """As ``IsQualifiedName`` and ``IsValidLabelValue`` have it; what systemd replaces (``%H``) is not known.

    >>> is_label("a.io/b_c", ""), is_label("-a", ""), is_label("a/b/c", ""), is_label("a", "b c"), is_label("", "")
    (True, False, False, False, False)
    """
    if "%" in name + value:
        return True
    space, slash, last = name.rpartition("/")
    if slash and not is_subdomain(space):
        return False
    return len(last) < 64 > len(value) and bool(re.fullmatch(_WORD, last) and re.fullmatch(f"(?:{_WORD})?", value))
