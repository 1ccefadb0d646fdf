"""What settings of sysctls write, by whom they are applied; those of the command line and of the credential."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.errors import Unsupported
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.sysctl.variables import taken
from nodecheck.formats.sysctl_keys import glob_matches, is_glob
from nodecheck.formats.sysctl_lines import Setting, parse_systemd
from nodecheck.host import Host, exists
from nodecheck.host.base import texts
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.record import NamedTuple


def parse_cmdline(words: Iterable[str], source: str, line: int | None) -> tuple[Setting, ...]:
    """``sysctl.KEY=VALUE`` and ``sysctl/KEY=VALUE`` of a kernel command line (fs/proc/proc_sysctl.c, kernel 5.8).

    The kernel turns every dot into a slash, so that no key with a dot inside a component can be named.

    >>> parse_cmdline(["sysctl.net.ipv4.ip_forward=1", "sysctl.vm.x=", "quiet"], "/proc/cmdline", 1)[0][:2]
    ('net/ipv4/ip_forward', '1')
    """
    found = []
    for word in words:
        name, _, value = word.partition("=")
        if name.startswith(("sysctl.", "sysctl/")) and value:
            found.append(Setting(name[7:].replace(".", "/"), value, source, line, word))
    return tuple(found)


def parse_parameters(words: Iterable[str], source: str, line: int | None) -> tuple[Setting, ...]:
    """What parameters of the kernel's own set before any file: ``panic=SECONDS`` and ``oops=panic`` (kernel/panic.c).

    >>> [(one.path, one.value) for one in parse_parameters(["panic=-1", "oops=panic", "panic=x"], "/proc/cmdline", 1)]
    [('kernel/panic', '-1'), ('kernel/panic_on_oops', '1')]
    """
    found = []
    for word in words:
        if word == "oops=panic":
            found.append(Setting("kernel/panic_on_oops", "1", source, line, word))
        elif word.startswith("panic=") and taken("kernel/panic", word[6:]).value is not None:
            found.append(Setting("kernel/panic", word[6:], source, line, word))
    return tuple(found)


class Write(NamedTuple):
    """One write to ``/proc/sys`` on the way to what holds."""

    path: str
    """The file that is written: never a glob."""
    setting: Setting


def systemd_writes(settings: Iterable[Setting], paths: tuple[str, ...], globs: bool = True) -> Iterator[Write]:
    """What systemd-sysctl writes to ``paths``, in its order.

    One setting a key is kept: the last, at the place of the first of a run of equal values. A glob does not touch
    what is set, or excluded, by its own name (``apply_all``).
    """
    kept: dict[str, Setting] = {}
    for setting in settings:
        old = kept.get(setting.path)
        if old is not None and old.value != setting.value:
            del kept[setting.path]
        kept[setting.path] = setting
    for setting in kept.values():
        if setting.value is None:
            continue
        if not (globs and is_glob(setting.path)):
            if setting.path in paths:
                yield Write(setting.path, setting)
            continue
        for path in paths:
            if path not in kept and glob_matches(setting.path, path):
                yield Write(path, setting)


def procps_writes(settings: Iterable[Setting], paths: tuple[str, ...]) -> Iterator[Write]:
    """What ``sysctl --system`` of procps writes to ``paths``: every line in order, globs as systemd takes them."""
    every = tuple(settings)
    ruled_out = {path for path in paths if any(_rules_out(setting, path) for setting in every)}
    for setting in every:
        if setting.value is None:
            continue
        if not is_glob(setting.path):
            if setting.path in paths:
                yield Write(setting.path, setting)
            continue
        for path in paths:
            if path not in ruled_out and glob_matches(setting.path, path):
                yield Write(path, setting)


def _rules_out(setting: Setting, path: str) -> bool:
    return setting.path == path or (setting.value is None and glob_matches(setting.path, path))


def names(setting: Setting, paths: tuple[str, ...]) -> bool:
    """Whether a setting is about one of ``paths``, by name or by pattern."""
    if is_glob(setting.path):
        return any(glob_matches(setting.path, path) for path in paths)
    return setting.path in paths


NAME = "sysctl.extra"

PLACES = (
    "/run/credentials/@system",
    "/etc/credstore",
    "/run/credstore",
    "/usr/local/lib/credstore",
    "/usr/lib/credstore",
)
"""Where the service manager looks for a credential by name, in this order (systemd.exec(5), ``LoadCredential=``)."""

ENCRYPTED = (
    "/run/credentials/@encrypted",
    "/etc/credstore.encrypted",
    "/run/credstore.encrypted",
    "/usr/local/lib/credstore.encrypted",
    "/usr/lib/credstore.encrypted",
)


def credential_settings(host: Host, cmdline: BootCmdline) -> tuple[Setting, ...]:
    """The lines of the credential; none where there is none. Raises Unsupported where it is encrypted."""
    told = from_cmdline(cmdline)
    if told is not None:
        return parse_systemd(told, cmdline.source or "the command line")
    for path, source in texts(host, [f"{place}/{NAME}" for place in PLACES]):
        return parse_systemd(source, path)
    for place in ENCRYPTED:
        if exists(host, f"{place}/{NAME}"):
            raise Unsupported(f"{place}/{NAME}", "the credential is encrypted, and systemd-sysctl applies it last")
    return ()


def credential_sources() -> Sources:
    """Where a credential is looked for."""
    return (*[File(f"{place}/{NAME}") for place in PLACES], *[Exists(f"{place}/{NAME}") for place in ENCRYPTED])


def from_cmdline(cmdline: BootCmdline) -> str | None:
    """What ``systemd.set_credential=`` and ``systemd.set_credential_binary=`` say of it; None where nothing.

    >>> from_cmdline(BootCmdline(("systemd.set_credential=sysctl.extra:vm.swappiness=1",)))
    'vm.swappiness=1'
    """
    prefix = NAME + ":"
    found = None
    for word in cmdline.words:
        key, _, value = word.partition("=")
        if value.startswith(prefix):
            if key == "systemd.set_credential":
                found = value[len(prefix) :]
            elif key == "systemd.set_credential_binary":
                found = _decoded(value[len(prefix) :])
    return found


def _decoded(value: str) -> str | None:
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(value.encode("ascii", "ignore")).decode("utf-8", "surrogateescape")
    except Error:
        return None
