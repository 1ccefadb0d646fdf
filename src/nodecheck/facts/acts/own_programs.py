"""The programs of the administrator's own units that are no scripts, and that nodecheck does not know."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.acts.effects import KNOWN_EFFECTS
from nodecheck.facts.acts.follow import PLAIN_PROGRAMS, SHELL_PATHS, Follower
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_command import ExecLine, exec_lines
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.formats.shell_calls import SHELLS, shell_call, unwrapped
from nodecheck.host import Host
from nodecheck.model.sources import Exists, Named, Sources, UnitText
from nodecheck.record import NamedTuple

SYSTEM = "/etc/systemd/system/"
"""Where units lie that no package brings."""

COMPONENTS = frozenset(
    (
        "kubelet", "kube-proxy", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubeadm",
        "containerd", "dockerd", "crio", "cri-dockerd", "podman", "docker", "ctr", "crictl", "nerdctl",
        "k3s", "rke2", "k0s", "kubelite", "snap", "nodecheck", "flanneld", "haproxy", "keepalived", "nginx", "envoy",
        "chronyd", "ntpd", "timemaster", "ptp4l", "phc2sys", "sshd", "rsyslogd", "cron", "crond", "udevadm",
        "node_exporter", "prometheus", "fluent-bit", "vector", "tailscaled", "ethtool", "tc", "sgdisk", "growpart",
        "run-parts", "loginctl", "networkctl", "resolvectl", "timedatectl", "journalctl", "agetty", "rsync", "curl",
        "wget", "tar", "mkfs.ext4", "mkfs.xfs",
    )
)  # fmt: skip
"""Programs of nodes: those of Kubernetes are judged by their own checks, the others do nothing of what is judged."""

_KEYS = ("ExecStartPre", "ExecStart", "ExecStartPost")
_SYSTEMD = ("/usr/lib/systemd/", "/lib/systemd/")


class OwnProgram(NamedTuple):
    """A program that the boot runs, and of which nodecheck does not know what it does."""

    path: str
    unit: str
    source: str
    line: int


class OwnPrograms(NamedTuple):
    """Such programs, each once: a word to people, and no verdict."""

    programs: tuple[OwnProgram, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*"), *map(Exists, SHELL_PATHS), Named("ExecStart= of own units"))

    @classmethod
    def read(cls, host: Host, init: InitSystem, starts: BootStarts) -> OwnPrograms:
        """Look at the units that the next boot, or a timer, starts."""
        found: dict[str, OwnProgram] = {}
        for name in sorted(starts.index.files) if init.is_systemd else ():
            fragment = starts.index.fragment(name) if name.endswith(".service") else None
            if fragment is not None and fragment.startswith(SYSTEM) and starts.index.resolve(name) == name:
                for program in _of_unit(host, starts, name):
                    found.setdefault(program.path, program)
        return cls(tuple(found.values()))


def _of_unit(host: Host, starts: BootStarts, name: str) -> Iterator[OwnProgram]:
    unit = load_unit(host, starts.index, name)
    lines = () if unit is None else exec_lines(host, unit, "Service", _KEYS)[0]
    follower = Follower(host)
    unknown = [(path, line) for line in lines for path in _unknown(line, follower)]
    if unknown and (starts.of(name).acts or starts.by_clock(name) is not None):
        yield from (OwnProgram(path, name, line.path, line.line) for path, line in unknown)


def _unknown(line: ExecLine, follower: Follower) -> Iterator[str]:
    words = unwrapped(line.words)
    program = words[0] or ""
    base = program.rpartition("/")[2]
    if base in SHELLS and shell_call(words) is not None:
        return
    path = follower.files.place(program) if follower.files.has_programs else program
    known = base in KNOWN_EFFECTS or base in PLAIN_PROGRAMS or base in COMPONENTS or program.startswith(_SYSTEMD)
    if path is not None and not known and not follower.is_shell_script(path):
        yield path
