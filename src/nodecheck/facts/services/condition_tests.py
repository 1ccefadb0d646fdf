"""Conditions of units that are about the node and not about a path that is there (systemd.unit(5))."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from nodecheck.errors import Absent, Offline
from nodecheck.facts.boot.cmdline import values
from nodecheck.facts.boot.container import GVISOR
from nodecheck.facts.distro.os_release import OS_RELEASE
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.surroundings import Surroundings
from nodecheck.facts.services.unit_names import unit_of_path
from nodecheck.facts.services.unit_specifiers import hostname, is_id128, machine_id
from nodecheck.facts.services.unit_words import environment_file
from nodecheck.host import exists
from nodecheck.host.base import text, text_or_none
from nodecheck.model.sources import Exists, File, Sources

MANAGER_CONF = "/etc/systemd/system.conf"
SELINUX_CONF = "/etc/selinux/config"

_SINCE = {
    "KernelVersion": 237, "ControlGroupController": 240, "Memory": 244, "CPUs": 244, "Environment": 246,
    "PathIsEncrypted": 246, "CPUFeature": 248, "Firmware": 249, "OSRelease": 249, "MemoryPressure": 250,
    "CPUPressure": 250, "IOPressure": 250, "Credential": 252, "PathIsSocket": 258, "Version": 258,
    "KernelModuleLoaded": 258,
}  # fmt: skip
"""The systemd from which on a condition counts; the others are older than the oldest that boots a node here."""


class Unparsed(ValueError):
    """A parameter that systemd cannot parse: it takes the condition for one that does not hold."""


def condition_files() -> Sources:
    """What conditions look at, besides the paths that they name."""
    return (
        *map(File, ("/etc/hostname", "/etc/machine-id", MANAGER_CONF, SELINUX_CONF, *OS_RELEASE)),
        *map(File, ("/sys/class/dmi/id/sys_vendor", "/proc/cpuinfo")),
        *map(Exists, ("/sys/firmware/efi", "/etc/.updated", "/var/.updated")),
        *[Exists(path) for path, _ in _LOADERS],
    )


def is_known(init: InitSystem, key: str) -> bool:
    """Whether this systemd knows a condition; one that it does not know has no effect."""
    return key in _TESTS and init.at_least(_SINCE.get(key, 0))


def test_of(around: Surroundings, key: str, parameter: str) -> bool | None:
    """Whether a condition will hold, ``!`` apart; None where files do not tell. Raises Unparsed."""
    return _TESTS[key](around, parameter)


def boolean(value: str) -> bool:
    """What systemd's ``parse_boolean`` makes of a value. Raises Unparsed.

    >>> boolean("Yes"), boolean("off")
    (True, False)
    """
    found = {**dict.fromkeys(("1", "yes", "y", "true", "t", "on"), True),
             **dict.fromkeys(("0", "no", "n", "false", "f", "off"), False)}  # fmt: skip
    if value.lower() not in found:
        raise Unparsed(value)
    return found[value.lower()]


def _untold(_around: Surroundings, _parameter: str) -> None:
    """Only the running node tells."""
    return


def _has_word(around: Surroundings, wanted: str) -> bool:
    """As ``condition_test_kernel_command_line``: a whole ``key=value``, or a key with or without a value."""
    words = around.cmdline().words
    return wanted in words or ("=" not in wanted and bool(values(words, wanted)))


def _is_first_boot(around: Surroundings, parameter: str) -> bool | None:
    """What the command line says, else whether the machine id is still to be made.

    machine-id(5), kernel-command-line(7) (``systemd.condition_first_boot=``). A root without the file may have lost
    it on its way here.
    """
    wanted = boolean(parameter)
    told = values(around.cmdline().words, "systemd.condition_first_boot")
    try:
        first = boolean(told[-1]) if told else None
    except Unparsed:
        first = None
    if first is None:
        try:
            first = text(around.host, "/etc/machine-id", 4096).strip(" \t\r\n") == "uninitialized"
        except Absent:
            return None
    return first == wanted


def _is_host(around: Surroundings, pattern: str) -> bool | None:
    """The machine's id, or a pattern for its name, capitals or not."""
    if is_id128(pattern):
        own = machine_id(around)
        return None if own is None else own.lower() == pattern.replace("-", "").lower()
    name = hostname(around)
    return None if name is None else fnmatchcase(name.lower(), pattern.lower())


_MACHINES = {
    "x86_64": "x86-64", "i386": "x86", "i586": "x86", "i686": "x86", "aarch64": "arm64", "armv6l": "arm",
    "armv7l": "arm", "armv8l": "arm", "ppc64le": "ppc64-le", "ppc64": "ppc64", "s390x": "s390x", "s390": "s390",
    "riscv64": "riscv64", "loongarch64": "loongarch64", "mips64": "mips64",
}  # fmt: skip
"""uname(2)'s name of a machine to systemd's."""

