"""runtime-config and CRI-O: which keys end its start, by its release, and the whole on trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile, judge, write_tree
from tests.nodes import rocky_node

OTHERS = "/etc/crio/crio.conf.d/99-x.conf"
API, RUNTIME = "[crio.api]\n", "[crio.runtime]\n"
RUNC = "[crio.runtime.runtimes.runc]\n"
PROGRAM = TreeFile("\x7fELF", mode=0o755)


ROOT: dict[str, TreeFile | str] = {
    "/usr/bin/crio": PROGRAM,
    "/var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n"
    "containerRuntimeEndpoint: unix:///var/run/crio/crio.sock\n",
    "/usr/lib/systemd/system/kubelet.service": "[Service]\n"
    "ExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml\n",
    "/usr/bin/kubelet": PROGRAM,
    "/usr/lib/systemd/system/crio.service": "[Service]\nExecStart=/usr/bin/crio\n",
}


def package(release: str | None) -> str:
    """The database of packages with CRI-O of a release."""
    return "\n" if release is None else f"Package: cri-o\nStatus: install ok installed\nVersion: {release}-1\n\n"


def said(root: Path, text: str, release: str | None, **files: TreeFile | str) -> tuple[str, str]:
    """Status, or severity of a failure, and message: a node of the release with one more file."""
    tree = {**ROOT, "/var/lib/dpkg/status": package(release), OTHERS: text, **files}
    (found,) = judge("runtime-config", write_tree(root, tree), view="now")
    return str(found.severity if found.status == "fail" else found.status), found.message


@pytest.mark.parametrize(
    ("text", "release", "expected"),
    [
        (f"{API}stream_port = 10010\n", "1.30.0", "error"),
        (f"{API}stream_port = '10010'\n", "1.30.0", "pass"),
        (f"{API}Stream_Port = 10010\n", "1.30.0", "error"),
        (f"{RUNTIME}log_size_max = 4096\n", "1.30.0", "error"),
        (f"{RUNTIME}log_size_max = -1\n", "1.30.0", "pass"),
        (f"{RUNTIME}log_size_max = '8192'\n", "1.17.0", "error"),
        (f"{RUNTIME}default_runtime = 'kata'\n", "1.30.0", "error"),
        (f"{RUNTIME}default_runtime = 'kata'\n[crio.runtime.runtimes.kata]\n", "1.30.0", "pass"),
        (f"{RUNTIME}default_runtime = 'runc'\n", "1.30.0", "pass"),
        (f"{RUNTIME}default_runtime = 'runc'\n", "1.31.0", "error"),
        (f"{RUNTIME}default_runtime = 'crun'\n", "1.31.0", "pass"),
        (f"{RUNTIME}default_runtime = 'runc'\n", None, "unknown"),
        (f"{RUNC}runtime_type = 'io.containerd.runc.v2'\n", "1.30.0", "error"),
        (f"{RUNC}runtime_path = '/usr/bin/nosuch'\n", "1.30.0", "error"),
        (f"{RUNC}runtime_path = '/usr/bin/nosuch'\n", "1.31.0", "pass"),
        (f"{RUNC}runtime_path = '/usr/bin/crio'\n", "1.30.0", "pass"),
        (f"{RUNC}runtime_path = 1\n", "1.30.0", "error"),
        (f"{RUNC}runtime_path = {{a = 1}}\n", "1.30.0", "error"),
        (f"{RUNC}runtime_type = []\nruntime_path = [1]\n", "1.30.0", "error"),
        (f"{RUNTIME}default_runtime = ['runc']\n", "1.30.0", "error"),
        ("[crio]\nlog_dir = 'pods'\n", "1.30.0", "error"),
        ("[crio]\nlog_dir = '/var/log/pods'\n", "1.30.0", "pass"),
        ("[crio.image]\nregistries = ['quay.io']\n", "1.31.0", "warning"),
        ("[crio.image]\nregistries = ['quay.io']\n", "1.30.0", "pass"),
        ("[crio.image]\nregistries = []\n", "1.31.0", "pass"),
        ("[crio.image]\npause_image = ['a']\n", "1.31.0", "error"),
        (f"{RUNTIME}manage_ns_lifecycle = true\n", "1.22.0", "warning"),
        (f"{RUNTIME}timezone = 1\n", "1.29.0", "pass"),
        (f"{RUNTIME}timezone = 1\n", "1.30.0", "error"),
        (f"{RUNTIME}timezone = 1\n", None, "unknown"),
        (f"{RUNTIME}conmon_cgroup = ''\n", None, "unknown"),
        (f"{RUNTIME}conmon_cgroup = ''\n", "1.23.0", "error"),
        (f"{RUNTIME}nosuch = 1\n", "1.31.0", "warning"),
        (f"{RUNTIME}nosuch = 1\n", "1.36.4", "pass"),
        (f"{RUNTIME}nosuch = 1\n", "1.40.0", "pass"),
        (f"{RUNTIME}nosuch = 1\n", None, "pass"),
        (f"{RUNTIME}Pids_Limit = 5\n", "1.31.0", "pass"),
        (f"{RUNTIME}pid_limit = 5\n", "1.31.0", "warning"),
        (f"{RUNTIME}pause_image = 'a'\n", "1.31.0", "warning"),
        ("[crio.runtim]\nlog_level = 'info'\n", "1.31.0", "warning"),
        ("[crio.nri]\nenable_nri = true\n", "1.31.0", "pass"),
        ("[crio.image]\npull_progress_timeout = '10s'\n", "1.31.0", "pass"),
        (f"{RUNC}allowed_annotation = ['a']\n", "1.31.0", "warning"),
        (f"{RUNC}default_annotations = {{ 'a.b/c' = 'd' }}\n", "1.32.0", "pass"),
        (f"{RUNTIME}workloads = {{ any = {{ activation_annotation = 'a' }} }}\n", "1.31.0", "pass"),
        ("[crio.runtime\n", "1.31.0", "error"),
    ],
)
def test_what_crio_refuses(tmp_path: Path, text: str, release: str | None, expected: str) -> None:
    status, message = said(tmp_path, text, release)

    assert status == expected, message


def test_the_last_file_counts(tmp_path: Path) -> None:
    earlier = {"/etc/crio/crio.conf.d/10-a.conf": f"{RUNTIME}log_size_max = 1\n"}

    assert said(tmp_path, f"{RUNTIME}log_size_max = 8192\n", "1.30.0", **earlier)[0] == "pass"


def test_a_fault_names_its_line(tmp_path: Path) -> None:
    node = rocky_node(tmp_path)
    write_tree(node, {OTHERS: f"# a\n{RUNTIME}log_size_max = 1\n"})
    (found,) = judge("runtime-config", node, view="boot")

    (shown,) = found.evidence
    assert (found.status, shown.source, shown.value, shown.locator) == ("fail", OTHERS, "log_size_max = 1", "line 3")
    assert found.fix is not None
    write_tree(node, {OTHERS: f"# a\n{RUNTIME}log_size_max = -1\n"})
    (found,) = judge("runtime-config", node, view="boot")
    assert found.status == "pass"


def test_a_mistyped_key_names_the_one_that_may_be_meant(tmp_path: Path) -> None:
    _, message = said(tmp_path, f"{RUNTIME}pid_limit = 5\n", "1.31.0")

    assert message == "CRI-O 1.31.0 has no pid_limit there, and passes it over; did you mean pids_limit?"


def test_the_value_of_a_key_that_does_nothing_is_not_shown(tmp_path: Path) -> None:
    tree = {**ROOT, OTHERS: f"{RUNTIME}conmon_en = ['PASS=hunter2']\n", "/var/lib/dpkg/status": package("1.31.0")}
    (found,) = judge("runtime-config", write_tree(tmp_path, tree), view="now")

    assert [(one.source, one.locator, one.value) for one in found.evidence] == [(OTHERS, "line 2", "conmon_en = ...")]
    assert "hunter" not in found.message
