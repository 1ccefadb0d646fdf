"""PEM and kubeconfigs, without their secrets."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.formats.der import LARGEST
from nodecheck.formats.kubeconfig import Kubeconfig, PemOrFile, kubeconfig_of
from nodecheck.formats.public_keys import EC
from nodecheck.formats.public_parts import (
    CERTIFICATE,
    MOST_PARTS,
    PRIVATE_KEY,
    PUBLIC_KEY,
    PublicPart,
    public_parts_of,
)
from tests.certificates import (
    certificate,
    certificate_der,
    embedded,
    kubeconfig,
    pem,
    pkcs8,
    private_key,
    public_key,
    sec1,
)

DIGEST = sha256(public_key()).hexdigest()


def compressed(der: bytes) -> bytes:
    """The same with a point that calls itself compressed."""
    return der.replace(bytes.fromhex("03420004"), bytes.fromhex("03420002"))


def parts(text: str) -> list[tuple[str, str | None]]:
    """Kind and digest of each."""
    return [(one.kind, one.public_sha256) for one in public_parts_of(text.encode())]


def test_certificates_and_keys_in_their_order() -> None:
    text = (
        f"subject: x\n{certificate()}\n# a key\n{private_key()}{certificate(seed=2)}{pem('PUBLIC KEY', public_key())}"
    )
    other = sha256(public_key(2)).hexdigest()

    assert parts(text) == [(CERTIFICATE, DIGEST), (PRIVATE_KEY, DIGEST), (CERTIFICATE, other), (PUBLIC_KEY, DIGEST)]


@pytest.mark.parametrize(
    "text",
    [
        pem("PRIVATE KEY", pkcs8()),
        pem("RSA PRIVATE KEY", pkcs8()),  # Go looks at what it holds, not at the words around it
        private_key().replace("\n", "\r\n"),
        private_key().replace("-----\n", "----- \t\n"),
        private_key().replace("\nMII", "\n \tMII"),
        f"-----BEGIN PRIVATE KEY-----\nno base64!\n-----END PRIVATE KEY-----\n{private_key()}",
        f"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{private_key()}",
    ],
)
def test_forms_of_a_key(text: str) -> None:
    assert parts(text) == [(PRIVATE_KEY, DIGEST)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE-----\n",
        certificate().replace("END CERTIFICATE", "END X509 CRL"),
        certificate().replace("BEGIN CERTIFICATE", "BEGIN X509 CRL"),
        certificate().replace("-----BEGIN", "x -----BEGIN"),
        pem("X509 CRL", b"x"),
        pem("TRUSTED CERTIFICATE", b"x"),
        pem("DH PARAMETERS", b"x"),
    ],
)
def test_what_is_passed_over(text: str) -> None:
    assert parts(text) == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (pem("CERTIFICATE", b"x"), PublicPart(CERTIFICATE, malformed="byte 0: expected a certificate (tag 0x30)")),
        ("-----BEGIN PRIVATE KEY-----\nno base64!\n-----END PRIVATE KEY-----\n",
         PublicPart(PRIVATE_KEY, malformed="is not base64")),
        (pem("ENCRYPTED PRIVATE KEY", pkcs8()), PublicPart(PRIVATE_KEY, malformed="it is encrypted")),
        (private_key().replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n", 1),
         PublicPart(PRIVATE_KEY, malformed="it is encrypted")),
        (pem("CERTIFICATE", compressed(certificate_der(0, 9, kind=EC))),
         PublicPart(CERTIFICATE, malformed="its public part is a compressed point, which cannot be compared")),
        (pem("EC PRIVATE KEY", compressed(sec1())),
         PublicPart(PRIVATE_KEY, untold="its public part is a compressed point, which cannot be compared")),
        (pem("CERTIFICATE", bytes(LARGEST + 1)),
         PublicPart(CERTIFICATE, untold="has 65537 bytes, more than the 65536 that nodecheck reads")),
        (pem("EC PRIVATE KEY", sec1(public=False)), PublicPart(PRIVATE_KEY, untold="it holds no public part")),
        ("-----BEGIN RSA PRIVATE KEY-----\n~secret~\n~secret~\n-----END RSA PRIVATE KEY-----\n",
         PublicPart(PRIVATE_KEY, left_out=True)),
    ],
)  # fmt: skip
def test_what_cannot_be_read(text: str, part: PublicPart) -> None:
    assert public_parts_of(text.encode()) == (part,)


def test_there_is_an_end() -> None:
    assert len(public_parts_of(pem("CERTIFICATE", b"x").encode() * (MOST_PARTS + 1))) == MOST_PARTS


@given(st.lists(st.sampled_from(
    ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----", "MIIB", "a: b", "",
     "-----END PRIVATE KEY-----", "~secret~", "-----BEGIN -----", "\0", "é"]), max_size=30))  # fmt: skip
def test_any_lines_are_read(lines: list[str]) -> None:
    for one in public_parts_of("\n".join(lines).encode()):
        assert one.public_sha256 is None


# -- kubeconfigs


def read(text: str) -> Kubeconfig:
    return kubeconfig_of(text.encode(), "/etc/kubernetes/admin.conf")


def test_what_counts_in_a_kubeconfig() -> None:
    found = read(kubeconfig(certificate(seed=3), certificate(), private_key()))

    assert [one.public_sha256 for one in found.certificate.parts] == [DIGEST]
    assert [one.public_sha256 for one in found.key.parts] == [DIGEST]
    assert [one.kind for one in found.authority.parts] == [CERTIFICATE]
    assert found.malformed is None


def test_files_that_a_kubeconfig_names() -> None:
    current = "/var/lib/kubelet/pki/kubelet-client-current.pem"
    assert read(kubeconfig("/etc/ca.crt", current, current)) == Kubeconfig(
        PemOrFile(path="/etc/ca.crt"), PemOrFile(path=current), PemOrFile(path=current)
    )
    text = kubeconfig(certificate="/x").replace("client-certificate: /x", "client-certificate: pki/x.crt")
    assert read(text).certificate.path == "/etc/kubernetes/pki/x.crt"


def test_the_text_goes_before_the_file() -> None:
    text = kubeconfig(certificate=certificate()).replace(
        "    client-cert", "    client-certificate: /x\n    client-cert"
    )
    assert (read(text).certificate.path, len(read(text).certificate.parts)) == ("", 1)


@pytest.mark.parametrize(
    "text",
    [
        "kind: Config\n",
        "kind: KubeletConfiguration\nusers: [{name: a, user: {client-certificate: /x}}]\n",
        kubeconfig(certificate=certificate()).replace("current-context: me@here", "current-context: other"),
        kubeconfig(certificate=certificate()).replace("user: me\n", "user: other\n"),
        "[]",
        "users: 7\ncontexts: {}\ncurrent-context: [a]\n",
    ],
)
def test_what_has_no_certificate_that_counts(text: str) -> None:
    assert not read(text).certificate.given


def test_what_is_wrong_is_told_without_the_text() -> None:
    secret = "c2VjcmV0LW9mLXRoZS1rZXk"
    broken = read(f"users:\n- name: a\n  user: {{client-key-data: {secret}\n\tx: [")
    assert broken.malformed is not None
    assert broken.malformed.startswith("is not YAML")
    assert secret not in repr(broken)
    key = read(kubeconfig(certificate=certificate(), key="x").replace(embedded("x"), f"{secret}!")).key
    assert (key.malformed, secret in repr(key)) == ("client-key-data is not base64", False)
    assert read(kubeconfig(key="x", certificate=certificate())).key.malformed == (
        "client-key-data holds no private key in PEM"
    )


def test_a_key_that_a_capture_leaves_out() -> None:
    text = kubeconfig(certificate=certificate(), key=private_key()).replace(embedded(private_key()), "~secret~")
    assert read(text).key.parts == (PublicPart(PRIVATE_KEY, left_out=True),)


def test_a_key_of_a_curve() -> None:
    found = read(kubeconfig(certificate=certificate(kind=EC), key=pem("EC PRIVATE KEY", sec1())))
    assert found.key.parts[0].public_sha256 == found.certificate.parts[0].public_sha256
