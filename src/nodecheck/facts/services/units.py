"""Unit files of systemd: where they lie, which one counts, what is masked, and what pulls a unit in at boot.

Only directories and links are read here; the text of one unit is read by
:func:`nodecheck.facts.services.unit_files.load_unit`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from nodecheck.errors import Absent, FactError, TooLarge
from nodecheck.facts.services.unit_dirs import SUFFIXES, UNIT_DIRS, Entry, alias_of
from nodecheck.facts.services.unit_names import dropin_dirs, normal_path, template_of
from nodecheck.host import Host
from nodecheck.model.sources import Dir, Exists, Sources
from nodecheck.record import NamedTuple

__all__ = ["BOOT_TARGETS", "RESCUES", "SUFFIXES", "UNIT_DIRS", "Entry", "UnitIndex", "alias_of"]

MOST_STEPS = 4096
"""Units looked at in one walk through what pulls what in."""

MOST_NAMES = 8
"""Names that systemd looks up on the way from an alias to its file (FOLLOW_MAX, src/shared/unit-file.c)."""

SYSINIT_TARGETS = (
    "sysinit.target", "local-fs-pre.target", "local-fs.target", "swap.target", "cryptsetup.target",
    "integritysetup.target", "veritysetup.target",
)  # fmt: skip
"""Targets that systemd's own unit files pull in on the way to sysinit.target (bootup(7))."""

BASIC_TARGETS = (
    *SYSINIT_TARGETS, "sockets.target", "timers.target", "paths.target", "slices.target", "basic.target",
)  # fmt: skip
"""The same on the way to basic.target."""

MULTI_USER_TARGETS = (
    *BASIC_TARGETS, "remote-fs.target", "getty.target", "machines.target", "runlevel2.target", "runlevel3.target",
    "runlevel4.target", "multi-user.target",
)  # fmt: skip
"""The same on the way to multi-user.target, which is on the way to graphical.target too."""

BOOT_TARGETS = frozenset((*MULTI_USER_TARGETS, "default.target"))
"""The targets that a boot reaches as a rule."""

RESCUES = {"rescue.target": (*SYSINIT_TARGETS, "rescue.target"), "emergency.target": ("emergency.target",)}
"""Targets of a node in trouble, and what is reached on the way to each (bootup(7))."""


