"""The options that kernels are built with, on real configurations."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nodecheck.facts.kernel.config import FILES, SOURCES, KernelConfig, module_of
from nodecheck.facts.kernel.trees import ModuleTree
from nodecheck.requirements.table import named_row
from nodecheck.testing import Entry, TreeFile, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.kernel.kernel_config import Kernel, kernel_config
from nodecheck_checks.kernel.kernel_config import _option as judged_option
from nodecheck_checks.kernel.kernel_options import ALIASES, OPTIONS, V1_OPTIONS, V2_OPTIONS, WANTED
from tests.nodes import KCONFIG

RELEASE = "6.12.43+deb13-amd64"
GZ = "/proc/config.gz"
CONFIG = f"/boot/config-{RELEASE}"
V2 = {"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids\n"}
V1 = {f"/sys/fs/cgroup/{name}/tasks": "" for name in ("cpu", "memory")}
EXT4 = {"/proc/1/mountinfo": "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"}
MODULES = f"/usr/lib/modules/{RELEASE}/modules.dep"
LISTED = (
    "net/bridge/br_netfilter", "net/netfilter/ipvs/ip_vs", "net/netfilter/ipvs/ip_vs_rr", "net/netfilter/ipvs/ip_vs_sh",
    "net/netfilter/ipvs/ip_vs_wrr", "net/netfilter/nf_conntrack", "fs/overlayfs/overlay", "drivers/block/zram/zram",
)  # fmt: skip

VALIDATORS = {row.name for row in (*OPTIONS, *V1_OPTIONS, *V2_OPTIONS) if "system-validators" in row.source}
"""The options that kubeadm asks for too."""


def node(config: str | None = KCONFIG, **options: Any) -> dict[str, Entry]:
    """Debian 13, whose kernel boots again."""
    files: dict[str, Entry] = {
        "/etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
        "/etc/fstab": "UUID=x / ext4 defaults 0 1\n",
        "/usr/lib/systemd/systemd": "",
        "/boot/grub/grub.cfg": f"menuentry 'Debian' {{\n\tlinux\t/boot/vmlinuz-{RELEASE} root=UUID=x ro quiet\n}}\n",
        "/proc/sys/kernel/osrelease": f"{RELEASE}\n",
        "/proc/cmdline": "root=UUID=x ro quiet\n",
        MODULES: "".join(f"kernel/{name}.ko.xz:\n" for name in LISTED),
        **V2,
        **EXT4,
    }
    return files if config is None else {**files, CONFIG: config}


def said(files: Path | Mapping[str, Entry], tmp_path: Path, view: str, **options: Any) -> dict[str | None, str]:
    """Status and severity by option."""
    root = files if isinstance(files, Path) else write_tree(tmp_path, files)
    return {
        found.subject: f"fail {found.severity}" if found.status == "fail" else str(found.status)
        for found in judge(kernel_config, root, view=view, **options)
    }


def failed(found: Mapping[str | None, str]) -> set[str | None]:
    return {name for name, status in found.items() if status.startswith("fail")}


@pytest.mark.parametrize("view", ["now", "boot"])
@pytest.mark.parametrize("mode", ["iptables", "ipvs", "nftables", "none"])
def test_a_kernel_with_all_of_them(tmp_path: Path, view: str, mode: str) -> None:
    found = said(node(), tmp_path, view, proxy_mode=mode, kubernetes="1.36")

    assert set(found.values()) == {"pass"}
    assert ("IP_VS" in found, "NFT_CT" in found) == (mode == "ipvs", mode == "nftables")
    assert found["CGROUP_BPF"] == "pass"
    assert not {"CGROUP_CPUACCT", "AUFS_FS", "BLK_DEV_DM"} & set(found)


@pytest.mark.parametrize("view", ["now", "boot"])
@pytest.mark.parametrize("row", [*OPTIONS, *V1_OPTIONS, *V2_OPTIONS], ids=lambda row: row.name)
def test_each_option_that_is_not_set(tmp_path: Path, row: Any, view: str) -> None:
    lines = [f"# CONFIG_{row.name} is not set" if line.startswith(f"CONFIG_{row.name}=") else line
             for line in KCONFIG.split("\n")]  # fmt: skip
    files = node("\n".join(lines))
    if row in tuple(V1_OPTIONS):
        files = {**{key: entry for key, entry in files.items() if key not in V2}, **V1}
        files["/etc/os-release"] = 'ID=debian\nVERSION_ID="10"\n'
    found = said(files, tmp_path, view, proxy_mode=row.modes[0] if row.modes else "iptables", kubernetes="1.34")

    assert failed(found) == {row.name}
    assert found[row.name] == f"fail {row.severity}"


@pytest.mark.parametrize("name", ["BRIDGE_NETFILTER", "OVERLAY_FS", "IP_VS_RR"])
def test_complaint_31(tmp_path: Path, name: str) -> None:
    """A module without its file is missing: Enterprise Linux 10 without kernel-modules-extra."""
    module = module_of(name)
    listed = "".join(f"kernel/{one}.ko.xz:\n" for one in LISTED if one.rpartition("/")[2] != module)
    for view in ("now", "boot"):
        files = {**node(), MODULES: listed}

        assert failed(said(files, tmp_path / view, view, proxy_mode="ipvs")) == {name}
        del files[MODULES]
        unlisted = said(files, tmp_path / f"{view}-no-list", view, proxy_mode="ipvs")
        assert (unlisted[name], unlisted["MEMCG"], failed(unlisted)) == ("unknown", "pass", set())


def test_a_module_whose_name_is_not_known_here(tmp_path: Path) -> None:
    """The list of modules may have one of the option's name; else nothing shows that it is there."""
    files = node(KCONFIG + "CONFIG_ZRAM=m\nCONFIG_ZRAM_X=m\nCONFIG_ZRAM_Y=y\n")
    found = said(files, tmp_path, "now", parameters={"require": ["ZRAM", "ZRAM_X", "ZRAM_Y"]})

    assert [found[name] for name in ("ZRAM", "ZRAM_X", "ZRAM_Y")] == ["pass", "unknown", "pass"]


