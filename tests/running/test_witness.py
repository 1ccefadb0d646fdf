"""The present may take a pass of the boot view away, where nothing else explains it, and does nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from nodecheck.checking import Results, check, fail, ok, seen
from nodecheck.checking.declare import ExplainedRule
from nodecheck.facts.services.running import LIST
from nodecheck.host import Host
from nodecheck.model.outcomes import Result
from nodecheck.report import Report
from nodecheck.testing import judge, run, write_tree
from tests.live_tree import LiveTree
from tests.nodes import debian_node

SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/swapfile file\t\t524284\t\t0\t\t-2\n"
FORWARD = "net.ipv4.ip_forward"
AREA_UNIT = "swapfile.swap"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return debian_node(tmp_path)


class Motd(NamedTuple):
    text: str

    @classmethod
    def read(cls, host: Host) -> Motd:
        return cls(host.read("/etc/motd").decode())


def swap(host: LiveTree) -> Report:
    return judge("swap", host)


def told(result: Result) -> tuple[str, str | None]:
    return result.status.value, None if result.cause is None else result.cause.code


UNEXPLAINED = ("unknown", "unexplained")


def test_swap_that_no_file_turns_on_takes_the_pass_away(tree: Path) -> None:
    (tree / "proc/swaps").write_text(SWAPS)
    report = swap(LiveTree(tree))

    assert report["swap[/swapfile]"].status == "fail"
    found = report["swap@boot"]
    assert told(found) == UNEXPLAINED
    assert "511 MiB of swap are active on the file /swapfile" in found.message
    assert "nothing turns swap on at boot" in found.message
    assert {item.source for item in found.evidence} >= {"/proc/swaps", "/etc/fstab"}
    assert report.exit_code == 1


def test_a_node_without_swap_keeps_its_pass(tree: Path) -> None:
    report = swap(LiveTree(tree))

    assert (report["swap"].status, report["swap@boot"].status) == ("pass", "pass")


def test_a_failure_of_the_boot_view_stays_with_its_fix(tree: Path) -> None:
    """Swapon by hand, and a line of fstab for another area: what that view is for."""
    write_tree(tree, {"etc/fstab": "/dev/sdb1 none swap sw 0 0\n"})
    before = swap(LiveTree(tree))
    (tree / "proc/swaps").write_text(SWAPS)
    after = swap(LiveTree(tree))

    name = "swap[/dev/sdb1]@boot"
    assert after[name].status == "fail"
    assert after[name].fix == before[name].fix
    assert after[name].fix is not None


def test_a_sysctl_that_is_another_now(tree: Path) -> None:
    write_tree(tree, {"proc/sys/net/ipv4/ip_forward": "0\n"})
    found = judge("sysctl", LiveTree(tree))[f"sysctl[{FORWARD}]@boot"]

    assert told(found) == UNEXPLAINED
    assert f"{FORWARD} is 0" in found.message


def test_a_sysctl_set_by_hand_contradicts_nothing(tree: Path) -> None:
    (tree / "etc/sysctl.d/k8s.conf").unlink()
    write_tree(tree, {"proc/sys/net/ipv4/ip_forward": "1\n"})
    report = judge("sysctl", LiveTree(tree))

    assert report[f"sysctl[{FORWARD}]"].status == "pass"
    assert report[f"sysctl[{FORWARD}]@boot"].status == "fail"


def test_a_module_loaded_by_hand_contradicts_nothing(tree: Path) -> None:
    (tree / "etc/modules-load.d/k8s.conf").unlink()
    report = judge("kernel-module", LiveTree(tree), parameters={"require": ["br_netfilter"]})

    assert report["kernel-module[br_netfilter]"].status == "pass"
    assert report["kernel-module[br_netfilter]@boot"].status == "fail"


def written(path: str, text: str) -> Callable[[Path], None]:
    def act(tree: Path) -> None:
        write_tree(tree, {path: text})

    return act


def removed(path: str) -> Callable[[Path], None]:
    return lambda tree: (tree / path).unlink()


def synced(path: str) -> Callable[[Path], None]:
    """As ``rsync -a`` lays a file: its time of modification is an old one."""

    def act(tree: Path) -> None:
        write_tree(tree, {path: "[Unit]\n"})
        os.utime(tree / path, (1, 1))

    return act


CHANGES = {
    "a file of the boot is written": written("etc/fstab", "# nothing\n"),
    "a file is taken away": removed("etc/machine-id"),
    "a unit comes by rsync -a": synced("etc/systemd/system/x.service"),
    "a file comes where none was": written("etc/systemd/zram-generator.conf", ""),
    "a unit of the packages": written("usr/lib/systemd/system/other.service", "[Service]\nExecStart=/bin/true\n"),
    "a mode": lambda tree: (tree / "etc/fstab").chmod(0o600),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_files_that_changed_after_the_boot_say_nothing_of_it(tree: Path, change: Callable[[Path], None]) -> None:
    (tree / "proc/swaps").write_text(SWAPS)
    (tree / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
    host = LiveTree(tree)
    change(tree)

    assert swap(host)["swap@boot"].status == "pass"


def test_what_lies_in_run_or_proc_may_change(tree: Path) -> None:
    host = LiveTree(tree)
    write_tree(tree, {"proc/swaps": SWAPS, "run/systemd/system/x.service": "[Service]\nExecStart=/bin/true\n"})

    assert told(swap(host)["swap@boot"]) == UNEXPLAINED


def test_units_that_are_masked_and_links_to_run_are_of_each_boot(tree: Path) -> None:
    (tree / "proc/swaps").write_text(SWAPS)
    units = tree / "etc/systemd/system"
    (units / "other.service").symlink_to("/dev/null")
    (units / "made.service").symlink_to("../../../run/made.service")
    (tree / "dev").mkdir(exist_ok=True)
    host = LiveTree(tree)
    write_tree(tree, {"run/made.service": "[Service]\nExecStart=/bin/true\n", "dev/null": ""})

    assert told(swap(host)["swap@boot"]) == UNEXPLAINED


def odd_boots() -> dict[str, Callable[[LiveTree, Path], None]]:
    def cmdline(host: LiveTree, tree: Path) -> None:
        grub = (tree / "boot/grub/grub.cfg").read_text().replace(" quiet", " splash")
        write_tree(tree, {"boot/grub/grub.cfg": grub})

    def other_root(host: LiveTree, tree: Path) -> None:
        write_tree(tree, {"proc/self/mountinfo": "22 1 8:9 / / rw - ext4 /dev/sda9 rw\n"})

    def no_root(host: LiveTree, tree: Path) -> None:
        write_tree(tree, {"proc/self/mountinfo": "30 1 8:9 / /proc rw - proc proc rw\n"})

    def clock(host: LiveTree, tree: Path) -> None:
        write_tree(tree, {"proc/stat": f"btime {host.booted_s + 60}\n"})

    def unended(host: LiveTree, tree: Path) -> None:
        host.told[2] = "0"

    def user(host: LiveTree, tree: Path) -> None:
        host.user = 1000

    def container(host: LiveTree, tree: Path) -> None:
        write_tree(tree, {"run/systemd/container": "systemd-nspawn\n"})

    def odd_answer(host: LiveTree, tree: Path) -> None:
        host.told[1] = "soon"

    def other_init(host: LiveTree, tree: Path) -> None:
        (tree / "run/systemd/system/.here").unlink()
        (tree / "run/systemd/system").rmdir()

    return {name: act for name, act in locals().items() if callable(act)}


@pytest.mark.parametrize("name", odd_boots())
def test_a_present_that_another_boot_made_says_nothing(tree: Path, name: str) -> None:
    (tree / "proc/swaps").write_text(SWAPS)
    host = LiveTree(tree)
    odd_boots()[name](host, tree)

    found = swap(host)
    boots = [result for result in found if result.view == "boot"]
    assert boots
    assert all(told(result) != UNEXPLAINED for result in boots)


def test_swap_turned_on_by_hand_is_told_so(tree: Path) -> None:
    (tree / "proc/swaps").write_text(SWAPS)
    host = LiveTree(tree)
    host.units[AREA_UNIT] = 30_000_000 + 40 * 60_000_000
    found = swap(host)["swap@boot"]

    assert found.status == "pass"
    assert "swap on /swapfile was turned on by hand, 40 minutes after the boot" in found.message


def test_swap_that_came_with_the_boot_is_not(tree: Path) -> None:
    (tree / "proc/swaps").write_text(SWAPS)
    host = LiveTree(tree)
    host.units[AREA_UNIT] = 30_000_000 + 14 * 60_000_000

    assert told(swap(host)["swap@boot"]) == UNEXPLAINED


def service(host: LiveTree, state: str) -> Report:
    host.answers[LIST] = f"chronyd.service loaded {state} NTP\n"
    return judge("service", host, parameters={"require": ["chronyd"]})


def boots_chronyd(tree: Path) -> Path:
    wants = tree / "etc/systemd/system/multi-user.target.wants/chronyd.service"
    if not wants.is_symlink():
        wants.parent.mkdir(parents=True, exist_ok=True)
        wants.symlink_to("/usr/lib/systemd/system/chronyd.service")
    write_tree(tree, {"usr/sbin/chronyd": "\x7fELF"})
    (tree / "usr/sbin/chronyd").chmod(0o755)
    return tree


def test_a_service_that_was_stopped_kept_its_prediction(tree: Path) -> None:
    host = LiveTree(boots_chronyd(tree))
    host.units["chronyd.service"] = 9_000_000
    found = service(host, "inactive dead")

    assert found["service[chronyd]"].status == "fail"
    assert found["service[chronyd]@boot"].status == "pass"
    assert "chronyd.service ran since the boot" in found["service[chronyd]@boot"].message


def test_a_service_that_never_ran_did_not(tree: Path) -> None:
    found = service(LiveTree(boots_chronyd(tree)), "failed failed")

    assert found["service[chronyd]"].status == "fail"
    assert told(found["service[chronyd]@boot"]) == UNEXPLAINED


def test_a_kubelet_before_its_node_joins(tree: Path) -> None:
    for path in ("etc/kubernetes/kubelet.conf", "var/lib/kubelet/config.yaml"):
        (tree / path).unlink()
    wants = tree / "etc/systemd/system/multi-user.target.wants/kubelet.service"
    wants.parent.mkdir(parents=True, exist_ok=True)
    if not wants.is_symlink():
        wants.symlink_to("/usr/lib/systemd/system/kubelet.service")
    write_tree(tree, {"usr/bin/kubelet": "\x7fELF"})
    (tree / "usr/bin/kubelet").chmod(0o755)
    host = LiveTree(tree)
    host.answers[LIST] = "kubelet.service loaded activating auto-restart kubelet\n"
    report = judge("service", host, parameters={"require": ["kubelet"]})

    assert report["service[kubelet]"].status == "pass"
    assert told(report["service[kubelet]@boot"]) != UNEXPLAINED


def test_a_waived_failure_contradicts_nothing(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Who waives it knows of it: the run exits as before."""
    (tree / "proc/swaps").write_text(SWAPS)
    waivers = tmp_path_factory.mktemp("site") / "waivers.toml"
    told = {"select": '"swap[/swapfile]"', "reason": '"a test"', "owner": '"me"', "expires": "2099-01-01"}
    lines = ['schema = "nodecheck.waivers/1"', "[[waiver]]", *[f"{key} = {value}" for key, value in told.items()]]
    waivers.write_text("\n".join(lines))
    report = run(LiveTree(tree), select=["swap"], waivers=[os.fspath(waivers)])

    assert report["swap[/swapfile]"].status == "waived"
    assert report["swap@boot"].status == "pass"


