"""Make a full Debian root, once, for ``startup.py --root``: what a real node's tree costs to read.

    python benchmarks/debian_root.py DIR [--sources FILE]

Needs root, ``openssl``, and ``apt-get install --no-install-recommends mmdebstrap debian-archive-keyring``. It takes
some minutes and 1 GiB. Nothing of it runs or stays mounted, and a DIR that exists already is refused.

Debian 12 with what people keep on a node, because each of it brings files that a run over the root reads:

- systemd, udev, dbus, kmod and a cloud kernel with its modules: units, rules, modules.dep;
- docker, containerd, runc, the tools of ipvs and conntrack: the runtimes' configuration;
- ufw, nftables, iptables: rules of a firewall, and sysctls of its own;
- cloud-init, NetworkManager, netplan, ifupdown: who makes the host's name and its links;
- cron, chrony, rsyslog, FRR, zram-tools, ssh: services, jobs, timers, presets;
- dpkg's database of all that.

On top of it, as kubeadm 1.30 leaves a control plane: the kubelet's unit with ``10-kubeadm.conf``, its ``config.yaml``,
static pods, kubeconfigs, and a pki of twelve certificates. Debian has no kubelet and no kubeadm: their programs are
scripts that end at once (nothing is run of a root). The certificates are made anew each time, so trees that were made
on two days differ; figures to compare are taken on one tree.
"""

from __future__ import annotations

import argparse
import base64
import os
import subprocess
import sys
from pathlib import Path

