"""kube-proxy's modes that go, and a mode that nobody chose."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking import Outcome, seen
from nodecheck.cli.explain_verb import page
from nodecheck.facts import KubeProxyMode, Target
from nodecheck.facts.cluster.proxy_mode import CONFIGS
from nodecheck.facts.cluster.signs import PROXY_ARGUMENTS
from nodecheck.model.sources import Exists, File
from nodecheck.render.style import Style
from nodecheck.render.text import render_text
from nodecheck.testing import assert_verdicts, judge, run, write_tree
from nodecheck_checks.network.kube_proxy_mode import MODES, kube_proxy_mode
from tests.nodes import debian_node
from tests.rights import modes_hold

CONFIG = "/var/lib/kube-proxy/config.conf"
PROXY = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
MANIFEST = """apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - /usr/local/bin/kube-proxy
    - --cluster-cidr=100.96.0.0/11
"""
"""As kops writes it, shortened."""


def judged(mode: str, release: str, written: bool = True) -> Outcome:
    fact = KubeProxyMode(mode, written, (seen(CONFIG, "x"),))
    (found,) = kube_proxy_mode(fact, Target(kubernetes=release))
    return found


def told(mode: str, written: bool = True) -> dict[str, str]:
    """Where it speaks, by release, with its severity or ``note``."""
    found = {minor: judged(mode, f"1.{minor}", written) for minor in range(17, 42)}
    failed = {f"1.{minor}": str(one.severity) for minor, one in found.items() if one.status == "fail"}
    noted = {f"1.{minor}": "note" for minor, one in found.items() if one.notes and one.status == "pass"}
    return {**failed, **noted}


def test_which_release_says_what() -> None:
    assert told("ipvs") == {f"1.{minor}": "info" for minor in range(35, 42)}
    assert told("iptables", written=False) == {
        **{f"1.{n}": "info" for n in (37, 38, 39)},
        "1.40": "note",
        "1.41": "note",
    }
    assert told("iptables") == told("nftables") == {}


def test_what_is_planned_is_a_note_with_its_date_and_no_failure() -> None:
    (note,) = judged("iptables", "1.40", written=False).notes
    assert note.startswith("planned for Kubernetes 1.40, read on 2026-11-29: nftables is the default")
    assert "read on 2026-11-29" in judged("ipvs", "1.40").notes[0]
    assert judged("ipvs", "1.40").severity == "info"
    assert judged("ipvs", "1.39").notes == ()


@pytest.mark.parametrize(
    ("path", "content", "status", "source"),
    [
        (CONFIG, PROXY + "mode: ipvs\n", "fail", CONFIG),
        (CONFIG, PROXY + "mode: iptables\n", "pass", CONFIG),
        (CONFIG, PROXY + 'mode: ""\n', "fail", CONFIG),
        (CONFIG, PROXY, "fail", CONFIG),
        ("/etc/kubernetes/kubeadm-config.yaml", f"kind: ClusterConfiguration\n---\n{PROXY}", "skip", None),
        ("/etc/kubernetes/kubeadm-config.yaml", f"kind: ClusterConfiguration\n---\n{PROXY}mode: ipvs\n", "fail", None),
        ("/etc/kubernetes/manifests/kube-proxy.manifest", MANIFEST, "fail", None),
        ("/etc/kubernetes/manifests/kube-proxy.manifest", f"{MANIFEST}    - --proxy-mode=nftables\n", "pass", None),
        ("/etc/kubernetes/manifests/kube-proxy.manifest", f"{MANIFEST}    - --config=/x\n", "skip", None),
        ("/etc/rancher/k3s/config.yaml", "kube-proxy-arg:\n- proxy-mode=ipvs\n", "fail", None),
        ("/etc/rancher/k3s/config.yaml", "kube-proxy-arg:\n- v=2\n", "skip", None),
        ("/sys/class/net/kube-ipvs0/mtu", "1500\n", "fail", "/sys/class/net/kube-ipvs0"),
        (CONFIG, "kind: [\n KubeProxyConfiguration", "skip", None),
    ],
)
def test_where_the_mode_is_found(tmp_path: Path, path: str, content: str, status: str, source: str | None) -> None:
    node = write_tree(debian_node(tmp_path), {path: content})

    (found,) = judge("kube-proxy-mode", node, kubernetes="1.37").results

    assert found.status == status, found.message
    if status != "skip":
        assert found.evidence[0].source == (source or path)
        assert (found.evidence[0].locator or "").startswith("line") == path.endswith((".conf", "kubeadm-config.yaml"))


def test_a_mode_that_is_given_counts(tmp_path: Path) -> None:
    node = write_tree(debian_node(tmp_path), {CONFIG: PROXY + "mode: ipvs\n"})
    for mode, status in (("ipvs", "fail"), ("iptables", "pass"), ("none", "skip")):
        assert_verdicts(judge("kube-proxy-mode", node, kubernetes="1.36", proxy_mode=mode), {"kube-proxy-mode": status})


def test_the_link_counts_before_a_file(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {CONFIG: PROXY + "mode: iptables\n", "/sys/class/net/kube-ipvs0/mtu": "1500\n"})
    assert judge("kube-proxy-mode", node)["kube-proxy-mode"].actual == "ipvs"


def test_the_fix_makes_it_pass(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {CONFIG: PROXY + "mode: ipvs\n"})
    (found,) = judge("kube-proxy-mode", node, kubernetes="1.36").results
    assert found.fix is not None
    assert CONFIG in str(found.fix.steps)
    write_tree(tmp_path, {CONFIG: PROXY + "mode: nftables\n"})
    assert_verdicts(judge("kube-proxy-mode", node, kubernetes="1.36"), {"kube-proxy-mode": "pass"})


def test_a_file_that_cannot_be_read_hides_the_mode(tmp_path: Path) -> None:
    node = write_tree(
        tmp_path, {CONFIG: PROXY, "/etc/rancher/k3s/config.yaml": "kube-proxy-arg: proxy-mode=iptables\n"}
    )
    (tmp_path / CONFIG[1:]).chmod(0)
    with modes_hold():
        (found,) = judge("kube-proxy-mode", node).results
    assert (found.status, found.cause.code if found.cause else "") == ("unknown", "denied")


def test_notes_are_in_json_and_in_the_verbose_text(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {CONFIG: PROXY + "mode: ipvs\n"})
    options = {"select": ["kube-proxy-mode"], "fail_on": "info"}
    later, now = run(node, kubernetes="1.40", **options), run(node, kubernetes="1.39", **options)

    (document,) = json.loads(later.to_json())["results"]
    (note,) = document["notes"]
    assert "read on 2026-11-29" in note
    assert type(later).from_json(later.to_json()) == later
    assert document["fingerprint"] == now["kube-proxy-mode"].fingerprint
    assert now.to_dict()["results"][0]["notes"] == []
    assert "planned for" not in later.render("text")
    assert note in render_text(later, Style(width=400, verbose=True))


def test_cgroup_v1_at_1_38_says_what_is_planned(tree: Callable[[dict[str, str | bytes]], Path]) -> None:
    root = tree({"/sys/fs/cgroup/memory/tasks": "", "/proc/cgroups": "memory 1 1 1\n"})
    for release, notes in (("1.37", 0), ("1.38", 1)):
        found = judge("cgroup-version", root, view="now", kubernetes=release)["cgroup-version"]
        assert (found.status, len(found.notes)) == ("fail", notes)


def test_the_page_names_the_releases() -> None:
    text = "\n".join(page(kube_proxy_mode, {}))
    for row in MODES:
        assert f"1.{row.since[1]}" in text


def test_complaint_52() -> None:
    """Confusion about the deprecation of ipvs (k/k#133536, kubespray#12730, metallb#2919): a notice that names releases
    and the day of its reading, and is no failure before it has to be."""
    found = judged("ipvs", "1.40")
    assert (found.status, found.severity) == ("fail", "info")
    assert "deprecated" in found.message
    (note,) = found.notes
    assert "1.40" in note
    assert "1.43" in note
    assert "2026-11-29" in note
    assert judged("ipvs", "1.34").status == "pass"


def test_each_source_counts(tmp_path: Path) -> None:
    """Each declared source, put into a tree where nothing says the mode, and taken away again."""
    said = {
        "/sys/class/net/kube-ipvs0": ("/sys/class/net/kube-ipvs0/mtu", "1500\n"),
        **{path: (path, PROXY + "mode: ipvs\n") for path in CONFIGS},
        **{path: (path, "kube-proxy --proxy-mode=ipvs\n") for path in PROXY_ARGUMENTS},
    }
    assert {source.path for source in KubeProxyMode.reads() if isinstance(source, (Exists, File))} == set(said)
    for number, (path, content) in enumerate(said.values()):
        node = write_tree(tmp_path / str(number), {path: content, "/etc/hostname": "a\n"})
        (found,) = judge("kube-proxy-mode", node, kubernetes="1.36").results
        assert (found.status, found.actual) == ("fail", "ipvs"), path
        (node / path[1:]).unlink()
        (node / path[1:]).parent.rmdir()
        assert_verdicts(judge("kube-proxy-mode", node, kubernetes="1.36"), {"kube-proxy-mode": "skip"})
