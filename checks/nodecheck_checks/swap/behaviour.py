"""What a kubelet makes of ``memorySwap.swapBehavior``, by its release and the node's cgroups."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.errors import FactError
from nodecheck.facts import KubeletConfig, Target
from nodecheck.model.needs import Lazy
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import NEWEST, Release, Row, Table
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kernel.cgroups import CgroupVersion

SETTING, GATE = "memorySwap.swapBehavior", "NodeSwap"
LIMITED, UNLIMITED, NO_SWAP = "LimitedSwap", "UnlimitedSwap", "NoSwap"
LIMITED_V1 = "LimitedSwap on cgroup v1"

TAKEN, REFUSED = "taken", "refused"
NO_GATE, OFF, ON, LOCKED = "no such gate", "off by default", "on by default", "locked on"

_VALIDATION = "pkg/kubelet/apis/config/validation, ValidateKubeletConfiguration"
_SERVER = "cmd/kubelet/app/server.go, run; kubernetes/kubernetes#123738"
_FEATURES = "pkg/features/kube_features.go; KEP-2400"

BEHAVIOURS = Table(
    Row(NO_SWAP, REFUSED, "the value NoSwap came with 1.30", _VALIDATION, before=(1, 30)),
    Row(NO_SWAP, TAKEN, "it is the default", _VALIDATION, since=(1, 30)),
    Row(LIMITED, TAKEN, "pods may use a share of the swap", _VALIDATION),
    Row(UNLIMITED, TAKEN, "pods may use all of the swap", _VALIDATION, before=(1, 30)),
    Row(
        UNLIMITED,
        REFUSED,
        "the value UnlimitedSwap went with 1.30",
        f"{_VALIDATION}; kubernetes/kubernetes#122745",
        since=(1, 30),
    ),
    Row(LIMITED_V1, TAKEN, "the limits are those of cgroup v1", _SERVER, before=(1, 30)),
    Row(LIMITED_V1, REFUSED, "the limits of pods' swap need cgroup v2", _SERVER, since=(1, 30)),
    Row(GATE, NO_GATE, "the setting is not known and not read", _FEATURES, before=(1, 22)),
    Row(GATE, OFF, "the gate NodeSwap is off by default", _FEATURES, since=(1, 22), before=(1, 30)),
    Row(GATE, ON, "the gate NodeSwap is on by default", _FEATURES, since=(1, 30), before=(1, 34)),
    Row(GATE, LOCKED, "the gate NodeSwap is locked on", _FEATURES, since=(1, 34)),
)
"""By the kubelet's release: the values of the setting, and the gate without which it may not be set."""

FIRST = (1, 22)
"""The first release that knows the setting."""


class Swapping(NamedTuple):
    """What decides whether a kubelet starts with its setting; read only where the setting is set."""

    kubelet: KubeletConfig
    own: Lazy[facts.KubeletRelease]
    target: Lazy[Target]
    mounted: Lazy[facts.NowCgroups]
    planned: Lazy[facts.BootCgroups]

    def releases(self) -> tuple[Release, ...]:
        """The kubelet's own release and the one that the node is to have, where they are known."""
        found = (self.own().numbers, self.target().release)
        return tuple(dict.fromkeys([release[:2] for release in found if release]))

    def hierarchy(self) -> CgroupVersion:
        """The cgroups that are mounted; where that is not told, those of the next boot."""
        try:
            found = self.mounted().found
        except FactError:
            return self.planned().found
        return found if found.version is not None else self.planned().found


def refusal(kubelet: KubeletConfig, release: Release, hierarchy: CgroupVersion | None) -> str | None:
    """Why a kubelet of a release does not start with its setting; None where it does, or where nothing is set.

    >>> from nodecheck.facts.kubelet.settings import KubeletSetting
    >>> kubelet = KubeletConfig(True, swap_behavior=KubeletSetting("NoSwap", "/x"))
    >>> refusal(kubelet._replace(feature_gates=(("NodeSwap", True),)), (1, 27), None)
    'the value NoSwap came with 1.30'
    """
    setting = kubelet.swap_behavior
    gate, given = BEHAVIOURS.at(GATE, release), kubelet.gate(GATE)
    if gate.wanted == NO_GATE:
        return None
    if gate.wanted == LOCKED and given is False:
        return f"{gate.reason}, and may not be set to false"
    if setting is None:
        return None
    if not (given if given is not None else gate.wanted in (ON, LOCKED)):
        return f"the setting may not stand there: {gate.reason}" if given is None else "the gate NodeSwap is off"
    row = next((row for row in BEHAVIOURS if row.name == setting.value and row.covers(release)), None)
    if row is None or row.name in (GATE, LIMITED_V1):
        return f"{setting.value!r} is none of its values"
    if row.wanted == REFUSED:
        return row.reason
    limits = BEHAVIOURS.at(LIMITED_V1, release)
    on_v1 = hierarchy is not None and hierarchy.unified is False
    return limits.reason if row.name == LIMITED and on_v1 and limits.wanted == REFUSED else None


def refused(swapping: Swapping, hierarchy: CgroupVersion | None = None) -> str | None:
    """Why the kubelet of this node, its own or the one that it is to have, does not start; None where it does."""
    kubelet = swapping.kubelet
    if kubelet.swap_behavior is None and kubelet.gate(GATE) is not False:
        return None
    mounted = hierarchy or swapping.hierarchy()
    for release in swapping.releases():
        why = refusal(kubelet, release, mounted)
        if why is not None:
            return why
    return None


def differs(kubelet: KubeletConfig, hierarchy: CgroupVersion) -> str | None:
    """Why some release does not start with what others take: what to say where no release is known."""
    releases = [(1, minor) for minor in range(FIRST[1], NEWEST[1] + 1)]
    found = {release: refusal(kubelet, release, hierarchy) for release in releases}
    return next((why for why in found.values() if why is not None), None)
