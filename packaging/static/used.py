"""Print the files that a run imports, one a line: ``python used.py LIBRARY PACKAGES NODE``. They are not compressed.

A node made of a few files in the folder ``NODE`` is judged, and what other nodes need is imported: so the list is the
same on every machine.
"""

import os
import sys

opened: "list[str]" = []  # before anything else is imported, so that nothing is missed
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)

FILES = {
    "etc/os-release": "ID=debian\nVERSION_ID=12\n",
    "etc/fstab": "/dev/sda1 / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n",
    "etc/hostname": "node\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/sysctl.d/99.conf": "net.ipv4.ip_forward = 1\n",
    "etc/modules-load.d/k8s.conf": "br_netfilter\n",
    "etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n',
    "etc/containerd/config.toml": "version = 2\n",
    "etc/udev/rules.d/99.rules": 'SUBSYSTEM=="net", ACTION=="add"\n',
    "etc/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet --v=2\n",
    "var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\ncgroupDriver: systemd\nfailSwapOn: true\n",
    "etc/kubernetes/manifests/kube-apiserver.yaml": "kind: Pod\nspec: {containers: [{command: [kube-apiserver]}]}\n",
    "var/lib/dpkg/status": "Package: systemd\nStatus: install ok installed\nVersion: 252\n",
    "proc/swaps": "Filename Type Size Used Priority\n",
    "proc/sys/net/ipv4/ip_forward": "1\n",
    "proc/modules": "br_netfilter 16384 0 - Live 0x0\n",
    "usr/lib/systemd/systemd": "",
    "usr/bin/kubelet": "",
}
OTHERS = (
    "nodecheck.facts.acts.networkd", "nodecheck.facts.cluster.component_ports", "nodecheck.facts.files.mounts",
    "nodecheck.facts.kubelet.agents", "nodecheck.facts.packages.apt_lists", "nodecheck.facts.packages.rpm",
    "nodecheck.facts.services.condition_tests", "nodecheck.host.clock", "nodecheck.host.commands",
    "nodecheck.host.filesystems", "nodecheck.host.live", "nodecheck.host.netlink.atoms",
    "nodecheck.host.netlink.decode", "nodecheck.host.netlink.tables", "nodecheck.host.netlink.wire",
    "nodecheck.running.contradictions", "selectors", "signal", "subprocess",
)  # fmt: skip
"""What this node does not need, and a live one or one of another distribution does."""

MESSAGES = (
    ("netlink.rtnl.ifinfmsg", "ifinfmsg"), ("netlink.rtnl.ifaddrmsg", "ifaddrmsg"), ("netlink.rtnl.rtmsg", "rtmsg"),
    ("netlink.diag", "inet_diag_msg"),
)  # fmt: skip


def main(library: str, packages: str, node: str) -> None:
    """Both folders, and nothing else, are imported from."""
    sys.path[:] = [packages, library]
    for name, text in FILES.items():
        path = f"{node}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    shown = sys.stdout
    with open(os.devnull, "w") as sys.stdout:
        judged(node)
    sys.stdout = shown
    for folder in (library, packages):
        for path in sorted(set(opened)):
            if path.startswith(f"{folder}/") and os.path.isfile(path):
                print(path[len(folder) + 1 :])


def judged(node: str) -> None:
    """A run for people, and what other nodes need."""
    from nodecheck.cli import _run

    _run(["run", "--root", node])
    from importlib import import_module

    for name in OTHERS:
        import_module(name)
    from nodecheck.host.netlink.view import message_class

    for module, name in MESSAGES:
        message_class(module, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
