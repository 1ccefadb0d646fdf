"""Cgroup drivers: what each program makes of its files, whose word counts, and fixes that mend."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nodecheck
from nodecheck.model.steps import Command, Create, Edit
from tests.fix.apply import write

Tree = Callable[[dict[str, "str | bytes"]], Path]

CONTAINERD = "/etc/containerd/config.toml"
KUBELET = "/var/lib/kubelet/config.yaml"
DAEMON = "/etc/docker/daemon.json"
DOCKER_UNIT = "/usr/lib/systemd/system/docker.service"
CRIO = "/etc/crio/crio.conf"
V2 = 'plugins."io.containerd.grpc.v1.cri"'
V3 = "plugins.'io.containerd.cri.v1.runtime'"
HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"


EKS = """{
  "apiVersion": "kubelet.config.k8s.io/v1beta1",
  "kind": "KubeletConfiguration",
  "cgroupDriver": "cgroupfs"
}
"""


def run(root: Path, **options: Any) -> nodecheck.Report:
    return nodecheck.run(root=root, select=["cgroup-driver"], **options)


def judged(root: Path, **options: Any) -> dict[str | None, tuple[str, str | None, str]]:
    return {r.subject: (str(r.status), r.actual, str(r.severity)) for r in run(root, **options).results}


def runc(section: str, value: str, version: int, runtime: str = "runc") -> str:
    table = f"{section}.containerd.runtimes.{runtime}"
    head = f"version = {version}\n" if version else ""
    return f'{head}[{table}]\nruntime_type = "io.containerd.runc.v2"\n[{table}.options]\n  SystemdCgroup = {value}\n'


def kubelet(driver: str | None) -> str:
    return HEAD if driver is None else f"{HEAD}cgroupDriver: {driver}\n"


def docker_unit(*flags: str) -> str:
    return f"[Service]\nType=notify\nExecStart=/usr/bin/dockerd {' '.join(flags)}\n"


def test_corpus(corpus: Path) -> None:
    """The truths of real files hold, but for two that the release of the kubelet decides, which is not there."""
    group = corpus / "06-runtime-config"
    items = json.loads((group / "manifest.json").read_text())
    wrong = [item["id"] for item in items if item["truth"]["kind"] != "cri-socket" and not agrees(group, item)]

    # KEP-4033: with nothing set the kubelet of an unknown release may take the runtime's answer.
    assert wrong == ["edge-kubelet-config-none", "edge-kubelet-unknown-dash"]


def agrees(group: Path, item: dict[str, Any]) -> bool:
    truth = item["truth"]
    found = judged(group / item["root"])
    if truth["kind"] == "pair":
        return (found["kubelet"][1], found["containerd"][1]) == (truth["kubelet"], truth["runtime"]) and found[
            "agreement"
        ][0] == ("pass" if truth["match"] else "fail")
    if truth["kind"] == "docker":
        both = {truth.get("cgroup_driver_if_cgroup_v1"), truth.get("cgroup_driver_if_cgroup_v2")}
        wanted = both.pop() if len(both) == 1 else None
    else:
        wanted = truth["cgroup_driver"]
    status = "unknown" if wanted is None else "pass" if wanted == "systemd" else "fail"
    return found[truth["kind"]][:2] == (status, wanted)


@pytest.mark.parametrize(
    ("text", "status", "driver"),
    [
        (runc("plugins.cri", "true", 0), "pass", "systemd"),
        (runc("plugins.cri", "true", 1), "pass", "systemd"),
        (runc(V2, "true", 2), "pass", "systemd"),
        (runc(V3, "true", 3), "pass", "systemd"),
        (runc(V3, "true", 4), "pass", "systemd"),
        (runc(V2, "false", 2), "fail", "cgroupfs"),
        (runc(V2, "true", 0), "fail", "cgroupfs"),
        (runc(V2, "true", 3), "fail", "cgroupfs"),
        (runc(V3, "true", 2), "fail", "cgroupfs"),
        ("", "fail", "cgroupfs"),
        ("\ufeff" + runc(V2, "true", 2), "pass", "systemd"),
        (runc(V2, "true", 2).replace("\n", "\r\n"), "pass", "systemd"),
        (runc(V2, "true", 2).replace("SystemdCgroup", "systemdcgroup"), "pass", "systemd"),
        (runc(V2, "true", 2).replace("SystemdCgroup", "systemd_cgroup"), "fail", "cgroupfs"),
        # The key belongs into the options of the runtime.
        (f"version = 2\n[{V2}.containerd.runtimes.runc]\nSystemdCgroup = true\n", "fail", "cgroupfs"),
        # The old key, for the old runtime, which was the default until containerd 1.2.
        ("[plugins.cri]\nsystemd_cgroup = true\n", "pass", "systemd"),
        (f"version = 2\n[{V2}]\nsystemd_cgroup = true\n", "unknown", None),
        # Inline tables and dotted keys are TOML too.
        (f"version = 2\n[{V2}.containerd]\nruntimes.runc.options = {{SystemdCgroup = true}}\n", "pass", "systemd"),
        (f"version = 2\n{V2}.containerd.runtimes.runc.options.SystemdCgroup = true\n", "pass", "systemd"),
        # The default runtime decides.
        (runc(V2, "true", 2) + f'[{V2}.containerd]\ndefault_runtime_name = "x"\n', "unknown", None),
        (
            runc(V2, "true", 2) + runc(V2, "false", 2, "nv").partition("\n")[2]
            + f'[{V2}.containerd]\ndefault_runtime_name = "nv"\n', "fail", "cgroupfs",
        ),
        # Not started: no TOML, twice the table, a version of another type or of the future, a string for a boolean.
        ("version = 2\n[plugins\n", "unknown", None),
        (runc(V2, "false", 2) + runc(V2, "true", 2).partition("\n")[2], "unknown", None),
        ('version = "2"\n', "unknown", None),
        ("version = 5\n", "unknown", None),
        (runc(V2, '"true"', 2), "unknown", None),
        ('version = 2\ndisabled_plugins = ["cri"]\n', "unknown", None),
        ('version = 2\nimports = ["/etc/containerd/none.toml"]\n', "unknown", None),
        # containerd 1 passes over bytes in a comment that are not UTF-8, and takes its default.
        (b"version = 2\n# \xff\n", "fail", "cgroupfs"),
    ],
)  # fmt: skip
def test_containerd(tree: Tree, text: str, status: str, driver: str | None) -> None:
    assert judged(tree({CONTAINERD: text}))["containerd"][:2] == (status, driver)


def test_ignored_sections_are_told(tree: Tree) -> None:
    found = run(tree({CONTAINERD: runc(V2, "true", 3)}))["cgroup-driver[containerd]"]

    assert "its section 'io.containerd.grpc.v1.cri' is of another and is not read" in found.message


def test_a_toml_error_has_file_and_line(tree: Tree) -> None:
    found = run(tree({CONTAINERD: "version = 2\nimports = [\n  'a'\n  'b'\n]\n"}))["cgroup-driver[containerd]"]

    assert found.cause is not None
    assert (found.cause.code, found.message.partition(": expected")[0]) == ("malformed", f"{CONTAINERD}: line 4")


def test_the_package_of_docker_turns_cri_off(tree: Tree) -> None:
    found = judged(tree({CONTAINERD: 'disabled_plugins = ["cri"]\n', "/usr/bin/dockerd": ""}))

    assert found["containerd"][0] == "skip"


OFF = 'disabled_plugins = ["cri"]'
"""As the package containerd.io of Docker leaves it."""
OFF_TWO = "disabled_plugins = ['io.containerd.grpc.v1.cri']"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (f"#   Copyright Docker Inc.\n\n{OFF}\n\n#root = '/var/lib/containerd'\n#[debug]\n#  level = 'info'\n", True),
        (f"version = 2\n{OFF_TWO}\n", True),
        (f"{runc(V2, 'true', 2)}".replace("version = 2", f"version = 2\n{OFF_TWO}"), True),
        (f"{runc(V2, 'false', 2)}".replace("version = 2", f"version = 2\n{OFF_TWO}"), False),
        (f"root = '/data'\n{OFF}\n", False),
        (f"{OFF_TWO}\nversion = 2\n", False),
        ('disabled_plugins = ["cri", "zfs"]\n', False),
    ],
)
def test_cri_off_beside_a_kubelet_without_another_runtime(tree: Tree, text: str, mended: bool) -> None:
    root = tree({CONTAINERD: text, "/usr/bin/kubelet": "x", "/usr/bin/containerd": "x"})
    found = run(root)["cgroup-driver[containerd]"]

    assert (found.status, found.severity, found.actual) == ("fail", "error", "off")
    assert found.fix is not None
    assert (found.fix.safety == "manual") == (not mended)
    if mended:
        for step in found.fix.steps:
            if isinstance(step, Edit):
                write(root, step)
        after = run(root)["cgroup-driver[containerd]"]
        assert (after.status, after.actual) == ("pass", "systemd")
        lines = [line for line in text.split("\n") if "disabled_plugins" not in line]
        assert set(lines) <= set((root / CONTAINERD[1:]).read_text().split("\n"))
    else:
        assert "SystemdCgroup = true" in found.fix.steps[0][0]


def test_cri_off_beside_docker_is_as_its_package_leaves_it(tree: Tree) -> None:
    files: dict[str, str | bytes] = {CONTAINERD: 'disabled_plugins = ["cri"]\n', "/usr/bin/dockerd": "x"}
    assert judged(tree({**files, "/usr/bin/kubelet": "x"}))["containerd"][0] == "skip"


def test_cri_off_beside_a_kubelet_that_uses_something_else(tree: Tree) -> None:
    endpoint = kubelet("systemd") + "containerRuntimeEndpoint: unix:///run/other/other.sock\n"
    assert judged(tree({CONTAINERD: 'disabled_plugins = ["cri"]\n', KUBELET: endpoint}))["containerd"][0] == "skip"


@pytest.mark.parametrize(("text", "status"), [("", "pass"), (None, "fail")])
def test_where_systemd_is_not_the_init_cgroupfs_is_wanted(tree: Tree, text: str | None, status: str) -> None:
    files: dict[str, str | bytes] = {"/sbin/openrc": "x", "/etc/os-release": "ID=alpine\nVERSION_ID=3.20.1\n"}
    config = runc(V2, "true", 2) if text is None else text
    root = tree({**files, CONTAINERD: config, "/usr/bin/containerd": "x"})
    found = run(root)["cgroup-driver[containerd]"]

    assert (found.status, found.expected) == (status, "cgroupfs")
    assert found.fix is None or not any(isinstance(step, Command) for step in found.fix.steps)


def test_no_fix_calls_systemctl_where_another_init_is_and_a_profile_names_the_driver(tree: Tree) -> None:
    profile = 'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n'
    files: dict[str, str | bytes] = {"/sbin/openrc": "x", "/etc/os-release": "ID=alpine\nVERSION_ID=3.20.1\n"}
    root = tree({**files, CONTAINERD: runc(V2, "true", 2), "/usr/bin/containerd": "x"})
    (root / "p.toml").write_text(f'{profile}[check.cgroup-driver]\ndriver = "cgroupfs"\n')
    found = run(root, profile=str(root / "p.toml"))["cgroup-driver[containerd]"]

    assert found.fix is not None
    assert any(isinstance(step, Edit) for step in found.fix.steps)
    assert not any(isinstance(step, Command) for step in found.fix.steps)


def test_cri_off_where_the_kubelet_needs_it(tree: Tree) -> None:
    endpoint = kubelet("systemd") + "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n"
    found = judged(tree({CONTAINERD: 'disabled_plugins = ["cri"]\n', KUBELET: endpoint}))

    assert (found["containerd"][0], found["agreement"][0]) == ("fail", "unknown")


class TestImports:
    MAIN = f'imports = ["conf.d/*.toml"]\n{runc(V2, "false", 2)}'.replace("version = 2\n", "", 1)

    def judge(self, tree: Tree, main: str, *others: str) -> tuple[str, str | None]:
        files = {f"/etc/containerd/conf.d/{n}.toml": text for n, text in enumerate(others)}
        found = run(tree({CONTAINERD: main, **files}))["cgroup-driver[containerd]"]
        return str(found.status), found.actual

    def test_what_a_later_file_takes_away_again_is_left_to_a_person(self, tree: Tree) -> None:
        """containerd 1.x reads the section of the last file alone, so that the line of the first decides nothing."""
        registry = f'version = 2\n[{V2}.registry]\nconfig_path = "/etc/containerd/certs.d"\n'
        files = {CONTAINERD: f"version = 2\n{self.MAIN}", "/etc/containerd/conf.d/0.toml": registry}
        found = run(tree({**files, KUBELET: kubelet("systemd")}))["cgroup-driver[containerd]"]

        assert (found.status, found.fix is not None and found.fix.safety) == ("fail", "manual")

    def test_the_last_wins(self, tree: Tree) -> None:
        main = "version = 2\n" + self.MAIN
        assert self.judge(tree, main, runc(V2, "false", 2), runc(V2, "true", 2)) == ("pass", "systemd")

    def test_one_without_a_version_counts_as_one_where_nothing_else_says(self, tree: Tree) -> None:
        """The version is that of the last file that names one."""
        assert self.judge(tree, self.MAIN, runc(V2, "true", 2)) == ("pass", "systemd")

    def test_merging_depends_on_the_release(self, tree: Tree) -> None:
        """containerd 1.x replaces the whole section by an import's, containerd 2 merges them."""
        main = "version = 2\n" + self.MAIN.replace("false", "true")
        other = f'version = 2\n[{V2}.registry]\nconfig_path = "x"\n'
        assert self.judge(tree, main, other) == ("unknown", None)

    def test_a_circle_ends(self, tree: Tree) -> None:
        main = "version = 2\n" + self.MAIN.replace("false", "true")
        assert self.judge(tree, main, f'imports = ["{CONTAINERD}", "0.toml"]\n') == ("pass", "systemd")

    def test_a_hidden_name_matches(self, tree: Tree) -> None:
        root = tree({CONTAINERD: "version = 2\n" + self.MAIN, "/etc/containerd/conf.d/.x.toml": runc(V2, "true", 2)})
        assert judged(root)["containerd"][:2] == ("pass", "systemd")

    def test_evidence_names_the_file_that_wins(self, tree: Tree) -> None:
        root = tree({CONTAINERD: "version = 2\n" + self.MAIN, "/etc/containerd/conf.d/a.toml": runc(V2, "true", 2)})
        found = run(root)["cgroup-driver[containerd]"].evidence[0]
        assert (found.source, found.locator) == ("/etc/containerd/conf.d/a.toml", "line 5")


