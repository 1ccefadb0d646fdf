"""Images that were not booted yet: systemd's presets, as systemd 252 applied them in a container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck import Result

Tree = Callable[[dict[str, "str | bytes"]], Path]

UNITS = "usr/lib/systemd/system"
SERVICE = "[Service]\nExecStart=/usr/bin/x\n[Install]\nWantedBy=multi-user.target\n"
PRESETS = {
    "etc/systemd/system-preset/10-a.preset": "# enable p3.service\nenable p1.service\ndisable p2.service\n",
    "usr/lib/systemd/system-preset/20-b.preset": "enable p2.service\nenable\tfire*\n",
}


@pytest.fixture
def image(tree: Tree) -> Path:
    root = tree(
        {
            "usr/lib/systemd/systemd": "",
            "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-251.so": "",
            **{f"{UNITS}/{name}.target": "[Unit]\n" for name in ("sysinit", "basic", "multi-user")},
            **{f"{UNITS}/{name}.service": SERVICE for name in ("p1", "p2", "p3", "firewalld")},
            **PRESETS,
        }
    )
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/systemd/system/default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    return root


def service(root: Path, name: str) -> Result:
    (root / "p.toml").write_text(
        f'schema = "nodecheck.profile/1"\nname = "t"\n[check.service]\nrequire = ["{name}"]\n'
        '[check.firewall]\noff = ["firewalld"]\n'
    )
    return nodecheck.run(root=root, profile=root / "p.toml", select=["service@boot"])[f"service[{name}]@boot"]


def firewalld(root: Path) -> Result:
    return nodecheck.run(root=root, select=["firewall@boot"])["firewall[firewalld]@boot"]


def enable(root: Path, name: str) -> None:
    folder = root / "etc/systemd/system/multi-user.target.wants"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.service").symlink_to(f"/{UNITS}/{name}.service")


@pytest.mark.parametrize(
    ("machine_id", "passing"),
    [
        ("uninitialized\n", {"p1", "p3"}),  # what no line names is enabled
        (None, {"p1"}),  # the root may have lost the file
        ("", set()),  # no first boot
        ("0123456789abcdef0123456789abcdef\n", set()),
    ],
)
def test_what_a_first_boot_enables(image: Path, machine_id: str | None, passing: set[str]) -> None:
    if machine_id is not None:
        (image / "etc/machine-id").write_text(machine_id)

    found = {name: service(image, name) for name in ("p1", "p2", "p3")}

    assert {name for name, result in found.items() if result.status == "pass"} == passing
    assert firewalld(image).status == ("fail" if passing else "pass")
    if passing:
        sources = [(item.source, item.locator) for item in found["p1"].evidence]
        assert sources == [("/etc/machine-id", None), ("/etc/systemd/system-preset/10-a.preset", "line 2")]


def test_a_last_line_that_disables_the_rest(image: Path) -> None:
    (image / "etc/machine-id").write_text("uninitialized\n")
    (image / "usr/lib/systemd/system-preset/99-default.preset").write_text("disable *\n")

    assert [service(image, name).status for name in ("p1", "p2", "p3")] == ["pass", "fail", "fail"]


def test_a_mask_outlasts_the_presets(image: Path) -> None:
    (image / "etc/machine-id").write_text("uninitialized\n")
    (image / "etc/systemd/system/firewalld.service").symlink_to("/dev/null")

    assert firewalld(image).status == "pass"


def test_a_preset_file_that_is_masked_says_nothing(image: Path) -> None:
    (image / "etc/systemd/system-preset/20-b.preset").symlink_to("/dev/null")

    assert firewalld(image).status == "pass"


@pytest.mark.parametrize(("version", "status"), [("251", "pass"), ("257", "unknown")])
def test_newer_systemds_may_disable_as_well(image: Path, version: str, status: str) -> None:
    folder = image / "usr/lib/x86_64-linux-gnu/systemd"
    (folder / "libsystemd-shared-251.so").rename(folder / f"libsystemd-shared-{version}.so")
    (image / "etc/machine-id").write_text("uninitialized\n")
    enable(image, "p2")

    assert service(image, "p2").status == status
    enable(image, "p1")
    assert service(image, "p1").status == "pass"


def test_a_machine_id_that_cannot_be_read_is_unknown(image: Path) -> None:
    (image / "etc/machine-id").mkdir()

    assert service(image, "p1").status == "unknown"
    assert firewalld(image).status == "unknown"


def test_a_part_of_a_system_has_no_first_boot(image: Path) -> None:
    (image / "usr/lib/systemd/systemd").unlink()

    assert service(image, "p1").status == "fail"
