"""Whether a certificate is valid, for how long, and whether its key is its own."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Outcome, Severity, Status, fail, ok, seen, skip, unknown
from nodecheck.errors import Absent, FactError, NotCaptured
from nodecheck.facts.cluster.certificates import (
    ACCOUNTS,
    AUTHORITY,
    CLIENT,
    OTHER,
    SELF_SIGNED,
    SERVING,
    Credential,
)
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.identity.certificate_fixes import Remedies

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


def of_file(item: Credential, now_s: int, fixes: Remedies) -> Iterator[Outcome]:
    """What one file comes to: each of its certificates, and its key."""
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
