"""Swap: the judgement, and whole trees of nodes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Lazy
from nodecheck.facts import BootCgroups, KubeletRelease, NowCgroups, Target
from nodecheck.facts.kernel.cgroups import CgroupVersion
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.settings import KubeletSetting, Problem
from nodecheck.facts.swap.swaps import SwapArea, Swaps
from nodecheck.model.outcomes import Severity, Status
from nodecheck.model.steps import Command, Create, Edit
from nodecheck_checks.swap.swap import swap, swap_severity
from tests.rights import modes_hold

Tree = Callable[[dict[str, "str | bytes"]], Path]

EL7 = 'ID="centos"\nVERSION_ID="7"\n'
EL9 = 'ID="rhel"\nVERSION_ID="9.4"\n'
DEBIAN12 = "ID=debian\nVERSION_ID=12\n"
UNIT = "[Swap]\nWhat=/dev/sdb1\n"


def boot(root: Path) -> dict[str | None, Status]:
    """The boot view: subject to status."""
    report = nodecheck.run(root=str(root), select=["swap@boot"])
    return {result.subject: result.status for result in report.results}


def fails(root: Path) -> list[str | None]:
    found = boot(root)
    assert set(found.values()) in ({Status.FAIL}, {Status.PASS}), found
    return [subject for subject, status in found.items() if status is Status.FAIL]


def link(root: Path, name: str, target: str) -> None:
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def test_no_area_passes_with_one_result() -> None:
    (outcome,) = swap(Swaps())
    assert (outcome.status, outcome.subject) == (Status.PASS, None)
    (outcome,) = swap(Swaps((), supported=False))
    assert outcome.status is Status.PASS
    assert outcome.evidence[0].value is None


def test_each_area_fails_with_its_own_fix() -> None:
    areas = (SwapArea("/dev/dm-1", "partition", 64, line=2), SwapArea("/swap", "file", 64, deleted=True, line=3))
    dm, deleted = swap(Swaps(areas))
    assert dm.subject == "/dev/dm-1"
    assert dm.fix is not None
    assert dm.fix.steps == (Command(("swapoff", "--", "/dev/dm-1")),)
    assert deleted.fix is not None
    assert deleted.fix.reboot
    assert deleted.fix.safety == "manual"


def test_a_deleted_file_and_its_successor_are_one_subject() -> None:
    areas = (SwapArea("/swap", "file", 64, deleted=True, line=2), SwapArea("/swap", "file", 64, line=3))
    (outcome,) = swap(Swaps(areas))
    assert [item.locator for item in outcome.evidence] == ["line 2", "line 3"]


def test_severity_follows_the_kubelet() -> None:
    tolerant = KubeletConfig(present=True, fail_swap_on=KubeletSetting("false", "/var/lib/kubelet/config.yaml"))
    assert severity(KubeletConfig()) is Severity.ERROR
    assert severity(tolerant) is Severity.INFO
    broken = tolerant._replace(problem=Problem("malformed", "no YAML", "/var/lib/kubelet/config.yaml"))
    assert severity(broken) is Severity.ERROR


@pytest.mark.parametrize(
    ("behaviour", "release", "version", "expected"),
    [
        ("UnlimitedSwap", (1, 29), "v2", Severity.INFO),
        ("UnlimitedSwap", (1, 34), "v2", Severity.ERROR),
        ("LimitedSwap", (1, 34), "v2", Severity.INFO),
        ("LimitedSwap", (1, 34), "hybrid", Severity.ERROR),
        ("NoSwap", (1, 29), "v2", Severity.ERROR),
        ("NoSwap", None, "v2", Severity.INFO),
    ],
)
def test_swap_that_the_kubelet_refuses_is_an_error(
    behaviour: str, release: tuple[int, int] | None, version: str, expected: Severity
) -> None:
    tolerant, set_to = [KubeletSetting(value, "/var/lib/kubelet/config.yaml") for value in ("false", behaviour)]
    kubelet = KubeletConfig(True, tolerant, set_to, feature_gates=(("NodeSwap", True),))

    assert severity(kubelet, release, version) is expected


def severity(kubelet: KubeletConfig, release: tuple[int, int] | None = None, version: str = "v2") -> Severity:
    """The severity of swap on a node with this kubelet."""
    hierarchy = CgroupVersion(version, "/sys/fs/cgroup", version)
    return swap_severity(
        None,
        kubelet,
        Lazy(lambda: KubeletRelease(release)),
        Lazy(Target),
        Lazy(lambda: NowCgroups(hierarchy)),
        Lazy(lambda: BootCgroups(hierarchy)),
    )


def test_the_corpus(corpus: Path) -> None:
    manifest = json.loads((corpus / "02-swap-fstab/manifest.json").read_text())
    items = manifest if isinstance(manifest, list) else manifest["items"]
    assert len(items) >= 26
    for item in items:
        root, truth = str(corpus / "02-swap-fstab" / item["root"]), item["truth"]
        if "active" in truth:
            report = nodecheck.run(root=root, select=["swap@now"])
            assert {r.subject for r in report.failures} == {area["path"] for area in truth["active"]}, item["id"]
            assert report.results[0].status is (Status.FAIL if truth["active"] else Status.PASS), item["id"]
        else:
            wanted = {spec.replace("\t", "\\x09") for spec in truth["swap_activated_at_boot"]}
            assert set(fails(Path(root))) == wanted, item["id"]


def test_the_kubelet_s_own_table(corpus: Path, tree: Tree) -> None:
    for case in json.loads((corpus / "10-upstream-tables/kubelet-proc-swaps.json").read_text())["cases"]:
        report = nodecheck.run(root=str(tree({"proc/swaps": case["input"]})), select=["swap@now"])
        assert bool(report.failures) is case["expected"]


@pytest.mark.parametrize("text", ["Filen", "\x7fELF\0\0\n\n", "/dev/sda2 partition 64 0\n", "a b c d e\n"])
def test_what_no_kernel_writes_is_unknown(tree: Tree, text: str) -> None:
    (result,) = nodecheck.run(root=str(tree({"proc/swaps": text})), select=["swap@now"]).results
    assert result.status is Status.UNKNOWN
    assert result.cause is not None
    assert result.cause.code == "malformed"


def test_offline_now_is_skipped(tree: Tree) -> None:
    (result,) = nodecheck.run(root=str(tree({"etc/fstab": ""})), select=["swap@now"]).results
    assert result.status is Status.SKIP


def test_a_root_without_etc_proves_nothing(tree: Tree) -> None:
    assert boot(tree({"proc/cpuinfo": ""})) == {None: Status.SKIP}
    assert boot(tree({"etc/hostname": "n1"})) == {None: Status.PASS}


def test_fixing_fstab_turns_the_failure_into_a_pass(tree: Tree) -> None:
    line = "/dev/mapper/cl-swap\tnone swap defaults 0 0"
    root = tree({"etc/fstab": f"/dev/sda1 / xfs defaults 0 0\n{line}\n{line}\nUUID=1-2 none swap sw,noauto\n"})
    (failure,) = nodecheck.run(root=str(root), select=["swap@boot"]).failures
    assert failure.fix is not None
    assert failure.fix.steps == (Edit("/etc/fstab", line, "# " + line),)
    text = (root / "etc/fstab").read_text().split("\n")
    (root / "etc/fstab").write_text("\n".join("# " + each if each == line else each for each in text))
    assert fails(root) == []


def test_the_first_of_two_lines_for_one_device_decides(tree: Tree) -> None:
    assert fails(tree({"etc/fstab": "/dev/sda2 none swap noauto\n/dev//sda2 none swap sw\n"})) == []
    assert fails(tree({"etc/fstab": "/dev/sda2 none swap sw\n/dev/sda2 none swap noauto\n"})) == ["/dev/sda2"]


@pytest.mark.parametrize(
    ("release", "words", "found"),
    [
        (EL9, "quiet", ["/dev/sda2"]),
        (EL9, "noswap", ["/dev/sda2"]),
        (EL9, "fstab=no", []),
        (EL9, "fstab=no fstab=yes", ["/dev/sda2"]),
        (EL9, "rd.fstab=no", ["/dev/sda2"]),
        (EL9, "systemd.swap=0", []),
        (EL9, "systemd.swap=off", []),
        (EL9, "systemd.swap=maybe", ["/dev/sda2"]),
        (EL7, "systemd.swap=0", ["/dev/sda2"]),
        (EL9, "systemd.mask=dev-sda2.swap", []),
        (EL9, "systemd.mask=swap.target", []),
        (EL7, "systemd.mask=swap.target", ["/dev/sda2"]),
        (EL9, "systemd.swap-extra=/dev/sdc", ["/dev/sda2"]),
        (DEBIAN12, "systemd.swap-extra=/dev/sdc", ["/dev/sda2"]),
        ("ID=debian\nVERSION_ID=13\n", "systemd.swap=0 systemd.swap-extra=/dev/sdc", ["/dev/sdc"]),
        ("ID=debian\nVERSION_ID=13\n", "fstab=no systemd.mount-extra=/dev/sdc:none:swap", ["/dev/sdc"]),
        ("ID=debian\nVERSION_ID=13\n", "fstab=no systemd.mount-extra=/dev/sdc:/x:ext4", []),
    ],
)
def test_the_command_line(tree: Tree, release: str, words: str, found: list[str]) -> None:
    root = tree({"etc/os-release": release, "etc/fstab": "/dev/sda2 none swap sw\n", "proc/cmdline": words + "\n"})
    assert fails(root) == found


@pytest.mark.parametrize(
    ("release", "unit", "found"),
    [
        (EL9, r"dev-disk-by\x2duuid-1\x2d2.swap", []),
        (EL7, r"dev-disk-by\x2duuid-1\x2d2.swap", []),
        (EL9, "dev-sda2.swap", ["UUID=1-2"]),
        (EL9, "swap.target", []),
        (EL7, "swap.target", ["UUID=1-2"]),
    ],
)
def test_masks(tree: Tree, release: str, unit: str, found: list[str]) -> None:
    root = tree({"etc/os-release": release, "etc/fstab": "UUID=1-2 none swap sw\n"})
    link(root, f"etc/systemd/system/{unit}", "/dev/null")
    assert fails(root) == found


def test_a_mask_in_run_is_gone_at_the_next_boot(tree: Tree) -> None:
    root = tree({"etc/fstab": "/dev/sda2 none swap sw\n"})
    link(root, "run/systemd/system/dev-sda2.swap", "/dev/null")
    assert fails(root) == ["/dev/sda2"]


def test_native_units_need_something_that_pulls_them_in(tree: Tree) -> None:
    root = tree({"etc/systemd/system/dev-sdb1.swap": UNIT + "[Install]\nWantedBy=swap.target\n"})
    assert fails(root) == []
    link(root, "etc/systemd/system/swap.target.wants/dev-sdb1.swap", "/etc/systemd/system/dev-sdb1.swap")
    (failure,) = nodecheck.run(root=str(root), select=["swap@boot"]).failures
    assert failure.subject == "/dev/sdb1"
    assert failure.fix is not None
    assert failure.fix.steps == (Command(("systemctl", "disable", "--", "dev-sdb1.swap")),)
    (root / "etc/systemd/system/swap.target.wants/dev-sdb1.swap").unlink()
    assert fails(root) == []


def test_disabling_does_not_undo_what_another_units_text_pulls_in(tree: Tree) -> None:
    root = tree(
        {
            "etc/systemd/system/swap-x.swap": "[Swap]\nWhat=/swap/x\n",
            "etc/systemd/system/swap.target.d/x.conf": "[Unit]\nRequires=swap-x.swap\n",
        }
    )
    (failure,) = nodecheck.run(root=str(root), select=["swap@boot"]).failures
    assert failure.fix is not None
    assert failure.fix.safety == "manual"


@pytest.mark.parametrize(
    ("owner", "found"),
    [("multi-user.target", ["/dev/sdb1"]), ("dev-sdb1.device", ["/dev/sdb1"]), ("rescue.target", [])],
)
def test_units_by_what_pulls_them_in(tree: Tree, owner: str, found: list[str]) -> None:
    root = tree({"usr/lib/systemd/system/dev-sdb1.swap": UNIT})
    link(root, f"etc/systemd/system/{owner}.wants/dev-sdb1.swap", "/usr/lib/systemd/system/dev-sdb1.swap")
    assert fails(root) == found


def test_units_that_another_unit_s_text_pulls_in(tree: Tree) -> None:
    root = tree(
        {
            "etc/systemd/system/dev-sdb1.swap": UNIT,
            "etc/systemd/system/a.service": "[Unit]\nAfter=x.target\n[Service]\nExecStart=/a\n",
        }
    )
    link(root, "etc/systemd/system/multi-user.target.wants/a.service", "/etc/systemd/system/a.service")
    assert fails(root) == []
    tree({"etc/systemd/system/a.service.d/x.conf": "[Unit]\nRequires=b.service dev-sdb1.swap\n"})
    assert fails(root) == ["/dev/sdb1"]


def test_a_noauto_line_that_another_unit_s_text_pulls_in(tree: Tree) -> None:
    root = tree({"etc/fstab": "/swap/l none swap noauto\n", "etc/os-release": DEBIAN12})
    assert fails(root) == []
    tree({"etc/systemd/system/rescue.target.d/10.conf": "[Unit]\nWants=swap-l.swap\n"})
    assert fails(root) == []
    tree({"etc/systemd/system/multi-user.target.d/10.conf": "[Unit]\nWants=swap-l.swap\n"})
    assert fails(root) == ["/swap/l"]


@pytest.mark.parametrize(
    ("options", "found"),
    [("sw", ["/swap/d"]), ("nofail", ["/swap/c", "/swap/d", "/swap/i"]), ("noauto", ["/swap/c", "/swap/d", "/swap/i"])],
)
def test_a_masked_unit_that_the_target_requires_takes_the_target_along(
    tree: Tree, options: str, found: list[str]
) -> None:
    """As Debian 12 booted: of such areas only one that something else pulls in came on."""
    root = tree(
        {
            "etc/os-release": DEBIAN12,
            "etc/fstab": f"/swap/h none swap {options}\n/swap/c none swap nofail\n",
            "etc/systemd/system/swap-d.swap": "[Swap]\nWhat=/swap/d\n",
            "etc/systemd/system/swap-i.swap": "[Swap]\nWhat=/swap/i\n",
        }
    )
    link(root, "etc/systemd/system/local-fs.target.wants/swap-d.swap", "/etc/systemd/system/swap-d.swap")
    link(root, "etc/systemd/system/swap.target.wants/swap-i.swap", "/etc/systemd/system/swap-i.swap")
    link(root, "etc/systemd/system/swap-h.swap", "/dev/null")
    assert sorted(str(area) for area in fails(root)) == found


def test_the_generator_refuses_to_format_a_file(tree: Tree) -> None:
    root = tree({"etc/fstab": "/swap/d none swap x-systemd.makefs\n/dev/sda2 none swap x-systemd.makefs\n"})
    assert fails(root) == ["/dev/sda2"]


def test_swapon_in_rc_local_and_in_units_of_the_administrator(tree: Tree) -> None:
    unit = "[Service]\nExecStart=/sbin/swapon -p 5 /swap/r\n[Install]\nWantedBy=multi-user.target\n"
    local = "#!/bin/sh\n# swapon /swap/p\nswapon /swap/q\nexit 0\nswapon /swap/o\n"
    root = tree({"etc/systemd/system/my.service": unit, "etc/rc.local": local, "etc/fstab": ""})
    (root / "etc/rc.local").chmod(0o644)
    assert fails(root) == []
    (root / "etc/rc.local").chmod(0o755)
    link(root, "etc/systemd/system/multi-user.target.wants/my.service", "/etc/systemd/system/my.service")
    assert sorted(str(area) for area in fails(root)) == ["/swap/q", "/swap/r"]
    link(root, "etc/systemd/system/rc-local.service", "/dev/null")
    assert fails(root) == ["/swap/r"]


def test_swapon_all_turns_on_what_the_command_line_takes_from_the_generator(tree: Tree) -> None:
    root = tree({"etc/fstab": "/dev/sda2 none swap sw\n/dev/sdb2 none swap noauto\n", "proc/cmdline": "fstab=no\n"})
    assert fails(root) == []
    tree({"etc/rc.local": "#!/bin/sh\nswapon -a\n"})
    (root / "etc/rc.local").chmod(0o755)
    assert fails(root) == ["/dev/sda2"]


@pytest.mark.parametrize(
    ("local", "options", "on"),
    [
        ("swapoff -a\n", "sw", False),
        ("/sbin/swapoff --all || true\n", "sw", False),
        ("exit 0\nswapoff -a\n", "sw", True),
        ("swapoff /dev/sdb2\n", "sw", True),
        ("if false; then\n  swapoff -a\nfi\n", "sw", True),
        ("test x = y && swapoff -a\n", "sw", True),
        ("swapoff -a\n", "sw,nofail", True),
    ],
)
def test_swapoff_in_rc_local_turns_off_what_a_boot_turned_on(tree: Tree, local: str, options: str, on: bool) -> None:
    root = tree({"etc/fstab": f"/dev/sda2 none swap {options}\n", "etc/rc.local": f"#!/bin/sh\n{local}"})
    assert fails(root) == ["/dev/sda2"]
    (root / "etc/rc.local").chmod(0o755)
    assert fails(root) == (["/dev/sda2"] if on else [])


RC_SWAPOFF = "#!/bin/sh\nswapoff -a\n"


def test_swapoff_in_rc_local_turns_off_zram_too(tree: Tree) -> None:
    """As a Debian 13 node showed."""
    generator = "usr/lib/systemd/system-generators/zram-generator"
    root = tree({"usr/lib/systemd/zram-generator.conf": "[zram0]\n", generator: "", "etc/rc.local": RC_SWAPOFF})
    assert fails(root) == ["/dev/zram0"]
    (root / "etc/rc.local").chmod(0o755)
    assert fails(root) == []


@pytest.mark.parametrize(("first", "on"), [("", False), ("[Unit]\nDefaultDependencies=no\n", True)])
def test_swapoff_before_the_kubelet_starts(tree: Tree, first: str, on: bool) -> None:
    """Not where the unit's drop-in takes it out of the order of the boot."""
    root = tree(
        {
            "etc/fstab": "/dev/sda2 none swap sw\n",
            "usr/lib/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n",
            "etc/systemd/system/kubelet.service.d/20-swap.conf": f"{first}[Service]\nExecStartPre=-/sbin/swapoff -a\n",
        }
    )
    assert fails(root) == ["/dev/sda2"]
    link(root, "etc/systemd/system/multi-user.target.wants/kubelet.service", "/usr/lib/systemd/system/kubelet.service")
    assert fails(root) == (["/dev/sda2"] if on else [])


