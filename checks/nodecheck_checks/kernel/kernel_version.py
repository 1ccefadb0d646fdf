"""The running kernel's version."""

from __future__ import annotations

from nodecheck.checking import Outcome, Results, Severity, Status, check, fail, ok, seen, unknown
from nodecheck.facts import RunningKernel, Target
from nodecheck.facts.distro.os_release import at_least, leading_numbers
from nodecheck.fix import Fix, manual
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import OLDEST, Row, Table
from nodecheck.requirements.wanted import split_wanted

KERNEL = "kernel"
NFTABLES = "nftables"

_VALIDATORS = "kubernetes/system-validators validators/types_unix.go"

MINIMA = Table(
    Row(KERNEL, ">=3.10", "kubeadm asks for it", _VALIDATORS, before=(1, 32)),
    Row(KERNEL, ">=4.19", "kubeadm asks for it", _VALIDATORS, since=(1, 32), before=(1, 34)),
    Row(
        KERNEL,
        "5.4|5.10|5.15|>=6.0",
        "kubeadm lists the long-term lines of kernel 5, and from 6.0 on every line",
        _VALIDATORS,
        Severity.WARNING,
        since=(1, 34),
    ),
    Row(
        KERNEL,
        "5.4 and 5.10 leave kubeadm's list, 5.14 may join it",
        "5.10 and 5.15 end in December 2026",
        "KEP-5343",
        Severity.INFO,
        since=(1, 39),
        planned="2026-11-29",
    ),
    Row(
        NFTABLES,
        ">=5.13",
        "kube-proxy in nftables mode asks for it",
        "kube-proxy's nftables requirements",
        modes=("nftables",),
    ),
)
"""What each release asks of the kernel: first releases (``>=``) and lines, with ``|`` between alternatives."""

OLDEST_LINE = (5, 4)
"""The first long-term line that kubeadm lists from 1.34 on, and the first of Ubuntu that counts as one."""


class Vendor(NamedTuple):
    """A vendor's kernel line that gets what Kubernetes needs by backports, whatever its number says."""

    line: tuple[int, int]
    mark: str
    name: str


VENDORS = (
    Vendor((4, 18), ".el8", "RHEL 8"),
    Vendor((5, 14), ".el9", "RHEL 9"),
    Vendor((5, 14), "-150", "SUSE Linux Enterprise 15"),
    Vendor((5, 3), "-150", "SUSE Linux Enterprise 15"),
    Vendor((5, 3), "-default", "SUSE Linux Enterprise 15"),
)
_UBUNTU = ("-generic", "-generic-64k", "-azure", "-aws", "-gcp", "-gke", "-oracle", "-ibm", "-kvm", "-lowlatency")


def verify_minimum(text: str) -> None:
    """Raises ValueError for what is no version of a kernel."""
    if text and not leading_numbers(text):
        raise ValueError(f"expected a kernel version such as 4.19, found {text!r}")


@check(
    severity=Severity.ERROR,
    tags=["os", "kernel"],
    topic="system",
    verify={"minimum": verify_minimum},
    by_host=True,
    by_release=MINIMA,
)
def kernel_version(kernel: RunningKernel, target: Target, *, minimum: str = "") -> Results:
    """The running kernel is recent enough for the Kubernetes release.

    ## Why it matters
    kubeadm refuses (to 1.33) or warns (from 1.34) on kernels that its release was not tested with, and kube-proxy in
    nftables mode does not start before kernel 5.13.

    ## What it looks at
    `/proc/sys/kernel/osrelease`, else `/proc/version`. The minimum follows from the Kubernetes release: 3.10 up to
    1.31, 4.19 for 1.32 and 1.33 (both errors); from 1.34 on the long-term lines 5.4, 5.10 and 5.15 and everything from
    6.0 on (a warning, as in kubeadm). Kernels that their vendor keeps up by backports are not flagged: 4.18 of RHEL 8
    and 5.14 of RHEL 9 and their rebuilds, SUSE's 5.3 and 5.14, Ubuntu's own lines; where the release's kubeadm refuses
    such a kernel all the same, as 1.32 and 1.33 do 4.18, that is a warning. While the release is not known, a kernel
    that some supported release takes and another does not is `unknown`.

    Parameter: `minimum` (such as `"3.10"`) takes the place of all these rules.

    ## How to fix it
    Install a newer kernel of the distribution, or upgrade the distribution, and reboot.

    ## Sources
    kubernetes/system-validators `validators/types_unix.go`, as used by each kubeadm (1.9.x is that of 1.32 and 1.33);
    kubernetes/kubernetes#129462 and #131898 for vendor kernels, kubespray#11885; kube-proxy's nftables requirements.
    """
    judged = judged_kernel(kernel, target, minimum)
    yield judged if minimum else judged._replace(notes=MINIMA.notes(KERNEL, target.release))


def judged_kernel(kernel: RunningKernel, target: Target, minimum: str) -> Outcome:
    """What is said of a kernel, by the profile's minimum or by the rows; also of one that the next boot starts."""
    have = leading_numbers(kernel.release)
    evidence = (seen(kernel.source, kernel.release),)
    if len(have) < 2:
        return unknown(f"{kernel.release!r} is not a kernel release", code="malformed", evidence=evidence)
    if minimum:
        return _by_minimum(kernel, have, leading_numbers(minimum))._replace(evidence=evidence)
    return _by_release(kernel, have, target)._replace(evidence=evidence)


