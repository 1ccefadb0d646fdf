"""One file of kernel parameters and one of modules: planned, run by real shells, and planned again."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Result
from nodecheck.model.steps import Create, Edit
from nodecheck.planning import plan
from nodecheck.report import Report
from nodecheck.testing import write_tree
from tests.fix.shells import SHELLS, Ended, Machine

SYSCTL_D, MODULES_D = "etc/sysctl.d", "etc/modules-load.d"
BEFORE = {"etc/hostname": "n1\n", "usr/lib/systemd/systemd-sysctl": "", "usr/lib/systemd/systemd": ""}


class Node:
    """A node's tree: judged by a profile, planned, and mended by the plan's script."""

    def __init__(self, folder: Path, shell: str, files: dict[str, str]) -> None:
        (folder / "bin").mkdir()
        self.root = folder / "node"
        write_tree(self.root, {**BEFORE, **files})
        self.machine = Machine(folder, shell)
        self.profile = folder / "p.toml"
        self.asks()

    def asks(self, modules: str = '["overlay"]', **keys: str) -> None:
        """The profile: modules, and keys with ``__`` for their dots."""
        asked = {"net.ipv4.ip_forward": "1", **{name.replace("__", "."): value for name, value in keys.items()}}
        pairs = ", ".join(f'"{key}" = "{value}"' for key, value in asked.items())
        self.profile.write_text(
            f'schema = "nodecheck.profile/1"\nname = "p"\n[check.sysctl]\nrequire = {{ {pairs} }}\n'
            f"[check.kernel-module]\nrequire = {modules}\n"
        )

    def report(self) -> Report:
        select = ["sysctl@boot", "kernel-module@boot"]
        return nodecheck.run(root=self.root, profile=self.profile, select=select)

    def mend(self) -> Ended:
        """Run the plan's script twice; the second run finds nothing to do."""
        found = self.report()
        moved = tuple([_below(result, self.root) for result in found])
        made = plan(Report(found.tool, found.run, found.node, found.profile, found.summary, moved))
        words = ("--in-root", "--any-host")
        first, again = self.machine.run(made, *words), self.machine.run(made, *words)
        assert (first.code, first.err, again.code) == (0, "", 0)
        assert " 0 done" in again.out
        assert self.report().failures == ()
        return first

    def files(self, folder: str = SYSCTL_D) -> dict[str, str]:
        place = self.root / folder
        return {path.name: path.read_text() for path in sorted(place.iterdir())} if place.is_dir() else {}


def _below(result: Result, root: Path) -> Result:
    if result.fix is None:
        return result
    steps = [
        step._replace(path=f"{root}{step.path}") if isinstance(step, (Create, Edit)) else step
        for step in result.fix.steps
    ]
    return result._replace(fix=result.fix._replace(steps=tuple(steps)))


FORWARD = """\
# nodecheck sysctl[net.ipv4.ip_forward]@boot: the node must forward the packets of its pods
net.ipv4.ip_forward = 1
# nodecheck sysctl[net.ipv4.ip_forward]@boot: the same switch by its other name, which other files may set
net.ipv4.conf.all.forwarding = 1
"""
MAPS = """\
# nodecheck sysctl[vm.max_map_count]@boot: the profile asks for it
vm.max_map_count = 262144
"""
OVERLAY = "# nodecheck kernel-module[overlay]@boot: the profile asks for it\noverlay\n"
IPVS = "# nodecheck kernel-module[ip_vs]@boot: the profile asks for it\nip_vs\n"


