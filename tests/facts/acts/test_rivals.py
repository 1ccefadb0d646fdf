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


@pytest.mark.parametrize("value", ["1", "0"])
def test_one_that_is_moved_behind_a_third_may_still_be_before_the_second(tmp_path: Path, value: str) -> None:
    """a is behind c, and b anywhere: either of a and b is the last, though a comes first by name and last by order."""
    first = service("a.service", value, "After=c.service")
    rest = service("b.service", opposite(value)), service("c.service", opposite(value))

    assert judged(tmp_path, first, *rest) == "unknown"


@pytest.mark.parametrize(("other", "expected"), [("0", "fail"), ("1", "unknown")])
def test_what_a_unit_sets_and_sets_again_is_what_it_leaves(tmp_path: Path, other: str, expected: str) -> None:
    twice = unit(f"ExecStart={command('1')}", f"ExecStart={command('0')}")
    tree: Entries = {f"{ETC}/a.service": twice, **enabled("a.service")}

    assert judged(tmp_path, tree, service("b.service", other)) == expected


@pytest.mark.parametrize("values", ["10", "01"])
def test_units_that_wait_for_each_other_are_not_ordered(tmp_path: Path, values: str) -> None:
    """systemd drops the job of one of the two, whichever it meets first."""
    tree = service("a.service", values[0], "After=b.service"), service("b.service", values[1], "After=a.service")

    assert judged(tmp_path, *tree) == "unknown"


def wanted_in(target: str, name: str, value: str, order: str = "", kind: str = "oneshot") -> Entries:
    text = f"[Unit]\n{order}\n[Service]\nType={kind}\nExecStart={command(value)}\n"
    return {f"{ETC}/{name}": text, f"{ETC}/{target}.wants/{name}": TreeLink(f"../{name}")}