RELEASE = "bookworm"
PACKAGES = (
    *("systemd-sysv", "udev", "dbus", "kmod", "procps", "linux-image-cloud-amd64", "initramfs-tools"),
    *("docker.io", "containerd", "runc", "ipset", "ipvsadm", "conntrack", "socat", "ethtool"),
    *("ufw", "nftables", "iptables", "iproute2"),
    *("cloud-init", "network-manager", "netplan.io", "ifupdown"),
    *("cron", "chrony", "rsyslog", "frr", "zram-tools", "openssh-server"),
)
PKI = "etc/kubernetes/pki"
KUBELET_PKI = "var/lib/kubelet/pki"
AUTHORITIES = (f"{PKI}/ca", f"{PKI}/front-proxy-ca", f"{PKI}/etcd/ca")
SIGNED = (
    (f"{PKI}/ca", f"{PKI}/apiserver", "/CN=kube-apiserver"),
    (f"{PKI}/ca", f"{PKI}/apiserver-kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client"),
    (f"{PKI}/front-proxy-ca", f"{PKI}/front-proxy-client", "/CN=front-proxy-client"),
    (f"{PKI}/etcd/ca", f"{PKI}/apiserver-etcd-client", "/CN=kube-apiserver-etcd-client"),
    (f"{PKI}/etcd/ca", f"{PKI}/etcd/server", "/CN=node1"),
    (f"{PKI}/etcd/ca", f"{PKI}/etcd/peer", "/CN=node1"),
    (f"{PKI}/etcd/ca", f"{PKI}/etcd/healthcheck-client", "/CN=kube-etcd-healthcheck-client"),
    (f"{PKI}/ca", f"{KUBELET_PKI}/kubelet", "/O=system:nodes/CN=node1"),
    (f"{PKI}/ca", f"{KUBELET_PKI}/kubelet-client", "/O=system:nodes/CN=system:node:node1"),
)
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
USERS = ("admin", "super-admin", "kubelet", "controller-manager", "scheduler")
FILES = {
    "etc/hostname": "node1\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 node1.example.org node1\n192.0.2.10 node1\n",
    "etc/fstab": "UUID=5d2b6a3e-0000-4000-8000-000000000001 / ext4 errors=remount-ro 0 1\n",
    "etc/modules-load.d/k8s.conf": "overlay\nbr_netfilter\nip_vs\nip_vs_rr\nip_vs_wrr\nip_vs_sh\n",
    "etc/sysctl.d/k8s.conf": (
        "net.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\nnet.ipv4.ip_forward = 1\n"
    ),
    "etc/containerd/config.toml": (
        'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\n'
        'runtime_type = "io.containerd.runc.v2"\n'
        '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\nSystemdCgroup = true\n'
    ),
    "etc/docker/daemon.json": '{"exec-opts": ["native.cgroupdriver=systemd"], "log-driver": "json-file"}\n',
    "etc/NetworkManager/system-connections/eth0.nmconnection": (
        "[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n\n[ipv4]\nmethod=manual\naddress1=192.0.2.10/24,192.0.2.1\n"
    ),
    "etc/cni/net.d/10-bridge.conflist": (
        '{"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "bridge", "isGateway": true,'
        ' "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]]}}, {"type": "portmap"}]}\n'
    ),
    "usr/lib/systemd/system/kubelet.service": (
        "[Unit]\nDescription=kubelet: The Kubernetes Node Agent\n"
        "Wants=network-online.target\nAfter=network-online.target\n\n"
        "[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\nStartLimitInterval=0\nRestartSec=10\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    ),
    "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": (
        "[Service]\n"
        'Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf'
        ' --kubeconfig=/etc/kubernetes/kubelet.conf"\n'
        'Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"\n'
        "EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\nEnvironmentFile=-/etc/default/kubelet\nExecStart=\n"
        "ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS"
        " $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS\n"
    ),
    "var/lib/kubelet/kubeadm-flags.env": (
        'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///var/run/containerd/containerd.sock"\n'
    ),
    "var/lib/kubelet/config.yaml": (
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
        "authentication:\n  anonymous:\n    enabled: false\n  webhook:\n    cacheTTL: 0s\n    enabled: true\n"
        "  x509:\n    clientCAFile: /etc/kubernetes/pki/ca.crt\n"
        "authorization:\n  mode: Webhook\n  webhook:\n    cacheAuthorizedTTL: 0s\n    cacheUnauthorizedTTL: 0s\n"
        "cgroupDriver: systemd\nclusterDNS:\n- 10.96.0.10\nclusterDomain: cluster.local\n"
        "containerRuntimeEndpoint: unix:///var/run/containerd/containerd.sock\n"
        "healthzBindAddress: 127.0.0.1\nhealthzPort: 10248\nrotateCertificates: true\n"
        "staticPodPath: /etc/kubernetes/manifests\n"
    ),
}


def install(root: Path, sources: str | None) -> None:
    """The packages; mmdebstrap mounts what it needs in a mount namespace of its own and leaves nothing mounted."""
    subprocess.run(
        [
            *("mmdebstrap", "--mode=root", "--variant=minbase", "--include=" + ",".join(PACKAGES)),
            *("--aptopt=Apt::Install-Recommends false", "--dpkgopt=force-unsafe-io"),
            *("--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*"),
            *(RELEASE, str(root), *([sources] if sources else [])),
        ],
        check=True,
    )


def write(root: Path, path: str, text: str, mode: int = 0o644) -> None:
    """One file, with the directories above it."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)


def openssl(*arguments: str) -> None:
    """Run openssl, which speaks only where it fails."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"openssl {arguments[0]}: {done.stderr}")


def certificates(root: Path) -> None:
    """Three authorities and what they signed: kubeadm's names, RSA 2048, ten years and one."""
    (root / PKI / "etcd").mkdir(parents=True)
    (root / KUBELET_PKI).mkdir(parents=True)
    for name in AUTHORITIES:
        certificate(root / name, "/CN=" + name.removeprefix(f"{PKI}/").replace("/", "-"), "3650")
    for signer, name, subject in SIGNED:
        certificate(root / name, subject, "365", "-CA", f"{root / signer}.crt", "-CAkey", f"{root / signer}.key")
    openssl("genrsa", "-out", f"{root / PKI}/sa.key", "2048")
    openssl("rsa", "-in", f"{root / PKI}/sa.key", "-pubout", "-out", f"{root / PKI}/sa.pub")
    both = "".join((root / f"{KUBELET_PKI}/kubelet-client.{end}").read_text() for end in ("crt", "key"))
    write(root, f"{KUBELET_PKI}/kubelet-client-current.pem", both, 0o600)


def certificate(path: Path, subject: str, days: str, *signed_by: str) -> None:
    """A certificate and its key; without a signer, its own."""
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-days", days)
    openssl(*new, *signed_by, "-keyout", f"{path}.key", "-out", f"{path}.crt")


def encoded(path: Path) -> str:
    """The file as a kubeconfig holds it."""
    return base64.b64encode(path.read_bytes()).decode()


def kubeconfigs(root: Path) -> None:
    """One for each user that kubeadm makes; only the kubelet's names a file for its certificate."""
    pki = root / PKI
    crt, key = (encoded(pki / f"apiserver-kubelet-client.{end}") for end in ("crt", "key"))
    inline = f"    client-certificate-data: {crt}\n    client-key-data: {key}\n"
    current = f"/{KUBELET_PKI}/kubelet-client-current.pem"
    named = f"    client-certificate: {current}\n    client-key: {current}\n"
    for user in USERS:
        text = (
            "apiVersion: v1\nkind: Config\ncurrent-context: default\n"
            f"clusters:\n- name: kubernetes\n  cluster:\n    certificate-authority-data: {encoded(pki / 'ca.crt')}\n"
            "    server: https://192.0.2.10:6443\n"
            f"contexts:\n- name: default\n  context:\n    cluster: kubernetes\n    user: {user}\n"
            f"users:\n- name: {user}\n  user:\n{named if user == 'kubelet' else inline}"
        )
        write(root, f"etc/kubernetes/{user}.conf", text, 0o600)


def static_pods(root: Path) -> None:
    """The four manifests of a control plane."""
    for name in COMPONENTS:
        write(
            root,
            f"etc/kubernetes/manifests/{name}.yaml",
            f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: kube-system\n"
            f"spec:\n  hostNetwork: true\n  containers:\n  - name: {name}\n    image: example.org/{name}:v1.30.4\n"
            f"    command:\n    - {name}\n    volumeMounts:\n    - mountPath: /etc/kubernetes/pki\n      name: pki\n"
            "  volumes:\n  - name: pki\n    hostPath:\n"
            "      path: /etc/kubernetes/pki\n      type: DirectoryOrCreate\n",
            0o600,
        )


def make(root: Path, sources: str | None) -> None:
    """The whole root."""
    install(root, sources)
    for path, text in FILES.items():
        write(root, path, text)
    for name in ("kubelet", "kubeadm", "kubectl"):
        write(root, f"usr/bin/{name}", "#!/bin/sh\nexit 1\n", 0o755)
    certificates(root)
    kubeconfigs(root)
    static_pods(root)
    subprocess.run(["chroot", str(root), "systemctl", "--quiet", "enable", "kubelet.service"], check=True)
    ufw = root / "etc/ufw/ufw.conf"
    ufw.write_text(ufw.read_text().replace("ENABLED=no", "ENABLED=yes"))


def main() -> None:
    """Make it where the argument says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR", help="where to make it; it must not exist yet")
    parser.add_argument("--sources", metavar="FILE", help="apt's sources of another mirror (default: mmdebstrap's own)")
    args = parser.parse_args()
    if os.geteuid():
        sys.exit("making a root needs root")
    if args.root.exists():
        sys.exit(f"{args.root} exists already")
    make(args.root, args.sources)


if __name__ == "__main__":
    main()
