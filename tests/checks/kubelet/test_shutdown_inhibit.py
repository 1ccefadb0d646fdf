"""Whether the kubelet can hold a shutdown up: what it asks for, and what logind grants by its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck import Result
from nodecheck.facts.services.logind import delays_of, span_of
from nodecheck.fix import Command, Edit
from nodecheck.testing import (
    Entry,
    TreeDirectory,
    TreeLink,
    assert_verdicts,
    capture_of,
    judge,
    record,
    replay,
    run,
    write_tree,
)
from nodecheck_checks.kubelet.shutdown_inhibit import shutdown_inhibit
from tests.healthy.trees import base
from tests.nodes import debian_node

CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
MAIN = "/etc/systemd/logind.conf"
ETC = "/etc/systemd/logind.conf.d"
OWN = f"{ETC}/99-kubelet.conf"
UPGRADES = "/usr/lib/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf"
PERIOD = "shutdownGracePeriod: 60s\nshutdownGracePeriodCriticalPods: 10s\n"
PRIORITIES = """shutdownGracePeriodByPodPriority:
- priority: 100000
  shutdownGracePeriodSeconds: 10
- priority: 0
  shutdownGracePeriodSeconds: 50
"""
SYSTEMD: dict[str, Entry] = {"/usr/lib/systemd/systemd": "", "/etc/os-release": "ID=debian\nVERSION_ID=12\n"}


def delay(seconds: str) -> str:
    return f"# as a vendor writes it\n[Login]\nInhibitDelayMaxSec={seconds}\n"


def found(root: Path, config: str, files: dict[str, Entry] | None = None, **options: Any) -> Result:
    node: dict[str, Entry] = {**SYSTEMD, CONFIG: KUBELET + config, **(files or {})}
    (one,) = judge(shutdown_inhibit, write_tree(root, node), view="boot", **options)
    return one


def real(path: str) -> str:
    """A file of a real Debian 12."""
    return next(entry.text.decode() for entry in base("debian-12") if f"/{entry.path}" == path)


def test_what_unattended_upgrades_ships(tmp_path: Path) -> None:
    files: dict[str, Entry] = {UPGRADES: real(UPGRADES), MAIN: real(MAIN), OWN: "[Login]\nInhibitDelayMaxSec=60\n"}
    one = found(tmp_path, PERIOD, files)

    assert (one.status, str(one.severity)) == ("fail", "warning")
    assert {(item.source, item.locator) for item in one.evidence} == {
        (CONFIG, "line 3"), (CONFIG, "line 4"), (UPGRADES, f"line {_line(real(UPGRADES))}"),
    }  # fmt: skip


def _line(text: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if line.startswith("InhibitDelayMaxSec"))


def test_the_fix_masks_it(tmp_path: Path) -> None:
    one = found(tmp_path / "a", PERIOD, {UPGRADES: real(UPGRADES)})
    assert one.fix is not None
    link = [step.argv for step in one.fix.steps if isinstance(step, Command)][-1]
    assert link[:3] == ("ln", "--symbolic", "/dev/null")

    after = found(tmp_path / "b", PERIOD, {UPGRADES: real(UPGRADES), link[3]: TreeLink("/dev/null")})
    assert after.status == "pass"


@pytest.mark.parametrize(
    ("config", "seconds"),
    [(PERIOD, 60), (PRIORITIES, 60), ("shutdownGracePeriod: 31s\n", 31), ("shutdownGracePeriod: 30s\n", 30)]
)  # fmt: skip
def test_what_the_kubelet_asks_for(tmp_path: Path, config: str, seconds: int) -> None:
    one = found(tmp_path, config, {UPGRADES: delay("30")})

    assert one.status == ("pass" if seconds <= 30 else "fail")
    assert one.expected == f"InhibitDelayMaxSec of at least {seconds} s"


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({}, "pass"),  # 5 s by default, and the kubelet raises it
        ({MAIN: delay("10")}, "pass"),
        ({f"{ETC}/50-x.conf": delay("10")}, "pass"),  # before its own drop-in
        ({f"{ETC}/99-kubelet.conf": delay("10")}, "pass"),  # it writes that anew
        ({f"{ETC}/99-kubelet2.conf": delay("10")}, "fail"),
        ({f"{ETC}/zz.conf": delay("1min")}, "pass"),
        ({f"{ETC}/zz.conf": delay("59")}, "fail"),
        ({f"{ETC}/zz.conf": delay("infinity")}, "fail"),  # -1 to the kubelet
        ({f"{ETC}/50-x.conf": delay("infinity")}, "pass"),  # it writes its own after that
        ({MAIN: delay("infinity"), OWN: TreeLink("/dev/null")}, "fail"),
        ({f"{ETC}/zz.conf": delay("soon")}, "pass"),  # systemd passes over it
        ({f"{ETC}/zz.conf": delay("")}, "pass"),
        ({f"{ETC}/zz.conf": "InhibitDelayMaxSec=10\n"}, "pass"),  # of no section
        ({f"{ETC}/zz.txt": delay("10")}, "pass"),
        ({f"{ETC}/zy.conf": delay("10"), f"{ETC}/zz.conf": delay("90")}, "pass"),
        ({UPGRADES: delay("30"), UPGRADES.replace("/usr/lib", "/etc"): delay("90")}, "pass"),  # the one of /etc counts
        ({UPGRADES: delay("30"), UPGRADES.replace("/usr/lib", "/usr/local/lib"): ""}, "pass"),  # an empty one masks
        ({UPGRADES: delay("90"), UPGRADES.replace("/usr/lib", "/usr/local/lib"): delay("30")}, "fail"),
        ({OWN: TreeLink("/dev/null"), MAIN: delay("60")}, "pass"),
        ({OWN: TreeLink("/dev/null"), MAIN: delay("10")}, "fail"),
        ({f"{ETC}/zz.conf": "[Login]\nInhibitDelayMaxSec=10\nInhibitDelayMaxSec=2min\n"}, "pass"),
    ],
)
def test_what_wins_at_logind(tmp_path: Path, files: dict[str, Entry], status: str) -> None:
    assert found(tmp_path, PERIOD, files).status == status


def test_a_line_in_etc_is_changed(tmp_path: Path) -> None:
    path = f"{ETC}/zz.conf"
    one = found(tmp_path / "a", PERIOD, {path: "[Login]\n InhibitDelayMaxSec = 10\n"})
    assert one.fix is not None
    (step,) = one.fix.steps
    assert isinstance(step, Edit)
    assert (step.path, step.before) == (path, " InhibitDelayMaxSec = 10")
    assert found(tmp_path / "b", PERIOD, {path: f"[Login]\n{step.after}\n"}).status == "pass"

    masked: dict[str, Entry] = {OWN: TreeLink("/dev/null")}
    one = found(tmp_path / "c", PERIOD, masked)
    assert one.fix is not None
    assert [step.argv for step in one.fix.steps if isinstance(step, Command)] == [("rm", "--", OWN)]
    assert found(tmp_path / "d", PERIOD).status == "pass"


@pytest.mark.parametrize(
    ("config", "options", "status"),
    [
        ("", {}, "skip"),
        ("shutdownGracePeriod: 0s\n", {}, "skip"),
        (PERIOD + "featureGates: {GracefulNodeShutdown: false}\n", {}, "skip"),
        (PERIOD, {"kubernetes": "1.20"}, "skip"),
        (PERIOD + "featureGates: {GracefulNodeShutdown: true}\n", {"kubernetes": "1.20"}, "fail"),
        (PERIOD, {"kubernetes": "1.21"}, "fail"),
        (PRIORITIES, {"kubernetes": "1.23"}, "skip"),
        (PRIORITIES, {"kubernetes": "1.24"}, "fail"),
        (PRIORITIES + "featureGates: {GracefulNodeShutdownBasedOnPodPriority: true}\n", {"kubernetes": "1.23"}, "fail"),
        (PRIORITIES + "featureGates: {GracefulNodeShutdownBasedOnPodPriority: false}\n", {}, "skip"),
        (PERIOD + "shutdownGracePeriodByPodPriority: []\n", {}, "fail"),
        ("shutdownGracePeriod: long\n", {}, "unknown"),
        ("cgroupDriver: 1\n", {}, "unknown"),
    ],
)
def test_where_it_applies(tmp_path: Path, config: str, options: dict[str, Any], status: str) -> None:
    assert found(tmp_path, config, {UPGRADES: delay("30")}, **options).status == status


def test_nodes_without(tmp_path: Path) -> None:
    for name, files in (("a", SYSTEMD), ("b", {**SYSTEMD, "/etc/rancher/k3s/config.yaml": "x: y\n"})):
        node = write_tree(tmp_path / name, files)
        assert_verdicts(judge(shutdown_inhibit, node), {"shutdown-inhibit@boot": "skip"})
    openrc = {"/sbin/openrc": "", "/etc/os-release": "ID=alpine\n", CONFIG: KUBELET + PERIOD}
    assert_verdicts(judge(shutdown_inhibit, write_tree(tmp_path / "c", openrc)), {"shutdown-inhibit@boot": "skip"})


@pytest.mark.parametrize("path", [UPGRADES, CONFIG])
def test_what_may_not_be_read_is_unknown(tmp_path: Path, path: str) -> None:
    recording = record(write_tree(tmp_path, {**SYSTEMD, CONFIG: KUBELET + PERIOD, UPGRADES: delay("30")}))
    judge(shutdown_inhibit, recording)
    data = recording.to_data()
    data["answers"] = [one for one in data["answers"] if one["question"][:2] != ["read", path]]

    (one,) = judge(shutdown_inhibit, replay(data))
    assert one.status == "unknown"


def test_a_release_that_is_hidden(tmp_path: Path) -> None:
    files: dict[str, Entry] = {"/var/lib/dpkg/status": TreeDirectory()}

    assert found(tmp_path / "a", PERIOD, files).status == "unknown"
    assert found(tmp_path / "b", PERIOD, files, kubernetes="1.34").status == "pass"


def test_each_source_counts(tmp_path: Path) -> None:
    files: dict[str, Entry] = {MAIN: delay("70"), f"{ETC}/a.conf": delay("80")}
    base_case = found(tmp_path / "a", PERIOD, files)
    cases = (
        (PERIOD.replace("60s", "50s"), files),
        (PERIOD, {**files, f"{ETC}/a.conf": delay("90")}),
        (PERIOD, {MAIN: files[MAIN]}),  # without the drop-in the main file counts
        (PERIOD, {**files, UPGRADES: delay("75")}),
        (PERIOD, {**files, f"{ETC}/a.conf": TreeLink("/dev/null")}),
    )
    others = [found(tmp_path / str(number), *case) for number, case in enumerate(cases)]
    main = [found(tmp_path / f"m{seconds}", PERIOD, {MAIN: delay(seconds)}) for seconds in ("70", "71")]
    none = found(tmp_path / "n", PERIOD, {})

    assert base_case.status == "pass"
    assert all((one.status, one.actual) != (base_case.status, base_case.actual) for one in others)
    assert len({one.actual for one in (*main, none)}) == 3


def test_one_fault_in_a_healthy_node_fails_this_check_alone(tmp_path: Path) -> None:
    def bad(name: str, config: str) -> set[str]:
        root = debian_node(tmp_path / name)
        with (root / CONFIG[1:]).open("a") as file:
            file.write(config)
        report = run(write_tree(root, {UPGRADES: delay("30")}))
        return {one.id for one in report if one.status == "fail" and one.severity != "info"}

    assert bad("b", PERIOD) - bad("a", "shutdownGracePeriod: 30s\n") == {"shutdown-inhibit@boot"}


def test_a_capture_gives_the_same(tmp_path: Path) -> None:
    files: dict[str, Entry] = {
        **SYSTEMD,
        CONFIG: KUBELET + PERIOD,
        UPGRADES: delay("30"),
        f"{ETC}/a.conf": TreeLink("/dev/null"),
    }
    node = write_tree(tmp_path, files)
    said = [(str(one.status), one.message) for one in judge(shutdown_inhibit, node)]

    assert [(str(one.status), one.message) for one in judge(shutdown_inhibit, capture_of(node))] == said


@given(
    st.lists(
        st.tuples(st.integers(0, 9999), st.sampled_from(["us", "ms", "s", "min", "h", "d"])), min_size=1, max_size=4
    )
)
def test_spans_add_up(parts: list[tuple[int, str]]) -> None:
    factors = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
    expected = sum(number * factors[unit] for number, unit in parts)

    for blank in ("", " "):
        assert span_of(" ".join(f"{number}{blank}{unit}" for number, unit in parts)) == pytest.approx(expected)


@given(st.text(max_size=80))
def test_no_text_brings_it_down(text: str) -> None:
    assert all(one.seconds >= 0 for one in delays_of(f"[Login]\nInhibitDelayMaxSec={text}\n", "/x"))
