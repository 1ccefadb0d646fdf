"""The distribution, from os-release and the release files."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.errors import Malformed
from nodecheck.facts.distro.os_release import OsRelease, parse_os_release, plain_fields, shell_fields
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

PRECISE = {"chef-amazon_2023", "chef-ubuntu_1404", "chef-ubuntu_1804", "chef-xenserver_7_6", "pydistro-armbian"}
"""Numbers that python-distro takes from a free text, or from a file of a distribution that is not judged."""


def read(root: Path) -> OsRelease:
    return OsRelease.read(RootHost(str(root)))


def test_corpus(corpus: Path) -> None:
    group = corpus / "01-os-release"
    items = json.loads((group / "manifest.json").read_text())
    judged = 0
    for item in items:
        truth = item["truth"]
        if "os_release" not in truth:
            continue
        found = read(group / item["root"])
        assert (found.id or "", found.version_id or "") == (truth["id"] or "", truth["version_id"] or ""), item["id"]
        assert list(found.id_like) == truth["id_like"], item["id"]
        if found.family in ("rhel", "debian", "raspbian") and item["id"] not in PRECISE:
            assert (found.version or "") == (truth["best_version"] or ""), item["id"]
        judged += 1
    assert judged > 200


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z_0-9]{0,9}", fullmatch=True), st.text(max_size=30)))
def test_what_a_shell_quotes_is_read_back(fields: dict[str, str]) -> None:
    clean = {key: value.replace("\0", "") for key, value in fields.items()}
    source = "".join(f"{key}={shlex.quote(value)}\n" for key, value in clean.items())

    assert {key: value for key, (value, _) in parse_os_release(source).items()} == clean


LINES = st.lists(st.text("AB_1=\"'#;\\ \t\r$x\v", max_size=8).map(lambda tail: "A=" + tail), max_size=4)


@given(LINES.map("\n".join))
def test_a_plain_text_says_the_same_without_the_shells_rules(source: str) -> None:
    assert plain_fields(source) in (None, shell_fields(source))


@given(st.text(max_size=300))
def test_any_text_is_read(source: str) -> None:
    parse_os_release(source)


def test_unclosed_quote_ends_the_file() -> None:
    assert list(parse_os_release('ID=centos\nVERSION_ID="7\nNAME=x\n')) == ["ID"]


def test_a_release_file_says_more(tree: Tree) -> None:
    root = tree(
        {
            "/etc/os-release": 'ID="centos"\nVERSION_ID="7"\n',
            "/etc/centos-release": "CentOS Linux release 7.5.1804 (Core) \n",
        }
    )

    found = read(root)

    assert (found.id, found.version, found.version_id) == ("centos", "7.5.1804", "7")
    assert [item.source for item in found.evidence] == ["/etc/os-release", "/etc/os-release", "/etc/centos-release"]


def test_a_release_file_of_another_major_release_does_not(tree: Tree) -> None:
    root = tree({"/etc/os-release": "ID=centos\nVERSION_ID=8\n", "/etc/centos-release": "CentOS Linux release 7.5\n"})

    assert read(root).version == "8"


def test_without_os_release(tree: Tree) -> None:
    root = tree({"/etc/redhat-release": "Red Hat Enterprise Linux Server release 6.10(Santiago)\n"})

    assert read(root)[:2] == ("rhel", "6.10")


def test_debian(tree: Tree) -> None:
    root = tree({"/usr/lib/os-release": "ID=debian\nVERSION_ID=12\n", "/etc/debian_version": "12.5\n"})
    assert read(root).version == "12.5"

    tree({"/usr/lib/os-release": "ID=debian\n", "/etc/debian_version": "trixie/sid\n"})
    assert read(root).version is None


def test_coreos_counts_like_openshift(tree: Tree) -> None:
    root = tree({"/etc/os-release": 'ID="rhcos"\nVERSION_ID="4.14"\nRHEL_VERSION="9.2"\n'})

    assert (read(root).family, read(root).version) == ("rhel", "9.2")


@pytest.mark.parametrize("path", ["/etc/os-release", "/etc/centos-release"])
def test_a_directory_is_not_skipped(tree: Tree, path: str) -> None:
    root = tree({"/usr/lib/os-release": "ID=centos\nVERSION_ID=7\n", f"{path}/x": ""})

    with pytest.raises(Malformed):
        read(root)


def test_nothing(tmp_path: Path) -> None:
    assert read(tmp_path)[:5] == (None, None, None, None, ())