def test_a_module_that_is_built_in_after_all(tmp_path: Path) -> None:
    files = node()
    files[MODULES] = ""
    files[MODULES.replace("modules.dep", "modules.builtin")] = "".join(f"kernel/{one}.ko\n" for one in LISTED)

    assert failed(said(files, tmp_path, "boot")) == set()


def test_older_names(tmp_path: Path) -> None:
    config = KCONFIG.replace("CONFIG_NETFILTER_XT_TARGET_REDIRECT", "CONFIG_IP_NF_TARGET_REDIRECT")
    config = config.replace("CONFIG_OVERLAY_FS=m", "CONFIG_OVERLAYFS_FS=y")
    found = said(node(config), tmp_path, "now")

    assert (found["NETFILTER_XT_TARGET_REDIRECT"], found["OVERLAY_FS"]) == ("pass", "pass")


@pytest.mark.parametrize(
    ("files", "view", "expected"),
    [
        ({}, "now", "fail info"),
        ({"/proc/1/mountinfo": EXT4["/proc/1/mountinfo"].replace("ext4", "xfs")}, "now", "skip"),
        ({}, "boot", "fail info"),
        ({"/etc/fstab": "UUID=x / xfs defaults 0 1\n"}, "boot", "skip"),
    ],
)
def test_ext4_is_asked_where_it_is_used(tmp_path: Path, files: dict[str, str], view: str, expected: str) -> None:
    found = said({**node(KCONFIG.replace("EXT4_FS", "X")), **files}, tmp_path, view)

    assert found["EXT4_FS"] == expected


def test_a_cni_without_bridges_needs_no_br_netfilter(tmp_path: Path) -> None:
    files = node(KCONFIG.replace("BRIDGE_NETFILTER", "X"))

    assert said(files, tmp_path, "now", cni="cilium")["BRIDGE_NETFILTER"] == "skip"
    assert said(files, tmp_path, "now", cni="flannel")["BRIDGE_NETFILTER"] == "fail warning"


def test_a_kernel_without_huge_pages(tmp_path: Path) -> None:
    found = said(node(KCONFIG.replace("CGROUP_HUGETLB", "X").replace("CONFIG_HUGETLBFS=y\n", "")), tmp_path, "now")

    assert found["CGROUP_HUGETLB"] == "skip"


@pytest.mark.parametrize(("release", "asked"), [("1.31", False), ("1.32", True), ("1.38", True)])
def test_rows_by_release(tmp_path: Path, release: str, asked: bool) -> None:
    found = said(node(KCONFIG.replace("CGROUP_BPF", "X")), tmp_path, "now", kubernetes=release)

    assert ("CGROUP_BPF" in found) is asked


