"""The id that the firmware, or the hypervisor, gives the machine."""

from __future__ import annotations

from nodecheck.checking import Results, check, fail, ok, seen, skip
from nodecheck.facts import ProductUuid
from nodecheck.facts.distro.product_uuid import PRODUCT_UUID
from nodecheck.fix import by_hand

WANTED = "a UUID that no other machine has"
FIX = by_hand(
    "Give the machine a UUID of its own",
    "Set it in the firmware with its maker's tool, or give the virtual machine a new one in its hypervisor",
)


@check(tags=["identity", "kubeadm"], topic="hardware", by_host=True)
def product_uuid(found: ProductUuid) -> Results:
    """The machine's UUID is one that no other machine has.

    ## Why it matters
    kubeadm's documentation asks for a unique `product_uuid` on every node: the kubelet gives it to the cluster as
    `systemUUID`. Cloud providers and storage drivers find a node by it, and take one for another where it is the same.

    ## What it looks at
    `/sys/class/dmi/id/product_uuid`, which root alone can read: for others it is `unknown`. Values that makers leave in
    their firmware, or of one digit only, are on many machines and fail. What is no UUID fails too.

    Of any other value only a derived one is shown. Equal ids give equal values: the reports of two nodes show whether
    one is a clone.

    Skipped where the file is not there: on boards without SMBIOS, and where the firmware has no UUID. A capture leaves
    its content out, and is skipped too.

    ## How to fix it
    Give a cloned virtual machine a new UUID in its hypervisor. On a real machine the tool of the board's maker sets it.

    ## Sources
    kubeadm's "Installing kubeadm" (unique MAC address and product_uuid); drivers/firmware/dmi_scan.c (`dmi_save_uuid`);
    kubernetes/kubeadm#31, kubernetes/kubernetes#68817.
    """
    if found.state in ("absent", "left out"):
        code = "not-found" if found.state == "absent" else "not-captured"
        yield skip(f"{PRODUCT_UUID} is {found.state}", code=code, evidence=[seen(PRODUCT_UUID, found.state)])
    elif found.derived is None:
        message = f"the machine's UUID is {found.state}"
        if found.state != "no UUID":
            message = f"{message}, which many machines have"
        evidence = [seen(PRODUCT_UUID, found.state)]
        yield fail(message, expected=WANTED, actual=found.state, evidence=evidence, fix=FIX)
    else:
        evidence = [seen(PRODUCT_UUID, f"valid, derived: {found.derived}")]
        yield ok("the machine has a UUID", expected=WANTED, actual=found.derived, evidence=evidence)
