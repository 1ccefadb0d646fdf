"""The versions that programs tell of themselves."""

from __future__ import annotations

import re

from nodecheck.errors import Absent, FactError, Malformed, Offline, Unsupported
from nodecheck.facts.services.service_programs import service_program
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Completed, Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, Named, Program, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.formats.versions import Version


class VersionCommand(NamedTuple):
    """One way to ask a component for its version."""

    component: str
    argv: tuple[str, ...]


KUBERNETES = (
    VersionCommand("kubelet", ("kubelet", "--version")),
    VersionCommand("kubeadm", ("kubeadm", "version", "-o", "short")),
    VersionCommand("kubectl", ("kubectl", "version", "--client")),
)
RUNTIMES = (
    VersionCommand("docker", ("dockerd", "--version")),
    VersionCommand("docker", ("docker", "--version")),
    VersionCommand("containerd", ("containerd", "--version")),
    VersionCommand("containerd", ("docker-containerd", "--version")),  # docker until 18.06
    VersionCommand("crio", ("crio", "--version")),
    VersionCommand("cri-dockerd", ("cri-dockerd", "--version")),
    VersionCommand("runc", ("runc", "--version")),
    VersionCommand("runc", ("docker-runc", "--version")),
)
"""In the order in which they count: the engine rather than its client."""

COMPONENTS = ("docker", "containerd", "crio", "runc", "kubelet", "kubeadm", "kubectl")


class Told(NamedTuple):
    """What one component's program said, or why it said nothing."""

    component: str
    command: str
    """``/usr/bin/kubelet --version``; the program alone where it was not run."""
    line: str = ""
    """The line that it printed."""
    version: Version | None = None
    stranger: bool = False
    """Another program answers to the name (podman to docker's, crun to runc's); ``line`` says which."""
    problem: FactError | None = None
    """Absent: there is no such program. Offline: there is, but this host does not run."""


class KubernetesTools(NamedTuple):
    """What kubelet, kubeadm and kubectl say."""

    told: tuple[Told, ...] = ()
    running: bool = True
    """Whether this host runs: then what has no program is not there."""

    @classmethod
    def reads(cls) -> Sources:

        return tool_sources(KUBERNETES)

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex]) -> KubernetesTools:
        """Ask them side by side. What is wrong with one stays with it."""

        return cls(ask(host, KUBERNETES, units), host.running)

    def of(self, component: str) -> Told:
        """What a component's program said."""
        return _of(self.told, component)


class RuntimeTools(NamedTuple):
    """What docker, containerd, CRI-O and runc say."""

    told: tuple[Told, ...] = ()
    running: bool = True
    """Whether this host runs: then what has no program is not there."""

    @classmethod
    def reads(cls) -> Sources:

        return tool_sources(RUNTIMES)

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex]) -> RuntimeTools:
        """Ask them side by side. What is wrong with one stays with it."""

        return cls(ask(host, RUNTIMES, units), host.running)

    def of(self, component: str) -> Told:
        """What a component's program said."""
        return _of(self.told, component)


def _of(told: tuple[Told, ...], component: str) -> Told:
    from nodecheck.host.programs import SEARCH_PATH

    for answer in told:
        if answer.component == component:
            return answer

    return Told(component, component, problem=Absent(component, f"no such program in {':'.join(SEARCH_PATH)}"))


TIMEOUT_S = 4.0
"""A kubelet has a hundred megabytes to be read from a cold disk; two rounds of it must fit into a check's own time."""

SERVICES = {"dockerd": "docker", "containerd": "containerd", "crio": "crio", "kubelet": "kubelet"}
"""Daemons, and the services that start them."""


def ask(host: Host, tools: tuple[VersionCommand, ...], units: Lazy[UnitIndex]) -> tuple[Told, ...]:
    """Ask each tool; of several for one component those that are there first, in their order."""
    commands = [_command(host, tool, units) for tool in tools]
    answers = list(host.run_all([command for command in commands if isinstance(command, tuple)], TIMEOUT_S))
    told = []
    for tool, command in zip(tools, commands):
        answer = command if isinstance(command, FactError) else answers.pop(0)
        if isinstance(answer, Offline):
            told.append(_at_rest(host, tool))
        elif isinstance(answer, FactError):
            told.append(Told(tool.component, tool.argv[0], problem=answer))
        else:
            told.append(understood(tool.component, answer))
    present = [answer for answer in told if not isinstance(answer.problem, Absent)]
    strangers_last = sorted(present, key=lambda answer: answer.stranger)
    return (*strangers_last, *[answer for answer in told if isinstance(answer.problem, Absent)])


