"""KubeletConfiguration files, as the kubelet decodes them.

The base file is decoded strictly and, where only that fails, leniently (``pkg/kubelet/kubeletconfig/util/codec``):
keys that it does not know and keys given twice draw a warning, the last one counts, and keys are case-sensitive. A
file of ``--config-dir`` has no lenient way; it is merged as a JSON merge patch (RFC 7386), and the merged text is read
without regard to case (``mergeKubeletConfigurations`` in ``cmd/kubelet/app/server.go``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import TooLarge
from nodecheck.facts.kubelet.flags import Flags, gates_of
from nodecheck.formats.tree import Malformation, TreeNode
from nodecheck.host import Host
from nodecheck.record import NamedTuple

API_VERSION = "kubelet.config.k8s.io/v1beta1"
KIND = "KubeletConfiguration"

CGROUP_DRIVER = "cgroupDriver"
FAIL_SWAP_ON = "failSwapOn"
ENDPOINT = "containerRuntimeEndpoint"
MEMORY_SWAP = "memorySwap"
GATES = "featureGates"
EVICTION = "evictionHard"

_LOCATED = (CGROUP_DRIVER, FAIL_SWAP_ON, ENDPOINT, MEMORY_SWAP, GATES, "swapBehavior", "kind", "apiVersion")

Tree = Mapping[str, TreeNode]


class RefusedConfig(Exception):
    """The kubelet does not start with this file; ``line`` is 1-based, None for the file as a whole."""

    def __init__(self, detail: str, line: int | None = None, path: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line
        self.path = path


class Fields(NamedTuple):
    """What nodecheck looks at in a configuration; a Node that is None is not set."""

    cgroup_driver: TreeNode | None = None
    fail_swap_on: TreeNode | None = None
    endpoint: TreeNode | None = None
    swap_behavior: TreeNode | None = None
    gates: tuple[tuple[str, bool], ...] = ()


class KubeletFile(NamedTuple):
    """One decoded file."""

    path: str
    tree: Tree
    duplicate: str | None = None
    """A key that one mapping of it has twice, of which the last counts."""


class KubeletSources(NamedTuple):
    """What the settings of a kubelet are made of."""

    flags: Flags
    tree: Tree
    """The merged configuration files."""
    config: str | None = None
    """The ``--config`` file."""
    variables: frozenset[str] | None = None
    """What its unit sets in its environment; None where no unit is there."""
    files: tuple[KubeletFile, ...] = ()
    """Each configuration file as it was decoded, that of ``--config`` first."""

    def gate_places(self) -> dict[str, tuple[str, int | None]]:
        """Where each feature gate that is named stands."""
        node = self.tree.get(GATES)
        inside = node.value if node is not None and isinstance(node.value, Mapping) else {}
        found = {name: (item.path, item.line or None) for name, item in inside.items()}
        for flag, word in self.flags.given:
            pairs = gates_of(word.text) if flag == "feature-gates" else None
            found.update({name: (word.path, word.line) for name, _ in pairs or ()})
        return found


def decode(raw: bytes, path: str, dropin: bool = False) -> Tree:
    """The keys of a KubeletConfiguration in JSON or YAML. Raises RefusedConfig where the kubelet refuses it.

    >>> decode(b"kind: KubeletConfiguration\\napiVersion: kubelet.config.k8s.io/v1beta1\\nfailSwapOn: no\\n", "x")[
    ...     "failSwapOn"
    ... ]
    TreeNode(value=False, path='x', line=3)
    """
    return decode_file(raw, path, dropin).tree


def decode_file(raw: bytes, path: str, dropin: bool = False) -> KubeletFile:
    """The same, with what the kubelet warns of. Raises RefusedConfig where the kubelet refuses it."""
    if not raw:
        raise RefusedConfig("is empty, and the kubelet takes no empty configuration")
    from nodecheck.formats.structured import load

    try:
        tree = load(raw, path, _LOCATED)
    except Malformation as error:
        raise RefusedConfig(error.detail, error.line) from error
    if not isinstance(tree.root.value, Mapping):
        raise RefusedConfig("holds no mapping of keys to values", tree.root.line)
    if dropin and tree.duplicate is not None:
        raise RefusedConfig(f"sets {tree.duplicate[:80]} twice, which the kubelet refuses in a drop-in")
    _check_kind(tree.root.value)
    return KubeletFile(path, tree.root.value, tree.duplicate)


def _check_kind(tree: Tree) -> None:
    """Raise RefusedConfig unless kind and apiVersion (in any case, as ``encoding/json`` has it) are the kubelet's."""
    for name, expected in (("kind", KIND), ("apiVersion", API_VERSION)):
        found = [node for key, node in tree.items() if key.lower() == name.lower()]
        value = found[-1].value if found else None
        if not value:
            raise RefusedConfig(f"says no {name}, which must be {expected}")
        if value != expected:
            raise RefusedConfig(f"says {name} {str(value)[:80]}, not {expected}", found[-1].line)