def test_a_unit_of_another_name_than_its_device_is_not_loaded(tree: Tree) -> None:
    root = tree({"etc/systemd/system/extra.swap": UNIT})
    link(root, "etc/systemd/system/swap.target.wants/extra.swap", "../extra.swap")
    assert fails(root) == []


def test_a_link_to_a_unit_that_is_elsewhere(tree: Tree) -> None:
    root = tree({"etc/hostname": "n1"})
    link(root, "etc/systemd/system/swap.target.wants/dev-sdb1.swap", "/usr/lib/systemd/system/dev-sdb1.swap")
    link(root, "etc/systemd/system/swap.target.wants/dev-sdc1.swap", "/etc/systemd/system/dev-sdc1.swap")
    assert fails(root) == ["/dev/sdb1"]


ZRAM = "etc/systemd/zram-generator.conf"
VENDOR = "usr/lib/systemd/zram-generator.conf"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({ZRAM: "[zram0]\n"}, ["/dev/zram0"]),
        ({ZRAM: "[zram0]\nzram-size = 0\n"}, []),
        ({ZRAM: "[zram0]\nfs-type = ext4\n"}, []),
        ({ZRAM: "# nothing\n"}, []),
        ({VENDOR: "[zram0]\n[zram1]\n"}, ["/dev/zram0", "/dev/zram1"]),
        ({VENDOR: "[zram0]\n", ZRAM: ""}, []),
        ({VENDOR: "[zram0]\n", "run/systemd/zram-generator.conf": ""}, ["/dev/zram0"]),
        ({f"{ZRAM}.d/x.conf": "[zram0]\n"}, ["/dev/zram0"]),
        ({f"{VENDOR}.d/x.conf": "[zram0]\n", f"{ZRAM}.d/x.conf": ""}, []),
        ({f"{ZRAM}.d/x.cfg": "[zram0]\n"}, []),
        ({ZRAM: "[zram0]\n", "proc/cmdline": "systemd.zram=0"}, []),
        ({ZRAM: "[zram0]\n", "proc/cmdline": "systemd.swap=0 fstab=no"}, ["/dev/zram0"]),
        ({"etc/hostname": "n1", "proc/cmdline": "systemd.zram"}, ["/dev/zram0"]),
        ({ZRAM: "[zram0]\n", "usr/lib/systemd/systemd": "ELF"}, []),
        (
            {
                ZRAM: "[zram0]\n",
                "usr/lib/systemd/systemd": "ELF",
                "usr/lib/systemd/system-generators/zram-generator": "",
            },
            ["/dev/zram0"],
        ),
        ({ZRAM: "[zram0]\n", "etc/systemd/system-generators/zram-generator": ""}, []),
        ({ZRAM: "[zram0]\n", "etc/systemd/system/systemd-zram-setup@zram0.service": ""}, []),
        ({ZRAM: b"\xff\xfe[zram0]\n"}, []),
    ],
)
def test_zram_generator(tree: Tree, files: dict[str, str | bytes], found: list[str]) -> None:
    assert fails(tree(files)) == found


