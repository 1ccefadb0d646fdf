"""Which configuration of CNI the runtime takes, and whether its plugins are there."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Severity, fail, ok, seen, skip, unknown
from nodecheck.facts import NodePhase
from nodecheck.facts.cluster.signs import HAND_ON, META
from nodecheck.fix import Fix, by_hand, command
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import INSTALL, JOIN
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.cluster.cni_networks import CniFile

EXPECTED = "a CNI configuration that the runtime loads"
PROGRAMS = "every plugin is there, and root may execute it"
CILIUM = "cilium"
OWN_NETWORKS = ("crio", "podman", "containerd-net", "bridge")
"""Names of the networks that CRI-O, podman, containerd and nerdctl bring; a cluster's CNI is to win over them."""

PODMAN = "podman"
"""The network of podman's package, which is for podman's own containers."""

NO_NETWORK = (
    "loopback",
    "istio-cni",
    "linkerd-cni",
    "portmap",
    "bandwidth",
    "tuning",
    "firewall",
    "sbr",
    "vrf",
    "dhcp",
)
"""Plugins that give a pod no address where they stand alone: they add to what another plugin made."""

ALIASES = {"canal": ("calico", "flannel"), "tigera-operator": ("calico",), "amazon-vpc-cni": ("aws-cni",)}
"""Names of CNIs that write the plugin of another."""


class Chosen(NamedTuple):
    """What the runtime makes of the files."""

    loaded: tuple[CniFile, ...] = ()
    passed: tuple[tuple[CniFile, str], ...] = ()
    """Those before the first that are not taken, each with the reason."""
    rest: tuple[CniFile, ...] = ()
    """Valid ones that are not loaded."""
    broken: tuple[CniFile, str] | None = None
    """The one because of which nothing is loaded."""
    hidden: CniFile | None = None
    """One that could not be read, and that may be the one that counts."""


def chosen(found: facts.CniNetworks) -> Chosen:
    """Which files the runtime loads, as it goes through them by name."""
    from nodecheck.facts.cluster.cni_networks import CniFile

    places = found.places
    loaded, passed, rest = list[CniFile](), list[tuple[CniFile, str]](), list[CniFile]()
    for file in found.files:
        if places.most and len(loaded) == places.most:
            rest += [file] if file.problem is None and file.hidden is None else []
            continue
        if file.hidden is not None:
            return Chosen(tuple(loaded), tuple(passed), hidden=file)
        why = _refused(file, found)
        if why is not None and not places.passes_over:
            return Chosen(tuple(loaded), broken=(file, why))
        if why is not None:
            passed.append((file, why))
        elif places.network and file.network != places.network:
            rest.append(file)
        else:
            loaded.append(file)
    return Chosen(tuple(loaded), tuple(passed), tuple(rest))


def _refused(file: CniFile, found: facts.CniNetworks) -> str | None:
    """Why the runtime does not take a file."""
    from nodecheck.facts.cluster.cni_networks import LIST
    from nodecheck.facts.cluster.cni_places import CRIO

    if file.problem is not None:
        return file.problem
    if not file.network and not file.path.endswith(LIST) and found.places.runtime != CRIO:
        return "it has no 'name'"
    missing = [name for name in file.types if found.programs[name].path is None]
    if missing and found.places.passes_over:
        return f"the plugin {missing[0]} is not there"
    return None


def judged(found: facts.CniNetworks, phase: Lazy[NodePhase], wanted: str | None) -> Iterator[Outcome]:
    """The configurations, and the programs of those that are loaded."""
    from nodecheck.facts.cluster.cni_places import NAMES

    places = found.places
    if places.runtime is None:
        yield skip("no container runtime that serves a kubelet is on this node")
        return
    if places.off is not None:
        yield skip(places.off)
        return
    if places.problem is not None:
        message = f"where {NAMES[places.runtime]} looks for CNI is not known: {places.problem}"
        yield unknown(message, code="not-found", expected=EXPECTED)
        return
    choice = chosen(found)
    yield _of_files(found, choice, phase, wanted)
    if choice.loaded:
        yield _of_programs(found, choice, phase, wanted)


def _belongs(phase: Lazy[NodePhase]) -> bool:
    """Whether the node belongs to a cluster, whose network plugin has been installed."""
    name = phase().name
    return name not in (INSTALL, JOIN)


