"""SELinux after the next boot: what libselinux makes of its file and of the command line."""

from __future__ import annotations

from nodecheck.errors import Absent, Offline
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.distro.os_release import OsRelease, at_least, leading_numbers
from nodecheck.facts.security.selinux import DISABLED, ENFORCING, MODES, PERMISSIVE, SelinuxMode
from nodecheck.host import Host, names_in
from nodecheck.host.base import exists, text
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Exists, File, JudgedSetting, Judges, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.security.selinux_lsm import KernelLsm

CONFIG = "/etc/selinux/config"
POLICY = "/etc/selinux/targeted/policy"
"""The default policy's directory (``SELINUXDEFAULT`` of libselinux)."""
_TAG = "SELINUX="
_PAGE = 4096
"""libselinux reads the file in lines of at most this many bytes, the last being NUL."""
_SPACES = " \t\n\v\f\r"


class SelinuxConfig(NamedTuple):
    """``/etc/selinux/config`` by libselinux's own parsing (``selinux_getenforcemode``)."""

    present: bool = False
    mode: str | None = None
    """What the first valid line says; None where there is none."""
    line: int | None = None
    text: str = ""
    """That line, whole; or the whole file where there is none."""
    after_blank: bool = False
    """The value stands after a blank, where libselinux before 3.4 does not see it."""
    policy: str | None = None
    """Where there is no file: the policy directory that libselinux takes then, if it is there."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(CONFIG), Exists(POLICY))

    @classmethod
    def judges(cls) -> Judges:
        return (JudgedSetting("SELINUX", ("enforcing", "permissive", "disabled")),)

    @classmethod
    def read(cls, host: Host, release: Lazy[OsRelease]) -> SelinuxConfig:
        """Read by the rules of the distribution's libselinux (the newest where the distribution is not known)."""
        try:
            source = text(host, CONFIG)
        except Absent:
            return cls(policy=POLICY if exists(host, POLICY) else None)
        config = parse_config(source)
        if config.after_blank and not skips_blanks(release()):
            config = parse_config(source, skip_blanks=False)._replace(after_blank=True)
        return config


def parse_config(source: str, skip_blanks: bool = True) -> SelinuxConfig:
    r"""Parse the text of ``/etc/selinux/config``: the first valid line wins, values are prefixes without case.

    >>> parse_config("# x\nSELINUX=Permissive # y\nSELINUX=disabled\n")[:4]
    (True, 'permissive', 2, 'SELINUX=Permissive # y')
    >>> parse_config(" SELINUX=disabled\n").mode is None
    True
    """
    blank = False
    for number, line in enumerate(source.split("\n"), 1):
        for start in range(0, max(1, len(line)), _PAGE - 1):
            piece = line[start : start + _PAGE - 1]
            if not piece.startswith(_TAG):
                continue
            value = piece[len(_TAG) :]
            stripped = value.lstrip(_SPACES)
            mode = _mode(stripped)
            blank = blank or (mode is not None and stripped != value)
            if mode is not None and (skip_blanks or stripped == value):
                return SelinuxConfig(True, mode, number, line, blank)
    return SelinuxConfig(True, None, None, source, blank)


def _mode(value: str) -> str | None:
    lowered = value[:10].lower()
    return next((mode for mode in MODES if lowered.startswith(mode)), None)


_FIRST_TO_SKIP = {
    "rhel": "9.1",
    "fedora": "37",
    "debian": "12",
    "raspbian": "12",
    "ubuntu": "22.10",
    "amzn": "2023",
    "sles": "15.5",
    "opensuse-leap": "15.5",
}
"""The first release with libselinux 3.4, which skips blanks before the value (commit 4bab3ecc, 2022)."""


def skips_blanks(release: OsRelease) -> bool:
    """Whether the distribution's libselinux skips blanks after ``SELINUX=``; where that cannot be told, it does.

    >>> skips_blanks(OsRelease("centos", "7.9.2009")), skips_blanks(OsRelease("centos", "9")), skips_blanks(OsRelease())
    (False, True, True)
    """
    first = _FIRST_TO_SKIP.get(release.family or "")
    if first is None or not release.version:
        return True
    return at_least(leading_numbers(release.version), leading_numbers(first)) is not False


