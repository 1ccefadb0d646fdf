"""``/lib/modules/RELEASE``: what a kernel has built in, and which modules it can load."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.errors import Absent, Malformed, Offline, ParseError, TooLarge
from nodecheck.facts.boot.next_boot import BootCmdline, KernelRelease, RunningKernel
from nodecheck.facts.kernel.modules import Modules, module_name
from nodecheck.host import MIB, Host, exists, names_in
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Each, Exists, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import is_digits

DIRS = ("/lib/modules", "/usr/lib/modules")
SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")
MOST_DIRS = 16384
"""Directories of one tree that are looked into."""

_LIMIT = 16 * MIB
_HEAD = 4096
"""No path in modules.dep is longer (PATH_MAX)."""


class Loadable(NamedTuple):
    """A module that modules.dep lists."""

    path: str
    """As it stands there, below the tree as a rule."""
    needs: tuple[str, ...]
    """Names of all modules that it needs, the nearest first (depmod writes them out in full)."""
    line: int


class Listing(NamedTuple):
    """A list of module files; each line follows a newline."""

    path: str
    raw: str
    folded: str
    """The same with ``_`` for ``-``, as modules are named."""


class ModuleTree(NamedTuple):
    """The tree of one kernel release; ``path`` is None where there is none."""

    release: str | None = None
    path: str | None = None
    builtin: Listing | None = None
    """modules.builtin; None where it is not there."""
    dep: Listing | None = None
    """modules.dep; None where it is not there."""
    others: tuple[str, ...] = ()
    """The releases that have a tree, where this one has none."""
    unlisted: bool = False
    """Whether the tree is there, and neither ``modules.dep`` nor ``modules.dep.bin``: modprobe finds nothing in it."""

    def has_built_in(self, name: str) -> bool:
        """Whether modules.builtin lists the module."""
        return self.builtin is not None and any(f"{start}{name}.ko\n" in self.builtin.folded for start in "/\n")

    def loadable(self, name: str) -> Loadable | None:
        """The module's line in modules.dep; None where it is not listed, or there is no list."""
        if self.dep is None:
            return None
        dep = self.dep.folded
        at = dep.find(name + ".ko")
        while at >= 0:
            found = self._line_at(self.dep, at, len(name))
            if found is not None:
                return found
            at = dep.find(name + ".ko", at + 1)
        return None

    def _line_at(self, dep: Listing, at: int, size: int) -> Loadable | None:
        """The line whose module's name (of ``size`` characters) begins at ``at``; None where it is a line's tail."""
        start = dep.folded.rfind("\n", max(0, at - _HEAD), at) + 1
        colon = dep.folded.find(":", at, at + size + 8)
        if start == 0 or colon < 0 or dep.folded[at + size : colon] not in SUFFIXES:
            return None
        head = dep.folded[start:at]
        if head[-1:] not in ("", "/") or ":" in head:
            return None
        end = dep.folded.find("\n", colon)
        needs = tuple(_names(dep.folded[colon + 1 : end]))
        return Loadable(dep.raw[start:colon], needs, dep.folded.count("\n", 0, start))


def _names(paths: str) -> list[str]:
    return [path.rpartition("/")[2].partition(".ko")[0] for path in paths.split(" ") if path]


class RunningTree(NamedTuple):
    """The tree of the running kernel."""

    tree: ModuleTree

    @classmethod
    def reads(cls) -> Sources:
        return _tree_sources()

    @classmethod
    def read(cls, host: Host, kernel: Lazy[RunningKernel], modules: Lazy[Modules]) -> RunningTree:
        """Where a root holds the list of modules and not the release, its one tree is taken as the running kernel's.

        Raises Offline where neither is told.
        """
        try:
            release: str | None = kernel().release
        except (Absent, Offline):
            modules()
            releases = _releases(host)
            release = releases[0] if len(releases) == 1 else None
        return cls(read_tree(host, release, built_in_only=not is_before(release, 4, 19)))


class RunningList(NamedTuple):
    """The tree of the running kernel with its list of modules, which :class:`RunningTree` leaves out as a rule."""

    tree: ModuleTree

    @classmethod
    def reads(cls) -> Sources:
        return _tree_sources()

    @classmethod
    def read(cls, host: Host, kernel: RunningKernel) -> RunningList:
        """Raises Offline where the host is not running and does not hold its release."""
        return cls(read_tree(host, kernel.release))