def test_an_empty_file_hides_the_vendor_s_zram(tree: Tree) -> None:
    root = tree({VENDOR: "[zram0]\n"})
    (failure,) = nodecheck.run(root=str(root), select=["swap@boot"]).failures
    assert failure.fix is not None
    (step,) = failure.fix.steps
    assert step == Create("/etc/systemd/zram-generator.conf", "0644", "")
    assert fails(tree({ZRAM: ""})) == []


def test_zram_by_memory_is_the_node_s_to_tell(tree: Tree) -> None:
    text = "[zram0]\nhost-memory-limit = 2048\n"
    assert boot(tree({ZRAM: text})) == {"/dev/zram0": Status.SKIP}
    assert fails(tree({"proc/meminfo": "MemTotal:  1024000 kB\n"})) == ["/dev/zram0"]
    assert fails(tree({"proc/meminfo": "MemTotal:  8024000 kB\n"})) == []


def test_services(tree: Tree) -> None:
    root = tree({"usr/lib/systemd/system/zramswap.service": "[Service]\nExecStart=/usr/sbin/zramswap start\n"})
    tree({"etc/hostname": "n1", "etc/default/zramswap": "PERCENT=50\n"})
    assert fails(root) == []
    link(
        root,
        "etc/systemd/system/multi-user.target.wants/zramswap.service",
        "/usr/lib/systemd/system/zramswap.service",
    )
    (failure,) = nodecheck.run(root=str(root), select=["swap@boot"]).failures
    assert failure.subject == "/dev/zram0"
    assert failure.fix is not None
    assert failure.fix.steps == (Command(("systemctl", "disable", "--", "zramswap.service")),)
    link(root, "etc/systemd/system/zramswap.service", "/dev/null")
    assert fails(root) == []


