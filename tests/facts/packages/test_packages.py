"""Package databases: real ones, what is left of them when damaged, and dpkg's own rules."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from nodecheck.errors import Denied, FactError, Malformed, ParseError, TooLarge
from nodecheck.facts.packages.dpkg import STATUS, parse_status
from nodecheck.facts.packages.packages import Packages
from nodecheck.facts.packages.rpm_header import Header, parse_header
from nodecheck.facts.packages.rpm_sqlite import record, varint
from nodecheck.host import LiveHost, RootHost
from tests.rights import modes_hold

DATA = Path(__file__).parent / "rpmdb"
Tree = Callable[[dict[str, "str | bytes"]], Path]

EXPECTED = {
    "container-selinux": "2:2.119.2-1.el7",
    "docker-ce": "3:18.06.3.ce-3.el7",
    "kubeadm": "1.17.4-0",
    "kubelet": "1.17.1-0",
    "kubernetes1.28-client": "1.28.3-150500.1.1",
    "runc": "1.0.0-70.rc10.el8",
}

DATABASES = {
    "rpmdb.sqlite": "rpmdb.sqlite.gz",
    "Packages": "Packages-little-4096.gz",
    "Packages.big-endian": "Packages-big-512.gz",
}


def content(name: str) -> bytes:
    return gzip.decompress((DATA / DATABASES[name]).read_bytes())


def packages(root: Path) -> Packages:
    return Packages.read(RootHost(str(root)))


def versions(found: Packages) -> dict[str, str]:
    return {package.name: package.version for package in found.found}


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("directory", ["/var/lib/rpm", "/usr/lib/sysimage/rpm"])
def test_real_databases_of_rpm(tree: Tree, name: str, directory: str) -> None:
    path = f"{directory}/{name.partition('.big')[0]}"
    found = packages(tree({path: content(name)}))
    assert versions(found) == EXPECTED
    assert found.databases == (path,)
    docker = found.of("docker")
    assert docker is not None
    assert (docker.version, docker.kind, docker.whole) == ("3:18.06.3.ce-3.el7", "rpm", True)
    kubectl = found.of("kubectl")
    assert kubectl is not None
    assert kubectl.name == "kubernetes1.28-client"
    assert found.of("crio") is None


@pytest.mark.skipif(shutil.which("rpm") is None, reason="rpm is not installed")
def test_as_rpm_itself_reads_it(tree: Tree) -> None:
    root = tree({"/var/lib/rpm/rpmdb.sqlite": content("rpmdb.sqlite")})
    argv = ["rpm", "--dbpath", f"{root}/var/lib/rpm", "-qa", "--qf", "%{NAME} %{EVR}\n"]
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split("\n")
    theirs = dict([line.split(" ") for line in lines if line and not line.startswith("filler")])
    assert versions(packages(root)) == theirs


def test_nothing_is_written_beside_a_database(tree: Tree) -> None:
    root = tree({"/var/lib/rpm/rpmdb.sqlite": content("rpmdb.sqlite")})
    packages(root)
    assert os.listdir(root / "var/lib/rpm") == ["rpmdb.sqlite"]


class TestWriteAheadLog:
    """What a transaction has committed counts, although the database's own file does not have it yet."""

    @staticmethod
    def changed(root: Path) -> Path:
        """Change the database, and put a copy of its files, as they are while a writer has it open, elsewhere."""
        source = root / "var/lib/rpm"
        copy = root / "copy/var/lib/rpm"
        connection = sqlite3.connect(source / "rpmdb.sqlite", isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute("INSERT INTO Packages (hnum, blob) VALUES (900, ?)", (header("crio", 1),))
            connection.execute("INSERT INTO Name (key, hnum, idx) VALUES ('cri-o', 900, 0)")
            connection.execute("UPDATE Packages SET blob = ? WHERE hnum = 900", (header("cri-o", None, "1.30.4"),))
            shutil.copytree(source, copy)
        finally:
            connection.close()
        return root / "copy"

    def test_committed(self, tree: Tree) -> None:
        copy = self.changed(tree({"/var/lib/rpm/rpmdb.sqlite": content("rpmdb.sqlite")}))
        assert (copy / "var/lib/rpm/rpmdb.sqlite-wal").stat().st_size > 0
        assert versions(packages(copy)) == {**EXPECTED, "cri-o": "1.30.4-1"}

    def test_torn_at_its_end(self, tree: Tree) -> None:
        copy = self.changed(tree({"/var/lib/rpm/rpmdb.sqlite": content("rpmdb.sqlite")}))
        log = copy / "var/lib/rpm/rpmdb.sqlite-wal"
        log.write_bytes(log.read_bytes()[:-1])  # the last frame, and its transaction with it
        found = sqlite3.connect(f"file:{copy}/var/lib/rpm/rpmdb.sqlite?mode=ro", uri=True)
        try:
            rows = found.execute("SELECT blob FROM Packages WHERE hnum = 900").fetchall()
        finally:
            found.close()
        names = {parse_header(row[0]).name for row in rows}
        got = packages(copy).found
        assert {package.name for package in got if package.name.startswith("cri")} == names & {"cri-o"}

    def test_noise(self, tree: Tree) -> None:
        files = {"/var/lib/rpm/rpmdb.sqlite": content("rpmdb.sqlite"), "/var/lib/rpm/rpmdb.sqlite-wal": b"\x37" * 9000}
        assert versions(packages(tree({**files}))) == EXPECTED


def header(name: str, epoch: int | None, version: str = "1.0", release: str = "1") -> bytes:
    """A header as rpm writes it, with a few tags before and after those that count."""
    store, entries = b"C\0", [(100, 8, 0, 1)]
    for tag, text in ((1000, name), (1001, version), (1002, release)):
        entries.append((tag, 6, len(store), 1))
        store += os.fsencode(text) + b"\0"
    if epoch is not None:
        store += b"\0" * (-len(store) % 4)
        entries.append((1003, 4, len(store), 1))
        store += struct.pack(">I", epoch)
    entries.append((1022, 6, len(store), 1))
    store += b"noarch\0"
    return struct.pack(">II", len(entries), len(store)) + b"".join(struct.pack(">IIII", *e) for e in entries) + store


def ndb(blobs: list[bytes]) -> bytes:
    """A database as rpm's rpmpkg.c writes it, with a freed slot before each used one."""
    slots, area, block = [], b"", 4096 // 16
    for number, blob in enumerate(blobs, 1):
        count = (16 + len(blob) + 12 + 15) // 16
        whole = struct.pack("<4sIII", b"BlbS", number, 1, len(blob)) + blob
        whole += b"\0" * (count * 16 - len(whole) - 12)
        whole += struct.pack("<II4s", zlib.adler32(whole), len(blob), b"BlbE")
        slots += [struct.pack("<4sIII", b"Slot", 0, 0, 0), struct.pack("<4sIII", b"Slot", number, block, count)]
        area += whole
        block += count
    slots += [struct.pack("<4sIII", b"Slot", 0, 0, 0)] * (254 - len(slots))
    return struct.pack("<4sIIII12x", b"RpmP", 0, 7, 1, len(blobs) + 1) + b"".join(slots) + area


def test_ndb(tree: Tree) -> None:
    blobs = [header("docker", None, "24.0.7_ce", "150000.198.2"), header("bash", None), header("kubelet", 0, "1.29.0")]
    found = packages(tree({"/usr/lib/sysimage/rpm/Packages.db": ndb(blobs)}))
    assert versions(found) == {"docker": "24.0.7_ce-150000.198.2", "kubelet": "0:1.29.0-1"}


@given(
    some.text(some.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    some.none() | some.integers(0, 2**32 - 1),
)
def test_headers_read_back(name: str, epoch: int | None) -> None:
    assert parse_header(header(name, epoch, "1.2", "3")) == Header(name, epoch, "1.2", "3")


@given(some.integers(0, 2**63 - 1))
def test_varints_read_back(number: int) -> None:
    if number < 2**56:
        groups = [number >> shift & 0x7F for shift in range(0, 56, 7)]
        while len(groups) > 1 and not groups[-1]:
            groups.pop()
        raw = bytes([group | 0x80 for group in groups[:0:-1]] + [groups[0]])
    else:
        raw = bytes([number >> shift & 0x7F | 0x80 for shift in range(57, 7, -7)]) + bytes([number & 0xFF])
    assert varint(raw + b"\xff", 0) == (number, len(raw))


def test_values_of_a_row() -> None:
    row = bytes([6, 0, 8, 9, 1, 17]) + b"\xff" + b"ab"
    assert record(row) == [None, 0, 1, -1, "ab"]


class TestDamage:
    """Whatever the bytes are: an error with a code, in good time."""

    @pytest.mark.parametrize("name", DATABASES)
    def test_truncated(self, tree: Tree, name: str) -> None:
        raw = content(name)
        for size in (1, 50, 99, 511, 513, 5000, len(raw) // 2):
            root = tree({f"/var/lib/rpm/{name.partition('.big')[0]}": raw[:size]})
            with pytest.raises(FactError) as caught:
                packages(root)
            assert caught.value.code == "malformed"

    @pytest.mark.parametrize("name", [*DATABASES, "Packages.db"])
    def test_noise(self, tree: Tree, name: str) -> None:
        raw = ndb([header("kubelet", 1), header("bash", 2)] * 9) if name == "Packages.db" else content(name)
        chance = random.Random(name)
        for _ in range(40):
            noisy = bytearray(raw)
            for _ in range(60):
                noisy[chance.randrange(min(len(raw), chance.choice([200, 5000, 1 << 20])))] = chance.randrange(256)
            root = tree({f"/var/lib/rpm/{name.partition('.big')[0]}": bytes(noisy)})
            assert self.code(root) in (None, "malformed", "too-large")

    def test_pages_that_point_in_circles(self, tree: Tree) -> None:
        page = bytearray(65536)
        page[:16], page[16:18] = b"SQLite format 3\0", b"\0\1"
        page[100] = 5  # an interior page of which every child is itself
        page[103:105] = struct.pack(">H", 9000)
        page[108:112] = struct.pack(">I", 1)
        page[112 : 112 + 18000] = struct.pack(">9000H", *[20000] * 9000)
        page[20000:20004] = struct.pack(">I", 1)
        with pytest.raises((Malformed, TooLarge)):
            packages(tree({"/var/lib/rpm/rpmdb.sqlite": bytes(page)}))

    @pytest.mark.parametrize("path", ["/var/lib/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages", STATUS])
    def test_other_things_in_the_place(self, tmp_path: Path, path: str) -> None:
        place = tmp_path / path.lstrip("/")
        place.parent.mkdir(parents=True)
        place.mkdir()
        self.assert_code(tmp_path, "malformed")
        place.rmdir()
        os.mkfifo(place)
        self.assert_code(tmp_path, "malformed")
        place.unlink()
        place.symlink_to(place.name)
        self.assert_code(tmp_path, "malformed")
        place.unlink()
        with open(place, "wb") as sparse:
            sparse.truncate(1 << 30)
        self.assert_code(tmp_path, "too-large" if path == STATUS else "malformed")
        place.write_bytes(b"")
        place.chmod(0)
        with modes_hold():
            self.assert_code(tmp_path, "denied")

    def assert_code(self, root: Path, code: str) -> None:
        assert self.code(root) == code

    @staticmethod
    def code(root: Path) -> str | None:
        """The code of the error, if there is one."""
        try:
            packages(root)
        except FactError as error:
            return error.code
        return None


class TestDpkg:
    TEXT = (
        b"Package: docker.io\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 20.10.24+dfsg1-1\n"
        b"Description: engine\n Package: kubelet\n .\n Version: 9\n\n"
        b"Package: kubelet\nStatus: install ok half-configured\nVersion: 1.17.1-00\nConffiles:\n /etc/x abc\n\n"
        b"Package: kubeadm\nStatus: deinstall ok config-files\nVersion: 1.17.4-00\n\n"
        b"Package: docker\nStatus: install ok installed\nVersion: 1.5-2\n\n"
        b"Status: install ok triggers-pending\nversion: 1.1.5+ds1-1+deb12u1\npackage: runc\n"
    )

    def test_states(self, tree: Tree) -> None:
        found = packages(tree({STATUS: self.TEXT}))
        assert {package.name: (package.version, package.state) for package in found.found} == {
            "docker.io": ("20.10.24+dfsg1-1", "installed"),
            "kubelet": ("1.17.1-00", "half-configured"),
            "docker": ("1.5-2", "installed"),
            "runc": ("1.1.5+ds1-1+deb12u1", "installed"),
        }
        docker = found.of("docker")
        assert docker is not None
        assert docker.name == "docker.io"
        assert found.of("kubeadm") is None

    def test_the_package_docker_of_debian_is_not_docker(self, tree: Tree) -> None:
        root = tree({STATUS: b"Package: docker\nStatus: install ok installed\nVersion: 1.5-2\n"})
        assert packages(root).of("docker") is None

    def test_what_an_interrupted_dpkg_left_counts(self, tree: Tree) -> None:
        old = b"Package: runc\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n"
        root = tree(
            {STATUS: old, "/var/lib/dpkg/updates/0001": old.replace(b"1.0", b"1.1"), "/var/lib/dpkg/updates/t": "x"}
        )
        assert versions(packages(root)) == {"runc": "1.1"}

    def test_images_without_a_package_manager(self, tree: Tree) -> None:
        files: dict[str, str | bytes] = {
            "/var/lib/dpkg/status.d/runc": "Package: runc\nVersion: 1.1.5\nArchitecture: amd64\n",
            "/var/lib/dpkg/status.d/runc.md5sums": "0123  usr/bin/runc\n",
        }
        found = packages(tree(files))
        assert versions(found) == {"runc": "1.1.5"}
        assert found.databases == ("/var/lib/dpkg/status.d/runc",)

    @pytest.mark.parametrize(
        "text",
        [
            "Package: runc\nStatus: install ok installed\nVersion: 1.1",  # dpkg: missing final newline
            "Package: runc\nStatus: installed\nVersion: 1.1\n",
            "Package: runc\nStatus: install ok fine\nVersion: 1.1\n",
            "Package: runc\nStatus: install ok installed\n",
            "Version: 1\n\nPackage: runc\nStatus: install ok installed\nVersion: 1\n",
            "\x00\x01\x02\n",
            "Package: runc\nStatus: install bad installed\nVersion: 1\n",
            "Package: runc\nStatus: install ok installed\nVersion: 1\ngarbage line\n",
            "Package: runc\nStatus: install ok installed\nVersion: 1\nPackage: runc\n",
            "Package: bash\nStatus: install ok installed\nVersion: 1\n\n# comment\nPackage: x\n",
        ],
    )
    def test_what_dpkg_refuses(self, text: str) -> None:
        with pytest.raises(ParseError):
            parse_status(text.encode(), STATUS)

    @pytest.mark.parametrize(
        ("text", "state"),
        [
            ("Package: runc\r\nStatus: install ok installed\r\nVersion: 1\r\n", "installed"),
            ("Package:runc\nStatus:Install\tok  Installed\nVersion:1\n", "installed"),
            ("\n\n\nPackage: runc\nStatus: install ok unpacked\nVersion: 1\n\n\n\n ", "unpacked"),
            ("Package: runc\nVersion: 1\n", "not-installed"),
        ],
    )
    def test_what_dpkg_accepts(self, text: str, state: str) -> None:
        ((_, package),) = parse_status(text.encode(), STATUS)
        assert (package.name, package.version, package.state) == ("runc", "1", state)

    def test_an_empty_file_has_no_packages(self, tree: Tree) -> None:
        found = packages(tree({STATUS: b""}))
        assert (found.found, found.databases) == ((), (STATUS,))

    def test_a_file_of_newlines_ends_soon(self) -> None:
        with pytest.raises(TooLarge):
            parse_status(b"\n" * (1 << 22), STATUS)

    @pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg is not installed")
    def test_as_dpkg_itself_reads_this_machine(self) -> None:
        form = "${Package} ${Version} ${db:Status-Status}\n"
        lines = subprocess.run(["dpkg-query", "-W", "-f", form], check=True, capture_output=True, text=True).stdout
        theirs = {line.split(" ")[0]: line.split(" ")[1] for line in lines.split("\n") if line.endswith(" installed")}
        raw = (b"\n" + Path(STATUS).read_bytes()).replace(b"\nPackage: ", b"\nPackage: kubernetes1.9-client\nX-Real: ")
        ours = [package.version for _, package in parse_status(raw, STATUS) if package.state == "installed"]
        assert sorted(ours) == sorted(theirs.values())


def test_no_database_at_all(tmp_path: Path) -> None:
    found = packages(tmp_path)
    assert (found.found, found.databases, found.missing) == ((), (), (STATUS, "/var/lib/rpm"))


def test_a_database_that_may_not_be_read(tree: Tree) -> None:
    class Refusing(RootHost):
        """A root whose database the kernel refuses to give (root itself is never refused)."""

        def read(self, path: str, limit: int = 1) -> bytes:
            if path == STATUS:
                raise Denied(path, "permission denied")
            return super().read(path, limit)

    with pytest.raises(Denied):
        Packages.read(Refusing(str(tree({STATUS: b""}))))


def test_this_machine() -> None:
    assert isinstance(Packages.read(LiveHost()), Packages)
