"""The kubelets inside node agents, and whether they refuse to start on swap: k3s, RKE2, k0s, MicroK8s, the snap k8s.

k3s and RKE2 give their kubelet ``fail-swap-on=false``, and then what ``kubelet-arg`` says (pkg/configfilearg); k0s's
default worker profile has ``failSwapOn: false`` (pkg/component/controller/workerconfig).
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent
from nodecheck.facts.kubelet.places import AGENT_CONFIGS, AGENT_STATE, AGENT_UNITS, SNAP_ARGUMENTS, has_agent
from nodecheck.facts.services.unit_command import Word, arguments
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text
from nodecheck.model.sources import Exists, File, Sources, Tree, UnitText
from nodecheck.record import NamedTuple

_FLAG = "fail-swap-on"
_GIVEN = ("kubelet-arg", "kubelet-extra-args")
"""Arguments of an agent that hold arguments of its kubelet: of k3s and RKE2, of k0s."""


class EmbeddedKubelet(NamedTuple):
    """The kubelet inside an agent, which is told its arguments by the agent's configuration."""

    present: bool = False
    """An agent is there that has a kubelet: of k3s, RKE2, k0s, MicroK8s or Canonical Kubernetes."""
    arguments: tuple[Word, ...] = ()
    """``fail-swap-on=true``, with or without dashes, in the order in which they count."""

    def last(self, flag: str) -> Word | None:
        """The last boolean that an argument of this name says, ``true`` or ``false``; None where none does."""
        return _last(self.arguments, flag)

    @classmethod
    def reads(cls) -> Sources:
        return (*agent_sources(), *map(Exists, AGENT_STATE))

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> EmbeddedKubelet:
        """Read them. Raises what the host raises for a configuration that cannot be read."""
        if not has_agent(host, index):
            return cls()
        return cls(True, _arguments(host, index))


def _arguments(host: Host, index: UnitIndex) -> tuple[Word, ...]:
    for path in SNAP_ARGUMENTS:
        try:
            return tuple(_of_lines(text(host, path), path))
        except Absent:
            continue
    units = [name for name in AGENT_UNITS if index.fragment(name)]
    return (*_of_files(host), *[word for unit in units for word in _of_unit(host, index, unit)])


def agent_sources() -> Sources:
    """Where an agent is told what to give its kubelet."""
    return (
        *map(File, AGENT_CONFIGS),
        *[Tree(f"{path}.d", "*.yaml") for path in AGENT_CONFIGS],
        *map(File, SNAP_ARGUMENTS),
        *map(UnitText, AGENT_UNITS),
    )


def embedded_swap_argument(host: Host, index: UnitIndex) -> Word | None:
    """The ``--fail-swap-on`` that an agent gives its kubelet: ``false`` unless its configuration says otherwise.

    None on a node that has no agent. Raises what the host raises for a configuration that cannot be read.
    """
    for path in SNAP_ARGUMENTS:
        try:
            return _last(_of_lines(text(host, path), path)) or Word("true", path, 1)  # the kubelet's own default
        except Absent:
            continue
    units = [name for name in AGENT_UNITS if index.fragment(name)]
    found = _last((*_of_files(host), *[word for unit in units for word in _of_unit(host, index, unit)]))
    if found is not None:
        return found
    places = (*AGENT_CONFIGS, *[index.fragment(name) or "" for name in units], *AGENT_STATE)
    place = next((path for path in places if path and exists(host, path)), None)
    return None if place is None else Word("false", place, 1)


def _last(words: tuple[Word, ...] | Iterator[Word], flag: str = _FLAG) -> Word | None:
    """The last that says whether to fail on swap, or what another boolean flag is to be."""
    found = None
    for word in words:
        name, _, value = word.text.lstrip("-").partition("=")
        if name != flag:
            continue
        from nodecheck.facts.kubelet.flags import boolean_of

        state = boolean_of(value or "true")
        if state is not None:
            found = Word("true" if state else "false", word.path, word.line)
    return found


def _of_lines(source: str, path: str) -> Iterator[Word]:
    for number, line in enumerate(source.split("\n"), 1):
        yield Word(line.strip(" \t\r"), path, number)


def _of_unit(host: Host, index: UnitIndex, unit: str) -> Iterator[Word]:
    """The kubelet's arguments on the command line of an agent."""
    loaded = load_unit(host, index, unit)
    words = () if loaded is None else arguments(loaded)
    for place, word in enumerate(words):
        name, equals, value = word.text.lstrip("-").partition("=")
        if name in _GIVEN:
            given = value if equals else words[place + 1].text if place + 1 < len(words) else ""
            for part in given.split(" "):
                yield word._replace(text=part)


def _of_files(host: Host) -> Iterator[Word]:
    """``kubelet-arg`` of the configuration and its drop-ins: a later file's takes its place, ``kubelet-arg+`` adds."""
    for config in AGENT_CONFIGS:
        words: list[Word] = []
        dropins = [f"{config}.d/{name}" for name in names_in(host, f"{config}.d") if name.endswith((".yaml", ".yml"))]
        for path in (config, *dropins):
            try:
                raw = host.read(path)
            except Absent:
                continue
            for adds, given in kubelet_arguments(raw, path):
                words = [*(words if adds else ()), *given]
        yield from words


def kubelet_arguments(raw: bytes, path: str) -> Iterator[tuple[bool, tuple[Word, ...]]]:
    """What ``kubelet-arg`` of one file holds, and whether it adds to what came before.

    >>> [(adds, words[0].text) for adds, words in kubelet_arguments(b"kubelet-arg:\\n- fail-swap-on=true\\n", "x")]
    [(False, 'fail-swap-on=true')]
    """
    from nodecheck.formats.structured import load
    from nodecheck.formats.tree import Malformation

    if b"kubelet-arg" not in raw:
        return
    try:
        root = load(raw, path).root.value
    except Malformation:
        return  # the agent does not start with it
    for key, node in root.items() if isinstance(root, dict) else ():
        if key in ("kubelet-arg", "kubelet-arg+"):
            nodes = node.value if isinstance(node.value, tuple) else (node,)
            yield key.endswith("+"), tuple([Word(str(item.value), path, item.line) for item in nodes])