class SelinuxAtBoot(NamedTuple):
    """SELinux after the next boot."""

    mode: str | None
    """None: it cannot be told."""
    why: str
    """In a few words, for the message."""
    evidence: tuple[Evidence, ...]
    config: SelinuxConfig = SelinuxConfig()

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(
        cls,
        config: SelinuxConfig,
        cmdline: Lazy[BootCmdline],
        lsm: Lazy[KernelLsm],
        now: Lazy[SelinuxMode],
        release: Lazy[OsRelease],
    ) -> SelinuxAtBoot:
        """The mode, by the file, the command line and the kernel's choice of security modules.

        ``SELINUX=disabled`` cannot be undone by the command line, so that is not read then; nor where there is
        neither the file nor a policy (``is_selinux_enabled`` wants the file, and nothing can be enforced).
        """
        told = _told(config)
        if config.mode == DISABLED:
            return cls(DISABLED, f"{CONFIG} says {config.text.strip(_SPACES)}", told, config)
        if not config.present and config.policy is None:
            found = _without_config(config, now, release)
            return found if found.mode is not None else _turned_off(lsm()) or found
        chosen = lsm()
        if (off := _turned_off(chosen)) is not None:
            return off._replace(evidence=(*off.evidence, *told), config=config)
        boot = cmdline()
        values = enforcing_values(boot)
        if values:
            mode = ENFORCING if strtol(values[-1]) else PERMISSIVE
            word = f"enforcing={values[-1]}"
            evidence = (seen(boot.source or "command line", word, line=boot.line), *told)
            return cls(mode, f"the command line says {word}", evidence, config)
        quiet = (seen(boot.source, "no word about SELinux", line=boot.line),) if boot.source else ()
        return cls(*_by_config(config), (*told, *quiet), config)


def _turned_off(chosen: KernelLsm) -> SelinuxAtBoot | None:
    return SelinuxAtBoot(DISABLED, chosen.why, chosen.evidence) if chosen.active is False else None


def _without_config(config: SelinuxConfig, now: Lazy[SelinuxMode], release: Lazy[OsRelease]) -> SelinuxAtBoot:
    """Neither file nor policy: SELinux is not in use, unless the node shows that these files are only missing here.

    A root of a few files does not have them all; its distribution, or the running system, then says more.
    """
    looked = (seen(CONFIG), seen(POLICY))
    why = f"there is neither {CONFIG} nor a policy"
    try:
        running = now()
    except Offline:
        from nodecheck.facts.security.selinux_lsm import STARTS_WITHOUT, suse_16

        told = release()
        unused = told.family in STARTS_WITHOUT and not suse_16(told)
        return SelinuxAtBoot(DISABLED if unused else None, why, (*looked, *told.evidence), config)
    mode = DISABLED if running.mode == DISABLED else None
    return SelinuxAtBoot(mode, why, (*looked, *running.evidence), config)


def _told(config: SelinuxConfig) -> tuple[Evidence, ...]:
    if not config.present:
        return (seen(CONFIG),)
    if config.mode is None:
        return (seen(CONFIG, "no valid SELINUX= line"),)
    return (seen(CONFIG, config.text.strip("\r"), line=config.line),)


def _by_config(config: SelinuxConfig) -> tuple[str, str]:
    """Mode and reason by the file alone; libselinux takes a file without a valid line, or none, as permissive."""
    if config.mode is not None:
        return config.mode, f"{CONFIG} says {config.text.strip(_SPACES)}"
    if config.present:
        return PERMISSIVE, f"{CONFIG} has no valid SELINUX= line"
    return PERMISSIVE, f"there is a policy and no {CONFIG}"


def enforcing_values(boot: BootCmdline) -> tuple[str, ...]:
    """The values of ``enforcing=``, by words as libselinux and the kernel look for them."""
    return tuple([word[10:] for word in boot.words if word.startswith("enforcing=")])


def strtol(value: str) -> int:
    """C's ``strtol(value, NULL, 0)``: the number that a text begins with; 0 where it begins with none.

    >>> strtol("1x"), strtol("0x10"), strtol("010"), strtol("on"), strtol("-1")
    (1, 16, 8, 0, -1)
    """
    import re

    match = re.match(r"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]{1,64}|0[0-7]{0,64}|[1-9][0-9]{0,64})", value)
    if match is None:
        return 0
    sign, digits = match.groups()
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
    return int(sign + digits, base)


class ContainerSelinux(NamedTuple):
    """The container-selinux policy, without which containers fail on an enforcing node."""

    path: str | None
    """A file of it; None where none is there."""
    looked: tuple[str, ...]

    @classmethod
    def reads(cls) -> Sources:
        return (*map(Exists, _POLICY_FILES), Dir(_STORE), Exists(f"{_STORE}/*/container"))

    @classmethod
    def read(cls, host: Host) -> ContainerSelinux:
        """By its files, as they are there also where no package database is."""
        for path in _POLICY_FILES:
            if exists(host, path):
                return cls(path, (path,))
        return cls(_module(host), (*_POLICY_FILES, _STORE))


_POLICY_FILES = (
    "/usr/share/containers/selinux/contexts",
    "/usr/share/selinux/packages/container.pp.bz2",
    "/usr/share/selinux/packages/container.pp",
    "/etc/selinux/targeted/modules/active/modules/container.pp",
    "/etc/selinux/targeted/active/modules/200/container",
)
_STORE = "/var/lib/selinux/targeted/active/modules"


def _module(host: Host) -> str | None:
    """The module in the policy store, at whatever priority."""
    paths = (f"{_STORE}/{priority}/container" for priority in names_in(host, _STORE))
    return next((path for path in paths if exists(host, path)), None)
