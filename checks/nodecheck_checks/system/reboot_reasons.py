"""What a node's reboot is due for: marks, another kernel, packages that were installed since the boot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError, Malformed
from nodecheck.facts import BootCmdline, Container, LastingMarks, RebootMarks, RebootPackages, RunningKernel
from nodecheck.facts.boot.reboot_marks import MARKS, OLD_PLACE, STAGED, RebootMark
from nodecheck.fix import MANUAL, Fix, by_hand, manual
from nodecheck.record import NamedTuple

EXPECTED = "no reboot is due"
MOST_TOLD = 6
"""Packages that the message names."""

MARKING = ("ostree", "MicroOS", "SLE Micro")
"""Systems that are changed as a whole, and leave a mark where what they have ready waits for a reboot."""

TEXT = (
    "Drain the node (kubectl drain NODE --ignore-daemonsets), reboot it at a time of your choice, and uncordon it."
    " Before it, nodecheck run --view boot says what the reboot makes of the node"
)


class Due(NamedTuple):
    """Why a reboot is due."""

    message: str
    evidence: tuple[Evidence, ...]


class Kernels(NamedTuple):
    """What tells whether another kernel waits."""

    running: Lazy[RunningKernel]
    cmdline: Lazy[BootCmdline]
    images: Lazy[facts.KernelImages]
    boot: Lazy[facts.BootTime]


def judged(
    marks: RebootMarks,
    container: Container,
    image: Lazy[facts.ImageSystem],
    kernels: Kernels,
    packages: Lazy[RebootPackages],
) -> Iterator[Outcome]:
    """Whether a reboot is due, and for what."""
    due, problems, looked = [*map(by_mark, marks.found)], [marks.error] if marks.error else [], [*map(seen, MARKS)]
    if container.kind is None:
        for look in (lambda: by_kernel(kernels, looked), lambda: by_packages(kernels.boot, packages, looked)):
            _added(look, due, problems)
    if due:
        message = f"a reboot is due: {'; '.join([one.message for one in due])}"
        evidence = [item for one in due for item in one.evidence]
        yield fail(message, expected=EXPECTED, actual="a reboot is due", evidence=evidence, fix=_fix(marks))
    elif container.kind is not None:
        told = [*container.evidence, *looked]
        yield skip("nothing marks it, and a container's packages do not come with its host's boot", evidence=told)
    elif problems:
        yield unknown(str(problems[0]), code=problems[0].code, expected=EXPECTED)
    else:
        yield _none_due(image, packages, looked)


def _added(look: Callable[[], Iterator[Due]], due: list[Due], problems: list[FactError]) -> None:
    """What a look finds; what it cannot tell counts where nothing else is found."""
    try:
        due.extend(look())
    except FactError as error:
        problems.append(error)


def _none_due(image: Lazy[facts.ImageSystem], packages: Lazy[RebootPackages], looked: list[Evidence]) -> Outcome:
    """A pass, where what was looked at is all that a reboot could bring."""
    try:
        system, databases = image(), packages().databases
    except FactError as error:
        return unknown(str(error), code=error.code, expected=EXPECTED)
    if system.name is not None and system.name not in MARKING:
        message = f"{system.name} is changed as a whole, and whether another image waits for a reboot is not looked at"
        return skip(message, evidence=[*system.evidence, *looked])
    if not databases:
        return skip(
            "neither dpkg nor rpm has a database here, which would show what was installed since the boot",
            evidence=looked,
        )
    message = "nothing that was installed since the boot waits for a reboot"
    return ok(message, expected=EXPECTED, actual=EXPECTED, evidence=looked)


def by_mark(mark: RebootMark) -> Due:
    """What a mark says."""
    if mark.path == STAGED:
        return Due("another deployment is staged for the next boot", (seen(mark.path, "there"),))
    names = ", ".join(mark.names[:MOST_TOLD])
    more = f" and {len(mark.names) - MOST_TOLD} more" if len(mark.names) > MOST_TOLD else ""
    said = f" ({names}{more})" if names else ""
    return Due(f"{mark.path} asks for it{said}", (seen(mark.path, ", ".join(mark.names) or "there"),))


def by_kernel(kernels: Kernels, looked: list[Evidence]) -> Iterator[Due]:
    """Another kernel that the next boot starts, or another file of the one that runs; what was seen goes to ``looked``.

    Raises FactError where that cannot be told.
    """
    from nodecheck.formats.moments import utc_second

    running, cmdline, began_s = kernels.running(), kernels.cmdline(), kernels.boot().began_s
    runs = seen(running.source, running.release)
    if cmdline.kernel not in (None, running.release):
        entry = seen(cmdline.source or "", cmdline.kernel, line=cmdline.line)
        yield Due(f"the next boot starts the kernel {cmdline.kernel}, and {running.release} runs", (entry, runs))
        return
    looked.append(runs)
    if cmdline.source is not None:
        looked.append(seen(cmdline.source, cmdline.kernel or "no release of a kernel", line=cmdline.line))
    for image in kernels.images().found:
        if cmdline.kernel is not None and not image.is_of(running.release):
            continue
        if image.changed_s > began_s:
            told = (seen(image.path, f"written {utc_second(image.changed_s)}"),)
            yield Due(f"the kernel {image.path} was written since the boot", told)
            return
        looked.append(seen(image.path, "older than the boot"))


def by_packages(boot: Lazy[facts.BootTime], packages: Lazy[RebootPackages], looked: list[Evidence]) -> Iterator[Due]:
    """The packages that were installed since the boot. Raises FactError where that cannot be told."""
    from nodecheck.formats.moments import utc_second

    began_s, found = boot().began_s, packages()
    timed = [(one, one.at_s) for one in found.found if one.at_s is not None]
    new = [(one, at_s) for one, at_s in timed if at_s > began_s]
    looked.extend([seen(path, "nothing of it is newer than the boot") for path in found.databases])
    if new:
        names = ", ".join(sorted({one.name for one, _ in new}))
        told = [seen(one.source, f"{one.name} {one.version}, installed {utc_second(at_s)}") for one, at_s in new]
        yield Due(f"installed since the boot: {names}", tuple(told))
    for one in found.found:
        if one.at_s is None:
            raise Malformed(one.source, f"is not there, and the database of dpkg has {one.name} as installed")


def _fix(marks: RebootMarks) -> Fix:
    first = (manual("Let the staged deployment go first: rpm-ostree finalize-deployment"),) if marks.locked else ()
    return Fix("Reboot at a time of your choice", (*first, manual(TEXT)), MANUAL, reboot=True)


def left_at_boot(marks: LastingMarks, packages: RebootPackages) -> Iterator[Outcome]:
    """Whether a mark outlives the reboot that it asks for."""
    if marks.found:
        evidence = [seen(OLD_PLACE, "a directory of its own"), *[seen(path, "there") for path in marks.found]]
        text = f"Delete {' and '.join(marks.found)} after the reboot, and make {OLD_PLACE} a link to /run"
        message = f"{marks.found[0]} lies on disk, where no boot takes it away: it asks for a reboot after each"
        fix = by_hand("Let no mark outlive the reboot that it asks for", text)
        yield fail(message, expected=EXPECTED, actual="a mark that stays", evidence=evidence, fix=fix)
    elif marks.link is None and not marks.own:
        yield skip(f"there is no {OLD_PLACE}, in which a mark would outlive a reboot", evidence=[seen(OLD_PLACE)])
    else:
        place = marks.link if marks.link is not None else "a directory of its own, without a mark"
        evidence = [seen(OLD_PLACE, place), *[seen(path, "there") for path in packages.databases]]
        message = "the next boot starts what is installed, and leaves no mark of an earlier one"
        yield ok(message, expected=EXPECTED, actual=EXPECTED, evidence=evidence)
