"""Whether the container runtime of the node is there and answers."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy, Results, check
from nodecheck.facts import (
    Commands,
    Containerd,
    ContainerdStatus,
    Crio,
    CrioStatus,
    CriSocketSetting,
    Docker,
    Joined,
    KubeletConfig,
    KubeletRelease,
    PackageSigns,
    Services,
    SocketKinds,
    SocketUnits,
    Target,
    UnitIndex,
    UnixListeners,
)
from nodecheck.requirements.asked import INSTALL, JOIN, STEADY, UPGRADE, Settings
from nodecheck_checks.runtime.sockets import RuntimeNode, judged, several


@check(
    tags=["runtime", "kubelet"],
    topic="runtime",
    phases=(INSTALL, JOIN, UPGRADE, STEADY),
    references=["https://kubernetes.io/docs/setup/production-environment/container-runtimes/"],
)
def runtime_socket(
    target: Lazy[Target],
    kubelet: KubeletConfig,
    embedded: Lazy[facts.EmbeddedKubelet],
    own: Lazy[KubeletRelease],
    docker: Lazy[Docker],
    containerd: Lazy[Containerd],
    crio: Lazy[Crio],
    packages: Lazy[PackageSigns],
    commands: Lazy[Commands],
    listeners: Lazy[UnixListeners],
    kinds: Lazy[SocketKinds],
    units: Lazy[SocketUnits],
    services: Lazy[Services],
    index: Lazy[UnitIndex],
    joined: Lazy[Joined],
    cri_socket: Lazy[CriSocketSetting],
    containerd_status: Lazy[ContainerdStatus],
    crio_status: Lazy[CrioStatus],
    given: Lazy[Settings],
) -> Results:
    """A container runtime is on the node, and something accepts at the socket that the kubelet uses.

    ## Why it matters
    Without a runtime the kubelet starts no pod, and kubeadm, which finds no socket, says so late. A kubelet that points
    to a socket at which nothing listens restarts for ever. Where kubeadm finds several runtimes and is not told which
    to use, `init`, `join` and `certs` stop.

    ## What it looks at
    In an image (the phase `image`) nothing is to run yet: there it is `skip`, cause `not-selected-phase`.

    It asks where the node is to have a runtime: a role or a release is given or found, or a kubelet is there. The
    socket is the kubelet's `containerRuntimeEndpoint`; where none is set, the default of its release (docker before
    1.24, containerd since); on a node that has not joined, that of any runtime which is there. A node without a runtime
    fails; where a root holds no system's programs, it is `unknown` for a node with a role or release. Docker alone is
    no runtime from 1.24 on.

    Whether something listens there tells `/proc/net/unix`. Nothing is connected to, so that no socket unit of systemd
    is made to start its service: where an active one listens, the unit of its service is judged instead. Else `crictl
    info`, where `crictl` is there, says within 2 seconds whether containerd or CRI-O is ready, and whether it has the
    CRI's version 1, which the kubelet asks for from 1.26 on.

    The agents of k3s, RKE2, k0s and MicroK8s bring the runtime themselves: their sockets are looked for. Where the
    profile says `runtime = "embedded"`, a node without an agent gets a warning: the agent is what it still needs.

    On a node that has not joined, `runtime-socket[criSocket]` fails where several runtimes listen at which kubeadm of
    the release looks, and none of its configuration files says `criSocket`.

    ## How to fix it
    Start and enable the runtime's unit, or point the kubelet to the runtime that runs. Give kubeadm `--cri-socket`.

    ## Sources
    kubelet `containerRuntimeEndpoint`, KEP-2221; kubeadm cmd/kubeadm/app/util/runtime (`DetectCRISocket`,
    `isExistingSocket`), preflight `CRI`; kubernetes/kubeadm#1495, #2937; proc(5), unix(7); systemd.socket(5);
    Mirantis/cri-dockerd packaging/systemd/cri-docker.socket.
    """
    node = RuntimeNode(
        target, kubelet, embedded, own, docker, containerd, crio, packages, commands, listeners, kinds, units, services,
        index, joined, cri_socket, containerd_status, crio_status, given,
    )  # fmt: skip
    yield judged(node)
    found = several(node)
    if found is not None:
        yield found
