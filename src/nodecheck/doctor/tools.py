"""The programs that nodecheck may ask, and whether it would run them."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.doctor.items import Item, missing, note, ok
from nodecheck.errors import Absent, FactError

TOPIC = "tools"

TOOLS = {
    "systemctl": "what services do now",
    "docker": "its version",
    "containerd": "its version",
    "crio": "its version",
    "runc": "its version",
    "kubelet": "its version",
    "kubeadm": "its version",
    "kubectl": "its version",
    "iptables-legacy-save": "the rules of iptables-legacy",
}


def tools() -> Iterator[Item]:
    """Each tool: where it is, that it is not here, or that it must not be run."""
    from nodecheck.host.programs import find_program

    for name, purpose in TOOLS.items():
        try:
            yield ok(TOPIC, name, find_program(name))
        except Absent:
            yield note(TOPIC, name, f"not here ({purpose})")
        except FactError as error:
            needs = "to be root's, in directories that root alone can write"
            yield missing(TOPIC, name, f"not run: {error.source}: {error.detail}", needs)
