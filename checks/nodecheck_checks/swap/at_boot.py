"""What the next boot makes of fstab, and what keeps a swap unit from starting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, fail, seen, unknown
from nodecheck.facts import BootStarts, Fstab, Generators, SwapOptions
from nodecheck.facts.files.fstab import FSTAB, FstabEntry
from nodecheck.facts.services.unit_names import device_node, unit_of_path
from nodecheck.facts.services.unit_start import KEEPING, TARGET
from nodecheck.facts.swap.swaps import SWAP_TARGET
from nodecheck.fix import Fix, command, edit

EXPECTED = "no swap"

TARGET_MASK_IGNORED = 219
"""A mask on swap.target has no effect at all up to this systemd (EL7, kubernetes-sigs/kubespray#10741)."""
DEVICE_STARTS = 239
"""Before this systemd a device that appears starts its swap unit, whatever became of swap.target."""

MOST_LINES = 16
"""Lines of fstab that are shown for one area."""

NO_FSTAB = ("talos", "rancheros")
"""Init systems that do not read fstab."""


class SwapBoot:
    """The init system of the next boot and what keeps swap off in it."""

    def __init__(self, starts: BootStarts, options: SwapOptions, generators: Generators) -> None:
        self.at_boot = starts
        self.init = starts.init
        self.options = options
        self.generators = generators
        self._reasons: list[Evidence] = []
        self._target_fails = False
        self.off: Evidence | None = None
        """The command that turned off what the boot had turned on."""

    def reasons(self) -> list[Evidence]:
        """What took swap away so far."""
        return list(dict.fromkeys(self._reasons))

    def word(self, word: str) -> Evidence:
        """A word of the command line as evidence."""
        return seen(self.options.source or "/proc/cmdline", word, line=self.options.line)

    def blocked(self, word: str | None) -> bool:
        """Whether a word of the command line takes something away; remembered as a reason."""
        if word is not None:
            self._reasons.append(self.word(word))
        return word is not None

    def runs(self, generator: str) -> bool:
        """Whether a generator runs; remembered as a reason where it does not."""
        runs = self.generators.runs(generator)
        if not runs:
            masked = self.generators.path(generator)
            path = masked or f"/usr/lib/systemd/system-generators/{generator}"
            self._reasons.append(seen(path, None if masked is None else "masked"))
        return runs

    def stopped(self, unit: str, on_device: bool) -> bool:
        """Whether a unit that swap.target pulls in is kept from starting, by a mask or with the whole target."""
        if self.masked(unit):
            return True
        return self._target_counts(on_device) and (
            self._target_fails or self.masked(SWAP_TARGET) or self._is_left_out(SWAP_TARGET)
        )

    def _is_left_out(self, target: str) -> bool:
        """Whether the command line asks for a target that does not pull another one in, such as emergency.target."""
        stop = self.at_boot.of(target).stop(TARGET)
        self.kept([stop.evidence] if stop is not None else [])
        return stop is not None

    def _target_counts(self, on_device: bool) -> bool:
        return self.init.at_least(DEVICE_STARTS if on_device else TARGET_MASK_IGNORED + 1)

    def masked(self, unit: str) -> bool:
        """Whether a unit is masked on disk or by ``systemd.mask=`` (systemd-debug-generator(8))."""
        masks = self.at_boot.masks(unit)
        self.kept(mask.evidence for mask in masks[:1])
        return bool(masks)

    def kept(self, told: Iterable[tuple[Evidence, ...]]) -> None:
        """Remember what keeps something from starting that would turn swap on."""
        for evidence in told:
            self._reasons += evidence

    def starts(self, owner: str) -> bool:
        """Whether a unit is started at boot; a device is when it appears."""
        if self.masked(owner):
            return False
        if owner.endswith(".device"):
            return True
        found = self.at_boot.of(owner)
        self.kept(stop.evidence for stop in found.stops if stop.kind in KEEPING)
        return found.acts

    def turned_off(self, commands: Lazy[facts.SwapCommands], *specs: str) -> bool:
        """Whether the boot turns an area off again once all is on that ``swap.target`` waits for."""
        off = commands().off(*specs)
        if off is None or off.doubt is not None:
            return False
        self.off = seen(off.source, off.text, line=off.line)
        self._reasons.append(self.off)
        return True

    def unless_off(self, found: Outcome, commands: Lazy[facts.SwapCommands], *specs: str) -> Outcome:
        """A failure; unknown where the area may be turned off again, and nobody can tell."""
        off = commands().off(*specs)
        if off is None or off.doubt is None:
            return found
        told = (*found.evidence, seen(off.source, off.text, line=off.line))
        message = f"{found.message}; {off.text!r} in {off.source} may turn it off again: {off.doubt}"
        return unknown(message, code=off.doubt.code, subject=found.subject, expected=EXPECTED, evidence=list(told))

    def of_fstab(
        self, fstab: Fstab, pulls: Lazy[facts.SwapPulls], commands: Lazy[facts.SwapCommands]
    ) -> Iterator[Outcome]:
        """The swap areas of fstab that the next boot turns on; OpenRC runs ``swapon -a`` in its service ``swap``."""
        if self.init.is_systemd:
            off = self.blocked(self.options.fstab_off) or self.blocked(self.options.swap_off)
            if not off and fstab.swaps and self.runs("systemd-fstab-generator"):
                yield from self._generated(fstab, pulls, commands)
        elif self.init.name not in NO_FSTAB and (self.init.name != "openrc" or not self.at_boot.of("swap").stays):
            yield from self._swapon(fstab)

    def _generated(
        self, fstab: Fstab, pulls: Lazy[facts.SwapPulls], commands: Lazy[facts.SwapCommands]
    ) -> Iterator[Outcome]:
        groups: dict[str, list[FstabEntry]] = {}
        for entry in fstab.swaps:
            unit = unit_of_path(device_node(entry.spec), ".swap")
            if unit is not None:
                groups.setdefault(unit, []).append(entry)
        # The generator refuses a second line for one unit, so that the first one's options decide.
        firsts = {unit: entries[0] for unit, entries in groups.items()}
        for unit, first in firsts.items():
            # "Requires=" on a masked unit: the whole target does not start (transaction_add_job_and_dependencies).
            if _hooked_up(first) and not first.says("nofail", "fail") and self.masked(unit):
                self._target_fails = True
        for unit, first in firsts.items():
            by_target = _hooked_up(first) and not self.stopped(unit, is_device(first.spec))
            starts = by_target or (not self.masked(unit) and self._wanted(unit, pulls))
            waited_for = by_target and not first.says("nofail", "fail")
            specs = (first.spec, device_node(first.spec))
            if starts and not (waited_for and self.turned_off(commands, *specs)):
                found = _of_lines(groups[unit])
                yield self.unless_off(found, commands, *specs) if waited_for else found

    def _wanted(self, unit: str, pulls: Lazy[facts.SwapPulls]) -> bool:
        """Whether something else than the generator's own link pulls the unit of a line in."""
        if self.at_boot.words.wants(unit) is not None:
            return True
        owners = (*self.at_boot.index.pulls(unit), *pulls().by_name.get(unit, ()))
        return any(owner != SWAP_TARGET and self.starts(owner) for owner, _ in owners)

    def _swapon(self, fstab: Fstab) -> Iterator[Outcome]:
        """``swapon -a``: util-linux drops a CR behind the type, and any noauto skips the line."""
        groups: dict[str, list[FstabEntry]] = {}
        for entry in fstab.entries:
            if entry.kind.rstrip("\r") == "swap" and "noauto" not in entry.options.rstrip("\r").split(","):
                groups.setdefault(entry.spec, []).append(entry)
        for entries in groups.values():
            yield _of_lines(entries)


def is_device(spec: str) -> bool:
    """Whether an area is on a device rather than in a file."""
    return device_node(spec).startswith(("/dev/", "/sys/"))


def _hooked_up(entry: FstabEntry) -> bool:
    """Whether systemd-fstab-generator lets swap.target pull a line's unit in.

    Not with ``noauto``, and not where it is told to format what is no device, which it refuses (add_swap).
    """
    if entry.says("noauto", "auto"):
        return False
    return is_device(entry.spec) or "x-systemd.makefs" not in entry.options.split(",")


def _of_lines(entries: list[FstabEntry]) -> Outcome:
    first = entries[0]
    steps = [edit(FSTAB, entry.text, f"# {entry.text}") for entry in {entry.text: entry for entry in entries}.values()]
    return fail(
        f"fstab turns swap on at boot: {first.spec}",
        subject=first.spec,
        expected=EXPECTED,
        actual=f"{first.spec} in {FSTAB}",
        evidence=[seen(FSTAB, entry.text, line=entry.line) for entry in entries[:MOST_LINES]],
        fix=Fix(f"Comment the swap line of {FSTAB}", tuple(steps)),
    )


def mask_fix(unit: str) -> Fix:
    """Keep a unit from ever starting."""
    return Fix(f"Mask {unit}", (command("systemctl", "mask", "--", unit),))
