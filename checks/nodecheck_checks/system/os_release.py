"""The distribution and its release."""

from collections.abc import Mapping

from nodecheck.checking import Outcome, Results, Severity, check, fail, ok, unknown
from nodecheck.facts import OsRelease
from nodecheck.facts.distro.os_release import at_least, leading_numbers
from nodecheck.fix import by_hand
from nodecheck.typed import Literal

ROLLING = "rolling"

MINIMA: Mapping[str, str] = {
    "rhel": "7.5",  # the oldest whose kernel and systemd the reference installation is known to work with
    "debian": "11",
    "raspbian": "11",
    "ubuntu": "20.04",
    "fedora": "36",
    "sles": "15.3",
    "sled": "15.3",
    "sles_sap": "15.3",
    "sle_hpc": "15.3",
    "opensuse-leap": "15.3",
    "opensuse-tumbleweed": ROLLING,
    "opensuse-microos": ROLLING,
    "sle-micro": "5.1",
    "sl-micro": "6.0",
    "amzn": "2",
    "flatcar": "3033",
    "azurelinux": "3.0",
    "mariner": "2.0",
    "bottlerocket": "1.0",
    "talos": "1.0",
    "cos": "97",
    "photon": "4.0",
    "alpine": "3.16",
    "nixos": "22.05",
    "openEuler": "20.03",
    "gardenlinux": "934",
    "arch": ROLLING,
    "archarm": ROLLING,
    "manjaro": ROLLING,
    "gentoo": ROLLING,
}
"""What people run Kubernetes nodes on: releases with a systemd (or another init) and a kernel that its supported
releases work with, and that still got fixes when this list was made."""


def _minimum(text: str) -> None:
    if text != ROLLING and not leading_numbers(text):
        raise ValueError(f"expected a release such as 7.5, or {ROLLING!r}, found {text!r}")


@check(severity=Severity.ERROR, tags=["os"], topic="system", verify={"minimum": _minimum})
def os_release(
    release: OsRelease,
    *,
    minimum: Mapping[str, str] = MINIMA,
    unlisted: Literal["unknown", "fail"] = "unknown",
) -> Results:
    """The distribution is one that the profile lists, in its release or a later one.

    ## Why it matters
    A profile's limits (kernel, packages, paths, defaults) were made for certain distributions. On another one, or on
    an older release, the other checks may be right and the node may still not work.

    ## What it looks at
    `/etc/os-release`, else `/usr/lib/os-release`, by the shell's quoting rules. In the RHEL family, where `VERSION_ID`
    is only `7`, `/etc/centos-release`, `/etc/redhat-release` or `/etc/system-release` have the full number
    (`7.5.1804`); `/etc/debian_version` does that for Debian. They also stand in for an os-release file that is absent.

    Numbers are compared component by component: 7.10 is after 7.5. RHEL and its rebuilds (CentOS, Rocky Linux,
    AlmaLinux, Oracle Linux, Scientific Linux, EuroLinux and others) share the minimum `rhel`, unless the profile has
    one for their own `ID`. `ID_LIKE` alone never passes: Amazon Linux, XCP-ng and Nobara name rhel there and count
    otherwise. A distribution that is not listed is `unknown`, or `fail` with `unlisted = "fail"`; a number that the
    files do not tell (Debian testing, or `7` against 7.5) is `unknown`.

    Parameters: `minimum` is a table of `ID` to the first release that will do; `"rolling"` takes any release, for
    distributions without numbers. `unlisted` is `"unknown"` or `"fail"`.

    ## How to fix it
    Upgrade the distribution, or list it in the profile: `[check.os-release]`, `minimum = { ID = "release" }`.

    ## Sources
    os-release(5); centos-release and redhat-release of the RHEL family; `/etc/debian_version` (base-files).
    """
    evidence = release.evidence
    wanted = minimum.get((release.id or "").rstrip("\r")) or minimum.get(release.family or "")
    if release.id is None and release.pretty_name is None:
        message = "no file names the distribution"
        yield unknown(message, code="not-found", evidence=evidence)
    elif wanted is None:
        yield _unlisted(release, tuple(minimum), unlisted)
    else:
        yield _compared(release, wanted)


def _label(release: OsRelease) -> str:
    return f"{release.id or release.pretty_name} {release.version or ''}".strip()


def _unlisted(release: OsRelease, listed: tuple[str, ...], unlisted: str) -> Outcome:
    name = (release.id or release.pretty_name or "").strip()
    message = f"the profile does not list the distribution {name}"
    expected, actual = "one of " + ", ".join(sorted(listed)), _label(release)
    if unlisted == "fail":
        fix = by_hand("Use a distribution that the profile lists", f"install one of {', '.join(sorted(listed))}")
        return fail(message, expected=expected, actual=actual, evidence=release.evidence, fix=fix)
    return unknown(message, code="not-listed", expected=expected, actual=actual, evidence=release.evidence)


def _compared(release: OsRelease, wanted: str) -> Outcome:
    actual, evidence = _label(release), release.evidence
    if wanted == ROLLING:
        return ok(f"{actual} has rolling releases", expected="any release", actual=actual, evidence=evidence)
    expected = f"{release.family} {wanted} or later"
    version = release.version or ""
    have, least = _ordered(release, version), _ordered(release, wanted)
    reached = at_least(have, least)
    if reached is None:
        found = f"{version.strip()}, which is not precise enough" if have else "no number"
        message = f"the files give {found} for {release.id}; {wanted} or later is wanted"
        return unknown(message, code="not-found", expected=expected, actual=actual, evidence=evidence)
    if reached:
        return ok(f"{actual} is {wanted} or later", expected=expected, actual=actual, evidence=evidence)
    fix = by_hand("Upgrade the distribution", f"upgrade {actual} to {wanted} or later")
    return fail(f"{actual} is before {wanted}", expected=expected, actual=actual, evidence=evidence, fix=fix)


def _ordered(release: OsRelease, version: str) -> tuple[int, ...]:
    """The numbers in the order of release: two distributions once counted on from a higher number.

    Amazon Linux 1 was numbered by year (2011.09 to 2018.03) and came before 2; openSUSE Leap 42 came before 15.
    """
    have = leading_numbers(version)
    if (release.family == "amzn" and have[:1] and 2011 <= have[0] <= 2018) or (
        release.family == "opensuse-leap" and have[:1] == (42,)
    ):
        return (1, *have)
    return have
