"""The controllers of control groups that the next boot brings.

The kernel's kernel/cgroup/cgroup.c (``cgroup_disable=``, which takes both names of a controller) and cgroup-v1.c
(``cgroup_no_v1=``).

The Raspberry Pi turns the memory controller off: its kernels did it themselves, and since 6.12 their device tree adds
``cgroup_disable=memory`` to what ``cmdline.txt`` says; ``cgroup_enable=memory`` undoes either, in its own kernels alone
(raspberrypi/linux#5933, #6439, #7442).
"""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.boot.cmdline import Cmdline
from nodecheck.facts.boot.next_boot import BootCmdline, KernelRelease
from nodecheck.facts.kernel.cgroup_defaults import V2
from nodecheck.facts.kernel.cgroups import BootCgroups
from nodecheck.facts.kernel.config import BootConfig, KernelConfig, shown
from nodecheck.facts.kernel.controllers import (
    CPUACCT,
    DEVICES,
    FREEZE,
    FREEZER,
    HUGETLB,
    MEMORY,
    NOT_TOLD,
    ON,
    UNMOUNTED,
    Freezing,
    NowControllers,
    old_name,
)
from nodecheck.facts.kernel.trees import BootTree, is_before
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple

_OPTIONS = {
    "cpu": ("CGROUP_SCHED", "FAIR_GROUP_SCHED"),
    "cpuset": ("CPUSETS",),
    HUGETLB: ("CGROUP_HUGETLB",),
    "io": ("BLK_CGROUP",),
    MEMORY: ("MEMCG",),
    "pids": ("CGROUP_PIDS",),
}
_OPTIONS_V1 = {CPUACCT: ("CGROUP_CPUACCT",), DEVICES: ("CGROUP_DEVICE",), FREEZER: ("CGROUP_FREEZER",)}
_OPTIONS_V2 = {DEVICES: ("CGROUP_BPF",)}
_ALSO_V1 = {MEMORY: "MEMCG_V1", "cpuset": "CPUSETS_V1"}
"""Options without which a kernel that has them (from 6.11 on) offers the controller in version 2 alone."""

_JOINED = {"cpu": CPUACCT, CPUACCT: "cpu"}
"""What systemd mounts in one hierarchy of version 1, if the kernel has both enabled (src/core/mount-setup.c
``join_with``). ``cgroup_no_v1=`` leaves them enabled, and the mount fails."""

_PI = "the Raspberry Pi turns it off where its command line has no cgroup_enable=memory"
_FREEZES_SINCE = (5, 2)
_OWN_KERNELS = ("rpi", "raspi")
_OWN_ENDS = ("v6+", "v7+", "v7l+", "v8+")
_KEYS = ("cgroup_disable", "cgroup_enable", "cgroup_no_v1")


class Answer(NamedTuple):
    """Whether a controller is on after the next boot."""

    on: bool | None
    """None where nothing tells."""
    message: str
    evidence: tuple[Evidence, ...] = ()