@pytest.mark.parametrize("shell", list(SHELLS))
def test_planned_run_and_planned_again_for_a_new_finding(tmp_path: Path, shell: str) -> None:
    node = Node(tmp_path, shell, {})

    node.mend()
    assert node.files() == {"99-nodecheck.conf": FORWARD}
    assert node.files(MODULES_D) == {"nodecheck.conf": OVERLAY}

    node.asks('["overlay", "ip_vs", "ip_vs_rr"]', vm__max_map_count=">=262144", vm__overcommit_memory="1")
    assert {type(item.step) for item in plan(node.report()).steps} == {Edit}
    told = node.mend()
    assert "2 steps: 2 done" in told.out
    assert 'add "vm.max_map_count = 262144 / vm.overcommit_memory = 1" below' in told.out
    more = "# nodecheck sysctl[vm.overcommit_memory]@boot: the profile asks for it\nvm.overcommit_memory = 1\n"
    assert node.files() == {"99-nodecheck.conf": FORWARD + MAPS + more}
    assert node.files(MODULES_D) == {"nodecheck.conf": OVERLAY + IPVS + IPVS.replace("ip_vs", "ip_vs_rr")}
    assert plan(node.report()).steps == ()


def test_all_of_a_plan_goes_where_a_later_name_loses(tmp_path: Path) -> None:
    node = Node(tmp_path, "dash", {f"{SYSCTL_D}/99-sysctl.conf": "net.ipv4.ip_forward = 0\n"})
    node.asks(vm__max_map_count=">=262144")

    node.mend()

    assert node.files() == {"99-sysctl.conf": "net.ipv4.ip_forward = 0\n", "zz-nodecheck.conf": FORWARD + MAPS}
    node.asks(vm__max_map_count=">=262144", vm__overcommit_memory="1")
    node.mend()
    assert list(node.files()) == ["99-sysctl.conf", "zz-nodecheck.conf"]


def test_a_later_name_that_sets_what_is_wanted_moves_nothing(tmp_path: Path) -> None:
    node = Node(tmp_path, "dash", {f"{SYSCTL_D}/99-sysctl.conf": "net.ipv4.ip_forward = 1\n"})
    node.asks(vm__max_map_count=">=262144")

    node.mend()

    assert node.files()["99-nodecheck.conf"] == MAPS


OLD = {
    f"{SYSCTL_D}/99-nodecheck-net.ipv4.ip_forward.conf": "net.ipv4.conf.all.forwarding = 1\nnet.ipv4.ip_forward = 1\n",
    f"{SYSCTL_D}/99-nodecheck-vm.max_map_count.conf": "vm.max_map_count = 262144\n",
    f"{SYSCTL_D}/zz-nodecheck-kernel.panic.conf": "kernel.panic = 10\n",
    f"{MODULES_D}/nodecheck-overlay.conf": "overlay\n",
}
"""What the plans of 0.1.0 wrote, by its own code; the last where a ``99-sysctl.conf`` set the key."""


@pytest.mark.parametrize("shell", list(SHELLS))
def test_a_node_that_the_first_release_mended(tmp_path: Path, shell: str) -> None:
    node = Node(tmp_path, shell, OLD)
    node.asks(vm__max_map_count=">=262144", kernel__panic="10")
    assert plan(node.report()).steps == ()

    for path in (node.root / SYSCTL_D).iterdir():
        path.write_text(path.read_text().replace("= 1\n", "= 0\n").replace("262144", "  65530").replace("= 10", "=0"))
    node.asks('["overlay", "ip_vs"]', vm__max_map_count=">=262144", kernel__panic="10", vm__overcommit_memory="1")
    node.mend()

    files = node.files()
    assert sorted(files) == sorted(
        [name.rpartition("/")[2] for name in OLD if SYSCTL_D in name] + ["99-nodecheck.conf"]
    )
    assert files["zz-nodecheck-kernel.panic.conf"] == "kernel.panic = 10\n"
    assert files["99-nodecheck-vm.max_map_count.conf"] == "vm.max_map_count = 262144\n"
    assert files["99-nodecheck-net.ipv4.ip_forward.conf"].endswith("\nnet.ipv4.ip_forward = 1\n")
    assert "vm.overcommit_memory = 1\n" in files["99-nodecheck.conf"]
    assert "ip_forward" not in files["99-nodecheck.conf"]
    assert node.files(MODULES_D) == {"nodecheck-overlay.conf": "overlay\n", "nodecheck.conf": IPVS}


