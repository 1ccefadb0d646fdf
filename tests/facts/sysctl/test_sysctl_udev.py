"""Rules of udev that have to do with sysctls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck import Result
from nodecheck.facts.sysctl.udev import UdevSysctls, parse_rules
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

KEY = "net/bridge/bridge-nf-call-iptables"
DOTTED = "net.bridge.bridge-nf-call-iptables"
ADD = 'ACTION=="add", SUBSYSTEM=="module", KERNEL=="br_netfilter"'
AGAIN = "/lib/systemd/systemd-sysctl --prefix=/net/bridge"


def rules(text: str) -> UdevSysctls:
    return UdevSysctls(tuple(parse_rules(text, "/etc/udev/rules.d/9.rules")))


@pytest.mark.parametrize(
    ("match", "met"),
    [
        (ADD, True),
        ('ACTION=="add|change", SUBSYSTEM=="module", KERNEL=="br_*"', True),
        ('ACTION!="remove", DEVPATH=="/module/br_netfilter"', True),
        ('ACTION=="remove", SUBSYSTEM=="module", KERNEL=="br_netfilter"', False),
        ('ACTION=="add", SUBSYSTEM=="module", KERNEL=="nf_conntrack"', False),
        ('ACTION=="add", SUBSYSTEM=="net"', False),
        ('ACTION=="add", ATTR{address}=="00:*"', False),
    ],
)
@pytest.mark.parametrize("run", [AGAIN, f"/sbin/sysctl -w {DOTTED}=0"])
def test_which_event_a_rule_is_for(match: str, met: bool, run: str) -> None:
    found = rules(f'{match}, RUN+="{run}"\n')

    assert (found.again("br_netfilter", KEY) is not None) == (met and run == AGAIN)
    assert (found.sets("br_netfilter", KEY) is not None) == (met and run != AGAIN)


@pytest.mark.parametrize(
    ("run", "again"),
    [
        (AGAIN, True),
        ("/usr/lib/systemd/systemd-sysctl", True),
        ("/lib/systemd/systemd-sysctl --prefix=net.bridge", True),
        ("/lib/systemd/systemd-sysctl --prefix=/proc/sys/net/bridge/", True),
        ("/lib/systemd/systemd-sysctl --prefix=/net/bri", False),
        ("/lib/systemd/systemd-sysctl /etc/sysctl.d/a.conf", False),
        ("/sbin/sysctl --system", True),
        ("/sbin/sysctl -a", False),
    ],
)
def test_what_applies_the_files_again(run: str, again: bool) -> None:
    found = rules(f'{ADD}, RUN+="{run}"\n')

    assert (found.again("br_netfilter", KEY) is not None) == again
    assert found.sets("br_netfilter", KEY) is None


@pytest.mark.parametrize(
    ("assignment", "sets"),
    [
        (f'RUN+="/sbin/sysctl -w {DOTTED}=0"', True),
        (f'RUN="/sbin/sysctl -q vm.swappiness=1 {DOTTED}=0"', True),
        (f'RUN{{program}}+="sysctl {KEY}=0"', True),
        (f"""RUN+="/bin/sh -c 'sysctl -w {DOTTED}=0'\"""", True),
        (f"""RUN+="/bin/sh -c 'echo 0 > /proc/sys/{KEY}'\"""", True),
        (f'SYSCTL{{{KEY}}}="0"', True),
        (f'SYSCTL{{{KEY}}}=="0"', False),
        ('RUN+="/sbin/sysctl -w vm.swappiness=0"', False),
        ('RUN{builtin}+="kmod load br_netfilter"', False),
    ],
)
def test_what_gives_the_key_a_value_of_its_own(assignment: str, sets: bool) -> None:
    found = rules(f"{ADD}, {assignment}\n")

    assert (found.sets("br_netfilter", KEY) is not None) == sets
    assert found.again("br_netfilter", KEY) is None


def test_lines_that_are_continued_and_comments() -> None:
    found = rules(f'# {ADD}, RUN+="{AGAIN}"\n{ADD}, \\\n# between\n  RUN+="{AGAIN}"\n')

    assert [rule.line for rule in found.rules] == [2]


def boot(root: Path) -> Result:
    return nodecheck.run(root=root, select=[f"sysctl[{DOTTED}]@boot"])[f"sysctl[{DOTTED}]@boot"]


LATE: dict[str, str | bytes] = {
    # loaded after the files were applied: what they say of the key does not count then
    "etc/rc.local": "#!/bin/sh\nmodprobe br_netfilter\n",
    "etc/sysctl.d/k8s.conf": f"{DOTTED} = 0\n",
}


def late(tree: Tree, rule: str, path: str = "etc/udev/rules.d/9.rules", **more: str) -> Path:
    root = tree({**LATE, **({path: rule} if rule else {}), **more})
    (root / "etc/rc.local").chmod(0o755)
    return root


def test_files_count_for_a_late_module_where_a_rule_applies_them_again(tree: Tree) -> None:
    assert boot(late(tree, "")).actual == "1"
    assert boot(late(tree, f'{ADD}, RUN+="{AGAIN}"\n')).actual == "0"


def test_a_file_that_a_rule_applies_alone_counts_for_its_keys_only(tree: Tree) -> None:
    rule = f'{ADD}, RUN+="/sbin/sysctl -p /etc/sysctl.d/k8s.conf"\n'
    assert boot(late(tree, rule)).status == "unknown"
    other = rule.replace("k8s", "other")
    root = late(tree, other)
    assert boot(root).status == "pass"  # no such file
    (root / "etc/sysctl.d/other.conf").write_text("vm.swappiness = 1\n")
    assert boot(root).status == "pass"


def test_a_rule_file_in_etc_hides_the_vendors(tree: Tree) -> None:
    root = late(tree, f'{ADD}, RUN+="{AGAIN}"\n', "usr/lib/udev/rules.d/9.rules")
    assert [rule.path for rule in UdevSysctls.read(RootHost(str(root))).rules] == ["/usr/lib/udev/rules.d/9.rules"]

    (root / "etc/udev/rules.d").mkdir(parents=True)
    (root / "etc/udev/rules.d/9.rules").symlink_to("/dev/null")

    assert UdevSysctls.read(RootHost(str(root))).rules == ()
    assert boot(root).actual == "1"