def _of_files(found: facts.CniNetworks, choice: Chosen, phase: Lazy[NodePhase], wanted: str | None) -> Outcome:
    from nodecheck.facts.cluster.cni_places import CRIO, NAMES

    places = found.places
    folder, runtime = places.conf_dir, NAMES[places.runtime or CRIO]
    if choice.hidden is not None and choice.hidden.hidden is not None:
        error = choice.hidden.hidden
        return unknown(str(error), code=error.code, subject=folder, expected=EXPECTED)
    if choice.broken is not None:
        file, why = choice.broken
        message = f"{runtime} loads no CNI configuration because {file.path} is not valid: {why}"
        return _failed(folder, message, "not valid", [_shown(file)], _corrected(file, why))
    if not choice.loaded:
        return _none(found, choice, phase)
    first = choice.loaded[0]
    cni = network_of(choice)
    evidence = [*map(_shown, choice.loaded), *[_shown(file) for file, _ in choice.passed], *map(_shown, choice.rest)]
    if all(name in NO_NETWORK for name in first.types):
        message = f"pods get no network: {first.path} is the first, and has only {', '.join(first.types)}"
        severity = Severity.ERROR if _belongs(phase) else Severity.WARNING
        return _failed(folder, message, cni, evidence, _moved(first, wanted or "the cluster"), severity=severity)
    if wanted is not None and not is_wanted(first, cni, wanted):
        message = f"pods get the network of {first.path}, which is {cni}, and {wanted} is wanted"
        return _failed(folder, message, cni, evidence, _moved(first, wanted), expected=wanted)
    if choice.passed:
        file, why = choice.passed[0]
        message = f"{runtime} passes over {file.path}, because {why}, and takes {first.path} ({cni})"
        return _failed(folder, message, cni, evidence, _corrected(file, why), severity=Severity.WARNING)
    other = None if wanted is not None else rival(choice, cni)
    if other is not None:
        why = "cni_default_network names it" if places.network else "the first by name counts"
        message = f"{first.path} ({cni}) wins over {other.path} ({other.cni}): {why}"
        fix = by_hand(
            f"Leave one CNI in {folder}", f"Move {other.path} away, or {first.path} where {other.cni} is the cluster's"
        )
        return _failed(folder, message, cni, evidence, fix, severity=Severity.WARNING)
    if wanted is None and first.network == PODMAN:
        message = f"pods get podman's own network, of {first.path}: none of a cluster's network plugin is there"
        return _failed(folder, message, PODMAN, evidence, _moved(first, "the cluster"), severity=Severity.WARNING)
    return ok(f"pods get the network of {first.path}: {cni}", subject=folder, expected=EXPECTED, actual=cni,
              evidence=evidence)  # fmt: skip


def _none(found: facts.CniNetworks, choice: Chosen, phase: Lazy[NodePhase]) -> Outcome:
    """No configuration is loaded."""
    places, folder = found.places, found.places.conf_dir
    evidence = [*[_shown(file) for file, _ in choice.passed], *map(_shown, choice.rest)]
    evidence = evidence or [seen(folder, "no configuration" if found.there else None)]
    hidden = phase().hidden
    if hidden is not None:
        return unknown(f"{folder} has no CNI configuration, and the phase is not known: {hidden}", code=hidden.code,
                       subject=folder, expected=EXPECTED, evidence=evidence)  # fmt: skip
    if choice.passed:
        file, why = choice.passed[0]
        message = f"no CNI configuration in {folder} is valid: of {file.path}, {why}"
        return _failed(folder, message, "not valid", evidence, _corrected(file, why))
    if choice.rest:
        message = f"CRI-O's cni_default_network is {places.network!r}, and no configuration in {folder} has that name"
        fix = by_hand("Name the network that is there", "Correct cni_default_network of CRI-O, or install that network")
        return _failed(folder, message, "absent", evidence, fix, expected=f"a network {places.network}")
    if places.template:
        message = f"containerd writes the CNI configuration itself, of {places.template}"
        return skip(message, subject=folder, evidence=[*evidence, seen(places.template)])
    if not _belongs(phase):
        message = f"{folder} has no CNI configuration yet: the cluster's network plugin writes it once the node joined"
        return skip(message, subject=folder, code="not-found", evidence=evidence)
    message = f"{folder} has no CNI configuration: the node stays NotReady, and pods wait for a network"
    fix = by_hand("Install the cluster's network plugin", f"Its pod on this node writes a configuration into {folder}")
    return _failed(folder, message, "absent", evidence, fix)


def network_of(choice: Chosen) -> str:
    """The CNI that pods get: where the first one hands on to another, that of the next."""
    counts = (*choice.loaded, *choice.rest) if choice.loaded[0].cni in HAND_ON else choice.loaded
    names = [file.cni for file in counts if file.cni is not None]
    return next((name for name in names if name not in META), names[0] if names else "unknown")