def test_swap_create_instances(tree: Tree) -> None:
    root = tree({"usr/lib/systemd/system/swap-create@.service": "[Service]\nType=oneshot\nExecStart=/x\n"})
    link(
        root,
        "etc/systemd/system/multi-user.target.wants/swap-create@zram0.service",
        "/usr/lib/systemd/system/swap-create@.service",
    )
    assert fails(tree({"etc/hostname": "n1"})) == ["/dev/zram0"]


def test_dphys_swapfile(tree: Tree) -> None:
    assert fails(tree({"etc/dphys-swapfile": "CONF_SWAPFILE=/var/swap2\n"})) == ["/var/swap2"]
    assert fails(tree({"etc/dphys-swapfile": "CONF_SWAPSIZE=0\n"})) == []
    root = tree({"etc/dphys-swapfile": "CONF_SWAPSIZE=100\n", "etc/init.d/dphys-swapfile": "#!/bin/sh\n"})
    assert fails(root) == []
    link(root, "etc/rc2.d/S01dphys-swapfile", "../init.d/dphys-swapfile")
    assert fails(root) == ["/var/swap"]


def test_openrc_takes_a_service_from_the_runlevels_that_it_is_in(tree: Tree) -> None:
    """rc-update(8) with all levels (-a) fails for each that the service is not in."""
    root = tree({"etc/os-release": "ID=alpine\n", "sbin/openrc": "", "etc/init.d/zram": "", "etc/init.d/x": ""})
    for level, name in (("sysinit", "x"), ("boot", "zram"), ("default", "zram")):
        link(root, f"etc/runlevels/{level}/{name}", f"/etc/init.d/{name}")
    (failure,) = nodecheck.run(root=str(root), select=["swap@boot"]).failures
    assert failure.fix is not None
    assert failure.fix.steps == (Command(("rc-update", "del", "zram", "boot", "default")),)


