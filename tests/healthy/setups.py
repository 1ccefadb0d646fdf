"""What is done to a base to make it a node of Kubernetes, step by step as the makers' documentation says.

An origin that begins with ``of`` names the public source whose facts a file states: what its keys and values are stands
there, the text is ours. One that begins with ``step`` is typed by the administrator. Programs are stand-ins.
"""

from __future__ import annotations

from nodecheck.record import NamedTuple
from tests.certificates import certificate, kubeconfig, private_key
from tests.healthy.trees import ELF, Kept

UNITS = "etc/systemd/system"
WANTS = f"{UNITS}/multi-user.target.wants"


class Setup(NamedTuple):
    """One healthy node."""

    bases: tuple[str, ...]
    kubernetes: str
    """The release that it is judged by: one that its maker supports on this base."""
    added: tuple[Kept, ...]
    role: str = "worker"
    removed: tuple[str, ...] = ()
    """Packages of the base that are not installed here."""
    without: tuple[str, ...] = ()
    """Beginnings of paths of the base that this node does not have."""
    packages: tuple[tuple[str, str], ...] = ()
    """Packages with their versions that are installed on top."""


def program(path: str, origin: str) -> Kept:
    """A stand-in of a program."""
    return Kept(path, origin, 0o755, None, ELF, "program")


def file(path: str, origin: str, text: str, mode: int = 0o644) -> Kept:
    """A file of text."""
    return Kept(path, origin, mode, None, text.encode())


def link(path: str, origin: str, target: str) -> Kept:
    """A symbolic link."""
    return Kept(path, origin, target=target)


_INSTALLER = "step: installed on one disk without swap"
MACHINE = (
    file("etc/fstab", _INSTALLER, "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 errors=remount-ro 0 1\n"),
    file("etc/hostname", _INSTALLER, "node1\n"),
    file("etc/hosts", _INSTALLER, "127.0.0.1\tlocalhost\n127.0.1.1\tnode1.example.org\tnode1\n"),
    file("etc/machine-id", _INSTALLER, "0123456789abcdef0123456789abcdef\n", 0o444),
)

_KREL = "of kubernetes/release@2ebf530176f5823cc525381a835c1bc12d5431b9:cmd/kubepkg/templates/latest/deb"
_KUBEADM = "of kubernetes/kubernetes@046d201c45cebd19eb1fc4612426761c64802825:cmd/kubeadm/app"
_WEBSITE = "of kubernetes/website@0052473509aab1dd5041880dfd2facfdf07f2cf1:content/en/docs/setup/production-environment"
_FLANNEL = "of flannel-io/flannel: Documentation/kube-flannel.yml and README.md"

_PLUGINS = ("bridge", "host-local", "loopback", "portmap")
"""Those of kubernetes-cni that flannel and containerd start."""

KUBELET = (
    file(
        "usr/lib/systemd/system/kubelet.service",
        f"{_KREL}/kubelet/lib/systemd/system/kubelet.service",
        "[Unit]\nDescription=kubelet\nWants=network-online.target\nAfter=network-online.target\n\n"
        "[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\nStartLimitInterval=0\nRestartSec=10\n\n"
        "[Install]\nWantedBy=multi-user.target\n",
    ),
    file(
        "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
        f"{_KREL}/kubeadm",
        "[Service]\n"
        'Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf'
        ' --kubeconfig=/etc/kubernetes/kubelet.conf"\n'
        'Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"\n'
        "EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\nEnvironmentFile=-/etc/default/kubelet\nExecStart=\n"
        "ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS"
        " $KUBELET_EXTRA_ARGS\n",
    ),
    file("etc/default/kubelet", _KREL, "KUBELET_EXTRA_ARGS=\n"),
    link(f"{WANTS}/kubelet.service", "step: systemctl enable kubelet", "/usr/lib/systemd/system/kubelet.service"),
    *(program(f"usr/bin/{name}", f"the {name} package") for name in ("kubelet", "kubeadm", "kubectl")),
    *(program(f"opt/cni/bin/{name}", "the kubernetes-cni package") for name in _PLUGINS),
    program("usr/bin/crictl", "the cri-tools package"),
)  # fmt: skip


