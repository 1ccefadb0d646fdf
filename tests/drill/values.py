"""Other valid values of sources: what a file, a directory or a program may say as well."""

# ruff: noqa: E501 - contents as programs write them
from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from nodecheck.host import Space
from nodecheck.host.base import ClockState
from nodecheck.host.netlink.rows import LinkRow
from nodecheck.model.sources import AnySource, Dir, Exists, Named, Tree
from tests.certificates import certificate, kubeconfig, pem, private_key, public_key
from tests.drill.altered import Answer, Change, Folder, Link, Owned, Text

ELF = b"\x7fELF"
KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
AGENT = (
    "disable-agent: true\nkube-proxy-arg:\n- proxy-mode=ipvs\nprotect-kernel-defaults: true\nprofile: cis\nserver: https://x\nkubelet-arg:\n- fail-swap-on=true\n- cgroup-driver=cgroupfs\n",
    "docker: true\ndisable-kube-proxy: true\nkubelet-arg:\n- cgroup-driver=systemd\n- make-iptables-util-chains=false\n- containerd=/x\n- node-ip=::1\n",
)
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  {more}\n  containers:\n  - name: kube-apiserver\n"
    "    image: registry.k8s.io/kube-apiserver:{release}\n    command:\n    - kube-apiserver\n    - {flag}\n"
)
POD = (
    _POD.format(name="a", more="serviceAccountName: x", release="v1.20.1", flag="--tls-cert-file=/srv/x.crt"),
    _POD.format(name="b", more="hostNetwork: true", release="v1.31.1", flag="--feature-gates=CSIMigration=true"),
)
PROXY = (
    "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: ipvs\nfeatureGates: {DynamicKubeletConfig: true}\n",
    "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: nftables\nfeatureGates: {EphemeralContainers: true}\n",
)
KUBEADM = tuple(
    f"apiVersion: kubeadm.k8s.io/{api}\nkind: ClusterConfiguration\nkubernetesVersion: {release}\ncertificatesDir: {folder}\n"
    f"etcd: {{external: {{endpoints: [x], caFile: {folder}/x.crt, certFile: {folder}/y.crt, keyFile: {folder}/y.key}}}}\n"
    f"featureGates: {{{gate}: true}}\n---\n{proxy}"
    for api, release, folder, gate, proxy in (
        ("v1beta3", "v1.20.1", "/srv/a", "CoreDNS", PROXY[0]),
        ("v1beta4", "v1.30.2", "/srv/b", "SelfHosting", PROXY[1]),
    )
)
CONTAINERD = (
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\nSystemdCgroup = true\n',
    'version = 2\ndisabled_plugins = ["cri"]\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\nSystemdCgroup = false\n',
)
UNIT = "[Unit]\nDescription=x\n[Service]\n{}\nExecStart={}\n[Install]\nWantedBy=multi-user.target\n"
LOGIND = ("[Login]\nInhibitDelayMaxSec=77\n", "[Login]\nInhibitDelayMaxSec=7\n")
GRUB = "set default=0\nmenuentry 'x' {{\n\tlinux /vmlinuz-{} root=/dev/sda1 ro {}\n\tinitrd /initrd\n}}\n"
BLS = "title x\nversion {0}\nlinux /vmlinuz-{0}\noptions root=/dev/sda1 {1}\n"
EXTLINUX = "default x\nlabel x\n linux /vmlinuz-{}\n append root=/dev/sda1 {}\n"
LOADERS = {
    "grub.cfg": GRUB,
    "bls": BLS,
    "extlinux": EXTLINUX,
}
WORDS = (("6.1.0-9-amd64", "quiet cgroup_disable=memory"), ("5.10.0-1-amd64", "systemd.unified_cgroup_hierarchy=0"))
SWAPS = "[Main]\nMechanism=swapfile\n", "[Main]\nMechanism=none\n"
RPI = ("[Main]\nMechanism=swapfile\n", "[Main]\nMechanism=none\n", "[File]\nMaxSizeMiB=100\nFixedSizeMiB=50\n")
NET = (
    "[Match]\nName=eth0\n[Network]\nIPForward=yes\nIPv4Forwarding=yes\n",
    "[Match]\nName=eth0\n[Network]\nIPForward=no\nIPv4Forwarding=no\n",
)
SYSCTL = ("net.ipv4.ip_forward=1\nvm.overcommit_memory=1\n", "net.ipv4.ip_forward=0\nvm.overcommit_memory=0\n")
DEP = (
    "kernel/fs/overlayfs/overlay.ko:\nkernel/net/netfilter/nf_conntrack.ko:\n",
    "kernel/net/bridge/br_netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz\n",
)
MOUNT = "[Unit]\nDescription=x\n[Mount]\nWhat=/dev/sdb1\nWhere=/var/lib/{}\nOptions={}\n"
CLOUD = (
    "hostname: x1\nmanage_etc_hosts: true\npreserve_hostname: false\n",
    "preserve_hostname: true\nmanage_etc_hosts: localhost\n",
    "fqdn: y.example.org\n",
)
PEMS = (certificate(seed=31), certificate(-3, seed=32), certificate(400, seed=33) + private_key(seed=33))
KEYS = (private_key(seed=34), private_key(seed=35))
PUBLIC = tuple([pem("PUBLIC KEY", public_key(seed)) for seed in (39, 40)])
CONFS = (
    kubeconfig(certificate(3650, seed=36), certificate(seed=37), private_key(seed=37)),
    kubeconfig(certificate(3650, seed=36), certificate(-5, seed=38), private_key(seed=38)),
    kubeconfig(certificate(3650, seed=36), "/srv/kc.crt", "/srv/kc.key"),
)

