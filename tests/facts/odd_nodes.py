"""Trees with what is seldom there, so that every source of every fact is asked for on one of them."""

from __future__ import annotations

import gzip
from pathlib import Path

from nodecheck.facts.files.disk_room import DATA_FOLDERS
from nodecheck.facts.kubelet.agent_drivers import AGENTS as KUBELET_AGENTS
from nodecheck.facts.kubelet.given import COMPONENTS
from nodecheck.facts.packages.reboot_packages import ARCHITECTURES, DEBS
from nodecheck.facts.runtimes.cri_dockerd import UNITS as CRI_DOCKERD
from nodecheck.facts.services.daemons import DAEMONS
from nodecheck.facts.services.well_known import AGENTS, WELL_KNOWN
from tests.reference import write

UNITS = "usr/lib/systemd/system"
SYSTEMD = {
    "usr/lib/systemd/systemd": "",
    f"{UNITS}/sysinit.target": "[Unit]\n",
    f"{UNITS}/multi-user.target": "[Unit]\n",
}
IN_MEMORY = {"proc/self/mounts": "tmpfs /run tmpfs rw 0 0\n"}
NETWORKS = tuple([f"{folder}/systemd/network" for folder in ("etc", "run", "usr/local/lib", "usr/lib", "lib")])
SWITCHED = ("systemd-swap", "armbian-zram-config")
ZRAM = ("zramswap", "armbian-zram-config", "dphys-swapfile")

ASKING = """[Unit]
ConditionUser=|root
ConditionHost=|node1
ConditionHost=|0123456789abcdef0123456789abcdef
ConditionCapability=|CAP_CHOWN
ConditionSecurity=|selinux
ConditionOSRelease=|ID=x
ConditionArchitecture=|x86-64
ConditionNeedsUpdate=|/etc
ConditionNeedsUpdate=|/var
ConditionPathIsMountPoint=|/srv
[Service]
User=other
Group=nosuch
ExecStart=/bin/sh
"""
"""What has conditions and accounts looked at."""

STRICT = "#!/bin/sh -e\n# y.sh\n. $X/y.sh\nmodprobe gone\n"
"""What has modules and scripts of which a part is known looked for."""
OWN_SCRIPTS = {
    "etc/systemd/system/own.service": "[Service]\nExecStart=/opt/own.sh\n",
    "etc/systemd/system/multi-user.target.wants/own.service": "",
    "opt/own.sh": STRICT,
    "etc/rc.local": STRICT,
}

