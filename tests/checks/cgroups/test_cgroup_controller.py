"""The controllers of a node's cgroups: on the mounted hierarchy, and on the one that the next boot mounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nodecheck.facts.kernel.cgroups import OPTION
from nodecheck.facts.kernel.controllers import CPUACCT, NAMES, ON, cgroup_of, old_name, parse_proc_cgroups
from nodecheck.fix import Edit, command
from nodecheck.host import RootHost
from nodecheck.host.base import Question
from nodecheck.report import Report
from nodecheck.testing import Entry, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.cgroups.cgroup_controller import CONTROLLERS, cgroup_controller
from nodecheck_checks.cgroups.cgroup_version import cgroup_version

RELEASE = "6.12.43+deb13-amd64"
LIST = "/sys/fs/cgroup/cgroup.controllers"
FREEZE = "/sys/fs/cgroup/init.scope/cgroup.freeze"
CONFIG = f"/boot/config-{RELEASE}"
GRUB, MENU = "/etc/default/grub", "/boot/grub/grub.cfg"
OPTIONS = (
    "CGROUP_SCHED", "FAIR_GROUP_SCHED", "CPUSETS", "MEMCG", "CGROUP_PIDS", "CGROUP_HUGETLB", "BLK_CGROUP", "CGROUP_BPF",
    "CGROUP_CPUACCT", "CGROUP_DEVICE", "CGROUP_FREEZER",
)  # fmt: skip
BUILT = "".join(f"CONFIG_{name}=y\n" for name in (*OPTIONS, "HUGETLBFS"))
TABLE = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
V1_NAMES = tuple(old_name(name) for name in NAMES)
V1_TABLE = TABLE + "".join(f"{name}\t{place}\t70\t1\n" for place, name in enumerate(V1_NAMES, 1))
PI_RELEASE = "6.12.47+rpt-rpi-v8"
CMDLINE_TXT = "/boot/firmware/cmdline.txt"
FIRMWARE = "coherent_pool=1M cgroup_disable=memory numa=fake=8"


def menu(words: str = "quiet") -> str:
    return f"menuentry 'Debian' {{\n\tlinux\t/boot/vmlinuz-{RELEASE} root=UUID=x ro {words}\n}}\n"


def debian(words: str = "quiet", **changed: Entry) -> dict[str, Entry]:
    """A whole node of Debian 13 with cgroup v2; ``running`` is what its kernel was booted with."""
    return {
        "/etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
        "/usr/lib/systemd/systemd": "",
        LIST: "cpuset cpu io memory hugetlb pids rdma misc\n",
        FREEZE: "0\n",
        MENU: menu(words),
        CONFIG: BUILT,
        "/proc/sys/kernel/osrelease": f"{RELEASE}\n",
        "/proc/cmdline": "root=UUID=x ro quiet\n",
        f"/usr/lib/modules/{RELEASE}/modules.dep": "kernel/fs/overlayfs/overlay.ko:\n",
    }


def v1(words: str = f"{OPTION}=0", table: str = V1_TABLE) -> dict[str, Entry]:
    """The same on cgroup v1: Debian 12's systemd still mounts it."""
    files = {**debian(words), "/etc/os-release": 'ID=debian\nVERSION_ID="12"\n', "/proc/cgroups": table}
    files["/usr/lib/systemd/libsystemd-shared-252.so"] = ""
    del files[LIST], files[FREEZE]
    return {**files, **{f"/sys/fs/cgroup/{name}/tasks": "" for name in V1_NAMES}}


def pi(words: str, release: str = PI_RELEASE) -> dict[str, Entry]:
    """The image of a Raspberry Pi."""
    return {
        "/etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
        "/usr/lib/systemd/systemd": "",
        CMDLINE_TXT: f"console=tty1 root=PARTUUID=5b3f9c1e-02 rootwait {words}".rstrip() + "\n",
        f"/boot/config-{release}": BUILT,
        f"/usr/lib/modules/{release}/modules.dep": "kernel/fs/overlayfs/overlay.ko.xz:\n",
    }


def running(release: str, words: str, controllers: str) -> dict[str, Entry]:
    """What such a node shows while it runs."""
    shown = {"/proc/cmdline": f"{words}\n", "/proc/sys/kernel/osrelease": f"{release}\n", LIST: f"{controllers}\n"}
    return {**shown, FREEZE: "0\n"}


