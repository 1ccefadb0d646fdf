"""Boot loaders: which entry is the default one, and what command line and kernel it gives.

GRUB (with and without Boot Loader Specification entries), systemd-boot, extlinux, and the Raspberry Pi's firmware.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, Offline, TooLarge
from nodecheck.facts.boot.bls import MOST_ENTRIES, BlsEntry, by_grub, by_systemd, read_entries
from nodecheck.host import MIB, Host, exists, names_in
from nodecheck.host.base import text_or_none, texts
from nodecheck.model.sources import Dir, Exists, File, Named, Sources, Tree
from nodecheck.record import NamedTuple
from nodecheck.text import whole_number
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.boot.grub import GrubEntry, GrubMenu

ESPS = ("/efi", "/boot/efi", "/boot")
"""Where the EFI system partition (or the extended boot partition) is mounted."""

GRUB_CFGS = ("/boot/grub2/grub.cfg", "/boot/grub/grub.cfg")
_EFI_VENDORS = "/boot/efi/EFI"
_CFG_LIMIT = 4 * MIB
MOST_SNIPPETS = 64
_EXTLINUX = ("/boot/extlinux/extlinux.conf", "/boot/syslinux/syslinux.cfg", "/extlinux/extlinux.conf")
_RASPBERRY = ("/boot/firmware/cmdline.txt", "/boot/cmdline.txt")
_EFI_VARIABLE = "/sys/firmware/efi/efivars/{}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
"""systemd-boot's variables (systemd's boot loader interface)."""


class BootEntry(NamedTuple):
    """The entry that boots by default."""

    text: str
    """Its command line."""
    source: str
    line: int | None
    kernel: str | None = None
    """The release of its kernel, where its file's name or its version tells."""
    certain: bool = True


def default_entry(host: Host) -> BootEntry | None:
    """The default entry; None where no loader's configuration is there, or none that starts a Linux kernel.

    Raises what the host raises for a configuration that cannot be read.
    """
    if (_efi_variable(host, "LoaderInfo") or "").startswith("systemd-boot"):
        return _bls(host) or _grub(host)
    return _grub(host) or _bls(host) or _extlinux(host) or _raspberry(host)


def loader_sources() -> Sources:
    """What :func:`default_entry` and :func:`hinted` ask for."""
    on_esps = [
        source
        for esp in ESPS
        for source in (
            File(f"{esp}/loader/loader.conf"),
            Tree(f"{esp}/loader/entries", "*.conf", most=MOST_ENTRIES),
            Dir(f"{esp}/EFI/Linux"),
        )
    ]
    return (
        File(_EFI_VARIABLE.format("Loader*")),
        Exists("/sys/firmware/efi"),
        Exists("/boot/grub2"),
        *map(File, GRUB_CFGS),
        File("/boot/grub*/grubenv"),
        File("/boot/grub*/custom.cfg"),
        Dir(_EFI_VENDORS),
        File(f"{_EFI_VENDORS}/*/grub.cfg"),
        File(f"{_EFI_VENDORS}/*/grubenv"),
        File(f"{_EFI_VENDORS}/*/custom.cfg"),
        *on_esps,
        *map(File, (*_EXTLINUX, *_RASPBERRY)),
        Named("the boot loader's default entry"),
        File("/etc/kernel/cmdline"),
        File("/etc/default/grub"),
        Tree("/etc/default/grub.d", "*.cfg", most=64),
    )


