"""What the running kernel tells of its modules: the list, sysfs, and what only a module at work brings."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.errors import Absent, FactError, Malformed, NotCaptured, Offline, ParseError, Unsupported
from nodecheck.host import MIB, Host, names_in
from nodecheck.host.base import text, text_or_none
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Exists, File, Netlink, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import is_digits

PROC_MODULES = "/proc/modules"
SYS_MODULE = "/sys/module"
MODULES_DISABLED = "/proc/sys/kernel/modules_disabled"
MODPROBE = "/proc/sys/kernel/modprobe"
FILESYSTEMS = "/proc/filesystems"

SIGNS = {
    "br_netfilter": ("/proc/sys/net/bridge", "dir"),
    "ip_vs": ("/proc/net/ip_vs", "file"),
    "nf_conntrack": ("/proc/sys/net/netfilter/nf_conntrack_max", "file"),
    "ip_tables": ("/proc/net/ip_tables_names", "file"),
    "ip6_tables": ("/proc/net/ip6_tables_names", "file"),
}
"""Module to what it registers when it initialises (its ``*_init`` in net/), loaded or built in."""

GENL_FAMILIES = {"ip_vs": "IPVS"}
"""Module to the generic netlink family that it registers."""

_STATES = ("Live", "Loading", "Unloading")


def module_name(name: str) -> str:
    """The one spelling of a module's name.

    >>> module_name("br-netfilter")
    'br_netfilter'
    """
    return name.replace("-", "_")


class Listed(NamedTuple):
    """A line of ``/proc/modules``."""

    state: str
    """``Live``; ``Loading`` and ``Unloading`` are not there for use."""
    line: int


class Modules(NamedTuple):
    """``/proc/modules``: the loaded modules. What is built in is not among them."""

    listed: Mapping[str, Listed]
    supported: bool = True
    """False where the kernel has no such list (``CONFIG_MODULES=n``, or something hides it)."""
    damaged: tuple[int, str] | None = None
    """The first line that cannot be understood."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(PROC_MODULES),)

    @classmethod
    def read(cls, host: Host) -> Modules:
        """Raises Offline where the host is not running and does not hold the list."""
        source = text_or_none(host, PROC_MODULES, 4 * MIB)
        return cls({}, supported=False) if source is None else parse_modules(source)

    def find(self, name: str) -> Listed | None:
        """The module's line. Raises ParseError where it is not found, and might be what a damaged line was."""
        found = self.listed.get(name)
        if found is None and self.damaged is not None:
            raise ParseError(PROC_MODULES, *self.damaged, "name, size, users, list of users, state")
        return found


def parse_modules(source: str) -> Modules:
    r"""Parse the text of ``/proc/modules`` (kernel/module/procfs.c, m_show).

    The list of users may be ``-`` or end in ``[permanent],``.

    >>> parse_modules("autofs4 45056 2 [permanent], Live 0x0\nip_vs 1 0 - Loading 0x0 (E)\n").listed
    {'autofs4': Listed(state='Live', line=1), 'ip_vs': Listed(state='Loading', line=2)}
    """
    listed: dict[str, Listed] = {}
    damaged = None
    for number, line in enumerate(source.split("\n"), 1):
        if not line:
            continue
        fields = line.split(" ", 5)
        if len(fields) >= 5 and fields[4] in _STATES and is_digits(fields[1]):
            listed.setdefault(module_name(fields[0]), Listed(fields[4], number))
        else:
            damaged = damaged or (number, line)
    return Modules(listed, damaged=damaged)


class SysModules(NamedTuple):
    """``/sys/module``: modules that ``/proc/modules`` does not list, to their ``initstate``.

    None: the directory is there and has no ``initstate``, as with what is built in and has parameters. An error:
    the state could not be read.
    """

    states: Mapping[str, str | FactError | None]

    @classmethod
    def reads(cls) -> Sources:
        return (Dir(SYS_MODULE), File(f"{SYS_MODULE}/*/initstate"))

    @classmethod
    def read(cls, host: Host, modules: Lazy[Modules]) -> SysModules:
        """Raises Offline where the host is not running and does not hold it."""
        try:
            listed: Mapping[str, Listed] = modules().listed
        except (Absent, Offline):
            listed = {}
        names = names_in(host, SYS_MODULE)
        return cls({module_name(n): _initstate(host, n) for n in names if module_name(n) not in listed})


def _initstate(host: Host, name: str) -> str | FactError | None:
    try:
        return text(host, f"{SYS_MODULE}/{name}/initstate", 4096).strip("\n")
    except (Absent, Offline):
        return None
    except FactError as error:
        return error


class ModuleSigns(NamedTuple):
    """What only a module at work brings, by module: the path that shows it, None where that is not there, or why
    that cannot be told."""

    paths: Mapping[str, str | FactError | None]
    filesystems: frozenset[str] | FactError = frozenset()
    """File systems that the kernel knows now, each named as its module."""

    @classmethod
    def reads(cls) -> Sources:
        return (*[Exists(path) for path, _ in SIGNS.values()], File(FILESYSTEMS))

    @classmethod
    def read(cls, host: Host) -> ModuleSigns:
        return cls({name: _sign(host, *sign) for name, sign in SIGNS.items()}, _filesystems(host))

    def find(self, name: str) -> str | None:
        """The path that shows the module at work. Raises what hid it."""
        found = self.paths.get(name)
        if isinstance(found, FactError):
            raise found
        if found is None and may_be_filesystem(name):
            if isinstance(self.filesystems, FactError):
                raise self.filesystems
            found = FILESYSTEMS if name in self.filesystems else None
        return found


