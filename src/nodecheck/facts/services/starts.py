"""Does the next boot start a unit, by what, and what keeps it from starting?

Everyone who asks that asks here. Sources: systemd.unit(5), systemd.special(7), bootup(7), kernel-command-line(7),
systemd.preset(5), systemd-sysv-generator(8), systemd-rc-local-generator(8); systemd src/core/transaction.c.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.facts.boot.container import CMDLINE as FIRST_ARGUMENTS
from nodecheck.facts.files.fstab import FSTAB
from nodecheck.facts.services.cmdline import BootUnits
from nodecheck.facts.services.generators import Generators
from nodecheck.facts.services.init_system import InitSystem, UnitIndex
from nodecheck.facts.services.surroundings import NextBoot
from nodecheck.facts.services.unit_pulls import ServicePulls, boot_goals, boot_index, masked_by, walk
from nodecheck.facts.services.unit_start import (
    CONFLICT,
    DATE,
    EMERGENCY,
    GENERATOR,
    LINK,
    MASK,
    MASK_WORD,
    NO_UNIT,
    NOT_PULLED,
    OBSTACLE,
    PRESET,
    RUNLEVEL,
    SCRIPT,
    SHELL,
    SOCKET,
    STARTS,
    STAYS,
    TARGET,
    TEXT,
    TIMER,
    UNTOLD,
    WORD,
    Pull,
    Stop,
    UnitStart,
)
from nodecheck.facts.services.units import MOST_NAMES, SYSINIT_TARGETS
from nodecheck.host import Host, names_in
from nodecheck.host.base import texts
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Sources, UnitText
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.boot_mounts import LostMount
    from nodecheck.facts.services.openrc import Runlevels
    from nodecheck.facts.services.presets import FirstBoot, Preset
    from nodecheck.facts.services.service_units import Obstacle, ServiceUnit
    from nodecheck.facts.services.sysv import SysvScript, SysvScripts

RC_LOCAL = "rc-local.service"
"""What runs ``rc.local``: a generator links it to multi-user.target, whoever enables it or not."""
EXTENSIONS = ("/etc/extensions", "/var/lib/extensions", "/usr/lib/extensions")
"""Where systemd-sysext(8) looks for what it merges into ``/usr`` at boot."""
RC_LOCAL_GENERATOR = "systemd-rc-local-generator"

_FROM_MULTI_USER = "234"


class BootStarts:
    """The units that the next boot starts. Each unit is looked into when it is first asked about."""

    def __init__(
        self,
        host: Host,
        init: InitSystem,
        index: UnitIndex,
        words: BootUnits,
        facts: NextBoot,
        pulls: Lazy[ServicePulls],
        first: Lazy[FirstBoot],
        scripts: Lazy[SysvScripts],
        generators: Lazy[Generators],
        levels: Lazy[Runlevels],
    ) -> None:
        self.init, self.words, self.levels = init, words, levels
        self.index = boot_index(index, init)
        """The unit files as the next boot finds them."""
        self.first = first
        self._host, self._pulls, self._scripts, self._generators = host, pulls, scripts, generators
        self._around = facts.on(host)._replace(units=self.index, words=words)
        self._masked = masked_by(self.index, words)
        self._goals: dict[str | None, tuple[str, ...]] = {}
        self._by_default: ServicePulls | None = None
        self._lost: tuple[LostMount, ...] | None = None
        self._extensions: tuple[str, ...] | None = None
        self._known: dict[str, UnitStart] = {}
        self._asking: list[str] = []
        self._texts: dict[str, ServiceUnit | None] = {}

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.services.service_units import condition_sources

        return (UnitText("*"), *condition_sources(), *map(Dir, EXTENSIONS))

    @classmethod
    def read(
        cls,
        host: Host,
        init: InitSystem,
        index: UnitIndex,
        words: BootUnits,
        facts: NextBoot,
        pulls: Lazy[ServicePulls],
        first: Lazy[FirstBoot],
        scripts: Lazy[SysvScripts],
        generators: Lazy[Generators],
        levels: Lazy[Runlevels],
    ) -> BootStarts:
        """Nothing is read yet but the directories of units and the command line."""
        return cls(host, init, index, words, facts, pulls, first, scripts, generators, levels)

    def of(self, unit: str) -> UnitStart:
        """Whether the next boot starts a unit. Raises what the host raises for a file that cannot be read."""
        found = self._known.get(unit)
        if found is None:
            found = self._known[unit] = self._judged(unit)
        return found

    def by_clock(self, unit: str) -> UnitStart | None:
        """Whether a timer starts a unit at a date, some time after the boot; None where no such timer is started."""
        from nodecheck.formats.calendars import calendar_is_daily

        if self.masks(unit) or self.halted(unit) is not None:
            return None
        for trigger, _ in self._pulls().triggers.get(self.index.resolve(unit), ()):
            text = self.text(trigger)
            if text is not None and text.dates and self.of(trigger).acts:
                often = [date for date in text.dates if calendar_is_daily(date[1].partition("=")[2])]
                return self._pulled(unit, Pull(DATE, *(often or text.dates)[0]))
        return None

    def text(self, unit: str) -> ServiceUnit | None:
        """What a unit's text says, and what beneath its mask; None where there is none."""
        from nodecheck.facts.services.service_units import unit_at_boot

        if unit not in self._texts:
            self._texts[unit] = unit_at_boot(self._around, unit)
        return self._texts[unit]

    def text_pull(self, unit: str) -> str | None:
        """The text of another unit that pulls this one in; None where none does."""
        return self._pulls().why(self.index, unit)

    @property
    def unread(self) -> FactError | None:
        """Why the text of a unit on the way to the target cannot be read; None where all could be."""
        return self._pulls().error

    def candidates(self) -> tuple[str, ...]:
        """The units that the boot reaches, and those that a socket, a timer or a path of these starts; sorted.

        Of any other unit :meth:`of` says that nothing starts it. Where the command line has a say, all units: it may
        be what keeps one from starting.
        """
        pulls, words = self._pulls(), self.words
        found = {*pulls.reached, *pulls.triggers}
        if words.shell is not None or words.target is not None or words.masked:
            found.update(map(self.index.resolve, self.index.files))
        return tuple(sorted(found))

    def triggered(self) -> tuple[str, ...]:
        """The units that a timer, a path or a socket starts, and nothing else on the way to the target; sorted."""
        pulls = self._pulls()
        return tuple(sorted([unit for unit in pulls.triggers if unit not in pulls.reached]))

    def sources(self, unit: str) -> tuple[tuple[str, str], ...]:
        """The fragment and the drop-ins of a unit that is not masked, path and text; nothing where it has none.

        Raises what the host raises for one that cannot be read, where the boot does not reach the unit:
        :attr:`unread` says it of those that it does.
        """
        known = self._pulls().texts.get(unit)
        if known is not None:
            return known
        fragment = self.index.fragment(unit)
        return () if fragment is None else tuple(texts(self._host, (fragment, *self.index.dropins(unit))))

    def linked(self, unit: str) -> str | None:
        """The link that pulls a unit in, by links alone: for who only wants to know whether to look closer."""
        return self.index.linked_from(unit, self._targets(self._target()), self._masked)

    def masks(self, unit: str) -> tuple[Stop, ...]:
        """What masks a unit: a file, and the command line."""
        return tuple(self._masks(unit))

    def halted(self, unit: str) -> Stop | None:
        """What of the command line keeps the init system from everything: a shell in its place.

        Raises Unsupported where nobody can tell what is started in its place.
        """
        if self.words.untold is not None:
            raise self.words.untold
        if self.words.shell is not None and self.words.source == FIRST_ARGUMENTS:
            return _without_init(self.words.shell, unit)
        return None if self.words.shell is None else self._word(SHELL, self.words.shell, unit)

    def _judged(self, unit: str) -> UnitStart:
        if self.words.untold is not None:
            return UnitStart(unit, UNTOLD, error=self.words.untold)
        halt = self.halted(unit)
        if halt is not None:
            return UnitStart(unit, STAYS, stops=(halt,))
        if not self.init.is_systemd:
            return self._by_other_init(unit)
        masks = self.masks(unit)
        if masks:
            script = self._script(unit)
            return UnitStart(unit, STAYS, stops=masks, script=script.path if script is not None else None)
        if self.index.complete and not self.index.exists(unit) and unit != RC_LOCAL:
            return self._without_unit(unit)
        pull = self._pull(unit)
        return self._not_pulled(unit) if pull is None else self._pulled(unit, pull)

    def _by_other_init(self, unit: str) -> UnitStart:
        """A service of OpenRC; what another init starts is not known here."""
        service = unit.removesuffix(".service")
        if self.init.name != "openrc":
            why = Unsupported("init", f"{self.init.name} boots this node, and what it starts is not known")
            return UnitStart(unit, UNTOLD, error=why)
        levels = self.levels()
        if not levels.present:
            return UnitStart(unit, UNTOLD, error=Absent("/etc/runlevels", "no runlevel is here"))
        level = next(iter(levels.levels_of(service)), None)
        if level is not None:
            return UnitStart(unit, STARTS, Pull(RUNLEVEL, f"/etc/runlevels/{level}/{service}"))
        message = f"{service} is in no runlevel: nothing starts it at boot"
        return UnitStart(unit, STAYS, stops=(Stop(NOT_PULLED, message, (seen(f"/etc/runlevels/default/{service}"),)),))

    def _masks(self, unit: str) -> Iterator[Stop]:
        path = self.index.mask(unit)
        if path is not None:
            yield Stop(MASK, f"{unit} is masked", (seen(path, "masked"),), unmask=path.startswith("/etc/"))
        word = self.words.masks(unit) or self.words.masks(self.index.resolve(unit))
        if word is not None:
            yield self._word(MASK_WORD, word, unit)

    def _word(self, kind: str, word: str, unit: str) -> Stop:
        message = f"{word} on the kernel command line keeps {unit} from starting"
        text = f"Remove {word} from the boot loader's configuration (EL: grubby --remove-args)."
        if self.words.source == FIRST_ARGUMENTS:
            text = f"Have the container's runtime start its first process without {word}"
        told = seen(self.words.source or "command line", word, line=self.words.line)
        return Stop(kind, message, (told,), by_cmdline=True, mend=text)

    def _target(self) -> str | None:
        return self.words.target[0] if self.words.target is not None else None

    def _targets(self, target: str | None) -> tuple[str, ...]:
        """The targets that are reached by a boot into one."""
        if target not in self._goals:
            self._goals[target] = boot_goals(self._host, self.index, target)
        return self._goals[target]

    def _pull(self, unit: str) -> Pull | None:
        """What pulls a unit in, the cheapest to find first."""
        target = self._target()
        found = self._by_link(unit, target) or self._by_generator(unit, target)
        word = self.words.wants(unit) or self.words.wants(self.index.resolve(unit))
        if found is None and word is not None:
            found = Pull(WORD, self.words.source or "command line", word, self.words.line)
        if found is not None and found.how != SOCKET:
            return found
        return self._by_walk(unit, self._pulls()) or found  # a socket starts it only when somebody asks there

    def _by_link(self, unit: str, target: str | None) -> Pull | None:
        goals = self._targets(target)
        link = self.index.linked_from(unit, goals, self._masked)
        if link is not None:
            return Pull(LINK, link)
        link = self.index.linked_from(f"{unit.rpartition('.')[0]}.socket", goals, self._masked)
        return None if link is None else Pull(SOCKET, link)

    def _by_generator(self, unit: str, target: str | None) -> Pull | None:
        """What a generator makes of ``rc.local``, unless it is masked; whether there is one is another question."""
        if self.index.resolve(unit) != RC_LOCAL or "multi-user.target" not in self._targets(target):
            return None
        generators = self._generators()
        path = generators.path(RC_LOCAL_GENERATOR)
        default = f"/usr/lib/systemd/system-generators/{RC_LOCAL_GENERATOR}"
        return None if path in generators.masks else Pull(GENERATOR, path or default)

    def _by_walk(self, unit: str, pulls: ServicePulls) -> Pull | None:
        """What pulls it in by text, by a link of a unit that only a text pulls in, or as a socket or timer elapses."""
        source = pulls.why(self.index, unit)
        if source is not None:
            return Pull(TEXT, source)
        source = pulls.link(self.index, unit)
        if source is not None:
            return Pull(LINK, source)
        triggers = [self._by_trigger(*trigger) for trigger in pulls.triggers.get(self.index.resolve(unit), ())]
        found = sorted([pull for pull in triggers if pull is not None], key=lambda pull: pull.how == SOCKET)
        if found:
            return found[0]
        if pulls.error is not None and self.index.exists(unit):
            raise pulls.error
        return None

    def _by_trigger(self, trigger: str, path: str) -> Pull | None:
        """A socket that is reached, a timer that elapses after every boot, or a path that is there.

        A path that may come is like a socket: what it starts waits for somebody. One that does not start itself, for a
        condition or a setting, starts nothing.
        """
        text = self.text(trigger)
        if text is not None and text.obstacle is not None and not text.obstacle.fails:
            return None
        if trigger.endswith(".socket"):
            return Pull(SOCKET, path)
        if text is not None and text.elapses:
            return Pull(TIMER, *text.elapses[0])
        return Pull(SOCKET, path) if text is not None and trigger.endswith(".path") else None

    def _not_pulled(self, unit: str) -> UnitStart:
        """Nothing on the way to the target pulls it in: the target, a preset or the lack of a unit decides."""
        if self._kept_by_target(unit):
            return self._by_target(unit)
        if not self.index.exists(unit):
            return self._without_unit(unit)
        preset = self.first().preset(unit)
        text = self.text(unit) if preset is not None and preset.verb == "enable" else None
        if preset is not None and text is not None and self._installs(text):
            pull = Pull(PRESET, preset.path, preset.text.strip(" \t\r"), preset.line)
            return self._pulled(unit, pull)._replace(preset=self._preset_seen(preset))
        wanted = f"/etc/systemd/system/multi-user.target.wants/{unit}"
        return UnitStart(unit, STAYS, stops=(Stop(NOT_PULLED, f"nothing starts {unit}", (seen(wanted),)),))

    def _without_unit(self, unit: str) -> UnitStart:
        """A unit that has no file: one that a generator makes of a script, or none."""
        script = self._script(unit)
        if script is not None:
            return self._of_script(unit, script)
        path = f"/usr/lib/systemd/system/{unit}"
        extension = self._extension()
        if extension is not None:
            return UnitStart(unit, UNTOLD, error=Unsupported(extension, f"a system extension may bring {unit}"))
        if self.index.complete:
            return UnitStart(unit, STAYS, stops=(Stop(NO_UNIT, f"there is no {unit}", (seen(path),)),))
        return UnitStart(unit, UNTOLD, error=Absent(path, "this root does not hold systemd's own units"))

    def _extension(self) -> str | None:
        """The directory of a root in which a system extension lies, whose units the running node merges alone."""
        if self._extensions is None:
            folders = () if self._host.running else EXTENSIONS
            self._extensions = tuple([folder for folder in folders if names_in(self._host, folder)])
        return self._extensions[0] if self._extensions else None

    def _kept_by_target(self, unit: str) -> bool:
        """Whether it would start if the command line asked for no other target.

        A unit that is not here may be pulled in by what is not here either, except into emergency.target.
        """
        target = self._target()
        if target is None:
            return False
        if not self.index.exists(unit) and not self.index.complete and self.index.target(target) == "emergency.target":
            return True
        found = self._by_link(unit, None) or self._by_generator(unit, None)
        return found is not None or self._by_walk(unit, self._default_pulls()) is not None

    def _by_target(self, unit: str) -> UnitStart:
        word = self.words.target[1] if self.words.target is not None else ""
        return UnitStart(unit, STAYS, stops=(self._word(TARGET, word, unit),))

    def _default_pulls(self) -> ServicePulls:
        """What a boot into the default target reaches."""
        if self._by_default is None:
            self._by_default = walk(self._host, self.index, self._targets(None), self._masked)
        return self._by_default

    def _installs(self, text: ServiceUnit) -> bool:
        """Whether enabling a unit has the boot start it."""
        goals = self._targets(self._target())
        return any(self.index.resolve(name) in goals for name in text.installs_into)

    def _preset_seen(self, preset: Preset) -> tuple[Evidence, ...]:
        from nodecheck.facts.services.presets import MACHINE_ID

        line = seen(preset.path, preset.text.strip(" \t\r"), line=preset.line)
        return (line,) if preset.path == MACHINE_ID else (seen(MACHINE_ID, self.first().machine_id), line)

    def _script(self, unit: str) -> SysvScript | None:
        """The System V script of which a generator makes a service that has no file."""
        if self.index.exists(unit) or not unit.endswith(".service"):
            return None
        return self._scripts().of((unit.removesuffix(".service"),))

    def _of_script(self, unit: str, script: SysvScript) -> UnitStart:
        """A System V script, of which a generator makes a service."""
        link = self._script_link(script, self._target())
        if link is not None:
            return self._pulled(unit, Pull(SCRIPT, link, script.path))._replace(script=script.path)
        if self._target() is not None and self._script_link(script, None) is not None:
            return self._by_target(unit)._replace(script=script.path)
        message = f"{script.path} is in no runlevel: nothing starts it at boot"
        told = (seen(script.path, "present"), seen(f"/etc/rc3.d/S??{script.name}"))
        return UnitStart(unit, STAYS, stops=(Stop(NOT_PULLED, message, told),), script=script.path)

    def _script_link(self, script: SysvScript, target: str | None) -> str | None:
        """The link that starts a script: runlevels 2 to 4 are multi-user.target, 5 is graphical.target."""
        goals = self._targets(target)
        levels = _FROM_MULTI_USER if "multi-user.target" in goals else ""
        levels += "5" if "graphical.target" in goals else ""
        return next((link for level, link in script.links if level in levels), None)

    def _pulled(self, unit: str, pull: Pull) -> UnitStart:
        """Something pulls it in: a preset that takes that away, what its text asks for, and others in its way."""
        found = UnitStart(unit, STARTS, pull)
        undone = self._disabled_by_preset(found)
        if undone is not None:
            return undone
        if self.index.endless(unit):
            return found._replace(state=STAYS, stops=(self._endless(unit),))
        text = self.text(unit)
        obstacle = text.obstacle if text is not None else None
        if obstacle is not None and not obstacle.fails:
            return found._replace(state=STAYS, stops=(_of_obstacle(obstacle),))
        idle = None if text is None else self._idle(unit, text)
        if idle is not None:
            return found._replace(state=STAYS, stops=(idle,))
        emergency = None if text is None or text.early or _is_early(pull) else self._emergency()
        if emergency is not None:
            return found._replace(state=STAYS, stops=(emergency,))
        if obstacle is not None:
            found = found._replace(fails=_of_obstacle(obstacle))
        rival = self._rival(unit)
        if rival is not None:
            return self._excluded(found, text, rival)
        if text is not None and text.doubt is not None:
            return _doubted(found, text.doubt)
        error = self._pulls().error
        return found if error is None else found._replace(state=UNTOLD, error=error)

    def _endless(self, unit: str) -> Stop:
        entry = self.index.entry(unit)
        told = (seen(entry.path, entry.target),) if entry is not None else ()
        message = f"{unit} is an alias that leads over more than {MOST_NAMES} names, and systemd does not load it"
        return Stop(OBSTACLE, message, told, mend=f"Let the link {told[0].source if told else unit} lead to the file")

    def _idle(self, unit: str, text: ServiceUnit) -> Stop | None:
        """A unit of ``Requisite=`` that the boot does not start (systemd.unit(5))."""
        for name in text.requisites:
            if name not in (unit, *self._asking):
                self._asking.append(unit)
                try:
                    stays = self.of(name).stays
                finally:
                    self._asking.pop()
                if stays:
                    told = seen(text.fragment, f"Requisite={name}")
                    return Stop(OBSTACLE, f"Requisite={name}, and nothing starts that", (told,))
        return None

    def _emergency(self) -> Stop | None:
        """What has the boot end in emergency mode, where only what comes before the file systems is started."""
        if not self._host.running:
            return None  # only a running node tells which devices are there
        if self._lost is None:
            from nodecheck.facts.services.boot_mounts import lost_mounts

            self._lost = tuple([one for one in lost_mounts(self._around) if one.required])
        for lost in self._lost:
            message = f"{lost.device} of {FSTAB} is not there, and the boot ends in emergency mode without it"
            mend = f"Bring back {lost.device}, take the line out of {FSTAB}, or give it the option nofail"
            told = (seen(FSTAB, lost.text.strip(" \t\r"), line=lost.line), seen(lost.device))
            return Stop(EMERGENCY, message, told, mend=mend)
        return None

    def _disabled_by_preset(self, found: UnitStart) -> UnitStart | None:
        """A first boot may disable what a link in ``/etc`` enables, where systemd was built to do so."""
        from nodecheck.facts.services.presets import FULL_SINCE

        unit, pull = found.unit, found.pull
        by_link = pull is not None and pull.how in (LINK, SOCKET) and pull.source.startswith("/etc/")
        if not by_link or not self.init.at_least(FULL_SINCE):
            return None
        preset = self.first().preset(unit)
        if preset is None or preset.verb != "disable" or not self.first().full:
            return None
        message = f"{unit} is enabled, and the first boot may disable it, as {preset.path} says"
        told = self._preset_seen(preset)
        return found._replace(state=UNTOLD, preset=told, error=Unsupported(preset.path, message), doubt=told)

    def _rival(self, unit: str) -> ServiceUnit | None:
        """A unit that starts at the same boot and names this one in ``Conflicts=``.

        systemd keeps the start of the one that names the other, whatever order they are in and whether or not its own
        conditions hold (``transaction.c``, ``delete_one_unmergeable_job``). One that lacks a unit that it needs gets no
        job at all.
        """
        from nodecheck.facts.services.service_units import NEED

        for name in self._pulls().rivals(self.index, unit):
            rival = self.text(name)
            if rival is not None and (rival.obstacle is None or rival.obstacle.kind != NEED):
                return rival
        return None

    def _excluded(self, found: UnitStart, text: ServiceUnit | None, rival: ServiceUnit) -> UnitStart:
        """What becomes of a unit that another one conflicts with: it stays, unless something else has a say."""
        unit = found.unit
        told: tuple[Evidence, ...] = (
            seen(rival.fragment, f"Conflicts={' '.join(rival.conflicts)}"),
            seen(self.linked(rival.name) or rival.fragment, rival.name),
        )
        if text is not None and any(self.index.resolve(name) == rival.name for name in text.conflicts):
            message = f"{unit} and {rival.name} are both enabled and exclude each other: which one starts is not known"
            return found._replace(state=UNTOLD, error=Unsupported(rival.fragment, message), doubt=told)
        pull = self._strong_pull(unit)
        if pull is not None:
            message = f"{rival.name}, which is enabled too, conflicts with {unit}, which another unit may require"
            told = (*told, seen(pull, unit))
            return found._replace(state=UNTOLD, error=Unsupported(rival.fragment, message), doubt=told)
        message = f"{rival.name}, which is enabled too, conflicts with it"
        mend = f"Choose one of the two: systemctl disable {rival.name}, or {unit}"
        return found._replace(state=STAYS, stops=(Stop(CONFLICT, message, told, mend=mend, rival=rival.name),))

    def _strong_pull(self, unit: str) -> str | None:
        """What may have systemd keep a unit and drop the other one: ``Requires=`` and its like, as text or as link.

        What is only wanted does not matter to the target (``transaction_add_job_and_dependencies``).
        """
        folders = (".requires", ".upholds")
        links = [path for _, path in self.index.pulls(unit) if path.rpartition("/")[0].endswith(folders)]
        return links[0] if links else self._pulls().requires(self.index, unit)


def _without_init(program: str, unit: str) -> Stop:
    """A container whose first process is no init system starts no unit, whenever its runtime starts it again."""
    message = f"the container's first process is {program}, no init system: nothing starts {unit}"
    mend = "Have the container's runtime start an init system (/sbin/init), or the program itself"
    return Stop(SHELL, message, (seen(FIRST_ARGUMENTS, program),), by_cmdline=True, mend=mend)


def _is_early(pull: Pull) -> bool:
    """Whether a unit is pulled in on the way to sysinit.target, as systemd's own early services are."""
    return any(f"/{target}.wants/" in pull.source for target in SYSINIT_TARGETS)


def _of_obstacle(found: Obstacle) -> Stop:
    told = seen(found.source, found.text, line=found.line)
    return Stop(OBSTACLE, found.message, (told,), found.by_cmdline, bool(found.argv), found.mend, found.argv)


def _doubted(found: UnitStart, doubt: Obstacle) -> UnitStart:
    """A unit of which nobody can tell whether it starts, by something that its text says."""
    message = f"{found.unit} is enabled, and {doubt.message}"
    told = (seen(doubt.source, doubt.text, line=doubt.line),)
    return found._replace(state=UNTOLD, error=Unsupported(doubt.source, message), doubt=told)