def test_the_unit_names_another_file(tree: Tree) -> None:
    unit = "[Service]\nExecStart=/usr/bin/containerd --config /etc/other.toml\n"
    root = tree({
        "/usr/lib/systemd/system/containerd.service": unit,
        "/etc/other.toml": runc(V2, "true", 2),
        CONTAINERD: runc(V2, "false", 2),
    })  # fmt: skip
    assert judged(root)["containerd"][:2] == ("pass", "systemd")


@pytest.mark.parametrize(
    ("text", "status", "driver"),
    [
        ('{"exec-opts": ["native.cgroupdriver=systemd"]}', "pass", "systemd"),
        ('{"exec-opts": ["native.cgroupdriver=cgroupfs"]}', "fail", "cgroupfs"),
        ('{"exec-opts": ["Native.CgroupDriver=systemd"]}', "pass", "systemd"),
        # The last of two values of a key counts; the first of two options, until docker 28.
        ('{"exec-opts": [], "exec-opts": ["native.cgroupdriver=systemd"]}', "pass", "systemd"),
        ('{"exec-opts": ["native.cgroupdriver=systemd"], "exec-opts": []}', "unknown", None),
        ('{"exec-opts": ["native.cgroupdriver=systemd", "native.cgroupdriver=cgroupfs"]}', "unknown", None),
        # dockerd refuses.
        ('{"exec-opts": ["native.cgroupdriver=systemd"],}', "unknown", None),
        ('{"exec-opts": ["native.cgroupdriver=Systemd"]}', "unknown", None),
        ('{"exec-opts": "native.cgroupdriver=systemd"}', "unknown", None),
        ('{"Exec-Opts": ["native.cgroupdriver=systemd"]}', "unknown", None),
        ('{"exec-opts": ["native.cgroupdriver=systemd"], "exec_opts": []}', "unknown", None),
        ('{"exec-opts": ["native.cgroupdriver=systemd"], "log-opts": {"max-file": 3}}', "unknown", None),
        ('{"exec-opts": ["native.cgroupdriver=systemd"], "live-restore": "true"}', "unknown", None),
        ('{"exec-opts": ["native.cgroupdriver=systemd"], "proxies": {"http-proxy": "x"}}', "pass", "systemd"),
        ('["native.cgroupdriver=systemd"]', "unknown", None),
        ("", "unknown", None),
        ("{", "unknown", None),
        ("null", "unknown", None),
        ('{"mtu": NaN}', "unknown", None),
        ("[" * 100_000, "unknown", None),
    ],
)
def test_docker(tree: Tree, text: str, status: str, driver: str | None) -> None:
    assert judged(tree({DAEMON: text}))["docker"][:2] == (status, driver)


