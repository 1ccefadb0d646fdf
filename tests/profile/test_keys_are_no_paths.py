"""A sysctl's key becomes a path below ``/proc/sys``: none leads out of it, from wherever it comes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Results, check, ok
from nodecheck.errors import Malformed, ProfileError
from nodecheck.facts import RunningSysctls
from nodecheck.formats.sysctl_keys import spelled
from nodecheck.host import LiveHost
from nodecheck.plugins import Registry, load
from nodecheck.profile.show import to_toml
from nodecheck.profile.validate import Invalid, validate
from nodecheck.running.engine import run
from nodecheck.testing import _request, judge, write_tree

ODD = (
    "net/ipv4/../../../../etc/shadow",
    "net.ipv4.//.//.//.//.etc.shadow",
    "../../etc/shadow",
    "..",
    "net/ipv4/..",
    "/net/ipv4/ip_forward",
    "net//ipv4/ip_forward",
    "net..ipv4.ip_forward",
    "net/./ipv4/ip_forward",
    "net.ipv4.ip_forward.",
    ".net.ipv4",
    "",
    ".",
    "net.ipv4.ip_forward\0",
    "net.ipv4.ip_forward\nkernel.modprobe",
    "net.ipv4.ip forward",
    "net.ipv4.x\x7f",
)
GOOD = ("net.ipv4.ip_forward", "net/ipv4/ip_forward", "net.ipv4.conf.eth1/200.forwarding", "a/b..c/d", "net/ipv4/...")


def profile(path: Path, **require: str) -> Path:
    table = {"schema": "nodecheck.profile/1", "name": "keys", "check": {"sysctl": {"require": require}}}
    path.write_text(to_toml(table))
    return path


@pytest.mark.parametrize("key", ODD)
def test_a_key_that_is_none_is_refused_with_file_and_line(tmp_path: Path, key: str) -> None:
    path = profile(tmp_path / "p.toml", **{"vm.swappiness": "1", key: "1"})

    with pytest.raises(ProfileError) as caught:
        nodecheck.run(root=tmp_path, profile=path)

    assert str(caught.value).startswith(f"profile {path}: line 5: check.sysctl.require.{key}: ")
    assert "no sysctl can have the name" in str(caught.value)


@pytest.mark.parametrize("key", GOOD)
def test_a_key_in_either_spelling_is_taken(tmp_path: Path, key: str) -> None:
    path = profile(tmp_path / "p.toml", **{key: "1"})
    (tmp_path / "root").mkdir()

    report = nodecheck.run(root=tmp_path / "root", profile=path, select=["sysctl"])

    assert spelled(key) in {item.subject for item in report}


@pytest.mark.parametrize("value", ["1\nkernel.modprobe = /x", "1\0", ">=1\r"])
def test_a_value_is_one_line(tmp_path: Path, value: str) -> None:
    path = profile(tmp_path / "p.toml", **{"vm.swappiness": value})

    with pytest.raises(ProfileError, match=r"line 5: .*expected a value of one line"):
        nodecheck.run(root=tmp_path, profile=path)


@pytest.mark.parametrize("path", ["../../etc/passwd", "net/../../../etc/passwd", "/../../etc/passwd", "net/ipv4/\0"])
def test_a_plugins_own_call_does_not_leave_proc_sys(path: str) -> None:
    with pytest.raises(Malformed):
        RunningSysctls(LiveHost()).value(path)


def test_what_was_never_validated_is_unknown_and_shows_nothing(tmp_path: Path) -> None:
    """A plugin's default is not."""
    root = write_tree(tmp_path, {"/etc/secret": "hunter2", "/proc/sys/vm/swappiness": "1\n"})
    keys = {"vm/../../../etc/secret": "1", "vm.swappiness": "1"}

    asked = _request(root, load(), {"sysctl": {"require": keys}}, {"select": ["sysctl"], "view": "now"})
    report = run(*asked)

    assert sorted(item.status for item in report if item.subject in ("vm.swappiness", *keys)) == ["pass", "unknown"]
    assert "hunter2" not in json.dumps(report.to_dict())


def test_a_check_of_others_refuses_by_its_spelling(tmp_path: Path) -> None:
    def whole(subject: str) -> str:
        if "/" in subject:
            raise ValueError("a disk has a name, not a path")
        return subject

    @check(name="disk", each="require", spell=whole)
    def disk(subject: str, *, require: tuple[str, ...] = ("sda", "a/b")) -> Results:
        """Disks."""
        yield ok("there", evidence=())

    registry = Registry()
    registry.checks["disk"] = disk
    table = {"schema": "nodecheck.profile/1", "name": "disks"}
    validate({**table, "check": {"disk": {"require": ["sda"]}}}, registry)
    with pytest.raises(Invalid, match="a name, not a path"):
        validate({**table, "check": {"disk": {"require": ["sda", "../a"]}}}, registry)
    assert {item.subject for item in judge(disk, tmp_path)} == {"sda", "a/b"}
