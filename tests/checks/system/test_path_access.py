"""Who may pass the directories on the way to data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodecheck.errors import Denied
from nodecheck.facts.files.mounts import NODES_OWN
from nodecheck.fix import Command
from nodecheck.host import RootHost
from nodecheck.host.base import Stat
from nodecheck.testing import (
    Entry,
    TreeDirectory,
    TreeLink,
    assert_declared,
    assert_verdicts,
    judge,
    record,
    replay,
    write_tree,
)
from nodecheck_checks.system.path_access import path_access
from tests.facts.acts.test_tmpfiles_modes import VAR_CONF
from tests.fix.apply import applied
from tests.mount_tables import mounted, table
from tests.rights import modes_hold

KUBELET, K0S, DOCKER = "/var/lib/kubelet", "/var/lib/k0s", "/var/lib/docker"
NOW, BOOT = f"path-access[{KUBELET}]", f"path-access[{KUBELET}]@boot"
SHUT, OPEN = TreeDirectory(0o700), TreeDirectory(0o755)
OPENS = {"/usr/lib/tmpfiles.d/var.conf": VAR_CONF}


def found(root: Path, files: dict[str, Any], **options: Any) -> dict[str, Any]:
    """What is said of a running node, by id: of a recording of it."""
    write_tree(root, {path: entry for path, entry in files.items() if entry is not None}).chmod(0o755)
    recording = record(root)
    recording.running = True
    first = {one.id: one for one in judge(path_access, recording, **options)}
    again = {one.id: one for one in judge(path_access, replay(recording.to_data()), **options)}

    assert [one.fingerprint for one in first.values()] == [one.fingerprint for one in again.values()]
    assert [one.message for one in again.values() if one.cause is not None and one.cause.code == "crashed"] == []
    return again


@pytest.mark.parametrize(
    ("changes", "now", "boot"),
    [
        ({}, "pass", "pass"),
        ({KUBELET: SHUT}, "pass", "pass"),
        ({"/var": SHUT}, "fail", "fail"),
        ({"/var/lib": TreeDirectory(0o750)}, "fail", "fail"),
        ({"/var/lib": TreeDirectory(0o711)}, "pass", "pass"),
        ({"/var/lib": SHUT, **OPENS}, "fail", "pass"),
        ({"/etc/tmpfiles.d/a.conf": "z /var 0700\n", **OPENS}, "pass", "fail"),
        ({"/etc/tmpfiles.d/a.conf": "d /srv 0700\n"}, "pass", "pass"),
        ({f"{KUBELET}/x": None, KUBELET: TreeLink("/data/k"), "/data/k": OPEN, "/data": SHUT}, "fail", "fail"),
        ({f"{KUBELET}/x": None, KUBELET: TreeLink("/data/k"), "/data/k": SHUT}, "pass", "pass"),
        ({f"{KUBELET}/x": None, KUBELET: TreeLink("/data/k"), "/data/k": OPEN, "/var/lib": SHUT}, "fail", "fail"),
        ({f"{KUBELET}/x": None, "/var": SHUT}, "fail", "fail"),
        ({NODES_OWN: table(mounted("/var", "nfs4"))}, "unknown", "unknown"),
        ({NODES_OWN: table(mounted("/srv", "nfs4"))}, "pass", "pass"),
    ],
)
def test_each_source_counts(tmp_path: Path, changes: dict[str, Any], now: str, boot: str) -> None:
    results = found(tmp_path, {f"{KUBELET}/x": "", **changes})

    assert_verdicts(results.values(), {NOW: now, BOOT: boot})


def test_k0s_must_be_open_itself(tmp_path: Path) -> None:
    """It runs etcd and the API server as users of their own."""
    results = found(tmp_path, {f"{K0S}/x": "", f"{DOCKER}/x": "", K0S: SHUT, DOCKER: SHUT}, view="now")

    assert_verdicts(results.values(), {f"path-access[{K0S}]": "fail", f"path-access[{DOCKER}]": "pass"})
    assert results[f"path-access[{K0S}]"].actual == f"{K0S} 0700"


def test_nothing_is_asked_of_what_may_not_answer(tmp_path: Path) -> None:
    class Dead(RootHost):
        running = True

        def stat(self, path: str) -> Stat:
            assert not path.startswith("/var/lib"), path
            return super().stat(path)

    write_tree(tmp_path, {f"{KUBELET}/x": "", NODES_OWN: table(mounted("/var/lib", "nfs4"))}).chmod(0o755)
    options: dict[str, Any] = {"parameters": {"require": [KUBELET]}, "view": "now", "select": [NOW]}

    assert_verdicts(judge(path_access, Dead(str(tmp_path)), **options), {NOW: "unknown"})


@pytest.mark.parametrize("files", [{"/var": SHUT}, {"/var/lib": SHUT, **OPENS}])
def test_the_fix_turns_a_failure_into_a_pass(tmp_path: Path, files: dict[str, Any]) -> None:
    before = found(tmp_path, {f"{KUBELET}/x": "", **files}, view="now")[NOW]
    assert before.fix is not None
    (step,) = before.fix.steps
    assert isinstance(step, Command)
    assert step.argv[:2] == ("chmod", "a+x")
    place = tmp_path / step.argv[2].lstrip("/")
    place.chmod(place.stat().st_mode | 0o111)

    assert_verdicts(found(tmp_path, {}).values(), {NOW: "pass", BOOT: "pass"})


def test_the_fix_of_a_line(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {f"{KUBELET}/x": "", "/etc/tmpfiles.d/a.conf": "# x\nd /var/lib 0700 root root -\n"})
    (before,) = judge(path_access, root, view="boot")
    applied(root, before.fix)

    assert (root / "etc/tmpfiles.d/a.conf").read_text() == "# x\nd /var/lib 0711 root root -\n"
    assert_verdicts(judge(path_access, root, view="boot"), {BOOT: "pass"})


def test_the_line_of_a_package_is_changed_by_hand(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {f"{KUBELET}/x": "", "/usr/lib/tmpfiles.d/a.conf": "d /var/lib 0700\n"})
    (result,) = judge(path_access, root, view="boot")

    assert result.fix is not None
    assert result.fix.safety == "manual"


def test_who_is_not_root_sees_why(tmp_path: Path) -> None:
    """A directory that is shut says so itself; what is below cannot be looked at, and need not."""
    root = write_tree(tmp_path, {f"{KUBELET}/x": "", "/var/lib": TreeDirectory(0o600)})
    root.chmod(0o755)
    recording = record(root)
    recording.running = True
    with modes_hold():
        (result,) = judge(path_access, recording, view="now", parameters={"require": [KUBELET]}, select=[NOW])

    assert (result.status, result.actual) == ("fail", "/var/lib 0600")


def test_what_cannot_be_looked_at_is_unknown(tmp_path: Path) -> None:
    class Refusing(RootHost):
        running = True

        def stat(self, path: str) -> Stat:
            if path == "/var/lib":
                raise Denied(path, "permission denied")
            return super().stat(path)

    write_tree(tmp_path, {f"{KUBELET}/x": ""}).chmod(0o755)
    options: dict[str, Any] = {"parameters": {"require": [KUBELET]}, "select": [NOW, BOOT]}

    assert_verdicts(judge(path_access, Refusing(str(tmp_path)), **options), {NOW: "unknown", BOOT: "unknown"})


def test_a_root(tmp_path: Path) -> None:
    """Its own directory is this machine's, and what its fstab mounts is not here."""
    root = write_tree(tmp_path / "a", {f"{KUBELET}/x": "", "/var": SHUT})
    root.chmod(0o700)
    assert_verdicts(judge(path_access, root), {NOW: "skip", BOOT: "fail"})

    hidden: dict[str, Entry] = {"/etc/fstab": "/dev/sdb1 /var ext4 defaults 0 2\n", "/var": SHUT}
    assert_verdicts(judge(path_access, write_tree(tmp_path / "b", hidden)), {NOW: "skip", BOOT: "skip"})
    opened = {**hidden, **OPENS}
    assert_verdicts(judge(path_access, write_tree(tmp_path / "c", opened)), {NOW: "skip", BOOT: "pass"})


def test_a_path_of_the_profile(tmp_path: Path) -> None:
    (result,) = judge(
        path_access, write_tree(tmp_path, {"/srv/data/x": "", "/srv": SHUT}), view="boot",
        parameters={"require": ["/srv/data/"]}, select=["path-access[/srv/data]"],
    )  # fmt: skip

    assert (result.id, result.status, result.severity) == ("path-access[/srv/data]@boot", "fail", "error")


def test_what_is_asked_is_declared(tmp_path: Path) -> None:
    files: dict[str, Entry] = {f"{DOCKER}/x": "", "/etc/fstab": "/dev/sdb1 /var ext4 defaults 0 2\n", **OPENS}
    assert_declared(path_access, write_tree(tmp_path, files))
