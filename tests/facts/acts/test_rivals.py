"""What several set to different values at one boot: who is the last, where their units are ordered, and where not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import ETC, KEY, UDEVD, USR, enabled, node, script, status, unit

Entries = Mapping[str, "str | TreeFile | TreeLink"]
Other = Callable[[str, str], Entries]

LO = 'SUBSYSTEM=="net", KERNEL=="lo", ACTION=="add"'
NETWORKING = "DefaultDependencies=no\nAfter=systemd-sysctl.service\nBefore=network.target\nWants=network.target"
NETWORK = {f"{USR}/network.target": "[Unit]\nAfter=network-pre.target\n"}


def command(value: str, key: str = KEY) -> str:
    return f"/sbin/sysctl -w {key}={value}"


def service(name: str, value: str, order: str = "") -> Entries:
    return {f"{ETC}/{name}": unit(f"ExecStart={command(value)}", first=order), **enabled(name)}


def by_unit(value: str, order: str = "") -> Entries:
    return service("other.service", value, order)


def by_udev(value: str, order: str = "") -> Entries:
    return {"/etc/udev/rules.d/z.rules": f'{LO}, RUN+="{command(value)}"\n', **UDEVD}


SETTLE = "systemd-udev-settle.service"


def settling(on: bool) -> Entries:
    text = unit("ExecStart=/usr/bin/udevadm settle", first="DefaultDependencies=no\nBefore=sysinit.target")
    link = {f"{ETC}/sysinit.target.wants/{SETTLE}": TreeLink(f"{USR}/{SETTLE}")}
    return {"/usr/bin/udevadm": TreeFile("\x7fELF", mode=0o755), f"{USR}/{SETTLE}": text, **(link if on else {})}


def by_settled_udev(value: str, order: str = "") -> Entries:
    return {**by_udev(value), **settling(on=True)}


def by_wanted(value: str, order: str = "") -> Entries:
    rule = f'{LO}, TAG+="systemd", ENV{{SYSTEMD_WANTS}}+="wanted.service"\n'
    wanted = unit(f"ExecStart={command(value)}", first=order)
    return {"/etc/udev/rules.d/z.rules": rule, f"{ETC}/wanted.service": wanted, **UDEVD}


def by_rc_local(value: str, order: str = "") -> Entries:
    own = unit("ExecStart=/etc/rc.local start", first=order or "After=network.target")
    return {"/etc/rc.local": script(command(value)), f"{USR}/rc-local.service": own}


def by_ifupdown(value: str, order: str = "") -> Entries:
    return {
        "/etc/network/interfaces": f"auto lo\niface lo inet loopback\n up {command(value)}\n",
        f"{USR}/networking.service": unit("ExecStart=/usr/sbin/ifup -a", first=order or NETWORKING),
        **enabled("networking.service", USR),
    }


def judged(base: Path, *entries: Entries) -> str:
    tree: dict[str, str | TreeFile | TreeLink] = {**NETWORK}
    for some in entries:
        tree.update(some)
    return status(node(base, tree), f"sysctl[{KEY}]")


def opposite(value: str) -> str:
    return "0" if value == "1" else "1"


OTHERS = (by_udev, by_wanted, by_rc_local, by_ifupdown)
LAST = pytest.mark.parametrize(("value", "expected"), [("1", "pass"), ("0", "fail")])


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize(("values", "expected"), [("10", "unknown"), ("01", "unknown"), ("11", "pass"), ("00", "fail")])
def test_nothing_orders_them(tmp_path: Path, other: Other, values: str, expected: str) -> None:
    """An emulated Debian 12 had each of these before a service, or after it, by the luck of the boot."""
    assert judged(tmp_path, service("a.service", values[0]), other(values[1], "")) == expected


@pytest.mark.parametrize(("values", "expected"), [("10", "unknown"), ("01", "unknown"), ("11", "pass"), ("00", "fail")])
def test_a_rule_that_may_match_is_followed_at_any_time(tmp_path: Path, values: str, expected: str) -> None:
    """Whether there is an eth0 cannot be told, and an emulated node followed its rule behind the service."""
    rule = f'SUBSYSTEM=="net", KERNEL=="eth0", RUN+="{command(values[1])}"\n'
    tree: Entries = {"/etc/udev/rules.d/z.rules": rule, **UDEVD}

    assert judged(tmp_path, service("a.service", values[0]), tree) == expected


def test_a_settling_that_nothing_starts_has_nobody_wait(tmp_path: Path) -> None:
    assert judged(tmp_path, service("a.service", "1"), by_udev("0"), settling(on=False)) == "unknown"


@pytest.mark.parametrize("other", OTHERS)
@LAST
def test_alone_each_has_the_say(tmp_path: Path, other: Other, value: str, expected: str) -> None:
    assert judged(tmp_path, other(value, "")) == expected


@pytest.mark.parametrize(
    ("other", "order"),
    [
        (by_settled_udev, ""),
        (by_wanted, "After=wanted.service"),
        (by_rc_local, "After=rc-local.service"),
        (by_ifupdown, "After=networking.service"),
        (by_ifupdown, "After=network.target"),
        (by_unit, "After=other.service"),
    ],
)
@LAST
def test_a_service_that_is_ordered_after_it_is_the_last(
    tmp_path: Path, other: Other, order: str, value: str, expected: str
) -> None:
    """By name it comes first: other.service is behind a.service there."""
    assert judged(tmp_path, service("a.service", value, order), other(opposite(value), "")) == expected


@pytest.mark.parametrize(
    ("other", "theirs", "own"),
    [
        (by_wanted, "After=a.service", ""),
        (by_unit, "", "Before=other.service"),
        (by_rc_local, "After=a.service", ""),
        (by_rc_local, "", "Before=network.target\nWants=network.target"),
        (by_ifupdown, f"{NETWORKING}\nAfter=a.service", ""),
    ],
)
@LAST
def test_what_is_ordered_after_a_service_is_the_last(
    tmp_path: Path, other: Other, theirs: str, own: str, value: str, expected: str
) -> None:
    assert judged(tmp_path, service("a.service", opposite(value), own), other(value, theirs)) == expected


def test_a_target_that_nothing_starts_orders_nothing(tmp_path: Path) -> None:
    assert judged(tmp_path, service("a.service", "1", "Before=network.target"), by_rc_local("0")) == "unknown"


@pytest.mark.parametrize(("values", "expected"), [("10", "unknown"), ("11", "pass")])
def test_two_names_of_one_variable_are_rivals(tmp_path: Path, values: str, expected: str) -> None:
    other = unit(f"ExecStart={command(values[1], 'net.ipv4.conf.all.forwarding')}")
    tree: Entries = {f"{ETC}/b.service": other, **enabled("b.service")}

    assert judged(tmp_path, service("a.service", values[0]), tree) == expected


@LAST
def test_three_in_a_row(tmp_path: Path, value: str, expected: str) -> None:
    """Each names the one before it, and their names stand the other way round."""
    last = service("a.service", value, "After=b.service c.service")
    middle = service("b.service", opposite(value), "After=c.service")

    assert judged(tmp_path, last, middle, service("c.service", value)) == expected


def test_units_that_wait_for_each_other_are_not_ordered(tmp_path: Path) -> None:
    """systemd drops the job of one of the two, whichever it meets first."""
    tree = service("a.service", "1", "After=b.service"), service("b.service", "0", "After=a.service")

    assert judged(tmp_path, *tree) in ("fail", "unknown")


@pytest.mark.parametrize(
    ("own", "rule", "expected"), [("0", "1", "unknown"), ("1", "0", "fail"), ("", "1", "pass"), ("", "0", "fail")]
)
def test_nothing_orders_rules_of_udev_and_sysctl_d(tmp_path: Path, own: str, rule: str, expected: str) -> None:
    """Where systemd-sysctl fails on a line, an emulated node started it once more, when udev was done."""
    files: Entries = {"/etc/sysctl.d/a.conf": f"{KEY} = {own}\n"} if own else {}

    assert judged(tmp_path, files, by_udev(rule)) == expected
