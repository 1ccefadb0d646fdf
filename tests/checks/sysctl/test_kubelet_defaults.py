"""The kernel parameters that a kubelet protects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodecheck.checking import Lazy
from nodecheck.facts import KubeletConfig, RunningSysctls, Target
from nodecheck.model.steps import Command, Create, Edit, Fix
from nodecheck.report import Report
from nodecheck.testing import Entry, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.sysctl.kubelet_defaults import DEFAULTS, kubelet_defaults, protected
from tests.fix.apply import write

KEYS = [row.name for row in DEFAULTS]
UNIT = "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml\n"
CONFIG = """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
protectKernelDefaults: true
readOnlyPort: 0
"""


def proc_sys(**changes: str) -> dict[str, Entry]:
    return {f"/proc/sys/{row.name.replace('.', '/')}": changes.get(row.name, row.wanted) + "\n" for row in DEFAULTS}


def node(root: Path, entries: dict[str, Entry], config: str = CONFIG) -> Path:
    """A node that systemd boots, whose kubelet has this configuration."""
    files: dict[str, Entry] = {
        "/etc/systemd/system/kubelet.service": UNIT,
        "/usr/bin/kubelet": "",
        "/usr/lib/systemd/systemd-sysctl": "",
        "/var/lib/kubelet/config.yaml": config,
    }
    return write_tree(root, {**files, **entries})


def ids(view: str, status: str, **others: str) -> dict[str, str]:
    return {f"kubelet-defaults[{key}]{view}": others.get(key, status) for key in KEYS}


@pytest.mark.parametrize(("value", "status"), [("1", "pass"), ("0", "fail"), ("x", "unknown")])
def test_judgement(tmp_path: Path, value: str, status: str) -> None:
    running = RunningSysctls(record(write_tree(tmp_path, proc_sys(**{"vm.overcommit_memory": value}))))
    nothing: Any = Lazy(lambda: None)
    kubelet = Lazy(lambda: KubeletConfig(present=True))
    (outcome,) = kubelet_defaults(
        "vm.overcommit_memory", None, running, kubelet, Lazy(Target), nothing, nothing, nothing, nothing, nothing
    )

    assert outcome.status == status
    assert (status == "fail") == outcome.message.endswith(DEFAULTS.at("vm.overcommit_memory", (1, 34)).reason)


def test_a_kubelet_that_protects_nothing() -> None:
    for kubelet, message in (
        (KubeletConfig(), "there is no kubelet"),
        (KubeletConfig(present=True), "sets them itself"),
    ):
        (outcome,) = protected(kubelet, Target())
        assert not isinstance(outcome, str)
        assert (outcome.status, message in outcome.message) == ("skip", True)


@pytest.mark.parametrize(
    "config", ["", CONFIG.replace("true", "false"), CONFIG.replace("protectKernelDefaults: true\n", "")]
)
def test_it_does_not_apply(tmp_path: Path, config: str) -> None:
    config = config or "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
    report = judge(kubelet_defaults, node(tmp_path, proc_sys(**{"kernel.panic": "0"}), config))

    assert_verdicts(report, {"kubelet-defaults": "skip", "kubelet-defaults@boot": "skip"})
    assert {result.cause.code for result in report if result.cause} == {"not-applicable"}


def test_a_configuration_that_the_kubelet_refuses(tmp_path: Path) -> None:
    report = judge(kubelet_defaults, node(tmp_path, {}, CONFIG.replace("true", "[]")))

    assert_verdicts(report, {"kubelet-defaults": "unknown", "kubelet-defaults@boot": "unknown"})


def now(root: Path, **changes: str) -> Report:
    return judge(kubelet_defaults, node(root, proc_sys(**changes)), view="now")


def test_now(tmp_path: Path) -> None:
    assert_verdicts(now(tmp_path / "a"), ids("", "pass"))
    others = {"kernel.panic": "fail", "vm.panic_on_oom": "unknown"}
    report = now(tmp_path / "b", **{"kernel.panic": "0", "vm.panic_on_oom": "x"})

    assert_verdicts(report, ids("", "pass", **others))
    assert [seen[:3] for seen in report["kubelet-defaults[kernel.panic]"].evidence] == [
        ("/proc/sys/kernel/panic", None, "0"),
        ("/var/lib/kubelet/config.yaml", "line 3", "protectKernelDefaults: true"),
    ]


def test_a_replay_of_now(tmp_path: Path) -> None:
    recording = record(node(tmp_path, proc_sys(**{"kernel.panic": "0"})))
    recording.running = True
    judge(kubelet_defaults, recording, view="now")
    again = judge(kubelet_defaults, replay(recording.to_data()), view="now")

    assert_verdicts(again, ids("", "pass", **{"kernel.panic": "fail"}))


def test_an_image_tells_nothing_of_now(tmp_path: Path) -> None:
    assert {
        result.cause.code for result in judge(kubelet_defaults, node(tmp_path, {}), view="now") if result.cause
    } == {"offline"}


LINES = "".join(f"{row.name} = {row.wanted}\n" for row in DEFAULTS)


def test_boot(tmp_path: Path) -> None:
    files: dict[str, Entry] = {"/etc/sysctl.d/90-kubelet.conf": LINES}
    assert_verdicts(judge(kubelet_defaults, node(tmp_path / "a", files), view="boot"), ids("@boot", "pass"))

    bare = judge(kubelet_defaults, node(tmp_path / "b", {}), view="boot")
    others = {"vm.overcommit_memory": "fail", "kernel.panic": "unknown", "kernel.panic_on_oops": "unknown"}
    assert_verdicts(bare, ids("@boot", "pass", **others))


BUILT = "CONFIG_X86=y\nCONFIG_PANIC_ON_OOPS_VALUE=1\nCONFIG_PANIC_TIMEOUT=10\n"
LOADED = "menuentry a {\n linux /boot/vmlinuz-6.1.0-9-amd64 root=/dev/sda1 %s\n}\n"


@pytest.mark.parametrize(
    ("words", "config", "panic", "oops"),
    [
        ("", BUILT, "pass", "pass"),
        ("", BUILT.replace("10", "0").replace("VALUE=1", "VALUE=0"), "fail", "fail"),
        ("", BUILT.replace("X86", "PPC"), "unknown", "pass"),  # which starts with a timeout of its own
        ("", "CONFIG_X86=y\nCONFIG_PANIC_ON_OOPS=y\n", "unknown", "pass"),
        ("", "CONFIG_X86=y\n# CONFIG_PANIC_ON_OOPS is not set\n", "unknown", "fail"),
        ("", None, "unknown", "unknown"),
        ("panic=10 oops=panic", None, "pass", "pass"),
        ("panic=10 panic=-1 oops=kill", BUILT, "fail", "pass"),
        ("panic=x oops=panic", BUILT, "pass", "pass"),
        ("panic=0 sysctl.kernel.panic=10", None, "pass", "unknown"),
        ("-- panic=10 oops=panic", None, "unknown", "unknown"),
    ],
)
def test_what_the_kernel_itself_starts_with(
    tmp_path: Path, words: str, config: str | None, panic: str, oops: str
) -> None:
    files: dict[str, Entry] = {
        "/boot/grub/grub.cfg": LOADED % words,
        "/etc/sysctl.d/90.conf": "vm.overcommit_memory=1\n",
        "/lib/modules/6.1.0-9-amd64/modules.dep": "",
    }
    if config is not None:
        files["/boot/config-6.1.0-9-amd64"] = config
    report = judge(kubelet_defaults, node(tmp_path, files), view="boot")

    assert_verdicts(report, ids("@boot", "pass", **{"kernel.panic": panic, "kernel.panic_on_oops": oops}))


def test_a_file_wins_over_what_the_kernel_starts_with(tmp_path: Path) -> None:
    files: dict[str, Entry] = {
        "/boot/grub/grub.cfg": LOADED % "panic=-1 oops=panic",
        "/boot/config-6.1.0-9-amd64": BUILT,
        "/etc/sysctl.d/90.conf": LINES.replace("panic_on_oops = 1", "panic_on_oops = 0"),
    }
    report = judge(kubelet_defaults, node(tmp_path, files), view="boot")

    assert_verdicts(report, ids("@boot", "pass", **{"kernel.panic_on_oops": "fail"}))


def mend(root: Path, fix: Fix | None) -> None:
    """Do a fix; ``sysctl -w`` writes to the tree's /proc/sys."""
    assert fix is not None
    for step in fix.steps:
        if isinstance(step, (Create, Edit)):
            write(root, step)
        else:
            assert isinstance(step, Command)
            assert step.argv[:2] == ("sysctl", "-w")
            key, _, value = step.argv[2].partition("=")
            (root / "proc/sys" / key.replace(".", "/")).write_text(value + "\n")


