"""Whether the kubelet starts with its configuration, and what that comes to."""

from __future__ import annotations

from nodecheck.checking import Lazy, Results, check, skip
from nodecheck.facts import EmbeddedKubelet, Joined, KubeletConfig, KubeletLines, KubeletRelease, Target


@check(
    tags=["kubelet"],
    topic="kubelet",
    rows="nodecheck_checks.kubelet.kubelet_rules:RULES",
    references=["https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/"],
)
def kubelet_config(
    kubelet: Lazy[KubeletConfig],
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    joined: Lazy[Joined],
    embedded: Lazy[EmbeddedKubelet],
    lines: Lazy[KubeletLines],
) -> Results:
    """The kubelet starts with its configuration: its files and flags parse, and their values are valid.

    ## Why it matters
    A kubelet that refuses its configuration ends at once. One that runs does not notice: it read the files when it
    started, and the next restart, upgrade or reboot takes the node away.

    ## What it looks at
    The file of `--config`, the `*.conf` files of `--config-dir` merged over it, and the flags, wherever the unit takes
    them from: `kubeadm-flags.env`, `KUBELET_EXTRA_ARGS`, an `EnvironmentFile`. A failure names the file and the line.

    - The files are there and parse, with the kubelet's `kind` and `apiVersion`; an empty file is refused too.
    - Each value has the type of its key: `maxPods: "110"`, `shutdownGracePeriod: 30` and `cgroupDriver: on` do not.
    - Ranges, words and what settings ask of each other, as `ValidateKubeletConfiguration` has it, and what else ends
      a start: CPU, memory and eviction settings, what is reserved, policies. `explain 'kubelet-config[KEY]'` prints a
      rule.
    - Each taint has a key and an effect that there is. No label is one of Kubernetes that a kubelet may not give
      itself, such as `node-role.kubernetes.io/worker`.
    - A key that no release knows, that the kubelet's own does not know yet, or that stands twice, is a warning: the
      kubelet ignores it. In the file of `--config` the case of a key counts.

    Rules are those of the kubelet's own release and of the one that the node is to have. A pass lists each setting that
    is not left at its default, with where it stands: `nodecheck explain kubelet-config --here` prints them, JSON has
    them too. On a node that has not joined, the file that kubeadm is yet to write is not missed.

    Other checks judge what a release no longer knows (`removed-setting`), `swapBehavior` (`kubelet-swap`), the cgroup
    driver and `failCgroupV1`. `instance-config.yaml` is a patch of kubeadm's, and the kubelet never reads it. Feature
    gates, cipher suites and files that a setting names are not looked into, nor the kubelet inside k3s, RKE2 and k0s.

    ## How to fix it
    Change the line that the evidence names, or take it out: then the default holds. Restart the kubelet, and look into
    its log.

    ## Sources
    kubernetes pkg/kubelet/apis/config/validation (`ValidateKubeletConfiguration`), pkg/kubelet/kubeletconfig/util/codec
    (strict, then lenient), cmd/kubelet/app/server.go (`mergeKubeletConfigurations`, `parseResourceList`),
    pkg/kubelet/eviction/helpers.go, pkg/kubelet/cm/cpumanager, pkg/kubelet/cm/memorymanager; cmd/kubelet/app/options
    (`ValidateKubeletFlags`); k8s.io/kubelet config/v1beta1/types.go; KEP-3983.
    """
    from nodecheck.facts.kubelet.settings import NoConfigFile, Problem

    try:
        found = kubelet()
    except NoConfigFile as error:
        from nodecheck_checks.kubelet.config_problems import whole

        yield whole(Problem(error.code, f"cannot be read: {error.detail}", error.source), joined)
        return
    if found.present and found.given is not None:
        from nodecheck_checks.kubelet.config_problems import judged

        yield from judged(found, found.given, own, target, joined, lines)
    else:
        inner = "the kubelet inside the agent is not looked into" if embedded().present else "there is no kubelet"
        yield skip(inner, code="not-applicable")


@kubelet_config.at_boot
def kubelet_config_boot(
    kubelet: Lazy[KubeletConfig],
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    joined: Lazy[Joined],
    embedded: Lazy[EmbeddedKubelet],
    lines: Lazy[KubeletLines],
) -> Results:
    """After the next boot too: it reads the same files."""
    yield from kubelet_config(kubelet, own, target, joined, embedded, lines)