class BootControllers(NamedTuple):
    """What the next boot makes of each controller: its hierarchy, its command line, and its kernel."""

    planned: BootCgroups
    cmdline: BootCmdline
    running: Lazy[Cmdline]
    tree: Lazy[BootTree]
    kernel: Lazy[KernelRelease]
    config: Lazy[BootConfig]
    now: Lazy[NowControllers]
    freezing: Lazy[Freezing]

    @classmethod
    def reads(cls) -> Sources:
        """Made of other facts."""
        return ()

    @classmethod
    def read(
        cls,
        planned: BootCgroups,
        cmdline: BootCmdline,
        running: Lazy[Cmdline],
        tree: Lazy[BootTree],
        kernel: Lazy[KernelRelease],
        config: Lazy[BootConfig],
        now: Lazy[NowControllers],
        freezing: Lazy[Freezing],
    ) -> BootControllers:
        """Raises what the host raises for a boot loader's configuration that cannot be read."""
        return cls(planned, cmdline, running, tree, kernel, config, now, freezing)

    @property
    def release(self) -> str | None:
        """The kernel that will boot; None where nothing tells."""
        return self.tree().tree.release

    @property
    def same_kernel(self) -> bool:
        """Whether that is the running one."""
        return self.release is not None and self.release == self.kernel().running

    def of(self, name: str) -> Answer | None:
        """What becomes of a controller; None where the hierarchy has none of that name.

        Where nothing tells which hierarchy is mounted, what holds in both.
        """
        version = self.planned.found.version
        asked = [unified for unified in (False, True) if version is None or (version == V2) is unified]
        if name == CPUACCT and True in asked:
            asked.remove(True)  # what it counts is part of cpu there
        found = [self.by_words(name, unified) or self._by_kernel(name, unified) for unified in asked]
        if not found:
            return None
        agreed = all(answer.on is found[0].on for answer in found)
        if agreed and (version is not None or name != CPUACCT or found[0].on):
            return found[0]
        return Answer(None, f"which cgroups the next boot mounts is not known: {self.planned.open} is not known")

    def by_words(self, name: str, unified: bool) -> Answer | None:
        """What the command line makes of it; None where it leaves it alone.

        What version 2 does without a controller no word turns off: devices by BPF, and freezing.
        """
        if unified and name in (DEVICES, FREEZER):
            return None
        words, source = self.cmdline.kernel_words, self.cmdline.source or ""
        off, on = _listing(words, "cgroup_disable", name), _listing(words, "cgroup_enable", name)
        if off is not None:
            told = seen(source, off, line=self.cmdline.line)
            if on is None:
                return Answer(False, f"{off} turns it off", (told,))
            if self._is_undone(name):
                return None
            message = f"{off} turns it off, and only some kernels take {on}"
            return Answer(None, message, (told, seen(source, on, line=self.cmdline.line)))
        barred = None if unified else _listing(words, "cgroup_no_v1", name) or _listing(words, "cgroup_no_v1", "all")
        if barred is not None:
            return Answer(False, f"{barred} keeps it out of cgroup v1", (seen(source, barred, line=self.cmdline.line),))
        partner = _JOINED.get(name)
        if partner is not None and not unified and self.planned.found.version is not None:
            word = _listing(words, "cgroup_no_v1", partner)
            if word is not None and _listing(words, "cgroup_disable", partner) is None:
                why = f"systemd mounts cpu and cpuacct as one, and {word} keeps {partner} out of cgroup v1"
                return Answer(False, why, (seen(source, word, line=self.cmdline.line),))
        return self._by_firmware(on) if name == MEMORY and source.endswith("/cmdline.txt") else None

    def _is_undone(self, name: str) -> bool:
        """Whether the running kernel shows that it takes ``cgroup_enable=``: told both, it has the controller."""
        try:
            told = _listing(self.running().kernel_words, "cgroup_disable", name)
            return told is not None and self.now().state(name) == ON
        except NOT_TOLD:
            return False

    def _by_firmware(self, enabled: str | None) -> Answer | None:
        """The memory controller where a Raspberry Pi's firmware boots the kernel; None: as the kernel has it."""
        told = seen(self.cmdline.source or "", enabled or "no cgroup_enable=memory", line=self.cmdline.line)
        now, before = self._state_now(MEMORY), self._running_word("cgroup_enable")
        if now is not None and (before is None) is (enabled is None):
            if now == ON:
                return None
            return Answer(False, f"this kernel takes no {enabled}" if enabled else _PI, (told,))
        release = self.release or ""
        if not (any(mark in release for mark in _OWN_KERNELS) or release.endswith(_OWN_ENDS)):
            return Answer(
                None, f"whether the kernel {release} has it on a Raspberry Pi shows only when it runs", (told,)
            )
        if enabled is not None:
            return None
        return Answer(False, _PI, (told,))

    def _state_now(self, name: str) -> str | None:
        """What the running kernel shows of a controller, where it boots again; None where it shows nothing."""
        try:
            return self.now().state(name) if self.same_kernel else None
        except NOT_TOLD:
            return None

    def _running_word(self, key: str, name: str = MEMORY) -> str | None:
        try:
            return _listing(self.running().kernel_words, key, name)
        except NOT_TOLD:
            return None

    def _by_kernel(self, name: str, unified: bool) -> Answer:
        if name == FREEZER and unified:
            return self._freezes()
        shown = self._by_running(name, unified)
        if shown is not None:
            return shown
        options = options_of(name, unified)
        try:
            config = self.config().config
        except FactError as error:
            return Answer(None, str(error), (seen(error.source),))
        if config.source is None:
            return Answer(None, f"nothing shows how the kernel that will boot is built ({', '.join(options)})")
        return by_config(config, name, unified)

    def _by_running(self, name: str, unified: bool) -> Answer | None:
        """What the running kernel shows of it, where that boots again with the same hierarchy."""
        state = None if name == DEVICES and unified else self._state_now(name)
        if state in (None, UNMOUNTED) or self.now().unified is not unified:
            return None
        told = (self.now().evidence(name),)
        if state == ON:
            return Answer(True, "the running kernel, which boots again, has it on", told)
        if any(self._running_word(key, name) != _listing(self.cmdline.kernel_words, key, name) for key in _KEYS):
            return None  # the next boot is told otherwise than this one was
        return Answer(False, f"the running kernel, which boots again, does not have it: {state}", told)

    def _named_by(self) -> str:
        """What says which kernel will boot: the boot loader's entry, else the tree of its modules."""
        if self.cmdline.kernel == self.release and self.cmdline.source is not None:
            return self.cmdline.source
        return self.tree().tree.path or "/lib/modules"

    def _freezes(self) -> Answer:
        release = self.release
        if self._state_now(MEMORY) is not None and self.now().unified and (found := self.freezing()).on is not None:
            return freezing(found, release)
        told = (seen(self._named_by(), release),) if release else ()
        return freezing(Freezing(), release)._replace(evidence=told)


