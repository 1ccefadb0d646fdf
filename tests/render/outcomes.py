"""The three commonest outcomes of a run, as trees of nodes: fit, with something wrong, and before Kubernetes.

The fit node and the one with faults are Debian 13 nodes of kubeadm (``tests/nodes.py``). The one before Kubernetes is
Debian 13 as its packages set it up (``tests/healthy``), with the files of ``/proc`` that such a kernel shows.
"""

from __future__ import annotations

from pathlib import Path

from nodecheck.testing import write_tree
from tests.healthy.nodes import entries
from tests.healthy.setups import CONFIGURED, MACHINE, RUNTIME, Setup
from tests.nodes import debian_node

CGROUPS = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n" + "".join(
    f"{name}\t{number}\t60\t1\n"
    for number, name in enumerate(
        ("cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "perf_event", "hugetlb", "pids"), 2
    )
)
"""/proc/cgroups of a node with cgroup v1."""


def fit(root: Path) -> Path:
    """A worker that kubeadm joined: nothing is wrong."""
    return debian_node(root)


def faulty(root: Path) -> Path:
    """The same with two errors (swap and forwarding, now and at boot) and three warnings."""
    node = debian_node(root)
    (node / "sys/fs/cgroup/cgroup.controllers").unlink()
    return write_tree(
        node,
        {
            "etc/fstab": "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n",
            "proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
            "/swap.img                               file\t\t2097148\t\t0\t\t-2\n",
            "etc/sysctl.d/k8s.conf": "".join(f"net.bridge.bridge-nf-call-ip{six}tables = 1\n" for six in ("", "6")),
            "etc/sysctl.d/99-sysctl.conf": "net.ipv4.ip_forward = 0\n",
            "proc/sys/net/ipv4/ip_forward": "0\n",
            "etc/nftables.conf": "flush ruleset\ntable inet filter {\n\tchain input {\n"
            "\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "proc/cgroups": CGROUPS,
            "etc/ufw/ufw.conf": "ENABLED=yes\nLOGLEVEL=low\n",
        },
    )


def before_kubernetes(root: Path) -> Path:
    """A machine without a runtime and without a kubelet: what an installer meets."""
    bare = Setup(("debian-13",), "1.34", MACHINE, removed=RUNTIME, without=CONFIGURED)
    return write_tree(
        root,
        {
            **{entry.path: entry.entry for entry in entries(bare)},
            "proc/modules": "ext4 1146880 1 - Live 0x0000000000000000\n",
            "proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
            "proc/filesystems": "nodev\tsysfs\nnodev\tproc\n\text4\n",
            "proc/sys/kernel/hostname": "node1\n",
            "proc/sys/kernel/osrelease": "6.12.118+deb13-cloud-amd64\n",
            "proc/sys/net/ipv4/ip_forward": "0\n",
            "proc/self/attr/current": "unconfined\n",
            "proc/1/net/unix": "Num       RefCount Protocol Flags    Type St Inode Path\n",
            "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids\n",
        },
    )


OUTCOMES = {"fit": fit, "faulty": faulty, "before-kubernetes": before_kubernetes}
