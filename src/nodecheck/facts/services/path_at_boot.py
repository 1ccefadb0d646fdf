"""What the next boot mounts where a path leads: fstab, mount units with their drop-ins, and what a bind mount shows.

systemd-fstab-generator(8) makes a unit of each line, the first of a path; one of that name in ``/etc/systemd/system``
takes its place, drop-ins change it, and a mask there keeps it away: what a package has in ``/usr/lib`` counts less
than what the generator makes (systemd.unit(5)). It makes one of each ``systemd.mount-extra=`` of the command line too,
after those of fstab (since systemd 254). The options are read as libmount does (mount(8)).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nodecheck.facts.boot.cmdline import values
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.files.fstab import FSTAB, Fstab, FstabEntry
from nodecheck.facts.files.lines import whole_line
from nodecheck.facts.files.path_mount import PLACES, led_to
from nodecheck.facts.services.boot_mounts import reads_fstab
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.surroundings import NextBoot, Surroundings
from nodecheck.facts.services.unit_files import Assignment, Unit, load_unit, parse_unit
from nodecheck.facts.services.unit_names import normal_path, unit_of_path
from nodecheck.facts.services.unit_start import UNTOLD
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, Named, Sources, UnitText
from nodecheck.record import NamedTuple

CONTRARY = {"rw": "ro", "exec": "noexec", "dev": "nodev", "suid": "nosuid"}
"""Options, and the flags that they take back."""
_IMPLIED = {
    "user": ("noexec", "nodev", "nosuid"),
    "users": ("noexec", "nodev", "nosuid"),
    "owner": ("nodev", "nosuid"),
    "group": ("nodev", "nosuid"),
}

MOST_BINDS = 8
"""Bind mounts of bind mounts that are followed."""


def flags_of(options: str) -> tuple[str, ...]:
    """The flags of :data:`CONTRARY` that options leave set, sorted: of two contrary ones the last counts.

    >>> flags_of("defaults,noexec,nodev,dev"), flags_of("user,exec"), flags_of("noexec,exec"), flags_of("ro,rw")
    (('noexec',), ('nodev', 'nosuid'), (), ())
    """
    found: set[str] = set()
    for option in options.split(","):
        name = option.partition("=")[0].strip(" \t\r")  # systemd reads CR as the end of a line
        if name in CONTRARY:
            found.discard(CONTRARY[name])
        elif name in CONTRARY.values():
            found.add(name)
        else:
            found.update(_IMPLIED.get(name, ()))
    return tuple(sorted(found))


def without_flags(options: str, flags: Collection[str]) -> str:
    """Options that leave these flags unset, the others as they are.

    >>> without_flags("rw,noexec,nodev", ("noexec",)), without_flags("user,ro", ("noexec", "ro"))
    ('rw,nodev', 'user,exec')
    >>> without_flags("noexec", ("noexec",))
    'defaults'
    """
    kept = [option for option in options.split(",") if option.partition("=")[0] not in flags]
    left = [word for word, flag in CONTRARY.items() if flag in flags and flag in flags_of(",".join(kept))]
    return ",".join([*kept, *left]) or "defaults"


class PlannedMount(NamedTuple):
    """One mount of the next boot."""

    path: str
    what: str
    options: str
    source: str
    """The file that gives the options."""
    line: int | None
    text: str
    """The line as it stands there."""
    by_kernel: bool = False
    """The kernel or the initramfs mounts the root so, and no line of fstab has systemd mount it again."""
    by_word: bool = False
    """A word of the command line has systemd mount it."""

    @property
    def is_bind(self) -> bool:
        """Whether it shows a directory of another mount."""
        return not {"bind", "rbind"}.isdisjoint(self.options.split(","))


class PathAtBoot(NamedTuple):
    """Where a path will lie after the next boot."""

    path: str
    """Where it leads, links followed."""
    mounts: tuple[PlannedMount, ...] = ()
    """The mount that it lies on, and after a bind mount what that shows; empty: on the root, of which nothing is
    said."""
    etc: bool = True
    """Whether ``/etc`` is there: where it is not, the absence of a line proves nothing."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Those that are set in the end: a bind mount without any of its own has those of what it shows.

        mount(8): with some the bind mount is remounted with exactly these.
        """
        return next((found for found in [flags_of(mount.options) for mount in self.mounts] if found), ())

    @property
    def decides(self) -> PlannedMount | None:
        """The mount whose options count; None where nothing says anything."""
        found = [mount for mount in self.mounts if flags_of(mount.options)]
        return found[0] if found else self.mounts[0] if self.mounts else None

    @classmethod
    def reads(cls) -> Sources:
        """The mount units, and the links on the way to the path."""
        return (UnitText("*.mount"), *map(Exists, PLACES), Named("the links on the way to it"))

    @classmethod
    def read(cls, host: Host, subject: str, fstab: Fstab, boot: NextBoot, starts: Lazy[BootStarts]) -> PathAtBoot:
        """Look for it. Raises what the host raises for a unit that cannot be read, and why one is not told."""
        return planned(host, subject, fstab, boot, starts)


def planned(host: Host, path: str, fstab: Fstab, boot: NextBoot, starts: Lazy[BootStarts]) -> PathAtBoot:
    """What the next boot mounts where a path leads; raises what :meth:`PathAtBoot.read` raises."""
    around, found = boot.on(host), list[PlannedMount]()
    place = real = led_to(host, path)
    while len(found) < MOST_BINDS:
        mount = _nearest(around, fstab, starts, place)
        if mount is None:
            break
        found.append(mount)
        if not mount.is_bind or not mount.what.startswith("/") or mount in found[:-1]:
            break
        place = led_to(host, mount.what)
    return PathAtBoot(real, tuple(found), fstab.etc)


def _nearest(around: Surroundings, fstab: Fstab, starts: Lazy[BootStarts], path: str) -> PlannedMount | None:
    """The mount that a path lies on, by its name; None where nothing is mounted on the way to it."""
    while True:
        found = _mounted_at(around, fstab, starts, path)
        if found is not None:
            return found
        if path == "/":
            return _by_words(around.cmdline())
        path = path.rpartition("/")[0] or "/"


def _by_words(cmdline: BootCmdline) -> PlannedMount | None:
    """The root as the command line has it mounted: ``rootflags=``, and the last of ``ro`` and ``rw`` (bootparam(7))."""
    access = [word for word in cmdline.words if word in ("ro", "rw")][-1:]
    options = ",".join([*values(cmdline.words, "rootflags")[-1:], *access])
    if not flags_of(options) or cmdline.source is None:
        return None
    return PlannedMount("/", "", options, cmdline.source, cmdline.line, cmdline.text, True)


def _mounted_at(around: Surroundings, fstab: Fstab, starts: Lazy[BootStarts], path: str) -> PlannedMount | None:
    if not around.init.is_systemd:
        lines = [_of_line(entry) for entry in fstab.entries if _is_mounted(entry, path, None)]
        return lines[-1] if lines else None
    name = unit_of_path(path, ".mount")
    mask = None if name is None else around.units.mask(name)
    if name is None or (mask or "").startswith("/etc/"):
        return None
    lines = [_of_line(entry) for entry in fstab.entries if _is_mounted(entry, path, starts)]
    generated = [*(lines if reads_fstab(around) else ()), *_extra(around, path)]
    fragment = around.units.fragment(name)
    if generated and not (fragment or "").startswith("/etc/"):
        return _with_dropins(around, name, generated[0])
    if fragment is None or not (generated or _is_started(starts, name)):
        return None
    return _of_unit(around, name, path)


def _extra(around: Surroundings, path: str) -> Iterator[PlannedMount]:
    """What ``systemd.mount-extra=WHAT:WHERE[:FSTYPE[:OPTIONS]]`` mounts at a path."""
    cmdline = around.cmdline()
    for value in values(cmdline.words, _EXTRA) if around.init.at_least(_EXTRA_SINCE) else ():
        what, where, kind, options = (*value.split(":", 3), "", "", "")[:4]
        entry = FstabEntry(what, where, kind or "auto", options or "defaults", cmdline.line or 0, f"{_EXTRA}={value}")
        if what and _is_mounted(entry, path, None):
            yield _of_line(entry)._replace(source=cmdline.source or "", line=cmdline.line, by_word=True)


_EXTRA, _EXTRA_SINCE = "systemd.mount-extra", 254


def _is_mounted(entry: FstabEntry, path: str, starts: Lazy[BootStarts] | None) -> bool:
    """Whether the boot mounts a line at a path, at once, with a unit that wants it, or when somebody looks."""
    if entry.kind == "swap" or not entry.file.startswith("/") or normal_path(entry.file) != path:
        return False
    if not entry.says("noauto", "auto") or not _LOOKS.isdisjoint(entry.options.split(",")):
        return True
    return starts is not None and any(_acts(starts, unit) for unit in _wanting(entry))


_LOOKS = frozenset(("x-systemd.automount", "comment=systemd.automount"))


def _wanting(entry: FstabEntry) -> Iterator[str]:
    """The units that a line of fstab names as those that want it, ``noauto`` or not."""
    for option in entry.options.split(","):
        key, _, unit = option.partition("=")
        if unit and key in ("x-systemd.wanted-by", "x-systemd.required-by"):
            yield unit


def _of_line(entry: FstabEntry) -> PlannedMount:
    return PlannedMount(normal_path(entry.file), entry.spec, entry.options, FSTAB, entry.line, entry.text)


def _with_dropins(around: Surroundings, name: str, mount: PlannedMount) -> PlannedMount:
    """The same with what drop-ins make of the unit that the generator wrote."""
    paths = around.units.dropins(name)
    unit = Unit(name, paths, tuple([item for path in paths for item in parse_unit(text(around.host, path), path)]))
    return _by_settings(around, unit, mount)


def _is_started(starts: Lazy[BootStarts], name: str) -> bool:
    """Whether the boot starts a mount unit, or the automount unit of its name, by which a look starts it."""
    return _acts(starts, name) or _acts(starts, f"{name.rpartition('.')[0]}.automount")


def _acts(starts: Lazy[BootStarts], unit: str) -> bool:
    """Whether the boot starts a unit; raises what keeps that from being told."""
    start = starts().of(unit)
    if start.state == UNTOLD and start.error is not None:
        raise start.error
    return start.acts


def _of_unit(around: Surroundings, name: str, path: str) -> PlannedMount | None:
    """A unit of its own. One in ``/etc`` that takes the place of a line of fstab is wanted as the line's would be."""
    unit = load_unit(around.host, around.units, name)
    return None if unit is None else _by_settings(around, unit, PlannedMount(path, "", "", unit.paths[0], None, name))


def _by_settings(around: Surroundings, unit: Unit, mount: PlannedMount) -> PlannedMount:
    """The last assignment of each setting counts; an empty one takes back what came before."""
    what, options = _last_of(unit, "What"), _last_of(unit, "Options")
    if what is not None:
        mount = mount._replace(what=what.value)
    if options is None:
        return mount
    whole = whole_line(around.host, options.path, options.line) or f"Options={options.value}"
    return mount._replace(options=options.value, source=options.path, line=options.line, text=whole)


def _last_of(unit: Unit, key: str) -> Assignment | None:
    found = [item for item in unit.assignments if item.section == "Mount" and item.key == key]
    return found[-1] if found else None
