"""The names that a capture is to hide, as the capture itself tells them: of hosts, of people, of machines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.capturing.image import ABSENT, Image, PathEntry
from nodecheck.errors import FactError
from nodecheck.host.base import Question, Uname
from nodecheck.record import NamedTuple
from nodecheck.text import decode
from nodecheck.typed import Any

HOST_FILES = (
    "/etc/hostname", "/etc/HOSTNAME", "/etc/mailname", "/etc/hosts", "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/domainname", "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf",
    "/run/systemd/resolve/stub-resolv.conf",
)  # fmt: skip
"""Where a word is a host's name, be it an everyday word or not."""

FLAG = re.compile(
    r"((?:--hostname-override|--node-name|hostnameOverride|hostname-override|node-name|nodeName|HOSTNAME"
    r"|systemd\.hostname)[\"']?[=: ][ \t]*[\"']?)([A-Za-z0-9][\w.-]*)"
)
"""What gives a node its name: in flags, in configurations of the kubelet and of k3s, on the kernel's command line."""

_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://(?:[^\s/@\"']{1,100}@)?([A-Za-z0-9][\w.-]*\w)")
_PORT = re.compile(r"(?<![\w.@/-])([A-Za-z0-9][\w-]*(?:\.[\w-]+)+):(?:[1-9][0-9]{1,4})(?![\w.:])")
_MOUNT = re.compile(r"(?:^|[ \t])(?://([\w.-]+)/|([\w.-]+):/)", re.MULTILINE)
_SERVER = re.compile(r"^[ \t]*(?:server|peer|pool|NTP=|FallbackNTP=|DNS=|Domains=)[ \t]*([^\n#]+)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9_](?:[\w-]*[A-Za-z0-9_])?(?:\.[\w-]+)*")
_ADDRESS = re.compile(r"[0-9a-fA-F]*[.:][0-9a-fA-F.:%\w]*")
_MACHINE = re.compile(r"machine[_-]id=([0-9a-fA-F]{32})(?![0-9a-fA-F])")

_ID_FILES = ("/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid", "/sys/hypervisor/uuid")
_ID_NAMES = (
    "product_uuid", "product_serial", "board_serial", "chassis_serial", "board_asset_tag", "chassis_asset_tag",
    "serial-number",
)  # fmt: skip
_MOUNTS = ("/etc/fstab", "/proc/mounts", "/proc/self/mounts", "/proc/1/mounts")
_VENDOR = ("/usr/", "/lib/")


def _set(*lines: str) -> frozenset[str]:
    return frozenset([word for line in lines for word in line.split()])


KEPT_LABELS = _set(
    "localhost localdomain local internal lan home arpa svc cluster com net org io dev example invalid test",
    "ip6-localhost ip6-loopback ip6-localnet ip6-mcastprefix ip6-allnodes ip6-allrouters ip6-allhosts",
    "broadcasthost localhost4 localhost6 localdomain4 localdomain6 kubernetes default",
)
"""Parts of names that say nothing of whose they are."""

_PUBLIC = _set(
    "k8s.io kubernetes.io docker.io docker.com quay.io gcr.io ghcr.io github.com githubusercontent.com",
    "gitlab.com debian.org ubuntu.com canonical.com centos.org fedoraproject.org redhat.com rockylinux.org",
    "almalinux.org suse.com opensuse.org archlinux.org alpinelinux.org freedesktop.org kernel.org gnu.org",
    "systemd.io ntp.org launchpad.net nginx.org apache.org wikipedia.org man7.org google.com googleapis.com",
    "microsoft.com rancher.com rancher.io k3s.io rke2.io cilium.io projectcalico.org coreos.com flatcar.org",
    "flatcar-linux.org containerd.io cri-o.io w3.org ietf.org opencontainers.org cluster.local",
    "chrony-project.org netfilter.org openshift.io cncf.io mozilla.org python.org netplan.io cloud-init.io",
)
"""What the programs' own files name: endings of names."""

