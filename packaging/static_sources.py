"""The source packages of Debian that the static file is made of, by name, version and SHA-256."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("python3.13", "sqlite3", "zlib")
SUITE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Source(NamedTuple):
    """One unpacked source package."""

    name: str
    version: str
    digest: str
    folder: Path


class Pin(NamedTuple):
    """One line of the lock."""

    version: str
    digest: str


def fetched(work: Path, lock: Path, *, newest: bool = False) -> dict[str, Source]:
    """The sources, unpacked with Debian's patches. ``newest`` writes the lock anew."""
    pins = {} if newest else read_lock(lock)
    sources = {name: source(work, name, pins.get(name)) for name in PACKAGES}
    if newest:
        write_lock(lock, sources)
    return sources


def read_lock(path: Path) -> dict[str, Pin]:
    """Name to version and SHA-256 of the .dsc."""
    lines = [line.split() for line in path.read_text().split("\n") if line and not line.startswith("#")]
    return {name: Pin(version, digest) for name, version, digest in lines}


def write_lock(path: Path, sources: dict[str, Source]) -> None:
    """The lock with what was taken, under the comment that it has."""
    comment = [line for line in path.read_text().split("\n") if line.startswith("#")]
    lines = [f"{one.name} {one.version} {one.digest}" for one in sources.values()]
    path.write_text("\n".join([*comment, *lines]) + "\n")


def source(work: Path, name: str, pin: Pin | None) -> Source:
    """One source package: what lies in the working folder already, else from the mirror."""
    folder = work / "sources" / name
    for version in [pin.version] if pin else offered(work, name):
        description = folder / f"{name}_{version.partition(':')[2] or version}.dsc"
        if not description.exists() and not any(apt.download(name, version, folder) for apt in apts(work)):
            continue
        digest = hashlib.sha256(description.read_bytes()).hexdigest()
        if pin and digest != pin.digest:
            sys.exit(f"{description}: SHA-256 {digest}, and static/sources.lock has {pin.digest}")
        return Source(name, version, digest, unpacked(description))
    sys.exit(gone(work, name, pin, folder))


def offered(work: Path, name: str) -> list[str]:
    """The versions that the mirrors list, the newest first."""
    return sorted({version for apt in apts(work) for version in apt.versions(name)}, key=_parts)[::-1]


def gone(work: Path, name: str, pin: Pin | None, folder: Path) -> str:
    """What to do where a version cannot be had: mirrors keep only the newest one."""
    there = ", ".join(offered(work, name)) or "none"
    if pin is None:
        return f"{name}: no mirror gave one of the versions that it lists: {there}"
    return (
        f"{name} {pin.version} of static/sources.lock cannot be had from a mirror any more. They list: {there}.\n"
        f"Run this again with --newest, which takes what they list and writes the lock: another file comes out.\n"
        f"Or put the old one, a .dsc and its files as Debian's snapshot archive keeps them, into\n  {folder}\n"
        f"It is taken from there if the SHA-256 of the .dsc is {pin.digest}."
    )


def unpacked(description: Path) -> Path:
    """The tree of a source package; dpkg-source holds each file against its SHA-256 in the description."""
    tree = description.with_suffix("")
    if not tree.exists():
        part = description.with_suffix(".part")
        subprocess.run(["rm", "-rf", part], check=True)
        subprocess.run(["dpkg-source", "--no-check", "-x", description, part], check=True, stdout=subprocess.DEVNULL)
        part.rename(tree)
    return tree


class Apt(NamedTuple):
    """apt with one mirror of its own: nothing of the machine's is changed."""

    options: tuple[str, ...]

    def versions(self, name: str) -> list[str]:
        """The versions of a source package."""
        told = subprocess.run(
            ["apt-cache", *self.options, "madison", name], check=True, capture_output=True, text=True
        ).stdout
        return [line.split("|")[1].strip() for line in told.split("\n") if line.endswith("Sources")]

    def download(self, name: str, version: str, folder: Path) -> bool:
        """Whether it could be had; apt holds it against the archive's signed lists."""
        folder.mkdir(parents=True, exist_ok=True)
        if version not in self.versions(name):
            return False
        command = ["apt-get", *self.options, "-qq", "source", "--download-only", f"{name}={version}"]
        done = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:  # another mirror may have it
            print(f"{name} {version}: {done.stderr.strip()}", file=sys.stderr)
        return done.returncode == 0


def _parts(version: str) -> list[tuple[int, str]]:
    return [(int(number or 0), text) for number, text in re.findall("([0-9]*)([^0-9]*)", version)]


_made: dict[Path, list[Apt]] = {}


def apts(work: Path) -> list[Apt]:
    """apt for each mirror of Debian that this machine's own apt uses, with the suite's sources."""
    if work not in _made:
        _made[work] = [_apt(work / "apt" / suite, uri, suite) for uri, suite in mirrors()]
    return _made[work]


def _apt(state: Path, uri: str, suite: str) -> Apt:
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    listed = state / "sources.list"
    listed.write_text(f"deb-src [signed-by={KEYRING}] {uri} {suite} main\n")
    settings: dict[str, object] = {
        "Dir::Etc::sourcelist": listed,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "root",
    }
    made = Apt(tuple([f"-o{name}={value}" for name, value in settings.items()]))
    subprocess.run(["apt-get", *made.options, "-qq", "update"], check=True)
    return made


SUITES = {"Debian/Debian": SUITE, "Debian/Debian-Security": f"{SUITE}-security"}
"""By origin and label of a mirror."""


def mirrors() -> list[tuple[str, str]]:
    """Each mirror of Debian and the suite to take there."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)/$(LABEL)"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    lines = [line.split(" ", 1) for line in told.split("\n") if " " in line]
    found = sorted({(uri, SUITES[kind]) for uri, kind in lines if kind in SUITES})
    if SUITE not in [suite for _, suite in found]:
        sys.exit("apt knows no mirror of Debian here: run apt-get update on a Debian machine first")
    return found
