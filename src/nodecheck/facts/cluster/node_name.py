"""The name under which the kubelet registers the node, where it is told one."""

from __future__ import annotations

from nodecheck.errors import Unsupported
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.places import AGENT_CONFIGS
from nodecheck.host import Host, exists
from nodecheck.host.base import texts
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.settings import KubeletSetting


class NodeName(NamedTuple):
    """``--hostname-override`` of the kubelet, or ``node-name`` of k3s and RKE2."""

    given: KubeletSetting | None = None
    """None: the host name in lower case is the node's name."""
    k0s_controller: bool = False
    """It is a controller of k0s."""

    @classmethod
    def reads(cls) -> Sources:
        return (*map(File, AGENT_CONFIGS), *map(Exists, K0S_CONTROLLER))

    @classmethod
    def read(cls, host: Host, kubelet: KubeletConfig) -> NodeName:
        """Look at the kubelet's flags and the agents' configurations. Raises what the host raises except Absent."""
        if kubelet.present:
            return cls(_own(kubelet.hostname_override))
        for path, source in texts(host, AGENT_CONFIGS):
            return cls(agent_name(source, path))
        return cls(None, any(exists(host, path) for path in K0S_CONTROLLER))


K0S_CONTROLLER = ("/etc/systemd/system/k0scontroller.service", "/etc/init.d/k0scontroller", "/var/lib/k0s/pki/ca.key")
"""What k0s leaves on its controllers: the service that ``k0s install controller`` writes, and the cluster's key."""


def _own(given: KubeletSetting | None) -> KubeletSetting | None:
    """A name that the kubelet is told; that of the host itself is none (``%H`` of systemd.unit(5)).

    Raises Unsupported for one with a specifier that files do not tell.
    """
    if given is not None and given.written == "%H":
        return None
    if given is not None and given.untold:
        raise Unsupported(given.source, f"what systemd makes of {given.text} is not told by files")
    return given


def agent_name(source: str, path: str) -> KubeletSetting | None:
    """The ``node-name`` of an agent's configuration.

    >>> agent_name("token: x\\nnode-name: 'n1' # here\\n", "c").value
    'n1'
    """
    from nodecheck.facts.kubelet.settings import KubeletSetting

    found = None
    for number, line in enumerate(source.split("\n"), 1):
        key, colon, rest = line.partition(":")
        if colon and key.strip("\"'") == "node-name":
            value = rest.partition(" #")[0].strip(" \t\r\"'")
            found = KubeletSetting(value, path, number, line.strip(" \t\r")) if value else found
    return found