EARLY = "DefaultDependencies=no\nAfter=systemd-sysctl.service"
MULTI = "multi-user.target"
M_SERVICE: Entries = {f"{ETC}/m.service": unit("ExecStart=/usr/bin/touch /x"), **enabled("m.service")}
NO_ORDER: dict[str, tuple[Entries, Entries]] = {
    "both wait for their target": (
        service("a.service", "1", f"After={MULTI}"), service("b.service", "0", f"After={MULTI}"),
    ),
    "both of basic.target": (wanted_in("basic.target", "a.service", "1"), wanted_in("basic.target", "b.service", "0")),
    "one of basic.target": (service("a.service", "1"), wanted_in("basic.target", "b.service", "0")),
    "early, and before nothing": (service("a.service", "1"), wanted_in("sysinit.target", "b.service", "0", EARLY)),
    "a target that one without defaults is not before": (
        service("a.service", "1", f"After={MULTI}"), service("b.service", "0", EARLY),
    ),
    "wanted by a service": (
        {**service("a.service", "1", "After=m.service"), **M_SERVICE}, wanted_in("m.service", "b.service", "0"),
    ),
    "up as soon as it is forked": (
        service("a.service", "1", "After=b.service"), wanted_in(MULTI, "b.service", "0", kind="simple"),
    ),
    "a hook of a connection": (
        service("a.service", "1", "After=NetworkManager.service"),
        {"/etc/NetworkManager/dispatcher.d/z": script(command("0")),
         f"{USR}/NetworkManager.service": "[Service]\nType=notify\nExecStart=/usr/sbin/NetworkManager\n",
         **enabled("NetworkManager.service", USR)},
    ),
    "a job of cron": (
        service("a.service", "1", "After=cron.service"),
        {"/etc/cron.d/z": TreeFile(f"@reboot root {command('0')}\n", mode=0o644),
         f"{USR}/cron.service": "[Service]\nExecStart=/usr/sbin/cron -f\n", **enabled("cron.service", USR)},
    ),
    "wanted by a device": (service("a.service", "1", "After=wanted.service"), by_wanted("0")),
    "a device that may come": (
        {**service("a.service", "1"), **settling(on=True)},
        {"/etc/udev/rules.d/z.rules": f'SUBSYSTEM=="net", KERNEL=="eth0", RUN+="{command("0")}"\n', **UDEVD},
    ),
    "between them what only a socket starts": (
        {**service("a.service", "1", "After=m.service"), f"{ETC}/m.service": unit("ExecStart=/usr/bin/touch /x"),
         f"{ETC}/m.socket": "[Socket]\nListenStream=/run/m\n",
         f"{ETC}/sockets.target.wants/m.socket": TreeLink("../m.socket")},
        service("b.service", "0", "Before=m.service"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_ORDER)
def test_what_looks_like_an_order_and_is_none(tmp_path: Path, case: str) -> None:
    assert judged(tmp_path, *NO_ORDER[case]) == "unknown"


ORDER: dict[str, tuple[Entries, Entries]] = {
    "by one that sets nothing": (
        {**service("a.service", "1", "After=m.service"), f"{ETC}/m.service": unit(
            "ExecStart=/usr/bin/touch /x", first="After=b.service"), **enabled("m.service")},
        service("b.service", "0"),
    ),
    "by targets of one's own": (
        service("a.service", "1", "After=two.target\nWants=one.target two.target"),
        {**service("b.service", "0", "Before=one.target"), f"{ETC}/one.target": "[Unit]\n",
         f"{ETC}/two.target": "[Unit]\nAfter=one.target\n"},
    ),
    "rc.local, by its target": (service("a.service", "1", f"After={MULTI}"), by_rc_local("0")),
    "by default.target": (
        {**service("a.service", "1", "After=default.target"), f"{ETC}/default.target": TreeLink(f"{USR}/{MULTI}")},
        service("b.service", "0"),
    ),
    "by one whose condition does not hold": (
        {**service("a.service", "1", "After=m.service"), f"{ETC}/m.service": unit(
            "ExecStart=/usr/bin/touch /x", first="After=b.service\nConditionPathExists=/nowhere"),
         **enabled("m.service")},
        service("b.service", "0"),
    ),
    "among three, whose names stand another way": (
        {**service("a.service", "0", "After=c.service"), **service("b.service", "1", "After=a.service")},
        service("c.service", "1"),
    ),
    "before the command is done": (
        service("a.service", "1", "After=b.service"), {
            f"{ETC}/b.service": f"[Service]\nExecStartPre={command('0')}\nExecStart=/usr/bin/touch /x\n",
            **enabled("b.service")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ORDER)
def test_an_order_over_others_counts(tmp_path: Path, case: str) -> None:
    assert judged(tmp_path, *ORDER[case]) == "pass"


@pytest.mark.parametrize(
    ("order", "own", "value", "expected"),
    [("", "0", "1", "unknown"), ("", "1", "0", "fail"), ("", "", "1", "pass"),
     ("After=systemd-sysctl.service", "0", "1", "pass"), ("After=systemd-sysctl.service", "1", "0", "fail"),
     ("Before=systemd-sysctl.service", "0", "1", "fail")],
)  # fmt: skip
def test_an_early_unit_that_nothing_orders_with_sysctl_d(
    tmp_path: Path, order: str, own: str, value: str, expected: str
) -> None:
    files: Entries = {"/etc/sysctl.d/a.conf": f"{KEY} = {own}\n"} if own else {}

    assert judged(tmp_path, files, service("a.service", value, f"DefaultDependencies=no\n{order}")) == expected


@pytest.mark.parametrize(
    ("own", "rule", "expected"), [("0", "1", "unknown"), ("1", "0", "fail"), ("", "1", "pass"), ("", "0", "fail")]
)
def test_nothing_orders_rules_of_udev_and_sysctl_d(tmp_path: Path, own: str, rule: str, expected: str) -> None:
    """Where systemd-sysctl fails on a line, an emulated node started it once more, when udev was done."""
    files: Entries = {"/etc/sysctl.d/a.conf": f"{KEY} = {own}\n"} if own else {}

    assert judged(tmp_path, files, by_udev(rule)) == expected