def is_wanted(first: CniFile, cni: str, wanted: str) -> bool:
    """Whether the network is that of the CNI that is asked for, by one of its names.

    >>> from nodecheck.facts.cluster.cni_networks import CniFile
    >>> is_wanted(CniFile("/etc/cni/net.d/10-canal.conflist", "calico"), "calico", "canal")
    True
    """
    names = {wanted, *ALIASES.get(wanted, ())}
    own = {cni, first.cni or "", *first.types}
    return any(
        f"{one}-".startswith(f"{name}-") or f"{name}-".startswith(f"{one}-") for one in own if one for name in names
    )


def rival(choice: Chosen, cni: str) -> CniFile | None:
    """A valid configuration of another CNI that is not loaded, and that nobody's package brought."""
    first = choice.loaded[0]
    if len(choice.loaded) > 1:
        return None  # max_conf_num asks for several
    others = [file for file in choice.rest if file.cni not in META and file.cni not in (cni, first.cni)]
    return next((file for file in others if file.network not in OWN_NETWORKS), None)


def _of_programs(found: facts.CniNetworks, choice: Chosen, phase: Lazy[NodePhase], wanted: str | None) -> Outcome:
    folder = found.places.bin_dirs[0]
    names = dict.fromkeys([name for file in choice.loaded for name in file.needs])
    if found.places.loopback:
        names["loopback"] = None
    evidence = [_program(name, found) for name in names]
    told = ", ".join(found.places.bin_dirs)
    missing = [name for name in names if found.programs[name].path is None]
    if missing and not found.folders:
        evidence = [seen(path) for path in found.places.bin_dirs]
    if missing:
        names_told = ", ".join(missing)
        message = f"no {names_told} in {told}, which {choice.loaded[0].path} needs"
        text = (
            f"Put {names_told} into {folder}: it is of kubernetes-cni, or the network plugin's own pod copies it there"
        )
        severity = Severity.ERROR if _belongs(phase) else Severity.WARNING
        return _failed(folder, message, "absent", evidence, by_hand(f"Install {names_told}", text), PROGRAMS, severity)
    shut = [found.programs[name].path or "" for name in names if not found.programs[name].executable]
    if shut:
        fix = Fix(f"Make {shut[0]} executable", (command("chmod", "a+x", *shut),))
        return _failed(folder, f"root may not execute {', '.join(shut)}", "not executable", evidence, fix, PROGRAMS)
    return _owned(found, network_of(choice), wanted) or ok(
        f"the plugins are in {told}", subject=folder, expected=PROGRAMS, actual="there", evidence=evidence
    )


def _owned(found: facts.CniNetworks, cni: str, wanted: str | None) -> Outcome | None:
    """With Cilium, a directory of plugins in which root without CAP_DAC_OVERRIDE may not write."""
    other = next(((path, uid) for path, uid in found.folders if uid not in (0, found.root_owner)), None)
    if other is None or CILIUM not in (cni, wanted):
        return None
    path, uid = other
    message = f"{path} belongs to user {uid}: the pod of Cilium that writes there is root without CAP_DAC_OVERRIDE"
    fix = Fix(f"Let root own {path}", (command("chown", "root:root", path),))
    return _failed(path, message, f"user {uid}", [seen(path, f"owner {uid}")], fix, "root owns it")


def _program(name: str, found: facts.CniNetworks) -> Evidence:
    program = found.programs[name]
    if program.path is None:
        return seen(f"{found.places.bin_dirs[0]}/{name}")
    return seen(program.path, "executable" if program.executable else "not executable")


def _shown(file: CniFile) -> Evidence:
    return seen(file.path, file.problem or f"{file.cni}, network {file.network!r}", line=file.line)


def _corrected(file: CniFile, why: str) -> Fix:
    return by_hand(f"Correct {file.path}", f"Of {file.path}, {why}: correct it, or move it away")


def _moved(first: CniFile, wanted: str) -> Fix:
    text = f"Move {first.path} away where nothing else needs it, so that the configuration of {wanted} is the first"
    return by_hand(f"Let {wanted} give pods their network", text)


def _failed(
    subject: str,
    message: str,
    actual: str,
    evidence: list[Evidence],
    fix: Fix,
    expected: str = EXPECTED,
    severity: Severity = Severity.ERROR,
) -> Outcome:
    return fail(
        message, subject=subject, expected=expected, actual=actual, evidence=evidence, fix=fix, severity=severity
    )
