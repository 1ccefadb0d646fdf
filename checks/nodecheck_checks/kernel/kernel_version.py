"""The running kernel's version."""

from nodecheck.checking import Outcome, Results, Severity, Status, check, fail, ok, seen, unknown
from nodecheck.facts.boot.next_boot import RunningKernel
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.distro.os_release import at_least, leading_numbers
from nodecheck.fix import Fix, manual
from nodecheck.record import NamedTuple

OLDEST = (3, 10)
FROM_1_32 = (4, 19)
FROM_1_34 = (5, 4)
LONG_TERM_5 = (4, 10, 15)
"""The long-term lines of kernel 5 that kubeadm lists from 1.34 on; from 6.0 on it takes every line."""
NFTABLES = (5, 13)
"""What kube-proxy asks of the kernel in nftables mode."""


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


def _minimum(text: str) -> None:
    if text and not leading_numbers(text):
        raise ValueError(f"expected a kernel version such as 4.19, found {text!r}")


@check(severity=Severity.ERROR, tags=["os", "kernel"], verify={"minimum": _minimum})
def kernel_version(kernel: RunningKernel, target: Target, *, minimum: str = "") -> Results:
    """The running kernel is recent enough for the Kubernetes release.

    ## Why it matters
    kubeadm refuses (to 1.33) or warns (from 1.34) on kernels that its release was not tested with, and kube-proxy in
    nftables mode does not start before kernel 5.13.

    ## What it looks at
    `/proc/sys/kernel/osrelease`, else `/proc/version`. The minimum follows from the Kubernetes release: 3.10 up to
    1.31, 4.19 for 1.32 and 1.33 (both errors); from 1.34 on the long-term lines 5.4, 5.10 and 5.15 and everything from
    6.0 on (a warning, as in kubeadm). Kernels that their vendor keeps up by backports are not flagged: 4.18 of RHEL 8
    and 5.14 of RHEL 9 and their rebuilds, SUSE's 5.3 and 5.14, Ubuntu's own lines. While the release is not known,
    a kernel that some supported release takes and another does not is `unknown`.

    Parameter: `minimum` (such as `"3.10"`) takes the place of all these rules.

    ## How to fix it
    Install a newer kernel of the distribution, or upgrade the distribution, and reboot.

    ## Sources
    kubernetes/system-validators `validators/types_unix.go`, as used by each kubeadm; kubernetes/kubernetes#129462 and
    #131898 for vendor kernels; kube-proxy's nftables requirements.
    """
    have = leading_numbers(kernel.release)
    evidence = [seen(kernel.source, kernel.release)]
    if len(have) < 2:
        message = f"{kernel.release!r} is not a kernel release"
        yield unknown(message, code="malformed", evidence=evidence)
    elif minimum:
        yield _by_minimum(kernel, have, leading_numbers(minimum))._replace(evidence=tuple(evidence))
    else:
        yield _by_release(kernel, have, target)._replace(evidence=tuple(evidence))


def _by_minimum(kernel: RunningKernel, have: tuple[int, ...], least: tuple[int, ...], why: str = "") -> Outcome:
    expected = f"{_dotted(least)} or later"
    if at_least(have, least) is not False:
        return ok(f"kernel {kernel.release} is {expected}", expected=expected, actual=kernel.release)
    message = f"kernel {kernel.release} is before {_dotted(least)}{why}"
    return fail(message, expected=expected, actual=kernel.release, fix=_newer(expected))


def _by_release(kernel: RunningKernel, have: tuple[int, ...], target: Target) -> Outcome:
    if target.proxy_mode == "nftables" and at_least(have, NFTABLES) is False:
        return _by_minimum(kernel, have, NFTABLES, ", which kube-proxy in nftables mode asks for")
    vendor = _vendor(kernel.release, have)
    if vendor is not None:
        message = f"kernel {kernel.release} is {vendor}'s, kept up by backports"
        return ok(message, expected="a kernel that its vendor keeps up", actual=kernel.release)
    if target.release is None:
        return _for_any_release(kernel, have)
    if target.release >= (1, 34):
        return _by_lines(kernel, have)
    least = FROM_1_32 if target.release >= (1, 32) else OLDEST
    return _by_minimum(kernel, have, least, f", which kubeadm {_dotted(target.release)} asks for")


def _for_any_release(kernel: RunningKernel, have: tuple[int, ...]) -> Outcome:
    if at_least(have, OLDEST) is False:
        return _by_minimum(kernel, have, OLDEST)
    newest = _by_lines(kernel, have)
    if newest.status == Status.PASS:
        return newest
    message = f"kernel {kernel.release} will do for some Kubernetes releases only, and the release is not known"
    return unknown(
        message, code="not-found", expected=newest.expected, actual=kernel.release, severity=Severity.WARNING
    )


def _by_lines(kernel: RunningKernel, have: tuple[int, ...]) -> Outcome:
    expected = "5.4, 5.10, 5.15, or 6.0 and later"
    if have[0] >= 6 or (have[0] == 5 and have[1] in LONG_TERM_5):
        return ok(f"kernel {kernel.release} is one that kubeadm lists", expected=expected, actual=kernel.release)
    what = f"before {_dotted(FROM_1_34)}" if have[:2] < FROM_1_34 else "not of a long-term line that kubeadm lists"
    message = f"kernel {kernel.release} is {what}"
    return fail(message, expected=expected, actual=kernel.release, fix=_newer(expected), severity=Severity.WARNING)


def _vendor(release: str, have: tuple[int, ...]) -> str | None:
    """Whose kernel it is, where that vendor keeps it up by backports."""
    for vendor in VENDORS:
        if have[:2] == vendor.line and vendor.mark in release:
            return vendor.name
    # 5.13.0-52-generic: Ubuntu's own numbering, an upload number between version and flavour.
    if release.endswith(_UBUNTU) and release.count("-") >= 2 and have[:2] >= FROM_1_34:
        return "Ubuntu"
    return None


def _newer(expected: str) -> Fix:
    step = manual(f"install a kernel of the distribution that is {expected}, or upgrade the distribution, and reboot")
    return Fix("Install a newer kernel", (step,), "manual", reboot=True)


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
