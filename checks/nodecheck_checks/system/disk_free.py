"""Room on the file systems of the kubelet, of images and of etcd."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Outcome, Per, Results, Severity, check, seen, skip
from nodecheck.facts import DataFolders, DiskRoom, KubeletConfig, KubeletRelease, Target
from nodecheck.facts.kubelet.quantities import OFF, percent_of, quantity_of
from nodecheck.fix import by_hand
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Row, Table, verdict

_EVICTION = "kubelet evictionHard; pkg/kubelet/apis/config/v1beta1/defaults_linux.go"
_NODEFS, _IMAGEFS = "nodefs.available", "imagefs.available"
_MIB = 1 << 20

PATHS = Table(
    Row("/var/lib/kubelet", _NODEFS, "the kubelet evicts pods and takes no new ones where less is left", _EVICTION),
    Row(
        "/var/log", _NODEFS, "pods' logs are there, and a full disk takes no more", _EVICTION, severity=Severity.WARNING
    ),
    Row("/var/lib/etcd", _NODEFS, "etcd stops where it cannot write", _EVICTION, role="control-plane"),
    Row("/var/lib/containerd", _IMAGEFS, "the kubelet removes images and evicts pods where less is left", _EVICTION),
    Row("/var/lib/containers", _IMAGEFS, "the kubelet removes images and evicts pods where less is left", _EVICTION),
    Row("/var/lib/docker", _IMAGEFS, "the kubelet removes images and evicts pods where less is left", _EVICTION),
    Row("/var/lib/rancher", _IMAGEFS, "k3s and RKE2 keep their images there", _EVICTION),
    Row("/var/lib/k0s", _IMAGEFS, "k0s keeps its images there", _EVICTION),
)
"""What is asked of each path: the kubelet's signal whose threshold it must not be below."""

FIGURES = Table(
    Row(
        "/var/lib/k0s",
        "1800",
        "k0s asks for 500 MiB for a controller and 1300 MiB for a worker before it starts",
        "k0s internal/pkg/sysinfo/sysinfo.go",
        severity=Severity.WARNING,
    ),
)
"""MiB that a path must have whatever its size."""

UNWATCHED = "the kubelet's evictionHard leaves it out, so that nothing makes room before the disk is full"

K3S_EVICTS = {_IMAGEFS: "5%", _NODEFS: "5%"}
"""k3s and RKE2 start their kubelet with ``imagefs.available<5%,nodefs.available<5%`` (pkg/daemons/agent)."""


class Threshold(NamedTuple):
    """What must be available: ``10%``, ``1Gi`` or ``1800Mi``, and where that is said."""

    text: str
    evidence: tuple[Evidence, ...] = ()
    watched: bool = True
    """The kubelet evicts by it."""


def quantity_bytes(text: str, size: int) -> int:
    """Bytes of a threshold: a share of ``size``, or a quantity of Kubernetes. Raises ValueError.

    >>> quantity_bytes("10%", 5000), quantity_bytes("1Gi", 0), quantity_bytes("2M", 0), quantity_bytes("1e3", 0)
    (500, 1073741824, 2000000, 1000)
    """
    percent = percent_of(text)
    return int(quantity_of(text) if percent is None else size * percent / 100)


