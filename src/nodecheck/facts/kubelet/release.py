"""The release of the kubelet on this node."""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.kubelet.places import has_kubelet
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.packages.packages import Packages
    from nodecheck.facts.packages.versions import KubernetesTools
    from nodecheck.facts.runtimes.releases import Release


class KubeletRelease(NamedTuple):
    """The kubelet's own release; None where the node does not show it."""

    numbers: Release | None = None
    hidden: FactError | None = None
    """Why the packages, which might have told it, could not be read."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.kubelet.places import SIGNS

        return tuple(map(Exists, SIGNS))

    @classmethod
    def read(
        cls, host: Host, index: UnitIndex, tools: Lazy[KubernetesTools], packages: Lazy[Packages]
    ) -> KubeletRelease:
        """What the kubelet says, else what its package is called; a whole node that shows no kubelet is not asked."""
        if host.whole and not _may_have_kubelet(host, index):
            return cls()
        from nodecheck.facts.runtimes.releases import release_of

        numbers = release_of(tools().of("kubelet"), packages, "kubelet")
        if numbers is None:
            try:
                packages()
            except FactError as error:
                return cls(hidden=error)
        return cls(numbers)


def _may_have_kubelet(host: Host, index: UnitIndex) -> bool:
    try:
        return has_kubelet(host, index)
    except FactError:  # a place that cannot be looked at may show one; the kubelet itself answers anybody
        return True
