"""Which questions a declared source covers, and which it does not."""

from __future__ import annotations

import pytest

from nodecheck.model.sources import (
    AnySource,
    Call,
    Dir,
    Each,
    Exists,
    File,
    First,
    Named,
    Netlink,
    Program,
    Tree,
    UnitText,
    covers,
    declared,
    settled,
    told,
)
from nodecheck.record import NamedTuple

ARGV = ("kubelet", "--version")


class Release(NamedTuple):
    """A fact with names of every shape."""

    running: str | None = "6.1"
    others: tuple[str, ...] = ("5.4", "5.10")
    trees: dict[str, tuple[str, ...]] = {"/lib/modules": ("x",)}  # noqa: RUF012 - a record is not changed
    made_of: tuple[Release, ...] = ()


@pytest.mark.parametrize(
    ("source", "verb", "subject", "within"),
    [
        (File("/etc/fstab"), "read", "/etc/fstab", True),
        (File("/etc/fstab"), "read_at", "/etc/fstab", True),
        (File("/etc/fstab"), "stat", "//etc/./fstab", True),
        (File("/etc/fstab"), "names", "/etc/fstab", False),
        (File("/etc/fstab"), "read", "/etc/fstab.bak", False),
        (File("/proc/*/comm"), "read", "/proc/1/comm", True),
        (File("/proc/*/comm"), "read", "/proc/1/2/comm", False),
        (First(("/etc/a", "/etc/b")), "read", "/etc/b", True),
        (First(("/etc/a", "/etc/b")), "read", "/etc/c", False),
        (Exists("/sbin/init"), "link", "/sbin/init", True),
        (Exists("/sbin/init"), "read", "/sbin/init", False),
        (Exists("/sbin/init"), "read_at", "/sbin/init", False),
        (Dir("/etc/rc2.d"), "names", "/etc/rc2.d/", True),
        (Dir("/etc/rc2.d"), "links", "/etc/rc2.d", True),
        (Dir("/etc/rc2.d"), "link", "/etc/rc2.d/S01x", True),
        (Dir("/etc/rc2.d"), "names", "/etc/rc2.d/x", False),
        (Dir("/etc/rc2.d", depth=2), "names", "/etc/rc2.d/x", True),
        (Dir("/etc/rc2.d"), "read", "/etc/rc2.d/S01x", False),
        (Dir("/etc/rc2.d"), "names", "/etc", False),
        (Tree("/etc/x.d", "*.conf"), "names", "/etc/x.d", True),
        (Tree("/etc/x.d", "*.conf"), "read", "/etc/x.d/a.conf", True),
        (Tree("/etc/x.d", "*.conf"), "read", "/etc/x.d/a.bak", False),
        (Tree("/etc/x.d", "*.conf"), "stat", "/etc/x.d/a.bak", True),
        (Tree("/etc/x.d", "*.conf"), "read", "/etc/x.d/y/a.conf", False),
        (Tree("/etc/x.d", "*.conf", depth=2), "read", "/etc/x.d/y/a.conf", True),
        (UnitText("kubelet.service"), "read", "/usr/lib/systemd/system/kubelet.service", True),
        (UnitText("kubelet.service"), "read", "/etc/systemd/system/kubelet.service.d/10-x.conf", True),
        (UnitText("kubelet.service"), "read", "/etc/systemd/system/docker.service.d/10-x.conf", False),
        (UnitText("kubelet.service"), "read", "/etc/default/kubelet.service", False),
        (UnitText("*.service"), "read", "/run/systemd/generator/x.service", True),
        (UnitText("*.service"), "read", "/etc/systemd/system/x.swap", False),
        (Named("EnvironmentFile="), "read", "/srv/x", True),
        (Named("EnvironmentFile="), "run", ARGV, False),
        (Named("EnvironmentFile="), "netlink", "links", False),
        (Program(ARGV), "run", ARGV, True),
        (Program(ARGV), "run", ("/opt/bin/kubelet", "--version"), True),
        (Program(ARGV), "run", ("/usr/bin/kubelet-current", "--version"), True),
        (Program(ARGV), "run", ("kubelet-current", "--version"), False),
        (Program(ARGV), "run", ("kubelet", "--help"), False),
        (Program(ARGV), "run", ("kubectl", "--version"), False),
        (Netlink("links"), "netlink", "links", True),
        (Netlink("links"), "netlink", "routes", False),
        (Netlink("nft_rules *"), "netlink", "nft_rules inet filter\0input", True),
        (Call("clock"), "clock", "", True),
        (Call("clock"), "read", "/proc/uptime", False),
        (Each(Release, "running", (File("/boot/config-{}"),)), "read", "/boot/config-6.1", False),
    ],
)
def test_what_a_source_covers(source: AnySource, verb: str, subject: object, within: bool) -> None:
    assert covers(source, verb, subject) == within


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("running", ["6.1"]),
        ("others", ["5.4", "5.10"]),
        ("trees", ["/lib/modules"]),
        ("made_of", []),
        ("no.such.field", []),
    ],
)
def test_a_source_for_each_name_of_a_field(field: str, names: list[str]) -> None:
    found = settled((Each(Release, field, (File("{}/x"), Exists("/y/{}"))), Call("clock")), lambda fact: fact())

    assert found == (*[form for name in names for form in (File(f"{name}/x"), Exists(f"/y/{name}"))], Call("clock"))


def test_a_fact_that_cannot_be_had_names_nothing() -> None:
    assert settled((Each(Release, "running", (File("/x/{}"),)),), lambda fact: None) == ()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (File("/proc/*/comm"), ("/proc/*/comm",)),
        (First(("/etc/a", "/etc/b")), ("/etc/a", "/etc/b")),
        (Tree("/etc/x.d", "*.conf", depth=3), ("/etc/x.d/**/*.conf",)),
        (Dir("/etc/x.d"), ("/etc/x.d",)),
        (Dir("/etc/x.d", depth=2), ("/etc/x.d/**",)),
        (UnitText("kubelet.service"), ("kubelet.service",)),
        (Named("imports of x"), ("imports of x",)),
        (Call("clock"), ("adjtimex(2)",)),
        (Call("uname"), ("uname",)),
        (Each(Release, "running", (File("/boot/config-{}"), Exists("{}"))), ("/boot/config-…", "…")),
    ],
)
def test_how_a_source_is_told(source: AnySource, text: tuple[str, ...]) -> None:
    assert told(source) == text


def test_a_fact_of_an_older_plugin_declares_nothing() -> None:
    assert declared(Release) is None
