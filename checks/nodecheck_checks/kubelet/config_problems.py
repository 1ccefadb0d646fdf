"""What is wrong with a kubelet's configuration, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.checking import Evidence, Lazy, Outcome, Severity, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import Joined, KubeletConfig, KubeletLines, KubeletRelease, Target
from nodecheck.facts.kubelet.lookup import DROPIN, EffectiveSetting, told_value
from nodecheck.facts.kubelet.table import SETTINGS
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Release
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.files import KubeletFile, KubeletSources
    from nodecheck.facts.kubelet.settings import Problem
    from nodecheck_checks.kubelet.kubelet_fixes import SettingLine
    from nodecheck_checks.kubelet.kubelet_rules import Broken

EXPECTED = "a configuration that the kubelet starts with"


def judged(
    kubelet: KubeletConfig,
    given: KubeletSources,
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    joined: Lazy[Joined],
    lines: Lazy[KubeletLines],
) -> Iterator[Outcome]:
    """What is wrong with each setting, or a pass with all that is set."""
    problem = kubelet.problem or _without_dropins(given, own)
    if problem is not None:
        yield whole(problem, joined)
        return
    config = configuration(kubelet, given, own, target)
    found = [*config.problems()]
    yield from [_failed(problem, lines) for problem in found]
    if not any(problem.severity is Severity.ERROR for problem in found):
        yield _hidden(config, own) or _listed(config)


class ConfigProblem(NamedTuple):
    """What is wrong with one setting."""

    name: str
    expected: str
    message: str
    places: tuple[SettingLine, ...]
    severity: Severity = Severity.ERROR
    removable: bool = True
    """Whether it is gone with the line."""


class Configuration(NamedTuple):
    """The kubelet's configuration, and the releases that it must suit."""

    given: KubeletSources
    sources: tuple[str, ...]
    releases: tuple[Release, ...]
    """The kubelet's own and the one that the node is to have, as far as they are known."""
    settings: Mapping[str, EffectiveSetting]
    """Every setting as the first of these releases has it."""
    newer: tuple[str, ...] = ()
    """What is set and not taken by every release alike; where there is none, no release was asked for."""

    @property
    def release(self) -> Release | None:
        """The kubelet's own release, else the one that the node is to have."""
        return self.releases[0] if self.releases else None

    def problems(self) -> Iterator[ConfigProblem]:
        """All that is wrong, one for each name."""
        told: set[str] = set()
        for problem in (*self._types(), *self._values(), *self._rules(), *self._ignored()):
            if problem.name not in told:
                told.add(problem.name)
                yield problem

    def _types(self) -> Iterator[ConfigProblem]:
        """The base is decoded before anything is merged over it; of the drop-ins only what they come to counts."""
        from nodecheck.facts.kubelet.keys import wrong_types
        from nodecheck_checks.kubelet.kubelet_fixes import SettingLine

        for tree in (*[file.tree for file in self.given.files[:1]], self.given.tree):
            for key, node in wrong_types(tree, self.release):
                if node.path:
                    text = f"{key.name.rpartition('.')[2]}: {told_value(node.value)}"
                    place = SettingLine(node.path, node.line or None, text)
                    yield ConfigProblem(key.name, key.kind, f"{key.name} is not {key.kind}", (place,))

    def _values(self) -> Iterator[ConfigProblem]:
        for name, setting in self.settings.items():
            if setting.problem is not None:
                message = f"{name} cannot be parsed: {setting.problem}"
                yield ConfigProblem(name, "a value that parses", message, (_place(setting),))

    def _rules(self) -> Iterator[ConfigProblem]:
        from nodecheck_checks.kubelet.kubelet_rules import broken

        for item in broken(self.settings, self.releases):
            yield _of_rule(item)

    def _ignored(self) -> Iterator[ConfigProblem]:
        from nodecheck.facts.kubelet.keys import ignored_keys
        from nodecheck_checks.kubelet.kubelet_fixes import SettingLine

        for number, file in enumerate(self.given.files):
            dropin = number > 0 or file.path != self.given.config
            for name, node in ignored_keys(file.tree, self.release, dropin):
                text = f"{name.rpartition('.')[2]}: {told_value(node.value)}"
                yield _unheard(name, SettingLine(file.path, node.line or None, text), self.release)
            if file.duplicate is not None:
                yield _twice(file)