_LOADERS = (
    ("/lib64/ld-linux-x86-64.so.2", "x86-64"),
    ("/lib/ld-linux-aarch64.so.1", "arm64"),
    ("/lib64/ld64.so.2", "ppc64-le"),
    ("/lib/ld64.so.1", "s390x"),
    ("/lib/ld-linux-riscv64-lp64d.so.1", "riscv64"),
    ("/lib/ld-linux-armhf.so.3", "arm"),
    ("/lib64/ld-linux-loongarch-lp64d.so.1", "loongarch64"),
    ("/lib/ld-linux.so.2", "x86"),
)
"""The program that starts all others, whose path each architecture's calling convention fixes; glibc's."""


def _is_architecture(around: Surroundings, wanted: str) -> bool | None:
    own = _architecture(around)
    return True if wanted == "native" else None if own is None else own == wanted


def _architecture(around: Surroundings) -> str | None:
    """The running kernel's, else that of the programs in a root."""
    if around.host.running:
        try:
            return _MACHINES.get(around.host.uname().machine)
        except Offline:
            return None
    return next((name for path, name in _LOADERS if exists(around.host, path)), None)


_CONTAINERS = frozenset((
    "container", "systemd-nspawn", "lxc", "lxc-libvirt", "docker", "podman", "rkt", "wsl", "proot", "pouch", "openvz",
    "container-other", "private-users",
))  # fmt: skip
_MACHINE_KINDS = frozenset((
    "kvm", "amazon", "qemu", "bochs", "xen", "uml", "vmware", "oracle", "microsoft", "zvm", "parallels", "bhyve", "qnx",
    "acrn", "powervm", "apple", "sre", "google", "vm-other",
))  # fmt: skip
_VENDORS = (("VMware", "vmware"), ("innotek", "oracle"), ("Microsoft Corporation", "microsoft"), ("Xen", "xen"))
"""How the firmware's vendor begins, where that alone tells the kind of machine."""


def _is_virtual(around: Surroundings, wanted: str) -> bool | None:
    """A node is a machine, unless it runs in a container now; which kind, only the running node tells.

    gVisor is not known to systemd, which goes by the marks of who started it.
    """
    inside = around.container
    if inside.kind is not None:
        if wanted == "private-users":
            return inside.private_users
        if wanted in ("yes", "true", "1", "y", "on", "t", "container"):
            return True
        return None if inside.kind == GVISOR and wanted in _CONTAINERS else wanted == inside.kind
    if wanted in _CONTAINERS:
        return False
    if wanted not in ("vm", *_MACHINE_KINDS):
        try:
            asked = boolean(wanted)
        except Unparsed:
            return False  # no kind that systemd knows
        found = _is_guest(around)
        return None if found is None else found == asked
    guest = _is_guest(around)
    return guest if wanted == "vm" or guest is False else _is_machine(around, wanted) if guest else None


def _is_guest(around: Surroundings) -> bool | None:
    """Whether this is a virtual machine, as its processor says; None where that is not shown."""
    if not around.host.running:
        return None
    told = text_or_none(around.host, "/proc/cpuinfo", 16 << 20) or ""
    flags = next((line for line in told.split("\n") if line.startswith("flags")), None)
    return None if flags is None else "hypervisor" in flags.split(" ")


def _is_machine(around: Surroundings, wanted: str) -> bool | None:
    vendor = (text_or_none(around.host, "/sys/class/dmi/id/sys_vendor", 4096) or "").strip("\n")
    kind = next((kind for start, kind in _VENDORS if vendor.startswith(start)), None)
    return None if kind is None else kind == wanted


_NUMBERS = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
    "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
    "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
    "checkpoint_restore",
)  # fmt: skip
"""capabilities(7), without ``CAP_``, by their numbers in ``linux/capability.h``."""
_CAPABILITIES = frozenset(_NUMBERS)


def _has_capability(around: Surroundings, wanted: str) -> bool | None:
    """The first process of a machine has them all, but for what ``CapabilityBoundingSet=`` of system.conf takes; that
    of a container those that its runtime leaves it."""
    name = wanted.lower()
    if not name.startswith("cap_") or name[4:] not in _CAPABILITIES:
        raise Unparsed(wanted)
    if around.container.kind is not None:
        return around.container.has_capability(_NUMBERS.index(name[4:]))
    return True if _manager_setting(around, "CapabilityBoundingSet") is None else None