_TREES: dict[str, dict[str, str]] = {
    "loaders": {"boot/x": ""},
    "efi": {
        "sys/firmware/efi/x": "",
        "boot/efi/EFI/centos/grub.cfg": "set x=y\n",
        "boot/loader/entries/a.conf": "title a\nlinux /vmlinuz\noptions ro\n",
        "proc/sys/kernel/osrelease": "5.4.0\n",
        "lib/modules/6.1.0/modules.dep": "",
    },
    "old kernel": {
        "proc/sys/kernel/osrelease": "3.10.0\n",
        "usr/lib/modules/3.10.0/modules.dep": "",
        "sys/fs/cgroup/memory/tasks": "",
        "sys/fs/cgroup/memory/kubepods/burstable/pod1/tasks": "",
        "sys/fs/cgroup/memory/kubepods.slice/kubepods-pod1.slice/tasks": "",
    },
    "to join": {
        **SYSTEMD,
        f"{UNITS}/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/srv/k --config=/srv/c.yaml\n",
    },
    "agent": {
        **SYSTEMD,
        f"{UNITS}/kubelet.service": "[Service]\nExecStart=/opt/k/kubelet --kubeconfig=/srv/k --cgroup-driver=systemd"
        " --bootstrap-kubeconfig=/srv/b --config=/srv/c.yaml\n",
        "srv/c.yaml": "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n"
        "staticPodPath: /etc/kubernetes/manifests\n",
        "etc/kubernetes/manifests/x.yaml": "kind: Pod\n",
        "run/systemd/logind.conf.d/x.conf": "[Login]\n",
        "sys/fs/cgroup/cgroup.controllers": "cpu\n",
        "sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cgroup.procs": "",
        "sys/fs/cgroup/kubepods.slice/cgroup.events": "populated 1\n",
        "sys/fs/cgroup/kubepods/pod1/cgroup.procs": "",
        "sys/fs/cgroup/kubepods/cgroup.events": "populated 0\n",
    },
    "units": {
        **SYSTEMD,
        "etc/systemd/system/own.service": "[Service]\nExecStart=/opt/own.sh\n",
        "etc/network/interfaces": "source interfaces.d/*\n",
        "etc/network/interfaces.d/x": "auto lo\niface lo inet dhcp\n",
        "sbin/dhclient": "",
        "etc/dhcp/dhclient-enter-hooks": "",
        "etc/dhcp/dhclient-exit-hooks": "",
        "etc/sysconfig/network/if-up.d/x": "",
        **{f"{UNITS}/{unit}": "[Unit]\nBindsTo=gone.service\n[Service]\nExecStart=/x\n" for unit in WELL_KNOWN},
        f"{UNITS}/dev-sdb1.swap": "[Swap]\nWhat=/dev/sdb1\n",
        f"{UNITS}/systemd-sysctl.service": "[Service]\nExecStart=/usr/lib/systemd/systemd-sysctl\n",
        f"{UNITS}/systemd-sysctl.service.d/x.conf": "[Service]\nNice=1\n",
        f"{UNITS}/systemd-modules-load.service": "[Service]\nExecStart=/usr/lib/systemd/systemd-modules-load\n",
        f"{UNITS}/systemd-modules-load.service.d/x.conf": "[Service]\nNice=1\n",
        f"{UNITS}/sysinit.target.wants/systemd-sysctl.service": "",
        f"{UNITS}/sysinit.target.wants/systemd-modules-load.service": "",
        "etc/systemd/zram-generator.conf": "[zram0]\nhost-memory-limit = 1024\n",
        "etc/machine-id": "",
    },
    "strict": {**SYSTEMD, **OWN_SCRIPTS, "usr/lib/modules/6.1.0/modules.dep": ""},
    "strict, no merged usr": {
        **SYSTEMD,
        "etc/network/interfaces": "auto lo\niface lo inet dhcp\n",
        **OWN_SCRIPTS,
        "lib/modules/6.1.0/modules.dep": "",
    },
    "asking": {
        **SYSTEMD,
        **{f"{UNITS}/{unit}": ASKING for unit in (*WELL_KNOWN, "x.service")},
        **{f"etc/systemd/system/multi-user.target.wants/{unit}": "" for unit in WELL_KNOWN},
        "bin/sh": "",
        "etc/nsswitch.conf": "passwd: files systemd\n",
        "etc/sysusers.d/x.conf": "u other\n",
    },
    "run": {
        **IN_MEMORY,
        "run/modprobe.d/x.conf": "",
        "run/modules-load.d/x.conf": "",
        "run/sysctl.d/x.conf": "",
        "run/udev/rules.d/x.rules": "",
        "run/systemd/system-preset/x.preset": "",
        **SYSTEMD,
    },
    "programs": {
        **SYSTEMD,
        **IN_MEMORY,
        "etc/default/ufw": "IPT_SYSCTL=/etc/x\n",
        "etc/waagent.conf": "",
        f"{UNITS}/waagent.service": "[Service]\nExecStart=/x\n",
        f"{UNITS}/walinuxagent.service": "[Service]\nExecStart=/x\n",
        "etc/ufw/x": "",
        "etc/frr/x": "",
        "etc/shorewall/x": "",
        "etc/shorewall6/x": "",
        "etc/netplan/x.yaml": "",
        **{f"{folder}/{name}": "" for folder in NETWORKS for name in ("a.netdev", "a.network.d/a.conf")},
        **{f"{folder}/a.network": "[Match]\nName=x\n[Network]\nIPForward=yes\n" for folder in NETWORKS},
        "etc/os-release": "ID=debian\nVERSION_ID=12\n",
        "usr/lib/systemd/system-generators/rpi-swap-generator": "x",
        "etc/cloud/cloud.cfg": "swap:\n  size: 1\nmounts: x\nbootcmd:\n- true\n_hostname: x\n",
        "etc/cloud/cloud.cfg.d/a.cfg": "swap:\n  size: 1\n",
        "etc/rancher/k3s/config.yaml.d/a.yaml": "",
        "etc/rancher/rke2/config.yaml.d/a.yaml": "",
        **{f"{UNITS}/{unit}": "[Service]\nEnvironmentFile=/x\nExecStart=/x\n" for unit in AGENTS},
        f"{UNITS}/systemd-networkd.service": "[Service]\nExecStart=/x\n",
        "etc/systemd/network/10-netplan-y.network.d/a.conf": "",
        **{f"{UNITS}/{unit}.service": "[Service]\nExecStart=/x\n" for unit in SWITCHED},
        **{f"{UNITS}/multi-user.target.wants/{unit}.service": "" for unit in SWITCHED},
    },
    "newer networkd": {
        **SYSTEMD,
        **IN_MEMORY,
        "etc/os-release": "ID=debian\nVERSION_ID=13\n",
        f"{UNITS}/systemd-networkd.service": "[Service]\nExecStart=/x\n",
        **{f"{folder}/systemd/networkd.conf.d/a.conf": "" for folder in ("etc", "run", "usr/local/lib", "usr/lib")},
    },
    "other init": {**SYSTEMD, "etc/kernel/cmdline": "init=/opt/init\n", "proc/cmdline": "init=/opt/init\n"},
    "cri-o": {f"{UNITS}/cri-o.service": "[Service]\nExecStart=/usr/bin/crio\n", "proc/cmdline": "rd.modules_load=x\n"},
    "links": {"usr/lib/systemd/systemd": ""},
    "daemons": {
        **SYSTEMD,
        **{f"{UNITS}/{unit}": f"[Service]\nExecStart=/usr/bin/{names[0]}\n" for unit, names in DAEMONS.items()},
        **{f"{UNITS}/{unit}.d/x.conf": "[Service]\nNice=1\n" for unit in DAEMONS},
        **{f"usr/bin/{names[0]}": "x" for names in DAEMONS.values()},
        "var/run/x": "",
        "etc/cloud/cloud.cfg": "cloud_init_modules:\n- update_hostname\n",
        "etc/cloud/templates/hosts.debian.tmpl": "",
        "var/lib/dpkg/status": "".join(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\nVersion: 1\n\n"
            for name in DEBS
            for architecture in (ARCHITECTURES if name == "libc6" else ("amd64",))
        ),
    },
    "an instance of cloud-init's": {
        **SYSTEMD,
        "etc/cloud/cloud.cfg": "hostname: x\n",
        "var/lib/cloud/instance/cloud-config.txt": "",
    },
    "scripts": {
        **SYSTEMD,
        f"{UNITS}/rc-local.service": "[Unit]\nConditionFileIsExecutable=/etc/rc.local\n",
        f"{UNITS}/rc-local.service.d/x.conf": "[Service]\nNice=1\n",
        "etc/rc.local": "#!/bin/sh -e\nmodprobe a && modprobe b\n",
        f"{UNITS}/other.service": "[Service]\nExecStart=/sbin/swapon /x\n",
        "etc/crontab": "1 * * * * root for x in hourly daily weekly monthly; do run-parts /etc/cron.$x; done\n",
        **{f"etc/cron.{often}/x": "" for often in ("hourly", "daily", "weekly", "monthly")},
        "etc/rc.d/rc.local": "#!/bin/sh\n",
        "etc/cloud/cloud.cfg": "bootcmd:\n- swapon /x\nhostname: x\n_hostname: x\n",
        "var/lib/cloud/instance/x": "",
        "etc/cron.d/x": "@reboot root iptables -F; ip6tables -F; systemctl start other\n",
        f"{UNITS}/cron.service": "[Service]\nExecStart=/x\n",
        "etc/ufw/after.init": "#!/bin/sh\nmodprobe a\n",
    },
    "components": {
        **SYSTEMD,
        f"{UNITS}/runtime.socket": "[Socket]\nListenStream=%t/runtime.sock\n",
        **{f"{UNITS}/{name}.service": f"[Service]\nExecStart=/usr/bin/{name}\n" for name in COMPONENTS},
    },
    "upstart": {"sbin/upstart": ""},
    "openrc": {
        "sbin/openrc": "",
        **{f"etc/init.d/{name}": "" for name in ZRAM},
        "etc/runlevels/boot/x": "",
        "var/lib/selinux/targeted/active/modules/100/x": "",
    },
    "ports": {f"etc/kubernetes/manifests/{name}.yaml": "x: y\n" for name in ("etcd", "kube-scheduler")},
    "stub": {"etc/resolv.conf": "nameserver 127.0.0.53\n"},
    "shell": {"etc/os-release": "ID=flatcar\n"},
    "specifiers": {
        **SYSTEMD,
        **{
            f"{UNITS}/{name}.service": f"[Service]\nExecStart=/usr/bin/{name} --a=%H --b=%m\n"
            for name in ("kubelet", "docker", "containerd", "crio")
        },
    },
    **{
        f"agent {agent.name}": {
            **SYSTEMD,
            **{path[1:]: "x: y\n" for path in agent.signs if path.count(".") or agent.arguments},
            **{f"{UNITS}/{unit}": "[Service]\nExecStart=/x\n" for unit in agent.units},
        }
        for agent in KUBELET_AGENTS
    },
    "plugins of Debian": {
        "var/lib/kubelet/config.yaml": "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n"
        "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n",
        "etc/containerd/config.toml": '[plugins.cri.cni]\nbin_dir = "/usr/lib/cni"\n',
        "usr/lib/cni/bridge": "",
    },
    **{
        f"docker by {unit}": {
            "var/lib/kubelet/config.yaml": "containerRuntimeEndpoint: unix:///run/cri-dockerd.sock\n"
            "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n",
            f"{UNITS}/{unit}": "[Service]\nEnvironmentFile=/etc/x\nExecStart=/usr/bin/cri-dockerd\n",
            "etc/x": "A=b\n",
            "etc/cni/net.d/x.conf": '{"name": "x", "type": "bridge"}\n',
        }
        for unit in CRI_DOCKERD
    },
    "listener": {
        "proc/1/net/tcp": "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
        " inode\n   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1\n",
        "proc/1/comm": "x\n",
    },
    "modes": {
        "run/tmpfiles.d/x.conf": "d /srv 0755\n",
        "etc/fstab": "/dev/sdb1 /var ext4 defaults 0 2\n",
        "var/lib/kubelet/x": "",
    },
    **{
        f"images on {kind}": {
            "proc/1/mountinfo": f"22 1 8:1 / / rw - {kind} pool rw\n",
            "etc/kubernetes/manifests/kube-apiserver.yaml": "x: y\n",
            **{f"{path[1:]}/x": "" for path in DATA_FOLDERS},
        }
        for kind in ("xfs", "zfs")
    },
    "certificates": {
        **SYSTEMD,
        "usr/bin/kubelet": "",
        f"{UNITS}/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet"
        " --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/var/lib/kubelet/kubeconfig\n",
        "var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n",
        "var/lib/kubelet/pki/kubelet.crt": "",
        "etc/kubernetes/pki/a.crt": "",
        "etc/kubernetes/pki/a.key": "",
        "etc/kubernetes/pki/sa.pub": "",
        "etc/kubernetes/pki/sa.key": "",
        "etc/kubernetes/pki/etcd/a.crt": "",
        "etc/kubernetes/pki/etcd/a.key": "",
    },
    "serving": {
        "usr/bin/kubelet": "",
        "var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n"
        "serverTLSBootstrap: true\n",
    },
    "disk": {
        "proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
        "sys/class/block/sda/sda1/x": "",
        "sys/class/block/sda1/dev": "8:1\n",
        "sys/devices/sda/sda1/partition": "1\n",
        "proc/net/tcp": "  sl  local_address\n",
    },
}

