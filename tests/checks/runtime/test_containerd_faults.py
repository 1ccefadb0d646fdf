"""Kinds of faults of containerd's files, each with the given case, another form and a harmless look-alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.model.steps import Edit

Tree = Callable[[dict[str, "str | bytes"]], Path]

MAIN = "/etc/containerd/config.toml"
IMPORT = "/etc/containerd/conf.d/99-other.toml"
V1, V2, V3 = "plugins.cri", 'plugins."io.containerd.grpc.v1.cri"', "plugins.'io.containerd.cri.v1.runtime'"
IMPORTS = 'imports = ["/etc/containerd/conf.d/*.toml"]\n'


def systemd(section: str, version: int, key: str = "SystemdCgroup", value: str = "true", head: str = "") -> str:
    table = f"{section}.containerd.runtimes.runc"
    first = f"version = {version}\n" if version else ""
    return f'{first}{head}[{table}]\nruntime_type = "io.containerd.runc.v2"\n[{table}.options]\n{key} = {value}\n'


def nvidia(version: int) -> str:
    return f'version = {version}\n[{V3}.containerd.runtimes.nvidia]\nruntime_type = "io.containerd.runc.v2"\n'


def registry(version: int) -> str:
    """An import that says nothing of runtimes."""
    first = f"version = {version}\n" if version else ""
    return f'{first}[{V2}.registry.mirrors."registry.example.com"]\nendpoint = ["http://registry.example.com"]\n'


def judged(tree: Tree, release: str | None, main: str, other: str | None = None) -> nodecheck.Result:
    files: dict[str, str | bytes] = {MAIN: main, "/usr/bin/containerd": "x"}
    if other is not None:
        files[IMPORT] = other
    if release is not None:
        package = f"Package: containerd.io\nStatus: install ok installed\nArchitecture: amd64\nVersion: {release}-1\n"
        files["/var/lib/dpkg/status"] = package
    return nodecheck.run(root=tree(files), select=["cgroup-driver"])["cgroup-driver[containerd]"]


@pytest.mark.parametrize(
    ("release", "main", "other", "status", "driver"),
    [
        # containerd#9198, #10165, #10234: until 1.6.32 and 1.7.17 a later version is passed over, and its section too
        ("1.6.20", systemd(V3, 3), None, "fail", "cgroupfs"),
        ("1.7.16", systemd(V3, 3), None, "fail", "cgroupfs"),
        ("1.6.32", systemd(V3, 3), None, "unknown", None),
        ("1.7.27", systemd(V3, 3), None, "unknown", None),
        ("1.7.27", systemd(V3, 4), None, "unknown", None),
        ("2.2.1", systemd(V3, 4), None, "unknown", None),
        # NVIDIA/aicr#1688: a drop-in of version 4 beside a main file of version 2
        ("2.3.2", systemd(V2, 2, head=IMPORTS), nvidia(4), "unknown", None),
        ("1.7.27", systemd(V2, 2, head=IMPORTS), nvidia(4), "unknown", None),
        # containerd#12891
        ("2.3.0", systemd(V2, 2, head=IMPORTS), systemd(V3, 3), "unknown", None),
        ("2.3.4", systemd(V2, 2, head=IMPORTS), systemd(V3, 3), "unknown", None),
        # Look-alikes: what this containerd reads.
        ("2.3.5", systemd(V2, 2, head=IMPORTS), systemd(V3, 3), "pass", "systemd"),
        ("2.0.5", systemd(V2, 2, head=IMPORTS), systemd(V3, 3), "pass", "systemd"),
        ("2.0.5", systemd(V3, 3), None, "pass", "systemd"),
        ("2.3.2", systemd(V3, 4), None, "pass", "systemd"),
        ("1.6.20", systemd(V2, 2), None, "pass", "systemd"),
        ("1.2.13", systemd(V1, 0), None, "pass", "systemd"),
        (None, systemd(V3, 3), None, "pass", "systemd"),
    ],
)
def test_a_version_that_this_containerd_does_not_read(
    tree: Tree, release: str | None, main: str, other: str | None, status: str, driver: str | None
) -> None:
    found = judged(tree, release, main, other)

    assert (found.status, found.actual) == (status, driver)


def test_a_file_of_a_later_version_is_written_anew(tree: Tree) -> None:
    found = judged(tree, "1.6.20", systemd(V3, 3))

    assert "is of version 3, which containerd 1.6.20 does not know and reads as 2" in found.message
    assert found.fix is not None
    assert "anew in version 2" in str(found.fix.steps[-1])


@pytest.mark.parametrize(
    ("release", "other", "status", "driver"),
    [
        # NVIDIA/gpu-operator#301, containerd#6389: the section of an import takes the place of the main file's
        ("1.6.20", registry(0), "fail", "cgroupfs"),
        ("1.7.27", registry(0), "fail", "cgroupfs"),
        ("1.7.27", registry(2), "fail", "cgroupfs"),
        (None, registry(0), "unknown", None),
        (None, registry(2), "unknown", None),
        # containerd 1.2 has no imports, and no version line: it reads plugins.cri alone
        ("1.2.13", registry(0), "fail", "cgroupfs"),
        # Look-alikes: merged; without a CRI section; one that sets the driver itself.
        ("2.0.5", registry(0), "pass", "systemd"),
        ("2.3.1", registry(0), "pass", "systemd"),
        ("1.7.27", '[plugins."io.containerd.gc.v1.scheduler"]\npause_threshold = 0.02\n', "pass", "systemd"),
        ("1.7.27", systemd(V2, 0), "pass", "systemd"),
        (None, systemd(V2, 0), "pass", "systemd"),
    ],
)
def test_an_import_takes_a_section_away(
    tree: Tree, release: str | None, other: str, status: str, driver: str | None
) -> None:
    found = judged(tree, release, systemd(V2, 2, head=IMPORTS), other)

    assert (found.status, found.actual) == (status, driver)
    assert "no version line" not in found.message


def test_what_was_taken_away_is_told_and_mended_where_it_counts(tree: Tree) -> None:
    found = judged(tree, "1.7.27", systemd(V2, 2, head=IMPORTS), registry(0))

    assert f"takes the section of {IMPORT} in place of all that {MAIN} has in it" in found.message
    assert [item.source for item in found.evidence] == [IMPORT]
    assert found.fix is not None
    assert f"in {IMPORT} set SystemdCgroup = true" in str(found.fix.steps[-1])


@pytest.mark.parametrize("key", ["SystemdCGroup", "Systemdcgroup", "systemdCGroup"])
@pytest.mark.parametrize(("release", "status"), [("1.7.27", "fail"), ("2.0.5", "pass"), (None, "unknown")])
def test_a_spelling_that_only_one_toml_library_takes(tree: Tree, release: str | None, status: str, key: str) -> None:
    assert judged(tree, release, systemd(V2, 2, key)).status == status


@pytest.mark.parametrize("key", ["SystemdCgroup", "systemdCgroup", "systemdcgroup", "SYSTEMDCGROUP"])
@pytest.mark.parametrize("release", ["1.7.27", "2.0.5", None])
def test_a_spelling_that_each_toml_library_takes(tree: Tree, release: str | None, key: str) -> None:
    assert judged(tree, release, systemd(V2, 2, key)).actual == "systemd"


@pytest.mark.parametrize(
    ("release", "status"), [("1.7.27", "fail"), ("2.0.5", "pass"), ("1.4.12", "pass"), (None, "unknown")]
)
def test_spellings_of_other_keys(tree: Tree, release: str | None, status: str) -> None:
    assert judged(tree, release, systemd(V2, 2).replace(".options]", ".Options]")).status == status


@pytest.mark.parametrize("line", ["Version = 2", "Imports = ['/x.toml']", "PLUGINS = {}"])
def test_spellings_at_the_top_are_no_evidence(tree: Tree, line: str) -> None:
    assert judged(tree, "1.7.27", f"{line}\n{systemd(V2, 0)}").status == "unknown"


def test_two_spellings_that_contradict(tree: Tree) -> None:
    text = systemd(V2, 2) + "systemdcgroup = false\n"

    assert [judged(tree, release, text).status for release in ("1.7.27", "2.0.5")] == ["unknown", "unknown"]


def test_the_fix_of_a_spelling_that_is_not_read(tree: Tree) -> None:
    found = judged(tree, "1.7.27", systemd(V2, 2, "SystemdCGroup"))
    assert "does not read the spelling 'SystemdCGroup'" in found.message
    assert found.fix is not None
    edits = [step for step in found.fix.steps if isinstance(step, Edit)]
    text = systemd(V2, 2, "SystemdCGroup").replace(edits[0].before, edits[0].after)

    assert judged(tree, "1.7.27", text).status == "pass"


STREAMS = "[plugins.'io.containerd.grpc.v1.cri']\nstream_server_address = '127.0.0.1'\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (systemd(V3, 3) + STREAMS, False),  # as containerd config default of 2.x writes it
        (systemd(V3, 3) + STREAMS + "[plugins.'io.containerd.grpc.v1.cri'.containerd]\nsnapshotter = 'x'\n", True),
        (systemd(V3, 3), False),
    ],
)
@pytest.mark.parametrize("release", ["2.2.1", None])
def test_a_section_is_called_unread_only_where_it_holds_what_would_be_read(
    tree: Tree, release: str | None, text: str, told: bool
) -> None:
    found = judged(tree, release, text)

    assert found.status == "pass"
    assert ("is not read" in found.message) == told
