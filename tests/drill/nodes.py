"""The nodes on which sources are taken away: healthy ones, odd ones, and some that run."""

# ruff: noqa: E501 - contents as programs write them
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nodecheck.errors import Unsupported
from nodecheck.facts.kubelet.places import SIGNS
from nodecheck.facts.services.daemons import ASK
from nodecheck.host import Host, RootHost, Space
from nodecheck.host.base import ClockState
from nodecheck.record import NamedTuple
from nodecheck.testing import write_tree
from tests.drill.altered import GONE, Altered, Changes, Folder, Link, Text
from tests.drill.values import contents
from tests.facts.odd_nodes import odd_nodes
from tests.healthy.nodes import healthy_node
from tests.healthy.setups import SETUPS
from tests.healthy.test_kernel_faults import HEALTHY
from tests.live_tree import LiveTree
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node


class Node(NamedTuple):
    """A node, and what it is judged by."""

    host: Host
    options: Mapping[str, Any]


class Running(LiveTree):
    """A tree that runs: what a kernel's own files do not hold is not there, and each file system has room."""

    def is_real(self, top: str) -> bool:
        return True

    def statvfs(self, path: str) -> Space:
        self.stat(path)
        return Space(4096, 25_000_000, 20_000_000, 19_000_000, 6_000_000, 5_000_000, 5_000_000, False)

    def netlink(self, table: str) -> tuple[Any, ...]:
        raise Unsupported(f"netlink {table}", "is not there")

    def clock(self) -> ClockState:
        return ClockState(0, 1, 1000, 1000)


def _healthy(name: str) -> Callable[[Path], Host]:
    return lambda place: RootHost(str(healthy_node(name, place)))


def _tree(build: Callable[[Path], Path]) -> Callable[[Path], Host]:
    def made(place: Path) -> Host:
        place.mkdir(parents=True)
        return RootHost(str(build(place)))

    return made


def _live(place: Path) -> Host:
    return Running(write_tree(healthy_node("debian-13", place), HEALTHY))


GRUB = "/boot/grub/grub.cfg"
_SAVED = """if [ -s $prefix/grubenv ]; then
  load_env
fi
set default="${saved_entry}"
menuentry 'a' --id a {
\tlinux /vmlinuz-6.1.0-1-amd64 root=/dev/sda1 ro quiet
}
menuentry 'b' --id b {
\tlinux /vmlinuz-6.1.0-2-amd64 root=/dev/sda1 ro cgroup_disable=memory
}
if [ -f ${config_directory}/custom.cfg ]; then
  source ${config_directory}/custom.cfg
fi
"""
_ENTRIES = {
    "a.conf": "title a\nversion 6.1.0-1-amd64\nlinux /vmlinuz-6.1.0-1-amd64\noptions root=/dev/sda1 quiet\n",
    "b.conf": "title b\nversion 6.1.0-2-amd64\nlinux /vmlinuz-6.1.0-2-amd64\noptions root=/dev/sda1 cgroup_disable=memory\n",
}
_KUBELET = """apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
staticPodPath: /srv/pods
cgroupRoot: /kube
cgroupDriver: cgroupfs
clusterDNS: [10.0.0.10]
authentication: {x509: {clientCAFile: /srv/ca.crt}}
"""
_UNIT = "[Unit]\nDescription={0}\n[Service]\nEnvironmentFile=-/srv/{0}.env\nExecStart={1} $OPTS\n[Install]\nWantedBy=multi-user.target\n"
_COMMANDS = {
    "kubelet": "/opt/x/kubelet --config=/srv/c.yaml --kubeconfig=/srv/k --bootstrap-kubeconfig=/srv/b",
    "containerd": "/opt/x/containerd --config /srv/x.toml",
    "docker": "/opt/x/dockerd --config-file /srv/daemon.json",
    "crio": "/opt/x/crio --config /srv/crio.conf --config-dir /srv/crio.conf.d",
    "cri-docker": "/opt/x/cri-dockerd",
    "chronyd": "/opt/x/chronyd",
    "kube-apiserver": "/opt/x/kube-apiserver --tls-cert-file=/srv/x.crt",
    "kube-proxy": "/opt/x/kube-proxy",
}
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {serviceAccountName: x, containers: [{name: a, image: a}]}\n"
)
OWN: Changes = {
    **{
        f"/etc/systemd/system/{name}.service": Text(_UNIT.format(name, line).encode())
        for name, line in _COMMANDS.items()
    },
    **{f"/srv/{name}.env": Text(b"OPTS=--x=y\n") for name in _COMMANDS},
    **{line.split(" ")[0]: Text(b"\x7fELF", 0o755) for line in _COMMANDS.values()},
    "/usr/lib/systemd/system/kubelet.service.d": GONE,
    "/srv/c.yaml": Text(_KUBELET.encode()),
    "/srv/x.toml": Text(
        b'version = 2\nimports = ["/srv/y.toml"]\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\nbase_runtime_spec = "/srv/spec.json"\n'
    ),
    "/srv/y.toml": Text(
        b'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "registry.k8s.io/pause:3.9"\n'
    ),
    "/srv/spec.json": Text(b"{}"),
    "/srv/daemon.json": Text(b'{"exec-opts": ["native.cgroupdriver=cgroupfs"]}'),
    "/srv/crio.conf": Text(
        b'[crio.runtime]\ncgroup_manager = "systemd"\n[crio.runtime.runtimes.crun]\nruntime_path = "/opt/x/crun"\n'
    ),
    "/srv/crio.conf.d/a.conf": Text(b"[crio.image]\n"),
    "/opt/x/crun": Text(b"\x7fELF", 0o755),
    "/srv/pods/a.yaml": Text(
        b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n"
    ),
}
"""Daemons whose units name programs and files of their own."""

