"""How the kubelet of a node is started: its unit's command line, or what the packages' unit would make of the files."""

from __future__ import annotations

from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.kubelet.files import MOST_DEPTH, MOST_FILES
from nodecheck.facts.kubelet.flags import Flags, parse_flags
from nodecheck.facts.kubelet.places import (
    AGENT_STATE,
    ARGUMENT_FILES,
    CONFIGS,
    DEB_ARGS,
    EKS_CONFIG,
    KUBECONFIGS,
    OPENSHIFT_CONFIG,
    PROGRAMS,
    RPM_ARGS,
    UNIT,
    kubelet_unit,
)
from nodecheck.facts.services.unit_command import CommandLine, Word, command_line
from nodecheck.facts.services.unit_words import environment_file, split_words
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.host.base import text, text_or_none
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, File, Named, Sources, Tree, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.unit_reader import UnitReader

_DEB = frozenset(("debian", "ubuntu", "raspbian", "linuxmint", "pop", "kali", "devuan", "deepin", "uos"))


class Launch(NamedTuple):
    """The flags with which the kubelet is started."""

    present: bool
    flags: Flags = Flags(())
    sources: tuple[str, ...] = ()
    problem: str | None = None
    """Why systemd or the kubelet would refuse the command line."""
    source: str = ""
    line: int | None = None
    variables: frozenset[str] | None = None
    """What the unit sets in its environment; None where none is there."""


def read_launch(host: Host, index: UnitIndex, release: Lazy[OsRelease], reader: Lazy[UnitReader]) -> Launch:
    """The kubelet's flags: of its unit where that runs the kubelet, else as its packages' unit would give them."""
    unit = kubelet_unit(host, index)
    command = None if unit is None else command_line(host, unit, reader)
    if command is None:
        launch = _as_packaged(host, release)
        return launch._replace(present=launch.present or index.exists(UNIT))
    arguments, strict = _kubelet_arguments(command)
    if not strict and not any("--config" in word.text for word in arguments):
        # A wrapper whose own arguments the unit does not tell.
        packaged = _as_packaged(host, release)
        return packaged._replace(present=True, sources=(*command.sources, *packaged.sources))
    return _launch(arguments, command.sources, strict, command)


def kubelet_sources() -> Sources:
    """What the kubelet's effective configuration is read from."""
    from nodecheck.facts.kubelet.agents import agent_sources

    return (
        UnitText(UNIT),
        Named("EnvironmentFile= of kubelet.service"),
        *map(File, (*CONFIGS, OPENSHIFT_CONFIG, DEB_ARGS, RPM_ARGS)),
        *[File(path) for path, _ in ARGUMENT_FILES],
        Tree(f"{EKS_CONFIG}.d", "*.conf", depth=MOST_DEPTH + 1, most=MOST_FILES),
        Named("--config, --config-dir and --kubeconfig of the kubelet"),
        *agent_sources(),
        *map(Exists, (*PROGRAMS, *AGENT_STATE, *KUBECONFIGS)),
    )


def _kubelet_arguments(command: CommandLine) -> tuple[list[Word], bool]:
    """The words after the kubelet's name, and whether they are surely its own (False: those of some wrapper)."""
    words = [command.program, *command.arguments]
    for number, word in enumerate(words):
        name = word.text.rpartition("/")[2]
        if name == "kubelet":
            return words[number + 1 :], True
        if name == "hyperkube" and [w.text for w in words[number + 1 : number + 2]] in (["kubelet"], ["--kubelet"]):
            return words[number + 2 :], True
    return [Word(part, word.path, word.line) for word in words[1:] for part in split_words(word.text, True)], False


def _launch(arguments: list[Word], sources: tuple[str, ...], strict: bool, command: CommandLine | None) -> Launch:
    flags = parse_flags(arguments, strict)
    variables = None if command is None else frozenset(command.environment)
    if command is not None and command.problem is not None:
        return Launch(True, flags, sources, command.problem, command.program.path, command.program.line, variables)
    if flags.culprit is not None:
        return Launch(True, flags, sources, flags.problem, flags.culprit.path, flags.culprit.line, variables)
    return Launch(True, flags, sources, variables=variables)


def _as_packaged(host: Host, release: Lazy[OsRelease]) -> Launch:
    """The command line of kubeadm's drop-in (or that of the image whose files are here) without the drop-in itself."""
    config = _config_file(host)
    arguments = [] if config is None else [Word(f"--config={config}", config, 1)]
    sources = [] if config is None else [config]
    if config == EKS_CONFIG and exists(host, EKS_CONFIG + ".d"):
        arguments.append(Word(f"--config-dir={EKS_CONFIG}.d", config, 1))
    for path, names in (*ARGUMENT_FILES, *_extra_arguments(host, release)):
        source = text_or_none(host, path)
        if source is None:
            continue
        sources.append(path)
        values = {variable.name: variable for variable in environment_file(source)}
        for variable in (values[name] for name in names if name in values):
            arguments += [Word(part, path, variable.line) for part in split_words(variable.value, relaxed=True)]
    if not sources and not any(exists(host, path) for path in PROGRAMS):
        return Launch(False)
    return _launch(arguments, tuple(sources), True, None)


def _extra_arguments(host: Host, release: Lazy[OsRelease]) -> list[tuple[str, tuple[str, ...]]]:
    """The file of the user's own arguments: the deb and the rpm package each read only their own."""
    there = [path for path in (DEB_ARGS, RPM_ARGS) if exists(host, path)]
    if there:
        distribution = release().id
        if distribution is not None:
            there = [path for path in there if (path == DEB_ARGS) == (distribution in _DEB)]
    return [(path, ("KUBELET_EXTRA_ARGS",)) for path in there]


def _config_file(host: Host) -> str | None:
    found = next((path for path in CONFIGS if exists(host, path)), None)
    if found is None and exists(host, EKS_CONFIG + ".d"):
        return EKS_CONFIG
    if found is None and exists(host, OPENSHIFT_CONFIG):
        content = text(host, OPENSHIFT_CONFIG)
        return OPENSHIFT_CONFIG if "KubeletConfiguration" in content else None
    return found
