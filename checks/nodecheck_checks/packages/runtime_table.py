"""The releases of runtimes that Kubernetes and containerd's own table ask for, as rows."""

from __future__ import annotations

from nodecheck.checking import Severity
from nodecheck.requirements.table import Row, Table

CONTAINERD, CRIO, DOCKER = "containerd", "crio", "docker"
RUNTIME_CONFIG = "RuntimeConfig"

_OWN = "containerd's own table recommends it for this release of Kubernetes"
_RELEASES = "containerd RELEASES.md (Kubernetes Support)"
_ANSWER = "kubeadm warns of a runtime that does not answer RuntimeConfig"
_WARNS = "KEP-4033; kubernetes/kubernetes#134906, #139122"
_VALIDATED = "kubeadm validated these releases of docker"
_VALIDATORS = "kubernetes/system-validators validators/types_unix.go; kubernetes/kubernetes#84476, #98977"
_DOCKERS = "1.11, 1.12, 1.13, 17.03, 17.06, 17.09, 18.06, 18.09, 19.03"


def _recommended(wanted: str, minor: int) -> Row:
    return Row(CONTAINERD, wanted, _OWN, _RELEASES, Severity.WARNING, since=(1, minor), before=(1, minor + 1))


RUNTIMES = Table(
    _recommended("2.1.0+, 2.0.1+, 1.7.24+, 1.6.36+", 32),
    _recommended("2.1.0+, 2.0.4+, 1.7.24+, 1.6.36+", 33),
    _recommended("2.1.3+, 2.0.6+, 1.7.28+, 1.6.39+", 34),
    _recommended("2.2.0+, 2.1.5+, 1.7.28+", 35),
    _recommended("2.3.0+, 2.2.0+", 36),
    Row(CONTAINERD, "2.0.0+", _ANSWER, _WARNS, Severity.WARNING, since=(1, 35), before=(1, 38)),
    Row(CRIO, "1.28.0+", _ANSWER, _WARNS, Severity.WARNING, since=(1, 35), before=(1, 38)),
    Row(CONTAINERD, "1.6.0+", "the kubelet asks for the CRI's version 1", _RELEASES, since=(1, 26)),
    Row(DOCKER, _DOCKERS, _VALIDATED, _VALIDATORS, Severity.WARNING, before=(1, 21)),
    Row(DOCKER, f"{_DOCKERS}, 20.10", _VALIDATED, _VALIDATORS, Severity.WARNING, since=(1, 21), before=(1, 24)),
    Row(
        RUNTIME_CONFIG,
        "containerd 2.0 or CRI-O 1.28",
        "a kubelet whose runtime does not answer RuntimeConfig does not start",
        "KEP-4033; kubernetes/kubernetes#139121",
        since=(1, 38),
        planned="2026-11-29",
    ),
)
"""By runtime: ``1.7.28+`` is that release or a later one of its line, ``19.03`` any of its line. All rows count."""

ANSWERING = {CONTAINERD: "2.0.0+", CRIO: "1.28.0+"}
"""The first releases that answer RuntimeConfig."""

_ENDS = "containerd RELEASES.md (Support Horizon)"
ENDS = Table(
    Row(CONTAINERD, "2025-08-23", "end of life of 1.6", _ENDS, since=(1, 6), before=(1, 7)),
    Row(CONTAINERD, "2026-09 (extended, for GKE)", "end of life of 1.7", _ENDS, since=(1, 7), before=(2,)),
    Row(CONTAINERD, "2027-03 (extended, for GKE)", "end of life of 2.0", _ENDS, since=(2,), before=(2, 1)),
    Row(CONTAINERD, "2026-07-03", "end of life of 2.1", _ENDS, since=(2, 1), before=(2, 2)),
    Row(CONTAINERD, "2026-11-06", "end of life of 2.2", _ENDS, since=(2, 2), before=(2, 3)),
    Row(CONTAINERD, "2028-04-30 (long-term)", "end of life of 2.3", _ENDS, since=(2, 3), before=(2, 4)),
    Row(CONTAINERD, "2027-04-26 (tentative)", "end of life of 2.4", _ENDS, since=(2, 4), before=(2, 5)),
)
"""By containerd's own release: until when it is kept up. A date makes no news, so that these rows judge nothing."""


def takes(have: tuple[int, ...], wanted: str) -> bool:
    """Whether a release is one of a list: of a line in it, or of a line that is newer than all that are open.

    >>> [takes(have, "2.1.0+, 1.7.24+") for have in ((1, 7, 24), (1, 7, 9), (2, 0, 7), (2, 2), (3, 0))]
    [True, False, False, True, True]
    >>> takes((19, 3, 5), "18.09, 19.03"), takes((20, 10), "18.09, 19.03")
    (True, False)
    """
    newest: tuple[int, ...] = ()
    for part in wanted.split(", "):
        least = tuple([int(number) for number in part.rstrip("+").split(".")])
        if have[:2] == least[:2]:
            return have >= least
        newest = max(newest, least[:2]) if part.endswith("+") else newest
    return bool(newest) and have[:2] > newest


def has_line(have: tuple[int, ...], wanted: str) -> bool:
    """Whether the line of a release is in a list, whatever its patch release.

    >>> has_line((1, 7, 9), "2.1.0+, 1.7.24+"), has_line((1, 6, 20), "2.1.0+, 1.7.24+")
    (True, False)
    """
    return any(tuple(map(int, part.rstrip("+").split(".")[:2])) == have[:2] for part in wanted.split(", "))