def test_upstart_jobs(tree: Tree) -> None:
    root = tree(
        {"etc/os-release": "ID=ubuntu\nVERSION_ID=14.04\n", "etc/init/zram-config.conf": "start on runlevel [2345]"}
    )
    assert fails(root) == ["/dev/zram0"]


def test_a_kubelet_that_tolerates_swap_makes_it_info(tree: Tree) -> None:
    config = "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nfailSwapOn: false\n"
    root = tree({"etc/fstab": "/dev/sda2 none swap sw\n", "var/lib/kubelet/config.yaml": config})
    (failure,) = nodecheck.run(root=str(root), select=["swap"]).failures
    assert failure.severity is Severity.INFO
    tree({"var/lib/kubelet/config.yaml": "{"})
    (failure,) = nodecheck.run(root=str(root), select=["swap"]).failures
    assert failure.severity is Severity.ERROR


def test_a_root_with_systemd_lacks_the_generators_that_it_lacks(tree: Tree) -> None:
    root = tree({"etc/fstab": "/dev/sda2 none swap sw\n", "usr/lib/systemd/systemd": "ELF"})
    assert fails(root) == []
    tree({"usr/lib/systemd/system-generators/systemd-fstab-generator": "ELF"})
    assert fails(root) == ["/dev/sda2"]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"etc/os-release": "ID=alpine\nVERSION_ID=3.20\n"}, ["/dev/sda2", "/dev/sda3"]),
        ({"etc/os-release": "ID=alpine\n", "etc/runlevels/boot/localmount": ""}, []),
        ({"etc/os-release": "ID=alpine\n", "etc/runlevels/boot/swap": ""}, ["/dev/sda2", "/dev/sda3"]),
        ({"etc/redhat-release": "CentOS release 6.10 (Final)\n"}, ["/dev/sda2", "/dev/sda3"]),
        ({"etc/os-release": "ID=talos\n"}, []),
        ({"etc/os-release": "ID=debian\nVERSION_ID=12\n"}, ["/dev/sda2", "/dev/sda4"]),
    ],
)
def test_other_inits_run_swapon(tree: Tree, files: dict[str, str | bytes], found: list[str]) -> None:
    fstab = "/dev/sda2 none swap sw\n/dev/sda3 none swap\r\n/dev/sda4 none swap noauto,auto\n"
    assert fails(tree({**files, "etc/fstab": fstab})) == found


