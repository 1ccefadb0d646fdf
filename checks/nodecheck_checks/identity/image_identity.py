"""What an image must not have: the identity of the machine that it was made of."""

from __future__ import annotations

from nodecheck.checking import Outcome, Results, Severity, check, seen, unknown
from nodecheck.facts import IdentityFiles
from nodecheck.facts.distro.identity_files import (
    CLOUD_INSTANCES,
    CREDENTIAL_SECRET,
    DBUS_ID,
    LOADER_SEEDS,
    MACHINE_ID,
    RANDOM_SEED,
    SSH,
    IdentityFile,
)
from nodecheck.fix import by_hand
from nodecheck.requirements.asked import IMAGE
from nodecheck.requirements.table import Row, Table, verdict

_IMAGES = "systemd.io/BUILDING_IMAGES"


def _row(path: str, wanted: str, reason: str, source: str = _IMAGES) -> Row:
    return Row(path, wanted, reason, source, Severity.WARNING)


OWN = Table(
    _row(MACHINE_ID, "absent, empty or uninitialized", "every node of the image would have this id", "machine-id(5)"),
    _row(
        DBUS_ID, "absent or a link", "systemd makes it the machine id of every node of the image",
        "systemd-machine-id-setup(1)",
    ),
    _row(SSH, "no host keys", "who has the image can pose as each of its nodes", "sshd(8)"),
    _row(
        CLOUD_INSTANCES, "no instance", "cloud-init may take a node for the old instance, and skip its set-up",
        "cloud-init clean",
    ),
    _row(RANDOM_SEED, "absent", "every node of the image would start from the same seed"),
    _row(CREDENTIAL_SECRET, "absent", "every node of the image would seal its credentials with the same key"),
    *[_row(path, "absent", "every node of the image would start from the same seed") for path in LOADER_SEEDS],
)  # fmt: skip

DELETE = {
    MACHINE_ID: "Empty /etc/machine-id, or write `uninitialized` into it, so that the first boot makes an id",
    DBUS_ID: "Delete /var/lib/dbus/machine-id, or make it a link to /etc/machine-id",
    SSH: "Delete /etc/ssh/ssh_host_*; the first boot makes new ones where the distribution or cloud-init does so",
    CLOUD_INSTANCES: "Run cloud-init clean in the image, or delete /var/lib/cloud/instance and what is in instances",
}


@check(severity=Severity.WARNING, tags=["identity"], topic="system", view="boot", phases=(IMAGE,), rows=OWN)
def image_identity(files: IdentityFiles) -> Results:
    """An image holds no identity of the machine that it was made of.

    ## Why it matters
    Nodes that boot from one image differ by what their first boot makes: machine id, host keys, random seed. What lies
    in the image already is the same on all of them. Equal machine ids give equal DHCP leases, and journals that mix.
    Equal host keys let whoever has the image pose as each node.

    ## What it looks at
    Only the phase `image`, which nodecheck finds for a whole root that was never booted, or that `--phase image` gives.

    - `/etc/machine-id` is absent, empty or `uninitialized`. Where it holds an id, nodecheck does not find the phase:
      give `--phase image`.
    - `/var/lib/dbus/machine-id` is absent, empty or a link: systemd makes the first id of one that is there.
    - `/etc/ssh` has no `ssh_host_*_key`. cloud-init replaces them at the first boot of a new instance; an image that is
      handed on still gives the old ones away.
    - `/var/lib/cloud/instances` is empty, and there is no `/var/lib/cloud/instance`.
    - There is no `/var/lib/systemd/random-seed`, no `/var/lib/systemd/credential.secret`, and no `loader/random-seed`
      on the boot partition, of which only one that is there is shown.

    Ids, keys and seeds are never shown, and of keys and seeds only the names are read.

    ## How to fix it
    Delete them in the image as the last step of its build. `virt-sysprep`, `cloud-init clean --machine-id` and
    `systemd-firstboot --reset` each remove a part of them.

    ## Sources
    systemd.io/BUILDING_IMAGES; machine-id(5); systemd-machine-id-setup(1); cloud-init `clean`; the tests of
    kubernetes-sigs/image-builder.
    """
    for row in OWN:
        there = files.found[row.name]
        if row.name not in LOADER_SEEDS or there.owned or there.error is not None:
            yield judged(row, there)


def judged(row: Row, there: IdentityFile) -> Outcome:
    """One path by its row."""
    if there.error is not None:
        return unknown(f"{row.name}: {there.error}", code=there.error.code, subject=row.name, expected=row.wanted)
    fix = by_hand(f"Take the identity at {row.name} out of the image", DELETE.get(row.name, f"Delete {row.name}"))
    return verdict(not there.owned, f"{row.name}: {there.state}", row, there.state, [seen(row.name, there.state)], fix)