def test_what_the_profile_asks_for_is_an_error(tmp_path: Path) -> None:
    root = write_tree(tmp_path, node(KCONFIG + "CONFIG_VXLAN=m\n"))
    found = judge(kernel_config, root, parameters={"require": ["CONFIG_VXLAN", "GENEVE", "PSI"]}, view="now")

    assert_verdicts(
        found,
        {"kernel-config[VXLAN]": "fail", "kernel-config[GENEVE]": "fail", "kernel-config[PSI]": "pass"},
    )  # vxlan is not among the modules of this tree
    assert {str(one.severity) for one in found if one.subject in ("VXLAN", "GENEVE", "PSI")} == {"error"}


@pytest.mark.parametrize("view", ["now", "boot"])
def test_complaint_04(tmp_path: Path, view: str) -> None:
    """No configuration is one unknown that names the paths, and no module is loaded for it."""
    (found,) = judge(kernel_config, write_tree(tmp_path, node(None)), view=view)

    assert (found.subject, found.status, found.cause and found.cause.code) == (None, "unknown", "not-found")
    told = [item.source for item in found.evidence]
    assert {form.format(RELEASE) for form in FILES} < set(told)
    assert ("/proc/config.gz" in told) is (view == "now")
    assert SOURCES in told


def test_roots_without_a_kernel(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"/etc/os-release": "ID=debian\n"})

    assert said(root, tmp_path, "now") == {None: "skip"}
    assert said(root, tmp_path, "boot") == {None: "skip"}


@pytest.mark.parametrize("path", [form.format(RELEASE) for form in FILES])
def test_each_path_is_read(tmp_path: Path, path: str) -> None:
    files = {**node(None), path: KCONFIG.replace("MEMCG", "X")}

    assert [failed(said(files, tmp_path / view, view)) for view in ("now", "boot")] == [{"MEMCG"}, {"MEMCG"}]


@pytest.mark.parametrize(("version", "expected"), [("6.12.43", {"MEMCG"}), ("6.12.4", set()), ("6.1.0", set())])
def test_the_sources_that_lie_there_may_be_another_kernels(tmp_path: Path, version: str, expected: set[str]) -> None:
    head = f"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 {version} Kernel Configuration\n#\n"
    config = f'{head}CONFIG_LOCALVERSION="+deb13-amd64"\n' + KCONFIG.replace("MEMCG", "X")
    found = said({**node(None), SOURCES: config}, tmp_path, "now")

    assert failed(found) == expected
    assert (found.get(None) == "unknown") is (not expected)


def test_complaint_50(tmp_path: Path) -> None:
    """gzip is unpacked in the process, and a file that is none is one unknown."""
    packed = gzip.compress(KCONFIG.replace("MEMCG", "X").encode())
    files: dict[str, Entry] = {**node(None), GZ: TreeFile(packed)}
    found = said(files, tmp_path / "a", "now")
    assert failed(found) == {"MEMCG"}

    for place, damaged in enumerate((packed[:-20], b"not gzip", gzip.compress(b"nothing of a kernel\n"))):
        found = said({**files, GZ: TreeFile(damaged)}, tmp_path / str(place), "now")
        assert found == {None: "unknown"}


@pytest.mark.parametrize(
    ("changed", "view", "expected"),
    [
        ({CONFIG: KCONFIG.replace("MEMCG", "X")}, "now", {"MEMCG": "fail error"}),
        ({CONFIG: None}, "now", {None: "unknown"}),
        ({MODULES: "kernel/fs/overlayfs/overlay.ko.xz:\n"}, "now", {"BRIDGE_NETFILTER": "fail warning"}),
        ({MODULES: None}, "now", {"BRIDGE_NETFILTER": "unknown"}),
        ({MODULES: None}, "boot", {"BRIDGE_NETFILTER": "unknown"}),
        ({"/proc/1/mountinfo": None}, "now", {"EXT4_FS": "skip"}),
        ({next(iter(V2)): None, **V1}, "now", {"CGROUP_FREEZER": "pass"}),
        ({"/proc/sys/kernel/osrelease": "6.1.0-9-amd64\n"}, "now", {None: "unknown"}),
        ({CONFIG: KCONFIG.replace("MEMCG", "X")}, "boot", {"MEMCG": "fail error"}),
        ({CONFIG: None}, "boot", {None: "unknown"}),
        ({MODULES: "kernel/fs/overlayfs/overlay.ko.xz:\n"}, "boot", {"BRIDGE_NETFILTER": "fail warning"}),
        ({"/etc/fstab": None}, "boot", {"EXT4_FS": "skip"}),
        ({"/etc/os-release": "ID=centos\nVERSION_ID=8\n"}, "boot", {"CGROUP_FREEZER": "pass"}),
        (
            {"/boot/grub/grub.cfg": "menuentry 'x' {\n\tlinux\t/boot/vmlinuz-6.1.0-9-amd64 ro\n}\n"}, "boot",
            {None: "unknown"},
        ),
    ],
)  # fmt: skip
def test_each_source_counts(
    tmp_path: Path, changed: dict[str, Entry | None], view: str, expected: dict[str | None, str]
) -> None:
    """A source that is taken away from a passing node, or holds another valid value, changes what is said."""
    files = {**node(), **{key: entry for key, entry in changed.items() if entry is not None}}
    for key in [key for key, entry in changed.items() if entry is None]:
        del files[key]
    before = said(node(), tmp_path / "before", view)
    found = said(files, tmp_path / "after", view)

    assert {name: found.get(name) for name in expected} == expected
    assert all(before.get(name) != status for name, status in expected.items())


