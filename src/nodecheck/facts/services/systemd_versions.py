"""Which systemd a distribution has, and which distributions boot with something else.

From the package indices of the distributions; where a release got a newer systemd in its life, the one it came with.
"""

from __future__ import annotations

_RHEL = (("7", 219), ("8", 239), ("9", 252), ("10", 257))
_SUSE = (("12", 210), ("12.2", 228), ("15", 234), ("15.3", 246), ("15.4", 249), ("15.6", 254), ("16", 257))
_AZURE = (("1", 239), ("2", 250), ("3", 255))

_VERSIONS: dict[str, tuple[tuple[str, int], ...]] = {
    "debian": (("8", 215), ("9", 232), ("10", 241), ("11", 247), ("12", 252), ("13", 257)),
    "raspbian": (("8", 215), ("9", 232), ("10", 241), ("11", 247), ("12", 252), ("13", 257)),
    "ubuntu": (
        ("15.04", 219), ("15.10", 225), ("16.04", 229), ("16.10", 231), ("17.04", 232), ("17.10", 234), ("18.04", 237),
        ("18.10", 239), ("19.04", 240), ("19.10", 242), ("20.04", 245), ("20.10", 246), ("21.04", 247), ("21.10", 248),
        ("22.04", 249), ("22.10", 251), ("23.04", 252), ("23.10", 253), ("24.04", 255), ("24.10", 256), ("25.04", 257),
    ),
    "fedora": (
        ("20", 208), ("21", 216), ("22", 219), ("23", 222), ("24", 229), ("25", 231), ("26", 233), ("27", 234),
        ("28", 238), ("29", 239), ("30", 241), ("31", 243), ("32", 245), ("33", 246), ("34", 248), ("35", 249),
        ("36", 250), ("37", 251), ("38", 253), ("39", 254), ("40", 255), ("41", 256), ("42", 257), ("43", 258),
    ),
    "opensuse-leap": (("42.1", 210), ("42.2", 228), *_SUSE[2:]),
    "sles": _SUSE,
    "sled": _SUSE,
    "sles_sap": _SUSE,
    "sle_hpc": _SUSE,
    "sle-micro": (("5", 246), ("5.3", 249), ("6", 254)),
    "amzn": (("2", 219), ("2023", 252)),
    "azurelinux": _AZURE,
    "mariner": _AZURE,
    "photon": (("2", 233), ("3", 239), ("4", 247), ("5", 253)),
}  # fmt: skip
"""Distribution to the releases at which its systemd changed."""

_LIKE_RHEL = (
    "rhel", "centos", "rocky", "almalinux", "ol", "scientific", "eurolinux", "virtuozzo", "miraclelinux", "navylinux",
    "springdale", "cloudlinux", "vzlinux", "circle", "rhcos", "redhat",
)  # fmt: skip

_INITS: dict[str, tuple[str, tuple[int, ...] | None]] = {
    "alpine": ("openrc", None),
    "postmarketos": ("openrc", None),
    "devuan": ("sysvinit", None),
    "slackware": ("sysvinit", None),
    "void": ("runit", None),
    "talos": ("talos", None),
    "openwrt": ("procd", None),
    "chromeos": ("upstart", None),
    "rancheros": ("rancheros", None),
    "boot2docker": ("busybox", None),
    "debian": ("sysvinit", (8,)),
    "ubuntu": ("upstart", (15, 4)),
    "amzn": ("upstart", (2,)),
    "sles": ("sysvinit", (12,)),
    "fedora": ("upstart", (15,)),
}
"""Distribution to its init besides systemd, and to the release with which systemd came (None: never)."""


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version.

    >>> numbers("7.5.1804"), numbers("15-SP3"), numbers("rolling")
    ((7, 5, 1804), (15, 3), ())
    """
    found = []
    for part in version.replace("-SP", ".").replace(" SP", ".").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not 0 < len(digits) < 9:
            break
        found.append(int(digits))
        if digits != part:
            break
    return tuple(found)


def systemd_of_distribution(name: str | None, version: str | None) -> int | None:
    """The systemd of a distribution's release; None where it cannot be told (then it counts as the newest).

    >>> systemd_of_distribution("centos", "7.5.1804"), systemd_of_distribution("ubuntu", "22.04")
    (219, 249)
    >>> systemd_of_distribution("ubuntu", "99.10"), systemd_of_distribution("arch", None)
    (None, None)
    """
    table = _RHEL if name in _LIKE_RHEL else _VERSIONS.get(name or "", ())
    have = numbers(version or "")
    if not table or not have or have[0] > numbers(table[-1][0])[0]:
        return None
    found = None
    for since, systemd in table:
        if have >= numbers(since):
            found = systemd
    return found


def init_of_distribution(name: str | None, version: str | None) -> str | None:
    """The init of a distribution that does not boot with systemd; None where it does, or cannot be told.

    >>> init_of_distribution("alpine", None), init_of_distribution("centos", "6.10"), init_of_distribution("sles", "15")
    ('openrc', 'upstart', None)
    """
    have = numbers(version or "")
    if name in _LIKE_RHEL:
        return None if not have or have >= (7,) else "upstart" if have >= (6,) else "sysvinit"
    init, until = _INITS.get(name or "", (None, None))
    if init is None or until is None:
        return init
    if name == "amzn" and have[:1] and 2013 <= have[0] <= 2018:
        return init  # Amazon Linux 1 is numbered by year: 2018.03
    return init if have and have < until else None
