"""What a step of a fix does, read back from the step: what it sets, when its turn is, how to see that it was done.

The one place where the words of a command are read. Who orders, merges, scripts or words a fix asks :func:`action_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.formats.sysctl_keys import key_path
from nodecheck.model.steps import Command, Create, Edit, Step
from nodecheck.record import NamedTuple

PACKAGE, MODULE_FILE, MODPROBE, SYSCTL_FILE, SYSCTL, FILE, UNIT_FILE, COMMAND, RELOAD, SERVICE, KUBELET, LAST = range(
    12
)
"""Ranks: where in a plan a step belongs if nothing else says."""


class Goal(NamedTuple):
    """One thing that a step sets, and to what: ``sysctl net/ipv4/ip_forward`` to ``1``, ``running kubelet.service`` to
    ``yes``."""

    kind: str
    name: str
    value: str

    @property
    def what(self) -> tuple[str, str]:
        """What is set: two steps that set it to different values contradict each other."""
        return self.kind, self.name


class Probe(NamedTuple):
    """A function of ``lib/probes.sh`` with its arguments, if anything tells; ``running``: it takes a running node."""

    words: tuple[str, ...] = ()
    running: bool = True


class UnitCall(NamedTuple):
    """A call of systemctl: its verb, the units (with their suffix), and whether ``--now`` is given."""

    verb: str
    units: tuple[str, ...]
    now: bool


class Action(NamedTuple):
    """What a step does, as far as that is known."""

    rank: int
    goals: tuple[Goal, ...] = ()
    """What holds once it was done. Of a file: whether it is edited or written whole, and which lines go and which come:
    where one edit changes what another writes, the result would hang on their order."""
    probe: Probe = Probe(running=False)
    """How a script sees that a command need not be run, by looking alone."""
    lasts: bool = True
    """False: it is a command of which nothing outlives a reboot."""
    persists: tuple[Goal, ...] | None = None
    """Of a file of kernel parameters or modules that is written whole: what it sets at each boot."""
    units: UnitCall | None = None
    link: str | None = None
    """The network interface whose settings it changes."""
    lowers_guard: bool = False
    """It turns a firewall or SELinux off: that is never safe, whatever its fix says."""


_GUARD_FILES = ("/etc/selinux/config", "/etc/sysconfig/selinux", "/etc/ufw/ufw.conf")
_GUARD_UNITS = ("firewalld", "ufw", "iptables", "ip6tables", "nftables", "netfilter-persistent", "apparmor")
_GUARD_PROGRAMS = ("ufw", "nft", "iptables", "ip6tables")
_MANAGERS = ("apt-get", "apt", "dnf", "yum", "microdnf", "zypper", "apk", "pacman", "dpkg", "rpm", "rpm-ostree", "tdnf")
_RANKS = {
    **dict.fromkeys(_MANAGERS, PACKAGE), "depmod": MODULE_FILE, "modprobe": MODPROBE, "sysctl": SYSCTL,
    "rc-update": UNIT_FILE, "update-rc.d": UNIT_FILE, "systemctl": SERVICE,
}  # fmt: skip


def action_of(step: Step) -> Action:
    """What a step does.

    >>> found = action_of(Command(("sysctl", "-w", "net.ipv4.ip_forward=1")))
    >>> found.goals, found.probe.words, found.lasts
    ((Goal(kind='sysctl', name='net/ipv4/ip_forward', value='1'),), ('sysctl_is', 'net/ipv4/ip_forward', '1'), False)
    """
    if isinstance(step, Command):
        return _of_command(step.argv)
    if isinstance(step, Edit):
        return _of_file(step.path, "edited")._replace(goals=(*_of_edit(step), *_at_boot(step)))
    if isinstance(step, Create):
        found = _of_file(step.path, "written")
        return found._replace(goals=(*found.goals, *_at_boot(step)), persists=_persisted(step))
    return Action(LAST)


def _of_file(path: str, how: str) -> Action:
    return Action(_rank_of_file(path), (Goal("file", path, how),), lowers_guard=path in _GUARD_FILES)


def _rank_of_file(path: str) -> int:
    folders = path.split("/")
    if not {"modules-load.d", "modprobe.d", "modules"}.isdisjoint(folders):
        return MODULE_FILE
    return SYSCTL_FILE if "sysctl.d" in folders or path == "/etc/sysctl.conf" else FILE


def _of_edit(step: Edit) -> Iterator[Goal]:
    yield Goal("file", step.path, "edited")
    lines = dict.fromkeys(step.after.split("\n"), "comes")
    lines[step.before] = "goes"
    yield from [Goal("line", f"{step.path}\n{line}", value) for line, value in lines.items()]


def _persisted(step: Create) -> tuple[Goal, ...] | None:
    if "/sysctl.d/" in step.path:
        return tuple([Goal("sysctl", *pair) for pair in _pairs(step.content)])
    if "/modules-load.d/" in step.path:
        return tuple([_loaded(line) for line in _settings(step.content)])
    return None


def _settings(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip(" \t") and line[0] not in "#;"]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in _settings(text):
        key, equals, value = line.partition("=")
        if equals:
            yield key_path(key.strip(" \t")), value.strip(" \t")


def _at_boot(step: Create | Edit) -> Iterator[Goal]:
    """The kernel parameters that a file sets after it: two files, or two lines, may not set one to two values."""
    if "/sysctl.d/" not in step.path and step.path != "/etc/sysctl.conf":
        return
    text = step.content if isinstance(step, Create) else step.after
    keep = isinstance(step, Edit) and step.after.startswith(step.before + "\n")
    text = text[len(step.before) :] if keep and isinstance(step, Edit) else text
    yield from [Goal("sysctl at boot", *pair) for pair in _pairs(text)]


def _loaded(module: str) -> Goal:
    return Goal("module", module.replace("-", "_"), "loaded")


def _of_command(argv: tuple[str, ...]) -> Action:
    program = argv[0] if argv else ""
    rank = _RANKS.get(program.rpartition("/")[2], COMMAND)
    read = _PROGRAMS.get(program)
    live = program.rpartition("/")[2] in _LIVE
    found = Action(rank, (), Probe(running=live)) if read is None else read(argv)._replace(rank=rank)
    if program in _GUARD_PROGRAMS:
        return found._replace(lowers_guard=True)
    return found if found.units is None else found._replace(rank=_rank_of_units(found.units))


def _operands(argv: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([word for word in argv[1:] if not word.startswith("-")])


def _sets(goal: Goal, *probe: str, running: bool = True, lasts: bool = True) -> Action:
    """A command with one goal that a function of ``lib/probes.sh`` tells."""
    return Action(COMMAND, (goal,), Probe(probe, running), lasts)


_PASSES = Action(COMMAND, (), Probe(), lasts=False)
"""A command on the running node of which nothing is known but that it does not outlive a reboot."""


def _of_sysctl(argv: tuple[str, ...]) -> Action:
    words = argv[3:] if argv[2:3] == ("--",) else argv[2:]
    unknown = _PASSES
    if argv[1:2] not in (("-w",), ("-qw",)) or len(words) != 1 or "=" not in words[0]:
        return unknown
    key, _, value = words[0].partition("=")
    path = key_path(key)
    if ".." in path.split("/"):
        return unknown
    return _sets(Goal("sysctl", path, value), "sysctl_is", path, " ".join(value.split()), lasts=False)


def _of_swapoff(argv: tuple[str, ...]) -> Action:
    if len(argv) == 3 and argv[1] == "--" and argv[2].startswith("/"):
        return _sets(Goal("swap", argv[2], "off"), "swap_is_off", _mangled(argv[2]), lasts=False)
    return _PASSES


def _mangled(path: str) -> str:
    """A path as /proc/swaps shows it (mm/swapfile.c: blanks, newlines and backslashes by their octal numbers)."""
    return "".join([f"\\{ord(char):03o}" if char in " \t\n\\" else char for char in path])


def _of_modprobe(argv: tuple[str, ...]) -> Action:
    names = _operands(argv)
    if len(names) != 1 or "/" in names[0] or {"-r", "--remove"}.intersection(argv):
        return _PASSES
    goal = _loaded(names[0])
    found = _sets(goal, "module_is_loaded", goal.name, lasts=False)
    # With options it is loaded in another way than whoever loads it at boot would.
    return found if {"--", names[0]}.issuperset(argv[1:]) else found._replace(goals=())


def _of_setenforce(argv: tuple[str, ...]) -> Action:
    if argv[1:] not in (("0",), ("1",)):
        return _PASSES._replace(lowers_guard=argv[1:2] == ("0",))
    found = _sets(Goal("selinux", "enforcing", argv[1]), "enforcing_is", argv[1], lasts=False)
    return found._replace(lowers_guard=argv[1] == "0")


def _of_ip(argv: tuple[str, ...]) -> Action:
    if argv[1:4] != ("link", "set", "dev") or len(argv) < 5:
        return _PASSES
    link, words = argv[4], argv[5:]
    if "/" not in link and words == ("up",):
        return _sets(Goal("link", link, "up"), "link_is_up", link, lasts=False)._replace(link=link)
    if "/" not in link and len(words) == 2 and words[0] == "mtu":
        return _sets(Goal("mtu", link, words[1]), "link_mtu_is", link, words[1], lasts=False)._replace(link=link)
    return _PASSES._replace(link=link)


def _of_packages(argv: tuple[str, ...]) -> Action:
    names = _operands(argv)
    if argv == ("apt-get", "update"):
        return _sets(Goal("package lists", "apt", "fetched"), "apt_has_lists", running=False)
    if len(names) == 2 and names[0] in ("install", "add"):
        return _sets(Goal("package", names[1], "installed"), "package_is_installed", names[1], running=False)
    return Action(PACKAGE)


def _of_chmod(argv: tuple[str, ...]) -> Action:
    if argv[1:3] == ("--", "+x") and len(argv) == 4:
        return _sets(Goal("executable", argv[3], "yes"), "is_executable", argv[3], running=False)
    return Action(COMMAND)


def _of_hostnamectl(argv: tuple[str, ...]) -> Action:
    if argv[1:2] in (("set-hostname",), ("hostname",)) and len(argv) == 3:
        return _sets(Goal("hostname", "", argv[2]), "host_is", argv[2])
    return Action(COMMAND, (), Probe())


def _of_hostname(argv: tuple[str, ...]) -> Action:
    if len(argv) == 2:
        return _sets(Goal("hostname", "", argv[1]), "sysctl_is", "kernel/hostname", argv[1])
    return Action(COMMAND, (), Probe())


def _of_rc_update(argv: tuple[str, ...]) -> Action:
    named = not any(word.startswith("-") or "/" in word for word in argv[1:])
    if len(argv) > 3 and argv[1] == "del" and named:
        gone = tuple([Goal("runlevel", f"{level}/{argv[2]}", "no") for level in argv[3:]])
        return Action(UNIT_FILE, gone, Probe(("is_in_no_runlevel", *argv[2:]), running=False))
    if len(argv) == 4 and argv[1] == "add" and named:
        goal = Goal("runlevel", f"{argv[3]}/{argv[2]}", "yes")
        return _sets(goal, "is_in_runlevel", *argv[2:], running=False)
    return Action(UNIT_FILE)


_EFFECTS = {
    "enable": (("enabled", "yes"),), "disable": (("enabled", "no"),), "mask": (("enabled", "no"), ("masked", "yes")),
    "unmask": (("masked", "no"),), "start": (("running", "yes"),), "stop": (("running", "no"),),
    "restart": (("running", "yes"),), "reload-or-restart": (("running", "yes"),),
}  # fmt: skip
_STATES = {
    "enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "unmasked", "start": "active",
    "stop": "inactive",
}  # fmt: skip
_PASSING = ("start", "stop", "restart", "reload", "try-restart")
_ON_THE_RUNNING = ("restart", "try-restart", "reload", "reload-or-restart", "daemon-reload", "daemon-reexec", "isolate")
_OF_UNIT_FILES = ("enable", "disable", "mask", "unmask", "preset", "set-default")


def _of_systemctl(argv: tuple[str, ...]) -> Action:
    verb, rest = "".join(argv[1:2]), argv[2:]
    lasts = verb not in _PASSING
    if len(argv) < 2 or any(word.startswith("-") and word not in ("--", "--now") for word in rest):
        return Action(SERVICE, (), Probe(), lasts)
    units = tuple([unit if "." in unit else f"{unit}.service" for unit in rest if unit not in ("--", "--now")])
    called = UnitCall(verb, units, "--now" in rest)
    guards = verb in ("stop", "disable", "mask") and any(unit.rpartition(".")[0] in _GUARD_UNITS for unit in units)
    return Action(SERVICE, tuple(_effects(called)), _probe_of_units(called), lasts, None, called, None, guards)


def _effects(called: UnitCall) -> Iterator[Goal]:
    effects = _EFFECTS.get(called.verb, ())
    if called.now:
        effects = (*effects, ("running", "yes" if called.verb == "enable" else "no"))
    for unit in called.units:
        yield from [Goal(what, unit, value) for what, value in effects]


def _probe_of_units(called: UnitCall) -> Probe:
    verb, units, now = called
    if now and len(units) == 1 and verb in ("enable", "disable"):
        return Probe(("unit_is_on" if verb == "enable" else "unit_is_off", units[0]))
    state = _STATES.get(verb)
    if state is None or len(units) != 1 or now:
        return Probe(running=now or verb in _ON_THE_RUNNING)
    return Probe(("unit_is", state, units[0]), verb in ("start", "stop"))


def _rank_of_units(called: UnitCall) -> int:
    if called.verb == "daemon-reload":
        return RELOAD
    if called.verb in _OF_UNIT_FILES and not called.now:
        return UNIT_FILE
    return KUBELET if "kubelet.service" in called.units else SERVICE


_PROGRAMS: dict[str, Callable[[tuple[str, ...]], Action]] = {
    "sysctl": _of_sysctl, "systemctl": _of_systemctl, "swapoff": _of_swapoff, "modprobe": _of_modprobe,
    "setenforce": _of_setenforce, "ip": _of_ip, "chmod": _of_chmod, "hostnamectl": _of_hostnamectl,
    "hostname": _of_hostname, "rc-update": _of_rc_update,
    **dict.fromkeys(("apt-get", "dnf", "yum", "zypper", "apk", "tdnf"), _of_packages),
}  # fmt: skip
"""How each program's words are read; by its plain name alone, for another of that name may do otherwise."""
_LIVE = frozenset((
    "sysctl", "swapoff", "swapon", "modprobe", "insmod", "rmmod", "setenforce", "ip", "ifup", "ifdown", "service",
    "rc-service", "invoke-rc.d", "initctl", "kill", "pkill", "killall", "mount", "umount", "nft", "iptables",
    "ip6tables", "iptables-restore", "ip6tables-restore", "ipset", "conntrack", "tc", "ethtool", "networkctl",
    "resolvectl", "chronyc", "udevadm", "crictl", "ctr", "nerdctl", "docker", "podman", "kubectl", "reboot", "shutdown",
    "telinit",
))  # fmt: skip
"""Programs that change nothing but what runs: in a chroot of an image they would change the machine that builds it."""
