"""The kubelet's flags as pflag parses them, and which flags the kubelet ever had.

From ``cmd/kubelet/app/options`` of the releases 1.10 to 1.36 (flags of its libraries, klog and cAdvisor, included).
"""

from __future__ import annotations

from collections.abc import Sequence

from nodecheck.facts.services.unit_command import Word
from nodecheck.model.secrets import masked
from nodecheck.record import NamedTuple
from nodecheck.text import MASK

_BOOLEAN = """
add-dir-header allow-privileged alsologtostderr anonymous-auth authentication-token-webhook babysit-daemons
cgroups-per-qos configure-cbr0 contention-profiling cpu-cfs-quota docker-disable-shared-pid docker-only docker-tls
enable-cadvisor-json-endpoints enable-controller-attach-detach enable-custom-metrics enable-debugging-handlers
enable-load-reader enable-server exit-on-lock-contention experimental-allocatable-ignore-eviction
experimental-bootstrap-checkpoint experimental-check-node-capabilities-before-mount experimental-dockershim
experimental-fail-swap-on experimental-flannel-overlay experimental-kernel-memcg-notification
experimental-logging-sanitization fail-cgroupv1 fail-swap-on help kernel-memcg-notification keep-terminated-pod-volumes
local-storage-capacity-isolation log-cadvisor-usage log-json-split-stream log-text-split-stream logtostderr
make-iptables-util-chains one-output profiling protect-kernel-defaults really-crash-for-testing reconcile-cidr
redirect-container-streaming register-node register-schedulable require-kubeconfig rotate-certificates
rotate-server-certificates runonce seccomp-default serialize-image-pulls skip-headers skip-log-headers
storage-driver-secure version windows-service
"""

_VALUED = """
address allow-metric-labels allow-metric-labels-manifest allowed-unsafe-sysctls api-servers
application-metrics-count-limit auth-path authentication-token-webhook-cache-ttl authorization-mode
authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl
azure-container-registry-config boot-id-file bootstrap-checkpoint-path bootstrap-kubeconfig ca-dir cadvisor-port
cert-dir cgroup-driver cgroup-root chaos-chance client-ca-file cloud-config cloud-provider
cloud-provider-gce-lb-src-cidrs cloud-provider-gce-l7lb-src-cidrs cluster-dns cluster-domain cni-bin-dir cni-cache-dir
cni-conf-dir config config-dir container-hints container-log-max-files container-log-max-size container-runtime
container-runtime-endpoint containerd containerd-namespace cpu-cfs-quota-period cpu-manager-policy
cpu-manager-policy-options cpu-manager-reconcile-period default-not-ready-toleration-seconds
default-unreachable-toleration-seconds disabled-metrics docker docker-endpoint docker-env-metadata-whitelist
docker-exec-handler docker-root docker-tls-ca docker-tls-cert docker-tls-key dynamic-config-dir
enforce-node-allocatable event-burst event-qps event-storage-age-limit event-storage-event-limit eviction-hard
eviction-max-pod-grace-period eviction-minimum-reclaim eviction-pressure-transition-period eviction-soft
eviction-soft-grace-period experimental-allowed-unsafe-sysctls experimental-bootstrap-kubeconfig
experimental-dockershim-root-directory experimental-mounter-path experimental-qos-reserved
experimental-runtime-integration-type feature-gates file-check-frequency global-housekeeping-interval google-json-key
hairpin-mode healthz-bind-address healthz-port host-ipc-sources host-network-sources host-pid-sources
hostname-override housekeeping-interval http-check-frequency image-credential-provider-bin-dir
image-credential-provider-config image-gc-high-threshold image-gc-low-threshold image-pull-progress-deadline
image-service-endpoint init-config-dir iptables-drop-bit iptables-masquerade-bit kube-api-burst
kube-api-content-type kube-api-qps kube-reserved kube-reserved-cgroup kubeconfig kubelet-cgroups lock-file
log-backtrace-at log-dir log-file log-file-max-size log-flush-frequency log-json-info-buffer-size
log-text-info-buffer-size logging-format low-diskspace-threshold-mb machine-id-file manifest-url manifest-url-header
master-service-namespace max-open-files max-pods maximum-dead-containers maximum-dead-containers-per-container
memory-manager-policy minimum-container-ttl-duration minimum-image-ttl-duration network-plugin network-plugin-dir
network-plugin-mtu node-ip node-labels node-status-max-images node-status-update-frequency non-masquerade-cidr
oom-score-adj outofdisk-transition-frequency pod-cidr pod-infra-container-image pod-manifest-path pod-max-pids
pods-per-core port provider-id qos-reserved read-only-port register-with-taints registry-burst registry-qps
reserved-cpus reserved-memory resolv-conf resource-container rkt-api-endpoint rkt-path rkt-stage1-image root-dir
runtime-cgroups runtime-request-timeout seccomp-profile-root show-hidden-metrics-for-version stderrthreshold
storage-driver-buffer-duration storage-driver-db storage-driver-host storage-driver-password storage-driver-table
storage-driver-user streaming-connection-idle-timeout sync-frequency system-cgroups system-container system-reserved
system-reserved-cgroup tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file topology-manager-policy
topology-manager-policy-options topology-manager-scope v vmodule volume-plugin-dir volume-stats-agg-period
windows-priorityclass
"""