def spelled(path: str) -> str:
    """The one spelling of a path: no slash at its end, none twice.

    >>> spelled("/var//lib/kubelet/"), spelled("/")
    ('/var/lib/kubelet', '/')
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/" * path.startswith("/") + "/".join(parts)


def verify_path(path: str) -> None:
    """Raises ValueError for what is no absolute path."""
    if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise ValueError(f"{path!r} is not an absolute path")


def verify_percent(share: int) -> None:
    """Raises ValueError for what is no share; -1 is none."""
    if not -1 <= share <= 100:
        raise ValueError(f"{share} is no percentage from 0 to 100, nor -1")


def verify_mib(size: int) -> None:
    """Raises ValueError for what is no size; -1 is none."""
    if size < -1:
        raise ValueError(f"{size} is no number of MiB, nor -1")


def asked_paths(target: Target, folders: DataFolders) -> list[str]:
    """What is asked of this node where the profile lists nothing: folders of images where they are there."""
    return [row.name for row in PATHS.of(target) if row.wanted == _NODEFS or row.name in folders.paths]


def thresholds(kubelet: KubeletConfig, release: KubeletRelease) -> tuple[dict[str, str], Evidence | None]:
    """What the kubelet evicts by, without what is switched off, and where its configuration says so.

    None for the defaults of its release.
    """
    setting = kubelet.setting("evictionHard", (release.numbers[0], release.numbers[1]) if release.numbers else None)
    pairs = setting.value if isinstance(setting.value, tuple) else ()
    source = None if setting.origin == "default" else seen(setting.source, setting.text, line=setting.line)
    return {pair[0]: pair[1] for pair in pairs if pair[1] not in OFF}, source


def threshold_of(signal: str, kubelet: KubeletConfig, release: KubeletRelease, folders: DataFolders) -> Threshold:
    """The kubelet's own threshold; where it has none, the newest release's default still says what is little."""
    own, source = thresholds(kubelet, release)
    if not kubelet.present and "/var/lib/rancher" in folders.paths:
        own = K3S_EVICTS
    evidence = () if source is None else (source,)
    if signal in own:
        return Threshold(own[signal], evidence)
    return Threshold(thresholds(KubeletConfig(), KubeletRelease())[0][signal], evidence, watched=False)


def judged(room: DiskRoom, row: Row, share: Threshold, figure: Row | None) -> Outcome:
    """The share first: what the kubelet evicts by is worse than what is only little."""
    left = f"{room.available_bytes // _MIB} MiB ({100 * room.available_bytes // room.size_bytes} %) available"
    short = room.available_bytes < quantity_bytes(share.text, room.size_bytes)
    if not share.watched:
        row = row._replace(severity=Severity.WARNING, reason=UNWATCHED)
    if not short and figure is not None and room.available_bytes < int(figure.wanted) * _MIB:
        asked, short = figure._replace(wanted=f"at least {figure.wanted} MiB available"), True
    else:
        asked = row._replace(wanted=f"at least {share.text} available")
    fix = by_hand(f"Make room for {row.name}", f"du -xh --max-depth=2 {room.path} tells what fills the file system")
    evidence = [asked_of(room, "less is available" if short else "enough is available"), *share.evidence]
    return verdict(not short, f"{row.name} has {left}", asked, left, evidence, fix)


def asked_of(room: DiskRoom, told: str) -> Evidence:
    """No figure: how much is free changes from run to run, and on ZFS the size does too."""
    return seen(f"statvfs {room.path}", told)


def path_severity(subject: str | None, target: Target) -> Severity:
    """That of the path's row."""
    return Severity.ERROR if subject is None else PATHS.row(subject, target).severity


@check(
    severity=path_severity,
    tags=["storage", "kubelet"],
    topic="system",
    each="require",
    otherwise=asked_paths,
    spell=spelled,
    verify={"require": verify_path, "minimum-percent": verify_percent, "minimum-mib": verify_mib},
    rows=PATHS,
)
def disk_free(
    subject: str,
    room: Per[DiskRoom],
    kubelet: Lazy[KubeletConfig],
    release: Lazy[KubeletRelease],
    folders: Lazy[DataFolders],
    target: Lazy[Target],
    named: bool = False,
    *,
    require: tuple[str, ...] = (),
    minimum_percent: int = -1,
    minimum_mib: int = -1,
) -> Results:
    """The file systems of the kubelet, of images and of etcd have room left.

    ## Why it matters
    Where less than its threshold is left, the kubelet sets the condition DiskPressure, removes images, evicts pods and
    takes no new ones. A control plane whose etcd cannot write stops, and a full `/var/log` loses what would explain it.

    ## What it looks at
    statvfs(3) of each path, or of the nearest directory above it that is there: the bytes available to users without
    privilege, as the kubelet counts them. Less than the kubelet's threshold is an error: `nodefs.available` (10 % by
    default), and for the folders of images that are there `imagefs.available` (15 %). A kubelet whose configuration
    sets `evictionHard` has its own; k3s and RKE2 set 5 %. What it leaves out there, or switches off by `0%` or `100%`,
    is a warning below the default.
    For `/var/log`, which may be a file system that the kubelet does not watch, it is a warning. Below 1800 MiB
    `/var/lib/k0s` has a warning too, whatever its size.

    `require` lists other paths, `minimum-percent` takes the place of the kubelet's threshold and `minimum-mib` that of
    the figure, for all paths and as an error; -1 leaves them. A file system that stores nothing (0 blocks) is skipped.

    ## How to fix it
    Look with `du -xh --max-depth=2 PATH` for what fills it: `crictl rmi --prune` removes images that nothing uses,
    `journalctl --vacuum-size=500M` old logs. Else the file system must become larger.

    ## Sources
    statvfs(3); https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
    kubernetes pkg/kubelet/eviction; k3s pkg/daemons/agent; k0s internal/pkg/sysinfo.
    """
    if not room.size_bytes:
        yield skip(f"{subject} is on a file system that stores nothing", evidence=[asked_of(room, "no blocks")])
        return
    row, figure = PATHS.row(subject, target(), named=named), FIGURES.find(subject, target())
    if minimum_mib >= 0:
        figure = row.by_profile(str(minimum_mib))
    if minimum_percent >= 0:
        row, share = row.by_profile(), Threshold(f"{minimum_percent}%")
    else:
        share = threshold_of(_IMAGEFS if row.wanted == _IMAGEFS else _NODEFS, kubelet(), release(), folders())
    yield judged(room, row, share, figure)