def configuration(
    kubelet: KubeletConfig, given: KubeletSources, own: Lazy[KubeletRelease], target: Lazy[Target]
) -> Configuration:
    """What a kubelet is given, with its settings. A release is asked for only where it can matter."""
    from nodecheck.facts.kubelet.keys import newer_keys
    from nodecheck_checks.kubelet.kubelet_rules import RULES

    settings = {name: kubelet.setting(name) for name in SETTINGS}
    ruled = [row.name for row in RULES if row.since and settings[row.name].source]
    newer = tuple(dict.fromkeys([*newer_keys(given.tree), *ruled]))
    config = Configuration(given, kubelet.sources, (), settings, newer)
    known = [found[:2] for found in (own().numbers, target().release) if found] if newer else []
    if not known:
        return config
    first = (known[0][0], known[0][1])
    settings = {name: kubelet.setting(name, first) for name in SETTINGS}
    return config._replace(releases=tuple(dict.fromkeys(known)), settings=settings)


def _hidden(config: Configuration, own: Lazy[KubeletRelease]) -> Outcome | None:
    """Where the kubelet's release could not be read, and something is set that not every release takes."""
    error = own().hidden if config.newer and not own().numbers else None
    if error is None:
        return None
    message = f"the kubelet's release is not known, and not every release takes {config.newer[0]}: {error}"
    return unknown(message, code=error.code, expected=EXPECTED)


def _of_rule(item: Broken) -> ConfigProblem:
    from nodecheck_checks.kubelet.kubelet_rules import in_words

    wanted = in_words(item.row.wanted)
    value = item.setting.text or f"{item.setting.name} at its default"
    beside = "".join([f", beside {one.text}" for one in item.beside if one.source])
    message = f"{value}{beside}: {item.setting.name} must be {wanted}: {item.row.reason}"
    places = tuple([_place(setting) for setting in item.places()])
    return ConfigProblem(item.row.name, wanted, message, places, item.row.severity)


def _unheard(name: str, place: SettingLine, release: Release | None) -> ConfigProblem:
    from nodecheck.facts.kubelet.keys import ALL_KEYS

    key = ALL_KEYS.get(name)
    if key is None:
        message = f"no kubelet knows the key {name[:80]}, and it is ignored{_near(name)}"
    else:
        message = f"the kubelet of {_dotted(release or ())} does not know {name} yet, and ignores it: it came with "
        message += _dotted(key.since)
    return ConfigProblem(name[:80], "a key that the kubelet knows", message, (place,), Severity.WARNING)


def _near(name: str) -> str:
    """The known key that is spelled like it."""
    from nodecheck.facts.kubelet.keys import ALL_KEYS

    same = [key for key in ALL_KEYS if key.lower() == name.lower()]
    if same:
        return f"; did you mean {same[0]}?"
    from difflib import get_close_matches

    near = get_close_matches(name, list(ALL_KEYS), n=1, cutoff=0.8)
    return f"; did you mean {near[0]}?" if near else ""


def _twice(file: KubeletFile) -> ConfigProblem:
    from nodecheck_checks.kubelet.kubelet_fixes import SettingLine

    name = (file.duplicate or "")[:80]
    node = file.tree.get(name)
    line = None if node is None else node.line or None
    text = f"{name}: {told_value(node.value)}" if node is not None else name
    message = f"{name} stands twice in {file.path}, and the last one counts"
    place = SettingLine(file.path, line, text)
    return ConfigProblem(name, "a key that stands once", message, (place,), Severity.WARNING, removable=False)


def _without_dropins(given: KubeletSources, own: Lazy[KubeletRelease]) -> Problem | None:
    from nodecheck.facts.kubelet.removed import refused_dropins

    if given.flags.last("config-dir") is None:
        return None
    numbers = own().numbers
    return None if numbers is None else next(refused_dropins(given, numbers[:2]), None)