def _command(host: Host, tool: VersionCommand, units: Lazy[UnitIndex]) -> tuple[str, ...] | FactError:
    """The command for a tool, by the path that its service starts, which may lie outside of the search path."""
    name = tool.argv[0]
    if not host.running or name not in SERVICES:
        return tool.argv
    try:
        path = service_program(host, units(), SERVICES[name], name)
    except FactError as error:
        return error
    return tool.argv if path is None else (path, *tool.argv[1:])


def _at_rest(host: Host, tool: VersionCommand) -> Told:
    """A program of a host that does not run: whether it is there."""
    from nodecheck.host.programs import SEARCH_PATH

    for directory in SEARCH_PATH:
        path = f"{directory}/{tool.argv[0]}"
        try:
            host.stat(path)
        except Absent:
            continue
        except FactError as error:
            return Told(tool.component, path, problem=error)
        return Told(
            tool.component, path, problem=Offline(path, "is there, and commands are never run for another root")
        )
    return Told(
        tool.component, tool.argv[0], problem=Absent(tool.argv[0], f"no such program in {':'.join(SEARCH_PATH)}")
    )


def tool_sources(tools: tuple[VersionCommand, ...]) -> Sources:
    """What :func:`ask` asks for."""
    from nodecheck.host.programs import SEARCH_PATH

    names = [tool.argv[0] for tool in tools]
    return (
        *[Program(tool.argv) for tool in tools],
        *[Exists(f"{directory}/{name}") for name in names for directory in SEARCH_PATH],
        *[source for name in names if name in SERVICES for source in _service_sources(SERVICES[name])],
    )


def _service_sources(service: str) -> Sources:
    return (UnitText(f"{service}.service"), Named(f"ExecStart= of {service}.service"))


def understood(component: str, answer: Completed) -> Told:
    """What a program's output says.

    >>> done = Completed(("/usr/bin/kubelet", "--version"), 0, "Kubernetes v1.17.4\\n", "")
    >>> understood("kubelet", done).version.numbers
    (1, 17, 4)
    """
    from nodecheck.formats.versions import parse_version

    command = " ".join(answer.argv)
    line, token = version_line(component, answer.stdout)
    version = None if "unknown" in token else parse_version(token)
    if version is not None and answer.code == 0:
        return Told(component, command, line, version)
    first = _first_line(answer.stdout) or _first_line(answer.stderr)
    if answer.code == 0 and _is_stranger(component, first):
        return Told(component, command, first, stranger=True)
    ended = "" if answer.code == 0 else f", and ended with {answer.code}"
    problem: FactError = Malformed(command, f"does not tell its version: it said {first[:80]!r}{ended}")
    if "unknown" in token.lower() or (first and answer.code == 0 and line):
        problem = Unsupported(command, f"was built without its version: it said {first[:80]!r}")
    return Told(component, command, first, problem=problem)


_PATTERNS = {
    "docker": r"^Docker version ([^\s,]+)",
    "containerd": r"^(?:docker-)?containerd (?:.*?[ ])??(v?[0-9]+\.[0-9]\S*)",
    "crio": r"^crio version ([^\s,]+)",
    "cri-dockerd": r"^cri-dockerd v?([0-9]\S*)",
    "runc": r"^(?:docker-)?runc version ([^\s,]+)",
    "kubelet": r"^Kubernetes (v[0-9]\S*)",
    "kubeadm": r"^(v[0-9]\S*)$|^kubeadm version: .*GitVersion:\"([^\"]+)\"",
    "kubectl": r"^Client Version: (v[0-9]\S*)|^Client Version: .*GitVersion:\"([^\"]+)\"",
}


def version_line(component: str, output: str) -> tuple[str, str]:
    """The line of an output that tells the version, and the version in it; two empty texts where none does.

    >>> version_line("docker", "Docker version 18.06.3-ce, build d7080c1")
    ('Docker version 18.06.3-ce, build d7080c1', '18.06.3-ce')
    """
    for line in output.split("\n"):
        match = re.match(_PATTERNS[component], line[:4096].rstrip("\r"))
        if match is not None:
            return line[:4096].rstrip("\r"), next(group for group in match.groups() if group)
    return "", ""


def _is_stranger(component: str, line: str) -> bool:
    match = re.match(r"([a-z][a-z0-9-]*) version ", line)
    return match is not None and match[1] != component


def _first_line(output: str) -> str:
    return output.strip().partition("\n")[0].strip()[:200]
