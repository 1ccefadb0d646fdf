"""A database of rpm that is too large for a script to carry: what rpm itself says counts, and only then."""

from __future__ import annotations

import os
import random
import shutil
import string
import subprocess
from pathlib import Path

import pytest

from nodecheck.capturing.files import read_capture
from nodecheck.checking.store import Facts
from nodecheck.errors import Malformed, NotCaptured
from nodecheck.facts import Packages
from nodecheck.facts.packages.reboot_packages import RebootPackages
from nodecheck.facts.packages.rpm import QUERIES, read_rpm
from nodecheck.host import RootHost
from nodecheck.host.base import Completed, Question
from tests.capturing.shells import HERE, LIMIT_S, text

PLACE = Path("/var/lib/rpm")
SPEC = """Name: {name}
Version: 1.17.4
Release: 2.el7
{epoch}
Summary: x
License: x
BuildArch: noarch
%description
{text}
%files
"""


def built(folder: Path, *names: str) -> Path:
    """A real database of packages, each with some megabytes of description; filled by rpm itself."""
    draw = random.Random(1)
    lines = ["".join(draw.choices(string.ascii_letters, k=100)) for _ in range(30000)]
    for name in names:
        epoch = "Epoch: 3" if name == "containerd.io" else ""
        (folder / f"{name}.spec").write_text(SPEC.format(name=name, epoch=epoch, text="\n".join(lines)))
        command = ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}/build", f"{folder}/{name}.spec"]
        subprocess.run(command, check=True, capture_output=True)
    target = folder / "db"
    target.mkdir()
    packages = sorted(map(str, (folder / "build").rglob("*.rpm")))
    for words in (["--initdb"], ["-i", "--nodeps", "--justdb", "--nosignature", *packages]):
        subprocess.run(["rpm", "--dbpath", str(target), *words], check=True, capture_output=True)
    return target


def in_its_place(database: Path, *argv: str, **options: object) -> bytes:
    """What a program prints in a mount namespace where the database is the node's own."""
    script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(database), str(PLACE), *argv]
    done = subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S, **options)  # type: ignore[call-overload]
    return bytes(done.stdout)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (shutil.which("rpmbuild") and shutil.which("unshare")) or os.getuid() != 0 or not PLACE.is_dir():
        pytest.skip("it takes root, unshare(1), rpmbuild(8) and /var/lib/rpm")
    folder = tmp_path_factory.mktemp("rpm")
    return built(folder, "kubelet", "containerd.io", "rpm", "filler", "systemd")


@pytest.mark.parametrize("shell", HERE, ids=lambda shell: str(shell[0]))
def test_rpm_says_what_the_database_holds(database: Path, tmp_path: Path, shell: tuple[str, ...]) -> None:
    assert (database / "rpmdb.sqlite").stat().st_size > 8 << 20
    host = read_capture(in_its_place(database, *shell, "-s", input=text().encode()), "a capture")
    found = read_rpm(host)

    own = [(one.name, one.version) for one in found.found]
    assert sorted(own) == [("containerd.io", "3:1.17.4-2.el7"), ("kubelet", "1.17.4-2.el7")]
    assert {one.source for one in found.found} == {"rpm -qa"} == set(found.paths)
    shutil.copytree(database, tmp_path / "var/lib/rpm")
    of_root = Facts(RootHost(str(tmp_path)))
    by_file = of_root.get(Packages).found
    timed, by_rpm = of_root.get(RebootPackages).found, Facts(host).get(RebootPackages).found
    assert [one[:3] for one in timed] == [one[:3] for one in by_rpm if one.source == "rpm -qa"]
    assert [one.name for one in timed] == ["systemd"]
    assert sorted(own) == sorted([(one.name, one.version) for one in by_file])


def test_a_small_database_is_carried_and_rpm_is_not_asked(tmp_path: Path) -> None:
    if not shutil.which("rpm") or os.getuid() != 0 or not PLACE.is_dir():
        pytest.skip("it takes root, rpm(8) and /var/lib/rpm")
    subprocess.run(["rpm", "--dbpath", str(tmp_path), "--initdb"], check=True, capture_output=True)
    before = sorted(path.name for path in tmp_path.iterdir())
    host = read_capture(in_its_place(tmp_path, *HERE[0], "-s", input=text().encode()), "a capture")

    assert read_rpm(host).paths == ("/var/lib/rpm/rpmdb.sqlite",)
    assert not [question for question in host.image.answers if "rpm" in str(question.arguments[:1])]
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("code", "stdout", "stderr"),
    [
        (0, "", ""),
        (0, "kubelet 1.17.4-2\n", ""),
        (1, "rpm 4\n", ""),
        (0, "xrpm 4\nrpm-libs 4\n", ""),
        (0, "rpm 4\n", "error: rpmdbNextIterator: skipping h#       1 blob size(9): BAD\n"),
    ],
)
def test_an_rpm_that_does_not_know_itself_is_no_evidence(database: Path, code: int, stdout: str, stderr: str) -> None:
    """Debian's rpm has a database of each user's own: an empty answer is not that no kubelet is installed."""
    host = read_capture(in_its_place(database, *HERE[0], "-s", input=text().encode()), "a capture")
    for query in QUERIES:
        host.image.answers[Question("run", (query,))] = Completed(query, code, stdout, stderr)
    with pytest.raises(Malformed, match="rpm -qa"):
        read_rpm(host)


def test_without_an_answer_the_database_is_what_is_lacking(database: Path) -> None:
    host = read_capture(in_its_place(database, *HERE[0], "-s", input=text().encode()), "a capture")
    for question in [question for question in host.image.answers if "rpm" in str(question.arguments[:1])]:
        del host.image.answers[question]
    with pytest.raises(NotCaptured, match="rpmdb"):
        read_rpm(host)
