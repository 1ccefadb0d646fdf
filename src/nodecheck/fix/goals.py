"""What a step is to bring about: so that two steps that contradict each other are seen."""

from __future__ import annotations

from nodecheck.facts.sysctl.keys import key_path
from nodecheck.model.steps import Command, Create, Edit, Step
from nodecheck.record import NamedTuple


class Goal(NamedTuple):
    """One thing that a step sets, and to what."""

    what: tuple[object, ...]
    value: str


_UNIT_VERBS = {
    "enable": (("enabled", "yes"),), "disable": (("enabled", "no"),), "mask": (("enabled", "no"), ("masked", "yes")),
    "unmask": (("masked", "no"),), "start": (("running", "yes"),), "stop": (("running", "no"),),
    "restart": (("running", "yes"),), "reload-or-restart": (("running", "yes"),),
}  # fmt: skip


def goals(step: Step) -> tuple[Goal, ...]:
    """What a step sets, as far as that is known.

    Of a file: whether it is edited or written whole, and which lines go and which come: where one edit changes what
    another writes, the result would hang on their order.

    >>> goals(Command(("sysctl", "-w", "net.ipv4.ip_forward=1")))
    (Goal(what=('sysctl', 'net/ipv4/ip_forward'), value='1'),)
    """
    if isinstance(step, Create):
        return (Goal(("file", step.path), "written"),)
    if isinstance(step, Edit):
        lines = dict.fromkeys(step.after.split("\n"), "comes")
        lines[step.before] = "goes"
        of_lines = [Goal(("line", step.path, line), value) for line, value in lines.items()]
        return (Goal(("file", step.path), "edited"), *of_lines)
    return _of_command(step.argv) if isinstance(step, Command) else ()


def _of_command(argv: tuple[str, ...]) -> tuple[Goal, ...]:
    if (setting := sysctl_of(argv)) is not None:
        return (Goal(("sysctl", setting[0]), setting[1]),)
    if (called := systemctl_of(argv)) is None:
        return ()
    verb, units, now = called
    effects = _UNIT_VERBS.get(verb, ())
    if now:
        effects = (*effects, ("running", "yes" if verb == "enable" else "no"))
    return tuple([Goal((what, unit), value) for unit in units for what, value in effects])


def sysctl_of(argv: tuple[str, ...]) -> tuple[str, str] | None:
    """Path below ``/proc/sys`` and value of ``sysctl -w KEY=VALUE``; None for any other command."""
    if len(argv) < 3 or argv[0] != "sysctl" or argv[1] not in ("-w", "-qw"):
        return None
    words = argv[3:] if argv[2] == "--" else argv[2:]
    if len(words) != 1 or "=" not in words[0]:
        return None
    key, _, value = words[0].partition("=")
    path = key_path(key)
    return None if ".." in path.split("/") else (path, value)


def systemctl_of(argv: tuple[str, ...]) -> tuple[str, tuple[str, ...], bool] | None:
    """Verb, units (with their suffix) and ``--now`` of a ``systemctl`` call; None for any other command.

    >>> systemctl_of(("systemctl", "disable", "--now", "--", "docker"))
    ('disable', ('docker.service',), True)
    """
    if len(argv) < 2 or argv[0] != "systemctl":
        return None
    options = [word for word in argv[2:] if word.startswith("-") and word != "--"]
    if any(option != "--now" for option in options):
        return None
    units = [word for word in argv[2:] if word not in ("--", "--now")]
    return argv[1], tuple([unit if "." in unit else f"{unit}.service" for unit in units]), bool(options)


_GUARDS = ("firewalld", "ufw", "iptables", "ip6tables", "nftables", "netfilter-persistent", "apparmor")


def lowers_guard(step: Step) -> bool:
    """Whether a step turns a firewall or SELinux off: that is never safe, whatever its fix says.

    >>> lowers_guard(Command(("setenforce", "0"))), lowers_guard(Command(("systemctl", "stop", "--", "ufw.service")))
    (True, True)
    """
    if isinstance(step, (Edit, Create)):
        return step.path in ("/etc/selinux/config", "/etc/sysconfig/selinux", "/etc/ufw/ufw.conf")
    if not isinstance(step, Command):
        return False
    called = systemctl_of(step.argv)
    if called is not None:
        verb, units, _ = called
        guards = [unit for unit in units if unit.rpartition(".")[0] in _GUARDS]
        return bool(guards) and verb in ("stop", "disable", "mask")
    return step.argv[0] in ("ufw", "nft", "iptables", "ip6tables") or step.argv[:2] == ("setenforce", "0")