COMMON = _set(
    "a all alma almalinux alpine amd64 any api apiserver arch arm64 auto backup bash bin bionic bond0 boot",
    "bottlerocket br0 bridge builtin bullseye buster bookworm trixie calico cdrom centos cgroup cilium cluster",
    "cni0 control controlplane control-plane core coreos cp crio containerd daemon data db debian debug default",
    "dev devel disabled disk docker docker0 dummy enabled enforcing error etc etcd eth0 eth1 ext2 ext3 ext4",
    "false fedora file files flannel flatcar focal fs fstab gateway gentoo grub guest gw home host hostname",
    "i386 i686 info init initrd ip iptables ipv4 ipv6 ipvs jammy k0s k3s k8s kernel kube kube-proxy kubeadm",
    "kubelet kubernetes lab lb lib lib64 lima linux linuxkit lo loop lvm machine main master master-node md0",
    "microk8s minikube mnt mode module modules mount multipass net network nfs nftables node none noble null",
    "off on opensuse opt oracle overlay permissive pod pool port preset proc proxy public rhel rke rke2 rocky",
    "root router run runc running rw ro sbin script sda sda1 security selinux server service sha256 sles socket",
    "srv start stop storage suse swap sys sysctl system systemd talos target test time tmp tmpfs true tty tty0",
    "tty1 ttys0 ubuntu udev unknown user users usr v1 v1alpha1 v1beta1 v1beta2 v1beta3 v2 vagrant var vda vda1",
    "vip virtual vm web worker worker-node x86 x86_64 xfs zfs zram agent admin administrator ec2-user",
    "cloud-user operator nobody nogroup wheel adm sudo staff games mail news man lp sync shutdown halt ftp sshd",
    "dbus chrony ntp rpc rpcuser polkitd tss www-data systemd-network systemd-resolve systemd-timesync",
    "messagebus syslog",
)
"""Words that files of any node hold. As names of hosts or people they are replaced only where such names stand."""


class Names(NamedTuple):
    """What is to be hidden, in lower case but ``ids``."""

    hosts: frozenset[str]
    """Names of hosts, whole or short."""
    domains: frozenset[str]
    """What they end in; whatever ends so is a name too."""
    users: frozenset[str]
    ids: frozenset[str]
    """Of the machine, and serial numbers."""
    common: frozenset[str]
    """Those of ``hosts`` and ``users`` that are everyday words."""


def names_of(image: Image) -> Names:
    """The names that an image tells."""
    texts = {
        path: decode(entry.content) for path, entry in image.entries.items() if entry.content and _is_text(path, entry)
    }
    short = {name.strip(".").lower() for name in _hosts(image, texts)}
    hosts = {name for name in short if _is_own(name)}
    hosts |= {first for name in hosts for first in [name.partition(".")[0]] if "." in name and _is_own(first)}
    hosts |= {name for found in _servers(texts) for name in [found.strip(".").lower()] if _is_own(name)}
    domains = {domain for name in hosts for domain in _endings(name)}
    users = {name.lower() for name in _users(image, texts) if _NAME.fullmatch(name)}
    words = COMMON | _kernel_words(image) | _vendor_words(texts, {name for name in hosts | users if _is_plain(name)})
    common = {name for name in hosts | users if name in words or len(name) < 2}
    ids = frozenset(_ids(texts))
    return Names(frozenset(hosts), frozenset(domains), frozenset(users), ids, frozenset(common))


def _is_text(path: str, entry: PathEntry) -> bool:
    return b"\0" not in (entry.content or b"")[:4096] and not path.startswith(("/usr/share/", "/var/lib/dpkg/"))


def _is_own(name: str) -> bool:
    """Whether a name is one that only this site has.

    >>> [_is_own(name) for name in ("node1", "cp.corp.example", "localhost", "10.0.0.1", "registry.k8s.io", "x/y")]
    [True, True, False, False, False, False]
    """
    labels = name.split(".")
    if not _NAME.fullmatch(name) or all(label in KEPT_LABELS or label.isdigit() for label in labels):
        return False
    return not any(name == ending or name.endswith(f".{ending}") for ending in _PUBLIC)


def _is_plain(name: str) -> bool:
    """Whether it may be an everyday word."""
    return name.isalpha() or len(name) <= 4


def _endings(name: str) -> Iterator[str]:
    """What other names of the site end in.

    >>> list(_endings("node1.rack2.corp.example")), list(_endings("node1.local"))
    (['rack2.corp.example', 'corp.example'], [])
    """
    _, _, rest = name.partition(".")
    while "." in rest:
        if _is_own(rest):
            yield rest
        _, _, rest = rest.partition(".")


