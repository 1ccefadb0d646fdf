"""Programs that Kubernetes, or the profile, needs on the node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import (
    AllCommands,
    Commands,
    ImageSystem,
    KubeletRelease,
    OsRelease,
    ServicePath,
    ShellCommands,
    Target,
    UnitIndex,
)
from nodecheck.facts.distro.os_release import leading_numbers
from nodecheck.facts.kubelet.service_path import SHELL, FoundCommand, NotExecutable, command_text
from nodecheck.facts.services.well_known import AGENTS
from nodecheck.fix import Fix, by_hand
from nodecheck.fix import command as run
from nodecheck.requirements.table import Row, named_row, verdict
from nodecheck_checks.system.command_table import (
    ADDED_TO_EL,
    BY_HAND,
    INSTALL,
    KNOWN_TO,
    NEEDS,
    PROGRAM,
    UNBUNDLED,
    needs_of,
    package_of,
)


@check(
    severity=Severity.ERROR,
    tags=["kubelet", "kubeadm"],
    topic="system",
    verify={"require": command_text},
    rows=NEEDS,
    by_release=NEEDS,
)
def command(
    target: Target,
    path: ServicePath,
    commands: Commands,
    others: Lazy[AllCommands],
    release: Lazy[OsRelease],
    image: Lazy[ImageSystem],
    index: UnitIndex,
    kubelet: Lazy[KubeletRelease],
    lists: Lazy[facts.AptLists],
    shell: Lazy[ShellCommands],
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """The programs that Kubernetes needs are there, where a service finds them.

    ## Why it matters
    kubeadm stops before it begins where a program that it demands is missing; the kubelet and network plugins fail
    later, when they come to need it. A shell that finds a program says little: a service has a ``PATH`` of its own.

    ## What it looks at
    The folders of the ``PATH`` that the kubelet's unit sets, else systemd's default (``/usr/local/sbin``,
    ``/usr/local/bin``, ``/usr/sbin``, ``/usr/bin``, ``/sbin``, ``/bin``). What counts is a regular file that may be
    executed; links (``/etc/alternatives``) are followed inside the root. None of them is run. What kubeadm alone asks
    for (``crictl``, ``conntrack``, ``ip``, ``ethtool``) may also lie in ``/opt/bin``, on Flatcar and where kubeadm lies
    there: the shell that runs it finds it.

    Which programs follows from the release of Kubernetes and the proxy mode: ``mount`` always; ``losetup`` and ``cp``
    from 1.33 on; ``nsenter``, ``ip`` and ``iptables`` before 1.33; ``conntrack`` from 1.18 to 1.31; ``crictl`` from
    1.24 to 1.30; as warnings ``socat`` and ``ebtables`` before 1.28, ``ethtool`` and ``tc`` before 1.33, and
    ``iptables`` from 1.33 on unless kube-proxy's mode is ``nftables`` or ``none``. The release is the one given, else
    that of the control plane's images, else the kubelet's own, else the newest. ``require`` adds others, as errors:
    ``ipset``, ``ipvsadm``, ``brctl`` … kube-proxy's image brings its own ``ipset``, so that the mode ``ipvs`` alone
    needs none on the node.
    k3s, RKE2, k0s and MicroK8s bring all but ``mount``. A root that holds no ``sh`` holds no system's programs: what is
    not found there is skipped.

    ## How to fix it
    Install the package; on a system that is an image, build it in.

    ## Sources
    kubeadm's preflight checks ``FileExisting-…``; systemd.exec(5), execvp(3); kubernetes/kubernetes#126953, #127151,
    #129131, #129450, #130045; kubernetes/kubeadm#3064; flatcar/Flatcar#337.
    """
    agent = next((unit for unit in AGENTS if index.exists(unit) and not index.exists("kubelet.service")), None)
    meant, hidden = target, None
    if agent is None and target.release is None:
        meant, hidden = _by_kubelet(target, kubelet)
    wanted = {need.name: need for need in needs_of(meant) if agent is None or need.name in UNBUNDLED}
    wanted.update({name: named_row(name, PROGRAM) for name in require})
    for name, need in wanted.items():
        found, problem = _found(name, commands, others)
        if found is None and need.wanted == BY_HAND:
            found, problem = _in_a_shell(name, shell, problem)
        yield from _judged(need, found, problem, path, commands, _Fixes(release, image, lists))
    told = target.untold("kubernetes") if meant.release is None else None
    if told is not None or hidden is not None:
        code = hidden.code if told is None and hidden is not None else "denied"
        yield unknown(f"which release's programs this node needs cannot be told: {told or hidden}", code=code)


def _by_kubelet(target: Target, kubelet: Lazy[KubeletRelease]) -> tuple[Target, FactError | None]:
    """The same with the release of the kubelet that is installed, for a node that has not joined shows no other; or
    what hides that."""
    try:
        numbers, hidden = kubelet()
    except FactError as error:
        return target, error
    if numbers is None or len(numbers) < 2:
        return target, hidden
    return target._replace(kubernetes=f"{numbers[0]}.{numbers[1]}"), None


def _found(name: str, commands: Commands, others: Lazy[AllCommands]) -> tuple[FoundCommand | None, FactError | None]:
    if name in commands.found:
        found = commands.found[name]
        return (None, found) if isinstance(found, FactError) else (found, None)
    listed = others()
    found = listed.found.get(name)
    if isinstance(found, FactError):
        return None, found
    return found, listed.problem if found is None else None


def _in_a_shell(
    name: str, shell: Lazy[ShellCommands], problem: FactError | None
) -> tuple[FoundCommand | None, FactError | None]:
    """What a person's shell finds that no service does."""
    found = shell().found.get(name)
    return (found, None) if isinstance(found, FoundCommand) else (None, problem or found)