_AUTHORITY = certificate(3650, seed=1)
_CLIENT = f"{certificate(seed=2)}{private_key(seed=2)}"
_PEM = "var/lib/kubelet/pki/kubelet-client-2026-01-01-10-00-00.pem"
_CURRENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"
_STORE = "of kubernetes/client-go: util/certificate/certificate_store.go"
_CERTIFICATES = (
    file(
        "etc/kubernetes/kubelet.conf",
        f"{_KUBEADM}/phases/kubeconfig",
        kubeconfig(_AUTHORITY, _CURRENT, _CURRENT),
        0o600,
    ),
    file("etc/kubernetes/pki/ca.crt", "step: kubeadm join", _AUTHORITY),
    file(_PEM, _STORE, _CLIENT, 0o600),
    file(
        "var/lib/kubelet/pki/kubelet-client-2025-02-01-10-00-00.pem", _STORE, certificate(-20, seed=2, since=385), 0o600
    ),
    link(_CURRENT[1:], _STORE, f"/{_PEM}"),
    file("var/lib/kubelet/pki/kubelet.crt", _STORE, certificate(seed=3)),
    file("var/lib/kubelet/pki/kubelet.key", _STORE, private_key(seed=3), 0o600),
)
"""What joining leaves, after one rotation: the older client certificate has expired, and nobody reads it."""


def _joined() -> tuple[Kept, ...]:
    """What ``kubeadm join`` writes on a worker, and flannel where it runs."""
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "cgroupDriver": "systemd",
        "clusterDNS": "[10.96.0.10]", "clusterDomain": "cluster.local", "healthzBindAddress": "127.0.0.1",
        "healthzPort": "10248", "rotateCertificates": "true", "staticPodPath": "/etc/kubernetes/manifests",
        "containerRuntimeEndpoint": "unix:///var/run/containerd/containerd.sock",
        "authentication": "{anonymous: {enabled: false}, webhook: {enabled: true},"
        " x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}",
        "authorization": "{mode: Webhook}",
    }  # fmt: skip
    return (
        file(
            "var/lib/kubelet/config.yaml",
            f"{_KUBEADM}/componentconfigs/kubelet.go",
            "".join(f"{key}: {value}\n" for key, value in config.items()),
        ),
        file("var/lib/kubelet/kubeadm-flags.env", f"{_KUBEADM}/phases/kubelet/flags.go", 'KUBELET_KUBEADM_ARGS=""\n'),
        *_CERTIFICATES,
        file("etc/cni/net.d/10-flannel.conflist", _FLANNEL,
             '{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel", "delegate": {"hairpinMode": true,'
             ' "isDefaultGateway": true}}, {"type": "portmap", "capabilities": {"portMappings": true}}]}\n'),
        program("opt/cni/bin/flannel", _FLANNEL),
        program("usr/lib/cni/flannel", "step: cp /opt/cni/bin/flannel /usr/lib/cni, bin_dir of Debian 13's containerd"),
    )  # fmt: skip


NETWORK = (
    file("etc/sysctl.d/k8s.conf", f"{_WEBSITE}/container-runtimes.md", "net.ipv4.ip_forward = 1\n"),
    file("etc/modules-load.d/br_netfilter.conf", _FLANNEL, "br_netfilter\n"),
)
"""What Kubernetes' page asks for, and what flannel's does."""


def _kubeadm(release: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, f"{release}-1.1") for name in ("kubelet", "kubeadm", "kubectl"))


_K3S = "of k3s-io/k3s@0136cf258954a458da1404858396342724b93d24:install.sh"
_RKE2 = "of rancher/rke2@6ce1a8019e9d0b81eb7a715edbc2b8ac12d26da0:bundle/lib/systemd/system"
_K0S = "of k0sproject/k0s@dff90cee9a6e8e22c6d0f3efef0f9a77fc223be4"
_MICROK8S = "of canonical/microk8s@0b9e05c107b25371f11d10cccdd6b08dff7c8708:microk8s-resources/default-args"
_SNAPD = "of canonical/snapd: wrappers/services.go and systemd/systemd.go"