def whole(problem: Problem, joined: Lazy[Joined]) -> Outcome:
    """The configuration as a whole: it is not there, does not parse, or is refused."""
    from nodecheck_checks.kubelet.kubelet_fixes import corrected

    detail = problem.detail.removeprefix(f"{problem.source} ")
    place = seen(problem.source, None if problem.code == "not-found" else detail, line=problem.line)
    if problem.code == "not-found" and _is_new(joined):
        message = f"{problem.source} is not there yet: it is written when the node joins a cluster"
        return skip(message, code="not-applicable", evidence=[place])
    at = f"{problem.source}:{problem.line}" if problem.line else problem.source
    message = f"the kubelet does not start with its configuration: {at} {detail}"
    fix = corrected(problem, detail)
    return fail(message, expected=EXPECTED, actual=detail, evidence=[place], fix=fix)


def _is_new(joined: Lazy[Joined]) -> bool:
    try:
        return joined().path is None
    except FactError:
        return False


def _failed(problem: ConfigProblem, lines: Lazy[KubeletLines]) -> Outcome:
    from nodecheck_checks.kubelet.kubelet_fixes import fix_of

    first = problem.places[0] if problem.places else None
    at = f"{first.path}:{first.line}: " if first is not None and first.line else ""
    fix = fix_of(f"Correct {problem.name}", problem.places, lines if problem.removable else None)
    return fail(
        f"{at}{problem.message}",
        subject=problem.name,
        expected=problem.expected,
        actual="; ".join([place.text for place in problem.places]),
        evidence=[seen(place.path, place.text, line=place.line) for place in problem.places],
        fix=fix,
        severity=problem.severity,
    )


def _place(setting: EffectiveSetting) -> SettingLine:
    from nodecheck_checks.kubelet.kubelet_fixes import SettingLine

    return SettingLine(setting.source, setting.line, setting.text, setting.origin in ("unit", "environment"))


def effective(config: Configuration) -> Iterator[EffectiveSetting]:
    """The settings that something sets, in the order of the table."""
    yield from (setting for setting in config.settings.values() if setting.source)


def _listed(config: Configuration) -> Outcome:
    """A pass, with all that is set."""
    found = list(effective(config))
    known = {setting.flag for setting in SETTINGS.values()}
    others = [(f"--{name}={word.text}", word) for name, word in config.given.flags.given if name not in known]
    evidence = [seen(one.source, _whole_name(one), line=one.line) for one in found]
    evidence += [seen(word.path, text, line=word.line) for text, word in others]
    evidence += [*_other_keys(config)]
    named = {item.source for item in evidence}
    evidence += [Evidence(path, "settings") for path in config.sources if path not in named]
    message = f"the kubelet's configuration is valid; settings that are set: {len(found)}"
    dropins = sum(1 for one in found if one.origin == DROPIN)
    message += f", by drop-ins: {dropins}" if dropins else ""
    actual = ", ".join(dict.fromkeys([item.value for item in evidence if item.value is not None]))
    return ok(message, expected=EXPECTED, actual=actual or "the defaults", evidence=evidence)


def _whole_name(setting: EffectiveSetting) -> str:
    """As written, with the keys above a nested one: ``authorization.mode: Webhook``."""
    above = setting.name.rpartition(".")[0]
    return f"{above}.{setting.text}" if above and not setting.text.startswith("--") else setting.text


def _other_keys(config: Configuration) -> Iterator[Evidence]:
    """The keys of the first level that are no settings of the table; headers, which hold secrets, without a value."""
    from nodecheck.facts.kubelet.keys import ALL_KEYS

    first = {(setting.key or "").partition(".")[0] for setting in SETTINGS.values()}
    for name, node in config.given.tree.items():
        if name in ALL_KEYS and name not in (*first, "kind", "apiVersion") and node.path and node.value is not None:
            told = "(not shown)" if name == "staticPodURLHeader" else told_value(node.value)
            yield seen(node.path, f"{name}: {told}", line=node.line or None)


def _dotted(release: Release) -> str:
    return ".".join(map(str, release[:2]))
