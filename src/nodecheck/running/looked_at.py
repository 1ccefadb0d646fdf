"""What verdicts rest on, as it lies on disk: whether it changed since a moment, and a digest of it."""

from __future__ import annotations

from collections.abc import Iterable
from posixpath import dirname, join, normpath

from nodecheck.digest import sha256
from nodecheck.errors import Absent, FactError, TooLarge
from nodecheck.host import Host
from nodecheck.host.record import Asked

_MADE_ANEW = ("/proc", "/sys", "/run", "/var/run", "/dev")
"""What each boot makes anew: it is no source of the next one."""

_OF_LOADER = ("/boot/grub", "/boot/loader", "/boot/efi", "/efi", "/boot/extlinux", "/boot/syslinux")
"""Boot loaders write here at each boot (grubenv). What they say is compared in itself: the kernel and its words."""

_WRITTEN_AT_BOOT = ("/var/lib/cloud", "/var/lib/cloud/instance")
"""cloud-init makes the link to this instance's directory anew at each boot; the directory itself is looked at."""

_LISTED = ("names", "links")
LARGEST = 1 << 20
"""Bytes of a file that a digest holds; of a larger one its size and the time of its change."""


def lasts(path: str) -> bool:
    """Whether what lies at a path is the same after a reboot.

    >>> lasts("/etc/fstab"), lasts("/run/sysctl.d"), lasts("/runtime")
    (True, False, True)
    """
    return not _below(path, _MADE_ANEW)


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


class Places:
    """Whether places changed after a moment, in nanoseconds since 1970.

    By the time at which the inode changed, which no program can set back; of a directory that holds a place too, which
    tells of what was there and is not any more.
    """

    def __init__(self, host: Host, since_ns: int) -> None:
        self._host, self._since_ns = host, since_ns
        self._known: dict[str, bool] = {}

    def changed(self, verb: str, path: str) -> bool:
        """Whether what a question was about may have been another before. Raises what the host raises but Absent."""
        path = path.rstrip("/") or "/"
        if not lasts(path) or path.startswith(_OF_LOADER):
            return False
        try:
            kind = self._host.stat(path).kind
        except Absent:
            return self._folder(path)
        own = kind == "file" or (kind == "dir" and verb in _LISTED)
        return (own and self._leads_to_what_lasts(path) and self._is_new(path)) or self._folder(path)

    def _leads_to_what_lasts(self, path: str) -> bool:
        """Whether a link leads not to what each boot makes anew; such a link itself is an entry of its directory."""
        target = self._host.link(path)
        return target is None or lasts(normpath(join(dirname(path), target)))

    def _folder(self, path: str) -> bool:
        """The same of the directory that holds a path, or of the last on the way to it that is there."""
        while path != "/":
            path = path.rpartition("/")[0] or "/"
            try:
                return self._is_new(path)
            except Absent:
                continue
        return False

    def _is_new(self, path: str) -> bool:
        if path in _WRITTEN_AT_BOOT:
            return False
        known = self._known.get(path)
        if known is None:
            changed_ns = self._host.stat(path).changed_ns
            known = self._known[path] = changed_ns is not None and changed_ns >= self._since_ns
        return known


_COUNTED = (b"boot_success=", b"boot_indeterminate=", b"recordfail=")
"""Variables of GRUB's environment block that tell how boots went. GRUB and the booted system write them at each boot,
and they decide whether a menu is shown (Fedora's 10_reset_boot_success, Ubuntu's 00_header); ``boot_counter`` decides
which entry boots."""


def without_counts(content: bytes) -> bytes:
    """An environment block of GRUB without what each boot writes into it, and without what fills it up.

    >>> without_counts(b"# GRUB Environment Block\\nsaved_entry=1\\nboot_success=0\\n####")
    b'# GRUB Environment Block\\nsaved_entry=1\\n'
    """
    return b"\n".join([line for line in content.rstrip(b"#").split(b"\n") if not line.startswith(_COUNTED)])


class Digests:
    """Digests of what questions were about: equal for equal content and names, whenever it was written."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[Asked, bytes] = {}

    def of(self, asked: Iterable[Asked]) -> str:
        """The digest of what lasts among some places."""
        parts = [self._part(question) for question in sorted(asked) if lasts(question[1])]
        return sha256(b"".join(parts)).hexdigest()[:32]

    def _part(self, question: Asked) -> bytes:
        if question not in self._known:
            told = f"{question[0]} {question[1]} ".encode("utf-8", "surrogateescape") + self._state(*question)
            self._known[question] = sha256(told).digest()
        return self._known[question]

    def _state(self, verb: str, path: str) -> bytes:
        try:
            return self._found(verb, path)
        except FactError as error:
            return error.code.encode()

    def _found(self, verb: str, path: str) -> bytes:
        if verb == "names":
            return repr(self._host.names(path)).encode()
        if verb == "links":
            return repr(self._host.links(path)).encode()
        if verb == "link":
            return repr(self._host.link(path)).encode()
        info = self._host.stat(path)
        if verb in ("read", "read_at") and info.kind == "file":
            try:
                content = self._host.read(path, LARGEST)
                return without_counts(content) if path.endswith("/grubenv") else content
            except TooLarge:
                return repr((info.size, info.changed_ns)).encode()
        return repr((info.kind, info.mode, info.uid, info.gid)).encode()