def said(node: Path | Mapping[str, Entry], tmp_path: Path, view: str, **options: Any) -> dict[str | None, str]:
    """Status and severity by subject."""
    root = node if isinstance(node, Path) else write_tree(tmp_path, node)
    report: Report = judge(cgroup_controller, root, view=view, **options)
    return {
        found.subject: f"fail {found.severity}" if found.status == "fail" else str(found.status) for found in report
    }


ALL_PASS = {name: "skip" if name == CPUACCT else "pass" for name in NAMES}


def test_a_node_with_all_of_them(tmp_path: Path) -> None:
    for view in ("now", "boot"):
        assert said(debian(), tmp_path / view, view) == ALL_PASS
    for view in ("now", "boot"):
        assert said(v1(), tmp_path / f"v1-{view}", view) == dict.fromkeys(NAMES, "pass")


@pytest.mark.parametrize("name", [row.name for row in CONTROLLERS if row.name not in (CPUACCT, "devices", "freezer")])
def test_each_that_v2_lists(tmp_path: Path, name: str) -> None:
    left = [one for one in ("cpuset", "cpu", "io", "memory", "hugetlb", "pids") if one != name]
    severity = "warning" if name in ("io", "hugetlb") else "error"
    expected = {**ALL_PASS, name: f"fail {severity}"}
    files = {**debian(), LIST: " ".join(left) + "\n"}

    for view in ("now", "boot"):  # the same kernel boots again
        assert said(files, tmp_path / view, view) == expected


@pytest.mark.parametrize("name", NAMES)
def test_each_of_v1_by_its_own_name(tmp_path: Path, name: str) -> None:
    severity = "warning" if name in ("io", "hugetlb") else "error"
    for place, line in enumerate((f"{old_name(name)}\t0\t70\t0\n", "", f"{old_name(name)}\t0\t70\t1\n")):
        table = "".join(one + "\n" for one in V1_TABLE.split("\n")[:-1] if one.partition("\t")[0] != old_name(name))
        found = said(v1(table=table + line), tmp_path / str(place), "now")

        assert found == {**dict.fromkeys(NAMES, "pass"), name: f"fail {severity}"}


@pytest.mark.parametrize(("pages", "expected"), [("y", "fail warning"), ("n", "skip")])
def test_a_kernel_without_huge_pages_limits_none(tmp_path: Path, pages: str, expected: str) -> None:
    config = BUILT.replace("CGROUP_HUGETLB", "X").replace("HUGETLBFS=y", f"HUGETLBFS={pages}")
    files = {**debian(), LIST: "cpuset cpu io memory pids\n", CONFIG: config}

    assert [said(files, tmp_path / view, view)["hugetlb"] for view in ("now", "boot")] == [expected] * 2


def test_complaint_07(tmp_path: Path) -> None:
    """io of v2 is what blkio is in v1, and cpu counts the time itself."""
    found = said(debian(), tmp_path, "now")

    assert (found["io"], found["cpu"], found[CPUACCT], "blkio" in found) == ("pass", "pass", "skip", False)


def test_complaint_06(tmp_path: Path) -> None:
    """v2 is never judged by the table of v1: 6.12 without the v1 side of memory lists it nowhere there."""
    table = "".join(line + "\n" for line in V1_TABLE.split("\n")[:-1] if not line.startswith("memory"))

    assert said({**debian(), "/proc/cgroups": table}, tmp_path, "now") == ALL_PASS


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({FREEZE: "0\n"}, "pass"),
        ({"/sys/fs/cgroup/init.scope/cgroup.procs": "1\n"}, "fail error"),
        ({"/sys/fs/cgroup/cgroup.freeze": "0\n"}, "pass"),
        ({"/proc/self/cgroup": "0::/kubepods/pod1\n", "/sys/fs/cgroup/kubepods/cgroup.freeze": "0\n"}, "pass"),
        ({}, "pass"),
        ({"/proc/sys/kernel/osrelease": "4.18.0-553.el8_10.x86_64\n"}, "unknown"),
        ({"/proc/sys/kernel/osrelease": "4.18.0-553.el8_10.x86_64\n", FREEZE: "0\n"}, "pass"),
    ],
)
def test_complaint_08(tmp_path: Path, files: dict[str, Entry], expected: str) -> None:
    """Freezing is what a cgroup shows, and not what a number says: Enterprise Linux 8 has it."""
    node = {key: entry for key, entry in debian().items() if key != FREEZE}

    assert said({**node, **files}, tmp_path, "now")["freezer"] == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [(BUILT, "pass"), (BUILT.replace("CONFIG_CGROUP_BPF=y", "# CONFIG_CGROUP_BPF is not set"), "fail error")],
)
def test_devices_by_the_configuration(tmp_path: Path, config: str, expected: str) -> None:
    files = {**debian(), CONFIG: config}

    assert [said(files, tmp_path / view, view)["devices"] for view in ("now", "boot")] == [expected, expected]
    del files[CONFIG]
    assert [said(files, tmp_path / f"no-{view}", view)["devices"] for view in ("now", "boot")] == ["unknown"] * 2


