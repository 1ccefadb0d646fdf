"""Certificates of a node's components, and the keys that belong to them."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, Status, check, fail, ok, seen, skip, unknown
from nodecheck.errors import Absent, FactError, NotCaptured
from nodecheck.facts import Certificates, KubeletRelease, NodePhase
from nodecheck.facts.cluster.certificates import (
    ACCOUNTS,
    AUTHORITY,
    CLIENT,
    EXTERNAL,
    OTHER,
    PKI,
    SELF_SIGNED,
    SERVING,
    Credential,
)
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import IMAGE, INSTALL, JOIN
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.identity.certificate_fixes import RENEWAL, Remedies

if TYPE_CHECKING:
    from nodecheck.formats.public_parts import PublicPart

DAY_S = 86400
SOON_S = 30 * DAY_S
"""A certificate that is valid for less than this is a warning."""
LIFE_LEFT = 10
"""The kubelet rotates its own when 10 to 30 % of their life is left: one with more is no finding."""

EXPECTED = f"valid now, and for {SOON_S // DAY_S} days"
EXPECTED_KEY = "the key of its certificate"


class OneCertificate(NamedTuple):
    """One certificate of a file, as it is told."""

    what: str
    """``""``, ``its certificate 2``, ``the certificate of its authority``."""
    part: PublicPart


@check(tags=["kubeadm", "certificates"], topic="system", rows=RENEWAL)
def certificate(found: Certificates, phase: Lazy[NodePhase], own: Lazy[KubeletRelease]) -> Results:
    """The node's certificates are valid, now and for 30 days, and each has its own key.

    ## Why it matters
    A component whose certificate has expired cannot talk to the others: the node drops out of the cluster, or its
    control plane stops. With a key of another certificate it does not start.

    ## What it looks at
    By the node's own clock (of a root by this machine's, of a capture at the time when it was made):

    - All `*.crt` in kubeadm's `certificatesDir` and its `etcd`. That directory is where the manifest of kube-apiserver
      has `--tls-cert-file`, else what a `ClusterConfiguration` on the node says, else `/etc/kubernetes/pki`. What the
      manifest names elsewhere counts too, and the files of `etcd.external`.
    - What kubeconfigs hold or name: those of kubeadm's control plane, and the kubelet's. The user and the cluster of
      the current context count. The kubelet's bootstrap kubeconfig counts where the other is not there.
    - `kubelet-client-current.pem`, which is a link: what it leads to counts, and older ones do not.
    - The kubelet's serving certificate: `tlsCertFile`, `kubelet-server-current.pem` with `serverTLSBootstrap`, else
      `kubelet.crt`; and its `clientCAFile`.

    An expired certificate is an error, and one that is not valid yet. Less than 30 days are a warning. Those that the
    kubelet rotates itself are one only with less than a tenth of their life left: it should have done so by then.
    A file of authorities may hold expired ones as long as one is valid. Warnings at most are `kubelet.crt`, which
    kubeadm's clusters do not verify, and what lies among kubeadm's files under a name that it does not use.

    `certificate[PATH#key]`: the private key is that of the certificate. Only the key's *public* part is compared: it is
    never shown, and a capture keeps its SHA-256. Keys are RSA (PKCS#1, PKCS#8), of curves (SEC 1, PKCS#8), and Ed25519.
    A key that does not hold its public part is `unknown`, such as one that Go or OpenSSL wrote for Ed25519. A key of an
    authority need not be on the node. A capture of the collector has no keys and no kubeconfigs: `skip`.

    ## How to fix it
    `kubeadm certs check-expiration` lists kubeadm's, `kubeadm certs renew NAME` makes one anew (before Kubernetes 1.20
    `kubeadm alpha certs renew NAME`). Restart the control plane afterwards. The kubelet's own rotate: see its log. It
    makes `kubelet.crt` anew when that and `kubelet.key` are not there.

    ## Sources
    kubeadm cmd/kubeadm/app/phases/certs/renewal/manager.go and its page "Certificate Management with kubeadm"; Go
    crypto/tls `X509KeyPair`; the kubelet cmd/kubelet/app/server.go (`InitializeTLS`); client-go
    util/certificate/certificate_manager.go; kubernetes#99418, kubeadm#2186, kubeadm#1753; RFC 5280.
    """
    for error in found.hidden:
        yield unknown(f"certificates cannot be looked for: {error}", code=error.code)
    if not found.found and not found.hidden:
        message = "no certificate of kubeadm or of a kubelet is there"
        yield skip(message, code="not-found", evidence=[seen(PKI, "no certificate")])
    for item in found.found:
        early = item.use != EXTERNAL and isinstance(item.error, Absent) and phase().name in (IMAGE, INSTALL, JOIN)
        if early:
            message = f"{item.path} is not there yet: the node belongs to no cluster"
            yield skip(message, code="not-found", subject=item.path, evidence=[seen(item.path)])
        else:
            yield from _of_file(item, found.now_s, Remedies(found.folder, own))


def _of_file(item: Credential, now_s: int, fixes: Remedies) -> Iterator[Outcome]:
    if item.error is not None:
        yield _unread(item, item.path, item.error, fixes)
        return
    wrong = item.malformed or next((part.malformed for part in _parts(item) if part.malformed), None)
    wrong = wrong or ("" if _parts(item) else f"holds no {_kind(item)} in PEM")
    if wrong:
        evidence = [seen(item.path, wrong)]
        message = f"{item.path} {wrong}: its component cannot read it"
        yield fail(message, subject=item.path, expected=EXPECTED, actual=wrong, evidence=evidence,
                   fix=fixes.of(item), severity=_severity(item))  # fmt: skip
        return
    if item.use != ACCOUNTS:
        yield _validity(item, now_s, fixes)
    yield from _key(item, fixes)


def _parts(item: Credential) -> tuple[PublicPart, ...]:
    return (*item.certificates, *item.authorities)


def _kind(item: Credential) -> str:
    return "public key" if item.use == ACCOUNTS else "certificate"


def _severity(item: Credential) -> Severity:
    return Severity.WARNING if item.use in (OTHER, SELF_SIGNED) else Severity.ERROR


def _unread(item: Credential, path: str, error: FactError, fixes: Remedies, key: bool = False) -> Outcome:
    """What of a file that cannot be read."""
    subject = f"{item.path}#key" if key else item.path
    if isinstance(error, Absent):
        why = f"{path} is not there" if key else f"{path} is not there, and a configuration names it"
        return fail(why, subject=subject, expected=EXPECTED_KEY if key else EXPECTED, actual="absent",
                    evidence=[seen(path)], fix=fixes.of(item), severity=_severity(item))  # fmt: skip
    if isinstance(error, NotCaptured) and (key or item.secret):
        return _left_out(subject, path)
    why = f"{path} cannot be read: {error.detail}"
    return unknown(why, code=error.code, subject=subject, severity=_severity(item))


def _left_out(subject: str, path: str) -> Outcome:
    evidence = [seen(path, "left out of the capture")]
    return skip(f"the capture has no keys and no kubeconfigs: {path} is left out", code="not-captured",
                subject=subject, evidence=evidence)  # fmt: skip


def _validity(item: Credential, now: int, fixes: Remedies) -> Outcome:
    """By the one that ends first, or that is not valid now."""
    from nodecheck.formats.moments import utc_day, utc_minute

    told = _judged(item, now)
    hidden = next((one.part for one in told if one.part.not_after_s is None), None)
    if hidden is not None and hidden.left_out:
        return _left_out(item.path, item.path)
    if hidden is not None:
        why = f"how long {item.path} is valid is not known: it {hidden.untold}"
        return unknown(why, code="too-large", subject=item.path, severity=_severity(item))
    worst = max(told, key=lambda one: _badness(one.part, now))
    begin, end = worst.part.not_before_s or 0, worst.part.not_after_s or 0
    what = f"{item.path}: {worst.what}" if worst.what else item.path
    message, soon = "", False
    if begin > now:
        message = f"{what} is not valid before {utc_minute(begin)}, and the node's clock says {utc_minute(now)}"
    elif end < now:
        message = f"{what} expired at {utc_minute(end)}, {_days(now - end)} ago"
    elif end - now < _least(item, worst.part):
        message, soon = f"{what} expires at {utc_minute(end)}, in {_days(end - now)}", True
    evidence = [_period(item.path, one) for one in told]
    return Outcome(
        Status.FAIL if message else Status.PASS,
        message or f"{item.path} is valid until {utc_day(end)}",
        item.path,
        EXPECTED,
        f"valid from {utc_day(begin)} to {utc_day(end)}",
        tuple(evidence),
        fixes.of(item, soon) if message else None,
        Severity.WARNING if soon else _severity(item),
    )


def _judged(item: Credential, now: int) -> tuple[OneCertificate, ...]:
    """Each certificate of a chain; of authorities the one that is valid longest."""
    if item.use == AUTHORITY:
        return (OneCertificate("", _longest(item.certificates, now)),)
    own = [OneCertificate(f"its certificate {place}" if place > 1 else "", part) for place, part in
           enumerate(item.certificates, 1)]  # fmt: skip
    trusted = (
        [OneCertificate("the certificate of its authority", _longest(item.authorities, now))]
        if item.authorities
        else []
    )
    return (*own, *trusted)


def _longest(parts: tuple[PublicPart, ...], now: int) -> PublicPart:
    """One that is valid now where there is one, before one that will be, and one that cannot be told of."""

    def rank(part: PublicPart) -> tuple[bool, bool, int]:
        begin, end = part.not_before_s, part.not_after_s
        valid = begin is not None and end is not None and begin <= now <= end
        return valid, end is None, end or 0

    return max(parts, key=rank)


def _badness(part: PublicPart, now: int) -> tuple[bool, int]:
    return (part.not_before_s or 0) > now, -(part.not_after_s or 0)


def _least(item: Credential, part: PublicPart) -> int:
    """Seconds that a certificate is to be valid for."""
    if item.use not in (CLIENT, SERVING):
        return SOON_S
    return min(SOON_S, ((part.not_after_s or 0) - (part.not_before_s or 0)) // LIFE_LEFT)


def _key(item: Credential, fixes: Remedies) -> Iterator[Outcome]:
    """The key, where one belongs to the certificate."""
    subject, path = f"{item.path}#key", item.key_path
    if item.key_error is not None:
        yield _unread(item, path, item.key_error, fixes, key=True)
    if item.key is None:
        return
    own = item.certificates[0]
    if item.key.left_out or own.left_out:
        yield _left_out(subject, path)
    elif item.key.malformed is not None:
        yield _wrong_key(item, f"the key in {path} cannot be read: {item.key.malformed}", item.key.malformed, fixes)
    elif item.key.public_sha256 is None or own.public_sha256 is None:
        why = item.key.untold or f"of its certificate: {own.untold}"
        yield unknown(f"the key in {path} cannot be compared: {why}", code="unsupported", subject=subject)
    elif item.key.public_sha256 != own.public_sha256:
        yield _wrong_key(item, f"the key in {path} is not that of {item.path}", "another key", fixes)
    else:
        evidence = _compared(item)
        yield ok(f"the key in {path} is that of its {_kind(item)}", subject=subject, expected=EXPECTED_KEY,
                 actual=EXPECTED_KEY, evidence=evidence)  # fmt: skip


def _wrong_key(item: Credential, message: str, actual: str, fixes: Remedies) -> Outcome:
    return fail(message, subject=f"{item.path}#key", expected=EXPECTED_KEY, actual=actual, evidence=_compared(item),
                fix=fixes.of(item),
                severity=Severity.WARNING if item.use == OTHER else Severity.ERROR)  # fmt: skip


def _compared(item: Credential) -> list[Evidence]:
    """What is public of both."""
    own = seen(item.path, f"public key {_short(item.certificates[0])}")
    return [own] if item.key is None else [own, seen(item.key_path, f"public part {_short(item.key)}")]


def _short(part: PublicPart) -> str:
    return f"sha256:{part.public_sha256}" if part.public_sha256 else part.malformed or part.untold or "not known"


def _period(path: str, one: OneCertificate) -> Evidence:
    from nodecheck.formats.moments import utc_minute

    period = f"valid from {utc_minute(one.part.not_before_s or 0)} to {utc_minute(one.part.not_after_s or 0)}"
    return seen(path, f"{one.what}: {period}" if one.what else period)


def _days(seconds: int) -> str:
    count = seconds // DAY_S
    return "less than a day" if count < 1 else "1 day" if count == 1 else f"{count} days"