def hinted(host: Host) -> BootEntry | None:
    """What the next generated configuration would have; None where nothing says."""
    told = text_or_none(host, "/etc/kernel/cmdline", 1 << 16)
    if told is None:
        return _default_grub(host)
    lines = [line for line in told.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    return BootEntry(" ".join(lines), "/etc/kernel/cmdline", None, None, False)


def _default_grub(host: Host) -> BootEntry | None:
    """``/etc/default/grub`` and, after it, ``/etc/default/grub.d/*.cfg`` (grub-mkconfig)."""
    folder = "/etc/default/grub.d"
    paths = ["/etc/default/grub", *(f"{folder}/{name}" for name in names_in(host, folder) if name.endswith(".cfg"))]
    variables: dict[str, str] = {}
    source, line = None, None
    if len(paths) > MOST_SNIPPETS:
        raise TooLarge(folder, f"has more than {MOST_SNIPPETS} files")
    for path, told in texts(host, paths):
        from nodecheck.facts.boot.grub import parse_default_grub

        set_at = parse_default_grub(told, variables)
        if set_at is not None:
            source, line = path, set_at
    if source is None:
        return None
    keys = ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT")
    return BootEntry(" ".join(variables.get(key, "") for key in keys).strip(), source, line, None, False)


def _grub(host: Host) -> BootEntry | None:
    for path, source in texts(host, _grub_cfgs(host), _CFG_LIMIT):
        from nodecheck.facts.boot.grub import CUSTOM, parse_grub_cfg

        folder = path.rpartition("/")[0]
        custom = text_or_none(host, f"{folder}/{CUSTOM}", _CFG_LIMIT)
        menu = parse_grub_cfg(source, _grubenv(host, folder), custom, folder)
        if menu.entries:
            return _grub_default(host, path, menu)
    return None


def _grub_cfgs(host: Host) -> Iterator[str]:
    """The candidates. EL7 and EL8 keep the real one on the EFI partition where they boot by EFI.

    Elsewhere the one on the EFI partition only leads to the other, and has no entries of its own.
    """
    by_efi = _exists(host, "/sys/firmware/efi") and _exists(host, "/boot/grub2")
    if not by_efi:
        yield from GRUB_CFGS
    yield from (f"{_EFI_VENDORS}/{name}/grub.cfg" for name in names_in(host, _EFI_VENDORS))
    if by_efi:
        yield from GRUB_CFGS


def _exists(host: Host, path: str) -> bool:
    try:
        return exists(host, path)
    except Offline:
        return False


def _grubenv(host: Host, directory: str) -> dict[str, str]:
    from nodecheck.facts.boot.grub import parse_grubenv

    return parse_grubenv(text_or_none(host, f"{directory}/grubenv", 1 << 16) or "")


def _grub_default(host: Host, path: str, menu: GrubMenu) -> BootEntry | None:
    variables = dict(menu.variables)
    bls = by_grub(read_entries(host, "/boot/loader/entries")) if menu.uses_bls else ()
    entries: list[GrubEntry | BlsEntry] = []
    for entry in menu.entries:
        entries.extend(bls if entry.blscfg else (entry,))
    chosen = _chosen(entries, menu.default)
    if isinstance(chosen, BlsEntry):
        return _of_bls(host, chosen, variables)
    if chosen is None or not chosen.words:
        return None
    kernel, *words = chosen.words
    path = f"{path.rpartition('/')[0]}/custom.cfg" if chosen.custom else path
    return BootEntry(_joined(words), path, chosen.line, _release(host, kernel))


def _chosen(entries: list[GrubEntry | BlsEntry], default: str) -> GrubEntry | BlsEntry | None:
    """The entry that ``default`` names by number, id or title (``submenu>entry``), else the first."""
    for _ in range(8):
        head, _, default = default.replace(">>", "\0").partition(">")
        head = head.replace("\0", ">")
        number = whole_number(head, 5)
        place = _named(entries, head) if number is None else number
        chosen = entries[place] if place < len(entries) else (entries or (None,))[0]
        if chosen is None or isinstance(chosen, BlsEntry) or not chosen.entries:
            return chosen
        entries = list(chosen.entries)
    return None


def _named(entries: list[GrubEntry | BlsEntry], name: str) -> int:
    for place, entry in enumerate(entries):
        if name and name in (entry.id, entry.title):
            return place
    return 0


def _joined(words: list[str]) -> str:
    """A command line as GRUB hands it over: a word with blanks in quotes."""
    return " ".join(f'"{word}"' if " " in word else word for word in words)


def _of_bls(host: Host, entry: BlsEntry, variables: dict[str, str] | None = None, certain: bool = True) -> BootEntry:
    options = entry.options
    if variables is not None:
        from nodecheck.facts.boot.grub_words import script_words

        options = _joined(list(script_words(options or variables.get("default_kernelopts", ""), variables)))
    kernel = _release(host, entry.linux) or (entry.version if entry.version[:1].isdigit() else None)
    return BootEntry(options, entry.path, entry.line, kernel, certain)


def _bls(host: Host) -> BootEntry | None:
    """The default of the Boot Loader Specification entries, without a ``grub.cfg``.

    With GRUB's environment block and no ``loader.conf`` as GRUB chooses, else as systemd-boot does.
    """
    config = _loader_conf(host)
    entries = {e.path: e for esp in ESPS for e in read_entries(host, f"{esp}/loader/entries")}
    found = tuple(entries.values())
    if not found:
        return None
    environment = {} if config is not None else {**_grubenv(host, "/boot/grub"), **_grubenv(host, "/boot/grub2")}
    if environment:
        chosen = _chosen(list(by_grub(found)), environment.get("next_entry") or environment.get("saved_entry", ""))
        return _of_bls(host, chosen, environment, False) if isinstance(chosen, BlsEntry) else None
    return _systemd_boot(host, by_systemd(found), config or "")


def _loader_conf(host: Host) -> str | None:
    """The ``default`` of the first ``loader.conf``, empty where it names none; None where there is no such file."""
    for _, told in texts(host, [f"{esp}/loader/loader.conf" for esp in ESPS], 1 << 16):
        fields = [line.strip(" \t\r").replace("\t", " ").partition(" ") for line in told.split("\n")]
        return ([value.strip() for key, _, value in fields if key == "default"] or [""])[-1]
    return None


def _systemd_boot(host: Host, entries: tuple[BlsEntry, ...], default: str) -> BootEntry | None:
    from fnmatch import fnmatchcase

    wanted = [_efi_variable(host, name) for name in ("LoaderEntryOneShot", "LoaderEntryDefault")]
    if default == "@saved":
        default = _efi_variable(host, "LoaderEntryLastBooted") or ""
    images = tuple(BlsEntry(name.lower(), "") for name in _unified_images(host))
    for pattern in filter(None, [*wanted, default]):
        for entry in (*entries, *images):
            name = entry.id.lower()
            if fnmatchcase(name, pattern.lower()) or fnmatchcase(name + ".conf", pattern.lower()):
                return _of_bls(host, entry) if entry.path else None
    if images:
        return None  # which comes first stands inside of them
    return _of_bls(host, entries[0], certain=not entries[0].exhausted)


def _unified_images(host: Host) -> tuple[str, ...]:
    """Unified kernel images carry their command line inside, where nodecheck does not look."""
    found: list[str] = []
    for esp in ESPS:
        found += [name for name in names_in(host, f"{esp}/EFI/Linux") if name.lower().endswith(".efi")]
    return tuple(found)


def _efi_variable(host: Host, name: str) -> str | None:
    """The text of one of systemd-boot's EFI variables: four bytes of attributes, then UTF-16."""
    try:
        raw = host.read(_EFI_VARIABLE.format(name), 1 << 16)
    except (Absent, Offline):
        return None
    return raw[4:].decode("utf-16-le", "replace").rstrip("\0")


def _extlinux(host: Host) -> BootEntry | None:
    for path, told in texts(host, _EXTLINUX):
        from nodecheck.facts.boot.extlinux import default_label

        found = default_label(told)
        if found is not None:
            return BootEntry(found.append, path, found.line, _release(host, found.kernel))
    return None


def _raspberry(host: Host) -> BootEntry | None:
    for path, told in texts(host, _RASPBERRY, 1 << 16):
        return BootEntry(told.partition("\n")[0], path, 1, None)
    return None


def _release(host: Host, path: str) -> str | None:
    """The release that a kernel's path tells: ``vmlinuz-REL``, ``…/REL/linux``, or a link to one of those."""
    if (told := release_of(path)) is not None:
        return told
    for place in (path, f"/boot{path}"):
        target = host.link(place) if place.startswith("/") else None
        if target is not None:
            return release_of(target)
    return None


def release_of(path: str) -> str | None:
    """The kernel release in a file's name.

    >>> release_of("/boot/vmlinuz-5.14.0-70.el9.x86_64"), release_of("/0123abc/6.1.0-9-amd64/linux")
    ('5.14.0-70.el9.x86_64', '6.1.0-9-amd64')
    >>> release_of("/boot/vmlinuz") is None
    True
    """
    directory, _, name = path.rpartition("/")
    for prefix in ("vmlinuz-", "vmlinux-", "linux-", "kernel-", "Image-", "image-", "bzImage-"):
        if name.startswith(prefix) and name[len(prefix) : len(prefix) + 1].isdigit():
            return name[len(prefix) :]
    above = directory.rpartition("/")[2]
    return above if above[:1].isdigit() and "." in above and name in ("linux", "vmlinuz", "kernel") else None