def _items(corpus: Path) -> list[dict[str, Any]]:
    items = json.loads((corpus / "07-proc-sys/manifest.json").read_text())
    return [item for item in items if item["truth"].get("kind") == "kernel-config"]


@pytest.mark.parametrize("hierarchy", ["v1", "v2"])
def test_real_configurations_get_kubeadms_verdict(tmp_path: Path, corpus: Path, hierarchy: str) -> None:
    """Of what differs (EXT4_FS, AUFS_FS, BLK_DEV_DM) the page says why."""
    items = _items(corpus)
    assert len(items) >= 12
    for item in items:
        truth, given = item["truth"], corpus / "07-proc-sys" / item["root"]
        own: dict[str, Entry] = {**(V1 if hierarchy == "v1" else V2)}
        for name in ("proc/config.gz", "proc/sys/kernel/osrelease"):
            own[f"/{name}"] = TreeFile((given / name).read_bytes())
        found = said(own, tmp_path / item["id"], "now", kubernetes="1.36", proxy_mode="iptables")

        wrong = {name for name in VALIDATORS if found.get(str(name), "").startswith("fail")}
        missing = {*truth["missing_required"], *truth[f"missing_cgroup_{hierarchy}"], *truth["missing_optional"]}
        assert wrong == missing - {"EXT4_FS", "AUFS_FS", "BLK_DEV_DM"}, item["id"]


def test_complaint_05(tmp_path: Path, corpus: Path) -> None:
    """openSUSE builds kernels for v2 alone: what v1 needs is asked where v1 is mounted."""
    given = TreeFile((corpus / "07-proc-sys/files/kconfig-OpenSUSE_x86_64/proc/config.gz").read_bytes())
    shown: dict[str, Entry] = {GZ: given, "/proc/sys/kernel/osrelease": "6.18.0-1-default\n"}

    assert failed(said({**shown, **V2}, tmp_path / "v2", "now", kubernetes="1.36")) == set()
    of_v1 = failed(said({**shown, **V1}, tmp_path / "v1", "now", kubernetes="1.36"))
    assert of_v1 == {"CGROUP_CPUACCT", "CGROUP_DEVICE", "CGROUP_FREEZER"}


def test_upstream_table(corpus: Path) -> None:
    """Required options and their older names; nothing is forbidden, neither there nor here."""
    for case in json.loads((corpus / "10-upstream-tables/sysval-kernel-config.json").read_text())["cases"]:
        config = KernelConfig(
            "x", "\n" + "".join(f"CONFIG_{key}={value}\n" for key, value in case["input"]["config"].items())
        )
        kernel = Kernel(config, ModuleTree, lambda: None, lambda: False)
        required = [name.partition("(")[0] for name in case["input"]["spec"]["required"]]
        missing = [name for name in required if judged_option(named_row(name, WANTED), kernel).status == "fail"]
        forbidden = [name for name in ("FORBIDDEN_1", "FORBIDDEN_2") if config.find(name)[0] in ("y", "m")]

        assert bool(missing or forbidden) is case["expected"]["error"]


def test_aliases_are_of_options_that_are_asked() -> None:
    assert set(ALIASES) <= {row.name for row in OPTIONS}


def test_a_replay_says_the_same(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, node(KCONFIG.replace("MEMCG", "X"))))
    first = judge(kernel_config, recording)
    again = judge(kernel_config, replay(recording.to_data()))

    assert [one.fingerprint for one in first] == [one.fingerprint for one in again]
    assert_verdicts(again, {"kernel-config[MEMCG]": "fail", "kernel-config[MEMCG]@boot": "fail"})
