"""The files of kernels in ``/boot``, and when they were written."""

from __future__ import annotations

from nodecheck.host import Host, names_in
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Dir, Sources
from nodecheck.record import NamedTuple

FOLDERS = ("/boot", "/boot/firmware")
"""The second is the Raspberry Pi's, whose firmware starts ``kernel8.img``."""
_BEGINS = ("vmlinuz", "vmlinux", "kernel", "Image", "bzImage")


class KernelImage(NamedTuple):
    """One kernel."""

    path: str
    changed_s: int
    """Seconds since 1970 at which it was written."""

    def is_of(self, release: str) -> bool:
        """Whether it is that of a release, by its name: ``vmlinuz-6.1.0-13-amd64``.

        >>> KernelImage("/boot/vmlinuz-6.1.0", 0).is_of("6.1.0"), KernelImage("/boot/vmlinuz-6.1.0-1", 0).is_of("6.1.0")
        (True, False)
        """
        return self.path.rpartition("/")[2].partition("-")[2] == release


class KernelImages(NamedTuple):
    """The kernels in ``/boot``."""

    found: tuple[KernelImage, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return tuple(map(Dir, FOLDERS))

    @classmethod
    def read(cls, host: Host) -> KernelImages:
        """By their names. Links are left out: what they lead to is there too. Raises what the host raises."""
        found = []
        for folder in FOLDERS:
            for name in names_in(host, folder):
                path = f"{folder}/{name}"
                if name.startswith(_BEGINS) and host.link(path) is None:
                    info = stat_or_none(host, path)
                    if info is not None and info.kind == "file" and info.changed_ns is not None:
                        found.append(KernelImage(path, info.changed_ns // 10**9))
        return cls(tuple(found))
