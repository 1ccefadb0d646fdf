"""What the next boot will bring: the boot loader's default entry, its command line and its kernel."""

from __future__ import annotations

from nodecheck.errors import Absent, Offline
from nodecheck.facts.boot.cmdline import PROC_CMDLINE, Cmdline, kernel_words, parse_cmdline, values
from nodecheck.facts.boot.container import CMDLINE as FIRST_ARGUMENTS
from nodecheck.facts.boot.container import Container
from nodecheck.host import Host, names_in
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.boot.loaders import BootEntry

__all__ = ["BootCmdline", "Cmdline", "KernelRelease", "RunningKernel", "parse_cmdline"]


class BootCmdline(NamedTuple):
    """The kernel's command line at the next boot.

    That of the boot loader's default entry; where no loader's configuration is there that of the running kernel;
    where that is not to be had either, what ``/etc/default/grub`` or ``/etc/kernel/cmdline`` would make of the next
    generated configuration; else nothing, with ``source`` None. Reading it raises what the host raises for a
    configuration that is there and cannot be read: a command line that nobody may see is not an empty one.

    A container has no boot loader: its next boot is its own restart, and systemd takes the arguments of the first
    process for the command line (src/basic/proc-cmdline.c, ``proc_cmdline``).
    """

    words: tuple[str, ...] = ()
    text: str = ""
    source: str | None = None
    line: int | None = None
    certain: bool = False
    """Whether it is that of the loader's default entry, and nothing speaks against that."""
    kernel: str | None = None
    """The release of the kernel that will boot; None where the loader does not tell."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.boot.loaders import loader_sources

        return (Dir("/boot"), Dir("/efi"), Dir("/extlinux"), *loader_sources(), File(PROC_CMDLINE))

    @classmethod
    def read(cls, host: Host, container: Container) -> BootCmdline:
        if container.kind is not None:
            return cls(container.words, " ".join(container.words), FIRST_ARGUMENTS, None, True)
        if _has_loader(host):
            from nodecheck.facts.boot.loaders import default_entry

            entry = default_entry(host)
            if entry is not None:
                return cls._of(entry)
        try:
            running = parse_cmdline(text(host, PROC_CMDLINE), PROC_CMDLINE)
        except (Absent, Offline):
            from nodecheck.facts.boot.loaders import hinted

            hint = hinted(host)
            return cls() if hint is None else cls._of(hint)
        return cls(*running)

    @classmethod
    def _of(cls, entry: BootEntry) -> BootCmdline:
        told = parse_cmdline(entry.text)
        return cls(told.words, told.text, entry.source, entry.line, entry.certain, entry.kernel)

    def has(self, word: str) -> bool:
        """Whether ``word`` (``quiet``, ``fstab=no``) is one of the words."""
        return word in self.words

    def last(self, key: str) -> str | None:
        """The value of the last ``key=``; None where there is none."""
        return (values(self.words, key) or (None,))[-1]

    def all(self, key: str) -> tuple[str, ...]:
        """The values of every ``key=``, in order."""
        return values(self.words, key)

    @property
    def kernel_words(self) -> tuple[str, ...]:
        """The words that the kernel itself takes; those after ``--`` go to init alone (kernel/params.c).

        Of a container none: its host's kernel has started long ago.
        """
        return () if self.source == FIRST_ARGUMENTS else kernel_words(self.words)


def _has_loader(host: Host) -> bool:
    """Whether any place where a boot loader's configuration may be has anything at all."""
    return any(names_in(host, place) for place in ("/boot", "/efi", "/extlinux"))


class RunningKernel(NamedTuple):
    """The running kernel's release (``uname -r``); for the ``now`` view, as no boot loader is asked for it."""

    release: str
    source: str

    @classmethod
    def reads(cls) -> Sources:
        return (File("/proc/sys/kernel/osrelease"), File("/proc/version"))

    @classmethod
    def read(cls, host: Host) -> RunningKernel:
        """``/proc/sys/kernel/osrelease``, else ``/proc/version``. Raises Offline where the host is not running."""
        path = "/proc/sys/kernel/osrelease"
        try:
            return cls(text(host, path, 4096).strip("\n"), path)
        except (Absent, Offline):
            words = text(host, "/proc/version", 4096).split(" ")
        if words[:2] != ["Linux", "version"] or len(words) < 3:
            raise Absent(path)
        return cls(words[2], "/proc/version")


class KernelRelease(NamedTuple):
    """The release of the running kernel, and of the one that the next boot starts.

    Reading it asks the boot loader, whose configuration an unprivileged user may often not read; what is only about
    the present needs :class:`RunningKernel` instead.
    """

    running: str | None = None
    """None where the host is not running."""
    boot: str | None = None
    """By the loader's default entry, else the running one, else the newest tree in ``/lib/modules``; None: none."""

    @classmethod
    def reads(cls) -> Sources:
        return (Dir("/lib/modules"), Dir("/usr/lib/modules"))

    @classmethod
    def read(cls, host: Host, cmdline: BootCmdline, now: Lazy[RunningKernel]) -> KernelRelease:
        try:
            running: str | None = now().release
        except (Absent, Offline):
            running = None
        return cls(running, cmdline.kernel or running or _newest_tree(host))


def _newest_tree(host: Host) -> str | None:
    from nodecheck.facts.boot.bls import newest

    for directory in ("/lib/modules", "/usr/lib/modules"):
        if releases := [name for name in names_in(host, directory) if name[:1] in tuple("0123456789")]:
            return newest(releases)
    return None