def test_a_json_error_has_line_and_column(tree: Tree) -> None:
    found = run(tree({DAEMON: '{\n  "debug": true,\n}\n'}))["cgroup-driver[docker]"]

    assert "daemon.json is not JSON: unexpected '}' (line 3, column 1)" in found.message
    assert found.evidence[0].locator == "line 3"


FLAG = "--exec-opt native.cgroupdriver=systemd"
SET = '{"exec-opts": ["native.cgroupdriver=systemd"]}'
OVERRIDE = "/etc/systemd/system/docker.service.d/x.conf"
SYSCONFIG = "/etc/sysconfig/docker"
CGROUPFS = "[crio.runtime]\ncgroup_manager = 'cgroupfs'\nconmon_cgroup = 'pod'\n"
CRIO_FLAGS = "[Service]\nExecStart=/usr/bin/crio --cgroup-manager=cgroupfs --conmon-cgroup pod\n"


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({DOCKER_UNIT: docker_unit(FLAG)}, "pass"),
        ({DOCKER_UNIT: docker_unit(FLAG.replace(" ", "="))}, "pass"),
        ({DOCKER_UNIT: docker_unit("#", FLAG)}, "pass"),
        ({DOCKER_UNIT: docker_unit(FLAG), DAEMON: '{"exec-opts": []}'}, "unknown"),
        ({DOCKER_UNIT: docker_unit(FLAG, "-H fd://"), DAEMON: '{"hosts": []}'}, "unknown"),
        ({DOCKER_UNIT: docker_unit(FLAG), DAEMON: '{"hosts": []}'}, "pass"),
        ({DOCKER_UNIT: docker_unit("--config-file /etc/d.json"), "/etc/d.json": SET}, "pass"),
        ({DOCKER_UNIT: docker_unit("--config-file=/etc/d.json"), DAEMON: SET}, "unknown"),
        ({DOCKER_UNIT: docker_unit("$X") + f"EnvironmentFile={SYSCONFIG}\n", SYSCONFIG: f"X='{FLAG}'\n"}, "pass"),
        ({DOCKER_UNIT: docker_unit("$DOCKER_OPTS"), "/etc/default/docker": f'DOCKER_OPTS="{FLAG}"\n'}, "unknown"),
        ({DOCKER_UNIT: docker_unit(), OVERRIDE: f"[Service]\nExecStart=\nExecStart=/usr/bin/dockerd {FLAG}\n"}, "pass"),
        ({DOCKER_UNIT: f"[Service]\nExecStart=/bin/sh -c 'exec dockerd {FLAG}'\n"}, "pass"),
        ({"/etc/default/docker": f'DOCKER_OPTS="{FLAG}"\n', "/sbin/openrc": "x"}, "fail"),
    ],
)  # fmt: skip
def test_docker_flags(tree: Tree, files: dict[str, str | bytes], status: str) -> None:
    assert judged(tree(files))["docker"][0] == status