FILES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "*/config.json.d/*",
        (
            '{"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "failSwapOn": false}',
            '{"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "failSwapOn": true}',
        ),
    ),
    ("*/rancher/*/config.yaml", AGENT),
    ("*/rancher/*/config.yaml.d/*", AGENT),
    ("*/rancher/*/kubelet.conf.d/*", (KUBELET + "cgroupDriver: systemd\n", KUBELET + "cgroupDriver: cgroupfs\n")),
    (
        "/etc/default/kubelet",
        (
            "KUBELET_EXTRA_ARGS=--fail-swap-on=false --protect-kernel-defaults --cgroup-driver=cgroupfs\n",
            "KUBELET_EXTRA_ARGS=--make-iptables-util-chains=false\n",
        ),
    ),
    (
        "/etc/sysconfig/kubelet",
        (
            "KUBELET_EXTRA_ARGS=--fail-swap-on=false --protect-kernel-defaults --cgroup-driver=cgroupfs\n",
            "KUBELET_EXTRA_ARGS=--make-iptables-util-chains=false\n",
        ),
    ),
    (
        "*/kubeadm-flags.env",
        (
            'KUBELET_KUBEADM_ARGS="--protect-kernel-defaults"\n',
            'KUBELET_KUBEADM_ARGS="--make-iptables-util-chains=false"\n',
        ),
    ),
    ("*/kubelet.env", ("KUBELET_EXTRA_ARGS=--fail-swap-on=false\n", "KUBELET_EXTRA_ARGS=--v=3\n")),
    ("/etc/eks/kubelet/environment", ("NODEADM_KUBELET_ARGS=--fail-swap-on=false\n", "NODEADM_KUBELET_ARGS=--v=3\n")),
    ("/etc/eks/kubelet-version.txt", ("1.29.1\n", "1.31.0\n")),
    ("*containerd*.toml", CONTAINERD),
    ("*/containerd/*.toml", CONTAINERD),
    ("/*/args", ("--cgroup-driver=systemd\n--fail-swap-on=false\n", "--cgroup-driver=cgroupfs\n")),
    (
        "*/args/kubelet",
        ("--cgroup-driver=systemd\n--fail-swap-on=false\n", "--cgroup-driver=cgroupfs\n--protect-kernel-defaults\n"),
    ),
    ("*/pod-manifests/*", POD),
    (
        "*/manifests/kube-proxy*",
        tuple(
            [
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-proxy\nspec:\n  containers:\n  - name: kube-proxy\n"
                f"    image: registry.k8s.io/kube-proxy:v1.30.1\n    command:\n    - kube-proxy\n    - --proxy-mode={mode}\n"
                for mode in ("ipvs", "nftables")
            ]
        ),
    ),
    ("*/manifests/*", POD),
    ("/srv/pods/*", POD),
    (
        "*/kube-proxy.service",
        (
            UNIT.format("", "/usr/bin/kube-proxy --proxy-mode=ipvs"),
            UNIT.format("", "/usr/bin/kube-proxy --proxy-mode=nftables"),
        ),
    ),
    ("*kube-proxy*", PROXY),
    ("*kubeadm*.yaml", KUBEADM),
    ("*kubeadm*.conf", KUBEADM),
    ("/etc/kubernetes/kubelet.conf", (*CONFS, KUBELET, f"{KUBELET}failSwapOn: false\n")),
    ("/etc/kubernetes/*.conf", CONFS),
    ("*/kubeconfig", CONFS),
    ("/srv/k", CONFS),
    ("/srv/b", CONFS),
    ("*.crt", PEMS),
    ("*.pem", PEMS),
    ("*.key", KEYS),
    ("*.pub", PUBLIC),
    (
        "*/kubelet*config*",
        (
            KUBELET + "failSwapOn: false\nprotectKernelDefaults: true\nshutdownGracePeriod: 60s\n",
            KUBELET + 'cgroupDriver: cgroupfs\nevictionHard: {nodefs.available: "99%", nodefs.inodesFree: "99%"}\n',
        ),
    ),
    (
        "*/kubelet/config*",
        (
            KUBELET + "failSwapOn: false\nprotectKernelDefaults: true\nshutdownGracePeriod: 60s\n",
            KUBELET + 'cgroupDriver: cgroupfs\nevictionHard: {nodefs.available: "99%", nodefs.inodesFree: "99%"}\n',
        ),
    ),
    (
        "*/kubelet.yaml",
        (KUBELET + "failSwapOn: false\nprotectKernelDefaults: true\n", KUBELET + "cgroupDriver: cgroupfs\n"),
    ),
    (
        "/srv/c.yaml",
        (KUBELET + "failSwapOn: false\nprotectKernelDefaults: true\n", KUBELET + "cgroupDriver: cgroupfs\n"),
    ),
    ("/etc/conf.d/kubelet", ('command_args="--fail-swap-on=false"\n', 'command_args="--v=1"\n')),
    ("*/grub*/grub.cfg", tuple([GRUB.format(*words) for words in WORDS])),
    ("*/EFI/*/grub.cfg", tuple([GRUB.format(*words) for words in WORDS])),
    ("*/custom.cfg", ("menuentry 'y' {\n\tlinux /vmlinuz-5.5.5 x=1\n}\nset default=y\n", "set default=1\n")),
    (
        "*/grubenv",
        (
            "# GRUB Environment Block\nsaved_entry=1\nkernelopts=root=x cgroup_disable=memory\n",
            "# GRUB Environment Block\nsaved_entry=0\nnext_entry=1\n",
        ),
    ),
    ("*/entries/*.conf", tuple([BLS.format(*words) for words in WORDS])),
    ("*/loader.conf", ("default a*\n", "default b*\n")),
    ("*linux.conf", tuple([EXTLINUX.format(*words) for words in WORDS])),
    ("*/syslinux.cfg", tuple([EXTLINUX.format(*words) for words in WORDS])),
    ("*/cmdline.txt", tuple([words[1] for words in WORDS])),
    ("/etc/kernel/cmdline", tuple([words[1] for words in WORDS])),
    ("/proc/cmdline", tuple([words[1] for words in WORDS])),
    ("/etc/default/grub*", tuple([f'GRUB_CMDLINE_LINUX="{words[1]}"\nGRUB_DEFAULT=0\n' for words in WORDS])),
    (
        "*/efivars/Loader*",
        ("\x06\0\0\0" + "\0".join("systemd-boot 252") + "\0\0\0", "\x06\0\0\0" + "\0".join("b.conf") + "\0\0\0"),
    ),
    (
        "/usr/src/linux/.config",
        tuple(
            [
                f"#\n# Linux/x86 {release} Kernel Configuration\n#\nCONFIG_PID_NS={value}\n"
                for release in ("6.1.0-57-amd64", "6.12.118+deb13-cloud-amd64")
                for value in "ym"
            ]
        ),
    ),
    ("/usr/src/*/.config", ("CONFIG_PID_NS=y\nCONFIG_MEMCG=y\n", "CONFIG_PID_NS=m\n")),
    ("*/build/.config", ("CONFIG_PID_NS=y\nCONFIG_MEMCG=y\n", "CONFIG_PID_NS=m\n")),
    ("/boot/config-*", ("CONFIG_PID_NS=y\nCONFIG_MEMCG=y\n", "CONFIG_PID_NS=m\n")),
    ("*/modules/*/config", ("CONFIG_PID_NS=y\nCONFIG_MEMCG=y\n", "CONFIG_PID_NS=m\n")),
    ("*/config-*", ("CONFIG_PID_NS=y\nCONFIG_MEMCG=y\n", "CONFIG_PID_NS=m\n")),
    ("/etc/conf.d/hostname", ('hostname="n7"\n', 'hostname="n8"\n')),
    ("/etc/sysconfig/network", ("HOSTNAME=n7\n", "HOSTNAME=n8\n")),
    ("/etc/hostname", ("n7\n", "n8\n")),
    ("*/previous-hostname", ("n9\n", "node1\n")),
    ("/etc/tuned/active_profile", ("x\n", "y\n")),
    ("*tuned.conf", ("[sysctl]\nvm.overcommit_memory=1\n", "[sysctl]\nvm.overcommit_memory=0\n")),
    ("*/post_loaded_profile", ("x\n", "y\n")),
    ("*/tuned-main.conf", ("reapply_sysctl = 0\n", "reapply_sysctl = 1\n")),
    ("*sysctl*", SYSCTL),
    ("*/modules-load.d/*", ("overlay\n", "br_netfilter\n")),
    ("/etc/modules", ("overlay\n", "br_netfilter\n")),
    ("/etc/conf.d/modules", ('modules="overlay"\n', 'modules="br_netfilter"\n')),
    ("*/modules.dep", DEP),
    ("*/modules.builtin", ("kernel/fs/overlayfs/overlay.ko\n", "kernel/net/bridge/br_netfilter.ko\n")),
    ("*/modules.alias", ("alias x1 overlay\n", "alias x2 br_netfilter\n")),
    (
        "*modprobe.d*",
        (
            "blacklist overlay\ninstall br_netfilter /bin/true\n",
            "install overlay /bin/true\nsoftdep x pre: y\nalias x overlay\n",
        ),
    ),
    ("/etc/rc.modules", ("#!/bin/sh\nmodprobe overlay\n", "#!/bin/sh\nmodprobe br_netfilter\n")),
    (
        "*.mount",
        (MOUNT.format("kubelet", "noexec"), MOUNT.format("kubelet", "ro"), MOUNT.format("containerd", "nodev")),
    ),
    ("/srv/kubelet-flags", ("KUBELET_EXTRA_ARGS=--x\n",)),
    (
        "*/kubelet.service.d/*",
        (
            "[Service]\nEnvironment=X=1\nExecStart=\nExecStart=/usr/bin/kubelet --config=/srv/c.yaml\n",
            "[Service]\nMountFlags=slave\n",
        ),
    ),
    (
        "*k0scontroller.service",
        (
            UNIT.format("", "/usr/local/bin/k0s controller --enable-worker --kubelet-extra-args=--fail-swap-on=false"),
            UNIT.format("", "/usr/local/bin/k0s controller"),
        ),
    ),
    (
        "*k0sworker.service",
        (
            UNIT.format("", "/usr/local/bin/k0s worker --kubelet-extra-args=--fail-swap-on=false"),
            UNIT.format("", "/usr/local/bin/k0s worker --cri-socket=docker:x"),
        ),
    ),
    (
        "*rke2-*.service",
        (
            UNIT.format(
                "", "/usr/local/bin/rke2 server --kubelet-arg=cgroup-driver=cgroupfs --container-runtime-endpoint=/x"
            ),
            UNIT.format("", "/usr/local/bin/rke2 agent --config /srv/agent.yaml"),
            UNIT.format("", "/usr/local/bin/rke2 server --disable-agent"),
        ),
    ),
    (
        "*k3s*.service",
        (
            UNIT.format("", "/usr/local/bin/k3s server --kubelet-arg=cgroup-driver=cgroupfs --docker"),
            UNIT.format("", "/usr/local/bin/k3s agent --config /srv/agent.yaml"),
            UNIT.format("", "/usr/local/bin/k3s server --disable-agent"),
        ),
    ),
    ("/srv/agent.yaml", AGENT),
    (
        "*kube-*.service",
        (
            UNIT.format("", "/usr/bin/kube-apiserver --insecure-port=0 --proxy-mode=ipvs"),
            UNIT.format("EnvironmentFile=/srv/env", "/usr/bin/kube-proxy --proxy-mode=iptables $ARGS"),
        ),
    ),
    ("/srv/env", ("ARGS=--feature-gates=RunAsGroup=true\nDAEMON_ARGS=--x\n", "ARGS=--proxy-mode=ipvs\n")),
    (
        "*.service",
        (
            UNIT.format(
                "MountFlags=slave\nEnvironmentFile=/srv/env",
                "/opt/x/{name} --config /srv/x.toml --cni-bin-dir=/srv/cni",
            ),
            UNIT.format("EnvironmentFile=/srv/env", "/usr/bin/{name}2"),
            UNIT.format("PrivateMounts=yes", "/bin/{name} $DAEMON_ARGS"),
        ),
    ),
    ("/srv/*.toml", CONTAINERD),
    ("/srv/spec.json", ('{"ociVersion": "1.0.2"}', "[]")),
    ("/srv/daemon.json", ('{"exec-opts": ["native.cgroupdriver=systemd"]}', "{}")),
    ("*logind.conf*", LOGIND),
    ("*.preset", ("enable kubelet.service\ndisable *\n", "disable kubelet.service\nenable *\n")),
    ("*/hosts.*.tmpl", ("127.0.0.1 localhost\n", "127.0.1.1 {{fqdn}} {{hostname}}\n")),
    (
        "/proc/*/mounts",
        (
            "/dev/sda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\n",
            "/dev/sda1 / ext4 rw 0 0\n/dev/sda1 /run ext4 rw 0 0\n",
        ),
    ),
    ("/run/host/container-manager", ("lxc\n", "docker\n")),
    ("/run/systemd/container", ("lxc\n", "docker\n")),
    ("/proc/1/environ", ("container=lxc\0", "container=docker\0")),
    ("/proc/1/cmdline", ("/sbin/init\0systemd.unit=rescue.target\0", "sleep\x00inf\0")),
    (
        "/proc/*/status",
        (
            "Name:\tsleep\nCapBnd:\t00000000a80425fb\nCpus_allowed_list:\t0\n",
            "Name:\tsystemd\nCapBnd:\t000001ffffffffff\nCpus_allowed_list:\t0-1\n",
        ),
    ),
    ("/proc/self/uid_map", ("         0     100000      65536\n", "         0          0 4294967295\n")),
    ("/proc/sys/kernel/osrelease", ("5.15.90.1-microsoft-standard-WSL2\n", "5.5.5\n")),
    (
        "/proc/version",
        ("Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\n", "Linux version 5.5.5-x (a@b) #1\n"),
    ),
    ("/proc/self/cgroup", ("0::/x/y\n", "0::/init.scope\n")),
    ("*/cgroup.events", ("populated 1\n", "populated 0\n")),
    ("/etc/inittab", ("id:5:initdefault:\n", "::sysinit:/sbin/openrc sysinit\n", "::sysinit:/etc/init.d/rcS\n")),
    ("/sys/class/net/*/flags", ("0x1003\n", "0x1002\n")),
    ("/sys/class/net/*/operstate", ("up\n", "down\n")),
    ("/sys/class/net/*/carrier", ("1\n", "0\n")),
    ("/sys/class/net/*/uevent", ("DEVTYPE=bridge\nINTERFACE=x\n", "DEVTYPE=vlan\n")),
    ("/sys/class/net/*/address", ("52:54:00:12:34:56\n", "52:54:00:12:34:57\n")),
    ("/sys/class/net/*/*", ("7\n", "8\n")),
    ("/proc/meminfo", ("MemTotal: 3742148 kB\n", "MemTotal: 1000000 kB\n")),
    ("*/memory.max", ("1000000000\n", "2000000000\n")),
    ("*/memory.limit_in_bytes", ("1000000000\n", "2000000000\n")),
    ("*/cpu.max", ("150000 100000\n", "50000 100000\n")),
    ("*/cpu.cfs_quota_us", ("50000\n", "150000\n")),
    ("*/cpu.cfs_period_us", ("100000\n", "200000\n")),
    ("/proc/sys/kernel/modules_disabled", ("1\n", "0\n")),
    ("/proc/sys/kernel/modprobe", ("\n", "/sbin/modprobe\n", "/bin/true\n")),
    ("/sys/module/*/initstate", ("live\n", "going\n")),
    ("/proc/modules", ("overlay 1 0 - Live 0x0\n", "br_netfilter 1 0 - Live 0x0\n")),
    ("/etc/redhat-release", ("CentOS Linux release 7.9.2009 (Core)\n", "Rocky Linux release 9.4 (Blue Onyx)\n")),
    ("/etc/system-release", ("CentOS Linux release 7.9.2009 (Core)\n", "Rocky Linux release 9.4 (Blue Onyx)\n")),
    ("/etc/os-release", ("ID=x\nVERSION_ID=1\n", "ID=fedora\nVERSION_ID=40\n")),
    ("/usr/lib/os-release", ("ID=x\nVERSION_ID=1\n", "ID=fedora\nVERSION_ID=40\n")),
    ("*/machine-id", ("fedcba9876543210fedcba9876543210\n", "uninitialized\n", "0123456789abcdef0123456789abcdef\n")),
    ("*/product_uuid", ("4c4c4544-0042-3510-8054-b7c04f4a3432\n", "03000200-0400-0500-0006-000700080009\n")),
    ("/run/reboot-needed", ("x\n", "y\n")),
    ("/run/reboot-required.pkgs", ("linux-image-x\n", "libc6\n")),
    ("/etc/cloud/*", CLOUD),
    ("*/seed/*/user-data", tuple([f"#cloud-config\n{text}" for text in CLOUD])),
    ("*/seed/*/meta-data", ("local-hostname: n1\ninstance-id: i1\n", "instance-id: i1\n")),
    ("*/cloud-config.txt", tuple([f"#cloud-config\n{text}" for text in CLOUD])),
    ("*/var/lib/dpkg/status.d/*", ("Package: kubelet\nVersion: 1.30.1\n", "Package: containerd\nVersion: 1.7.1\n")),
    (
        "/var/lib/dpkg/updates/*",
        (
            "Package: kubelet\nStatus: install ok installed\nVersion: 1.30.1\n",
            "Package: containerd\nStatus: install ok installed\nVersion: 1.7.1\n",
        ),
    ),
    ("*/rpi/swap.conf*", RPI),
    (
        "/etc/waagent.conf",
        (
            "ResourceDisk.Format=y\nResourceDisk.EnableSwap=y\nResourceDisk.SwapSizeMB=100\n",
            "ResourceDisk.EnableSwap=n\n",
        ),
    ),
    ("*.network", NET),
    ("*networkd.conf*", ("[Network]\nIPv4Forwarding=yes\n", "[Network]\nIPv4Forwarding=no\n")),
    ("/etc/default/ufw", ("IPT_SYSCTL=/etc/ufw/sysctl.conf\n", "IPT_SYSCTL=/srv/s.conf\n")),
    ("/etc/ufw/ufw.conf", ("ENABLED=yes\n", "ENABLED=no\n")),
    ("/srv/s.conf", ("net/ipv4/ip_forward=0\n", "net/ipv4/ip_forward=1\n")),
    (
        "*tmpfiles.d/*",
        (
            "w /proc/sys/vm/overcommit_memory - - - - 0\n",
            "w /proc/sys/vm/overcommit_memory - - - - 1\nd /var/lib/kubelet 0700 root root - -\n",
        ),
    ),
    (
        "*.rules",
        (
            'SUBSYSTEM=="net", ACTION=="add", RUN+="/sbin/sysctl -p /etc/sysctl.d/k8s.conf"\n',
            'SUBSYSTEM=="module", KERNEL=="br_netfilter", ACTION=="add", ATTR{/proc/sys/vm/x}="1", RUN+="/usr/lib/systemd/systemd-sysctl --prefix=/net/bridge"\n',
        ),
    ),
    (
        "/etc/docker/daemon.json",
        ('{"exec-opts": ["native.cgroupdriver=systemd"]}', '{"exec-opts": ["native.cgroupdriver=cgroupfs"]}'),
    ),
    ("/etc/default/docker", ("DOCKER_OPTS=--exec-opt=native.cgroupdriver=systemd\n", "DOCKER_OPTS=--x\n")),
    ("*crio*.conf*", ('[crio.runtime]\ncgroup_manager = "cgroupfs"\n', '[crio.runtime]\ncgroup_manager = "systemd"\n')),
    (
        "*/cni/net.d/*",
        (
            '{"cniVersion": "0.3.1", "name": "a", "type": "calico", "plugins": [{"type": "calico"}]}',
            '{"cniVersion": "1.0.0", "name": "b", "type": "cilium-cni", "plugins": [{"type": "cilium-cni"}]}',
        ),
    ),
    ("/etc/selinux/config", ("SELINUX=enforcing\n", "SELINUX=disabled\n")),
    ("/etc/fstab", ("/dev/sda1 / ext4 defaults 0 1\n/dev/sdb1 /var ext4 ro 0 1\n", "/dev/sda2 none swap sw 0 0\n")),
    (
        "/proc/*/mountinfo",
        (
            "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n23 22 8:2 / /var rw,noexec - xfs /dev/sda2 rw\n",
            "22 1 8:1 / / ro - ext4 /dev/sda1 ro\n",
        ),
    ),
    ("*/zfs/version", ("2.1.11-1\n", "2.2.0-rc1\n")),
    ("*", ("zz\n", "yy=1\n")),
)
"""Contents by the path of a file, the first pattern that matches."""

