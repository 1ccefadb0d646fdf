"""Addresses by others: bit by bit after those before, so that what is of one network stays of one.

Loopback, link-local, multicast, unspecified and reserved addresses stay as they are, private ones stay private, public
ones public. Netmasks are no addresses.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from nodecheck.capturing.permute import RedactKey
from nodecheck.host.link_address import PLACEHOLDERS

_KEPT4 = ((0, 8), (127, 8), (0xA9FE, 16), (0b111, 3))
"""Bits and how many: this network, loopback, link-local, multicast and what is reserved, netmasks among them."""
_WITHIN4 = (*_KEPT4, (10, 8), (0xAC1, 12), (0xC0A8, 16), (0x191, 10))
"""What no other address becomes: also the private ranges, and that of carriers (RFC 6598)."""
_KEPT6 = ((0, 96), (0xFF, 8), (0x3FA, 10))
_MAPPED = (((0xFFFF, 96), 0xFFFF << 32), ((0x64FF9B << 64, 96), 0x64FF9B << 96))
"""IPv4 addresses in IPv6 ones: mapped, and those of NAT64."""
_WITHIN6 = (*_KEPT6, (0xFFFF, 96), (0x64FF9B << 64, 96), (0xFC, 8), (0xFD, 8), (1, 3))

_MASKS = ("128.0.0.0", "192.0.0.0")
"""Those that could be addresses."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = re.compile(
    rf"(?<![\dvV])(?<!\d\.)({_OCTET}(?:\.{_OCTET}){{3}})(?!\.?\d)((?:\n[ \t]*)?/([0-9]{{1,2}})(?![0-9.]))?"
)
IPV6 = re.compile(
    r"(?<![\w:.])((?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{0,4}|\d+\.\d+\.\d+\.\d+))(?![\w:]|\.\d)(/([0-9]{1,3})(?![0-9.]))?"
)
MAC = re.compile(
    r"(?<![\w:-])(?:[0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\1){4,18}[0-9a-fA-F]{2}(?![\w:-])|(?<![\w])(enx)([0-9a-f]{12})(?![\w])"
)


class OtherAddresses:
    """Addresses under a key. ``table`` holds what became what."""

    def __init__(self, key: RedactKey, table: dict[str, str]) -> None:
        self._key = key
        self._table = table

    def text(self, text: str) -> str:
        """A text with other addresses; where a length stands behind one, what is a network stays one."""
        if ":" in text or "enx" in text or "-" in text:
            text = MAC.sub(self._mac_found, text)
        if ":" in text:
            text = IPV6.sub(lambda found: self.ipv6(found[1], _length(found[3], 128)) + (found[2] or ""), text)
        if "." in text:
            text = IPV4.sub(lambda found: self.ipv4(found[1], _length(found[3], 32)) + (found[2] or ""), text)
        return text

    def ipv4(self, text: str, length: int = 32) -> str:
        """Another IPv4 address; of a network with so many bits another network."""
        number = int(IPv4Address(text))
        return self._kept(text, str(IPv4Address(self.number4(number, length))))

    def number4(self, number: int, length: int = 32) -> int:
        """The same of a number."""
        if any(number >> (32 - size) == bits for bits, size in _KEPT4) or str(IPv4Address(number)) in _MASKS:
            return number
        return self._bits(number, 32, _network(number, 32, length), _WITHIN4)

    def ipv6(self, text: str, length: int = 128) -> str:
        """Another IPv6 address; the text as it is where it is none."""
        try:
            number = int(IPv6Address(text))
        except AddressValueError:
            return text
        found = self.number6(number, length)
        return text if found == number else self._kept(text, str(IPv6Address(found)))

    def number6(self, number: int, length: int = 128) -> int:
        """The same of a number."""
        for (bits, size), base in _MAPPED:
            if number >> (128 - size) == bits:
                return base | self.number4(number & 0xFFFFFFFF, max(0, length - 96))
        if number >> 118 == _KEPT6[2][0]:
            return number >> 64 << 64 | self._interface(number & (1 << 64) - 1)
        if any(number >> (128 - size) == bits for bits, size in _KEPT6):
            return number
        return self._bits(number, 128, _network(number, 128, length), _WITHIN6)

    def _interface(self, number: int) -> int:
        """The half that a link-local address makes of a MAC (EUI-64, RFC 4291); any other stays."""
        raw = number.to_bytes(8, "big")
        if raw[3:5] != b"\xff\xfe":
            return number
        mac = self.mac_bytes(bytes([raw[0] ^ 2]) + raw[1:3] + raw[5:])
        return int.from_bytes(bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:], "big")

    def _bits(self, number: int, width: int, length: int, within: tuple[tuple[int, int], ...]) -> int:
        found, free = 0, False
        for at in range(length):
            before, bit = number >> (width - at), number >> (width - 1 - at) & 1
            if any(size > at and bits >> (size - at) == before for bits, size in within):
                flip = 0
            elif not free:
                flip, free = 1, True  # so that no address stays
            else:
                flip = self._key.number(f"ip{width}\0{at}\0{before}") & 1
            found = found << 1 | bit ^ flip
        return found << (width - length) | number & (1 << (width - length)) - 1

    def _mac_found(self, found: re.Match[str]) -> str:
        if found[2]:
            return self._kept(found[0], f"enx{self.mac(found[3])}")
        return self.mac(found[0])

    def mac(self, text: str) -> str:
        """Another hardware address; which of its bits say local and group stay. Longer ones (InfiniBand) too."""
        digits = re.sub("[:-]", "", text)
        found = self.mac_bytes(bytes.fromhex(digits)).hex()
        if len(digits) < len(text):
            found = text[2].join([found[at : at + 2] for at in range(0, len(found), 2)])
        return self._kept(text, found.upper() if text.upper() == text and text.lower() != text else found)

    def mac_bytes(self, raw: bytes) -> bytes:
        if not raw.strip(b"\0") or not raw.strip(b"\xff") or raw.hex(":") in PLACEHOLDERS:
            return raw
        kept = raw[0] & 3
        number = raw[0] >> 2 << 8 * (len(raw) - 1) | int.from_bytes(raw[1:], "big")
        found = self._key.permuted("mac", number, 1 << 8 * len(raw) - 2).to_bytes(len(raw), "big")
        rest = len(raw) - 1
        return bytes([(int.from_bytes(found, "big") >> 8 * rest & 0x3F) << 2 | kept]) + found[1:]

    def _kept(self, text: str, found: str) -> str:
        if text != found:
            self._table[text] = found
        return found


def _length(text: str | None, most: int) -> int:
    return most if text is None or int(text) > most else int(text)


def _network(number: int, width: int, length: int) -> int:
    """How many bits are to change: those of the network, where no other is set."""
    length = min(max(length, 0), width)
    return length if not number & (1 << (width - length)) - 1 else width