@pytest.mark.parametrize(
    ("files", "status", "driver"),
    [
        ({"/sys/fs/cgroup/cgroup.controllers": "cpu\n"}, "pass", "systemd"),
        ({"/sys/fs/cgroup/memory/tasks": ""}, "fail", "cgroupfs"),
        ({"/sys/fs/cgroup/unified/cgroup.procs": "", "/sys/fs/cgroup/cpu/tasks": ""}, "fail", "cgroupfs"),
        ({"/etc/os-release": 'ID=debian\nVERSION_ID="12"\n'}, "pass", "systemd"),
        ({"/etc/os-release": 'ID="centos"\nVERSION_ID="7"\n'}, "fail", "cgroupfs"),
        ({"/etc/os-release": "ID=nobody\n"}, "unknown", None),
    ],
)
def test_docker_default_follows_the_cgroup_version(
    tree: Tree, files: dict[str, str | bytes], status: str, driver: str | None
) -> None:
    assert judged(tree({DAEMON: "{}", **files}))["docker"][:2] == (status, driver)


def test_the_client_alone_is_no_runtime(tree: Tree) -> None:
    found = judged(tree({"/usr/bin/docker": "", "/etc/hostname": "x"}))

    assert found == {None: ("skip", None, "error")}


@pytest.mark.parametrize(
    ("files", "status", "driver"),
    [
        ({CRIO: ""}, "pass", "systemd"),
        ({CRIO: "[crio]\ncgroup_manager = 'cgroupfs'\n"}, "pass", "systemd"),
        ({CRIO: "[crio.runtime]\ncgroup_manager = 'cgroupfs'\nconmon_cgroup = 'pod'\n"}, "fail", "cgroupfs"),
        ({CRIO: "[crio.runtime]\ncgroup_manager = 'cgroupfs'\n"}, "fail", "cgroupfs"),
        ({CRIO: "[crio.runtime]\ncgroup_manager = 'cgroups'\n"}, "unknown", None),
        ({CRIO: "[crio.runtime]\ncgroup_manager = true\n"}, "unknown", None),
        ({CRIO: "[crio.runtime]\nconmon_cgroup = 'x'\n"}, "unknown", None),
        ({CRIO: "[crio.runtime]\ncgroup_manager = 'cgroupfs\n"}, "unknown", None),
        ({"/etc/crio/crio.conf.d/z.bak": CGROUPFS}, "fail", "cgroupfs"),
        ({"/etc/crio/crio.conf.d/sub/1": CGROUPFS}, "fail", "cgroupfs"),
        ({CRIO: CGROUPFS, "/etc/crio/crio.conf.d/1": "crio.runtime.cgroup_manager = 'systemd'\n"}, "pass", "systemd"),
        ({CRIO: "", "/usr/lib/systemd/system/crio.service": CRIO_FLAGS}, "fail", "cgroupfs"),
    ],
)  # fmt: skip
def test_crio(tree: Tree, files: dict[str, str | bytes], status: str, driver: str | None) -> None:
    assert judged(tree(files))["crio"][:2] == (status, driver)