@pytest.mark.parametrize(
    ("words", "name", "expected"),
    [
        ("cgroup_disable=memory", "memory", "fail error"),
        ("cgroup_disable=rdma,pids", "pids", "fail error"),
        ("cgroup_disable=blkio", "io", "fail warning"),
        ("cgroup_disable=io", "io", "fail warning"),
        ("cgroup_disable=pressure", "memory", "pass"),
        ("cgroup_disable=devices", "devices", "pass"),
        ("cgroup_disable=freezer", "freezer", "pass"),
        ("cgroup_no_v1=memory", "memory", "pass"),
        ("quiet -- cgroup_disable=memory", "memory", "pass"),
        ("cgroup_disable=memory cgroup_enable=memory", "memory", "unknown"),
    ],
)
def test_the_words_of_the_next_boot(tmp_path: Path, words: str, name: str, expected: str) -> None:
    assert said(debian(words), tmp_path, "boot") == {**ALL_PASS, name: expected}


@pytest.mark.parametrize("name", ["cpu", "cpuacct"])
def test_systemd_mounts_cpu_and_cpuacct_as_one(tmp_path: Path, name: str) -> None:
    """A node with ``cgroup_no_v1=cpu`` had neither after its reboot; what ``cgroup_disable=`` turns off is left out."""
    barred = said(v1(f"{OPTION}=0 cgroup_no_v1={name}"), tmp_path / "barred", "boot")
    off = said(v1(f"{OPTION}=0 cgroup_disable={name} cgroup_no_v1={name}"), tmp_path / "off", "boot")

    assert {one for one, status in barred.items() if status != "pass"} == {"cpu", "cpuacct"}
    assert {one for one, status in off.items() if status != "pass"} == {name}


@pytest.mark.parametrize("name", ["devices", "freezer"])
def test_words_that_turn_off_what_is_a_controller_in_v1_alone(tmp_path: Path, name: str) -> None:
    """A node with ``cgroup_disable=devices`` and cgroup v2 kept devices from containers after its reboot, by BPF."""
    found = said(v1(f"{OPTION}=0 cgroup_disable={name}"), tmp_path, "boot")

    assert {name: status for name, status in found.items() if status != "pass"} == {name: "fail error"}


@pytest.mark.parametrize(("word", "names"), [("cgroup_no_v1=memory,blkio", ("memory", "io")), ("cgroup_no_v1=all", ())])
def test_words_that_keep_controllers_out_of_v1(tmp_path: Path, word: str, names: tuple[str, ...]) -> None:
    found = said(v1(f"{OPTION}=0 {word}"), tmp_path, "boot")

    assert {name for name, status in found.items() if status != "pass"} == set(names or NAMES)


def test_what_was_turned_off_for_this_boot_alone(tmp_path: Path) -> None:
    files = {**debian(), "/proc/cmdline": "ro cgroup_disable=pids\n", LIST: "cpuset cpu io memory hugetlb\n"}

    assert said(files, tmp_path / "now", "now")["pids"] == "fail error"
    assert said(files, tmp_path / "boot", "boot") == ALL_PASS


@pytest.mark.parametrize(
    ("config", "failed"),
    [
        (BUILT, set[str]()),
        (BUILT.replace("CONFIG_MEMCG=y\n", ""), {"memory"}),
        (BUILT.replace("CONFIG_FAIR_GROUP_SCHED=y", "# CONFIG_FAIR_GROUP_SCHED is not set"), {"cpu"}),
        (BUILT + "# CONFIG_MEMCG_V1 is not set\n# CONFIG_CPUSETS_V1 is not set\n", {"memory", "cpuset"}),
    ],
)
def test_another_kernel_is_judged_by_its_configuration(tmp_path: Path, config: str, failed: set[str]) -> None:
    files = {**v1(), CONFIG: config, "/proc/sys/kernel/osrelease": "6.1.0-1-amd64\n"}
    found = said(files, tmp_path / "v1", "boot")

    assert {name for name, status in found.items() if status.startswith("fail")} == failed
    of_v2 = said({**debian(), CONFIG: config, "/proc/sys/kernel/osrelease": "6.1.0-1-amd64\n"}, tmp_path / "v2", "boot")
    only_v1 = failed if "_V1" in config else set[str]()
    assert {name for name, status in of_v2.items() if status.startswith("fail")} == failed - only_v1


