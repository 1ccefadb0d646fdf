"""What files in PEM hold of certificates and keys, without anything that is secret. Kubeconfigs hold such files too."""

from __future__ import annotations

from nodecheck.record import NamedTuple
from nodecheck.text import MASK
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CERTIFICATE, PRIVATE_KEY, PUBLIC_KEY = "certificate", "private key", "public key"

NOT_BASE64 = "is not base64"

MOST_PARTS = 512
"""Of one file: a distribution's bundle of authorities has some 150."""


class PublicPart(NamedTuple):
    """One certificate or key of a file: what may be known of it."""

    kind: str
    """``certificate``, ``private key`` or ``public key``."""
    public_sha256: str | None = None
    """SHA-256 of the public key as a SubjectPublicKeyInfo, in hex: a key and its certificate have the same. None where
    it cannot be told."""
    not_before_s: int | None = None
    """Seconds since 1970, of a certificate: from then on it is valid."""
    not_after_s: int | None = None
    """The last second in which it is."""
    malformed: str | None = None
    """Why no component of Kubernetes can read it."""
    untold: str | None = None
    """Why its public part cannot be told: it does not stand in the key, or all is too long for nodecheck, and then a
    certificate's moments are not told either."""
    left_out: bool = False
    """A private key that a capture does not hold."""


def public_parts_of(raw: bytes) -> tuple[PublicPart, ...]:
    """The certificates and keys of a text in PEM, in their order; as Go's encoding/pem, all else is passed over.

    That one also passes over a block that is not base64: it is told where there is no other of its kind.
    """
    found: list[PublicPart] = []
    for label, lines in _blocks(raw):
        part = _part(label, lines)
        if part is not None:
            found.append(part)
        if len(found) == MOST_PARTS:
            break
    read = {part.kind for part in found if part.malformed != NOT_BASE64}
    return tuple([part for part in found if part.malformed != NOT_BASE64 or part.kind not in read])


def _blocks(raw: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """What stands between ``-----BEGIN`` and ``-----END`` of one label."""
    label, lines = "", list[bytes]()
    for line in raw.split(b"\n"):
        text = line.rstrip(b" \t\r")
        marked = text.endswith(b"-----")
        if marked and text.startswith(b"-----BEGIN "):
            label, lines = text[11:-5].decode("ascii", "replace"), []
        elif label and marked and text.startswith(b"-----END "):
            if text[9:-5].decode("ascii", "replace") == label:
                yield label, lines
            label = ""
        elif label:
            lines.append(text)


_KINDS = {"CERTIFICATE": CERTIFICATE, "PUBLIC KEY": PUBLIC_KEY, "RSA PUBLIC KEY": PUBLIC_KEY}


def _part(label: str, lines: list[bytes]) -> PublicPart | None:
    """One block; None for what is neither a certificate nor a key."""
    private = label == "PRIVATE KEY" or label.endswith(" PRIVATE KEY")
    kind = PRIVATE_KEY if private else _KINDS.get(label)
    if kind is None:
        return None
    body = b"".join([line for line in lines if b":" not in line]).translate(None, b" \t")
    if MASK.encode() in body:
        return PublicPart(kind, left_out=True)
    if "ENCRYPTED" in label or any(line.startswith(b"Proc-Type:") and b"ENCRYPTED" in line for line in lines):
        return PublicPart(kind, malformed="it is encrypted")
    from nodecheck.formats.der import NotDer, TooLong
    from nodecheck.formats.public_keys import NoPublicPart

    try:
        return _read(kind, label, plain_base64(body))
    except TooLong as error:
        return PublicPart(kind, untold=str(error))
    except NoPublicPart as error:  # crypto/x509 takes no such certificate, and needs no public part in a key
        if kind == PRIVATE_KEY:
            return PublicPart(kind, untold=str(error))
        return PublicPart(kind, malformed=str(error))
    except NotDer as error:
        return PublicPart(kind, malformed=str(error))


def _read(kind: str, label: str, der: bytes) -> PublicPart:
    from nodecheck.formats import public_keys

    if kind == CERTIFICATE:
        begin, end, key = public_keys.certificate_of(der)
        return PublicPart(kind, _digest(key), begin, end)
    if kind == PRIVATE_KEY:
        return PublicPart(kind, _digest(public_keys.public_part_of(der)))
    own = label.startswith("RSA")
    return PublicPart(kind, _digest(public_keys.rsa_public_key_of(der) if own else public_keys.public_key_of(der)))


def _digest(key: bytes) -> str:
    from nodecheck.digest import sha256

    return sha256(key).hexdigest()


def plain_base64(text: bytes) -> bytes:
    """The bytes of a text in base64, which may be broken into lines. Raises NotDer for another text: it is not quoted.

    >>> plain_base64(b"YWI=")
    b'ab'
    """
    import re
    from binascii import a2b_base64

    from nodecheck.formats.der import NotDer

    text = text.replace(b"\n", b"").replace(b"\r", b"")
    if len(text) % 4 or re.fullmatch(rb"[A-Za-z0-9+/]*={0,2}", text) is None:
        raise NotDer(NOT_BASE64)
    return a2b_base64(text)
