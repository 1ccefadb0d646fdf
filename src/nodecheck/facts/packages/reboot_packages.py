"""When the packages were installed after which a reboot is due: what runs of them cannot be started again on its own.

Sources: dnf-plugins-core ``plugins/needs_restarting.py`` (``NEED_REBOOT``; https://access.redhat.com/solutions/27943),
rpm's tag ``INSTALLTIME``; on Debian and its kin the packages whose own scripts ask for it (dbus' postinst, Ubuntu's
libc6) and the microcode, which is loaded early at boot only. dpkg keeps no time: it writes the list of a package's
files anew whenever it unpacks it.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, NotCaptured
from nodecheck.facts.packages.rpm import DIRECTORIES, rpm_files, rpm_headers, rpm_said
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Exists, File, Program, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import decode, is_digits

INFO = "/var/lib/dpkg/info"
DEBS = ("libc6", "dbus", "dbus-daemon", "dbus-broker", "intel-microcode", "amd64-microcode")
RPMS = ("glibc", "linux-firmware", "systemd", "dbus", "dbus-broker", "dbus-daemon", "microcode_ctl")
"""Of ``NEED_REBOOT`` all but the kernels: which one the next boot starts, the boot loader says."""

_OF_MANY = ("libc6",)
"""Packages that may be installed for several architectures: dpkg puts that of each into the name of its list."""
ARCHITECTURES = ("amd64", "arm64", "armel", "armhf", "i386", "loong64", "mips64el", "ppc64el", "riscv64", "s390x")

_QUERY = (
    "-qa", "--qf", "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{INSTALLTIME}\\n",
    "rpm", "glibc", "linux-firmware", "systemd", "dbus*", "microcode_ctl",
)  # fmt: skip
"""What a collector asks in place of a large database; rpm's own package shows that it is the node's."""
QUERIES = tuple([("rpm", "--dbpath", directory, *_QUERY) for directory in DIRECTORIES])


class DatedPackage(NamedTuple):
    """A package, and when it was installed."""

    name: str
    version: str
    at_s: int | None
    """Seconds since 1970; None where dpkg's list of its files is not there, as in a part of a root."""
    source: str


class RebootPackages(NamedTuple):
    """The packages after whose installation a reboot is due."""

    found: tuple[DatedPackage, ...] = ()
    databases: tuple[str, ...] = ()
    """The databases that were read."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.packages.dpkg import STATUS

        lists = [f"{INFO}/{name}.list" for name in DEBS]
        lists += [f"{INFO}/{name}:{of}.list" for name in _OF_MANY for of in ARCHITECTURES]
        return (File(STATUS), *map(Exists, lists), *rpm_files(), *[Program(one, in_capture=True) for one in QUERIES])

    @classmethod
    def read(cls, host: Host) -> RebootPackages:
        """Those of dpkg and of rpm; none of a node with neither database.

        Raises what the host raises for a database that is there, and Malformed for one that is damaged.
        """
        debs, rpms = _of_dpkg(host), _of_rpm(host)
        return cls((*debs[1], *rpms[1]), (*debs[0], *rpms[0]))


Found = tuple[tuple[str, ...], tuple[DatedPackage, ...]]


def _of_dpkg(host: Host) -> Found:
    from nodecheck.facts.packages.dpkg import STATUS, STATUS_LIMIT

    try:
        raw = host.read(STATUS, STATUS_LIMIT)
    except Absent:
        return (), ()
    found = []
    for name in DEBS:
        for architecture, version in parse_installed(raw, name):
            paths = [f"{INFO}/{name}.list"]
            if name in _OF_MANY and architecture in ARCHITECTURES:
                paths.insert(0, f"{INFO}/{name}:{architecture}.list")
            found.append(_unpacked(host, paths, DatedPackage(name, version, None, paths[-1])))
    return (STATUS,), tuple(found)


def _unpacked(host: Host, paths: list[str], package: DatedPackage) -> DatedPackage:
    """The package with the time of the first list that is there."""
    for path in paths:
        info = stat_or_none(host, path)
        if info is not None and info.changed_ns is not None:
            return package._replace(at_s=info.changed_ns // 10**9, source=path)
    return package


def parse_installed(raw: bytes, name: str) -> Iterator[tuple[str, str]]:
    r"""Architecture and version of a package that dpkg has as installed, once for each architecture.

    >>> text = b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u14\n\n"
    >>> list(parse_installed(text, "libc6"))
    [('amd64', '2.36-9+deb12u14')]
    """
    whole, mark = b"\n" + raw, f"\nPackage: {name}\n".encode()
    at = whole.find(mark)
    while at >= 0:
        end = whole.find(b"\n\n", at + 1)
        stanza = decode(whole[at : end if end >= 0 else len(whole)])
        fields = dict([line.partition(": ")[::2] for line in stanza.split("\n") if line[:1] not in ("", " ", "\t")])
        state = fields.get("Status", "").strip(" ").rpartition(" ")[2]
        if state == "installed" or state.startswith("triggers-"):
            yield fields.get("Architecture", ""), fields.get("Version", "")
        at = whole.find(mark, at + 1)


def _of_rpm(host: Host) -> Found:
    try:
        told = rpm_headers(host, RPMS.__contains__)
    except NotCaptured as error:
        lines = [line.split(" ") for line in rpm_said(host, error, QUERIES)]
        kept = [words for words in lines if len(words) == 3 and words[0] in RPMS and is_digits(words[2])]
        return ("rpm -qa",), tuple([DatedPackage(name, evr, int(at), "rpm -qa") for name, evr, at in kept])
    if told is None:
        return (), ()
    path, headers = told
    timed = [(header, header.installed_s) for header in headers if header.installed_s is not None]
    return (path,), tuple([DatedPackage(header.name, header.evr, at, path) for header, at in timed])
