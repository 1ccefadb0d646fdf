"""Whether the kernel of the next boot starts SELinux: its command line, its configuration, its distribution.

security/security.c (``lsm=``, ``security=``) and security/selinux/hooks.c (``selinux=``) of the kernel.
"""

from __future__ import annotations

from nodecheck.facts.boot.cmdline import values
from nodecheck.facts.boot.next_boot import BootCmdline, KernelRelease
from nodecheck.facts.distro.os_release import OsRelease, leading_numbers
from nodecheck.facts.kernel.config import BootConfig, KernelConfig
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple

_EXCLUSIVE = ("selinux", "apparmor", "smack")
"""Of these the first in the order is started and the others are not."""

_WITH_SELINUX = ("rhel", "fedora", "amzn", "flatcar", "azurelinux", "mariner", "bottlerocket", "sle-micro", "openEuler")
"""Distributions whose kernel starts SELinux where nothing else is said."""

STARTS_WITHOUT = (
    "debian", "raspbian", "ubuntu", "linuxmint", "pop", "elementary", "zorin", "neon", "kali", "devuan", "sles", "sled",
    "sles_sap", "opensuse-leap", "alpine", "arch", "archarm", "manjaro", "nixos", "cos", "gentoo", "void", "talos",
)  # fmt: skip
"""Distributions whose kernel starts AppArmor, or no module of that kind, unless the command line asks for SELinux."""


class KernelLsm(NamedTuple):
    """Whether SELinux is among the security modules that the next kernel starts."""

    active: bool | None
    """None: nothing tells."""
    why: str
    evidence: tuple[Evidence, ...]

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(
        cls,
        cmdline: BootCmdline,
        kernel: Lazy[KernelRelease],
        config: Lazy[BootConfig],
        release: Lazy[OsRelease],
    ) -> KernelLsm:
        """By the command line, else the kernel's configuration (RHEL's is known, and not read), else the distribution.

        Without any command line, not even ``/proc/cmdline``, the distribution's habit decides nothing.
        """
        words = cmdline.kernel_words
        if values(words, "selinux") and release().family not in _WITH_SELINUX and _deaf(config().config):
            words = tuple([word for word in words if not word.startswith("selinux=")])
        for word, active in _from_words(words, kernel):
            evidence = (seen(cmdline.source or "command line", word, line=cmdline.line),)
            return cls(active, f"the command line says {word}", evidence)
        family, told = release().family, release().evidence
        if family in _WITH_SELINUX:
            return cls(True, f"the kernel of {family} starts SELinux", told)
        configured = _by_settings(config().config, words)
        if configured is not None:
            return configured
        if family in STARTS_WITHOUT and not suse_16(release()) and cmdline.source is not None:
            asked = seen(cmdline.source, "neither security=selinux nor lsm=", line=cmdline.line)
            return cls(False, f"the kernel of {family} starts SELinux only where it is asked to", (*told, asked))
        return cls(None, "nothing tells which security modules the kernel starts", told)


def suse_16(release: OsRelease) -> bool:
    """SUSE changed from AppArmor to SELinux with its release 16."""
    return release.id in ("sles", "sled", "sles_sap", "opensuse-leap") and leading_numbers(release.version or "") >= (
        16,
    )


def _from_words(words: tuple[str, ...], kernel: Lazy[KernelRelease]) -> list[tuple[str, bool]]:
    """The word that decides by itself, and what it decides; none, or one."""
    for value in values(words, "selinux")[::-1]:
        if (number := _kstrtoul(value)) is not None:
            if number == 0:
                return [(f"selinux={value}", False)]
            break  # it allows SELinux, and does not choose it
    if (order := values(words, "lsm")) and _knows_lsm(kernel()):
        return [(f"lsm={order[-1]}", _first(order[-1].split(","), words) == "selinux")]
    if security := values(words, "security"):
        return [(f"security={security[-1]}", security[-1] == "selinux")]
    return []


def _deaf(config: KernelConfig) -> bool:
    """Whether the kernel is built without its parameter ``selinux=``, as Debian 12's is: then the word is nothing."""
    if config.source is None:
        return False
    value, line = config.find("SECURITY_SELINUX_BOOTPARAM")
    return value == "n" and line is not None


def _knows_lsm(kernel: KernelRelease) -> bool:
    """``lsm=`` came with kernel 5.1; RHEL 7 and 8 have older ones."""
    have = leading_numbers(kernel.boot or "")
    return not have or have >= (5, 1)


def _first(order: list[str], words: tuple[str, ...]) -> str | None:
    """The first exclusive module of an order that is not turned off by its own word."""
    for name in order:
        if name in _EXCLUSIVE and not (name == "apparmor" and values(words, "apparmor")[-1:] == ("0",)):
            return name
    return None


def _kstrtoul(value: str) -> int | None:
    """The kernel's ``kstrtoul(value, 0)``; None for what it refuses, which then changes nothing.

    >>> _kstrtoul("0"), _kstrtoul("0x1"), _kstrtoul("00"), _kstrtoul("off"), _kstrtoul("-0")
    (0, 1, 0, None, None)
    """
    import re

    match = re.fullmatch(r"\+?(0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})", value)
    if match is None:
        return None
    digits = match.group(1)
    return int(digits, 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10)


def _by_settings(config: KernelConfig, words: tuple[str, ...]) -> KernelLsm | None:
    """By ``CONFIG_LSM`` (from 5.1) or ``CONFIG_DEFAULT_SECURITY``; None where neither is to be had."""
    if config.source is None:
        return None
    built, line = config.find("SECURITY_SELINUX")
    if built != "y":
        why = "the kernel is built without SELinux"
        return KernelLsm(False, why, (seen(config.source, "CONFIG_SECURITY_SELINUX is not set", line=line),))
    for option in ("LSM", "DEFAULT_SECURITY"):
        value, line = config.find(option)
        if value.startswith('"'):
            active = _first(value.strip('"\r').split(","), words) == "selinux"
            told = f"CONFIG_{option}={value}"
            why = f"the kernel starts {'SELinux' if active else 'another module or none'} by {told}"
            return KernelLsm(active, why, (seen(config.source, told, line=line),))
    return None