def _unit(name: str, origin: str, *service: str, unit: str = "") -> tuple[Kept, Kept]:
    """A unit in /etc that ``multi-user.target`` wants."""
    lines = ["[Unit]", "Wants=network-online.target", "After=network-online.target", *unit.split("\n")]
    text = "\n".join([*lines, "", "[Service]", *service, "", "[Install]", "WantedBy=multi-user.target", ""])
    wanted = link(f"{WANTS}/{name}", f"step: systemctl enable {name}", f"/{UNITS}/{name}")
    return file(f"{UNITS}/{name}", origin, text), wanted


def _agent(*own: str) -> tuple[str, ...]:
    """What the units of k3s and RKE2 have in common."""
    return (
        "Type=notify", "KillMode=process", "Delegate=yes", "LimitNOFILE=1048576", "LimitNPROC=infinity",
        "LimitCORE=infinity", "TasksMax=infinity", "TimeoutStartSec=0", "Restart=always", "RestartSec=5s",
        *own, "ExecStartPre=-/sbin/modprobe br_netfilter", "ExecStartPre=-/sbin/modprobe overlay",
    )  # fmt: skip


K3S = (
    *_unit(
        "k3s.service", _K3S, *_agent("User=root"),
        "EnvironmentFile=-/etc/default/%N", "EnvironmentFile=-/etc/sysconfig/%N",
        "EnvironmentFile=-/etc/systemd/system/k3s.service.env", "ExecStart=/usr/local/bin/k3s \\", "    server \\", "",
    ),
    file(f"{UNITS}/k3s.service.env", _K3S, "", 0o600),
    program("usr/local/bin/k3s", _K3S),
    program("usr/local/bin/k3s-killall.sh", _K3S),
    *(link(f"usr/local/bin/{name}", _K3S, "k3s") for name in ("kubectl", "crictl", "ctr")),
)  # fmt: skip

RKE2 = (
    file(
        "usr/local/lib/systemd/system/rke2-server.service",
        f"{_RKE2}/rke2-server.service",
        "\n".join([
            "[Unit]", "Wants=network-online.target", "After=network-online.target", "",
            "[Install]", "WantedBy=multi-user.target", "", "[Service]",
            "EnvironmentFile=-/etc/default/%N", "EnvironmentFile=-/etc/sysconfig/%N",
            "EnvironmentFile=-/usr/local/lib/systemd/system/%N.env",
            "ExecCondition=/bin/sh -c 'if systemctl is-active --quiet rke2-agent.service; then exit 1; fi'",
            *_agent(), "ExecStart=/usr/local/bin/rke2 server", "",
        ]),
    ),
    file("usr/local/lib/systemd/system/rke2-server.env", f"{_RKE2}/rke2-server.env", "HOME=/root\n"),
    link(f"{WANTS}/rke2-server.service", "step: systemctl enable rke2-server",
         "/usr/local/lib/systemd/system/rke2-server.service"),
    program("usr/local/bin/rke2", _RKE2),
)  # fmt: skip

K0S = (
    *_unit(
        "k0sworker.service", f"{_K0S}:pkg/install/systemd_linux.go",
        "StartLimitInterval=5", "StartLimitBurst=10", "RestartSec=10", "Delegate=yes", "KillMode=process",
        "LimitCORE=infinity", "TasksMax=infinity", "TimeoutStartSec=0", "LimitNOFILE=999999", "Restart=always",
        "ExecStart=/usr/local/bin/k0s worker --token-file=/etc/k0s/token",
        unit="ConditionFileIsExecutable=/usr/local/bin/k0s",
    ),
    file("etc/k0s/token", "step: k0s token create, on the controller", "not kept\n", 0o600),
    program("usr/local/bin/k0s", f"{_K0S}:docs/install.md"),
)  # fmt: skip

