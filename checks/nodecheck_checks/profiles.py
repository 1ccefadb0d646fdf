"""The built-in profiles, as the tables that TOML would give (``nodecheck profile show NAME`` prints them)."""

from __future__ import annotations

from nodecheck.typed import Any

SCHEMA = "nodecheck.profile/1"

KUBERNETES: dict[str, Any] = {"schema": SCHEMA, "name": "kubernetes"}
"""Today's nodes, Kubernetes 1.17 to 1.37: the limits are the defaults of the checks' parameters."""

CENTOS7_KUBEADM_1_17: dict[str, Any] = {
    "schema": SCHEMA,
    "name": "centos7-kubeadm-1.17",
    "kubernetes": "1.17.4",
    "proxy-mode": "ipvs",
    "severity": {"time-sync": "error"},  # the installation asks for it by name
    "check": {
        # The RHEL family alone: the installation's steps are written for it.
        "os-release": {"minimum": {"rhel": "7.5"}, "unlisted": "fail"},
        "kernel-version": {"minimum": "3.10"},
        "kernel-next": {"minimum": "3.10"},
        # The installation loads the modules itself (ipvs.modules), and does not leave it to kube-proxy.
        "kernel-module": {"demand": "loaded"},
        "selinux": {"allow": ["disabled"]},
        "sysctl": {
            "require": {
                "net.bridge.bridge-nf-call-iptables": "1",
                "net.bridge.bridge-nf-call-ip6tables": "1",
                "net.ipv4.ip_forward": "1",
            }
        },
        "service": {"require": ["chronyd", "docker", "kubelet"]},
        "firewall": {"off": ["firewalld", "iptables"]},
        "command": {"require": ["ipset", "ipvsadm"]},
        "cgroup-driver": {"driver": "systemd"},
        "version": {"require": {"docker": "18.06.3", "kubeadm": "1.17.4", "kubelet": "1.17.1", "kubectl": "1.17.4"}},
    },
}
"""The reference installation: CentOS 7.5 or later, docker 18.06.3, kubeadm 1.17.4, kube-proxy in ipvs mode."""

PROFILES = (KUBERNETES, CENTOS7_KUBEADM_1_17)
