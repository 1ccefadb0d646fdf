"""Who keeps a setting: a program that writes a file anew, or a system that is changed as a whole.

Only fixes ask for it: no verdict depends on what is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nodecheck.errors import Absent, FactError
from nodecheck.facts.distro.image import ImageSystem
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import File, First, Named, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.files.mounts import Mount

KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
KUBEADM_FLAGS = "/var/lib/kubelet/kubeadm-flags.env"

HEADER_LINES = 24
"""Lines from the beginning in which a file says who writes it."""

_MANAGERS = {
    "ansible": ("Ansible", "the playbook or role that writes it"),
    "puppet": ("Puppet", "the Puppet manifest that writes it"),
    "chef": ("Chef", "the Chef cookbook that writes it"),
    "saltstack": ("Salt", "the Salt state that writes it"),
    "salt": ("Salt", "the Salt state that writes it"),
    "cfengine": ("CFEngine", "the CFEngine policy that writes it"),
    "terraform": ("Terraform", "the Terraform configuration that writes it"),
    "cloud-init": ("cloud-init", "the instance's user data, or /etc/cloud/cloud.cfg.d"),
    "networkmanager": ("NetworkManager", "the connection profile (nmcli connection modify)"),
    "netplan": ("netplan", "the files in /etc/netplan"),
    "kubespray": ("Kubespray", "the inventory's group_vars"),
}
_SAYS = (
    "managed", "generated", "controlled by", "maintained by", "do not edit", "don't edit", "do not modify",
    "will be lost", "overwritten",
)  # fmt: skip

HOSTS = "/etc/hosts"
CLOUD_CONFIGS = ("/var/lib/cloud/instance/cloud-config.txt", "/etc/cloud/cloud.cfg")
"""What cloud-init goes by: the instance's user data, then the distribution's."""
HOSTS_TEMPLATES = "/etc/cloud/templates/hosts.*.tmpl, or manage_etc_hosts: false in /etc/cloud/cloud.cfg.d"


class Owner(NamedTuple):
    """Who keeps a file or a line of it."""

    name: str
    place: str
    """Where the setting is to be changed instead, or as well."""
    because: str
    """What shows it."""
    lasts: bool = False
    """A change of the file holds, until the owner writes it anew for a new instance or release."""


MOUNTS = "/proc/self/mountinfo"

_NETPLAN = ("50-cloud-init.yaml", "00-installer-config.yaml", "01-netcfg.yaml", "01-network-manager-all.yaml")


class Owners(NamedTuple):
    """What tells who keeps a setting."""

    image: ImageSystem | FactError
    look: Callable[[str], str | FactError | None]
    """The text of a file; None: there is none."""
    mounts: tuple[Mount, ...] = ()
    """The running node's table of mounts."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            File(MOUNTS),
            Named("a fix that would change them"),
            File(HOSTS),
            File(KUBELET_CONFIG),
            File(KUBEADM_FLAGS),
            First(CLOUD_CONFIGS),
            File("/etc/sysconfig/network-scripts/ifcfg-*"),
            File("/etc/network/interfaces"),
            *[File(f"/etc/netplan/{file}") for file in _NETPLAN],
            File("/etc/NetworkManager/NetworkManager.conf"),
        )

    @classmethod
    def read(cls, host: Host, image: Lazy[ImageSystem]) -> Owners:
        """Nothing but the kind of the system is read before it is asked for, file by file."""

        def look(path: str) -> str | FactError | None:
            try:
                return text(host, path)
            except Absent:
                return None
            except FactError as error:
                return error

        told: tuple[Mount, ...] = ()
        if host.running and isinstance(mounts := look(MOUNTS), str):
            from nodecheck.facts.files.mounts import parse_mounts

            told = parse_mounts(mounts, MOUNTS)
        try:
            return cls(image(), look, told)
        except FactError as error:
            return cls(error, look, told)

    def of(self, path: str, line: str | None = None) -> Owner | FactError | None:
        """Who keeps a file, or ``line`` of it; an error where that cannot be told."""
        place = read_only(self.mounts, path)
        if place is not None:
            return Owner("whoever mounts it", "the image or the mount", f"{place} is mounted read-only")
        if any(mount.path == path for mount in self.mounts):  # as a container's /etc/hosts is
            return Owner("whoever mounts it", "the file that is mounted there", f"{path} is a mount of its own")
        content = self.look(path)
        if content is None or isinstance(content, FactError):
            return content
        found = owner_of(path, content, line)
        if found is None and path == HOSTS:
            return self._of_hosts()
        if found is None and path == KUBELET_CONFIG and self.look(KUBEADM_FLAGS) is not None:
            place = "the ConfigMap kubelet-config of the namespace kube-system"
            return Owner("kubeadm", place, "kubeadm upgrade writes it anew from there", lasts=True)
        return found

    def _of_hosts(self) -> Owner | None:
        """cloud-init with ``manage_etc_hosts: localhost``, which leaves no header and adds its line at each boot."""
        for file in CLOUD_CONFIGS:
            told = self.look(file)
            found = re.search(r"^manage_etc_hosts:[^\n]*", told, re.MULTILINE) if isinstance(told, str) else None
            if found is not None:
                place = "manage_etc_hosts: false in the user data or in /etc/cloud/cloud.cfg.d"
                adds = found[0].partition(":")[2].strip(" \t\r\"'") == "localhost"
                return Owner("cloud-init", place, f"{file} says {found[0]!r}") if adds else None
        return None

    def of_link(self, name: str) -> Owner | None:
        """Who sets up a network interface at boot, by the files that are there."""
        script = f"/etc/sysconfig/network-scripts/ifcfg-{name}"
        if isinstance(self.look(script), str):
            return Owner("the network scripts", script, f"{script} is there", lasts=True)
        interfaces = self.look("/etc/network/interfaces")
        if isinstance(interfaces, str) and f"iface {name} " in interfaces:
            return Owner("ifupdown", "/etc/network/interfaces", f"it has iface {name}", lasts=True)
        for file in _NETPLAN:
            if isinstance(self.look(f"/etc/netplan/{file}"), str):
                return Owner("netplan", "/etc/netplan, then netplan apply", f"/etc/netplan/{file} is there", lasts=True)
        if isinstance(self.look("/etc/NetworkManager/NetworkManager.conf"), str):
            place = "its connection profile (nmcli connection modify)"
            return Owner("NetworkManager", place, "/etc/NetworkManager/NetworkManager.conf is there", lasts=True)
        return None


