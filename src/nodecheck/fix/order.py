"""The order of a plan's steps: what is persisted before what is changed at run time, and each fix in its own order."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.fix.goals import lowers_guard, systemctl_of
from nodecheck.fix.merge import Fixing, Key, Merger, key_of
from nodecheck.model.steps import DISRUPTIVE, SAFE, Command, Create, Edit, Step

PACKAGE, MODULE_FILE, MODPROBE, SYSCTL_FILE, SYSCTL, FILE, UNIT_FILE, COMMAND, RELOAD, SERVICE, KUBELET, LAST = range(
    12
)

_MANAGERS = ("apt-get", "apt", "dnf", "yum", "microdnf", "zypper", "apk", "pacman", "dpkg", "rpm", "rpm-ostree", "tdnf")
_COMMANDS = {
    "modprobe": MODPROBE,
    "depmod": MODULE_FILE,
    "sysctl": SYSCTL,
    "rc-update": UNIT_FILE,
    "update-rc.d": UNIT_FILE,
}
_VERBS = dict.fromkeys(("enable", "disable", "mask", "unmask", "preset", "set-default"), UNIT_FILE)


def rank(step: Step) -> int:
    """Where a step belongs if nothing else says.

    >>> rank(Create("/etc/sysctl.d/99-nodecheck.conf", "0644", "a = 1\\n")) < rank(Command(("sysctl", "-w", "a=1")))
    True
    """
    if isinstance(step, (Edit, Create)):
        return _of_file(step.path)
    if isinstance(step, Command):
        return _of_command(step.argv)
    return LAST


def _of_file(path: str) -> int:
    folders = path.split("/")
    if not {"modules-load.d", "modprobe.d", "modules"}.isdisjoint(folders):
        return MODULE_FILE
    return SYSCTL_FILE if "sysctl.d" in folders or path == "/etc/sysctl.conf" else FILE


def _of_command(argv: tuple[str, ...]) -> int:
    name = argv[0].rpartition("/")[2]
    if name in _MANAGERS:
        return PACKAGE
    if name != "systemctl":
        return _COMMANDS.get(name, COMMAND)
    called = systemctl_of(argv)
    if called is None:
        return SERVICE
    verb, units, now = called
    if verb == "daemon-reload":
        return RELOAD
    if verb in _VERBS and not now:
        return UNIT_FILE
    return KUBELET if "kubelet.service" in units else SERVICE


Item = tuple[tuple[str, ...], Step, str, str, bool]


def ordered(merger: Merger, ids: list[str]) -> Iterator[Item]:
    """The steps, each with its ids (in the order of ``ids``), title, safety, and whether it waits for a reboot."""
    fixes: dict[Key, list[Fixing]] = {key: [] for key in merger.steps}
    for fixing in merger.taken:
        for key in dict.fromkeys(key_of(step) for step in fixing.fix.steps):
            fixes[key].append(fixing)
    places = {name: place for place, name in enumerate(ids)}
    for key in _sorted(merger):
        of = sorted(fixes[key], key=lambda fixing: places[fixing.id])
        safe = all(fixing.fix.safety == SAFE and not any(map(lowers_guard, fixing.fix.steps)) for fixing in of)
        reboot = any(fixing.fix.reboot for fixing in of)
        yield (
            tuple([fixing.id for fixing in of]),
            merger.steps[key],
            of[0].fix.title,
            SAFE if safe else DISRUPTIVE,
            reboot,
        )


def _sorted(merger: Merger) -> Iterator[Key]:
    """The keys: always the lowest of those before which nothing must come any more.

    A step counts as low as the lowest that comes after it in any fix, so that what an early step needs is early too.
    Fixes that ask for opposite orders of the same two steps get one of them.
    """
    after: dict[Key, set[Key]] = {key: set() for key in merger.steps}
    for fixing in merger.taken:
        keys = list(dict.fromkeys(key_of(step) for step in fixing.fix.steps))
        for first, second in zip(keys, keys[1:]):  # noqa: B905, RUF007 - itertools is not imported otherwise
            after[first].add(second)
    low = {key: rank(step) for key, step in merger.steps.items()}
    for _ in range(len(low)):
        lower = {key: min([low[key], *[low[later] for later in after[key]]]) for key in low}
        if lower == low:
            break
        low = lower
    return _lowest_first(after, low)


def _lowest_first(after: dict[Key, set[Key]], low: dict[Key, int]) -> Iterator[Key]:
    from heapq import heapify, heappop, heappush

    places = {key: place for place, key in enumerate(low)}
    keys = list(low)
    waits = dict.fromkeys(low, 0)
    for laters in after.values():
        for later in laters:
            waits[later] += 1
    ready = [(low[key], places[key]) for key in low if not waits[key]]
    heapify(ready)
    left = dict.fromkeys(low)
    while left:
        key = keys[heappop(ready)[1]] if ready else min(left, key=lambda name: (low[name], places[name]))
        if key not in left:
            continue
        del left[key]
        yield key
        for later in after[key]:
            waits[later] -= 1
            if not waits[later]:
                heappush(ready, (low[later], places[later]))