class BootTree(NamedTuple):
    """The tree of the kernel that the next boot starts."""

    tree: ModuleTree

    @classmethod
    def reads(cls) -> Sources:
        return (*_tree_sources(), *[Exists(form.format("*")) for form in IMAGES])

    @classmethod
    def read(cls, host: Host, kernel: KernelRelease, cmdline: BootCmdline) -> BootTree:
        """The tree of that release. Where only the running kernel hints at it, and its tree is gone (the package was
        replaced since), the newest tree is what will boot."""
        found = read_tree(host, kernel.boot)
        if found.path is None and found.others and cmdline.kernel is None:
            from nodecheck.facts.boot.bls import newest

            newer = newest(list(found.others))
            if any(exists(host, form.format(newer)) for form in IMAGES):
                found = read_tree(host, newer)
        return cls(found)


IMAGES = ("/boot/vmlinuz-{}", "/usr/lib/modules/{}/vmlinuz", "/lib/modules/{}/vmlinuz", "/boot/vmlinux-{}")
"""Kernels that a boot loader may start; a node whose kernel comes from elsewhere may have trees that never count."""


def is_before(release: str | None, major: int, minor: int) -> bool:
    """Whether a kernel release surely is older than ``major.minor``.

    >>> is_before("3.10.0-1160.el7.x86_64", 4, 19), is_before("6.1.0-13-amd64", 4, 19), is_before(None, 4, 19)
    (True, False, False)
    """
    parts = (release or "").split(".")[:2]
    if len(parts) < 2 or not is_digits(parts[0]):
        return False
    digits = parts[1][: len(parts[1]) - len(parts[1].lstrip("0123456789"))]
    if not digits or parts[0].strip("0") == "":
        return False  # Linux 0 is nobody's
    return (int(parts[0][:6]), int(digits[:6])) < (major, minor)


def has_ipv4_conntrack(tree: ModuleTree) -> bool:
    """Whether the kernel still has nf_conntrack_ipv4 apart from nf_conntrack (merged by Linux 4.19's a0ae2562c6c4).

    By its tree where that is there, for distributions merge earlier; else by its release: RHEL 8 has them merged from
    8.3's 4.18.0-240 on (kubernetes/kubernetes#97052, kubernetes-sigs/kubespray#6934).

    >>> [has_ipv4_conntrack(ModuleTree(release)) for release in ("3.10.0-1160.el7.x86_64", "4.18.0-553.el8.x86_64")]
    [True, False]
    >>> has_ipv4_conntrack(ModuleTree("4.18.0-193.28.1.el8_2.x86_64"))
    True
    """
    if not is_before(tree.release, 4, 19):
        return False
    if tree.dep is not None:
        return tree.loadable("nf_conntrack_ipv4") is not None or tree.has_built_in("nf_conntrack_ipv4")
    return not _is_merged_in_rhel8(tree.release or "")


_RHEL_8_MERGED = 240
"""The build of RHEL 8.3's kernel."""


def _is_merged_in_rhel8(release: str) -> bool:
    version, _, rest = release.partition("-")
    build = rest.partition(".")[0]
    return version == "4.18.0" and ".el8" in rest and is_digits(build) and int(build[:6]) >= _RHEL_8_MERGED


def read_tree(host: Host, release: str | None, built_in_only: bool = False) -> ModuleTree:
    """Read the lists of one tree. Raises what the host raises for one that is there and cannot be read."""
    if release and "/" not in release and release not in (".", ".."):
        for folder in DIRS:
            path = f"{folder}/{release}"
            try:
                names = host.names(path)
            except Absent:
                continue
            dep = None if built_in_only else _list(host, f"{path}/modules.dep")
            unlisted = not set(_LISTS) & set(names)
            return ModuleTree(release, path, _list(host, f"{path}/modules.builtin"), dep, unlisted=unlisted)
    return ModuleTree(release, others=_releases(host))


def _tree_sources() -> Sources:
    lists = [File(f"{folder}/*/{file}") for folder in DIRS for file in ("modules.dep", "modules.builtin")]
    return (*[Dir(folder, depth=2) for folder in DIRS], *lists)