def read_only(mounts: tuple[Mount, ...], path: str) -> str | None:
    r"""Where a path is mounted, if read-only.

    >>> from nodecheck.facts.files.mounts import parse_mounts
    >>> table = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:2 / /usr ro,nodev - ext4 /dev/sda2 rw\n"
    >>> read_only(parse_mounts(table), "/usr/lib/x"), read_only(parse_mounts(table), "/usrx")
    ('/usr', None)
    """
    if not mounts:
        return None
    from nodecheck.facts.files.mounts import mount_of

    found = mount_of(mounts, path)
    return found.path if found is not None and found.read_only else None


def owner_of(path: str, content: str, line: str | None = None) -> Owner | None:
    r"""Who keeps a file by what it says of itself, or ``line`` by what stands around it or in it.

    >>> owner_of("/etc/fstab", "# Ansible managed\n/dev/sda2 none swap sw 0 0\n").name
    'Ansible'
    >>> owner_of("/etc/fstab", "/dev/sda2 none swap sw,comment=cloudconfig 0 0\n") is None
    True
    """
    lines = content.split("\n")
    if line is not None:
        if path == "/etc/fstab" and "comment=cloudconfig" in line:
            place = "mounts: and swap: of the instance's user data"
            return Owner("cloud-init", place, "its line says comment=cloudconfig", lasts=True)
        found = _block_around(lines, line)
        if found is not None:
            return found
    return next(_by_header(lines[:HEADER_LINES]), None)


def _block_around(lines: list[str], line: str) -> Owner | None:
    """The Ansible block (blockinfile) that a line stands in."""
    inside: str | None = None
    for one in lines:
        upper = one.upper()
        if "ANSIBLE MANAGED BLOCK" in upper:
            inside = one.strip(" \t\r") if "BEGIN" in upper else None
        elif inside is not None and one == line:
            return Owner(*_MANAGERS["ansible"], f"it stands after {inside!r}")
    return None


def _by_header(lines: list[str]) -> Iterator[Owner]:
    for number, line in enumerate(lines, 1):
        plain = line.strip(" \t\r")
        if not plain.startswith(("#", ";", "//", "/*", "<!--", '"#', "*")) or "MANAGED BLOCK" in plain.upper():
            continue
        lower = plain.lower()
        because = f"line {number} says {plain[:120]!r}"
        if "manage_etc_hosts" in lower:
            yield Owner("cloud-init", HOSTS_TEMPLATES, because)
        if not any(word in lower for word in _SAYS):
            continue
        for word, (name, place) in _MANAGERS.items():
            if re.search(rf"(?<![a-z]){word}(?![a-z])", lower):
                yield Owner(name, place, because)
        if any(word in lower for word in ("do not edit", "don't edit", "do not modify", "managed by", "generated by")):
            yield Owner("something else", "what its first lines name", because)