@pytest.mark.parametrize(
    ("there", "after"),
    [
        ("a.b = 1\n", "a.b = 1\n{}"),
        ("a.b = 1", "a.b = 1\n{}"),
        ("a.b = 1\n# mine\n\n\n", "a.b = 1\n# mine\n{}\n\n"),
        ("# once\na.b = 1\na.b = 1\n", "# once\n{}a.b = 1\na.b = 1\n"),
        ("# switched off\n", "# switched off\n{}"),
        ("net.ipv4.ip_f* = 0\n", "net.ipv4.ip_f* = 0\n{}"),
        ("-net.ipv4.ip_forward = 0\n", None),
        ("net.ipv4.ip_forward = 0 \n# end\n", None),
    ],
)  # fmt: skip
def test_what_stands_in_the_file_stays(tmp_path: Path, there: str, after: str | None) -> None:
    node = Node(tmp_path, "dash", {f"{SYSCTL_D}/99-nodecheck.conf": there, f"{MODULES_D}/a.conf": "overlay\n"})

    node.mend()

    (text,) = node.files().values()
    if after is None:
        assert text == there.replace("-net", "net").replace("= 0 ", "= 0").replace("= 0", "= 1")
    else:
        assert text == after.format(FORWARD) or text == after.format(FORWARD).rstrip("\n")


@pytest.mark.parametrize("there", ["", "a.b = 1\na.b = 1\n"])
def test_a_file_to_which_nothing_can_be_added_is_left(tmp_path: Path, there: str) -> None:
    node = Node(tmp_path, "dash", {f"{SYSCTL_D}/99-nodecheck.conf": there})

    node.mend()

    assert node.files() == {"99-nodecheck.conf": there, "99-nodecheck_.conf": FORWARD}


def test_each_fix_is_whole_by_itself(tmp_path: Path) -> None:
    node = Node(tmp_path, "dash", {})
    node.asks(vm__max_map_count=">=262144")

    fixes = {result.id: result.fix for result in node.report().failures}

    assert {name: fix.steps if fix else () for name, fix in fixes.items()} == {
        "kernel-module[overlay]@boot": (Create("/etc/modules-load.d/nodecheck.conf", "0644", OVERLAY),),
        "sysctl[net.ipv4.ip_forward]@boot": (Create("/etc/sysctl.d/99-nodecheck.conf", "0644", FORWARD),),
        "sysctl[vm.max_map_count]@boot": (Create("/etc/sysctl.d/99-nodecheck.conf", "0644", MAPS),),
    }


RELOADS = {
    "etc/systemd/system/foo.service": "[Service]\nType=oneshot\nExecStart=/sbin/sysctl -p /etc/foo.conf\n",
    "etc/foo.conf": "# ours\nnet.ipv4.ip_forward = 0\n",
    f"{MODULES_D}/a.conf": "overlay\n",
}


def test_a_file_that_a_unit_applies_after_all_others_is_changed_itself(tmp_path: Path) -> None:
    """No file of sysctl.d wins there."""
    node = Node(tmp_path, "dash", RELOADS)
    link = node.root / "etc/systemd/system/multi-user.target.wants/foo.service"
    link.parent.mkdir()
    link.symlink_to("../foo.service")

    node.mend()

    assert (node.root / "etc/foo.conf").read_text() == "# ours\nnet.ipv4.ip_forward = 1\n"
    assert node.files() == {}


def test_what_stands_in_the_file_already_is_not_added_again(tmp_path: Path) -> None:
    """A bridge's key that only lacks its module."""
    key = "net.bridge.bridge-nf-call-iptables"
    node = Node(tmp_path, "dash", {f"{SYSCTL_D}/99-nodecheck.conf": f"{key} = 0\n", f"{MODULES_D}/a.conf": "overlay\n"})
    node.asks(**{key.replace(".", "__"): "0", "net__ipv4__ip_forward": "0"})

    node.mend()

    assert node.files() == {"99-nodecheck.conf": f"{key} = 0\n"}
    assert list(node.files(MODULES_D)) == ["a.conf", "nodecheck.conf"]