@pytest.mark.parametrize(
    ("setting", "config", "release", "wanted", "agreement"),
    [
        ("systemd", runc(V2, "true", 2), None, ("pass", "systemd"), "pass"),
        ("cgroupfs", runc(V2, "true", 2), None, ("fail", "cgroupfs"), "fail"),
        ("systemd", runc(V2, "false", 2), "1.30", ("pass", "systemd"), "fail"),
        # Version 3 shows containerd 2: from 1.31 on the runtime's word counts.
        ("cgroupfs", runc(V3, "true", 3), "1.34", ("pass", "systemd"), "pass"),
        ("cgroupfs", runc(V3, "true", 3), "1.31", ("pass", "systemd"), "pass"),
        ("cgroupfs", runc(V3, "true", 3), "1.30", ("fail", "cgroupfs"), "fail"),
        ("cgroupfs", runc(V3, "true", 3), None, ("fail", "cgroupfs"), "fail"),
        (None, runc(V3, "true", 3), "1.34", ("pass", "systemd"), "pass"),
        (None, runc(V3, "true", 3), None, ("unknown", None), "unknown"),
        (None, runc(V2, "true", 2), "1.34", ("unknown", None), "unknown"),
        (None, runc(V2, "true", 2), "1.27", ("fail", "cgroupfs"), "fail"),
        (None, "version = 2\n[plugins\n", "1.27", ("fail", "cgroupfs"), "unknown"),
    ],
)  # fmt: skip
def test_whose_word_counts(
    tree: Tree, setting: str | None, config: str, release: str | None, wanted: tuple[str, str | None], agreement: str
) -> None:
    found = judged(tree({CONTAINERD: config, KUBELET: kubelet(setting)}), kubernetes=release)

    assert found["kubelet"][:2] == wanted
    assert found["agreement"][0] == agreement


