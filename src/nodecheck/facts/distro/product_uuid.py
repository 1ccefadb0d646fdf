"""The id that the firmware gives the machine, of which only a derived value is kept (SMBIOS, type 1)."""

from __future__ import annotations

from nodecheck.errors import Absent, NotCaptured, Offline
from nodecheck.facts.distro.identity import derived_id
from nodecheck.host import Host
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

PRODUCT_UUID = "/sys/class/dmi/id/product_uuid"

PLACEHOLDERS = (
    "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
    "12345678-1234-5678-90ab-cddeefaabbcc", "fefefefe-fefe-fefe-fefe-fefefefefefe",
    "ffffff00-ffff-ffff-ffff-ffffffffffff", "4c4c4544-0000-2010-8020-80c04f202020",
)  # fmt: skip
"""What firmware holds that nobody filled in: American Megatrends' and its bytes in the other order, Insyde's, two
patterns, and Dell's without a service tag. FOG (lib/fog) and inventories of CapaSystems know them."""

_SHAPE = (8, 4, 4, 4, 12)


class ProductUuid(NamedTuple):
    """What the firmware says of which machine it is."""

    state: str
    """``valid``, ``no UUID``, ``absent``, ``left out`` of a capture, or a value that many machines have."""
    derived: str | None = None
    """Derived from one that is valid."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(PRODUCT_UUID),)

    @classmethod
    def read(cls, host: Host) -> ProductUuid:
        """Read as a part of a file: of such nothing is kept as evidence. Raises Denied for all but root, and Offline
        on a root, whose machine is another."""
        if not host.running:
            raise Offline(PRODUCT_UUID, "only a system that runs shows it")
        try:
            return parse_product_uuid(host.read_at(PRODUCT_UUID, 0, 4096))
        except Absent:
            return cls("absent")
        except NotCaptured:
            return cls("left out")


def parse_product_uuid(content: bytes) -> ProductUuid:
    r"""A UUID as the kernel prints it. All digits the same are none.

    >>> parse_product_uuid(b"03000200-0400-0500-0006-000700080009\n").state, parse_product_uuid(b"x\n").state
    ('03000200-0400-0500-0006-000700080009', 'no UUID')
    """
    line = content.decode("utf-8", "replace").strip(" \t\r\n").lower()
    digits = line.replace("-", "")
    if tuple(map(len, line.split("-"))) != _SHAPE or set(digits) - set("0123456789abcdef"):
        return ProductUuid("no UUID")
    if line in PLACEHOLDERS or len(set(digits)) == 1:
        return ProductUuid(line)
    return ProductUuid("valid", derived_id(digits))