BINARY: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    (
        "/proc/config.gz",
        (gzip.compress(b"CONFIG_PID_NS=y\nCONFIG_IKCONFIG_PROC=y\n"), gzip.compress(b"CONFIG_PID_NS=m\n")),
    ),
)

NAMES: tuple[tuple[str, tuple[tuple[str, Change], ...]], ...] = (
    ("/efi", (("loader", Folder()),)),
    ("/boot/efi/EFI", (("debian", Folder()),)),
    ("*/EFI/Linux", (("a.efi", Text(b"MZ")),)),
    ("*/rc?.d", (("S99x", Link("../init.d/x")),)),
    ("*/systemd/system*", (("zz.service", Text(b"[Service]\nExecStart=/x\n")), ("kubelet.service", Link("/dev/null")))),
    ("/etc/ssh", (("ssh_host_rsa_key", Text(b"x", 0o600)),)),
    ("/usr/lib/systemd", (("libsystemd-shared-252.so", Text(ELF)),)),
    ("/lib/systemd", (("libsystemd-shared-252.so", Text(ELF)),)),
    ("/usr/lib*/systemd", (("libsystemd-shared-252.so", Text(ELF)), ("libsystemd-core-219.so", Text(ELF)))),
    ("/usr/lib/*/systemd", (("libsystemd-shared-252.so", Text(ELF)), ("libsystemd-core-219.so", Text(ELF)))),
    ("/lib/modules", (("9.9.9", Folder()),)),
    ("/usr/lib/modules", (("9.9.9", Folder()),)),
    ("/sys/fs/cgroup/kubepods*", (("pod1", Folder()), ("kubepods-pod1.slice", Folder()))),
    ("/sys/class/net", (("eth7", Folder()),)),
    ("/usr/*sysusers.d", (("x.conf", Text(b"u other\n")),)),
    ("*userdb", (("other.user", Text(b"{}")),)),
    ("*/runlevels/*", (("kubelet", Link("/etc/init.d/kubelet")),)),
)
"""What may lie in a directory besides, by its path."""