_VERSIONS: dict[tuple[str, ...], str] = {
    ("/opt/x/kubelet", "--version"): "Kubernetes v1.33.1\n",
    ("/opt/x/containerd", "--version"): "containerd github.com/containerd/containerd v1.7.1 x\n",
    ("/opt/x/dockerd", "--version"): "Docker version 24.0.1, build x\n",
    ("/opt/x/crio", "--version"): "crio version 1.30.1\nVersion: 1.30.1\n",
    ("/opt/x/cri-dockerd", "--version"): "cri-dockerd 0.3.1 (x)\n",
}
_RUN = ("kubelet", "containerd", "docker", "crio", "cri-docker", "chronyd")
_SHOWN = "".join(f"Id={name}.service\nMainPID={pid}\nActiveState=active\n\n" for pid, name in enumerate(_RUN, 700))
_PROCESSES: Changes = {f"/proc/{pid}/exe": Link(_COMMANDS[name].split(" ")[0]) for pid, name in enumerate(_RUN, 700)}
_CARD = {
    "ifindex": "2\n",
    "iflink": "2\n",
    "flags": "0x1003\n",
    "mtu": "1500\n",
    "operstate": "up\n",
    "carrier": "1\n",
    "uevent": "INTERFACE=eth0\n",
    "address": "52:54:00:aa:bb:cc\n",
}
_IN_MEMORY = Text(b"/dev/sda1 / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n")
_CONTAINER: Changes = {
    "/run/systemd/container": Text(b"lxc\n"),
    "/proc/1/cmdline": Text(b"/sbin/init\0"),
    "/proc/1/status": Text(b"Name:\tsystemd\nCapBnd:\t00000000a80425fb\nCpus_allowed_list:\t0-1\n"),
    "/proc/self/uid_map": Text(b"         0          0 4294967295\n"),
}
_NO_KUBELET: Changes = {
    **dict.fromkeys(SIGNS, GONE),
    **{f"{folder}/systemd/system/kubelet.service": GONE for folder in ("/usr/lib", "/etc")},
    "/usr/lib/systemd/system/kubelet.service.d": GONE,
    "/etc/systemd/system/multi-user.target.wants/kubelet.service": GONE,
    "/etc/kubernetes": GONE,
    "/var/lib/kubelet": GONE,
    "/etc/sysconfig": GONE,
}


Shape = tuple[str, str, Changes]
"""A node, the one of which it is made, and what is other there."""


def _containers() -> Iterator[Shape]:
    """Containers, and machines that look like one."""
    yield "container", "live, nothing said", _CONTAINER
    yield "container of OpenVZ", "live, nothing said", {"/proc/vz": Folder()}
    yield "container by its cgroup", "live, nothing said", {"/sys/fs/cgroup/cgroup.type": Text(b"domain\n")}
    yield (
        "container by its older cgroup",
        "live, nothing said",
        {"/sys/fs/cgroup/systemd": Folder(), "/sys/fs/cgroup/cgroup.controllers": GONE},
    )
    yield (
        "a file of docker's on a machine",
        "live, nothing said",
        {
            "/.dockerenv": Text(),
            **{
                f"/proc/self/ns/{name}": Link(f"{name}:[{number}]")
                for name, number in (("pid", 4026531836), ("uts", 4026531838), ("ipc", 4026531839))
            },
        },
    )
    yield "container by its events", "live, nothing said", {"/sys/fs/cgroup/cgroup.events": Text(b"populated 1\n")}


