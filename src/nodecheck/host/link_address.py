"""Hardware addresses, of which only derived ones go on: equal for equal addresses, and not telling which those are.

An address has 46 bits that are its own, so that who tries them all finds it; a value that is derived keeps it out of
what people read and send.
"""

from __future__ import annotations

from nodecheck.digest import APPLICATION_ID, hmac_sha256

LEFT_OUT = "left out"
"""In the place of an address that is in no capture."""

MOST_BYTES = 32
"""Of an address in the kernel (``MAX_ADDR_LEN``)."""

PLACEHOLDERS = (
    *[f"52:54:00:12:34:{number:02x}" for number in range(0x56, 0x5E)],
    "00:e0:4c:53:44:58", "00:11:22:33:44:55", "00:01:02:03:04:05", "12:34:56:78:9a:bc", "aa:bb:cc:dd:ee:ff",
    "de:ad:be:ef:00:00", "de:ad:be:ef:00:01",
)  # fmt: skip
"""Addresses that many machines have: those of QEMU's first network cards where nobody gives one (net/net.c
``qemu_macaddr_default_if_unset``), that of all USB adapters with a DM9601 or SR9700 and no memory of their own, and
what people and boot loaders write as an example."""


def derived_address(told: str | None) -> str | None:
    """An address as text, by another one that is derived from it. Which bits say local and group stay.

    Kept are all zeros, all ones, those that many machines have, and what is no address.

    >>> derived_address("52:54:00:12:34:56"), derived_address("00:00:00:00:00:00"), derived_address(None)
    ('52:54:00:12:34:56', '00:00:00:00:00:00', None)
    >>> derived_address("52:54:00:ab:cd:ef")
    'b2:81:58:02:18:a0'
    """
    raw = address_bytes(told)
    if told is None or raw is None or not raw.strip(b"\0") or not raw.strip(b"\xff") or told.lower() in PLACEHOLDERS:
        return told
    return _text(_derived(raw))


def known_again(derived: str | None) -> str | None:
    """A derived address as it is, but one that many machines have as that: for who derived without knowing them."""
    return _again().get(derived, derived) if derived is not None else None


def _again() -> dict[str, str]:
    if not _AGAIN:
        _AGAIN.update({_text(_derived(bytes.fromhex(one.replace(":", "")))): one for one in PLACEHOLDERS})
    return _AGAIN


_AGAIN: dict[str, str] = {}


def _derived(raw: bytes) -> bytes:
    found = hmac_sha256(raw, APPLICATION_ID)[: len(raw)]
    return bytes([(found[0] & 0xFC) | (raw[0] & 3)]) + found[1:]


def _text(raw: bytes) -> str:
    return ":".join([f"{byte:02x}" for byte in raw])


def address_bytes(told: str | None) -> bytes | None:
    """The bytes of an address as text; None for what is none."""
    words = (told or "").split(":")
    if not 1 < len(words) <= MOST_BYTES or not all(len(word) == 2 for word in words):
        return None
    try:
        return bytes.fromhex("".join(words))
    except ValueError:
        return None
