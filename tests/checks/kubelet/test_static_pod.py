"""The files below staticPodPath: what the kubelet makes of each, as kubeadm and people leave them there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck import Result
from nodecheck.facts.kubelet.static_pods import parse_pod
from nodecheck.fix import Command, Edit
from nodecheck.testing import (
    Entry,
    TreeDirectory,
    TreeFile,
    TreeLink,
    assert_verdicts,
    capture_of,
    judge,
    record,
    replay,
    run,
    write_tree,
)
from nodecheck_checks.kubelet.manifests import REFERENCES
from nodecheck_checks.kubelet.static_pod import static_pod
from tests.nodes import debian_node

FOLDER = "/etc/kubernetes/manifests"
CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
SCHEDULER = f"{FOLDER}/kube-scheduler.yaml"
MANIFEST = """apiVersion: v1
kind: Pod
metadata:
  labels:
    component: {0}
    tier: control-plane
  name: {0}
  namespace: kube-system
spec:
  containers:
  - command:
    - {0}
    - --kubeconfig=/etc/kubernetes/scheduler.conf
    image: registry.k8s.io/{0}:v1.34.1
    name: {0}
    volumeMounts:
    - mountPath: /etc/kubernetes/scheduler.conf
      name: kubeconfig
      readOnly: true
  hostNetwork: true
  priorityClassName: system-node-critical
  volumes:
  - hostPath:
      path: /etc/kubernetes/scheduler.conf
      type: FileOrCreate
    name: kubeconfig