def _of_the_kernel() -> Iterator[Shape]:
    """What a running kernel shows of itself, its interfaces and its cgroups."""
    yield "interfaces", "live", {f"/sys/class/net/eth0/{name}": Text(text.encode()) for name, text in _CARD.items()}
    yield (
        "a bridge",
        "live",
        {
            **{f"/sys/class/net/eth0/{name}": Text(text.encode()) for name, text in _CARD.items()},
            **{f"/sys/class/net/br0/{name}": Text(text.replace("2", "3").encode()) for name, text in _CARD.items()},
            "/sys/class/net/eth0/master": Link("../br0"),
        },
    )
    yield "memory", "live", {"/proc/meminfo": Text(b"MemTotal:        3742148 kB\n")}
    for name in (
        "modprobe.d",
        "modules-load.d",
        "sysctl.d",
        "systemd/system-preset",
        "udev/rules.d",
        "tmpfiles.d",
        "systemd/logind.conf.d",
    ):
        for change in contents(
            f"/run/{name}/x.{'rules' if 'udev' in name else 'preset' if 'preset' in name else 'conf'}"
        ):
            ending = "rules" if "udev" in name else "preset" if "preset" in name else "conf"
            yield f"/run/{name}", "live", {f"/run/{name}/x.{ending}": change, "/proc/1/mounts": _IN_MEMORY}
            yield (
                f"/run/{name}, whose first process is hidden",
                "live",
                {f"/run/{name}/x.{ending}": change, "/proc/1/mounts": GONE, "/proc/self/mounts": _IN_MEMORY},
            )
            break
    yield (
        "one processor",
        "live, nothing said",
        {"/sys/devices/system/cpu/online": Text(b"0\n"), "/proc/meminfo": Text(b"MemTotal:        1242148 kB\n")},
    )
    yield "no modules in memory", "live", {"/proc/modules": GONE}
    yield "modules may not be loaded", "live", {"/proc/sys/kernel/modules_disabled": Text(b"1\n")}
    yield (
        "a folder of a module",
        "live",
        {"/sys/module/overlay": Folder(), "/proc/modules": Text(b"ext4 1 0 - Live 0x0\n")},
    )
    yield "half of a quota", "live", {"/sys/fs/cgroup/cpu/cpu.cfs_period_us": Text(b"100000\n")}
    yield "another half of a quota", "live", {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": Text(b"50000\n")}
    yield (
        "a reboot is asked for",
        "live",
        {
            "/run/reboot-required": Text(b"x\n"),
            "/run/ostree/staged-deployment": Text(b"x"),
            "/run/ostree-booted": Text(b""),
        },
    )
    yield (
        "cgroups of its own",
        "live",
        {
            **{
                f"/sys/fs/cgroup/{name}/{file}": Text(b"0\n")
                for name in ("aa", "zz")
                for file in ("cgroup.freeze", "cgroup.procs")
            },
            "/sys/fs/cgroup/init.scope": GONE,
            "/proc/self/cgroup": Text(b"0::/zz\n"),
        },
    )


def _mounts() -> Iterator[Shape]:
    """File systems below the data of kubelet and runtimes."""
    for what, options in (("kubelet", "noexec"), ("kubelet", "ro")):
        unit = f"var-lib-{what}.mount"
        yield (
            f"a unit that mounts {options}",
            "debian-12, nothing said",
            {
                f"/etc/systemd/system/{unit}": Text(
                    f"[Mount]\nWhat=/dev/sdb1\nWhere=/var/lib/{what}\nType=ext4\nOptions={options}\n[Install]\nWantedBy=multi-user.target\n".encode()
                ),
                f"/etc/systemd/system/multi-user.target.wants/{unit}": Link(f"/etc/systemd/system/{unit}"),
            },
        )
    yield (
        "data elsewhere",
        "live",
        {
            **{
                f"/var/lib/{name}": Link(f"/data/{name}")
                for name in ("etcd", "kubelet", "containerd", "docker", "containers", "k0s", "rancher")
            },
            **{
                f"/data/{name}": Folder()
                for name in ("etcd", "kubelet", "containerd", "docker", "containers", "k0s", "rancher")
            },
            "/data/kubelet/config.yaml": Text(_KUBELET.encode()),
            "/proc/1/mountinfo": Text(
                b"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n23 22 8:2 / /data rw,noexec,relatime - ext4 /dev/sda2 rw\n"
            ),
            "/etc/fstab": Text(b"/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 /data ext4 noexec 0 2\n"),
        },
    )


def _loaders() -> Iterator[Shape]:
    """Boot loaders, and what boots next."""
    for place, name in (("/efi", "efi"), ("/boot/efi", "boot efi"), ("/boot", "boot")):
        entries: Changes = {f"{place}/loader/entries/{file}": Text(text.encode()) for file, text in _ENTRIES.items()}
        yield f"systemd-boot in {name}", "debian-12", {"/boot/grub": GONE, "/sys/firmware/efi": Folder(), **entries}
    yield (
        "systemd-boot alone",
        "debian-12",
        {"/boot": GONE, "/efi/loader/entries/a.conf": Text(_ENTRIES["a.conf"].encode())},
    )
    yield (
        "extlinux alone",
        "debian-12",
        {
            "/boot": GONE,
            "/extlinux/extlinux.conf": Text(
                b"default x\nlabel x\n linux /vmlinuz-6.6.6\n append root=/dev/sda1 quiet\n"
            ),
        },
    )
    yield (
        "GRUB of EFI",
        "debian-12",
        {"/boot/grub": GONE, "/boot/efi/EFI/debian/grub.cfg": Text(_SAVED.encode()), "/sys/firmware/efi": Folder()},
    )
    yield "no loader", "debian-12", {"/boot/grub": GONE}
    yield "nothing of a loader", "debian-12", {"/boot": GONE}
    yield "GRUB with a saved entry", "debian-12", {GRUB: Text(_SAVED.encode())}
    yield (
        "another init",
        "debian-12, nothing said",
        {
            "/boot/grub": GONE,
            "/etc/kernel/cmdline": Text(b"init=/opt/init\n"),
            "/boot/loader/entries/a.conf": Text(b"title a\nlinux /vmlinuz-6\noptions init=/opt/init\n"),
            "/opt/init": Link("/usr/lib/systemd/systemd"),
        },
    )
    yield "no list of options", "debian-12", dict.fromkeys(("/boot/config-6.1.0-57-amd64",), GONE)
    yield "no list of options of what runs", "live", {"/boot/config-6.12.118+deb13-cloud-amd64": GONE}


def _agents() -> Iterator[Shape]:
    """Nodes of k3s, RKE2 and k0s."""
    for agent in ("k3s", "rke2"):
        unit = "k3s.service" if agent == "k3s" else "rke2-server.service"
        yield (
            f"{agent} with a file",
            f"{agent}, nothing said",
            {
                f"/etc/systemd/system/{unit}": Text(
                    f"[Service]\nExecStart=/usr/local/bin/{agent} server --config /srv/agent.yaml\n[Install]\nWantedBy=multi-user.target\n".encode()
                )
            },
        )
    pod = _POD.encode()
    yield "k3s with pods", "k3s, nothing said", {"/var/lib/rancher/k3s/agent/pod-manifests/a.yaml": Text(pod)}
    yield "rke2 with pods", "rke2, nothing said", {"/var/lib/rancher/rke2/agent/pod-manifests/a.yaml": Text(pod)}
    for agent, unit, line in (
        ("k3s", "k3s-agent", "/usr/local/bin/k3s agent --docker"),
        ("rke2", "rke2-agent", "/usr/local/bin/rke2 agent --kubelet-arg=v=2"),
        ("k0s", "k0scontroller", "/usr/local/bin/k0s controller --enable-worker --cri-socket=docker:x"),
    ):
        taken = {"k3s": "k3s", "rke2": "rke2-server", "k0s": "k0sworker"}[agent]
        yield (
            f"{unit} of {agent}",
            f"{agent}, nothing said",
            {
                f"/etc/systemd/system/{unit}.service": Text(
                    f"[Service]\nExecStart={line}\n[Install]\nWantedBy=multi-user.target\n".encode()
                ),
                f"/etc/systemd/system/multi-user.target.wants/{unit}.service": Link(
                    f"/etc/systemd/system/{unit}.service"
                ),
                f"/etc/systemd/system/{taken}.service": GONE,
                f"/usr/local/lib/systemd/system/{taken}.service": GONE,
                f"/etc/systemd/system/multi-user.target.wants/{taken}.service": GONE,
            },
        )
    yield (
        "k3s whose containerd imports",
        "k3s, nothing said",
        {
            "/var/lib/rancher/k3s/agent/etc/containerd/config.toml": Text(b'version = 2\nimports = ["/srv/y.toml"]\n'),
            "/srv/y.toml": Text(
                b'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\nSystemdCgroup = true\n'
            ),
        },
    )


def _kubelets(found: dict[str, Node]) -> Iterator[Shape]:
    """Kubelets and other daemons that are set up in another way."""
    config = found["live"].host.read("/var/lib/kubelet/config.yaml")
    protected: Changes = {
        "/var/lib/kubelet/config.yaml": Text(config + b"protectKernelDefaults: true\nshutdownGracePeriod: 3s\n")
    }
    yield "protected", "live", protected
    yield "protected, nothing said", "live, nothing said", protected
    other = {"cri-o": "crio", "chrony": "chronyd", "cri-dockerd": "cri-dockerd"}
    yield (
        "daemons by other names",
        "debian-12, nothing said",
        {
            **{
                f"/etc/systemd/system/{name}.service": Text(_UNIT.format(name, f"/opt/x/{program}").encode())
                for name, program in other.items()
            },
            **{f"/opt/x/{program}": Text(b"\x7fELF", 0o755) for program in other.values()},
            **{f"/srv/{name}.env": Text(b"OPTS=--cni-bin-dir=/srv/cni --config /srv/crio.conf\n") for name in other},
        },
    )
    yield "no kubelet", "debian-13, nothing said", _NO_KUBELET
    for name, service in (
        (
            "kubespray's",
            "EnvironmentFile=-/etc/kubernetes/kubelet.env\nExecStart=/usr/local/bin/kubelet $KUBELET_EXTRA_ARGS",
        ),
        (
            "EKS's",
            "EnvironmentFile=/etc/eks/kubelet/environment\nExecStart=/usr/bin/kubelet --config /etc/kubernetes/kubelet/config.json --config-dir /etc/kubernetes/kubelet/config.json.d $NODEADM_KUBELET_ARGS",
        ),
    ):
        yield (
            f"{name} kubelet",
            "no kubelet",
            {
                "/etc/systemd/system/kubelet.service": Text(
                    f"[Service]\n{service}\n[Install]\nWantedBy=multi-user.target\n".encode()
                ),
                "/usr/local/bin/kubelet": Text(b"\x7fELF", 0o755),
                "/usr/bin/kubelet": Text(b"\x7fELF", 0o755),
                "/etc/kubernetes/kubelet.env": Text(b"KUBELET_EXTRA_ARGS=--v=2\n"),
                "/etc/eks/kubelet/environment": Text(b"NODEADM_KUBELET_ARGS=--v=2\n"),
                "/etc/kubernetes/kubelet/config.json": Text(
                    b'{"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1"}'
                ),
                "/etc/kubernetes/kubelet/config.json.d/a.conf": Text(
                    b'{"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "cgroupDriver": "systemd"}'
                ),
            },
        )
    yield "own daemons", "debian-12, nothing said", OWN
    yield (
        "cri-dockerd",
        "own daemons",
        {
            "/srv/c.yaml": Text(f"{_KUBELET}containerRuntimeEndpoint: unix:///var/run/cri-dockerd.sock\n".encode()),
            "/srv/cri-docker.env": Text(b"OPTS=--cni-bin-dir=/srv/cni\n"),
        },
    )


def _clouds() -> Iterator[Shape]:
    """Images of clouds, and first boots."""
    yield (
        "a cloud's that renames",
        "debian-12, image",
        {
            "/etc/cloud/cloud.cfg": Text(b"cloud_init_modules: [update_hostname]\nhostname: n5\n"),
            "/var/lib/cloud/data/previous-hostname": Text(b"node1\n"),
            "/var/lib/cloud/seed/nocloud/meta-data": Text(b"local-hostname: n6\n"),
            "/var/lib/cloud/seed/nocloud/user-data": Text(b"#cloud-config\nhostname: n7\n"),
            "/etc/cloud/cloud.cfg.d/x.cfg": Text(b"datasource_list: [NoCloud]\n"),
        },
    )
    yield "an instance of a cloud's", "debian-12, image", {"/var/lib/cloud/instance": Link("instances/x")}
    yield (
        "a cloud's",
        "debian-12, image",
        {
            "/etc/cloud/cloud.cfg": Text(
                b"preserve_hostname: false\nmanage_etc_hosts: true\ncloud_init_modules: [set_hostname, update_hostname, update_etc_hosts]\n"
            ),
            "/var/lib/cloud/data/previous-hostname": Text(b"node1\n"),
        },
    )
    yield "first boot", "debian-12, nothing said", {"/etc/machine-id": Text(b"uninitialized\n")}


def shapes(found: dict[str, Node]) -> Iterator[Shape]:
    """Further nodes, made of those that are found so far."""
    yield from _containers()
    yield from _of_the_kernel()
    yield from _mounts()
    yield from _loaders()
    yield from _agents()
    yield from _kubelets(found)
    yield from _clouds()


def pool(base: Path) -> dict[str, Node]:
    """All nodes by their names, below the directory ``base``."""
    found: dict[str, Node] = {}
    for name, setup in SETUPS.items():
        by = {"kubernetes": setup.kubernetes, "role": setup.role, "proxy_mode": "iptables"}
        host = _healthy(name)(base / name)
        found[name] = Node(host, by)
        found[f"{name}, nothing said"] = Node(host, {})
        found[f"{name}, image"] = Node(host, {**by, "phase": "image"})
        found[f"{name}, install"] = Node(host, {**by, "phase": "install", "role": "control-plane"})
    live = _live(base / "live")
    found["live"] = Node(live, {"kubernetes": "1.34", "role": "control-plane", "proxy_mode": "iptables"})
    found["live, nothing said"] = Node(live, {})
    for build in (debian_node, rocky_node, reference_node):
        host = _tree(build)(base / build.__name__)
        release = "1.17" if build is reference_node else "1.34"
        found[build.__name__] = Node(host, {"kubernetes": release, "role": "worker", "proxy_mode": "ipvs"})
        found[f"{build.__name__}, nothing said"] = Node(host, {})
    (base / "odd").mkdir()
    for place in odd_nodes(base / "odd"):
        found[f"odd {place.name}"] = Node(RootHost(str(place)), {})
    for name, of, changes in shapes(found):
        found[name] = Node(Altered(found[of].host, changes), found[of].options)
    own = Running(write_tree(healthy_node("debian-12", base / "own"), HEALTHY), answers={**_VERSIONS, ASK: _SHOWN})
    found["own daemons that run"] = Node(Altered(own, {**OWN, **_PROCESSES}), {})
    plain = Running(
        write_tree(healthy_node("debian-13", base / "plain"), HEALTHY),
        answers={("kubelet", "--version"): "Kubernetes v1.30.1\n"},
    )
    others = Running(
        write_tree(healthy_node("debian-12", base / "others"), HEALTHY),
        answers={
            ASK: "".join(
                f"Id={name}.service\nMainPID={pid}\nActiveState=active\n\n"
                for pid, name in ((800, "cri-o"), (801, "chrony"))
            )
        },
    )
    names = {"cri-o": "crio", "chrony": "chronyd"}
    found["daemons by other names that run"] = Node(
        Altered(
            others,
            {
                **{
                    f"/etc/systemd/system/{name}.service": Text(_UNIT.format(name, f"/opt/x/{program}").encode())
                    for name, program in names.items()
                },
                **{f"/opt/x/{program}": Text(b"\x7fELF", 0o755) for program in names.values()},
                **{f"/proc/{pid}/exe": Link(f"/opt/x/{program}") for pid, program in zip((800, 801), names.values())},
            },
        ),
        {},
    )
    pods: Changes = {
        f"/sys/fs/cgroup/kube/kubepods/{name}": Text(b"populated 1\n")
        for name in ("pod1/cgroup.procs", "cgroup.events")
    }
    found["own pods"] = Node(
        Altered(
            own,
            {
                **OWN,
                **pods,
                "/sys/fs/cgroup/kube.slice/kube-kubepods.slice/kube-kubepods-pod1.slice/cgroup.procs": Text(b""),
            },
        ),
        {},
    )
    found["a kubelet somewhere"] = Node(Altered(plain, _NO_KUBELET), {})
    return found