def _manager_setting(around: Surroundings, key: str) -> str | None:
    """A setting of ``/etc/systemd/system.conf``; its drop-ins are left to who can see that they are there."""
    for line in (text_or_none(around.host, MANAGER_CONF) or "").split("\n"):
        name, equals, value = line.strip(" \t\r").partition("=")
        if equals and name.strip(" \t") == key:
            return value.strip(" \t")
    return None


_SECURITY = ("selinux", "apparmor", "tomoyo", "smack", "ima", "audit", "uefi-secureboot", "tpm2", "cvm", "measured-uki")


def _has_security(around: Surroundings, wanted: str) -> bool | None:
    """A module that the command line or SELinux's own file turns off is off; what is on, the kernel tells."""
    if wanted not in _SECURITY:
        return False
    words = around.cmdline().words
    if wanted in ("selinux", "apparmor", "tomoyo", "smack"):
        told = (*values(words, "lsm"), *values(words, "security"))[-1:]
        if f"{wanted}=0" in words or (told and wanted not in told[0].split(",")):
            return False
    if wanted == "selinux":
        lines = (text_or_none(around.host, SELINUX_CONF) or "").split("\n")
        if not any(line.strip(" \t\r").startswith(("SELINUX=enforcing", "SELINUX=permissive")) for line in lines):
            return False
    return None


def _has_variable(around: Surroundings, wanted: str) -> bool | None:
    """A variable of the system manager: of the command line (systemd and the kernel hand those on), and its own."""
    name, equals, value = wanted.partition("=")
    words = around.cmdline().words
    told = [word.partition("=")[2] for word in words if word.partition("=")[0] == name]
    given = [item.partition("=")[2] for item in values(words, "systemd.setenv") if item.partition("=")[0] == name]
    if given:
        return not equals or given[-1] == value
    own = _manager_setting(around, "ManagerEnvironment") or ""
    if told or name in own or name.startswith(("LC_", "XDG_", "SYSTEMD_")) or name in _SET:
        return None
    return False


_SET = ("PATH", "LANG", "LANGUAGE", "TERM", "HOME", "NOTIFY_SOCKET", "container", "CREDENTIALS_DIRECTORY", "USER")
"""Variables that a first process may have without being told."""


def _is_user(_around: Surroundings, wanted: str) -> bool:
    """The system manager is root."""
    return wanted in ("root", "0", "@system")


def _is_group(_around: Surroundings, wanted: str) -> bool:
    return wanted in ("root", "0")


def _needs_update(around: Surroundings, path: str) -> bool | None:
    """What the command line says; else a directory without ``.updated`` is out of date, and of another one only the
    time of ``/usr`` tells."""
    told = values(around.cmdline().words, "systemd.condition_needs_update")
    if told and around.init.at_least(246):
        try:
            return boolean(told[-1])
        except Unparsed:
            return None
    if path not in ("/etc", "/var"):
        return None
    return None if exists(around.host, f"{path}/.updated") else True


def _has_firmware(around: Surroundings, wanted: str) -> bool | None:
    if wanted != "uefi" or not around.host.running:
        return None
    return exists(around.host, "/sys/firmware/efi")


def _has_kernel(around: Surroundings, wanted: str) -> bool | None:
    """Expressions that must all hold for the kernel that the next boot starts; a first word alone is a pattern."""
    release = around.kernel().boot
    if release is None:
        return None
    words = _joined(wanted)
    return _all(_fits(around.init, release, word, pattern=place == 0) for place, word in enumerate(words))


def _joined(parameter: str) -> list[str]:
    """The expressions: an operator that stands alone belongs to the word behind it."""
    found: list[str] = []
    for word in parameter.replace("\t", " ").split(" "):
        if found and not found[-1].strip("<>=!$"):
            found[-1] += word
        elif word:
            found.append(word.strip("\"'"))
    return found


def _all(held: Iterable[bool | None]) -> bool | None:
    """False where one does not hold, None where one is not told."""
    found = tuple(held)
    return False if False in found else None if None in found else True


_OPERATORS = ("!$=", "$=", "<=", ">=", "!=", "<>", "==", "<", ">", "=")


def _fits(init: InitSystem, own: str, word: str, *, pattern: bool) -> bool | None:
    """Whether a value fits one expression (src/shared/compare-operator.c)."""
    operator = next((mark for mark in _OPERATORS if word.startswith(mark)), "")
    wanted = word[len(operator) :]
    if not operator:
        if not pattern:
            raise Unparsed(word)
        return fnmatchcase(own, word)
    if operator in ("$=", "!$="):
        return fnmatchcase(own, wanted) == (operator == "$=")
    if operator in ("=", "!=") and init.at_least(250):
        return (own == wanted) == (operator == "=")  # texts, since there are operators for patterns and orders
    order = compared(own, wanted)
    return {
        "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "=": order == 0, "==": order == 0,
        "!=": order != 0, "<>": order != 0,
    }[operator]  # fmt: skip