_SNAP = "var/snap/microk8s"
MICROK8S = (
    *_unit(
        "snap.microk8s.daemon-kubelite.service", _SNAPD,
        "EnvironmentFile=-/etc/environment", "ExecStart=/usr/bin/snap run microk8s.daemon-kubelite",
        "SyslogIdentifier=microk8s.daemon-kubelite", "Restart=always", "WorkingDirectory=/var/snap/microk8s/8511",
        "TimeoutStopSec=30", "Type=simple",
        unit="Requires=snap-microk8s-8511.mount\nAfter=snap-microk8s-8511.mount snapd.apparmor.service",
    ),
    *_unit(
        "snap.microk8s.daemon-containerd.service", _SNAPD,
        "EnvironmentFile=-/etc/environment", "ExecStart=/usr/bin/snap run microk8s.daemon-containerd",
        "SyslogIdentifier=microk8s.daemon-containerd", "Restart=always", "WorkingDirectory=/var/snap/microk8s/8511",
        "TimeoutStopSec=30", "Type=notify", "NotifyAccess=all", "Delegate=yes",
        unit="Requires=snap-microk8s-8511.mount\nAfter=snap-microk8s-8511.mount snapd.apparmor.service",
    ),
    file(f"{UNITS}/snap-microk8s-8511.mount", _SNAPD,
         "[Unit]\nBefore=snapd.service\nAfter=zfs-mount.service\n\n[Mount]\n"
         "What=/var/lib/snapd/snaps/microk8s_8511.snap\nWhere=/snap/microk8s/8511\nType=squashfs\n"
         "Options=nodev,ro,x-gdu.hide,x-gvfs-hide\nLazyUnmount=yes\n\n"
         "[Install]\nWantedBy=snapd.mounts.target\nWantedBy=multi-user.target\n"),
    *(link(f"{UNITS}/{target}.wants/snap-microk8s-8511.mount", _SNAPD, f"/{UNITS}/snap-microk8s-8511.mount")
      for target in ("snapd.mounts.target", "multi-user.target")),
    file("var/lib/snapd/snaps/microk8s_8511.snap", "step: snap install microk8s --classic", "", 0o600),
    link(f"{_SNAP}/current", _SNAPD, "8511"),
    link("snap/microk8s/current", _SNAPD, "8511"),
    file(f"{_SNAP}/8511/var/lock/lite.lock", f"{_MICROK8S}/../wrappers/run-kubelite-with-args", ""),
    file(f"{_SNAP}/8511/args/kubelet", f"{_MICROK8S}/kubelet",
         "--kubeconfig=${SNAP_DATA}/credentials/kubelet.config\n--cert-dir=${SNAP_DATA}/certs\n"
         "--client-ca-file=${SNAP_DATA}/certs/ca.crt\n--anonymous-auth=false\n"
         "--root-dir=${SNAP_COMMON}/var/lib/kubelet\n--fail-swap-on=false\n"
         '--eviction-hard="memory.available<100Mi,nodefs.available<1Gi,imagefs.available<1Gi"\n'
         "--container-runtime-endpoint=${SNAP_COMMON}/run/containerd.sock\n"
         "--containerd=${SNAP_COMMON}/run/containerd.sock\n--authentication-token-webhook=true\n--read-only-port=0\n"),
    file(f"{_SNAP}/8511/args/kubelite", f"{_MICROK8S}/kubelite", "--start-control-plane=true\n"),
    file(f"{_SNAP}/8511/args/cni-network/cni.yaml", f"{_MICROK8S}/cni-network", "not kept\n"),
)  # fmt: skip

RUNTIME = ("containerd", "runc", "containernetworking-plugins")
CONFIGURED = ("etc/containerd", f"{WANTS}/containerd.service")
"""What a node does not have whose agent brings its own runtime."""

_NETPLAN = file(
    "etc/netplan/50-cloud-init.yaml", "made by cloud-init at the first boot",
    "network:\n  version: 2\n  ethernets:\n    ens3:\n      dhcp4: true\n", 0o600,
)  # fmt: skip