def _by_minimum(kernel: RunningKernel, have: tuple[int, ...], least: tuple[int, ...], why: str = "") -> Outcome:
    expected = f"{_dotted(least)} or later"
    if at_least(have, least) is not False:
        return ok(f"kernel {kernel.release} is {expected}", expected=expected, actual=kernel.release)
    message = f"kernel {kernel.release} is before {_dotted(least)}{why}"
    return fail(message, expected=expected, actual=kernel.release, fix=_newer(expected))


def _by_release(kernel: RunningKernel, have: tuple[int, ...], target: Target) -> Outcome:
    nftables = MINIMA.find(NFTABLES, target)
    if nftables is not None and not takes(have, nftables.wanted):
        return _by_row(kernel, have, nftables, ", which kube-proxy in nftables mode asks for")
    vendor = _vendor(kernel.release, have)
    asked = MINIMA.find(KERNEL, target)
    if vendor is not None and asked is not None and asked.severity is Severity.ERROR and not takes(have, asked.wanted):
        return _refused(kernel, vendor, asked, target)
    if vendor is not None:
        message = f"kernel {kernel.release} is {vendor}'s, kept up by backports"
        return ok(message, expected="a kernel that its vendor keeps up", actual=kernel.release)
    row = MINIMA.row(KERNEL, target)
    if target.release is None:
        return _for_any_release(kernel, have, row)
    return _by_row(kernel, have, row, f", which kubeadm {_dotted(target.release)} asks for")


def _refused(kernel: RunningKernel, vendor: str, asked: Row, target: Target) -> Outcome:
    """A kernel that will do, and that this release's kubeadm refuses by its number."""
    told = f"kernel {kernel.release} is {vendor}'s, kept up by backports, but kubeadm {_dotted(target.release or ())}"
    pass_over = "kubeadm ... --ignore-preflight-errors=SystemVerification passes over it; from 1.34 on kubeadm warns"
    fix = Fix("Tell kubeadm that this kernel will do", (manual(f"{pass_over}. Or install a newer kernel."),), "manual")
    return fail(
        f"{told} refuses what is not {asked.wanted}", expected=asked.wanted, actual=kernel.release, fix=fix,
        severity=Severity.WARNING,
    )  # fmt: skip


def _for_any_release(kernel: RunningKernel, have: tuple[int, ...], newest: Row) -> Outcome:
    oldest = MINIMA.at(KERNEL, OLDEST)
    if not takes(have, oldest.wanted):
        return _by_row(kernel, have, oldest)
    judged = _by_row(kernel, have, newest)
    if judged.status == Status.PASS:
        return judged
    message = f"kernel {kernel.release} will do for some Kubernetes releases only, and the release is not known"
    return unknown(
        message, code="not-found", expected=judged.expected, actual=kernel.release, severity=Severity.WARNING
    )


def takes(have: tuple[int, ...], wanted: str) -> bool:
    """Whether a kernel is of a line, or not before a first release, that a row wants.

    >>> takes((5, 15, 0), "5.4|5.15|>=6.0"), takes((5, 16), "5.4|5.15|>=6.0"), takes((6, 1), ">=6.0")
    (True, False, True)
    """
    for part in wanted.split("|"):
        operator, operand = split_wanted(part)
        numbers = leading_numbers(operand)
        if have[: len(numbers)] == numbers if operator == "==" else at_least(have, numbers) is not False:
            return True
    return False


def _by_row(kernel: RunningKernel, have: tuple[int, ...], row: Row, why: str = "") -> Outcome:
    if "|" in row.wanted:
        return _by_lines(kernel, have, row)
    return _by_minimum(kernel, have, leading_numbers(split_wanted(row.wanted)[1]), why)


def _by_lines(kernel: RunningKernel, have: tuple[int, ...], row: Row) -> Outcome:
    *lines, last = row.wanted.split("|")
    expected = f"{', '.join(lines)}, or {split_wanted(last)[1]} and later"
    if takes(have, row.wanted):
        return ok(f"kernel {kernel.release} is one that kubeadm lists", expected=expected, actual=kernel.release)
    first = leading_numbers(lines[0])
    what = f"before {lines[0]}" if have[:2] < first else "not of a long-term line that kubeadm lists"
    message = f"kernel {kernel.release} is {what}"
    return fail(message, expected=expected, actual=kernel.release, fix=_newer(expected), severity=row.severity)


def _vendor(release: str, have: tuple[int, ...]) -> str | None:
    """Whose kernel it is, where that vendor keeps it up by backports."""
    for vendor in VENDORS:
        if have[:2] == vendor.line and vendor.mark in release:
            return vendor.name
    # 5.13.0-52-generic: Ubuntu's own numbering, an upload number between version and flavour.
    if release.endswith(_UBUNTU) and release.count("-") >= 2 and have[:2] >= OLDEST_LINE:
        return "Ubuntu"
    return None


def _newer(expected: str) -> Fix:
    step = manual(f"install a kernel of the distribution that is {expected}, or upgrade the distribution, and reboot")
    return Fix("Install a newer kernel", (step,), "manual", reboot=True)


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