def compared(one: str, other: str) -> int:
    """The order of two versions: below 0, 0 or above 0 (UAPI group's version format specification).

    >>> compared("6.1.0-18-amd64", "5.10"), compared("6.1~rc1", "6.1"), compared("6.1", "6.1.2")
    (1, -1, -1)
    """
    while True:
        one, other = _stripped(one), _stripped(other)
        marks = "~" if "~" in (one[:1], other[:1]) else "-^." if one and other else ""
        if not marks and not (one and other):
            return (one > "") - (other > "")
        mark = next((mark for mark in marks if mark in (one[:1], other[:1])), None)
        if mark is None:
            first, one = _segment(one)
            second, other = _segment(other)
            if first != second:
                return -1 if first < second else 1
        elif one[:1] == other[:1]:
            one, other = one[1:], other[1:]
        else:
            return -1 if one[:1] == mark else 1


def _stripped(value: str) -> str:
    """Without what separates segments at its start and means nothing (``_``, ``+``)."""
    while value and not (value[0].isascii() and value[0].isalnum()) and value[0] not in "~-^.":
        value = value[1:]
    return value


def _segment(value: str) -> tuple[tuple[int, str], str]:
    """The number or the letters at the start, letters below any number, and what follows."""
    numbers = value[:1].isdigit()
    end = next(
        (place for place, char in enumerate(value) if not char.isalnum() or char.isdigit() != numbers), len(value)
    )
    first = value[:end]
    return ((int(first), "") if numbers else (-1, first)), value[end:]


def _has_release(around: Surroundings, parameter: str) -> bool | None:
    """Each ``KEY<operator>value`` for the fields of os-release; a field that is not there is empty."""
    source = next((found for path in OS_RELEASE if (found := text_or_none(around.host, path)) is not None), None)
    if source is None:
        return None
    fields = {field.name: field.value for field in environment_file(source)}
    return _all(_field(around.init, fields, word) for word in _joined(parameter))


def _field(init: InitSystem, fields: dict[str, str], word: str) -> bool | None:
    end = next((place for place, char in enumerate(word) if char in "<>=!$"), 0)
    if not end:
        raise Unparsed(word)
    return word[:end] in fields and _fits(init, fields[word[:end]], word[end:], pattern=False)


def _is_mount_point(around: Surroundings, path: str) -> bool | None:
    """A line of fstab, or a unit of its own, that mounts it; nobody can tell of one that need not come."""
    path = path.rstrip("/") or "/"
    if path == "/":
        return True
    entry = next((entry for entry in around.fstab().entries if (entry.file.rstrip("/") or "/") == path), None)
    if entry is not None:
        return None if entry.says("noauto", "auto") or entry.says("nofail", "fail") else True
    unit = unit_of_path(path, ".mount")
    return None if around.host.running or unit is None or around.units.exists(unit) else False


def _is_read_write(around: Surroundings, path: str) -> bool | None:
    if not exists(around.host, path) and not around.is_hidden(path):
        return False
    entries = [entry for entry in around.fstab().entries if f"{path}/".startswith(entry.file.rstrip("/") + "/")]
    if entries:
        return not max(entries, key=lambda entry: len(entry.file)).says("ro", "rw")
    words = around.cmdline().words
    return True if "rw" in words and "ro" not in words else None


_Test = Callable[[Surroundings, str], "bool | None"]

PATH_TESTS: dict[str, _Test] = {
    "PathIsMountPoint": _is_mount_point,
    "PathIsReadWrite": _is_read_write,
    "PathIsEncrypted": _untold,
    "PathIsSocket": _untold,
}

_TESTS: dict[str, _Test] = {
    "KernelCommandLine": _has_word,
    "FirstBoot": _is_first_boot,
    "Host": _is_host,
    "Architecture": _is_architecture,
    "Virtualization": _is_virtual,
    "Capability": _has_capability,
    "Security": _has_security,
    "Environment": _has_variable,
    "User": _is_user,
    "Group": _is_group,
    "NeedsUpdate": _needs_update,
    "Firmware": _has_firmware,
    "KernelVersion": _has_kernel,
    "OSRelease": _has_release,
    "Null": lambda _around, parameter: boolean(parameter),
    **dict.fromkeys(
        ("ACPower", "Memory", "CPUs", "CPUFeature", "MemoryPressure", "CPUPressure", "IOPressure", "Credential",
         "ControlGroupController", "Version", "KernelModuleLoaded"), _untold,
    ),
}  # fmt: skip