STATUS = """Package: containerd.io
Status: install ok installed
Version: {containerd}

Package: kubelet
Status: install ok installed
Version: {kubelet}
"""


@pytest.mark.parametrize(
    ("containerd", "release", "setting", "wanted"),
    [
        ("2.1.4-1", "1.34.1-1.1", "cgroupfs", ("pass", "systemd")),
        ("2.1.4-1", "1.34.1-1.1", None, ("pass", "systemd")),
        ("1.7.27-1", "1.34.1-1.1", "cgroupfs", ("fail", "cgroupfs")),
        ("1.7.27-1", "1.34.1-1.1", None, ("fail", "cgroupfs")),
        ("2.1.4-1", "1.30.1-1.1", None, ("fail", "cgroupfs")),
    ],
)
def test_packages_show_the_pair(
    tree: Tree, containerd: str, release: str, setting: str | None, wanted: tuple[str, str]
) -> None:
    status = STATUS.format(containerd=containerd, kubelet=release)
    files = {CONTAINERD: runc(V2, "true", 2), KUBELET: kubelet(setting), "/var/lib/dpkg/status": status}

    assert judged(tree({**files}))["kubelet"][:2] == wanted


def test_a_package_alone_shows_a_runtime(tree: Tree) -> None:
    """With no configuration file the built-in default holds."""
    status = STATUS.format(containerd="1.7.27-1", kubelet="1.34.1-1.1").partition("\n\n")[0] + "\n"
    found = run(tree({"/var/lib/dpkg/status": status}))["cgroup-driver[containerd]"]

    assert (str(found.status), found.actual) == ("fail", "cgroupfs")
    assert "/var/lib/dpkg/status" in {item.source for item in found.evidence}


def test_the_gate_takes_the_word_from_the_runtime(tree: Tree) -> None:
    gates = kubelet("cgroupfs") + "featureGates:\n  KubeletCgroupDriverFromCRI: false\n"
    found = judged(tree({CONTAINERD: runc(V3, "true", 3), KUBELET: gates}), kubernetes="1.32")

    assert found["kubelet"][:2] == ("fail", "cgroupfs")


def test_a_kubelet_alone_has_no_agreement(tree: Tree) -> None:
    assert set(judged(tree({KUBELET: kubelet("systemd")}))) == {"kubelet"}


