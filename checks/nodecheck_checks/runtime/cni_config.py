"""Whether the container runtime finds a network for pods: its CNI configuration, and the plugins that it names."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy, Results, check, seen, skip
from nodecheck.facts import KubeletConfig, NodePhase, Target
from nodecheck.requirements.asked import EMBEDDED, INSTALL, JOIN, STEADY, UPGRADE, Settings


@check(tags=["kubelet", "kubeadm", "runtime"], topic="network", phases=(INSTALL, JOIN, UPGRADE, STEADY))
def cni_config(
    kubelet: KubeletConfig,
    found: Lazy[facts.CniNetworks],
    phase: Lazy[NodePhase],
    target: Lazy[Target],
    embedded: Lazy[facts.EmbeddedKubelet],
    given: Lazy[Settings],
) -> Results:
    """The runtime finds a network for pods: its CNI configuration is the one that is wanted, and its plugins are there.

    ## Why it matters
    Without a CNI configuration the kubelet reports `NetworkReady=false`, and the node stays `NotReady`. Where several
    are there, the first by name wins: what another network plugin, or an earlier cluster, left behind can take the
    place of the cluster's own without a word. A plugin that is not there keeps every pod from starting.

    ## What it looks at
    The directories are those of the runtime that the kubelet uses. By default they are `/etc/cni/net.d` and
    `/opt/cni/bin`.

    - containerd: `conf_dir`, and `bin_dir` or `bin_dirs`. Debian 13's package sets `/usr/lib/cni`.
    - CRI-O: `network_dir`, `plugin_dirs` and `plugin_dir`, or its flags.
    - docker: `--cni-conf-dir` and `--cni-bin-dir` of cri-dockerd, or of a kubelet with dockershim.

    The configurations are `*.conf`, `*.conflist` and `*.json` by name:

    - None is an error once the node belongs to a cluster, and normal before: the network plugin's pod writes it.
    - containerd loads the first (`max_conf_num`: so many). Where it is not valid, nothing is loaded: an error.
    - CRI-O and docker pass over what is not valid, or names a plugin that is not there. That is a warning where another
      one is taken. CRI-O's `cni_default_network` has to be one of them.
    - The first gives pods a network: `loopback` alone, or a plugin that only adds to another's, is an error.
    - The first is of the CNI that the profile, or `--cni`, names: another one is an error.
    - Where none is named, configurations of different CNIs are a warning that says which one wins. `multus` hands on to
      another. The own network of a package, as `crio` and `podman`, does no harm where it comes last.
      podman's alone is a warning.

    Plugins are regular files that are executable. Those that are needed are the ones that are loaded, and those that
    they hand on to: flannel to `bridge` and `host-local`. containerd starts `loopback` too. Before the node belongs to
    a cluster, one that is not there is a warning.

    With Cilium the directory of plugins belongs to root. The pod that copies its plugin there may not write otherwise.

    What an agent (k3s, RKE2, k0s, MicroK8s) brings inside is skipped. At boot the same files count. A directory below
    `/run` is written anew at each boot.

    ## How to fix it
    Install the cluster's network plugin, or move away what wins over it. The package `kubernetes-cni`, or
    `containernetworking-plugins`, has the plugins that others need.

    ## Sources
    containernetworking/cni libcni (`ConfFiles`, `ConfListFromFile`) and pkg/invoke (`FindInPath`); containerd/go-cni
    opts.go (`loadFromConfDir`); cri-o/ocicni (`loadNetworks`); kubelet dockershim/network/cni
    (`getDefaultCNINetwork`); kubernetes-sigs/kubespray#13378, #13385, cilium/cilium#23838.
    """
    if given().runtime == EMBEDDED or (not kubelet.present and embedded().present):
        yield skip("the agent on this node brings the container runtime inside, and its CNI")
    elif not kubelet.present and target().role is None and target().kubernetes is None:
        yield skip("nothing says that this is a node: there is no kubelet, and no role or release is given")
    else:
        from nodecheck_checks.runtime.cni_files import judged

        yield from judged(found(), phase, given().cni)


@cni_config.at_boot
def cni_config_boot(
    kubelet: KubeletConfig,
    found: Lazy[facts.CniNetworks],
    phase: Lazy[NodePhase],
    target: Lazy[Target],
    embedded: Lazy[facts.EmbeddedKubelet],
    given: Lazy[Settings],
) -> Results:
    """After the next boot too: the runtime reads the same files."""
    for outcome in cni_config(kubelet, found, phase, target, embedded, given):
        if outcome.subject is not None and outcome.subject.startswith(("/run/", "/var/run/")):
            message = f"what is in {outcome.subject} is written anew at each boot"
            yield skip(message, subject=outcome.subject, code="not-found", evidence=[seen(outcome.subject)])
        else:
            yield outcome
