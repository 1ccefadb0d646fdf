"""Where containerd's CRI plugin looks for CNI configurations and plugins (``CniConfig`` of its ``cri/config``)."""

from __future__ import annotations

from nodecheck.facts.runtimes.containerd_merge import Files, Refused, Table, cri_section, table
from nodecheck.facts.runtimes.containerd_releases import BIN_DIRS, LOOPBACK, OWN, PASSED_OVER, Version, rule, spellings
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

CONF_DIR, BIN_DIR = "/etc/cni/net.d", "/opt/cni/bin"


class CniSection(NamedTuple):
    """The table ``cni`` of the CRI section, defaults filled in."""

    conf_dir: str = CONF_DIR
    bin_dirs: tuple[str, ...] = (BIN_DIR,)
    most: int = 1
    """``max_conf_num``: so many configurations are loaded; 0: all."""
    template: str = ""
    """``conf_template``: of this containerd writes a configuration itself."""
    loopback: bool = True
    """Whether it starts the plugin ``loopback`` for every pod."""


def cni_section(files: Files, release: Version) -> CniSection:
    """What a release makes of its files. Raises Refused for what its CRI plugin would not load.

    >>> from nodecheck.facts.runtimes.containerd_merge import ConfigFile
    >>> files = (ConfigFile("/etc/containerd/config.toml", 1, {"cri": {"cni": {"conf_dir": "/srv/cni"}}}),)
    >>> cni_section(files, (1, 7)).conf_dir
    '/srv/cni'
    """
    _, section, _ = cri_section(files, release)
    own = table(section, _spelt(section, "cni", release))
    taken = {key: own[_spelt(own, key, release)] for key in _KINDS if _spelt(own, key, release) in own}
    for key, value in taken.items():
        if key == "bin_dirs" and rule(BIN_DIRS, release) == PASSED_OVER:
            continue
        if not isinstance(value, _KINDS[key]) or (_KINDS[key] is int and isinstance(value, bool)):
            raise Refused(f"{key} of cni has a value of another type, and the CRI plugin does not load")
    default = CniSection()
    internal = taken.get("use_internal_loopback") is True and rule(LOOPBACK, release) == OWN
    return CniSection(
        taken.get("conf_dir", default.conf_dir),
        _bin_dirs(taken, rule(BIN_DIRS, release) == PASSED_OVER) or default.bin_dirs,
        max(0, taken.get("max_conf_num", default.most)),
        taken.get("conf_template", ""),
        not internal,
    )


_KINDS: dict[str, type] = {
    "conf_dir": str, "bin_dir": str, "bin_dirs": list, "max_conf_num": int, "conf_template": str,
    "use_internal_loopback": bool,
}  # fmt: skip


def _spelt(given: Table, key: str, release: Version) -> str:
    return next(iter(spellings(key, release, tuple(given))), key)


def _bin_dirs(taken: dict[str, Any], alone: bool) -> tuple[str, ...]:
    """``bin_dirs`` of newer releases, else ``bin_dir``. Raises Refused where both are set, as they do."""
    many, one = [] if alone else taken.get("bin_dirs", []), taken.get("bin_dir", "")
    if not all(isinstance(item, str) for item in many):
        raise Refused("bin_dirs of cni must be a list of strings: the CRI plugin does not load")
    if many and one:
        raise Refused("bin_dir and bin_dirs of cni cannot stand beside each other: the CRI plugin does not load")
    return tuple(many) or ((one,) if one else ())