@pytest.mark.parametrize(
    ("words", "release", "shown", "expected"),
    [
        ("cgroup_memory=1 cgroup_enable=memory", PI_RELEASE, {}, "pass"),
        ("quiet", PI_RELEASE, {}, "fail error"),
        ("quiet", "6.1.21-v8+", {}, "fail error"),
        ("cgroup_enable=memory", "6.8.0-1013-raspi", {}, "pass"),
        ("quiet", "6.12.43+deb13-arm64", {}, "unknown"),
        ("cgroup_enable=memory", "6.12.43+deb13-arm64", {}, "unknown"),
        # Running: the firmware's words before those of cmdline.txt.
        ("quiet", PI_RELEASE, running(PI_RELEASE, f"{FIRMWARE} quiet", "cpuset cpu io pids"), "fail error"),
        ("quiet", "6.1.21-v8+", running("6.1.21-v8+", "quiet", "cpuset cpu io pids"), "fail error"),
        ("quiet", "6.12.43+deb13-arm64", running("6.12.43+deb13-arm64", "quiet", "cpuset cpu io memory pids"), "pass"),
        (
            "cgroup_enable=memory", "6.12.43+deb13-arm64",
            running("6.12.43+deb13-arm64", f"{FIRMWARE} cgroup_enable=memory", "cpuset cpu io pids"), "fail error",
        ),
        # cmdline.txt was changed since: what runs says nothing of it.
        (
            "cgroup_enable=memory", PI_RELEASE,
            running(PI_RELEASE, f"{FIRMWARE} quiet", "cpuset cpu io pids"), "pass",
        ),
        (
            "cgroup_enable=memory", "6.1.21-v8+",
            running("6.1.21-v8+", "quiet", "cpuset cpu io pids"), "pass",
        ),
        (
            "quiet", PI_RELEASE,
            running(PI_RELEASE, f"{FIRMWARE} cgroup_enable=memory", "cpuset cpu io memory pids"), "fail error",
        ),
    ],
)  # fmt: skip
def test_the_memory_of_a_raspberry_pi(
    tmp_path: Path, words: str, release: str, shown: dict[str, Entry], expected: str
) -> None:
    node = write_tree(tmp_path, {**pi(words, release), **shown})

    assert said(node, tmp_path, "boot")["memory"] == expected
    (version,) = judge(cgroup_version, node, view="boot", kubernetes="1.34")
    assert f"fail {version.severity}" == expected if expected[:4] == "fail" else version.status == expected


def mended(node: Path, view: str, name: str) -> Path:
    """The node after the edits of the fix."""
    fix = next(found.fix for found in judge(cgroup_controller, node, view=view) if found.subject == name)
    assert fix is not None
    assert fix.reboot
    for step in fix.steps:
        if isinstance(step, Edit):
            file = node / step.path.lstrip("/")
            lines = file.read_text().split("\n")
            assert step.before in lines
            file.write_text("\n".join(step.after if line == step.before else line for line in lines))
    return node


def test_the_fix_of_a_raspberry_pi(tmp_path: Path) -> None:
    node = write_tree(tmp_path, pi("quiet cgroup_disable=memory,pids"))
    assert said(node, tmp_path, "boot")["memory"] == "fail error"

    mended(node, "boot", "memory")
    line = "console=tty1 root=PARTUUID=5b3f9c1e-02 rootwait quiet cgroup_disable=pids cgroup_enable=memory\n"
    assert (node / CMDLINE_TXT.lstrip("/")).read_text() == line
    assert said(node, tmp_path, "boot") == {**ALL_PASS, "pids": "fail error"}


def test_the_fix_of_debian_edits_the_line_and_makes_a_new_menu(tmp_path: Path) -> None:
    defaults = 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="quiet cgroup_disable=memory"\nGRUB_CMDLINE_LINUX=""\n'
    node = write_tree(tmp_path, {**debian("quiet cgroup_disable=memory"), GRUB: defaults})
    fix = next(found.fix for found in judge(cgroup_controller, node, view="boot") if found.subject == "memory")
    assert fix is not None
    assert fix.steps[-1] == command("update-grub")

    mended(node, "boot", "memory")
    assert (node / "etc/default/grub").read_text() == defaults.replace(" cgroup_disable=memory", "")
    assert said({**debian("quiet")}, tmp_path / "after", "boot") == ALL_PASS  # what update-grub makes of it


