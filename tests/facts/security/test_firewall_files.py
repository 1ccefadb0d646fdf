"""The files from which firewalls are restored at boot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nodecheck.checking.store import Facts
from nodecheck.facts.security.firewall_files import NftFile, SavedRules
from nodecheck.facts.security.firewall_units import IPTABLES_FILES
from nodecheck.host import RootHost
from tests.facts.security.test_netfilter import SAVED

Tree = Callable[[dict[str, "str | bytes"]], Path]

UNIT = "usr/lib/systemd/system/nftables.service"


def nft(root: Path) -> NftFile:
    return Facts(RootHost(str(root))).get(NftFile)


def names(found: NftFile) -> list[str]:
    return [table.name for table in found.tables]


def test_each_service_has_its_own_files(tree: Tree) -> None:
    root = tree({path: SAVED for paths in IPTABLES_FILES.values() for path in paths})
    saved = Facts(RootHost(str(root))).get(SavedRules)

    assert {name: tuple(path for path, _ in saved.of(name)) for name in IPTABLES_FILES} == IPTABLES_FILES
    families = {path: {table.family for table in tables or ()} for _, path, tables in saved.files}
    assert families == {path: {"ip6" if "6" in path else "ip"} for path in families}


def test_an_include_takes_what_its_pattern_matches(tree: Tree) -> None:
    files = {f"etc/nft/{name}": f"table inet {name[1]} {{\n}}\n" for name in ("1a.nft", "0b.nft", ".c.nft", "xd.bak")}
    root = tree({"etc/nftables.conf": 'include "/etc/nft/*.nft"\ninclude "/etc/none/*.nft"\n', **files})

    found = nft(root)

    assert (names(found), found.present, found.missing) == (["b", "a"], True, None)


def test_an_include_that_is_not_there_leaves_nothing(tree: Tree) -> None:
    root = tree({"etc/nftables.conf": 'table inet f {\n}\ninclude "x.nft"\n'})

    assert nft(root) == NftFile("/etc/nftables.conf", (), True, "/etc/x.nft")


def test_the_file_is_the_one_that_the_unit_loads(tree: Tree) -> None:
    files = {"etc/nftables.conf": "table inet one {\n}\n", "etc/my.nft": "table inet two {\n}\n"}
    root = tree({UNIT: "[Service]\nExecStart=/usr/sbin/nft -I /etc/x -f /etc/my.nft\n", **files})
    assert names(nft(root)) == ["two"]

    tree({UNIT: "[Service]\nExecStart=/usr/sbin/nft list /etc/my.nft\n"})
    assert names(nft(root)) == ["one"]

    tree({UNIT: "[Service]\nExecStart=/usr/sbin/nft --file /etc/gone.nft\n"})
    assert nft(root) == NftFile("/etc/gone.nft")
