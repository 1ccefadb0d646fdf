"""How a script sees that a command need not be run again, by looking alone."""

from __future__ import annotations

from nodecheck.fix.goals import sysctl_of, systemctl_of
from nodecheck.record import NamedTuple


class Probe(NamedTuple):
    """A function of ``lib/probes.sh`` with its arguments, if anything tells; ``running``: it takes a running node."""

    words: tuple[str, ...] = ()
    running: bool = True


_UNITS = {
    "enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "unmasked", "start": "active",
    "stop": "inactive",
}  # fmt: skip
_RUNTIME = ("start", "stop")
_RUNNING = ("restart", "try-restart", "reload", "reload-or-restart", "daemon-reload", "daemon-reexec", "isolate")


def probe_of(argv: tuple[str, ...]) -> Probe:
    """The probe of a command.

    >>> probe_of(("swapoff", "--", "/dev/sda 2")).words
    ('swap_is_off', '/dev/sda\\\\0402')
    """
    if (setting := sysctl_of(argv)) is not None:
        return Probe(("sysctl_is", setting[0], " ".join(setting[1].split())))
    if argv[0] == "systemctl":
        return _of_systemctl(argv)
    of = _PROBES.get(argv[0])
    return Probe(running=False) if of is None else of(argv)


def _of_systemctl(argv: tuple[str, ...]) -> Probe:
    called = systemctl_of(argv)
    if called is None:
        return Probe()
    verb, units, now = called
    if now and len(units) == 1 and verb in ("enable", "disable"):
        return Probe(("unit_is_on" if verb == "enable" else "unit_is_off", units[0]))
    state = _UNITS.get(verb)
    if state is None or len(units) != 1 or now:
        return Probe(running=now or verb in _RUNNING)
    return Probe(("unit_is", state, units[0]), verb in _RUNTIME)


def _operands(argv: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([word for word in argv[1:] if not word.startswith("-")])


def _of_swapoff(argv: tuple[str, ...]) -> Probe:
    if len(argv) == 3 and argv[1] == "--" and argv[2].startswith("/"):
        return Probe(("swap_is_off", _mangled(argv[2])))
    return Probe()


def _mangled(path: str) -> str:
    """A path as /proc/swaps shows it (mm/swapfile.c: blanks, newlines and backslashes by their octal numbers)."""
    return "".join([f"\\{ord(char):03o}" if char in " \t\n\\" else char for char in path])


def _of_modprobe(argv: tuple[str, ...]) -> Probe:
    names = _operands(argv)
    plain = len(names) == 1 and not {"-r", "--remove"}.intersection(argv)
    return Probe(("module_is_loaded", names[0].replace("-", "_"))) if plain and "/" not in names[0] else Probe()


def _of_rc_update(argv: tuple[str, ...]) -> Probe:
    named = not any(word.startswith("-") or "/" in word for word in argv[1:])
    if len(argv) > 3 and argv[1] == "del" and named:
        return Probe(("is_in_no_runlevel", *argv[2:]), running=False)
    if len(argv) == 4 and argv[1] == "add" and named:
        return Probe(("is_in_runlevel", *argv[2:]), running=False)
    return Probe(running=False)


def _of_setenforce(argv: tuple[str, ...]) -> Probe:
    return Probe(("enforcing_is", argv[1])) if argv[1:] in (("0",), ("1",)) else Probe()


def _of_ip(argv: tuple[str, ...]) -> Probe:
    if argv[1:4] != ("link", "set", "dev") or len(argv) < 6 or "/" in argv[4]:
        return Probe()
    if argv[5:] == ("up",):
        return Probe(("link_is_up", argv[4]))
    if argv[5] == "mtu" and len(argv) == 7:
        return Probe(("link_mtu_is", argv[4], argv[6]))
    return Probe()


def _of_packages(argv: tuple[str, ...]) -> Probe:
    names = _operands(argv)
    if argv == ("apt-get", "update"):
        return Probe(("apt_has_lists",), running=False)
    if len(names) == 2 and names[0] in ("install", "add"):
        return Probe(("package_is_installed", names[1]), running=False)
    return Probe(running=False)


def _of_chmod(argv: tuple[str, ...]) -> Probe:
    if argv[1:3] == ("--", "+x") and len(argv) == 4:
        return Probe(("is_executable", argv[3]), running=False)
    return Probe(running=False)


def _of_hostnamectl(argv: tuple[str, ...]) -> Probe:
    name = new_hostname(argv)
    return Probe() if name is None else Probe(("host_is", name))


def _of_hostname(argv: tuple[str, ...]) -> Probe:
    return Probe(("sysctl_is", "kernel/hostname", argv[1])) if len(argv) == 2 else Probe()


def new_hostname(argv: tuple[str, ...]) -> str | None:
    """The name that a command gives the host; None for any other command."""
    if argv[0] == "hostnamectl" and argv[1:2] in (("set-hostname",), ("hostname",)) and len(argv) == 3:
        return argv[2]
    return argv[1] if argv[0] == "hostname" and len(argv) == 2 else None


_PROBES = {
    "chmod": _of_chmod, "hostnamectl": _of_hostnamectl, "hostname": _of_hostname,
    "swapoff": _of_swapoff, "modprobe": _of_modprobe, "setenforce": _of_setenforce, "ip": _of_ip,
    "apt-get": _of_packages, "dnf": _of_packages, "yum": _of_packages, "zypper": _of_packages, "apk": _of_packages,
    "tdnf": _of_packages, "rc-update": _of_rc_update,
}  # fmt: skip
