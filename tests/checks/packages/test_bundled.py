"""Components inside other packages: the given case, other forms and look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.facts.packages.names import Package
from nodecheck.facts.packages.packages import Packages
from nodecheck_checks.packages.installed import bundle_of, install

Tree = Callable[[dict[str, "str | bytes"]], Path]

PINS = (
    'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n[check.version]\nrequire = {{ {} = "{}" }}\n'
)
DPKG = "/var/lib/dpkg/status"


def dpkg(**packages: str) -> str:
    return "\n".join(
        f"Package: {name.replace('_', '-').replace('-io', '.io')}\nStatus: install ok installed\n"
        f"Architecture: amd64\nVersion: {version}\n"
        for name, version in packages.items()
    )


def judged(tree: Tree, tmp_path: Path, pin: tuple[str, str], **packages: str) -> nodecheck.Result:
    profile = tmp_path / "pins.toml"
    profile.write_text(PINS.format(*pin))
    root = tree({DPKG: dpkg(**packages)})
    return nodecheck.run(root=root, select=["version"], profile=profile)[f"version[{pin[0]}]"]


@pytest.mark.parametrize(
    ("pin", "packages", "status"),
    [
        # containerd.io: Provides and Conflicts: runc
        (("runc", ">=1.1"), {"containerd_io": "1.7.27-1", "docker_ce": "5:28.1.1-1"}, "unknown"),
        (("runc", "1.0.0"), {"docker_ce": "18.06.3~ce~3-0~ubuntu"}, "unknown"),
        (("containerd", "1.1"), {"docker_ce": "18.06.3~ce~3-0~ubuntu"}, "unknown"),
        # Look-alikes: Debian's own packages, a later docker, nothing at all, and runc in a package of its own.
        (("runc", ">=1.1"), {"docker_ce": "5:28.1.1-1"}, "fail"),
        (("runc", ">=1.1"), {"containerd": "1.6.20~ds1-1"}, "fail"),
        (("runc", ">=1.1"), {"containerd": "1.6.20~ds1-1", "runc": "1.1.5+ds1-1"}, "pass"),
        (("containerd", "1.7"), {"containerd_io": "1.7.27-1"}, "pass"),
    ],
)
def test_a_component_inside_another_package(
    tree: Tree, tmp_path: Path, pin: tuple[str, str], packages: dict[str, str], status: str
) -> None:
    assert judged(tree, tmp_path, pin, **packages).status == status


@pytest.mark.parametrize(
    ("name", "version", "kind", "bundled"),
    [
        ("containerd.io", "1.7.27-3.1.el9", "rpm", True),
        ("docker-ce", "3:18.06.3.ce-3.el7", "rpm", True),
        ("docker-engine", "17.05.0.ce-1.el7.centos", "rpm", True),
        ("docker-ce", "3:18.09.1-3.el7", "rpm", False),
    ],
)
def test_packages_of_rpm(name: str, version: str, kind: str, bundled: bool) -> None:
    packages = Packages(
        (Package(name, version, kind, "installed", "/var/lib/rpm/Packages"),), ("/var/lib/rpm/Packages",)
    )

    assert (bundle_of("runc", packages) is not None) == bundled


def test_the_fix_does_not_install_what_conflicts() -> None:
    """On a node that runs, runc of another release is mended by its containerd.io."""
    package = Package("containerd.io", "1.7.27-1", "deb", "installed", DPKG)
    fix = install("runc", ">=1.2", Packages((package,), (DPKG,)), None)

    assert "apt-get" not in str(fix)
    assert "a part of containerd.io" in str(fix)