SOURCES = ("etc/fstab", ZRAM, "etc/os-release", "etc/dphys-swapfile", f"{ZRAM}.d/x.conf", "proc/cmdline")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["directory", "fifo", "loop", "large", "denied"])
def test_a_source_that_cannot_be_read_is_never_a_pass(tree: Tree, source: str, kind: str) -> None:
    root = tree({"etc/hostname": "n1", "etc/os-release": EL9, "etc/fstab": "", source: "x"})
    path = root / source
    path.unlink()
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    else:
        with path.open("wb") as file:
            file.truncate(1 << 30 if kind == "large" else 1)
        path.chmod(0o000 if kind == "denied" else 0o644)
    with modes_hold():
        assert boot(root) == {None: Status.UNKNOWN}


def test_a_failure_is_told_beside_a_source_that_cannot_be_read(tree: Tree) -> None:
    root = tree({"etc/fstab": "/dev/sda2 none swap sw\n"})
    (root / ZRAM).mkdir(parents=True)
    assert boot(root) == {"/dev/sda2": Status.FAIL, None: Status.UNKNOWN}


def test_a_unit_that_cannot_be_read_is_unknown_by_its_name(tree: Tree) -> None:
    root = tree({"etc/hostname": "n1"})
    link(root, "etc/systemd/system/dev-sdb1.swap", "dev-sdb1.swap")
    link(root, "etc/systemd/system/swap.target.wants/dev-sdb1.swap", "../dev-sdb1.swap")
    found = boot(root)  # and a text that cannot be read may pull in what turns on anything
    assert found["/dev/sdb1"] == Status.UNKNOWN
    assert set(found.values()) == {Status.UNKNOWN}