class UnitIndex(NamedTuple):
    """The names in all unit directories. Nothing of it says what a unit's text holds."""

    files: Mapping[str, tuple[Entry, ...]]
    """Unit name to its entries, the one that counts first."""
    dirs: Mapping[str, tuple[str, ...]]
    """Name of a ``.d``, ``.wants``, ``.requires`` or ``.upholds`` directory to its paths, in order of precedence."""
    links: Mapping[str, tuple[str, ...]]
    """Path of such a directory to the names in it."""
    empty: frozenset[str]
    """Paths of unit files that are empty, which masks like a link to ``/dev/null`` does (systemd.unit(5)), and of
    links in ``.wants`` and ``.requires`` directories in ``/etc`` to ``/dev/null``, which take a dependency away."""
    complete: bool
    """Whether systemd's own unit files are here, so that a unit without a file does not exist."""
    at_boot: UnitIndex | None = None
    """What :meth:`persistent` gives; None where nothing of this lies in ``/run``."""
    linked: tuple[tuple[str, str], ...] = ()
    """The names that some link has, each with where it leads, in the order of :attr:`files`: only these may be
    aliases."""

    @classmethod
    def reads(cls) -> Sources:
        return (*[Dir(folder, depth=2) for folder in UNIT_DIRS], Exists("/lib"))

    @classmethod
    def read(cls, host: Host) -> UnitIndex:
        """Read the unit directories. Raises what the host raises for one that is there and cannot be listed."""
        return _read(host)

    def persistent(self) -> UnitIndex:
        """The same without what lies in ``/run``, or is a link to it, which is gone at the next boot."""
        return self if self.at_boot is None else self.at_boot

    def without(self, kind: str) -> UnitIndex:
        """The same without the directories of one kind (``.upholds``)."""
        return self._replace(dirs={name: paths for name, paths in self.dirs.items() if not name.endswith(kind)})

    def beneath_mask(self, name: str) -> UnitIndex:
        """The same without what masks a unit."""
        entries = self.files.get(name, ())
        if not entries or not self._masks(entries[0]):
            return self
        files = {**self.files, name: entries[1:]}
        if not files[name]:
            del files[name]
        return self._replace(files=files)

    def entry(self, name: str) -> Entry | None:
        """The entry of a unit that counts: its own, else that of its template."""
        found = self.files.get(name) or self.files.get(template_of(name) or "")
        return found[0] if found else None

    def fragment(self, name: str) -> str | None:
        """The path of the unit file that counts (aliases resolved); None where there is none or it is masked."""
        for _ in range(MOST_NAMES):
            entry = self.entry(name)
            if entry is None or self._masks(entry):
                return None
            other = alias_of(entry, name)
            if other is None or not self.files.get(other):
                return entry.path
            name = other
        return None

    def lacks(self, unit: str) -> bool:
        """Whether a unit, aliases resolved, is masked, or has no file where all unit files are."""
        entry = self.entry(unit)
        return self.complete if entry is None else self._masks(entry)

    def exists(self, name: str) -> bool:
        """Whether some unit file of that name is there, masked or not."""
        return self.entry(name) is not None

    def masked(self, name: str) -> bool:
        """Whether the entry that counts is empty or a link to ``/dev/null``."""
        return self.mask(name) is not None

    def mask(self, name: str) -> str | None:
        """The path that masks a unit; None where nothing does."""
        entry = self.entry(self.resolve(name))
        return entry.path if entry is not None and self._masks(entry) else None

    def _masks(self, entry: Entry) -> bool:
        return entry.path in self.empty or (entry.target is not None and normal_path(entry.target) == "/dev/null")

    def resolve(self, name: str) -> str:
        """The name of the unit that an alias stands for (``chrony.service`` to ``chronyd.service``).

        One that leads over too many names stands for none: systemd does not load it (:meth:`endless`).
        """
        return self._resolved(name) or name

    def endless(self, name: str) -> bool:
        """Whether a name is an alias that leads over more names than systemd follows, or back to itself."""
        return self._resolved(name) is None

    def _resolved(self, name: str) -> str | None:
        for _ in range(MOST_NAMES):
            entry = self.entry(name)
            other = alias_of(entry, name) if entry is not None else None
            if other is None:
                return name
            name = other
        return None

    def names_of(self, name: str) -> tuple[str, ...]:
        """The unit's own name and its aliases."""
        name = self.resolve(name)
        found = [name]
        for known in found if name.rpartition(".")[0] else ():  # which grows: an alias may have aliases
            for other, target in self.linked:
                if target.endswith(known) and other not in found and self._leads(other, known, name):
                    found.append(other)
        return tuple(found)

    def _leads(self, other: str, known: str, name: str) -> bool:
        """Whether the entry of a name that counts is a link to one of a unit's names, and the name an alias of it."""
        target = self.files[other][0].target if other in self.files else None
        return target is not None and target.endswith(known) and self.resolve(other) == name

    def dropins(self, name: str) -> tuple[str, ...]:
        """The drop-in files of a unit in the order in which they apply: by base name, each name once."""
        found: dict[str, str] = {}
        for path in self._dropin_paths(name):
            for file in self.links.get(path, ()):
                if file.endswith(".conf") and not file.startswith("."):
                    found.setdefault(file, f"{path}/{file}")
        return tuple(found[file] for file in sorted(found))

    def _dropin_paths(self, name: str) -> Iterator[str]:
        """The directories of drop-ins in order: by name, by place in the search path, then the more general names.

        As ``unit_file_find_dropin_paths`` (src/shared/dropin.c) walks them; ``service.d`` comes last of all.
        """
        general = f"{name.rpartition('.')[2]}.d"
        for owner in self.names_of(name):
            folders = [folder for folder in dropin_dirs(owner) if folder in self.dirs]
            for place in UNIT_DIRS if folders else ():
                for folder in folders:
                    if (path := f"{place}/{folder}") in self.dirs[folder]:
                        yield path
        yield from self.dirs.get(general, ())

    def pulls(self, name: str) -> tuple[tuple[str, str], ...]:
        """What pulls a unit in by a link: unit and the path of the link, strongest place first."""
        names = self.names_of(name)
        found = []
        for folder, paths in self.dirs.items():
            owner, _, kind = folder.rpartition(".")
            if kind in ("wants", "requires", "upholds"):
                for link in names:
                    path = next((path for path in paths if link in self.links[path]), None)
                    if path is not None and f"{path}/{link}" not in self.empty:
                        found.append((owner, f"{path}/{link}"))
        return tuple(found)

    def wanted_by(self, name: str) -> tuple[str, ...]:
        """The units whose ``.wants``, ``.requires`` or ``.upholds`` directory names this unit or an alias of it."""
        return tuple(dict.fromkeys(owner for owner, _ in self.pulls(name)))

    def default_target(self) -> str:
        """What ``default.target`` stands for: itself where the administrator wrote a file of that name.

        ``graphical.target``, as systemd installs it, where there is no link.
        """
        found = self.target("default.target")
        own = found != "default.target" or [one for one in self.files.get(found, ()) if one.path.startswith("/etc/")]
        return found if own else "graphical.target"

    def target(self, name: str) -> str:
        """The target that a name stands for, those of System V's runlevels too where no link says so."""
        found = self.resolve(name)
        return _RUNLEVELS.get(found, found)

    def starts_at_boot(self, name: str) -> str | None:
        """The link by which a unit is enabled: that pulls it in on the way to the default target; None for none.

        Whether the next boot starts it is another question, which
        :class:`nodecheck.facts.services.starts.BootStarts` answers.
        """
        index = self.persistent()
        default = index.default_target()
        return index.linked_from(name, RESCUES.get(default, BOOT_TARGETS | {default}))

    def linked_from(self, name: str, goals: Container[str], masked: Container[str] = ()) -> str | None:
        """The link that pulls a unit in on the way to one of ``goals``; None where none does or the unit is masked.

        Links alone are followed; what only the text of another unit pulls in (``Wants=``), or a socket, timer or path,
        is not seen here. For one of the goals: its file. Units of ``masked`` count as masked too.
        """
        return _search(self, name, goals, masked)