def _hosts(image: Image, texts: dict[str, str]) -> Iterator[str]:
    """Names of this host and of those that it is told of, whole or short."""
    uname = image.answers.get(Question("uname"))
    if isinstance(uname, Uname):
        yield uname.node
    for path in HOST_FILES:
        for line in texts.get(path, "").split("\n"):
            words = line.lstrip("# \t").split()
            if path == "/etc/hosts":
                yield from words[1:] if words and _ADDRESS.fullmatch(words[0]) else ()
            elif path.endswith("resolv.conf"):
                yield from words[1:] if words[:1] in (["search"], ["domain"]) else ()
            elif line[:1] != "#":
                yield from words
    for path, text in texts.items():
        if not path.startswith(_VENDOR):
            yield from [found[2] for found in FLAG.finditer(text)]
        if path in _MOUNTS:
            yield from [found[1] or found[2] for found in _MOUNT.finditer(text)]


def _servers(texts: dict[str, str]) -> Iterator[str]:
    """Whole names of other hosts: in URLs, before ports, of time and name servers."""
    for path, text in texts.items():
        if path.startswith(_VENDOR):
            continue
        found = _URL.findall(text) if "://" in text else []
        if path.startswith(
            ("/etc/kubernetes/", "/etc/rancher/", "/var/lib/kubelet/", "/etc/default/", "/etc/systemd/")
        ):
            found += _PORT.findall(text)
        if path.startswith("/etc/"):
            found += [word for line in _SERVER.findall(text) for word in line.split()]
        yield from [name for name in found if "." in name]


def _users(image: Image, texts: dict[str, str]) -> Iterator[str]:
    """People, by the node's own list; by their folders and processes where it is not there."""
    known = set[str]()
    for line in texts.get("/etc/passwd", "").split("\n"):
        fields = line.split(":")
        if len(fields) > 5 and fields[2].isdigit():
            known.add(fields[0])
            if is_person(int(fields[2])):
                yield fields[0]
                yield from [fields[5].rpartition("/")[2]] if fields[5].startswith("/home/") else []
    homes = image.entries.get("/home")
    yield from (homes.names or ()) if homes is not None else ()
    for path, entry in image.entries.items():
        if path.startswith("/home/") and entry.kind not in (None, ABSENT):
            yield path.split("/")[2]
    for question, answer in image.answers.items():
        if question.verb == "process_user" and isinstance(answer, str) and answer not in known:
            yield answer


def is_person(uid: int) -> bool:
    """Whether a user's number is none of the system's (login.defs(5)), nor that of nobody."""
    return uid >= 1000 and uid not in (65534, 65535)


def _ids(texts: dict[str, str]) -> Iterator[str]:
    for path, text in texts.items():
        value = text.strip()
        if path in _ID_FILES or (path.startswith("/sys/") and path.rpartition("/")[2] in _ID_NAMES):
            if len(value) > 3 and any(map(str.isdigit, value)) and value.strip("0-"):
                yield value
        elif "id=" in text:
            yield from _MACHINE.findall(text)


def _vendor_words(texts: dict[str, str], names: set[str]) -> frozenset[str]:
    """Those of the names that files of the distribution hold as words: they are not of this site."""
    if not names:
        return frozenset()
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, names))})(?![A-Za-z0-9])", re.IGNORECASE)
    held = [text for path, text in texts.items() if path.startswith(_VENDOR)]
    return frozenset([word.lower() for text in held for word in pattern.findall(text)])


def _kernel_words(image: Image) -> frozenset[str]:
    """Names of kernel parameters, devices and programs: none of them is a person's or a host's."""
    found = set[str]()
    for path, entry in image.entries.items():
        if path.startswith(("/proc/sys", "/sys", "/usr/bin", "/usr/sbin", "/bin", "/sbin")):
            found.update(path.lower().split("/"))
            found.update([name.lower() for name in entry.names or ()])
    return frozenset(found)


def rebuilt(error: FactError, text: Any) -> FactError:
    """An error with other words."""
    return type(error)(text(error.source), text(error.detail), errno=error.errno)