LINKS = (
    ("*/sbin/init", "/bin/busybox"),
    ("/proc/self/ns/pid", "pid:[4026531836]"),
    ("/proc/self/ns/pid", "pid:[4026532111]"),
    ("/sys/class/net/*/master", "../br0"),
    ("/var/lib/cloud/instance", "instances/x"),
    *(
        (f"/var/lib/{name}", "/data")
        for name in ("etcd", "kubelet", "containerd", "docker", "containers", "k0s", "rancher")
    ),
)
"""Where a link may lead, by its path."""

ROOM = Space(4096, 25_000_000, 20_000_000, 19_000_000, 6_000_000, 5_000_000, 5_000_000, False)
ANSWERS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    (
        "statvfs *",
        (ROOM, ROOM._replace(blocks_available=1000), ROOM._replace(inodes_available=10), ROOM._replace(read_only=True)),
    ),
    (
        "netlink links",
        (
            (LinkRow(2, 0x11043, "eth0", 1500, "UP", "a", None, None, None),),
            (LinkRow(2, 0x11042, "eth1", 1500, "DOWN", "b", None, None, None),),
        ),
    ),
    (
        "systemctl show*",
        (
            "Id=kubelet.service\nMainPID=700\nActiveState=active\n",
            "Id=kubelet.service\nMainPID=0\nActiveState=inactive\n",
        ),
    ),
    ("wall_clock *", (4_000_000_000, 1_000_000_000)),
    ("clock *", (ClockState(5, 64, 16_000_000, 1), ClockState(0, 1, 10, 1))),
    (
        "systemctl --version",
        ("systemd 245 (x)\ndefault-hierarchy=legacy\n", "systemd 252 (252.1)\n+PAM default-hierarchy=unified\n"),
    ),
    ("kubelet --version", ("Kubernetes v1.30.1\n", "Kubernetes v1.20.1\n")),
    ("kubeadm version*", ("v1.30.1\n", "v1.20.1\n")),
    ("kubectl version*", ("Client Version: v1.30.1\n", "Client Version: v1.20.1\n")),
    ("*dockerd --version", ("Docker version 18.06.3-ce, build d7080c1\n", "Docker version 24.0.1, build x\n")),
    ("docker --version", ("Docker version 18.06.3-ce, build d7080c1\n", "Docker version 24.0.1, build x\n")),
    (
        "*containerd --version",
        (
            "containerd github.com/containerd/containerd v1.7.1 x\n",
            "containerd github.com/containerd/containerd v2.0.1 x\n",
        ),
    ),
    ("crio --version", ("crio version 1.30.1\nVersion: 1.30.1\n", "crio version 1.20.1\nVersion: 1.20.1\n")),
    ("cri-dockerd --version", ("cri-dockerd 0.3.1 (x)\n", "cri-dockerd 0.2.1 (x)\n")),
    ("*runc --version", ("runc version 1.1.4\nspec: 1.0.2\n", "runc version 1.2.4\nspec: 1.0.2\n")),
    (
        "xfs_spaceman *",
        (
            "naming   =version 2              bsize=4096   ascii-ci=0, ftype=0\n",
            "naming   =version 2              bsize=4096   ascii-ci=0, ftype=1\n",
        ),
    ),
)
"""Of programs, by their words with blanks between; and of other questions, by their verb and subject."""


