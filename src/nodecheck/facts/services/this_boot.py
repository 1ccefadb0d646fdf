"""The boot that made the node's present: when it began and ended, and whether the next one begins with the same."""

from __future__ import annotations

from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.facts.boot.cmdline import Cmdline
from nodecheck.facts.boot.container import Container
from nodecheck.facts.boot.next_boot import BootCmdline, KernelRelease
from nodecheck.facts.files.mounts import parse_mounts
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Call, Exists, File, Program, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodecheck.facts.services.unit_times import UnitTimes

BOOTED = "/run/systemd/system"
"""sd_booted(3)."""
_MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")
ASK = (
    "busctl",
    "get-property",
    *_MANAGER,
    "UserspaceTimestamp",
    "UserspaceTimestampMonotonic",
    "FinishTimestampMonotonic",
)
"""In microseconds, where systemctl prints a time of day."""
MOUNTS, FIRST_MOUNTS = "/proc/self/mountinfo", "/proc/1/mountinfo"

CLOCK_SLACK_S = 5
"""Seconds that the clock may have been corrected by since the boot; beyond that no change time can be compared."""

_OF_LOADER = ("BOOT_IMAGE=", "initrd=")
"""Words that a boot loader adds to those of its entry (GRUB, systemd-boot)."""


class ThisBoot(NamedTuple):
    """The boot that the node is up since."""

    began_s: int | None = None
    """Seconds since 1970 at which the kernel started, by the clock of now; None where ``untold`` says why."""
    finished_us: int | None = None
    """Microseconds of CLOCK_MONOTONIC at which systemd had started all that the boot starts."""
    untold: str | None = None
    """Why the present does not show what the next boot will make."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.boot.boot_time import STAT

        return (Call("reader"), File(STAT), Exists(BOOTED), File(MOUNTS), File(FIRST_MOUNTS), Program(ASK))

    @classmethod
    def read(
        cls,
        host: Host,
        container: Container,
        init: InitSystem,
        cmdline: BootCmdline,
        running: Lazy[Cmdline],
        kernel: Lazy[KernelRelease],
    ) -> ThisBoot:
        """Only of the machine that this runs on, by root, where systemd booted this very root."""
        if not host.this_machine or host.reader() != 0:
            return cls(untold="only root sees on the node itself what it booted from")
        if container.kind is not None:
            return cls(untold="a container is started by others than it shows")
        if not (init.is_systemd and exists(host, BOOTED)):
            return cls(untold="systemd did not boot this node")
        if _root(host, MOUNTS) != _root(host, FIRST_MOUNTS):
            return cls(untold="this is not the root of the first process")
        if own_words(running().words) != own_words(cmdline.words) or kernel().running != kernel().boot:
            return cls(untold="the next boot has another kernel or command line")
        return _times(host)


class UnitLog(NamedTuple):
    """When systemd started and stopped units since the boot."""

    times: Callable[[str], UnitTimes]
    """Of a unit by its full name; raises what :func:`~nodecheck.facts.services.unit_times.unit_times` raises."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.services.unit_times import PROPERTIES

        words = [word for name in PROPERTIES for word in ("-p", name)]
        return (Program(("systemctl", "show", "--no-pager", *words, "--", "*")),)

    @classmethod
    def read(cls, host: Host) -> UnitLog:
        """Asks nothing yet."""
        from nodecheck.facts.services.unit_times import unit_times

        return cls(lambda unit: unit_times(host, unit))


def own_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a command line without those that tell the boot loader's own doing.

    >>> own_words(("BOOT_IMAGE=/vmlinuz", "ro", "quiet"))
    ('ro', 'quiet')
    """
    return tuple([word for word in words if not word.startswith(_OF_LOADER)])


def _root(host: Host, path: str) -> tuple[str, str] | None:
    """The device and the directory of it that is the root of a process; None where no mount is its root."""
    roots = [(mount.device, mount.root) for mount in parse_mounts(text(host, path, 4 << 20)) if mount.path == "/"]
    return roots[-1] if roots else None


def _times(host: Host) -> ThisBoot:
    from nodecheck.facts.boot.boot_time import STAT, boot_time

    began = boot_time(text(host, STAT, 4 << 20))
    try:
        done = host.run(ASK)
    except Absent as error:
        raise Unsupported("busctl", "is not installed") from error
    if done.code != 0:
        raise FactError("busctl", done.stderr.strip().partition("\n")[0] or f"exit code {done.code}")
    began_us, since_us, finished_us = _microseconds(done.stdout)
    if not finished_us:
        return ThisBoot(untold="the boot has not ended yet")
    if abs(began - (began_us - since_us) / 1_000_000) > CLOCK_SLACK_S:
        return ThisBoot(untold="the clock was set since the boot")
    return ThisBoot(began, finished_us)


def _microseconds(said: str) -> list[int]:
    r"""The three numbers that busctl prints, each behind its type.

    >>> _microseconds("t 1796025763000000\nt 13146477\nt 37982407\n")
    [1796025763000000, 13146477, 37982407]
    """
    lines = said.rstrip("\n").split("\n")
    values = [line.removeprefix("t ") for line in lines]
    if len(values) != 3 or not all(value.isascii() and value.isdigit() for value in values):
        raise FactError("busctl", f"expected three numbers of microseconds, found {said[:100]!r}")
    return [int(value) for value in values]
