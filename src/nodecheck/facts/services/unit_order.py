"""Whether one unit is started after another at boot: ``After=``, ``Before=`` and the targets between (bootup(7))."""

from __future__ import annotations

from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_files import parse_unit

_NEXT = {
    "network-pre.target": "network.target", "network.target": "network-online.target",
    "sysinit.target": "basic.target", "basic.target": "multi-user.target", "multi-user.target": "graphical.target",
    "sockets.target": "basic.target", "local-fs.target": "sysinit.target",
}  # fmt: skip
"""The target that comes next to each."""
_FALSE = ("no", "false", "off", "0", "n", "f")


def comes_after(starts: BootStarts, later: str, unit: str) -> bool:
    """Whether it is shown that ``later`` is started when ``unit`` has been; False where nobody orders them."""
    names = {*starts.index.names_of(unit), *_named(starts, unit, "Before")}
    names.update(starts.index.wanted_by(unit))  # a target comes after what it wants (systemd.target(5))
    for target in sorted(names):
        while (following := _NEXT.get(target)) is not None and following not in names:
            names.add(following)
            target = following
    before = set(_named(starts, later, "After"))
    if not {value.lower() for value in _named(starts, later, "DefaultDependencies")} & {*_FALSE}:
        before.add("basic.target")
    own = {*starts.index.names_of(later)}
    return bool(names & before) or bool(own & set(_named(starts, unit, "Before")))


def _named(starts: BootStarts, unit: str, key: str) -> list[str]:
    """The words of all values of a key in ``[Unit]``."""
    items = [item for path, text in starts.sources(unit) if key in text for item in parse_unit(text, path)]
    return [word for item in items if (item.section, item.key) == ("Unit", key) for word in item.value.split()]


def is_named_after(starts: BootStarts, later: str, unit: str) -> bool:
    """Whether ``After=`` of ``later`` names ``unit``, or a target that comes after all that the boot starts."""
    return bool(
        {*starts.index.names_of(unit), "multi-user.target", "graphical.target"} & {*_named(starts, later, "After")}
    )
