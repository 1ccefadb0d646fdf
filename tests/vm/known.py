"""Known differences: where a prediction, or a fix, is wrong for a reason that the files on disk do not tell."""

from __future__ import annotations

from fnmatch import fnmatchcase

from nodecheck.record import NamedTuple
from tests.vm.verdicts import Verdict


class Known(NamedTuple):
    """One difference that does not make the suite fail."""

    kind: str
    id: str
    """A pattern; ``[`` and ``]`` are themselves."""
    with_plant: str
    """A pattern that the name of one of the state's plants matches."""
    why: str


_AREA = "fstab asks for the area, and only its file is missing: it would be on as soon as somebody made the file"
_AREA_OF_SCRIPT = "a script turns the area on, and only its file is missing: the same"
_DOCKER = "no file asks for it: dockerd turns it on when it starts"
_NAME = "the name changes with the boot, of which there is nothing to be seen after it"
_RULES = "no file names it: the kernel loads it for the rules and links that this service sets up"
_TWICE = (
    "a line that is no assignment makes systemd-sysctl fail, and what next asks for sysinit.target starts it once more:"
    " then all.forwarding is what it is to be, and is not passed on to lo"
)
_DEVICE = "fstab asks for the area, and only its device is missing: it would be on as soon as one had that UUID"
_POLICY = "Debian's SELinux policy, enforcing, denies zram-generator the module: only a log tells"

_TMPFILES = "nothing orders systemd-tmpfiles-setup and systemd-sysctl: the value is that of either, and both fail"
_DATE = "a timer that waits for a date is no part of the boot; this one does not wait long"

KNOWN: tuple[Known, ...] = (
    Known("boot", "swap[/swap/absent]@boot", "fstab absent", _AREA),
    Known("boot", "swap[/swap/not-there]@boot", "rc.local that fails on its way", _AREA_OF_SCRIPT),
    Known("boot", "swap[/dev/zram*]@boot", "selinux *", _POLICY),
    Known("boot", "swap[UUID=2222*]@boot", "swap on a second disk", _DEVICE),
    Known("boot", "sysctl[net.ipv4.conf.lo.forwarding]@boot", "sysctl early", _TWICE),
    Known("boot", "sysctl[net.ipv4.*forward*]@boot", "docker on", _DOCKER),
    Known("boot", "sysctl[net.bridge.*]@boot", "docker on", _RULES),
    Known("boot", "kernel-module[br*]@boot", "docker on", _RULES),
    Known("boot", "kernel-module[nf_conntrack]@boot", "docker on", _RULES),
    Known("boot", "kernel-module[overlay]@boot", "docker on", _RULES),
    Known("boot", "kernel-module[nf_conntrack]@boot", "ufw on", _RULES),
    Known("boot", "kernel-module[nf_conntrack]@boot", "ufw's sysctls *", _RULES),
    Known("boot", "kernel-module[nf_conntrack]@boot", "firewalld on", _RULES),
    Known("boot", "kernel-module[nf_conntrack]@boot", "networkd masquerades", _RULES),
    Known("boot", "sysctl[net.ipv4.route.mtu_expires]@boot", "timer calendar", _DATE),
    Known("boot", "sysctl[kernel.panic]@boot", "tmpfiles over sysctl.d", _TMPFILES),
    Known("boot", "hostname@boot", "hostname that changes", _NAME),
)


def known(verdict: Verdict, plants: tuple[str, ...]) -> str | None:
    """Why a wrong verdict is no surprise; None where it is one."""
    for item in KNOWN:
        pattern = item.id.replace("[", "[[]")
        with_plant = any(fnmatchcase(name, item.with_plant) for name in plants)
        if item.kind == verdict.kind and fnmatchcase(verdict.id, pattern) and with_plant:
            return item.why
    return None
