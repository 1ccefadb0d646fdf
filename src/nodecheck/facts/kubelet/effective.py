"""How the kubelet's configuration comes about: flags over drop-ins over file over defaults.

As ``cmd/kubelet/app/server.go`` computes it: the ``--config`` file, each ``*.conf`` of ``--config-dir`` in lexical
order over it, then the flags again, of which the last of a name counts.
"""

from __future__ import annotations

from collections.abc import Callable

from nodecheck.errors import Absent, FactError, Malformed
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.kubelet.files import (
    Fields,
    KubeletFile,
    KubeletSources,
    RefusedConfig,
    Tree,
    decode_file,
    dropin_paths,
    fields,
    merged,
)
from nodecheck.facts.kubelet.flags import Flags, gates_of
from nodecheck.facts.kubelet.launch import Launch, read_launch
from nodecheck.facts.kubelet.places import KUBECONFIGS
from nodecheck.facts.kubelet.removed import older_than
from nodecheck.facts.kubelet.settings import KubeletSetting, NoConfigFile, Problem
from nodecheck.facts.services.unit_command import Word
from nodecheck.facts.services.units import UnitIndex
from nodecheck.formats.tree import TreeNode
from nodecheck.host import Host, exists
from nodecheck.model.needs import Lazy
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from nodecheck.facts.services.unit_reader import UnitReader

SYSTEMD = "systemd"
CGROUPFS = "cgroupfs"

T = TypeVar("T")
_Maker = Callable[[str], str]


def effective(
    host: Host, index: UnitIndex, release: Lazy[OsRelease], reader: Lazy[UnitReader], make: Callable[..., T]
) -> T:
    """The configuration of a kubelet that some place shows; ``make`` is the fact, which has a field for each part.

    Raises what the host raises for a file of it.
    """
    launch = read_launch(host, index, release, reader)
    if not launch.present:
        from nodecheck.facts.kubelet.agents import embedded_swap_argument

        word = embedded_swap_argument(host, index)
        return make() if word is None else make(fail_swap_on=_setting("fail-swap-on", word, str))
    return _assembled(make, launch, _files(host, launch.flags))


class _Files(NamedTuple):
    """What the files say."""

    fields: Fields
    sources: tuple[str, ...]
    tree: Tree
    problem: Problem | None = None
    decoded: tuple[KubeletFile, ...] = ()


def _files(host: Host, flags: Flags) -> _Files:
    sources: list[str] = []
    decoded: list[KubeletFile] = []
    config, folder = _path(flags.last("config")), _path(flags.last("config-dir"))
    path = config or ""
    try:
        if config is not None:
            decoded.append(_decoded(host, config, False, sources))
        base: Tree = decoded[0].tree if decoded else {}
        if folder is None:
            return _Files(fields(base), tuple(sources), base, None, tuple(decoded))
        fields(base)  # its types are checked before anything is merged over it
        path = folder
        patches = []
        for path in dropin_paths(host, folder):
            patches.append(_decoded(host, path, True, sources))
        whole = merged(base, [patch.tree for patch in patches])
        return _Files(fields(whole), tuple(sources), whole, None, (*decoded, *patches))
    except Absent:
        what = "the directory of --config-dir" if path == folder else "the kubelet's configuration file"
        to_come = path == config and _is_to_join(host, flags)
        problem = Problem("not-found", f"{what}, {path}, is not there", path, to_come=to_come)
        return _Files(Fields(), (*sources, path), {}, problem)
    except RefusedConfig as error:
        path = error.path or path
        return _Files(Fields(), tuple(sources), {}, Problem("malformed", f"{path} {error.detail}", path, error.line))


def _is_to_join(host: Host, flags: Flags) -> bool:
    """Whether the kubelet is told a kubeconfig, and none is there: ``kubeadm init`` or ``join`` makes its files."""
    told = [path for path in map(_path, map(flags.last, ("kubeconfig", "bootstrap-kubeconfig"))) if path is not None]
    try:
        return bool(told) and not any(exists(host, path) for path in (*told, *KUBECONFIGS))
    except FactError:
        return False


