"""containerd's configuration by its own releases."""

from __future__ import annotations

from typing import Any

import pytest

from nodecheck.facts.runtimes import containerd_schema as schema
from nodecheck.facts.runtimes.containerd_merge import CRI_V1, CRI_V2, CRI_V3, ConfigFile
from nodecheck.facts.runtimes.containerd_verdict import agreed, judged

PATH = "/etc/containerd/config.toml"


def handlers(section: str, **runtimes: bool) -> dict[str, Any]:
    table = {
        name: {"runtime_type": "io.containerd.runc.v2", "options": {"SystemdCgroup": value}}
        for name, value in runtimes.items()
    }
    return {section: {"containerd": {"runtimes": table}}}


def driver(release: tuple[int, ...] | None, *files: ConfigFile) -> str | None:
    found = judged(files, release).found
    return None if found is None else found.driver if found.cri else "off"


def file(version: int, plugins: dict[str, Any], *disabled: str) -> ConfigFile:
    return ConfigFile(PATH, version, plugins, disabled)


@pytest.mark.parametrize(
    ("release", "version", "section", "wanted"),
    [
        ((1, 7), 0, CRI_V1, "systemd"),
        # 2.0 to 2.2 rename the section to version 2's, and read version 3's.
        ((2, 0), 0, CRI_V1, "cgroupfs"),
        ((2, 3), 0, CRI_V1, "systemd"),
        ((1, 7), 2, CRI_V2, "systemd"),
        ((2, 0), 2, CRI_V2, "systemd"),
        ((2, 3), 2, CRI_V2, "systemd"),
        ((1, 7), 2, CRI_V3, "cgroupfs"),
        ((2, 0), 2, CRI_V3, "systemd"),
        ((1, 6, 20), 3, CRI_V3, "cgroupfs"),
        ((1, 6, 32), 3, CRI_V3, None),
        ((1, 7, 16), 3, CRI_V3, "cgroupfs"),
        ((1, 7, 27), 3, CRI_V3, None),
        ((2, 0), 3, CRI_V3, "systemd"),
        ((2, 0), 3, CRI_V2, "cgroupfs"),
        ((2, 3), 3, CRI_V2, "systemd"),
        ((2, 2), 4, CRI_V3, None),
        ((2, 3), 4, CRI_V3, "systemd"),
        ((2, 3), 4, CRI_V2, "cgroupfs"),
        ((2, 4), 5, CRI_V3, None),
    ],
)
def test_releases_read_versions_differently(
    release: tuple[int, ...], version: int, section: str, wanted: str | None
) -> None:
    assert driver(release, file(version, handlers(section, runc=True))) == wanted


def test_imports_replace_a_section_until_containerd_2_merges_them() -> None:
    files = file(2, handlers(CRI_V2, runc=True)), file(2, {CRI_V2: {"sandbox_image": "pause"}})

    assert [driver(release, *files) for release in ((1, 6), (2, 0), (2, 3))] == ["cgroupfs", "systemd", "systemd"]


def test_an_import_of_a_later_version() -> None:
    files = file(2, handlers(CRI_V2, runc=True)), file(3, {})

    # 2.0 migrates by the last version that is named, 2.3 refuses, 2.4 migrates each file by itself.
    assert [driver(release, *files) for release in ((2, 0), (2, 3), (2, 4))] == ["cgroupfs", None, "systemd"]


def test_the_built_in_runc_is_there_beside_others_since_containerd_2() -> None:
    only = file(2, handlers(CRI_V2, nvidia=True))

    assert [driver(release, only) for release in ((1, 7), (2, 0), None)] == [None, "cgroupfs", "cgroupfs"]


def test_the_old_key() -> None:
    old = file(0, {CRI_V1: {"systemd_cgroup": True}})

    assert [driver(release, old) for release in ((1, 2), (1, 3), None)] == ["systemd", None, "systemd"]


def test_a_foreign_default_runtime_asks_the_next() -> None:
    plugins = handlers(CRI_V2, runc=True)
    plugins[CRI_V2]["containerd"]["runtimes"]["kata"] = {"runtime_type": "io.containerd.kata.v2"}
    plugins[CRI_V2]["containerd"]["default_runtime_name"] = "kata"

    assert driver((1, 7), file(2, plugins)) == "systemd"


@pytest.mark.parametrize(
    ("version", "name", "wanted"),
    [(0, "cri", "off"), (0, CRI_V2, "systemd"), (2, CRI_V2, "off"), (2, "cri", None), (2, CRI_V3, "systemd")],
)
def test_disabled_plugins(version: int, name: str, wanted: str) -> None:
    section = CRI_V1 if version == 0 else CRI_V2

    assert driver((1, 7), file(version, handlers(section, runc=True), name)) == wanted


@pytest.mark.parametrize("key", ["containerd", "runtimes", "runc", "options"])
def test_a_value_in_the_place_of_a_table_is_refused(key: str) -> None:
    plugins: dict[str, Any] = handlers(CRI_V2, runc=True)
    table = plugins[CRI_V2]
    for name in ("containerd", "runtimes", "runc", "options"):
        if name == key:
            table[name] = "x"
            break
        table = table[name]

    assert driver(None, file(2, plugins)) is None


def test_where_releases_agree_none_is_asked_for() -> None:
    assert agreed((file(2, handlers(CRI_V2, runc=True)),)) is not None
    assert agreed((file(0, handlers(CRI_V1, runc=True)),)) is None


def test_each_key_has_a_type_and_a_table() -> None:
    """A key without a type would be read by no release, and one without a table nowhere."""
    typed = {name for row in (*schema.CRI, *schema.RUNTIME) for name in row.names.split(" ")}
    placed = {name for names in schema.PLACES.values() for name in names.split(" ")}

    assert placed - typed == {"auth"}  # a table or a string, by its own table
    assert typed - placed == set()