GPT = {
    "proc/self/mountinfo": "22 1 8:3 / / rw - ext4 /dev/sda3 rw\n",
    "sys/class/block/sda2/dev": "8:2\n",
    "sys/class/block/sda/sda2/dev": "8:2\n",
    "run/udev/data/b8:2": "E:ID_PART_ENTRY_SCHEME=gpt\nE:ID_PART_ENTRY_TYPE=0657fd6d-a4ab-43c4-84e5-0933c84b4f4f\n"
    "E:ID_PART_ENTRY_NUMBER=2\n",
    "sys/devices/block/sda/sda3/partition": "3\n",
    "etc/hostname": "n1",
}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, ["/dev/sda2"]),
        ({"proc/cmdline": "systemd.gpt_auto=0"}, []),
        ({"proc/cmdline": "systemd.gpt-auto=no"}, []),
        ({"proc/cmdline": "systemd.swap=0"}, []),
        ({"proc/cmdline": "systemd.swap=0", "etc/os-release": EL9}, ["/dev/sda2"]),
        ({"etc/fstab": "/dev/sdx none swap noauto\n"}, []),
        ({"etc/fstab": "/dev/sdx none swap noauto\n", "proc/cmdline": "fstab=no"}, ["/dev/sda2"]),
        ({"run/udev/data/b8:2": GPT["run/udev/data/b8:2"] + "E:ID_PART_ENTRY_FLAGS=0x8000000000000000\n"}, []),
        ({"run/udev/data/b8:2": "E:ID_PART_ENTRY_SCHEME=dos\nE:ID_PART_ENTRY_TYPE=0x82\n"}, []),
        ({"usr/lib/systemd/systemd": "ELF"}, []),
    ],
)
def test_gpt_partitions(tree: Tree, files: dict[str, str | bytes], found: list[str]) -> None:
    root = tree({**GPT, **files})
    link(root, "sys/dev/block/8:3", "../../devices/block/sda/sda3")
    assert fails(root) == found
