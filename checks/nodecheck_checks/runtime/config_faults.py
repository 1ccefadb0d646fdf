"""What is wrong with the configuration of containerd or CRI-O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Severity, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError, Offline, ParseError
from nodecheck.facts import Containerd, Crio, KubeletConfig, Target
from nodecheck.fix import by_hand
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import Settings
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.runtimes.containerd_keys import KeyFault
    from nodecheck.facts.runtimes.releases import Release

MOST_KEYS = 8
"""Keys that one result tells of, each with its line."""

EXPECTED = "a configuration that the runtime starts with, and whose keys count"


class ConfigNode(NamedTuple):
    """What the check asks; read only where a verdict depends on it."""

    kubelet: KubeletConfig
    target: Lazy[Target]
    embedded: Lazy[facts.EmbeddedKubelet]
    containerd: Lazy[Containerd]
    crio: Lazy[Crio]
    releases: Lazy[facts.RuntimeReleases]
    packages: Lazy[facts.Packages]
    given: Lazy[Settings]

    def release(self, name: str) -> Release | None:
        """The release of a runtime; None where the node does not show it. Raises what hides it."""
        found = self.releases().of(name)
        if found is None:
            self.packages()
        return found

    def used(self, name: str) -> bool | None:
        """Whether the kubelet uses a runtime; None where nothing says which one it is to use."""
        kubelet = self.kubelet
        if kubelet.runtime_endpoint is None and kubelet.container_runtime is None:
            return None
        return kubelet.runtime(self.target().release) == name


def of_containerd(node: ConfigNode) -> Outcome | None:
    """What containerd's configuration comes to; None where it is not on the node."""
    if node.used("containerd") is False:
        return _beside("containerd", node)
    try:
        fact = node.containerd()
    except FactError as error:
        return _unread("containerd", error)
    return _judged(fact, node) if fact.present is not None else None


def _beside(name: str, node: ConfigNode) -> Outcome | None:
    """A runtime that the kubelet does not use."""
    try:
        fact = node.containerd() if name == "containerd" else node.crio()
    except FactError:
        pass
    else:
        if fact.present is None:
            return None
    return skip(f"the kubelet does not use {name}", subject=name)


def _unread(name: str, error: FactError) -> Outcome:
    """Files that cannot be read, or with which the runtime does not start."""
    if isinstance(error, Offline):
        return skip(str(error), code=error.code, subject=name)
    evidence = [seen(error.source, error.text if isinstance(error, ParseError) else None)]
    from nodecheck.facts.runtimes.service import UndecidedKey, Unstartable

    if isinstance(error, (ParseError, Unstartable)) and not isinstance(error, UndecidedKey):
        message = f"{name} does not start: {error}"
        return _failed(name, message, error.source, evidence)
    return unknown(str(error), code=error.code, subject=name, expected=EXPECTED)


def _failed(name: str, why: str, path: str, evidence: list[Evidence], severity: Severity = Severity.ERROR) -> Outcome:
    where = "" if why.startswith(path) else f"In {path}: "
    fix = by_hand(f"Correct {path}", f"{where}{why}{'' if why.endswith('?') else '.'} Edit it, and restart {name}")
    return fail(why, subject=name, expected=EXPECTED, actual=why, evidence=evidence, fix=fix, severity=severity)


def _judged(fact: Containerd, node: ConfigNode) -> Outcome:
    if fact.service is not None and fact.service.problem is not None:
        evidence = [seen(path, None, locator="ExecStart") for path in fact.service.paths]
        return unknown(fact.service.problem, code="malformed", subject="containerd", evidence=evidence)
    if not fact.files:
        message = f"there is no {fact.path}: containerd takes its defaults"
        return ok(message, subject="containerd", expected=EXPECTED, actual="defaults", evidence=[seen(fact.path)])
    from nodecheck.facts.runtimes.containerd_load import loads

    release = node.release("containerd")
    found = loads(fact.files, release, frozenset(fact.gone))
    faults = [one.fault for one in found if one.fault is not None]
    if len(faults) == len(found):
        return _failed("containerd", faults[0].why, faults[0].path, [_shown(fact, faults[0])])
    evidence = _versions(fact)
    if faults or len({one.cri for one in found}) > 1:
        why = faults[0].why if faults else "the CRI plugin is off in some releases"
        message = f"which containerd reads the files is not shown, and not each one takes them: {why}"
        return unknown(message, code="not-found", subject="containerd", expected=EXPECTED, evidence=evidence)
    if not found[0].cri:
        return _off(fact, node)
    doubt = next((one.doubt for one in found if one.doubt is not None), None)
    if doubt is not None:
        shown = [_shown(fact, doubt)]
        return unknown(doubt.why, code="unsupported", subject="containerd", expected=EXPECTED, evidence=shown)
    idle = _unknown(fact, release)
    told = _some([f"{one.path} ({'.'.join(one.keys)}): {one.why}" for one in idle])
    warned = list(dict.fromkeys([*found[-1].notes, *_misplaced(fact, release), *_removed(fact, release), *told]))
    if warned:
        sources = {file.path: file.source for file in fact.files}
        evidence = [*_named(sources, [(one.path, one.keys) for one in idle[:MOST_KEYS]]), *evidence]
        return _failed("containerd", "; ".join(warned), fact.path, evidence, Severity.WARNING)
    why = "containerd starts with its configuration, and its CRI plugin loads"
    return ok(why, subject="containerd", expected=EXPECTED, actual="valid", evidence=evidence)


def _reader(fact: Containerd, release: Release | None) -> Release:
    """The release that reads the files; where none is shown, one that stands for those that fit them."""
    from nodecheck.facts.runtimes.containerd_releases import ONE, TWO

    return release or (TWO if fact.shows_two() else ONE)