"""
PARTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
ALL: dict[str, Entry] = {f"{FOLDER}/{name}.yaml": MANIFEST.format(name) for name in PARTS}
PLAIN = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: nginx\n"
POD = f"{FOLDER}/web.yaml"
NODE: dict[str, Entry] = {
    "/etc/os-release": "ID=debian\nVERSION_ID=13\n",
    "/usr/bin/kubelet": TreeFile(b"\x7fELF", 0o755),
    CONFIG: f"{KUBELET}staticPodPath: {FOLDER}\n",
}


def dpkg(release: str) -> dict[str, Entry]:
    status = f"Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: {release}.0-1.1\n"
    return {"/var/lib/dpkg/status": status}


def found(root: Path, files: dict[str, Entry], **options: Any) -> dict[str | None, Result]:
    node = write_tree(root, {**NODE, **files})
    return {one.subject: one for one in judge(static_pod, node, **{"view": "now", **options})}


@pytest.mark.parametrize("view", ["now", "boot"])
def test_a_control_plane_of_kubeadm(tmp_path: Path, view: str) -> None:
    verdicts = found(tmp_path, ALL, view=view, kubernetes="1.37")

    assert {subject: str(one.status) for subject, one in verdicts.items()} == dict.fromkeys(ALL, "pass")


@pytest.mark.parametrize("view", ["now", "boot"])
def test_nothing_to_judge(tmp_path: Path, view: str) -> None:
    suffix = "@boot" if view == "boot" else ""
    empty = write_tree(tmp_path / "a", {})
    assert_verdicts(judge(static_pod, empty, view=view), {f"static-pod{suffix}": "skip"})

    unset = write_tree(tmp_path / "b", {**NODE, CONFIG: KUBELET, **ALL})
    assert_verdicts(judge(static_pod, unset, view=view), {f"static-pod{suffix}": "skip"})

    (one,) = found(tmp_path / "c", {}, view=view).values()
    assert (one.status, "is not there" in one.message) == ("pass", True)

    (one,) = found(tmp_path / "d", {FOLDER: TreeDirectory(), f"{FOLDER}/.kube-x.yaml.swp": "a: ["}, view=view).values()
    assert (one.status, "has no file" in one.message) == ("pass", True)


def test_the_flag_names_the_directory_too(tmp_path: Path) -> None:
    files: dict[str, Entry] = {
        "/var/lib/kubelet/kubeadm-flags.env": "KUBELET_KUBEADM_ARGS=--pod-manifest-path=/srv/pods/\n",
        "/srv/pods/a.yaml": "kind: Pod\n", **ALL,
    }  # fmt: skip
    assert {subject: str(one.status) for subject, one in found(tmp_path, files).items()} == {"/srv/pods/a.yaml": "fail"}


def test_a_path_of_one_file(tmp_path: Path) -> None:
    files: dict[str, Entry] = {CONFIG: f"{KUBELET}staticPodPath: /srv/pod.yaml\n", "/srv/pod.yaml": PLAIN}
    assert {subject: str(one.status) for subject, one in found(tmp_path, files).items()} == {"/srv/pod.yaml": "pass"}


@pytest.mark.parametrize("agent", ["rke2", "k3s"])
def test_the_directory_of_an_agent(tmp_path: Path, agent: str) -> None:
    path = f"/var/lib/rancher/{agent}/agent/pod-manifests/etcd.yaml"
    node = write_tree(tmp_path, {path: PLAIN.replace("web", "etcd") + "  serviceAccountName: x\n"})

    (one,) = judge(static_pod, node, view="now", kubernetes="1.34")
    assert (one.subject, one.status) == (path, "fail")


BAD = [
    ("web.yaml", "", "error", "holds no object", None),
    ("web.yaml", PLAIN + "\tx: 1\n", "error", "is not YAML", 9),
    ("web.json", '{"kind": "Pod",}', "error", "is not JSON", 1),
    ("web.yaml", PLAIN.replace("  name: web\n", "  namespace: x\n", 1), "error", "has no metadata.name", None),
    ("web.yaml", PLAIN.partition("  containers")[0] + "  containers: []\n", "error", "has no containers", 6),
    ("web.yaml", PLAIN.partition("  containers")[0] + "  containers: 7\n", "error", "has no containers", 6),
    ("web.yaml", PLAIN.replace("v1", "v1beta3"), "error", "is of apiVersion v1beta3", 1),
    ("web.yaml", PLAIN.replace("Pod", "PodList"), "warning", "is of kind PodList", 2),
    ("cm.yaml", "apiVersion: v1\nkind: ConfigMap\n", "warning", "is of kind ConfigMap", 2),
    ("README", "moved to /srv\n", "warning", "holds no object", None),
    ("notes.md", "# a\n\tb: [\n", "warning", "is not YAML", 2),
]


@pytest.mark.parametrize("view", ["now", "boot"])
@pytest.mark.parametrize(("name", "text", "severity", "told", "line"), BAD, ids=[f"{row[0]}-{row[3]}" for row in BAD])
def test_a_file_of_which_the_kubelet_makes_no_pod(
    tmp_path: Path, name: str, text: str, severity: str, told: str, line: int | None, view: str
) -> None:
    (one,) = found(tmp_path, {f"{FOLDER}/{name}": text}, view=view).values()

    assert (one.status, str(one.severity), told in one.message) == ("fail", severity, True)
    assert one.evidence[0].locator == (f"line {line}" if line else None)


def test_what_the_kubelet_passes_over(tmp_path: Path) -> None:
    files: dict[str, Entry] = {
        f"{FOLDER}/backup": TreeDirectory(), f"{FOLDER}/backup/old.yaml": "a: [", f"{FOLDER}/.hidden.yaml": "a: [",
        POD: PLAIN + "---\nkind: ConfigMap\n",  # only the first document is read
        f"{FOLDER}/linked.yaml": TreeLink("/srv/linked.yaml"), "/srv/linked.yaml": PLAIN.replace("web", "linked"),
    }  # fmt: skip
    assert {subject: str(one.status) for subject, one in found(tmp_path, files).items()} == {
        POD: "pass", f"{FOLDER}/linked.yaml": "pass",
    }  # fmt: skip


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (one,) = found(tmp_path, {POD: TreeLink("/nosuch")}).values()
    assert (one.status, "leads nowhere" in one.message) == ("fail", True)


@pytest.mark.parametrize("view", ["now", "boot"])
def test_what_may_not_be_read_is_unknown(tmp_path: Path, view: str) -> None:
    recording = record(write_tree(tmp_path, {**NODE, POD: PLAIN}))
    judge(static_pod, recording)
    data = recording.to_data()
    data["answers"] = [one for one in data["answers"] if one["question"][:2] != ["read", POD]]

    (one,) = judge(static_pod, replay(data), view=view)
    assert (one.subject, one.status) == (POD, "unknown")
    data["answers"] = [one for one in data["answers"] if one["question"][:2] != ["names", FOLDER]]
    (one,) = judge(static_pod, replay(data), view=view)
    assert one.status == "unknown"


SPEC = [
    # (lines of the spec, resource): HasAPIObjectReference, one case a branch
    ("  serviceAccountName: default\n", "serviceaccounts"),
    ("  serviceAccount: default\n", "serviceaccounts"),
    ("  serviceAccountName: default\n  automountServiceAccountToken: false\n", "serviceaccounts"),
    ("  imagePullSecrets:\n  - name: registry\n", "secrets"),
    ("    envFrom:\n    - secretRef:\n        name: a\n", "secrets"),
    ("    envFrom:\n    - configMapRef:\n        name: a\n", "configmaps"),
    (
        "    env:\n    - name: A\n      valueFrom:\n        secretKeyRef:\n          name: a\n",
        "secrets",
    ),
    ("    env:\n    - name: A\n      valueFrom:\n        configMapKeyRef: {name: a, key: b}\n", "configmaps"),
    ("  initContainers:\n  - name: i\n    image: c\n    envFrom:\n    - secretRef: {name: a}\n", "secrets"),
    ("  resourceClaims:\n  - name: gpu\n", "resourceclaims"),
    ("  volumes:\n  - name: v\n    configMap: {name: a}\n", "configmaps"),
    ("  volumes:\n  - name: v\n    secret: {secretName: a}\n", "secrets"),
    ("  volumes:\n  - name: v\n    csi: {driver: a}\n", "csidrivers"),
    ("  volumes:\n  - name: v\n    glusterfs: {path: a}\n", "endpoints"),
    ("  volumes:\n  - name: v\n    persistentVolumeClaim: {claimName: a}\n", "persistentvolumeclaims"),
    ("  volumes:\n  - name: v\n    ephemeral: {}\n", "persistentvolumeclaims"),
    ("  volumes:\n  - name: v\n    azureFile: {shareName: a}\n", "secrets"),
    ("  volumes:\n  - name: v\n    iscsi: {secretRef: {name: a}}\n", "secrets"),
    ("  volumes:\n  - name: v\n    projected: {sources: [{configMap: {name: a}}]}\n", "configmaps"),
    ("  volumes:\n  - name: v\n    projected: {sources: [{secret: {name: a}}]}\n", "secrets"),
    ("  volumes:\n  - name: v\n    projected: {sources: [{serviceAccountToken: {path: a}}]}\n", "serviceaccounts"),
    ("  volumes:\n  - name: v\n    projected: {sources: [{clusterTrustBundle: {path: a}}]}\n", "clustertrustbundles"),
    ("  volumes:\n  - name: v\n    projected: {sources: [{podCertificate: {keyType: a}}]}\n", "podcertificates"),
]
ALLOWED = (
    "  volumes:\n  - name: v\n    emptyDir: {}\n",
    "  volumes:\n  - name: v\n    downwardAPI: {items: []}\n",
    "  volumes:\n  - name: v\n    projected: {sources: [{downwardAPI: {items: []}}]}\n",
    "  volumes:\n  - name: v\n    nfs: {server: a, path: /b}\n",
    "  volumes:\n  - name: v\n    iscsi: {targetPortal: a}\n",
    "  volumes:\n  - name: v\n    secret:\n",
    "  serviceAccountName: ''\n",
    "  imagePullSecrets: []\n",
    "    env:\n    - name: A\n      valueFrom:\n        fieldRef: {fieldPath: metadata.name}\n",
)


@pytest.mark.parametrize(("lines", "resource"), SPEC)
def test_what_a_static_pod_may_not_refer_to(tmp_path: Path, lines: str, resource: str) -> None:
    (before,) = found(tmp_path / "a", {POD: PLAIN + lines}, kubernetes="1.33").values()
    (one,) = found(tmp_path / "b", {POD: PLAIN + lines}, kubernetes="1.34").values()

    assert (before.status, "from 1.34 on" in before.message) == ("pass", True)
    assert (one.status, str(one.severity), one.subject) == ("fail", "error", POD)
    assert resource in one.message
    assert one.evidence[0].locator is not None


@pytest.mark.parametrize("lines", ALLOWED)
def test_what_it_may_refer_to(tmp_path: Path, lines: str) -> None:
    (one,) = found(tmp_path, {POD: PLAIN + lines}, kubernetes="1.37").values()

    assert one.status == "pass"
    assert "refers" not in one.message


OFF = f"{KUBELET}staticPodPath: {FOLDER}\nfeatureGates:\n  PreventStaticPodAPIReferences: false\n"


@pytest.mark.parametrize("view", ["now", "boot"])
@pytest.mark.parametrize("minor", range(30, 39))
@pytest.mark.parametrize("gate", [True, False])
def test_by_release_and_gate(tmp_path: Path, minor: int, gate: bool, view: str) -> None:
    files: dict[str, Entry] = {POD: PLAIN + "  serviceAccountName: default\n", **({} if gate else {CONFIG: OFF})}
    (one,) = found(tmp_path, files, kubernetes=f"1.{minor}", view=view).values()

    refused = minor >= (34 if gate else 37)
    assert one.status == ("fail" if refused else "pass")
    assert [row.wanted.startswith("refused") for row in REFERENCES] == [False, True, True]


def test_the_release_of_the_kubelet_counts_and_that_which_is_to_come(tmp_path: Path) -> None:
    pod: dict[str, Entry] = {POD: PLAIN + "  serviceAccountName: default\n"}
    own, planned = found(tmp_path / "a", {**pod, **dpkg("1.35")}), found(tmp_path / "b", {**pod, **dpkg("1.33")})
    later = found(tmp_path / "c", {**pod, **dpkg("1.33")}, kubernetes="1.36")
    nobody = found(tmp_path / "d", pod)

    assert [str(one[POD].status) for one in (own, planned, later, nobody)] == ["fail", "pass", "fail", "unknown"]


def test_the_fix_takes_a_service_account_out(tmp_path: Path) -> None:
    text = PLAIN + "  serviceAccountName: default\n"
    (one,) = found(tmp_path / "a", {POD: text}, kubernetes="1.34").values()
    assert one.fix is not None
    (step,) = [step for step in one.fix.steps if isinstance(step, Edit)]
    assert (step.path, step.before) == (POD, "  serviceAccountName: default")

    (after,) = found(tmp_path / "b", {POD: text.replace(step.before, step.after)}, kubernetes="1.34").values()
    assert after.status == "pass"

    volume = PLAIN + "  serviceAccountName: a\n  volumes:\n  - name: v\n    configMap: {name: a}\n"
    (one,) = found(tmp_path / "c", {POD: volume}, kubernetes="1.34").values()
    assert one.fix is not None
    assert not any(isinstance(step, Edit) for step in one.fix.steps)


@pytest.mark.parametrize("view", ["now", "boot"])
@pytest.mark.parametrize("name", ["kube-scheduler.yaml.bak", "kube-scheduler.yaml~", "a-copy", "zz-scheduler.yaml"])
def test_a_copy_of_a_manifest(tmp_path: Path, name: str, view: str) -> None:
    copy = f"{FOLDER}/{name}"
    verdicts = found(tmp_path / "a", {**ALL, copy: MANIFEST.format("kube-scheduler")}, view=view)

    assert {subject: str(one.status) for subject, one in verdicts.items()} == {
        **dict.fromkeys(ALL, "pass"), copy: "fail",
    }  # fmt: skip
    one = verdicts[copy]
    assert str(one.severity) == "error"
    assert {item.source for item in one.evidence} == {copy, SCHEDULER}
    assert one.fix is not None
    (step,) = one.fix.steps
    assert isinstance(step, Command)
    moved: dict[str, Entry] = {**ALL, step.argv[-1]: MANIFEST.format("kube-scheduler")}
    assert step.argv[:-1] == ("mv", "--no-clobber", copy)
    assert {str(one.status) for one in found(tmp_path / "b", moved, view=view).values()} == {"pass"}


def test_the_same_name_in_another_namespace_is_another_pod(tmp_path: Path) -> None:
    other = PLAIN.replace("  name: web\n", "  name: web\n  namespace: x\n", 1)
    assert {str(one.status) for one in found(tmp_path, {POD: PLAIN, f"{FOLDER}/x.yaml": other}).values()} == {"pass"}


@pytest.mark.parametrize(
    ("phase", "status"), [("steady", "fail"), ("upgrade", "fail"), ("install", None), ("join", None), ("image", None)]
)
def test_a_part_of_the_control_plane_that_was_moved_away(tmp_path: Path, phase: str, status: str | None) -> None:
    files = {path: text for path, text in ALL.items() if path != SCHEDULER}
    one = found(tmp_path, files, phase=phase).get(SCHEDULER)

    assert (None if one is None else one.status) == status
    worker = found(tmp_path / "worker", {POD: PLAIN}, phase=phase)
    assert {str(one.status) for one in worker.values()} == {"pass"}


def test_a_missing_part_is_put_back(tmp_path: Path) -> None:
    assert {str(one.status) for one in found(tmp_path, ALL, phase="upgrade").values()} == {"pass"}


@pytest.mark.parametrize("view", ["now", "boot"])
def test_each_source_counts(tmp_path: Path, view: str) -> None:
    one = found(tmp_path / "a", {POD: PLAIN}, view=view)
    other = found(tmp_path / "b", {POD: PLAIN.replace("web", "shop")}, view=view)
    gone = found(tmp_path / "c", {FOLDER: TreeDirectory()}, view=view)
    moved = found(tmp_path / "d", {POD: PLAIN, CONFIG: f"{KUBELET}staticPodPath: /srv\n"}, view=view)
    without = {path: entry for path, entry in NODE.items() if path != CONFIG} | {POD: PLAIN}
    unset = judge(static_pod, write_tree(tmp_path / "e", without), view=view)

    assert (one[POD].status, one[POD].actual, other[POD].actual) == ("pass", "default/web", "default/shop")
    assert (POD in gone, POD in moved) == (False, False)
    assert [str(item.status) for item in unset] == ["skip"]


def test_one_fault_in_a_healthy_node_fails_this_check_alone(tmp_path: Path) -> None:
    def node(name: str, files: dict[str, Entry]) -> set[str]:
        root = debian_node(tmp_path / name)
        with (root / CONFIG[1:]).open("a") as file:
            file.write(f"staticPodPath: {FOLDER}\n")
        report = run(write_tree(root, files), kubernetes="1.34", role="worker", phase="steady")
        return {one.id for one in report if one.status == "fail" and one.severity == "error"}

    after = node("b", {POD: PLAIN + "  serviceAccountName: x\n"})
    assert after - node("a", {POD: PLAIN}) == {f"static-pod[{POD}]", f"static-pod[{POD}]@boot"}


def test_a_capture_gives_the_same(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {**NODE, **ALL, f"{FOLDER}/x.yaml.bak": MANIFEST.format("kube-apiserver"), POD: "a: ["})
    said = [(one.id, str(one.status), one.message) for one in judge(static_pod, node)]

    assert [(one.id, str(one.status), one.message) for one in judge(static_pod, capture_of(node))] == said


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_down(raw: bytes) -> None:
    pod = parse_pod(raw, "/x")
    assert (pod.pod is None) == (pod.problem is not None)


@given(st.sampled_from([lines for lines, _ in SPEC]), st.integers(0, 200))
def test_a_manifest_that_was_cut_off_is_no_pod_with_other_references(lines: str, cut: int) -> None:
    whole = parse_pod((PLAIN + lines).encode(), "/x")
    part = parse_pod((PLAIN + lines)[:cut].encode(), "/x")

    assert {one.resource for one in part.references} <= {one.resource for one in whole.references}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("image: nginx", "image: nginx\n    env: [{name: A, value: 5}]", "spec.containers[0].env[0].value"),
        ("image: nginx", "image: nginx\n    command: nginx -g", "spec.containers[0].command what is not a list"),
        (
            "image: nginx",
            "image: nginx\n    ports: [{containerPort: '80'}]",
            "containerPort what is not a whole number",
        ),
        (
            "image: nginx",
            "image: nginx\n    resources: {limits: {memory: 1Gib}}",
            "limits.memory what is not a quantity",
        ),
        ("name: web\nspec", "name: web\n  annotations: {critical: true}\nspec", "metadata.annotations.critical"),
        ("spec:", "spec:\n  hostNetwork: 'true'", "spec.hostNetwork what is not a boolean"),
        ("    image: nginx\n", "", "no image"),
        ("  name: web\nspec", "  name: Web\nspec", "no name of a pod"),
        ("  - name: web", "  - name: web_1", "none of a container"),
        ("image: nginx", "image: nginx\n    volumeMounts: [{name: a, mountPath: /a}]", "mounts a volume 'a'"),
    ],
)
def test_what_the_kubelet_refuses_of_a_pod(tmp_path: Path, before: str, after: str, told: str) -> None:
    (one,) = judge(static_pod, write_tree(tmp_path, {**NODE, POD: PLAIN.replace(before, after)}), view="now")

    assert (one.status, one.severity, told in one.message) == ("fail", "error", True), one.message


@pytest.mark.parametrize(
    "more",
    [
        "    env: [{name: A, value: '5'}, {name: B}]\n    command: [a]\n    args: null\n",
        "    ports: [{containerPort: 8e1}]\n    livenessProbe: {httpGet: {port: web}, periodSeconds: 10}\n",
        "    resources: {limits: {memory: 1Gi, cpu: 1}, requests: {cpu: 100m}}\n    unheard: [of]\n",
        "    volumeMounts: [{name: a, mountPath: /a}]\n  volumes: [{name: a, hostPath: {path: /a}}, {name: b}]\n",
    ],
)
def test_what_the_kubelet_takes_of_a_pod(tmp_path: Path, more: str) -> None:
    (one,) = judge(static_pod, write_tree(tmp_path, {**NODE, POD: PLAIN + more}), view="now")

    assert one.status == "pass", one.message


@pytest.mark.parametrize(
    ("told", "folder"),
    [("pods/", "/var/lib/kubelet/pods"), ("./../pods", "/var/lib/pods"), ("/etc//a/../pods", "/etc/pods")],
)
def test_a_relative_directory_starts_at_the_configuration_file(tmp_path: Path, told: str, folder: str) -> None:
    config = f"{KUBELET}staticPodPath: {told}\n"
    (one,) = judge(static_pod, write_tree(tmp_path, {**NODE, CONFIG: config, f"{folder}/web.yaml": PLAIN}), view="now")

    assert (one.status, one.subject) == ("pass", f"{folder}/web.yaml")