def test_leftovers_are_info(tree: Tree) -> None:
    endpoint = kubelet("systemd") + "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n"
    exec_opts = '{"exec-opts": ["native.cgroupdriver=cgroupfs"]}'
    root = tree({CONTAINERD: runc(V2, "true", 2), KUBELET: endpoint, DAEMON: exec_opts})
    found = judged(root)

    assert found["docker"] == ("fail", "cgroupfs", "info")
    assert found["containerd"] == ("pass", "systemd", "error")
    assert run(root).exit_code == 0


def test_docker_is_the_runtime_of_an_old_kubelet(tree: Tree) -> None:
    exec_opts = '{"exec-opts": ["native.cgroupdriver=cgroupfs"]}'
    files = {CONTAINERD: runc(V2, "true", 2), KUBELET: kubelet("systemd"), DAEMON: exec_opts}
    found = judged(tree({**files}), kubernetes="1.17")

    assert found["docker"] == ("fail", "cgroupfs", "error")
    assert found["containerd"][2] == "info"
    assert found["agreement"] == ("fail", "docker cgroupfs, kubelet systemd", "error")


@pytest.mark.parametrize(("value", "status"), [("true", "pass"), ("false", "unknown")])
def test_several_runtimes_and_nothing_says_which(tree: Tree, value: str, status: str) -> None:
    found = judged(tree({CONTAINERD: runc(V2, value, 2), KUBELET: kubelet("systemd"), DAEMON: SET}))

    assert found["agreement"][0] == status
    assert {severity for _, _, severity in found.values()} == {"error"}


def test_nothing_there_is_one_skip(tree: Tree) -> None:
    found = run(tree({"/etc/hostname": "x"})).results

    assert [(r.id, str(r.status), r.cause.code if r.cause else "") for r in found] == [
        ("cgroup-driver", "skip", "not-applicable")
    ]


def test_a_profile_may_want_cgroupfs(tree: Tree) -> None:
    root = tree({
        CONTAINERD: runc(V2, "true", 2),
        "/p.toml": 'schema = "nodecheck.profile/1"\nname = "p"\n[check.cgroup-driver]\ndriver = "cgroupfs"\n',
    })  # fmt: skip
    assert judged(root, profile=root / "p.toml")["containerd"][:2] == ("fail", "systemd")
    mend(root, profile=root / "p.toml")
    assert judged(root, profile=root / "p.toml")["containerd"][:2] == ("pass", "cgroupfs")


def mend(root: Path, **options: Any) -> None:
    """Apply the edits of every failure's fix."""
    for failure in run(root, **options).failures:
        assert failure.fix is not None
        assert failure.fix.safety == "disruptive"
        for step in failure.fix.steps:
            done = isinstance(step, Edit) and step.after in (root / step.path.lstrip("/")).read_text()
            if isinstance(step, (Create, Edit)) and not done:
                write(root, step)


@pytest.mark.parametrize(
    "files",
    [
        {CONTAINERD: runc(V2, "false", 2)},
        {CONTAINERD: runc(V3, "false", 3)},
        {CONTAINERD: ""},
        {"/usr/bin/containerd": ""},
        {CONTAINERD: f'version = 2\n[{V2}.containerd.runtimes.runc]\n  runtime_type = "io.containerd.runc.v2"\n'},
        {CONTAINERD: f"version = 2\n[{V2}.containerd.runtimes.runc.options]\n"},
        {DAEMON: '{\n  "exec-opts": ["native.cgroupdriver=cgroupfs"]\n}\n'},
        {DAEMON: '{\n  "debug": true\n}\n', "/sys/fs/cgroup/cpu/tasks": ""},
        {DAEMON: '{"debug": true}\n', "/sys/fs/cgroup/cpu/tasks": ""},
        {DAEMON: '{"exec-opts": []}\n', "/sys/fs/cgroup/cpu/tasks": ""},
        {DAEMON: '{ "exec-opts": ["native.umask=normal"], "debug": true }\n', "/sys/fs/cgroup/cpu/tasks": ""},
        {DAEMON: '{\n  "exec-opts": [\n    "native.umask=normal"\n  ]\n}\n', "/sys/fs/cgroup/cpu/tasks": ""},
        {"/usr/bin/dockerd": "", "/sys/fs/cgroup/cpu/tasks": ""},
        {"/etc/systemd/system/docker.service": docker_unit("--exec-opt native.cgroupdriver=cgroupfs")},
        {CRIO: "[crio.runtime]\ncgroup_manager = 'cgroupfs'\nconmon_cgroup = 'pod'\n"},
        {KUBELET: kubelet("cgroupfs")},
        {KUBELET: kubelet("cgroupfs"), CONTAINERD: runc(V2, "false", 2)},
        {KUBELET: kubelet("cgroupfs"), CONTAINERD: runc(V2, "true", 2)},
        {"/etc/kubernetes/kubelet/config.json": EKS},
    ],
)
def test_the_fix_mends(tree: Tree, files: dict[str, str | bytes]) -> None:
    root = tree(files)
    assert run(root).failures
    mend(root)

    assert not run(root).failures
    assert "pass" in {status for status, _, _ in judged(root).values()}


