"""The configurations of the next boot: how they are drawn, and how predictions are compared with what came."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import nodecheck
from nodecheck.testing import Entry, write_tree
from tests.vm.__main__ import main
from tests.vm.boots import Kept, compared, judged_again, truth_script
from tests.vm.plants.boots import configuration, configurations
from tests.vm.states import SEED
from tests.vm.test_vm import outcomes, report, row


@pytest.mark.parametrize("number", range(60))
def test_the_script_of_a_configuration_is_one(number: int) -> None:
    one = configuration(number, SEED)
    for text in (one.script, truth_script(one.asked_s)):
        subprocess.run(["sh", "-n"], input=text.encode(), check=True)
    assert one.drawn
    assert all(one.drawn)


def test_configurations_are_the_same_each_time() -> None:
    assert list(configurations(3, 7)) == list(configurations(3, 7))
    assert list(configurations(3, 7)) != list(configurations(3, 8))
    assert len({one.script for one in configurations(60, SEED)}) == 60


def test_each_topic_is_drawn() -> None:
    told = " | ".join([text for one in configurations(60, SEED) for text in one.drawn])
    for word in (
        "by GRUB_DEFAULT", "default by saved", "default by next", "default by custom.cfg", "default by own entry",
        "systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE", "cgroup_disable=", "cgroup_no_v1=",
        "sysctl.d/", "sysctl.conf", "no tree of the old", "no modules.dep of the new", "logind.conf.d/", "a mask of",
        "shutdownGracePeriod", "priorities", "system.conf.d", "no menu is made yet",
    ):  # fmt: skip
        assert word in told


BEFORE = (
    row("cgroup-version@boot", "fail", actual="v2 without it"),
    row("cgroup-controller[pids]@boot", "pass", actual="on"),
    row("cgroup-controller[cpuacct]@boot", "skip"),
    row("kernel-next@boot", "pass", actual="6.1.0-1"),
    row("kubelet-defaults[kernel.panic]@boot", "pass", actual="10"),
    row("sysctl[a]@boot", "unknown"),
    row("shutdown-inhibit@boot", "fail"),
    row("module-tree@boot", "pass"),
)
AFTER = (
    row("cgroup-version", "fail"), row("cgroup-controller[pids]", "pass"), row("cgroup-controller[cpuacct]", "skip"),
    row("kernel-next", "fail"), row("kubelet-defaults[kernel.panic]", "pass"), row("sysctl[a]", "pass"),
    row("module-tree", "pass"),
)  # fmt: skip
TRUTH = {
    "cgroup-version": "v2", "cgroup-controller[pids]": "pass", "kernel-next": "6.1.0-1",
    "kubelet-defaults[kernel.panic]": "10", "sysctl[a]": "1", "shutdown-inhibit": "fail",
}  # fmt: skip


def test_predictions_are_compared_with_what_is_so() -> None:
    found = outcomes(compared(report(*BEFORE), report(*AFTER), TRUTH))
    assert found == {
        "cgroup-version@boot": "right",
        "cgroup-controller[pids]@boot": "right",
        "kernel-next@boot": "right",
        "kubelet-defaults[kernel.panic]@boot": "right",
        "sysctl[a]@boot": "unknown",
        "shutdown-inhibit@boot": "right",
        "module-tree@boot": "right",
    }


@pytest.mark.parametrize(
    ("wrong", "truth", "after"),
    [
        ("cgroup-version@boot", {"cgroup-version": "hybrid"}, {}),
        ("cgroup-controller[pids]@boot", {"cgroup-controller[pids]": "fail"}, {}),
        ("cgroup-controller[pids]@boot", {}, {"cgroup-controller[pids]": "fail"}),
        ("cgroup-controller[cpuacct]@boot", {}, {"cgroup-controller[cpuacct]": "pass"}),
        ("kernel-next@boot", {"kernel-next": "6.12.1"}, {}),
        ("kubelet-defaults[kernel.panic]@boot", {"kubelet-defaults[kernel.panic]": "0"}, {}),
        ("shutdown-inhibit@boot", {"shutdown-inhibit": "pass"}, {}),
        ("module-tree@boot", {}, {"module-tree": "fail"}),
        ("kernel-module[dummy]@boot", {}, {"kernel-module[dummy]": "fail"}),  # which nothing predicted
    ],
)
def test_a_prediction_that_does_not_come_true_is_wrong(
    wrong: str, truth: dict[str, str], after: dict[str, str]
) -> None:
    plain = {one["id"]: one for one in AFTER}
    rows = {**plain, **{name: row(name, status) for name, status in after.items()}}
    found = outcomes(compared(report(*BEFORE), report(*rows.values()), {**TRUTH, **truth}))
    assert {name for name, outcome in found.items() if outcome == "wrong"} == {wrong}


def test_what_is_kept_is_judged_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "systemd.unified_cgroup_hierarchy=0"
    files: dict[str, Entry] = {
        "/boot/grub/grub.cfg": f"menuentry a {{\n linux /boot/vmlinuz-6.1.0-9-amd64 {words}\n}}\n",
        "/usr/lib/os-release": "ID=debian\nVERSION_ID=12\n",
        "/usr/lib/systemd/systemd": "",
        "/usr/lib/systemd/libsystemd-shared-252.so": "",
    }
    one, kept = configuration(0, SEED), Kept(tmp_path)
    (tmp_path / f"{one.name}.capture").write_bytes(nodecheck.capture(root=write_tree(tmp_path / "root", files)))
    kept.keep(one, report(), {})
    (first,) = judged_again(tmp_path)
    came = [row(one.id.removesuffix("@boot"), "fail") for one in first.verdicts if one.said != "skip"]
    for version, wrong in (("hybrid", False), ("v2", True)):
        kept.keep(one, report(*came), {"cgroup-version": version})
        (found,) = judged_again(tmp_path)
        verdict = next(one for one in found.verdicts if one.id == "cgroup-version@boot")
        assert (verdict.outcome == "wrong") is wrong
    assert main(["--again", str(tmp_path)]) == 1
    assert f"boot {SEED}.0: boot cgroup-version@boot: said hybrid, is v2" in capsys.readouterr().out