def _path(word: Word | None) -> str | None:
    """The path of a flag; a relative one starts at the unit's working directory, ``/``."""
    if word is None or not word.text:
        return None
    return word.text if word.text.startswith("/") else "/" + word.text


def _decoded(host: Host, path: str, dropin: bool, sources: list[str]) -> KubeletFile:
    try:
        raw = host.read(path)
    except Malformed as error:
        if dropin:  # the kubelet looks into a directory that is called *.conf, and what that replaced is not known
            raise
        raise NoConfigFile(path, error.detail) from error
    sources.append(path)
    return decode_file(raw, path, dropin)


def _assembled(make: Callable[..., T], launch: Launch, files: _Files) -> T:
    flags, found = launch.flags, files.fields
    gates, gates_problem = _gates(flags, found)
    problem = files.problem or gates_problem
    if launch.problem is not None:
        problem = Problem("malformed", launch.problem, launch.source, launch.line)
    return make(
        present=True,
        fail_swap_on=_flag(flags, "fail-swap-on", _boolean) or _field("failSwapOn", found.fail_swap_on, _boolean),
        swap_behavior=_field("swapBehavior", found.swap_behavior, str),
        cgroup_driver=_flag(flags, "cgroup-driver", _driver) or _field("cgroupDriver", found.cgroup_driver, _driver),
        runtime_endpoint=_flag(flags, "container-runtime-endpoint", str)
        or _field("containerRuntimeEndpoint", found.endpoint, str),
        container_runtime=_flag(flags, "container-runtime", str),
        node_ip=_flag(flags, "node-ip", str),
        hostname_override=_flag(flags, "hostname-override", str),
        kubeconfig=_flag(flags, "kubeconfig", str),
        bootstrap_kubeconfig=_flag(flags, "bootstrap-kubeconfig", str),
        feature_gates=gates,
        config=_path(flags.last("config")),
        older_than=older_than(flags.given),
        sources=tuple(dict.fromkeys((*launch.sources, *files.sources))),
        problem=problem,
        given=KubeletSources(flags, files.tree, _path(flags.last("config")), launch.variables, files.decoded),
    )


def _gates(flags: Flags, found: Fields) -> tuple[tuple[tuple[str, bool], ...], Problem | None]:
    """The gates of the file, each flag's over them; a flag that cannot be parsed is a problem."""
    gates = dict(found.gates)
    for name, word in flags.given:
        pairs = gates_of(word.text) if name == "feature-gates" else ()
        if pairs is None:
            return tuple(gates.items()), Problem(
                "malformed", f"invalid --feature-gates={word.text[:80]}", word.path, word.line
            )
        gates.update(pairs)
    return tuple(gates.items()), None


def _flag(flags: Flags, name: str, made: _Maker) -> KubeletSetting | None:
    word = flags.last(name)
    return None if word is None else _setting(name, word, made)


def _setting(name: str, word: Word, made: _Maker) -> KubeletSetting:
    text = f"--{name}={word.written or word.text}"
    return KubeletSetting(made(word.text), word.path, word.line, text, word.written)


def _field(name: str, node: TreeNode | None, made: _Maker) -> KubeletSetting | None:
    if node is None:
        return None
    written = str(node.value).lower() if isinstance(node.value, bool) else node.value
    return KubeletSetting(made(written), node.path, node.line or None, f"{name}: {written}")


def _boolean(text: str) -> str:
    return "true" if text in ("1", "t", "T", "TRUE", "true", "True") else "false"


def _driver(text: str) -> str:
    """Any word but ``systemd`` is cgroupfs (``newCgroupCommon`` in ``pkg/kubelet/cm``)."""
    return SYSTEMD if text == SYSTEMD else CGROUPFS