def merged(base: Tree, patches: list[Tree]) -> Tree:
    """The base with each drop-in merged over it, keys in their canonical spelling.

    The base of a merge is the decoded configuration with its defaults, so that keys with a default are in it in any
    case; what stands for such a default is at no path.
    """
    from nodecheck.facts.kubelet.keys import TOP_KEYS
    from nodecheck.facts.kubelet.table import KEYS, written_default

    result = {name: _default(True) for name in KEYS if written_default(name)}
    result.update({CGROUP_DRIVER: _default(""), ENDPOINT: _default("")})
    result.update({name: base[name] for name in TOP_KEYS if name in base and base[name].value is not None})
    result[EVICTION] = _thresholds(base)
    canonical = {name.lower(): name for name in TOP_KEYS}
    for patch in patches:
        _patch(result, patch)
    found: dict[str, TreeNode] = {}
    for key in sorted(result, key=lambda name: name.encode("utf-8", "surrogateescape")):
        name = canonical.get(key.lower())
        if name is not None and result[key].value is not None:
            found[name] = _joined(found.get(name), result[key])
    return found


def _thresholds(base: Tree) -> TreeNode:
    """``evictionHard`` as ``loadConfigFile`` (cmd/kubelet/app/server.go) leaves it before anything is merged over it.

    The defaults where the file has none, and beneath what it has where it asks for that.
    """
    from nodecheck.facts.kubelet.table import SETTINGS

    told, merges = base.get(EVICTION), base.get("mergeDefaultEvictionSettings")
    default = SETTINGS[EVICTION].default_in(None)
    pairs = {pair[0]: TreeNode(pair[1], "", 0) for pair in (default if isinstance(default, tuple) else ())}
    if told is None or told.value is None:
        return TreeNode(pairs, "", 0)
    if merges is not None and merges.value is True and isinstance(told.value, Mapping):
        return told._replace(value={**pairs, **told.value})
    return told


def _default(value: str | bool) -> TreeNode:
    return TreeNode(value, "", 0)


def _patch(target: dict[str, TreeNode], patch: Tree) -> None:
    for key, node in patch.items():
        before = target.get(key)
        if node.value is None:
            target.pop(key, None)
        elif isinstance(node.value, Mapping) and before is not None and isinstance(before.value, Mapping):
            inner = dict(before.value)
            _patch(inner, node.value)
            target[key] = node._replace(value=inner)
        else:
            target[key] = node


def _joined(before: TreeNode | None, after: TreeNode) -> TreeNode:
    if before is not None and isinstance(before.value, Mapping) and isinstance(after.value, Mapping):
        return after._replace(value={**before.value, **after.value})
    return after


def fields(tree: Tree) -> Fields:
    """The settings of a decoded tree. Raises RefusedConfig for a value of the wrong type."""
    swap = _typed(tree, MEMORY_SWAP, dict, "an object")
    gates = _typed(tree, GATES, dict, "an object")
    inner = swap.value if swap is not None and isinstance(swap.value, Mapping) else {}
    return Fields(
        cgroup_driver=_text(tree, CGROUP_DRIVER),
        fail_swap_on=_set(_typed(tree, FAIL_SWAP_ON, bool, "a boolean")),
        endpoint=_text(tree, ENDPOINT),
        swap_behavior=_text(inner, "swapBehavior"),
        gates=_gates(gates),
    )


def _text(tree: Tree, name: str) -> TreeNode | None:
    """A string that is set; the empty one is the default, like none."""
    node = _typed(tree, name, str, "a string")
    return node if node is not None and node.value else None


def _set(node: TreeNode | None) -> TreeNode | None:
    return node if node is not None and node.path else None


def _gates(node: TreeNode | None) -> tuple[tuple[str, bool], ...]:
    found = []
    for name, state in (node.value if node is not None and isinstance(node.value, Mapping) else {}).items():
        if not isinstance(state.value, bool) and state.value is not None:
            raise RefusedConfig(
                f"says for the feature gate {name[:80]} what is neither true nor false", state.line, state.path
            )
        found.append((name, bool(state.value)))
    return tuple(found)


def _typed(tree: Tree, name: str, kind: type, words: str) -> TreeNode | None:
    node = tree.get(name)
    if node is None or node.value is None:
        return None
    if not isinstance(node.value, kind):
        raise RefusedConfig(f"says for {name} what is not {words}", node.line, node.path)
    return node


MOST_FILES = 256
MOST_DEPTH = 8


def dropin_paths(host: Host, folder: str) -> Iterator[str]:
    """The ``*.conf`` files in ``folder`` as Go's ``filepath.WalkDir`` finds them: by name, subdirectories in place.

    A link to a directory is not followed, the folder itself included. A directory called ``*.conf`` is taken for a file
    whose place it has, although the kubelet would look into it: what it replaced cannot be known. Raises Absent for a
    folder that is not there, and TooLarge beyond 256 files.
    """
    if host.link(folder) is not None:
        host.stat(folder)
        return
    for count, path in enumerate(_walk(host, folder.rstrip("/"), 0)):
        if count >= MOST_FILES:
            raise TooLarge(folder, f"has more than {MOST_FILES} files")
        yield path


def _walk(host: Host, folder: str, depth: int) -> Iterator[str]:
    for name in host.names(folder or "/"):
        path = f"{folder}/{name}"
        if name.endswith(".conf"):
            yield path
        elif host.link(path) is None and host.stat(path).kind == "dir":
            if depth >= MOST_DEPTH:
                raise TooLarge(path, f"lies more than {MOST_DEPTH} directories deep")
            yield from _walk(host, path, depth + 1)
