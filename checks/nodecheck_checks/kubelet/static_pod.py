"""The manifests of static pods: what the kubelet makes of each file."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Results, check, skip
from nodecheck.facts import KubeletConfig, KubeletRelease, NodePhase, StaticPods, Target


@check(
    tags=["kubelet", "upgrade"],
    topic="kubelet",
    rows="nodecheck_checks.kubelet.manifests:REFERENCES",
    references=["https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/"],
)
def static_pod(
    pods: StaticPods,
    kubelet: Lazy[KubeletConfig],
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    phase: Lazy[NodePhase],
) -> Results:
    """Each file below `staticPodPath` is a pod that the kubelet starts, and no pod stands in two files.

    ## Why it matters
    The control plane is made of these files. Of one that it cannot read the kubelet makes no pod, and stops the one
    that ran. From Kubernetes 1.34 on it denies a static pod that refers to an object of the API, and an upgrade takes
    that pod away. A copy that was made before an edit (`kube-apiserver.yaml.bak`) is read too: then it is chance which
    of the two runs, and an old one has run for weeks.

    ## What it looks at
    Every file in the directory of `staticPodPath` (or `--pod-manifest-path`) whose name does not begin with a dot,
    whatever it ends in; directories are passed over. Without a kubelet of its own, the directories of RKE2 and k3s.

    - It is YAML or JSON, and its first document a `Pod` of `v1` with a name and containers. What is called otherwise
      than a manifest, or is no pod, is a warning: the kubelet logs it at each look.
    - Its fields have their types: `value: 5` in `env` or an annotation `true` ends the reading. Containers have names
      and images, and mount no volume that the pod does not have.
    - It refers to no ServiceAccount (even with `automountServiceAccountToken: false`), Secret, ConfigMap,
      ResourceClaim, PersistentVolumeClaim, CSI driver, glusterfs endpoint, ClusterTrustBundle or PodCertificate: in
      volumes, in the environment, in `imagePullSecrets`. This counts from 1.34 on, by the kubelet's own release or by
      the one that the node is to have; up to 1.36 the feature gate `PreventStaticPodAPIReferences` can turn it off.
    - No other file there has a pod of the same namespace and name.
    - Where one of kube-apiserver, kube-controller-manager and kube-scheduler is there, all three are: in the phases
      `steady` and `upgrade`. One that was moved away for an edit and not brought back is missed so.

    The subject is the file. A relative directory starts at that of the kubelet's file. `staticPodURL` is not looked
    into, nor what else the API would refuse of the pod.

    ## How to fix it
    Give the pod what it needs by `hostPath`, and take the reference out. Keep copies in another directory, such as
    `/etc/kubernetes/backup`. The kubelet restarts a pod whose file changes.

    ## Sources
    kubernetes pkg/kubelet/config/file.go (`extractFromDir`), pkg/kubelet/config/common.go (`tryDecodeSinglePod`),
    pkg/apis/core/validation (`ValidatePodCreate`), pkg/kubelet/kubeletconfig/configfiles (`resolveRelativePaths`),
    pkg/api/pod/util.go (`HasAPIObjectReference`); kubernetes#103587, #131837, #140226, #136962; kubeadm#2823 and its
    preflight check `StaticPodManifest`.
    """
    if pods.folder is None:
        told = [Evidence(path, "staticPodPath") for path in kubelet().sources]
        yield skip("no kubelet is given a directory of static pods", evidence=told)
        return
    from nodecheck_checks.kubelet.manifests import judged

    yield from judged(pods.folder, pods, kubelet, own, target, phase)


@static_pod.at_boot
def static_pod_boot(
    pods: StaticPods,
    kubelet: Lazy[KubeletConfig],
    own: Lazy[KubeletRelease],
    target: Lazy[Target],
    phase: Lazy[NodePhase],
) -> Results:
    """The kubelet reads the same files after the next boot."""
    yield from static_pod(pods, kubelet, own, target, phase)
