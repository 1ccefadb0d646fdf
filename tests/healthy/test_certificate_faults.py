"""One fault of a certificate or a key in a healthy node makes its check fail, and no other that is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck import Report
from nodecheck.testing import Entry, run, write_tree
from tests.certificates import certificate, kubeconfig, private_key
from tests.healthy.nodes import healthy_node
from tests.healthy.setups import SETUPS

CA = "/etc/kubernetes/pki/ca.crt"
PEM = "/var/lib/kubelet/pki/kubelet-client-2026-01-01-10-00-00.pem"
CURRENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"
KUBELET = "/var/lib/kubelet/pki/kubelet.crt"
KUBECONFIG = "/etc/kubernetes/kubelet.conf"
APISERVER = "/etc/kubernetes/pki/apiserver.crt"

FAULTS: dict[str, tuple[dict[str, Entry], frozenset[str]]] = {
    "the authority expired": ({CA: certificate(-1, since=3650)}, frozenset({f"certificate[{CA}]"})),
    "the client expired": (
        {PEM: f"{certificate(-1, seed=2, since=366)}{private_key(2)}"},
        frozenset({f"certificate[{CURRENT}]"}),
    ),
    "the clock is behind": (
        {PEM: f"{certificate(300, seed=2, since=-2)}{private_key(2)}"},
        frozenset({f"certificate[{CURRENT}]"}),
    ),
    "another key": (
        {PEM: f"{certificate(seed=2)}{private_key(3)}"},
        frozenset({f"certificate[{CURRENT}#key]"}),
    ),
    "cut off": ({PEM: certificate(seed=2)[:500]}, frozenset({f"certificate[{CURRENT}]"})),
    "another key of the kubelet's own": (
        {KUBELET: certificate(seed=4)},
        frozenset({f"certificate[{KUBELET}#key]"}),
    ),
    "an authority in the kubeconfig": (
        {KUBECONFIG: kubeconfig(certificate(-1, since=3650), CURRENT, CURRENT)},
        frozenset({f"certificate[{KUBECONFIG}]"}),
    ),
    "kubeadm's": ({APISERVER: certificate(-1, since=366)}, frozenset({f"certificate[{APISERVER}]"})),
}
"""Files that are written, and the errors that come of it: by their ids, and no other."""


def errors(report: Report) -> frozenset[str]:
    return frozenset([one.id for one in report if str(one.status) == "fail" and str(one.severity) == "error"])


def judged(root: Path) -> Report:
    setup = SETUPS["debian-13"]
    return run(root, kubernetes=setup.kubernetes, role=setup.role, proxy_mode="iptables")


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_fails_its_check_and_no_other(tmp_path: Path, name: str) -> None:
    files, expected = FAULTS[name]
    if name == "kubeadm's":
        files = {**files, APISERVER.replace(".crt", ".key"): private_key()}
    root = healthy_node("debian-13", tmp_path)
    assert errors(judged(root)) == frozenset()

    assert errors(judged(write_tree(root, files))) == expected


def test_the_healthy_node_is_judged(tmp_path: Path) -> None:
    report = judged(healthy_node("debian-13", tmp_path))
    names = [CA, KUBECONFIG, CURRENT, f"{CURRENT}#key", KUBELET, f"{KUBELET}#key"]

    assert {one.id: str(one.status) for one in report if one.check == "certificate"} == {
        f"certificate[{name}]": "pass" for name in names
    }
