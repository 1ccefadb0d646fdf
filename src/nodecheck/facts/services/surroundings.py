"""What the next boot has, besides the unit that is asked about: what conditions and settings of units look at."""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.boot.container import Container, is_read_only
from nodecheck.facts.boot.next_boot import BootCmdline, KernelRelease
from nodecheck.facts.files.fstab import Fstab
from nodecheck.facts.services.cmdline import BootUnits
from nodecheck.facts.services.init_system import InitSystem, UnitIndex
from nodecheck.host import Host, names_in
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Call, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.files.mounts import Mounts


class NextBoot(NamedTuple):
    """The facts that tell how the next boot goes; each is read when something asks for it."""

    init: InitSystem
    units: UnitIndex
    cmdline: Lazy[BootCmdline]
    kernel: Lazy[KernelRelease]
    fstab: Lazy[Fstab]
    mounts: Lazy[Mounts]
    container: Container

    @classmethod
    def reads(cls) -> Sources:
        return (Call("statvfs"),)

    @classmethod
    def read(
        cls,
        init: InitSystem,
        index: UnitIndex,
        cmdline: Lazy[BootCmdline],
        kernel: Lazy[KernelRelease],
        fstab: Lazy[Fstab],
        mounts: Lazy[Mounts],
        container: Container,
    ) -> NextBoot:
        """Nothing is read yet but the directories of units, and whether it is a container."""
        return cls(init, index.persistent(), cmdline, kernel, fstab, mounts, container)

    def on(self, host: Host) -> Surroundings:
        """The same with the host, for who looks at files that units name."""
        return Surroundings(host, *self)


class Surroundings(NamedTuple):
    """A host and the facts that tell how its next boot goes."""

    host: Host
    init: InitSystem
    units: UnitIndex
    cmdline: Lazy[BootCmdline]
    kernel: Lazy[KernelRelease]
    fstab: Lazy[Fstab]
    mounts: Lazy[Mounts]
    container: Container
    words: BootUnits | None = None
    """What the command line says of units; None where it is not asked."""

    def is_read_only(self, path: str) -> bool | None:
        """Whether a container finds a path on a file system that it may not write to (statvfs(3)): its runtime mounts
        it the same at each start. None where that cannot be told."""
        try:
            return is_read_only(self.host, path)
        except FactError:
            return None

    def is_hidden(self, path: str) -> bool:
        """Whether another file system is mounted over a path at boot, whose content is not in this root.

        A mount point that holds something has its content here: a subvolume or partition that is mounted there.
        """
        if self.host.running:
            return False
        points = [entry.file.rstrip("/") for entry in self.fstab().entries if entry.kind != "swap"]
        return any(point and f"{path}/".startswith(f"{point}/") and self._is_empty(point) for point in points)

    def _is_empty(self, point: str) -> bool:
        return not names_in(self.host, point)
