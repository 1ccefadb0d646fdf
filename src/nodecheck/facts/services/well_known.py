"""The units that a node's fitness is about as a rule."""

from __future__ import annotations

TIME_SERVICES = (
    "chronyd.service", "chrony.service", "ntpd.service", "ntp.service", "ntpsec.service", "openntpd.service",
    "ntpd-rs.service", "systemd-timesyncd.service",
)  # fmt: skip
"""Units of time services, the one that runs where there are several first: the others' packages turn timesyncd off."""

PTP_SERVICES = ("timemaster.service", "phc2sys.service", "ptp4l.service", "ptpd.service", "sfptpd.service")
"""Units that keep the clock by PTP where they are enabled; the package linuxptp brings three of them turned off.

timemaster starts a chronyd of its own, and conflicts with chronyd's unit.
"""

GUEST_TIME_SERVICES = ("vboxadd-service.service", "virtualbox-guest-utils.service", "vboxservice.service")
"""VirtualBox's service in a guest, which keeps the clock after the host's: with it systemd-timesyncd does not start."""

AGENTS = (
    "k3s.service", "k3s-agent.service", "rke2-server.service", "rke2-agent.service", "k0scontroller.service",
    "k0sworker.service", "snap.microk8s.daemon-kubelite.service", "snap.k8s.kubelet.service",
)  # fmt: skip
"""Units that hold a kubelet, and but for those of snaps the runtime too."""

RUNTIMES = ("containerd.service", "crio.service", "docker.service")

WELL_KNOWN = (
    *RUNTIMES, "cri-docker.service", "kubelet.service", "snap.kubelet.daemon.service", *AGENTS,
    "snap.microk8s.daemon-containerd.service", *TIME_SERVICES, *PTP_SERVICES,
    *GUEST_TIME_SERVICES,
)  # fmt: skip
"""The units that a node's fitness is about as a rule: only their texts are read then."""
