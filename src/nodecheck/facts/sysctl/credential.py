"""The credential ``sysctl.extra``, which systemd-sysctl reads after all files (systemd 252)."""

from __future__ import annotations

from nodecheck.errors import Absent, Unsupported
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.sysctl.conf import Setting, parse_systemd
from nodecheck.host import Host, exists
from nodecheck.host.base import text

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
    for place in PLACES:
        try:
            return parse_systemd(text(host, f"{place}/{NAME}"), f"{place}/{NAME}")
        except Absent:
            continue
    for place in ENCRYPTED:
        if exists(host, f"{place}/{NAME}"):
            raise Unsupported(f"{place}/{NAME}", "the credential is encrypted, and systemd-sysctl applies it last")
    return ()


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
