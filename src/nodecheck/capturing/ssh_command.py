"""How the system's own ssh is called: its words, by its version, and its environment."""

from __future__ import annotations

import os
import re
from subprocess import DEVNULL, SubprocessError, run

from nodecheck.record import NamedTuple
from nodecheck.text import decode

MOST_CONNECT_S = 10

_VERSION_S = 5


class SshWay(NamedTuple):
    """How the hosts are asked."""

    timeout_s: float
    """For each host, from the start of its ssh."""
    options: tuple[str, ...] = ()
    sudo: bool = False
    parallel: int = 16
    version: tuple[int, int] = (99, 0)
    """Of ssh."""


def ssh_argv(program: str, host: str, way: SshWay) -> tuple[str, ...]:
    """The command line of ssh for a host.

    ``BatchMode`` stands first, so that no option takes it back. The agent, tickets, ports and windows of the one who
    asks are not lent to the node. ``-T`` and others undo what a configuration may ask for those who log in, or tunnel.
    """
    connect = max(1, min(MOST_CONNECT_S, int(way.timeout_s / 2)))
    own = [option for since, options in _OWN for option in options if way.version >= since]
    given = (*own, *way.options, f"ConnectTimeout={connect}")
    options = [word for option in given for word in ("-o", option)]
    return (program, "-T", "-a", "-k", "-x", *options, "--", host, remote_line(way.sudo))


_OWN = (
    ((0, 0), ("BatchMode=yes", "ClearAllForwardings=yes", "Tunnel=no", "PermitLocalCommand=no")),
    ((7, 6), ("RemoteCommand=none",)),
    ((8, 7), ("SessionType=default", "StdinNull=no", "ForkAfterAuthentication=no")),
)
"""Options, by the version of OpenSSH that knows them: one that does not, as 7.4 of CentOS 7, ends there."""


def version_of(text: str) -> tuple[int, int]:
    """The version that ``ssh -V`` says; that of a new one where it says none.

    >>> version_of("OpenSSH_7.4p1, OpenSSL 1.0.2k-fips  26 Jan 2017"), version_of("Something else")
    ((7, 4), (99, 0))
    """
    found = re.match("OpenSSH_([0-9]{1,4})[.]([0-9]{1,4})", text)
    return (99, 0) if found is None else (int(found[1]), int(found[2]))


def ssh_version(program: str) -> tuple[int, int]:
    """The version of a program that is ssh."""
    try:
        told = run([program, "-V"], stdin=DEVNULL, capture_output=True, timeout=_VERSION_S, check=False)  # noqa: S603
    except (OSError, SubprocessError):
        return version_of("")
    return version_of(decode(told.stderr))


def remote_line(sudo: bool) -> str:
    """What the node's login shell is given: any shell takes it, csh and fish too. The answer is packed if it can be."""
    asked = "sudo -n sh -s" if sudo else "sh -s"
    return f"sh -c 'if command -v gzip >/dev/null 2>&1; then {asked} | gzip -c; else {asked}; fi'"


def ssh_environment() -> dict[str, str]:
    """The environment of this process, less what has ssh ask for a password in a window: also the ssh that another one
    starts for a jump host, which has no ``BatchMode``, and the ones before 8.4, which know no ``SSH_ASKPASS_REQUIRE``.
    """
    found = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "SSH_ASKPASS")}
    return {**found, "SSH_ASKPASS_REQUIRE": "never"}
