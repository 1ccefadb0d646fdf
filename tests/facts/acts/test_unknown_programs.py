"""A command whose program cannot be told is undecided where the rest of its words would matter, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import ETC, FSTAB, KEY, ONE, enabled, node, program, script, status, unit

Entries = dict[str, "str | TreeFile | TreeLink"]

AREA = TreeFile("\0" * 4086 + "SWAPSPACE2" + "\0" * 4096, mode=0o600)
OWN = "/usr/local/bin/own"


def own(*lines: str) -> Entries:
    return {f"{ETC}/a.service": unit(f"ExecStart={OWN}"), OWN: script(*lines), **enabled("a.service")}


TURN_ON: dict[str, Entries] = {
    "of the environment": own("$PROG /swapfile"),
    "that a command tells": own('"$(cat /etc/prog)" /swapfile'),
    "with options": own("$PROG -p 5 /swapfile"),
    "by a label": own("$PROG -L swap"),
    "by a tag": own("$PROG UUID=1-2"),
    "a device": own("$PROG /dev/sdb1"),
    "a file that is an area": {**own("$PROG /srv/area"), "/srv/area": AREA},
    "rc.local": {"/etc/rc.local": script("read PROG < /etc/prog", "$PROG /swapfile")},
    "cron": {"/etc/cron.d/z": "@reboot root $PROG /swapfile\n", **program("cron.service", "/usr/sbin/cron -f")},
    "sh -c of a unit": {
        f"{ETC}/a.service": unit("ExecStart=/bin/sh -c 'true; $PROG /swapfile'"), **enabled("a.service"),
    },
    "all of fstab, but what is noauto": {**own("$PROG -a"), "/etc/fstab": "/s none swap sw 0 0\n"},
}  # fmt: skip


@pytest.mark.parametrize("how", TURN_ON)
def test_an_unknown_program_may_turn_swap_on(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, TURN_ON[how]), "swap") == "unknown"


HARMLESS: dict[str, Entries] = {
    "no words": own("$PROG"),
    "words that are not known either": own("$PROG $OPTIONS", '"$@"'),
    "another verb": own("$PROG apply -f /srv/x.yaml"),
    "other options": own("$PROG --config /srv/x.yaml"),
    "a file that is none": {**own("$PROG /srv/x.yaml"), "/srv/x.yaml": "a: 1\n"},
    "a directory": {**own("$PROG /srv/x"), "/srv/x/y": ""},
    "a place for no area": own("$PROG /etc/none", "$PROG /proc/swaps"),
    "a program that is known": own("PROG=echo", "$PROG /swapfile"),
    "a unit that does not start": {
        f"{ETC}/a.service": unit(f"ExecStart={OWN}"), OWN: script("$PROG /swapfile"),
    },
    "a program that a unit may not leave open": {
        f"{ETC}/a.service": unit("ExecStart=$PROG /swapfile"), **enabled("a.service"),
    },
}  # fmt: skip


@pytest.mark.parametrize("how", HARMLESS)
def test_an_unknown_program_whose_words_do_not_matter_is_none(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, HARMLESS[how]), "swap") == "pass"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("$PROG -a",), "unknown"),
        (("$PROG /s",), "unknown"),
        (("$PROG /other",), "unknown"),
        (("$PROG start",), "fail"),
    ],
)
def test_an_unknown_program_may_turn_swap_off(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    found = status(node(tmp_path, {**FSTAB, **own(*lines)}), "swap")

    assert expected in found.split("; ")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((f"$PROG {KEY}=0",), "unknown"),
        ((f"$PROG -w {KEY}=0",), "unknown"),
        (('"$(cat /etc/prog)" 0 > /proc/sys/net/ipv4/ip_forward',), "unknown"),
        (("$PROG -p /etc/x.conf",), "unknown"),
        ((f"$PROG {KEY}=1",), "pass"),
        (("$PROG vm.swappiness=0",), "pass"),
        (("$PROG of=/srv/x",), "pass"),
        (("$PROG -p /srv/x",), "pass"),
    ],
)
def test_an_unknown_program_may_set_a_sysctl(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    root = node(tmp_path, {**ONE, **own(*lines), "/etc/x.conf": f"{KEY} = 0\n", "/srv/x/y": ""})

    assert status(root, f"sysctl[{KEY}]") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("$PROG br_netfilter",), "unknown"),
        (("PROG=$(command -v modprobe)", "$PROG br_netfilter"), "pass"),
        (("$PROG -a overlay br-netfilter",), "unknown"),
        (("$PROG overlay",), "fail"),
        (("$PROG --remove-all br_netfilter",), "fail"),
    ],
)
def test_an_unknown_program_may_load_a_module(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    assert status(node(tmp_path / "unit", own(*lines)), "kernel-module[br_netfilter]") == expected
    local: Entries = {"/etc/rc.local": script(*lines)}
    assert status(node(tmp_path / "rc.local", local), "kernel-module[br_netfilter]") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("$PROG start z",), "unknown"),
        (("$PROG stop z",), "pass"),
        (("$PROG start y",), "pass"),
    ],
)
def test_an_unknown_program_may_start_a_unit(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    root = node(tmp_path, {**own(*lines), f"{ETC}/z.service": unit("ExecStart=/sbin/swapon /s")})

    assert status(root, "swap") == expected


@pytest.mark.parametrize(
    ("lines", "expected"), [(("$PROG set-hostname node9",), "unknown"), (("$PROG node9",), "pass")]
)
def test_an_unknown_program_may_name_the_node(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    assert status(node(tmp_path, own(*lines)), "hostname") == expected