_LINKS = {
    "scripts": {"etc/systemd/system/multi-user.target.wants/cron.service": "/usr/lib/systemd/system/cron.service"},
    "links": {"etc/systemd/system/swap.target.wants/dev-sdc.swap": "/usr/lib/systemd/system/dev-sdc.swap"},
    "listener": {"proc/1/fd/3": "socket:[77]", "proc/1/exe": "/usr/bin/x"},
    "disk": {"sys/dev/block/8:1": "../../devices/sda/sda1"},
}


def odd_nodes(base: Path) -> tuple[Path, ...]:
    """All of them, each in a directory of its own."""
    for name, files in _TREES.items():
        for path, content in files.items():
            write(base / name, path, content)
        for path in [path for path in files if path.endswith(".init")]:
            (base / name / path).chmod(0o755)
        for path, target in _LINKS.get(name, {}).items():
            place = base / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
    raw = gzip.decompress((Path(__file__).parent / "packages/rpmdb/rpmdb.sqlite.gz").read_bytes())
    for folder in ("usr/lib/sysimage/rpm", "var/lib/rpm", "usr/share/rpm"):
        place = base / folder.replace("/", "-") / folder / "rpmdb.sqlite"
        place.parent.mkdir(parents=True)
        place.write_bytes(raw)
    return tuple(sorted(base.iterdir()))
