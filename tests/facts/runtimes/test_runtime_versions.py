"""Which kubelet a node has, and that nothing is asked where none shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking import Lazy
from nodecheck.errors import Denied, FactError
from nodecheck.facts.kubelet.release import KubeletRelease
from nodecheck.facts.packages.packages import Packages
from nodecheck.facts.packages.versions import KubernetesTools, Told
from nodecheck.facts.services.units import UnitIndex
from nodecheck.formats.versions import parse_version
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]


def asked(host: RootHost, *, whole: bool) -> tuple[KubeletRelease, list[str]]:
    """The release, and what was read for it, on a host whose kubelet answers 1.17.4."""
    host.whole = whole
    read: list[str] = []

    def tools() -> KubernetesTools:
        read.append("tools")
        return KubernetesTools((Told("kubelet", "/usr/bin/kubelet --version", "", parse_version("v1.17.4")),))

    def packages() -> Packages:
        read.append("packages")
        return Packages()

    return KubeletRelease.read(host, UnitIndex.read(host), Lazy(tools), Lazy(packages)), read


def test_a_live_node_without_a_kubelet_is_not_asked(tree: Tree) -> None:
    host = RootHost(str(tree({"/usr/bin/kubectl": "x"})))
    assert asked(host, whole=True) == (KubeletRelease(), [])


@pytest.mark.parametrize(
    "path", ["/usr/bin/kubelet", "/etc/systemd/system/kubelet.service", "/var/lib/kubelet/config.yaml"]
)
def test_any_place_of_the_kubelet_has_it_asked(tree: Tree, path: str) -> None:
    host = RootHost(str(tree({path: ""})))
    assert asked(host, whole=True) == (KubeletRelease((1, 17, 4)), ["tools"])


def test_of_a_root_packages_alone_may_tell_it(tree: Tree) -> None:
    host = RootHost(str(tree({})))
    assert asked(host, whole=False)[1] == ["tools"]


def test_a_place_that_cannot_be_looked_at_has_the_kubelet_asked(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    host = RootHost(str(tree({})))
    look = host.stat

    def denied(path: str) -> object:
        if path.startswith("/var/lib/kubelet"):
            raise Denied(path)
        return look(path)

    monkeypatch.setattr(host, "stat", denied)
    assert asked(host, whole=True)[0].numbers == (1, 17, 4)


def test_packages_that_cannot_be_read_are_told(tree: Tree) -> None:
    host = RootHost(str(tree({})))
    index = UnitIndex.read(host)

    def unreadable() -> Packages:
        raise Denied("/var/lib/dpkg/status")

    found = KubeletRelease.read(host, index, Lazy(KubernetesTools), Lazy(unreadable))
    assert found.numbers is None
    assert isinstance(found.hidden, FactError)
