"""The names of services: one spelling, and the units under which distributions install them."""

from nodecheck.facts.services.well_known import GUEST_TIME_SERVICES, PTP_SERVICES, TIME_SERVICES
from nodecheck.fix import Fix, by_hand

OTHER_NAMES = {"chronyd": ("chrony",), "crio": ("cri-o",)}
"""Units that distributions call otherwise: Debian's chronyd runs as chrony.service."""

_ONE_NAME = {other: name for name, others in OTHER_NAMES.items() for other in others}
_KUBELETS = ("kubelet", "snap.kubelet.daemon")
_OTHER_KINDS = (".socket", ".timer", ".path", ".target", ".mount")


def unit_name(subject: str) -> str:
    """The one spelling of a unit: without ``.service``, by the name that upstream gives it.

    >>> unit_name("chrony.service"), unit_name("docker.socket")
    ('chronyd', 'docker.socket')
    """
    name = subject.removesuffix(".service")
    return _ONE_NAME.get(name, name)


def candidates(subject: str, suffix: str = ".service") -> tuple[str, ...]:
    """The unit names under which a service may be installed.

    >>> candidates("chronyd"), candidates("docker.socket")
    (('chronyd.service', 'chrony.service'), ('docker.socket',))
    """
    suffix = "" if subject.endswith(_OTHER_KINDS) else suffix
    return tuple(f"{name}{suffix}" for name in (subject, *OTHER_NAMES.get(subject, ())))


def is_kubelet(subject: str) -> bool:
    """Whether that service is a kubelet of its own."""
    return subject in _KUBELETS


def is_time(subject: str) -> bool:
    """Whether that service keeps the clock."""
    times = (*TIME_SERVICES, *PTP_SERVICES, *GUEST_TIME_SERVICES)
    return any(name in times for name in candidates(subject))


def to_install(unit: str) -> Fix:
    """What brings a unit that is not there: which package, and from where, a person must say."""
    text = f"install the package that brings {unit}, then run systemctl enable {unit} and systemctl start {unit}"
    return by_hand(f"Install {unit}", text)