def _versions(fact: Containerd) -> list[Evidence]:
    return [seen(file.path, f"version = {file.version}", locator="version") for file in fact.files]


def _shown(fact: Containerd, fault: KeyFault) -> Evidence:
    if not fault.keys:
        return next(item for item in _versions(fact) if item.source == fault.path)
    source = next((file.source for file in fact.files if file.path == fault.path), "")
    return _key(source, fault.path, fault.keys)


def _some(told: list[str]) -> list[str]:
    """As many as a message should have, and how many there are besides."""
    more = len(told) - MOST_KEYS
    return told if more <= 0 else [*told[:MOST_KEYS], f"and {more} more keys"]


def _named(sources: Mapping[str, str], faults: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[Evidence]:
    """The lines of keys that nothing reads, without the values: a mistyped key may be that of a password."""
    from nodecheck.formats.toml import line_of

    for path, keys in faults:
        line, text = line_of(sources[path], keys) or (None, keys[-1])
        text = text.strip()
        name = text if text.startswith("[") else text.partition("=")[0].rstrip() + " = ..."
        yield seen(path, name, line=line, locator=".".join(keys))


def _off(fact: Containerd, node: ConfigNode) -> Outcome:
    """Its CRI plugin is off, as Docker's package writes it: wrong where the kubelet uses containerd."""
    place = next((file.path for file in fact.files if file.disabled), fact.path)
    evidence = [seen(place, "disabled_plugins has cri", locator="disabled_plugins")]
    if not node.used("containerd"):
        return skip("containerd serves no kubelet: its CRI plugin is off", subject="containerd", evidence=evidence)
    message = "the kubelet uses containerd, and its CRI plugin is off (disabled_plugins)"
    return _failed("containerd", message, place, evidence)


def _misplaced(fact: Containerd, release: Release | None) -> Iterator[str]:
    """The switch of the cgroup driver in a table where containerd does not look for it."""
    from nodecheck.facts.runtimes.containerd_keys import misplaced_keys
    from nodecheck.facts.runtimes.containerd_merge import sections_read

    for file, read in zip(fact.files, sections_read(fact.files, _reader(fact, release))):
        for fault in misplaced_keys(file, read):
            yield f"{file.path} ({'.'.join(fault.keys)}): {fault.why}"


def _removed(fact: Containerd, release: Release | None) -> Iterator[str]:
    """What only containerd 1 had, where containerd 2 reads the files."""
    from nodecheck.facts.runtimes.containerd_keys import removed_keys
    from nodecheck.facts.runtimes.containerd_releases import GONE, OLD_KEYS, rule

    if rule(OLD_KEYS, _reader(fact, release)) != GONE:
        return
    for file in fact.files:
        for fault in removed_keys(file):
            yield f"{file.path} ({'.'.join(fault.keys[2:])}): {fault.why}"


def _unknown(fact: Containerd, release: Release | None) -> list[KeyFault]:
    """Keys that are set and that nothing reads: mistyped ones, and those of another table."""
    from nodecheck.facts.runtimes.containerd_unknown import unknown_keys

    return unknown_keys(fact.files, release)


def of_crio(node: ConfigNode) -> Outcome | None:
    """The same of CRI-O's."""
    if node.used("crio") is False:
        return _beside("crio", node)
    try:
        fact = node.crio()
    except FactError as error:
        return _unread("crio", error)
    if fact.present is None:
        return None
    shown = [item for item in (fact.cgroup_manager, fact.conmon_cgroup) if item is not None]
    evidence = [seen(item.path, item.text.strip(), line=item.line) for item in shown] or [
        seen(path, None, locator="cgroup_manager") for path in fact.files or (fact.path,)
    ]
    release = node.release("crio") if fact.needs_release() or fact.read_files else None
    refused = fact.refusal(release)
    if refused is not None and not refused.certain:
        return unknown(refused.why, code="not-found", subject="crio", expected=EXPECTED, evidence=evidence)
    if refused is not None:
        return _failed("crio", f"CRI-O does not start: {refused.why}", fact.path, evidence)
    return _of_keys(fact, release, evidence)


def _of_keys(fact: Crio, release: Release | None, evidence: list[Evidence]) -> Outcome:
    """What the other keys come to."""
    from nodecheck.facts.runtimes.crio_values import IGNORED, REFUSED, UNDECIDED

    found = fact.faults(release)
    sources = {file.path: file.source for file in fact.read_files}
    for kind in (REFUSED, UNDECIDED, IGNORED):
        held = [one for one in found if one.kind == kind]
        if not held:
            continue
        why = "; ".join(_some([one.why for one in held]))
        shown = [_key(sources[one.path], one.path, one.keys) for one in held[:MOST_KEYS] if kind != IGNORED]
        if kind == IGNORED:
            shown = list(_named(sources, [(one.path, one.keys) for one in held[:MOST_KEYS]]))
        if kind == UNDECIDED:
            message = f"which CRI-O reads the files is not shown, and not each one takes them: {why}"
            return unknown(message, code="not-found", subject="crio", expected=EXPECTED, evidence=shown)
        if kind == REFUSED:
            return _failed("crio", f"CRI-O does not start: {why}", held[0].path, shown)
        return _failed("crio", why, held[0].path, shown, Severity.WARNING)
    told = "CRI-O starts with its configuration"
    return ok(told, subject="crio", expected=EXPECTED, actual="valid", evidence=evidence)


def _key(source: str, path: str, keys: tuple[str, ...]) -> Evidence:
    """The line that sets a key."""
    from nodecheck.formats.toml import line_of

    line, text = line_of(source, keys) or (None, None)
    return seen(path, text.strip() if text else None, line=line, locator=".".join(keys))