@pytest.mark.parametrize(
    ("word", "steps"),
    [
        ("cgroup_disable=memory", ("--remove-args=cgroup_disable=memory",)),
        ("cgroup_disable=memory,rdma", ("--remove-args=cgroup_disable=memory,rdma", "--args=cgroup_disable=rdma")),
    ],
)
def test_the_fix_of_enterprise_linux(tmp_path: Path, word: str, steps: tuple[str, ...]) -> None:
    files = {**debian(word), "/etc/os-release": 'ID=rocky\nVERSION_ID="9.6"\n'}
    found = judge(cgroup_controller, write_tree(tmp_path, files), view="boot")
    fix = next(one.fix for one in found if one.subject == "memory")

    assert fix is not None
    assert fix.steps == (command("grubby", "--update-kernel=ALL", *steps),)


@pytest.mark.parametrize(
    ("changed", "view", "status"),
    [
        ({LIST: ""}, "now", {None: "unknown"}),
        ({LIST: None, "/sys/fs/cgroup/other": ""}, "now", {None: "unknown"}),
        ({CONFIG: BUILT.replace("CGROUP_BPF", "X")}, "now", {"devices": "fail error"}),
        ({CONFIG: None}, "now", {"devices": "unknown"}),
        ({FREEZE: None, "/sys/fs/cgroup/init.scope/cgroup.procs": "1\n"}, "now", {"freezer": "fail error"}),
        ({FREEZE: None, "/proc/sys/kernel/osrelease": "5.1.0\n"}, "now", {"freezer": "unknown"}),
        ({MENU: menu("cgroup_disable=cpu")}, "boot", {"cpu": "fail error"}),
        ({MENU: menu().replace(RELEASE, "6.1.0-9-amd64"), CONFIG: None}, "boot", dict.fromkeys(
            ("cpu", "cpuset", "devices", "hugetlb", "io", "memory", "pids"), "unknown")),
        ({LIST: "cpuset cpu io memory hugetlb\n"}, "boot", {"pids": "fail error"}),
        ({CONFIG: BUILT.replace("CGROUP_BPF", "X")}, "boot", {"devices": "fail error"}),
        ({FREEZE: None, "/sys/fs/cgroup/init.scope/cgroup.procs": "1\n"}, "boot", {"freezer": "fail error"}),
        ({"/proc/sys/kernel/osrelease": "6.1.0-9-amd64\n", CONFIG: BUILT.replace("MEMCG", "X")}, "boot",
         {"memory": "fail error"}),
        # The distribution decides which hierarchy is mounted: on v1 the kernel needs cpuacct.
        ({"/etc/os-release": "ID=centos\nVERSION_ID=8\n", CONFIG: BUILT.replace("CPUACCT", "X"), LIST: None}, "boot",
         {CPUACCT: "fail error"}),
        ({"/etc/os-release": "ID=strange\n", CONFIG: BUILT.replace("CGROUP_DEVICE", "X")}, "boot",
         {"devices": "unknown"}),
    ],
)  # fmt: skip
def test_each_source_counts(
    tmp_path: Path, changed: dict[str, Entry | None], view: str, status: dict[str | None, str]
) -> None:
    """A source that is taken away from a passing node, or holds another valid value, changes its verdict."""
    files = {**debian(), **{key: entry for key, entry in changed.items() if entry is not None}}
    for key in [key for key, entry in changed.items() if entry is None]:
        del files[key]
    found = said(files, tmp_path, view)

    assert {name: found.get(name) for name in status} == status


@pytest.mark.parametrize("word", ["init=/bin/sh", "rdinit=/x"])
def test_what_holds_on_either_hierarchy_needs_no_knowing_which(tmp_path: Path, word: str) -> None:
    files = {**debian(word), "/usr/bin/sh": "", "/bin/sh": ""}

    assert said(files, tmp_path / "a", "boot") == dict.fromkeys(NAMES, "pass")
    files[CONFIG] = BUILT.replace("CGROUP_CPUACCT", "X").replace("CGROUP_DEVICE", "Y")
    found = said(files, tmp_path / "b", "boot")
    assert {name for name, status in found.items() if status == "unknown"} == {CPUACCT, "devices"}