def _raises(subject: str | None, motd: Motd) -> str | None:
    raise ValueError("token=abcdefghijkl \x1b[2J")


def _of_another_kind(subject: str | None, motd: Motd) -> str | None:
    return 5  # type: ignore[return-value]


@pytest.mark.parametrize("rule", [_raises, _of_another_kind, "no_such_module:rule"])
def test_a_rule_of_a_plugin_that_cannot_be_asked_explains_nothing(tree: Path, rule: str | ExplainedRule) -> None:
    @check(explained=rule)
    def sample(motd: Motd) -> Results:
        """Sample."""
        yield fail("it is otherwise now", evidence=[seen("/etc/motd", "x")])

    @sample.at_boot
    def sample_boot(motd: Motd) -> Results:
        """Sample."""
        yield ok("it will be well")

    write_tree(tree, {"etc/motd": "x"})
    report = judge(sample, LiveTree(tree))

    assert report["sample"].status == "fail"
    assert told(report["sample@boot"]) == ("unknown", "crashed")
    assert not any(text in report["sample@boot"].message for text in ("abcdefghijkl", "\x1b"))
    assert Report.from_json(report.to_json()) == report


def test_the_whole_of_a_healthy_node_is_explained(tree: Path) -> None:
    report = run(LiveTree(tree))

    assert [result.id for result in report if told(result) == UNEXPLAINED] == []


@pytest.mark.skipif(not os.path.exists("/usr/bin/rsync"), reason="needs rsync")
def test_rsync_itself(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (tree / "proc/swaps").write_text(SWAPS)
    source = write_tree(tmp_path_factory.mktemp("source"), {"fstab": "# laid\n"})
    os.utime(source / "fstab", (1, 1))
    host = LiveTree(tree)
    subprocess.run(["rsync", "-a", f"{source}/fstab", f"{tree}/etc/fstab"], check=True)

    assert swap(host)["swap@boot"].status == "pass"