def may_be_filesystem(name: str) -> bool:
    """Whether a module may be a file system: not by what netfilter's modules are called."""
    return name not in SIGNS and not name.startswith(("ip_", "ip6_", "ipt_", "nf_", "nft_", "xt_", "br_", "eb"))


def _sign(host: Host, path: str, kind: str) -> str | FactError | None:
    try:
        found = host.stat(path).kind
    except Absent:
        return None
    except FactError as error:
        return error
    return path if found == kind else Malformed(path, f"is a {found}, not a {kind}")


def _filesystems(host: Host) -> frozenset[str] | FactError:
    try:
        lines = text(host, FILESYSTEMS, 1 << 16).split("\n")
    except FactError as error:
        return error
    return frozenset([line.rpartition("\t")[2] for line in lines if line])


class GenlFamilies(NamedTuple):
    """The generic netlink families that are registered; listed, for asking by name may load a module."""

    names: frozenset[str]

    @classmethod
    def reads(cls) -> Sources:
        return (Netlink("genl_families"),)

    @classmethod
    def read(cls, host: Host) -> GenlFamilies:
        """Raises Offline for a host that does not run."""
        return cls(frozenset([row.name for row in host.netlink("genl_families")]))


class ModuleLoading(NamedTuple):
    """Whether the running kernel still loads modules, and which program it runs where it needs one itself."""

    disabled: bool
    helper: str | None = None
    """``kernel.modprobe``; None where nothing shows it."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(MODULES_DISABLED), File(MODPROBE))

    @classmethod
    def read(cls, host: Host) -> ModuleLoading:
        """``kernel.modules_disabled``, which cannot be taken back before the next boot, and ``kernel.modprobe``
        (sysctl/kernel.rst)."""
        disabled = (text_or_none(host, MODULES_DISABLED, 64) or "").strip("\n") == "1"
        try:
            helper = text(host, MODPROBE, 4096).strip("\n")
        except (Absent, NotCaptured, Offline):  # a kernel without a loader; captures and roots that do not hold it
            helper = None
        return cls(disabled, helper)


def loads_nothing(helper: str) -> bool:
    """Whether a kernel with this ``kernel.modprobe`` loads no module itself: an alias, a scheduler, a match of a rule.

    Empty turns it off (sysctl/kernel.rst); hardening guides write a program that does nothing. Who runs ``modprobe``
    still loads modules.

    >>> loads_nothing(""), loads_nothing("/bin/false"), loads_nothing("/sbin/modprobe")
    (True, True, False)
    """
    return helper.rpartition("/")[2] in ("", "false", "true")


class Presence(NamedTuple):
    """What the running kernel shows of one module."""

    state: str | None
    """``live``, ``built-in``, ``at work`` (loaded or built in); ``loading``, ``unloading``; None: nothing shows it."""
    evidence: tuple[Evidence, ...]
    listing: str | None
    """``read``: what ``/proc/modules`` does not list is not loaded; ``absent``: there is no such list; None: this host
    is not running and does not hold it."""

    @property
    def usable(self) -> bool:
        """Whether the module does its work."""
        return self.state in ("live", "built-in", "at work")


def presence(name: str, modules: Lazy[Modules], sysfs: Lazy[SysModules], signs: Lazy[ModuleSigns]) -> Presence:
    """Look for a module in ``/proc/modules``, ``/sys/module`` and at what it brings, in that order.

    A source that a host which is not running does not hold tells nothing; any other that cannot be read raises.
    """
    evidence: list[Evidence] = []
    listing = None
    try:
        listed = modules().find(name)
        listing = "read" if modules().supported else "absent"
        if listed is not None:
            at = seen(PROC_MODULES, f"{name} {listed.state}", line=listed.line)
            return Presence(listed.state.lower(), (at,), listing)
        evidence.append(seen(PROC_MODULES, locator=name if listing == "read" else None))
    except Offline:
        pass
    for look in (_in_sysfs, _at_work):
        try:
            state, told = look(name, listing == "read", sysfs, signs)
        except (Offline, Unsupported):
            continue
        evidence += told
        if state is not None:
            return Presence(state, tuple(evidence), listing)
    return Presence(None, tuple(evidence), listing)


def _in_sysfs(
    name: str, supported: bool, sysfs: Lazy[SysModules], signs: Lazy[ModuleSigns]
) -> tuple[str | None, tuple[Evidence, ...]]:
    path = f"{SYS_MODULE}/{name}"
    states = sysfs().states
    if name not in states:
        return None, (seen(path),)
    state = states[name]
    if isinstance(state, FactError):
        raise state
    if state is None:
        return "built-in", (seen(path, "there, without initstate"),)
    return {"coming": "loading", "going": "unloading"}.get(state, state), (seen(f"{path}/initstate", state),)


def _at_work(
    name: str, supported: bool, sysfs: Lazy[SysModules], signs: Lazy[ModuleSigns]
) -> tuple[str | None, tuple[Evidence, ...]]:
    path = signs().find(name)
    if path is None:
        if name in SIGNS:
            return None, (seen(SIGNS[name][0]),)
        return None, (seen(FILESYSTEMS, locator=name),) if may_be_filesystem(name) else ()
    # A kernel that lists its modules and does not list this one has it built in.
    told = seen(path, name if path == FILESYSTEMS else "there")
    return "built-in" if supported else "at work", (told,)