def test_the_fixes_mend_both_views(tmp_path: Path) -> None:
    wrong = {row.name: "7" for row in DEFAULTS}
    beaten: dict[str, Entry] = {"/etc/sysctl.d/99-zz.conf": "vm.panic_on_oom = 2\nkernel.panic = 5\n"}
    root = node(tmp_path, {**proc_sys(**wrong), **beaten})
    before = judge(kubelet_defaults, root)

    for name in [result.id for result in before if result.status != "pass"]:
        (now,) = [result for result in judge(kubelet_defaults, root) if result.id == name]
        mend(root, now.fix)

    assert {str(result.status) for result in before if result.view == "now"} == {"fail"}
    assert_verdicts(judge(kubelet_defaults, root), {**ids("", "pass"), **ids("@boot", "pass")})
    assert sorted(path.name for path in (root / "etc/sysctl.d").iterdir()) == ["99-zz.conf", "zz-nodecheck.conf"]


def test_a_profile_names_its_own(tmp_path: Path) -> None:
    files: dict[str, Entry] = {"/proc/sys/vm/panic_on_oom": "1\n", "/etc/sysctl.d/a.conf": "vm.panic_on_oom = 1\n"}
    root = node(tmp_path, files, CONFIG.replace("true", "false"))
    report = judge(kubelet_defaults, root, parameters={"require": {"vm/panic_on_oom": "0|1"}})

    assert_verdicts(report, {f"kubelet-defaults[vm.panic_on_oom]{view}": "pass" for view in ("", "@boot")})
    assert not any("kubelet" in seen.source for result in report for seen in result.evidence)