def freezing(found: Freezing, release: str | None) -> Answer:
    """Whether cgroups can be frozen: by what was seen; where nothing was, by the kernel's release if that suffices."""
    if found.on is not None:
        what = "each cgroup can be frozen" if found.on else "no cgroup can be frozen: the kernel is too old for it"
        return Answer(found.on, what, (seen(found.source, "is there" if found.on else None),))
    if release and not is_before(release, *_FREEZES_SINCE):
        return Answer(True, "every kernel from 5.2 on has it")
    return Answer(None, f"no cgroup but the root was seen, and not every kernel before 5.2 has {FREEZE}")


def options_of(name: str, unified: bool) -> tuple[str, ...]:
    """The options of the kernel that bring a controller.

    >>> options_of("devices", True), options_of("devices", False), options_of("pids", True)
    (('CGROUP_BPF',), ('CGROUP_DEVICE',), ('CGROUP_PIDS',))
    """
    own = _OPTIONS_V2 if unified else _OPTIONS_V1
    return own.get(name) or _OPTIONS.get(name, ())


def by_config(config: KernelConfig, name: str, unified: bool) -> Answer:
    """Whether a kernel was built with a controller."""
    told: list[Evidence] = []
    for option in options_of(name, unified):
        value, found = shown(config, option)
        if value != "y":
            return Answer(False, f"the kernel was built without CONFIG_{option}", (found,))
        told.append(found)
    also = None if unified else _ALSO_V1.get(name)
    if also is not None:
        value, line = config.find(also)
        if value == "n" and line is not None:
            return Answer(False, f"the kernel was built without CONFIG_{also}", (shown(config, also)[1],))
    return Answer(True, "the kernel is built with it", tuple(told))


def _listing(words: tuple[str, ...], key: str, name: str) -> str | None:
    """The word that names a controller, by either of its names, in a list of this key.

    >>> _listing(("cgroup_disable=cpu,blkio",), "cgroup_disable", "io")
    'cgroup_disable=cpu,blkio'
    """
    for word in words:
        told, _, value = word.partition("=")
        if told == key and {name, old_name(name)} & set(value.split(",")):
            return word
    return None
