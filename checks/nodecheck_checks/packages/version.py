"""Versions that the profile pins."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck import facts
from nodecheck.checking import Lazy, Results, Severity, check, fail, ok, unknown
from nodecheck.errors import Offline
from nodecheck.facts import KubernetesTools, Packages, RuntimeTools
from nodecheck.formats.pins import parse_pin
from nodecheck.typed import Literal
from nodecheck_checks.packages.installed import KUBERNETES, Missing, install, installed

Component = Literal["docker", "containerd", "crio", "runc", "kubelet", "kubeadm", "kubectl"]

_NOTHING: dict[Component, str] = {}


@check(severity=Severity.ERROR, each="require", verify={"require": parse_pin}, tags=["versions"], topic="runtime")
def version(
    subject: str,
    wanted: str,
    kubernetes: Lazy[KubernetesTools],
    runtimes: Lazy[RuntimeTools],
    packages: Lazy[Packages],
    traces: Lazy[facts.Traces],
    *,
    require: Mapping[Component, str] = _NOTHING,
) -> Results:
    """Each component has the version that the profile pins.

    ## Why it matters
    A cluster is tested with one set of versions. A node that an update has moved on, or that was built from another
    repository, behaves otherwise in ways that show up late: other defaults, other drivers, other bugs.

    ## What it looks at
    What the component's own program prints (`dockerd --version`, else `docker --version`; `containerd --version`;
    `crio --version`; `runc --version`; `kubelet --version`; `kubeadm version -o short`; `kubectl version --client`),
    found in fixed directories, run without a shell and with nothing inherited, all at once; and the package databases
    of dpkg and rpm. The program decides, and a package that says otherwise is told. Where there is no program to be
    run, as in an image, the package decides.

    A plain version pins the components that it names: `18.06.3` is that release, `1.34` any 1.34.x, pre-releases
    among them. Anything else is a PEP 440 specifier, which orders pre-releases: `>=1.34` leaves 1.34.0-rc.1 out and
    lets 1.35.0-rc.1 in. `containerd.io` brings runc inside, as docker-ce until 18.06 its containerd and runc: there the
    program alone tells their version. Suffixes of builds (`-ce`, `+k3s1`) do not count. A component that is pinned and
    not installed fails; podman in docker's place, or crun in runc's, is not that component.

    ## How to fix it
    Install the version with the package manager, from the repository that has it, and hold it there (`apt-mark hold`,
    `yum versionlock`).

    ## Sources
    deb-version(7), dpkg-query(1), rpm's header format; PEP 440 for specifiers; the outputs of docker 1.13 to 28,
    containerd 0.2 to 2.3, CRI-O 1.17 to 1.34, runc 1.0 to 1.3, Kubernetes 1.17 to 1.37.
    """
    tools = kubernetes() if subject in KUBERNETES else runtimes()
    try:
        found = installed(subject, tools, packages(), traces)
    except Offline as error:
        # What is required is always judged, so this is no skip.
        yield unknown(f"{error}; no package tells its version", code=error.code, expected=wanted)
        return
    if isinstance(found, Missing):
        fix = install(subject, wanted, packages(), None)
        yield fail(found.why, expected=wanted, actual=found.shown, evidence=found.evidence, fix=fix)
        return
    # A program shows what it printed; a package, its whole version.
    shown = found.version.text
    message = f"{subject} is {shown}{found.note}"
    broken = found.by_package and found.package is not None and found.package.state == "half-installed"
    if parse_pin(wanted).allows(found.version) and not broken:
        yield ok(message, expected=wanted, actual=shown, evidence=found.evidence)
    else:
        fix = install(subject, wanted, packages(), found.package)
        yield fail(message, expected=wanted, actual=shown, evidence=found.evidence, fix=fix)