class _Fixes:
    """Which package manager the node has."""

    def __init__(self, release: Lazy[OsRelease], image: Lazy[ImageSystem], lists: Lazy[facts.AptLists]) -> None:
        self._release, self._image, self._lists = release, image, lists

    def install(self, name: str) -> Fix:
        """Install the package that brings a program."""
        title = f"Install {name}"
        try:
            image, release = self._image(), self._release()
        except FactError as error:
            return by_hand(title, f"Install the package of {name}; which system this is cannot be told: {error}")
        if image.name is not None:
            return by_hand(title, f"{image.name} is changed as a whole: add {name} by {image.place}.")
        manager = _manager(release)
        package = None if manager is None else package_of(name, manager)
        if manager == "dnf" and release.family == "rhel" and name in ADDED_TO_EL:
            return by_hand(title, f"Install what brings {name}: {ADDED_TO_EL[name]}.")
        if manager is None or package is None:
            return by_hand(title, f"Install what brings {name}: {KNOWN_TO.get(name, 'its package')}.")
        first = (run("apt-get", "update"),) if manager == "apt" and self._without_lists() else ()
        return Fix(f"Install {package}", (*first, run(*INSTALL[manager], package)))

    def _without_lists(self) -> bool:
        """Whether apt would find no package, as on an image that never ran ``apt-get update``."""
        try:
            return self._lists().none
        except FactError:
            return False


_MANAGERS: Mapping[str, str] = {
    "debian": "apt", "ubuntu": "apt", "raspbian": "apt", "alpine": "apk", "arch": "pacman", "fedora": "dnf",
    "opensuse": "zypper", "suse": "zypper", "sles": "zypper", "rhel": "dnf", "mariner": "tdnf", "azurelinux": "tdnf",
    "openeuler": "dnf", "anolis": "dnf",
}  # fmt: skip


def _manager(release: OsRelease) -> str | None:
    if release.family == "rhel" and leading_numbers(release.version or "") < (8,):
        return "yum"
    if release.id == "amzn":
        return "yum" if leading_numbers(release.version or "")[:1] == (2,) else "dnf"
    for name in (release.family or "", *release.id_like):
        found = _MANAGERS.get(name) or _MANAGERS.get(name.partition("-")[0])
        if found is not None:
            return found
    return None


def _judged(
    need: Row,
    found: FoundCommand | None,
    problem: FactError | None,
    path: ServicePath,
    commands: Commands,
    fixes: _Fixes,
) -> Iterator[Outcome]:
    if found is not None:
        evidence = [seen(found.path, " -> ".join(found.links) or "executable")]
        yield verdict(True, f"{need.name} is {found.path}{_mode(found)}", need, found.path, evidence)
        return
    if problem is not None and not isinstance(problem, NotExecutable):
        about, severity = need.name, need.severity
        yield unknown(str(problem), code=problem.code, subject=about, expected=need.wanted, severity=severity)
        return
    if problem is None and commands.found[SHELL] is None:
        evidence = [seen(f"{folder}/{SHELL}") for folder in path.folders]
        message = "this root holds no programs of a system, not even sh"
        yield skip(message, code="not-found", subject=need.name, evidence=evidence, severity=need.severity)
        return
    evidence = list(_looked(need.name, problem, path))
    if problem is not None:
        failing, actual = f"{problem.source} {problem.detail}; {need.reason}", "not executable"
    else:
        failing, actual = f"{need.name} is not in {':'.join(path.folders)}; {need.reason}", "not found"
    fix = fixes.install(need.name) if problem is None else _make_executable(problem)
    yield verdict(False, "", need, actual, evidence, fix, failing=failing)


def _looked(name: str, problem: FactError | None, path: ServicePath) -> Iterator[Evidence]:
    if path.source is not None:
        yield seen(path.source, f"PATH={':'.join(path.folders)}", line=path.line)
    for folder in path.folders:
        place = f"{folder}/{name}"
        yield seen(place, problem.detail if problem is not None and problem.source == place else None)


def _make_executable(problem: FactError) -> Fix:
    if "executable" in problem.detail:
        return Fix(f"Make {problem.source} executable", (run("chmod", "--", "+x", problem.source),))
    return by_hand("Put the program in its place", f"{problem.source} {problem.detail}: put the program there.")


def _mode(found: FoundCommand) -> str:
    """Which of its two interfaces to the kernel an iptables has, by what its link leads to."""
    last = found.links[-1].rpartition("/")[2] if found.links else ""
    if "nft" in last:
        return " (nf_tables)"
    return " (legacy)" if "legacy" in last else ""