def _releases(host: Host) -> tuple[str, ...]:
    for folder in DIRS:
        if found := tuple([name for name in names_in(host, folder) if name[:1] in tuple("0123456789")]):
            return found
    return ()


_LISTS = ("modules.dep", "modules.dep.bin")
"""Either will do for ``modprobe``; depmod writes both."""


class ModuleFolder(NamedTuple):
    """The folder of one kernel's modules, by what lies in it."""

    release: str | None = None
    """None where nothing says which kernel it is."""
    path: str | None = None
    """None where there is none."""
    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """The releases that have one, where this one has none."""

    @property
    def listed(self) -> bool:
        """Whether ``modprobe`` finds a list of modules there."""
        return any(name in self.names for name in _LISTS)

    @property
    def has_files(self) -> bool:
        """Whether the kernel's package still has its modules there; what others built lies beside them."""
        return "kernel" in self.names


class NowModuleFolder(NamedTuple):
    """The folder of the running kernel's modules."""

    folder: ModuleFolder

    @classmethod
    def reads(cls) -> Sources:
        return tuple([Dir(folder, depth=2) for folder in DIRS])

    @classmethod
    def read(cls, host: Host, kernel: RunningKernel) -> NowModuleFolder:
        """Raises Offline where the host is not running and does not hold its release."""
        return cls(read_folder(host, kernel.release))


class BootModuleFolder(NamedTuple):
    """The folder of the modules of the kernel that the next boot starts."""

    folder: ModuleFolder

    @classmethod
    def reads(cls) -> Sources:
        return tuple([Dir(folder, depth=2) for folder in DIRS])

    @classmethod
    def read(cls, host: Host, tree: BootTree) -> BootModuleFolder:
        """Raises what the host raises for a boot loader's configuration that cannot be read."""
        return cls(read_folder(host, tree.tree.release))


def read_folder(host: Host, release: str | None) -> ModuleFolder:
    """List the folder of a release. Raises what the host raises for one that is there and cannot be read."""
    if release and "/" not in release and release not in (".", ".."):
        for folder in DIRS:
            try:
                names = host.names(f"{folder}/{release}")
            except Absent:
                continue
            path = f"{folder}/{release}"
            hollow = [name for name in names if name in _LISTS and host.stat(f"{path}/{name}").kind != "file"]
            return ModuleFolder(release, path, tuple([name for name in names if name not in hollow]))
    return ModuleFolder(release, others=_releases(host))


def _list(host: Host, path: str) -> Listing | None:
    try:
        found = text(host, path, _LIMIT)
    except Absent:
        return None
    if not found.isascii() or "\0" in found:
        raise ParseError(path, None, found[:80], "a list of module files")
    raw = f"\n{found}\n"
    return Listing(path, raw, raw.replace("-", "_"))


class BootTreeFiles(NamedTuple):
    """The module files in the tree of the kernel that will boot, by module name, whatever modules.dep lists."""

    files: Mapping[str, str]

    @classmethod
    def reads(cls) -> Sources:
        return (Each(BootTree, "tree.path", (Dir("{}", depth=16),)),)

    @classmethod
    def read(cls, host: Host, tree: BootTree) -> BootTreeFiles:
        """Walk through the tree. Raises what the host raises for a directory that cannot be listed."""
        found: dict[str, str] = {}
        queue = [tree.tree.path] if tree.tree.path else []
        for path in queue:
            for name in _entries(host, path):
                stem, dot, rest = name.partition(".ko")
                if dot and ".ko" + rest in SUFFIXES:
                    found.setdefault(module_name(stem), f"{path}/{name}")
                elif not name.startswith("modules.") and name not in _NO_MODULES:
                    queue.append(f"{path}/{name}")
            if len(queue) > MOST_DIRS:
                raise TooLarge(tree.tree.path or path, f"has more than {MOST_DIRS} directories")
        return cls(found)


_NO_MODULES = ("build", "source", "vdso", "vmlinuz", "config", "System.map", "initrd", "initramfs.img", "symvers.gz")


def _entries(host: Host, path: str) -> tuple[str, ...]:
    """The names in a directory; none for what is something else."""
    try:
        return host.names(path)
    except (Absent, Malformed):
        return ()
