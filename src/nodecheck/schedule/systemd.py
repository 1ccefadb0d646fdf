"""The unit files: a service that may read everything and change nothing but its state, and a timer that starts it.

Every setting is one that old systemds ignore where they do not know it (CentOS 7 has systemd 219): so the filter of
system calls is a list of what is denied, for one of what is allowed would there leave next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.errors import UsageError

MARK = "# Written by nodecheck schedule; nodecheck schedule systemd --remove takes it away."

DELAYS = {"hourly": "30min", "daily": "4h", "weekly": "1d"}
"""Over how long the nodes of a fleet are spread; each keeps its own place (``FixedRandomDelay=``)."""

_SERVICE = """\
{mark}
[Unit]
Description=Audit of this node's fitness for Kubernetes
After=multi-user.target

[Service]
Type=oneshot
ExecStart={command}
# 1: something fails; 3: something could not be judged. Both are told by the audit; neither is a fault of this service.
SuccessExitStatus=1 3
TimeoutStartSec={limit_s}
SyslogIdentifier=nodecheck
WorkingDirectory=/

# A good guest.
Nice=10
IOSchedulingClass=idle
CPUWeight=20
MemoryMax=256M
TasksMax=256

# What it writes: its state, and the outputs that the configuration names.
StateDirectory=nodecheck
StateDirectoryMode=0700
ProtectSystem=strict
{writable}ProtectHome=read-only
PrivateTmp=yes

# What it reads that others may not: files of other users, who holds a port, the kernel's packet filter.
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_NET_ADMIN CAP_NET_RAW
NoNewPrivileges=yes

# It must see the node's own network, devices, users, processes and kernel modules: so no PrivateNetwork=,
# PrivateDevices=, PrivateUsers=, ProtectProc= or ProtectKernelModules=; and adjtimex(2) to ask for the clock: so no
# ProtectClock=. None of these can be changed without the capabilities that are missing above.
DevicePolicy=closed
DeviceAllow=block-* r
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
IPAddressDeny=any
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=~@cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap clock_settime settimeofday
SystemCallErrorNumber=EPERM
"""

_TIMER = """\
{mark}
[Unit]
Description=Regular audit of this node's fitness for Kubernetes

[Timer]
OnCalendar={calendar}
# Nodes do not all start at once, and each starts at its own time.
RandomizedDelaySec={delay}
FixedRandomDelay=yes
AccuracySec=1min
# A time that passed while the node was off is made up for.
Persistent=yes

[Install]
WantedBy=timers.target
"""


def service(words: tuple[str, ...], writable: Iterable[str] = (), limit_s: int = 300) -> str:
    """The service that runs ``words`` for ``limit_s`` at most; ``writable`` are directories that it writes to."""
    listed = "".join(f"ReadWritePaths={quoted('-' + path)}\n" for path in writable)
    return _SERVICE.format(mark=MARK, command=command(words), writable=listed, limit_s=limit_s)


def timer(every: str) -> str:
    """The timer; ``every`` is what ``OnCalendar=`` takes (systemd.time(7)). Raises UsageError."""
    if not every.strip() or not every.isascii() or not every.isprintable() or "%" in every:
        raise UsageError(f"--every: expected hourly, daily, weekly or a calendar of systemd.time(7), found {every!r}")
    return _TIMER.format(mark=MARK, calendar=every.strip(), delay=DELAYS.get(every, "1min"))


def command(words: tuple[str, ...]) -> str:
    """A command line as ``ExecStart=`` takes it (systemd.service(5)): in the first word ``$`` stands for itself.

    >>> command(("/opt/node check/bin/python", "-m", "50%", "$HOME", 'a"b'))
    '"/opt/node check/bin/python" -m 50%% $$HOME "a\\\\"b"'
    """
    return " ".join([quoted(words[0]), *(quoted(word.replace("$", "$$")) for word in words[1:])])


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@%$")


def quoted(word: str) -> str:
    """One word of a setting, ``%`` doubled (systemd.unit(5), specifiers) and in quotes where it needs them."""
    word = word.replace("%", "%%")
    if word and set(word) <= _PLAIN:
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
