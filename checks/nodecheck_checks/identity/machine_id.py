"""The id by which systemd, D-Bus and the kubelet know the machine."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Results, Severity, check, fail, ok, seen, skip
from nodecheck.facts import Container, InitSystem, MachineIds
from nodecheck.facts.services.machine_ids import ABSENT, DBUS_ID, MACHINE_ID, UNSET, VALID, MachineId
from nodecheck.fix import MANUAL, Fix, by_hand, manual
from nodecheck.requirements.asked import INSTALL, JOIN, STEADY, UPGRADE

WANTED = "32 lower-case hexadecimal digits, not all zero"

ANEW = Fix(
    "Give the machine a new id",
    (
        manual(
            "Drain the node, empty /etc/machine-id, run systemd-machine-id-setup, and reboot. "
            "DHCP may give the node another address then"
        ),
    ),
    MANUAL,
    reboot=True,
)
LINK = by_hand(
    "Let D-Bus use the machine's id",
    "Replace /var/lib/dbus/machine-id by a link to /etc/machine-id: systemd-tmpfiles makes it where no file is",
)


@check(tags=["identity"], topic="system", phases=(INSTALL, JOIN, UPGRADE, STEADY))
def machine_id(ids: MachineIds, init: Lazy[InitSystem], container: Lazy[Container]) -> Results:
    """The machine id is valid, and the same for systemd and D-Bus.

    ## Why it matters
    The kubelet gives the id to the cluster as `machineID`. systemd's journal, its DHCP client and CNI plugins know the
    machine by it. What is no id gives each of them another idea of which machine this is.

    ## What it looks at
    `/etc/machine-id` holds 32 lower-case hexadecimal digits that are not all zero. The kubelet looks at
    `/var/lib/dbus/machine-id` where there is no such file: an empty one is its answer. That of D-Bus, where it is
    there, holds the same id; another one is a warning.

    The id itself is never shown. Reports have a value that is derived from it, which is the node's own id in them.
    Equal ids give equal values: the reports of two nodes show whether one is a clone. A capture holds the file as it
    is, unless it is redacted.

    A root that has no id yet is skipped: its first boot makes one. `image-identity` judges an image. In a
    container, and where systemd is not the init, a node without an id is skipped.

    ## How to fix it
    A clone gets a new id: empty `/etc/machine-id`, run `systemd-machine-id-setup`, and reboot. Make the file of D-Bus a
    link to it.

    ## Sources
    machine-id(5); systemd-machine-id-setup(1); cAdvisor `--machine-id-file` (`/etc/machine-id,
    /var/lib/dbus/machine-id`); kubernetes/kubeadm#31.
    """
    of_dbus = ids.own.state in UNSET and ids.dbus.state not in UNSET and not _shadowed(ids, init, container)
    used = ids.dbus if of_dbus else ids.own
    path = DBUS_ID if used is ids.dbus else MACHINE_ID
    evidence = [_evidence(MACHINE_ID, ids.own), _evidence(DBUS_ID, ids.dbus)]
    if used.state in UNSET and not _booted(ids, init, container):
        yield skip(f"{path} is {used.state}: no boot of systemd made an id", code="not-found", evidence=evidence)
    elif used.state != VALID:
        message = f"{path} holds no machine id: it is {used.state}"
        yield fail(message, expected=WANTED, actual=used.state, evidence=evidence, fix=ANEW)
    elif ids.dbus.state == VALID and ids.dbus.derived != used.derived:
        yield fail(
            f"{DBUS_ID} holds another id than {MACHINE_ID}", expected=used.derived, actual=ids.dbus.derived,
            evidence=evidence, fix=LINK, severity=Severity.WARNING,
        )  # fmt: skip
    else:
        yield ok("the machine id is valid", expected=WANTED, actual=used.derived, evidence=evidence)


def _shadowed(ids: MachineIds, init: Lazy[InitSystem], container: Lazy[Container]) -> bool:
    """Whether the kubelet reads an empty file, and no other: it takes the first that is there.

    systemd takes the id of D-Bus there, and writes it at boot (cAdvisor machine/info.go, ``getInfoFromFiles``).
    """
    return ids.own.state != ABSENT and _booted(ids, init, container)


def _booted(ids: MachineIds, init: Lazy[InitSystem], container: Lazy[Container]) -> bool:
    """Whether systemd booted the node, which makes an id where there is none."""
    return ids.running and init().present and init().is_systemd and container().kind is None


def _evidence(path: str, found: MachineId) -> Evidence:
    return seen(path, found.state if found.derived is None else f"{found.state}, derived: {found.derived}")