def candidates(source: AnySource, key: Any) -> Iterator[Change]:
    """Other values of what is at a path, or of an answer."""
    if not isinstance(key, str):
        words = " ".join(map(str, key))
        yield from (Answer(value) for pattern, values in ANSWERS if fnmatchcase(words, pattern) for value in values)
        return
    if isinstance(source, (Exists, Dir)):
        yield from (Text(ELF, 0o755), Folder(), Folder(0o700), Text(b"x", 0o644))
        yield from (Link(target) for pattern, target in LINKS if fnmatchcase(key, pattern))
    if isinstance(source, (Exists, Named)) and key in ("/", "/data"):
        yield Owned(1000)
    yield from contents(key)


def inside(source: AnySource, folder: str) -> Iterator[tuple[str, Change]]:
    """What may lie in a directory besides: names with what they are."""
    if isinstance(source, Dir):
        for pattern, values in NAMES:
            if fnmatchcase(folder, pattern):
                yield from values
        yield "zz-other", Text(ELF, 0o755)
        yield "zz-folder", Folder()
        return
    name = source.pattern.replace("*", "zz-other") if isinstance(source, Tree) else "zz-other"
    if "manifests" in folder or "pods" in folder:
        name = "zz-other.yaml"
    elif folder == "/var/lib/dpkg/updates":
        name = "0001"
    for change in contents(f"{folder.rstrip('/')}/{name}"):
        yield name, change


def contents(path: str) -> Iterator[Text]:
    """Other contents of a file."""
    name = path.rpartition("/")[2].partition(".")[0]
    for pattern, raw in BINARY:
        if fnmatchcase(path, pattern):
            yield from map(Text, raw)
            return
    for pattern, texts in FILES:
        if fnmatchcase(path, pattern):
            yield from (Text(text.replace("{name}", name).encode("latin-1")) for text in texts)
            return


def edits(content: bytes) -> Iterator[Text]:
    """The same file with something else in it: nothing, other numbers, and without one of its lines."""
    text = content.decode("utf-8", "surrogateescape")
    changed = re.sub(r"[0-9]+", lambda number: str(int(number[0][:15]) + 1), text)
    if changed != text:
        yield Text(changed.encode("utf-8", "surrogateescape"))
    lines = text.split("\n")
    for at in range(min(len(lines), 12)):
        if lines[at].strip():
            yield Text("\n".join([*lines[:at], *lines[at + 1 :]]).encode("utf-8", "surrogateescape"))
    yield Text(b"")