_PIGEN = "of RPi-Distro/pi-gen@314262cb286b8f33327a6f0cbabe14c625021ca0"
_SYSMODS = "of RPi-Distro/raspberrypi-sys-mods@54acae71d88f69c94b476b5a03c353fee378e4a4"
_RPISWAP = "of ktremain/rpi-swap@297749a859ecd19b1285a88dd9d93cfa2ca4a71d"
_RPILINUX = "of raspberrypi/linux@007cc4bcbb8ebec5def7b3d3468bd2a362d2948a:arch/arm64/configs/bcm2711_defconfig"
_RPI2712 = "of raspberrypi/linux@fed509012360fe24604926f443ec54d6e0efa09f:arch/arm64/configs/bcm2712_defconfig"
_RPI_KERNEL = "6.12.47+rpt-rpi-v8"
_RPI_MODULES = {
    "kernel/net/llc/llc.ko.xz": "",
    "kernel/net/802/stp.ko.xz": "kernel/net/llc/llc.ko.xz",
    "kernel/net/bridge/bridge.ko.xz": "kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz",
    "kernel/net/bridge/br_netfilter.ko.xz": "kernel/net/bridge/bridge.ko.xz kernel/net/802/stp.ko.xz"
    " kernel/net/llc/llc.ko.xz",
    "kernel/net/netfilter/nf_conntrack.ko.xz": "",
    "kernel/net/netfilter/xt_conntrack.ko.xz": "kernel/net/netfilter/nf_conntrack.ko.xz",
    "kernel/net/netfilter/ipvs/ip_vs.ko.xz": "kernel/net/netfilter/nf_conntrack.ko.xz",
    "kernel/drivers/block/zram/zram.ko.xz": "",
    "kernel/fs/overlayfs/overlay.ko.xz": "",
    "kernel/drivers/net/veth.ko.xz": "",
    "kernel/net/netfilter/x_tables.ko.xz": "",
    "kernel/net/netfilter/nf_nat.ko.xz": "kernel/net/netfilter/nf_conntrack.ko.xz",
    **{
        f"kernel/net/netfilter/xt_{name}.ko.xz": "kernel/net/netfilter/x_tables.ko.xz"
        for name in (
            "REDIRECT",
            "addrtype",
            "comment",
            "mark",
            "multiport",
            "recent",
            "statistic",
        )
    },
}
"""Those that its configuration makes modules, at the places of the kernel's tree."""
_RPI_BUILT_IN = (
    "POSIX_MQUEUE", "PSI", "PSI_DEFAULT_DISABLED", "MEMCG", "BLK_CGROUP", "CFS_BANDWIDTH", "CGROUP_PIDS",
    "CGROUP_FREEZER", "CPUSETS", "CPUSETS_V1", "CGROUP_DEVICE", "CGROUP_CPUACCT", "CGROUP_BPF", "NAMESPACES",
    "USER_NS", "SCHED_AUTOGROUP", "NET", "NETFILTER", "IP_VS_PROTO_TCP",
    # What these select, and what is on unless it is taken out.
    "CGROUPS", "CGROUP_SCHED", "FAIR_GROUP_SCHED", "UTS_NS", "IPC_NS", "PID_NS", "NET_NS", "INET", "PROC_FS", "SECCOMP",
    "SECCOMP_FILTER", "KEYS", "EXT4_FS", "NETFILTER_ADVANCED",
)  # fmt: skip
_RPI_AS_MODULES = (
    "BRIDGE", "BRIDGE_NETFILTER", "NF_CONNTRACK", "NF_NAT", "NETFILTER_XTABLES", "NETFILTER_XT_MARK",
    "NETFILTER_XT_MATCH_ADDRTYPE", "NETFILTER_XT_MATCH_COMMENT", "NETFILTER_XT_MATCH_CONNTRACK",
    "NETFILTER_XT_MATCH_MULTIPORT", "NETFILTER_XT_MATCH_RECENT", "NETFILTER_XT_MATCH_STATISTIC",
    "NETFILTER_XT_TARGET_REDIRECT", "IP_VS", "IPV6", "OVERLAY_FS", "VETH", "ZRAM",
)  # fmt: skip
_RPI_CONFIG = (
    "".join(f"CONFIG_{name}=y\n" for name in _RPI_BUILT_IN)
    + "".join(f"CONFIG_{name}=m\n" for name in _RPI_AS_MODULES)
    + "# CONFIG_HUGETLBFS is not set\n"
)