_RUNLEVELS = {f"runlevel{n}.target": "multi-user.target" for n in "234"} | {
    "runlevel5.target": "graphical.target",
    "runlevel1.target": "rescue.target",
}


def _search(index: UnitIndex, name: str, goals: Container[str], masked: Container[str]) -> str | None:
    """The first link on a way from ``name`` up to one of ``goals``, over units that exist and are not masked."""
    queue: list[tuple[str, str | None]] = [(index.resolve(name), None)]
    done = {queue[0][0]}
    while queue:
        if len(done) > MOST_STEPS:
            raise TooLarge(name, f"is pulled in by more than {MOST_STEPS} units")
        unit, why = queue.pop(0)
        if unit in masked or index.lacks(unit):
            continue
        if unit in goals:
            return why or index.fragment(unit) or unit
        for owner, link in index.pulls(unit):
            owner = index.resolve(owner)
            if owner not in done:
                done.add(owner)
                queue.append((owner, why or link))
    return None


class _Builder(NamedTuple):
    """The index while its directories are read; ``/run`` can be left out."""

    files: dict[str, tuple[Entry, ...]]
    dirs: dict[str, tuple[str, ...]]

    def made(self, links: dict[str, tuple[str, ...]], empty: frozenset[str], boot: UnitIndex | None) -> UnitIndex:
        complete = any(entry.path.startswith(("/usr/lib", "/lib")) for entry in self.files.get("sysinit.target", ()))
        linked = [
            (name, entry.target)
            for name, entries in self.files.items()
            for entry in entries
            if entry.target is not None and entry.target != "/dev/null"
        ]
        return UnitIndex(self.files, self.dirs, links, empty, complete, boot, tuple(linked))


def _read(host: Host) -> UnitIndex:
    now = boot = _Builder({}, {})
    links: dict[str, tuple[str, ...]] = {}
    empty: set[str] = set()
    for folder in _folders(host):
        for name, target in _links(host, folder):
            path = f"{folder}/{name}"
            volatile = folder.startswith("/run/") or (target or "").startswith(("/run/", "/var/run/"))
            if volatile and boot is now:
                boot = _Builder(now.files.copy(), now.dirs.copy())
            builders = (now,) if volatile or boot is now else (now, boot)
            if name.endswith(SUFFIXES):
                entry = Entry(path, target)
                for builder in builders:
                    builder.files[name] = (*builder.files.get(name, ()), entry)
                if not folder.startswith(("/usr", "/lib")) and _is_empty(host, path):
                    empty.add(path)
            elif name.endswith((".d", ".wants", ".requires", ".upholds")):
                inside = _links(host, path)
                links[path] = tuple([link for link, _ in inside])
                for builder in builders:
                    builder.dirs[name] = (*builder.dirs.get(name, ()), path)
                if folder.startswith("/etc") and not name.endswith(".d"):
                    empty.update([f"{path}/{link}" for link, goal in inside if goal == "/dev/null"])
    masks = frozenset(empty)
    return now.made(links, masks, boot.made(links, masks, None) if boot is not now else None)


def _folders(host: Host) -> Iterator[str]:
    for folder in UNIT_DIRS:
        if folder != "/lib/systemd/system" or host.link("/lib") is None:
            yield folder


def _links(host: Host, folder: str) -> tuple[tuple[str, str | None], ...]:
    try:
        return host.links(folder)
    except Absent:
        return ()


def _is_empty(host: Host, path: str) -> bool:
    """Whether a unit file is empty; a dangling link is not, and what cannot be read is told by whoever reads it."""
    try:
        found = host.stat(path)
    except FactError:
        return False
    return found.kind == "null" or (found.kind == "file" and found.size == 0)
