"""Which hierarchy of cgroups a systemd mounts that is told nothing: its build's ``default-hierarchy``.

By the features that each build prints when it starts (``default-hierarchy=legacy``, ``hybrid``, ``unified``): 239 of
RHEL 8 legacy; 234 of SUSE 15, 236 of Fedora, 237 and 245 of Ubuntu, 241 of Debian 10 hybrid; 252 of Debian 12 unified.
Debian's changelog has the change at 247.2-2. A systemd before 226 knows no cgroup v2 (RHEL 7's 219), and from 256 on
unified is the only default (systemd/systemd#31442).
"""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.host import Host
from nodecheck.model.sources import Program, Sources
from nodecheck.record import NamedTuple

V2 = "v2"
HYBRID = "hybrid"
V1 = "v1"

_BUILT = {"legacy": V1, "hybrid": HYBRID, "unified": V2}
"""The option of systemd's build."""

_RHEL = (("7", V1), ("8", V1), ("9", V2))
_DEBIAN = (("8", V1), ("10", HYBRID), ("11", V2))
_SUSE = (("12", V1), ("15", HYBRID), ("15.5", None), ("16", V2))
_AZURE = (("1", V1), ("3", V2))

_DEFAULTS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "debian": _DEBIAN,
    "raspbian": _DEBIAN,
    "ubuntu": (("15.04", V1), ("17.10", HYBRID), ("21.10", V2)),
    "fedora": (("15", V1), ("26", HYBRID), ("31", V2)),
    "opensuse-leap": (("42.1", V1), *_SUSE[1:]),
    "sles": _SUSE,
    "sles_sap": _SUSE,
    "amzn": (("2", V1), ("2022", V2)),
    "flatcar": (("2000", V1), ("2969", V2)),
    "photon": (("2", V1), ("5", V2)),
    "mariner": _AZURE,
    "azurelinux": _AZURE,
}
"""Distribution to the releases at which the default of its systemd changed; None: the node must tell."""


def default_of_distribution(name: str | None, version: str | None) -> str | None:
    """The hierarchy that a distribution's systemd mounts by itself; None where that is not known.

    >>> default_of_distribution("centos", "7.9.2009"), default_of_distribution("ubuntu", "20.04")
    ('v1', 'hybrid')
    >>> default_of_distribution("rocky", "9.6"), default_of_distribution("arch", None)
    ('v2', None)
    """
    from nodecheck.facts.services.systemd_versions import _LIKE_RHEL, numbers

    table = _RHEL if name in _LIKE_RHEL else _DEFAULTS.get(name or "", ())
    have = numbers(version or "")
    found = None
    for since, hierarchy in table:
        if have >= numbers(since):
            found = hierarchy
    return found


class BuiltHierarchy(NamedTuple):
    """What the systemd of a running node says of itself."""

    default: str | None = None
    """``v1``, ``hybrid``, ``v2``; None where it does not tell."""
    text: str = ""
    """The word that says it."""

    @classmethod
    def reads(cls) -> Sources:
        return (Program(VERSION),)

    @classmethod
    def read(cls, host: Host) -> BuiltHierarchy:
        """Ask ``systemctl``; nothing is told where it cannot be asked: another host, no systemd."""
        try:
            return built_hierarchy(host.run(VERSION).stdout)
        except FactError:
            return cls()


VERSION = ("systemctl", "--version")


def built_hierarchy(said: str) -> BuiltHierarchy:
    """The default in what ``systemctl --version`` prints.

    >>> built_hierarchy("systemd 245 (245.4-4ubuntu3.22)\\n+PAM -IDN +PCRE2 default-hierarchy=hybrid\\n")
    BuiltHierarchy(default='hybrid', text='default-hierarchy=hybrid')
    """
    for word in said.split():
        key, _, value = word.partition("=")
        if key == "default-hierarchy" and value in _BUILT:
            return BuiltHierarchy(_BUILT[value], word)
    return BuiltHierarchy()
