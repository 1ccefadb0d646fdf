"""DER (ITU-T X.690), as far as certificates and keys are written in it: tags of one byte, lengths that are given."""

from __future__ import annotations

LARGEST = 1 << 16
"""Bytes of one certificate or key: those of today have a few thousand, of RSA keys of 16384 bits some 9300."""

INTEGER, BITS, OCTETS, OID, UTC_TIME, ANY_TIME, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x17, 0x18, 0x30
"""Tags. Those of a context are ``0xA0`` and more where they hold elements, ``0x80`` and more where they do not."""


class NotDer(ValueError):
    """What is there is not what was to be read. The message says at which byte, and never what is there: it may be of a
    key."""


class TooLong(NotDer):
    """More than nodecheck reads, which says nothing about what others read."""


class Der:
    """Elements one after another. What is taken is checked against its bounds; nothing is copied before it is asked."""

    def __init__(self, raw: bytes, at: int = 0, end: int | None = None) -> None:
        """Raises TooLong for more than :data:`LARGEST` bytes."""
        self._raw, self._at = raw, at
        self._end = len(raw) if end is None else end
        if len(raw) > LARGEST:
            raise TooLong(f"has {len(raw)} bytes, more than the {LARGEST} that nodecheck reads")

    @property
    def tag(self) -> int | None:
        """The tag of the next element; None at the end."""
        return self._raw[self._at] if self._at < self._end else None

    @property
    def rest(self) -> bytes:
        """All that was not taken."""
        return self._raw[self._at : self._end]

    def take(self, tag: int, what: str) -> Der:
        """The content of the next element, which must have that tag.

        >>> Der(bytes.fromhex("300302012a")).take(SEQUENCE, "a list").take(INTEGER, "a number").rest
        b'*'
        """
        if self.tag != tag:
            raise NotDer(f"byte {self._at}: expected {what} (tag {tag:#04x})")
        begin, end = self._bounds()
        self._at = end
        return Der(self._raw, begin, end)

    def skip(self, what: str) -> None:
        """Pass over the next element, whatever it is. Raises NotDer where there is none."""
        if self.tag is None:
            raise NotDer(f"byte {self._at}: expected {what}, found the end")
        self._at = self._bounds()[1]

    def done(self, what: str) -> None:
        """Raise unless all was taken."""
        if self._at != self._end:
            raise NotDer(f"byte {self._at}: something behind {what}")

    def _bounds(self) -> tuple[int, int]:
        """Where the content of the next element begins and ends."""
        at = self._at
        if self._raw[at] & 0x1F == 0x1F:
            raise NotDer(f"byte {at}: a tag of several bytes")
        if at + 1 >= self._end:
            raise NotDer(f"byte {at}: ends before its length")
        first, begin = self._raw[at + 1], at + 2
        size = first
        if first == 0x80:
            raise NotDer(f"byte {at}: a length that is not given (BER)")
        if first > 0x80:
            count = first - 0x80
            size = int.from_bytes(self._raw[begin : begin + count], "big") if count <= 3 else LARGEST + 1
            if count <= 3 and (begin + count > self._end or self._raw[begin] == 0 or size < 0x80):
                raise NotDer(f"byte {at}: a length in more bytes than it takes, or cut off")
            begin += count
        if begin + size > self._end:
            raise NotDer(f"byte {at}: ends before the end that its length gives")
        return begin, begin + size


def encoded(tag: int, *contents: bytes) -> bytes:
    """An element.

    >>> encoded(SEQUENCE, encoded(INTEGER, b"*")).hex()
    '300302012a'
    """
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 + len(digits))) + digits + content


def dotted(oid: bytes) -> str:
    """An object identifier as it is written.

    >>> dotted(bytes.fromhex("2a8648ce3d0201")), dotted(b"\\x80")
    ('1.2.840.10045.2.1', '80')
    """
    if not oid or oid[-1] & 0x80 or len(oid) > 64:
        return oid[:64].hex()
    numbers, number = [], 0
    for byte in oid:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