class Flags(NamedTuple):
    """A parsed command line."""

    given: tuple[tuple[str, Word], ...]
    """Flag name (without dashes, ``_`` as ``-``) and value, in order; the word's text is the value."""
    problem: str | None = None
    """Why the kubelet would not start with it."""
    culprit: Word | None = None

    def last(self, name: str) -> Word | None:
        """The value that counts: the last one."""
        return next((word for found, word in reversed(self.given) if found == name), None)


def parse_flags(arguments: Sequence[Word], strict: bool = True) -> Flags:
    """Parse arguments as pflag does; with ``strict`` unset, what it would refuse is passed over.

    >>> words = ("--cgroup_driver", "systemd", "--fail-swap-on")
    >>> parse_flags([Word(word, "x", 1) for word in words]).last("fail-swap-on")[:3]
    ('true', 'x', 1)
    >>> parse_flags([Word("--cgroupdriver=systemd", "x", 1)]).problem
    'unknown flag: --cgroupdriver'
    """
    boolean, valued = frozenset(_BOOLEAN.split()), frozenset(_VALUED.split())
    given: list[tuple[str, Word]] = []
    queue = list(arguments)[::-1]
    while queue:
        word = queue.pop()
        if word.text == "--" and not queue:
            break
        name, value = _split(word.text)
        problem = None
        if name in boolean and boolean_of("true" if value is None else value) is None:
            problem = f"invalid boolean in {word.text[:80]}"
        elif name in boolean:
            given.append((name, word._replace(text="true" if value is None else value)))
        elif name in valued and (value is not None or queue):
            given.append(
                (name, queue.pop()._replace(path=word.path, line=word.line) if value is None else _value(word))
            )
        elif name in valued:
            problem = f"flag needs an argument: {word.text[:80]}"
        elif name:
            problem = f"unknown flag: {word.text.partition('=')[0][:80]}"
        else:
            problem = f"unknown command {_shown(word, given)!r}"
        if problem is not None and strict:
            return Flags(tuple(given), problem, word)
    return Flags(tuple(given))


def _shown(word: Word, given: Sequence[tuple[str, Word]]) -> str:
    """The word, but not the rest of a secret that a blank tore: ``--manifest-url-header=Authorization:Bearer x``."""
    line = "".join([f"--{name}={value.text} " for name, value in given[-1:]]) + word.text
    return word.text[:80] if masked(line).endswith(word.text) else MASK


def _value(word: Word) -> Word:
    """The value behind the ``=`` of a word."""
    return word._replace(text=_split(word.text)[1] or "", written=word.written.partition("=")[2])


def _split(word: str) -> tuple[str, str | None]:
    """The name of a flag and the value in the same word; "" as the name of what is no flag."""
    dashed, equals, value = word.partition("=")
    if dashed.startswith("--"):
        return dashed[2:].replace("_", "-"), value if equals else None
    if word.startswith("-v"):
        return "v", word[2:].removeprefix("=") or None
    if dashed == "-h":
        return "help", value if equals else None
    return (dashed, None) if dashed.startswith("-") and len(dashed) > 1 else ("", None)


def boolean_of(text: str) -> bool | None:
    """A boolean as Go's ``strconv.ParseBool`` reads it; None for what it refuses.

    >>> boolean_of("T"), boolean_of("0"), boolean_of("no")
    (True, False, None)
    """
    if text in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    return False if text in ("0", "f", "F", "FALSE", "false", "False") else None


def gates_of(text: str) -> tuple[tuple[str, bool], ...] | None:
    """The pairs of a ``--feature-gates`` value; None for what the kubelet refuses.

    >>> gates_of("A=true, B=false"), gates_of("A")
    ((('A', True), ('B', False)), None)
    """
    found = []
    for item in text.split(","):
        if not item:
            continue
        name, equals, value = item.partition("=")
        state = boolean_of(value.strip())
        if not equals or state is None:
            return None
        found.append((name.strip(), state))
    return tuple(found)
