"""What interfaces(5) includes, and which of its commands the boot runs; each case was tried with ifupdown 0.8.41."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.facts.acts.interfaces import MOST_FILES
from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import node, program, status

Entries = dict[str, "str | TreeFile | TreeLink"]

FILE = "/etc/network/interfaces"
ON = "auto e1\niface e1 inet manual\n\tup swapon /s\n"
NETWORKING = program("networking.service", "/usr/sbin/ifup -a --read-environment")

INCLUDED: dict[str, Entries] = {
    "a pattern": {FILE: "source /etc/network/conf.d/*.cfg\n", "/etc/network/conf.d/a.cfg": ON},
    "a relative pattern": {FILE: "source conf.d/*\n", "/etc/network/conf.d/a.cfg": ON},
    "a pattern of directories": {FILE: "source /srv/*/[ab]\n", "/srv/x/a": ON},
    "two files in a line": {FILE: "source /srv/none /srv/a\n", "/srv/a": ON},
    "a quoted name": {FILE: 'source "x/a b"\n', "/etc/network/x/a b": ON},
    "a directory": {FILE: "source-directory /srv/net\n", "/srv/net/a_B-1": ON},
    "a relative directory": {FILE: "source-directory net\n", "/etc/network/net/a": ON},
    "one within another": {FILE: "source /srv/a\n", "/srv/a": "source b/c\n", "/srv/b/c": ON},
    "one that includes itself": {FILE: "source /srv/a\n", "/srv/a": f"source a\n{ON}"},
    "the selection alone": {
        FILE: "iface e1 inet manual\n\tup swapon /s\nsource /srv/a\n", "/srv/a": "allow-auto e1\n",
    },
    "interfaces.d": {FILE: "source /etc/network/interfaces.d/*\n", "/etc/network/interfaces.d/a": ON},
    "a continued line": {FILE: "auto e1\niface e1 inet manual\n  up true; \\\n  swapon /s\n"},
    "a template": {
        FILE: "iface t inet manual\n  pre-up swapon /s\nauto e1\niface e1 inet manual inherits t\n",
    },
    "a template of a template": {
        FILE: "iface t inet manual\n  up swapon /s\niface u inet manual inherits t\n"
        "auto e1\niface e1 inet manual inherits u\n",
    },
    "a logical name": {FILE: "auto e1=home\niface home inet manual\n  up swapon /s\n"},
}  # fmt: skip


@pytest.mark.parametrize("how", INCLUDED)
def test_what_interfaces_include_is_followed(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**NETWORKING, **INCLUDED[how]}), "swap") == "fail"


HARMLESS: dict[str, Entries] = {
    "interfaces.d that nothing includes": {FILE: "auto lo\n", "/etc/network/interfaces.d/a": ON},
    "a name that source-directory passes over": {FILE: "source-directory /srv/net\n", "/srv/net/a.conf": ON},
    "a hidden file": {FILE: "source /srv/*\n", "/srv/.a": ON},
    "a quoted mark": {FILE: "source '/srv/*'\n", "/srv/a": ON},
    "a directory as a file": {FILE: "source /srv/net\n", "/srv/net/a": ON},
    "nothing that matches": {FILE: "source /srv/*.cfg\n", "/srv/a": ON},
    "a comment": {FILE: "# source /srv/a\n", "/srv/a": ON},
    "an interface that stays down": {FILE: "source /srv/a\n", "/srv/a": ON.replace("auto e1", "auto e2")},
    "a template that nothing inherits": {
        FILE: "iface t inet manual\n  up swapon /s\nauto e1\niface e1 inet manual\n",
    },
    "a physical name": {FILE: "auto e1=home\niface home inet manual\niface e1 inet manual\n  up swapon /s\n"},
    "down": {FILE: "source /srv/a\n", "/srv/a": ON.replace("up swapon", "down swapon")},
}  # fmt: skip


@pytest.mark.parametrize("how", HARMLESS)
def test_what_interfaces_do_not_include_does_nothing(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**NETWORKING, **HARMLESS[how]}), "swap") == "pass"


UNTOLD: dict[str, Entries] = {
    "a pattern of interfaces": {FILE: "auto /e*\niface e1 inet manual\n  up swapon /s\n"},
    "a mapping": {FILE: "auto e1\nmapping e1\n  script /srv/which\niface home inet manual\n  up swapon /s\n"},
    "what others ask for": {FILE: "allow-ovs e1\niface e1 inet manual\n  up swapon /s\n"},
    "a variable in a path": {FILE: "auto lo\nsource $PLACE/a\n"},
    "more files than are read": {
        FILE: "source /srv/*\n", **{f"/srv/{number}": "" for number in range(MOST_FILES + 1)},
    },
    "more files than are read, by steps": {
        FILE: "source /srv/0\n", **{f"/srv/{n}": f"source {n + 1}\n" for n in range(MOST_FILES + 1)},
    },
}  # fmt: skip


@pytest.mark.parametrize("how", UNTOLD)
def test_what_the_files_of_interfaces_leave_open_is_unknown(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**NETWORKING, **UNTOLD[how]}), "swap") == "unknown"


@pytest.mark.parametrize("how", UNTOLD)
def test_files_of_interfaces_count_where_ifupdown_starts(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, UNTOLD[how]), "swap") == "pass"