def test_the_fix_of_a_kubelet_that_sets_nothing(tree: Tree) -> None:
    root = tree({KUBELET: kubelet(None)})
    assert judged(root, kubernetes="1.27")["kubelet"][:2] == ("fail", "cgroupfs")
    mend(root, kubernetes="1.27")

    assert judged(root, kubernetes="1.27")["kubelet"][:2] == ("pass", "systemd")


def test_the_fix_drains_and_restarts(tree: Tree) -> None:
    root = tree({CONTAINERD: runc(V2, "false", 2), KUBELET: kubelet("systemd")})
    fix = run(root)["cgroup-driver[containerd]"].fix

    assert fix is not None
    assert [step.argv for step in fix.steps if isinstance(step, Command)] == [
        ("systemctl", "restart", "--", "containerd"),
        ("systemctl", "restart", "--", "kubelet"),
    ]


def test_a_list_of_options_that_cannot_be_edited_is_left_to_a_person(tree: Tree) -> None:
    root = tree({DAEMON: '{"exec-opts":\n["native.umask=normal"]}\n', "/sys/fs/cgroup/cpu/tasks": ""})
    fix = run(root)["cgroup-driver[docker]"].fix
    assert fix is not None
    assert fix.safety == "manual"


def test_a_section_of_another_version_is_not_edited(tree: Tree) -> None:
    root = tree({CONTAINERD: runc(V2, "true", 3)})
    fix = run(root)["cgroup-driver[containerd]"].fix
    assert fix is not None
    assert fix.safety == "manual"
    assert "io.containerd.cri.v1.runtime" in str(fix.steps[-1])

    (root / CONTAINERD[1:]).write_text(runc(V2, "true", 3) + f"[{V3}.containerd.runtimes.runc]\n")
    mend(root)
    assert judged(root)["containerd"][0] == "pass"


def test_a_pair_is_changed_together_or_by_a_person(tree: Tree) -> None:
    no_file = {"/etc/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n"}
    found = run(tree({CONTAINERD: runc(V2, "false", 2), **no_file}), kubernetes="1.27")

    fixes = [found[f"cgroup-driver[{name}]"].fix for name in ("containerd", "kubelet")]
    assert [fix.safety for fix in fixes if fix is not None] == ["manual", "manual"]
    assert nodecheck.plan(found).steps == ()


SOURCES = [CONTAINERD, DAEMON, CRIO, KUBELET, DOCKER_UNIT, "/etc/crio/crio.conf.d", "/etc/containerd/conf.d/x.toml"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("trouble", ["directory", "fifo", "loop", "large", "noise"])
def test_a_source_in_trouble_is_never_a_pass(tree: Tree, source: str, trouble: str) -> None:
    root = tree({
        CONTAINERD: 'imports = ["/etc/containerd/conf.d/*.toml"]\n' + runc(V2, "true", 2),
        "/etc/containerd/conf.d/x.toml": runc(V2, "true", 2),
        DAEMON: '{"exec-opts": ["native.cgroupdriver=systemd"]}',
        CRIO: "",
        "/etc/crio/crio.conf.d/x": "[crio.runtime]\ncgroup_manager = 'systemd'\n",
        DOCKER_UNIT: docker_unit(),
        KUBELET: kubelet("systemd"),
    })  # fmt: skip
    name = "containerd" if "containerd" in source else "crio" if "crio" in source else "docker"
    name = "kubelet" if source == KUBELET else name
    assert judged(root)[name][0] == "pass"
    spoil(root / source.lstrip("/"), trouble)

    found = judged(root)
    if (source, trouble) in {("/etc/crio/crio.conf.d", "directory"), (DOCKER_UNIT, "noise")}:
        return
    assert found[name][0] == "unknown"
    others = {key: value for key, value in found.items() if key not in (name, "agreement")}
    assert {status for status, _, _ in others.values()} == {"pass"}


def spoil(path: Path, trouble: str) -> None:
    if path.is_dir():
        for item in path.iterdir():
            item.unlink()
        path.rmdir()
    else:
        path.unlink()
    if trouble == "directory":
        path.mkdir()
    elif trouble == "fifo":
        os.mkfifo(path)
    elif trouble == "loop":
        path.symlink_to(path.name)
    else:
        path.write_bytes(b"\x00\xff{[=" * 64)
        if trouble == "large":
            os.truncate(path, 1 << 30)