def test_systemd_that_does_not_boot_brings_no_controllers(tmp_path: Path) -> None:
    files = {**debian(f"{OPTION}=0"), "/etc/os-release": "ID=ubuntu\nVERSION_ID=24.10\n"}

    assert said(files, tmp_path, "boot") == {None: "skip"}


def test_roots_that_show_nothing(tmp_path: Path) -> None:
    node = write_tree(tmp_path / "a", {"/etc/os-release": "ID=debian\nVERSION_ID=13\n"})

    assert said(node, tmp_path, "now") == {None: "skip"}
    assert said(node, tmp_path, "boot") == {None: "skip"}
    assert said({"/sys/fs/cgroup/other": ""}, tmp_path / "b", "now") == {None: "unknown"}


@pytest.mark.parametrize("view", ["now", "boot"])
def test_who_may_not_read_the_configuration_is_told_so(tmp_path: Path, view: str) -> None:
    recording = record(write_tree(tmp_path, debian()))
    judge(cgroup_controller, recording, view=view)
    data = recording.to_data()
    for answer in data["answers"]:
        if answer["question"][:2] == ["read", CONFIG]:
            answer["answer"] = {"Denied": [CONFIG, "permission denied", 13]}
    found = judge(cgroup_controller, replay(data), view=view)

    expected = {f"cgroup-controller[{name}]": "pass" for name in ("memory", "freezer")}
    suffix = "" if view == "now" else "@boot"
    assert_verdicts(found, {f"{name}{suffix}": status for name, status in expected.items()})
    assert_verdicts(found, {f"cgroup-controller[devices]{suffix}": "unknown"})


def test_real_lists(tmp_path: Path, corpus: Path) -> None:
    """Real /proc/cgroups and cgroup.controllers, with what kubeadm says of them."""
    for name in ("cgroup2-pure", "cgroup-rpi-memory-off"):
        files = corpus / "07-proc-sys" / "files" / name
        items = json.loads((corpus / "07-proc-sys/manifest.json").read_text())
        truth = next(
            one["truth"] for one in (items if isinstance(items, list) else items["items"]) if one["id"] == name
        )
        given = {str(file.relative_to(files)): file.read_text() for file in files.rglob("*") if file.is_file()}
        own = debian() if truth["mode"] == "v2" else v1()
        found = said({**own, **given}, tmp_path / name, "now")

        missing = {one for one, status in found.items() if status == "fail error"}
        assert missing == set(truth["kubeadm_missing_required"])


def test_a_real_node_of_a_report(tmp_path: Path, corpus: Path) -> None:
    """A hybrid node: v1 counts, and its table has a column that changes all the time."""
    root = corpus / "09-host-roots/files/hotsos-vault"

    assert said(root, tmp_path, "now") == dict.fromkeys(NAMES, "pass")
    table = (root / "proc/cgroups").read_text()
    first, second = (judge(cgroup_controller, write_tree(tmp_path / str(n), v1(table=told)), view="now")
                     for n, told in enumerate((table, table.replace("751", "752"))))  # fmt: skip
    assert [one.fingerprint for one in first] == [one.fingerprint for one in second]


def test_upstream_tables(corpus: Path) -> None:
    table = json.loads((corpus / "10-upstream-tables/sysval-cgroup-subsystems.json").read_text())
    for case in table["cases"]:
        present = TABLE + "".join(f"{name}\t3\t1\t1\n" for name in case["input"]["present"])
        listed = parse_proc_cgroups(present)
        missing = [name for name in case["input"]["spec"] if listed.get(name) != ON]
        assert missing == case["expected"]["missing"]
    for case in json.loads((corpus / "10-upstream-tables/cgroup-parse.json").read_text())["cases"]:
        assert cgroup_of(case["input"]) == case["expected"]


class Live(RootHost):
    """A root that says it runs, and remembers what was asked."""

    running = True

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Any:
        self.asked.append(question)
        return super().ask(question)


def test_v2_nodes_are_not_asked_for_what_they_must_not(tmp_path: Path) -> None:
    host = Live(str(write_tree(tmp_path, debian())))
    judge(cgroup_controller, host)

    assert host.asked
    assert all("/proc/cgroups" not in question.arguments for question in host.asked)
    assert all(question.verb != "run" for question in host.asked)


def test_a_replay_says_the_same(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, v1()))
    first = judge(cgroup_controller, recording)
    again = judge(cgroup_controller, replay(recording.to_data()))

    assert [one.fingerprint for one in first] == [one.fingerprint for one in again]
    assert_verdicts(again, {"cgroup-controller[memory]": "pass", "cgroup-controller[memory]@boot": "pass"})