RASPBERRY = (
    file("boot/firmware/cmdline.txt", f"{_PIGEN}:stage1/00-boot-files/files/cmdline.txt",
         "console=serial0,115200 console=tty1 root=PARTUUID=5b3f9c1e-02 rootfstype=ext4 fsck.repair=yes rootwait"
         " cgroup_memory=1 cgroup_enable=memory\n"),
    file("boot/firmware/config.txt", f"{_PIGEN}:stage1/00-boot-files/files/config.txt",
         "dtparam=audio=on\ncamera_auto_detect=1\ndisplay_auto_detect=1\nauto_initramfs=1\narm_64bit=1\n[all]\n"),
    program("boot/firmware/kernel8.img", "the raspi-firmware package"),
    program("boot/firmware/initramfs8", "the raspi-firmware package"),
    program(f"boot/vmlinuz-{_RPI_KERNEL}", "the linux-image-rpi-v8 package"),
    program(f"boot/initrd.img-{_RPI_KERNEL}", "the linux-image-rpi-v8 package"),
    file(f"boot/config-{_RPI_KERNEL}", _RPI2712, _RPI_CONFIG),
    file(f"usr/lib/modules/{_RPI_KERNEL}/modules.dep", _RPILINUX,
         "".join(f"{name}: {needs}".rstrip() + "\n" for name, needs in _RPI_MODULES.items())),
    file(f"usr/lib/modules/{_RPI_KERNEL}/modules.builtin", _RPILINUX, "kernel/drivers/block/loop.ko\n"),
    file("etc/fstab", f"{_PIGEN}:stage1/01-sys-tweaks/files/fstab",
         "proc /proc proc defaults 0 0\nPARTUUID=5b3f9c1e-01 /boot/firmware vfat defaults 0 2\n"
         "PARTUUID=5b3f9c1e-02 / ext4 defaults,noatime 0 1\n"),
    file("etc/rpi/swap.conf", f"{_RPISWAP}:etc/rpi/swap.conf", "[Main]\n#Mechanism=auto\n"),
    file("etc/rpi/swap.conf.d/90-disable-swap.conf", f"{_RPISWAP}:man/man5/swap.conf.5", "[Main]\nMechanism=none\n"),
    file("usr/lib/systemd/zram-generator.conf.d/20-rpi-swap-zram0-ctrl.conf",
         f"{_RPISWAP}:man/man5/20-rpi-swap-zram0-ctrl.conf.5", "[zram0]\nhost-memory-limit=0\nfs-type=none\n"),
    program("usr/lib/systemd/system-generators/rpi-swap-generator", f"{_RPISWAP}:lib/systemd/system-generators"),
    file("etc/sysctl.d/98-rpi.conf", f"{_SYSMODS}:etc/sysctl.d/98-rpi.conf", "kernel.printk = 3 4 1 3\n"),
    file("usr/lib/tmpfiles.d/raspberrypi-sys-mods-mglru.conf", f"{_SYSMODS}:usr/lib/tmpfiles.d",
         "w- /sys/kernel/mm/lru_gen/min_ttl_ms - - - - 50\n"),
)  # fmt: skip

SETUPS = {
    "debian-12": Setup(("debian-12",), "1.33", (*MACHINE, *KUBELET, *_joined(), *NETWORK), packages=_kubeadm("1.33.5")),
    "debian-13": Setup(
        ("debian-13",), "1.34", (*MACHINE, _NETPLAN, *KUBELET, *_joined(), *NETWORK), packages=_kubeadm("1.34.1")
    ),
    "k3s": Setup(("debian-13",), "1.34", (*MACHINE, _NETPLAN, *K3S), "control-plane", RUNTIME, CONFIGURED),
    "rke2": Setup(("debian-12",), "1.34", (*MACHINE, *RKE2), "control-plane", RUNTIME, CONFIGURED),
    "k0s": Setup(("debian-12",), "1.34", (*MACHINE, *K0S), "worker", RUNTIME, CONFIGURED),
    "microk8s": Setup(("debian-12", "snapd"), "1.34", (*MACHINE, *MICROK8S), "control-plane", RUNTIME, CONFIGURED),
    "raspberry-pi-os-13": Setup(
        ("debian-13", "raspberry-pi-os"),
        "1.34",
        (*MACHINE, *KUBELET, *_joined(), *NETWORK, *RASPBERRY),
        packages=_kubeadm("1.34.1"),
        removed=("grub-pc", "grub-pc-bin", "grub-common", "grub2-common", "linux-image-cloud-amd64"),
        without=("boot/", "usr/lib/modules/", "vmlinuz", "initrd.img"),
    ),
}
