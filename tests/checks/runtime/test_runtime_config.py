"""The check runtime-config: its judgement by containerd's release, and the whole on trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.checking import Lazy, Outcome
from nodecheck.errors import Denied, FactError, ParseError, TooLarge
from nodecheck.facts import Containerd, Crio, EmbeddedKubelet, KubeletConfig, Packages, RuntimeReleases, Target
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.runtimes.containerd_files import parsed
from nodecheck.requirements.asked import Settings
from nodecheck.testing import Entry, TreeFile, assert_verdicts, judge, write_tree
from nodecheck_checks.runtime.runtime_config import runtime_config
from tests.healthy.nodes import healthy_node
from tests.nodes import debian_node, rocky_node

CONFIG = "/etc/containerd/config.toml"
CRI = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".'
IMAGES = "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d'\n"
DOCKERS = 'disabled_plugins = ["cri"]\n'
"""As Docker's package writes it."""


def judged(
    text: str,
    release: tuple[int, ...] | None,
    socket: str | None = "containerd/containerd.sock",
    imported: str | None = None,
) -> Outcome:
    def read() -> Containerd:
        more = () if imported is None else (parsed(imported.encode(), "/etc/containerd/conf.d/a.toml"),)
        return Containerd("/usr/bin/containerd", CONFIG, (parsed(text.encode(), CONFIG), *more))

    endpoint = (
        None if socket is None else KubeletSetting(f"unix:///run/{socket}", "/var/lib/kubelet/config.yaml", 1, "x")
    )
    (found,) = runtime_config(
        KubeletConfig(present=True, runtime_endpoint=endpoint), Lazy(Target), Lazy(EmbeddedKubelet), Lazy(read),
        Lazy(Crio), Lazy(lambda: RuntimeReleases(containerd=release)), Lazy(Packages), Lazy(Settings),
    )  # fmt: skip
    return found


def said(text: str, release: tuple[int, ...] | None, imported: str | None = None) -> str:
    found = judged(text, release, imported=imported)
    return str(found.severity) if found.status == "fail" else str(found.status)


@pytest.mark.parametrize(
    ("text", "release", "expected"),
    [
        ("version = 2\n", (1, 7, 24), "pass"),
        ("version = 3\n", (1, 7, 24), "error"),
        ("version = 3\n", (2, 0, 1), "pass"),
        ("version = 4\n", (2, 2, 0), "error"),
        ("version = 4\n", (2, 3, 0), "pass"),
        ("version = 99\n", (2, 3, 0), "error"),
        ("version = 2", None, "pass"),
        ('version = "2"\n', (1, 7, 24), "error"),
        ("[debug\n", (1, 7, 24), "error"),
        ("[debug]\nlevel = 1\n", (1, 7, 24), "error"),
        ("oom_score = 'x'\n", (1, 7, 24), "error"),
        ('[metrics]\naddress = "127.0.0.1"\n', (1, 7, 24), "error"),
        ("[plugins.cri.containerd]\nsnapshotter = 'overlayfs'\n", (1, 7, 24), "pass"),
        ("[plugins.cri.containerd]\nsnapshotter = 1\n", (1, 7, 24), "error"),
        ("version = 2\n[plugins.'io.containerd.gc.v1.scheduler']\nschedule_delay = '5'\n", (1, 7, 24), "error"),
        (f"{CRI}cni]\nbin_dir = 1\n", (1, 7, 24), "error"),
        (f"{CRI}cni]\nnosuch = 1\n", (1, 7, 24), "warning"),
        (
            f'{CRI}registry]\nconfig_path = "/c"\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors.a]\n',
            (1, 7, 24),
            "error",
        ),
        (
            f'{CRI}registry]\nconfig_path = ""\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors.a]\n',
            (1, 7, 24),
            "pass",
        ),
        (f'{CRI}registry]\nconfig_path = "/c"\n', (1, 7, 24), "pass"),
        (
            f'{CRI}registry]\nconfig_path = "/c"\n[plugins."io.containerd.grpc.v1.cri".registry.configs.a.tls]\n',
            (1, 6, 20),
            "error",
        ),
        (f"{IMAGES}[plugins.'io.containerd.cri.v1.images'.registry.mirrors.a]\n", (2, 1, 0), "error"),
        (IMAGES, (2, 1, 0), "pass"),
        ('version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nstream_idle_timeout = "5"\n', (1, 7, 24), "error"),
        (f"{CRI}containerd]\nno_pivot = true\n", (1, 7, 24), "error"),
        (f"{CRI}containerd]\nno_pivot = true\n", (2, 1, 0), "warning"),
        ("[debug]\naddress = 'word'\n", (1, 7, 24), "error"),
        ("[debug]\naddress = '/run/x.sock'\n", (1, 7, 24), "pass"),
        ("[grpc]\ntcp_address = '5'\n", (1, 7, 24), "error"),
        ("[grpc]\ntcp_tls_cert = '/x'\n", (1, 7, 24), "error"),
        ("version = 2\n[plugins.'io.containerd.gc.v1.scheduler']\npause_threshold = 1\n", (1, 7, 24), "error"),
        ("version = 2\n[plugins.'io.containerd.gc.v1.scheduler']\npause_threshold = 0.1\n", (1, 7, 24), "pass"),
        (DOCKERS, (1, 7, 24), "error"),
        ('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n', (1, 7, 24), "error"),
    ],
)
def test_what_containerd_refuses(text: str, release: tuple[int, ...] | None, expected: str) -> None:
    assert said(text, release) == expected


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("[plugins.'io.containerd.grpc.v1.cri'.containerd]\nsnapshotter = 'x'\n", (1, 7, 24)),
        ("version = 2\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\nsnapshotter = 'x'\n", (1, 7, 24)),
        ("version = 3\n[plugins.'io.containerd.grpc.v1.cri'.containerd]\nsnapshotter = 'x'\n", (2, 1, 0)),
        (f"{CRI}containerd.untrusted_workload_runtime]\nruntime_type = 'io.containerd.runc.v2'\n", (2, 1, 0)),
        (f"{CRI}containerd.default_runtime]\nruntime_type = 'io.containerd.runc.v2'\n", (2, 1, 0)),
        (f"{CRI}containerd]\nsnapshotter = 'aufs'\n", (2, 1, 0)),
        (f"{CRI}containerd.runtimes.old]\nruntime_type = 'io.containerd.runtime.v1.linux'\n", (2, 1, 0)),
        (f"{CRI}containerd.runtimes.old]\nruntime_type = 'io.containerd.runc.v1'\n", (2, 1, 0)),
        (f"{CRI}containerd.runtimes.runc]\nruntime_engine = 'x'\n", (2, 1, 0)),
        (f"{CRI}containerd.runtimes.runc]\nruntime_root = 'x'\n", (2, 1, 0)),
        (f"{CRI}containerd.runtimes.runc.options]\nCriuPath = '/usr/bin/criu'\n", (2, 1, 0)),
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nsystemd_cgroup = true\n", (2, 1, 0)),
    ],
)
def test_what_does_nothing(text: str, release: tuple[int, ...]) -> None:
    assert said(text, release) == "warning"


SERVER = "version = 3\n[plugins.'io.containerd.grpc.v1.cri'"
RUNTIME = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'"
OWN_IMAGES = "version = 3\n[plugins.'io.containerd.cri.v1.images']\n"
PLUGIN = "version = {}\n[plugins.'io.containerd.{}']\n{}\n"
TWO, SEVEN, SIX = (2, 1, 9), (1, 7, 24), (1, 6, 20)


RUNC = f"{CRI}containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n"
OPTIONS = f"{RUNC}[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc.options]\nSystemdCgroup = true\n"


@pytest.mark.parametrize(
    ("text", "one", "two", "told"),
    [
        (f"{CRI}cni]\nconf_dri = '/x'\n", "warning", "warning", "did you mean conf_dir"),
        (f"{CRI}cni]\nbin_dirs = ['/x']\n", "warning", "pass", "reads no bin_dirs"),
        (f"{CRI}containerd]\nsandbox_image = 'x'\n", "warning", "warning", "reads no sandbox_image there"),
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nSandbox_image = 'x'\n", "warning", "warning", "image?"),
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nSANDBOX_IMAGE = 'x'\n", "pass", "warning", "image?"),
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nENABLE_CDI = true\n", "pass", "pass", ""),
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nsnapshotter = 'zfs'\n", "warning", "warning", "there"),
        (
            "version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdii = false\n",
            "warning",
            "warning",
            "enable_cdi?",
        ),
        (f"{RUNC}pod_annotation = ['a']\n", "warning", "warning", "pod_annotations?"),
        (f"{RUNC}sandbox_mode = 'podsandbox'\n", "pass", "pass", ""),
        (f"{RUNC}runtime_engine = ''\n", "pass", "pass", ""),
        (f"{OPTIONS}BinaryNam = '/x'\n", "warning", "warning", "BinaryName?"),
        (f"{OPTIONS}BinaryName = '/x'\nIoUid = 5\nTaskApiVersion = 3\n", "pass", "pass", ""),
        (f"{OPTIONS}BinaryName = '/x'\nRuntime = '/x'\n", "pass", "pass", ""),  # nvidia-container-toolkit
        (f"{OPTIONS}BinaryName = '/x'\nRuntime = '/y'\n", "warning", "warning", "reads no Runtime there"),
        (f"{OPTIONS}Runtime = '/x'\n", "warning", "warning", "reads no Runtime there"),
        (f"{OPTIONS.replace('runc.v2', 'kata.v2')}ConfigPath = '/x'\n", "pass", "pass", ""),
        (f"{CRI}registry]\nconfigpath = '/x'\n", "warning", "warning", "config_path?"),
        (f"{CRI}registry.headers]\nX-Any = ['a']\n", "pass", "pass", ""),
        (f"{CRI}registry.configs.'a:5000'.auth]\nuser = 'a'\n", "warning", "warning", "reads no user there"),
        (f"{CRI}image_decryption]\nkey_mode = 'node'\n", "warning", "warning", "key_model?"),
        (f"{CRI}registry.mirrors.docker.io]\nendpoint = ['http://m']\n", "warning", "warning", '"docker.io" needs'),
        (
            f"{CRI}registry.mirrors.registry.k8s.io]\nendpoint = ['http://m']\n",
            "warning",
            "warning",
            '"registry.k8s.io"',
        ),
    ],
)
def test_keys_that_nothing_reads(text: str, one: str, two: str, told: str) -> None:
    """As ``config dump`` of containerd 1.7.24 shows them, and the log of 2.1.9."""
    assert (said(text, (1, 7, 24)), said(text, (2, 1, 9))) == (one, two)
    assert told in judged(text, (2, 1, 9) if two == "warning" else (1, 7, 24)).message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{SERVER}]\nstream_server_prt = '1'\n", "warning"),
        (f"{SERVER}]\nstream_server_port = '1'\n", "pass"),
        (f"{RUNTIME}]\nenable_selinx = true\n", "warning"),
        (f"{RUNTIME}.containerd]\nsnapshotter = 'zfs'\n", "warning"),
        (f"{RUNTIME}]\nregistry = {{ config_path = '/x' }}\n", "warning"),
        (f"{OWN_IMAGES}snapshoter = 'zfs'\n", "warning"),
        (f"{OWN_IMAGES}sandbox_image = 'x'\n", "warning"),
        (f"{OWN_IMAGES}pinned_images = {{ sandbox = 'x', other = 'y' }}\n", "pass"),
        (f"{OWN_IMAGES}stats_collect_period = 5\n", "pass"),
        (f"{RUNTIME}]\nstats_collect_period = '5s'\n", "warning"),
    ],
)
def test_keys_of_another_section_of_version_3(text: str, expected: str) -> None:
    assert said(text, (2, 1, 9)) == expected


@pytest.mark.parametrize(
    ("text", "one", "two"),
    [
        ("version = 2\nimport = ['/etc/containerd/conf.d/*.toml']\n", "warning", "warning"),
        ("version = 2\noom_scor = -999\n", "warning", "warning"),
        ("version = 2\nplugin_dir = '/opt'\n", "pass", "warning"),
        ("version = 2\nplugin_dir = ''\n", "pass", "pass"),
        ("version = 2\n[grpc]\nuidd = 1\n", "warning", "warning"),
        ("version = 2\n[grpc]\nuid = 1\n", "pass", "pass"),
        ("version = 2\n[debug]\nLEVEL = 'info'\n", "pass", "pass"),
        ("version = 2\n[debug]\nLevel = 'info'\n", "warning", "pass"),
        ("version = 2\n[proxy_plugins.stargz]\ntype = 'snapshot'\naddres = '/run/x.sock'\n", "warning", "warning"),
        ("version = 2\n[proxy_plugins.stargz]\ntype = 'snapshot'\nexports = { root = '/x' }\n", "pass", "pass"),
        ("version = 2\n[timeouts]\n'io.containerd.timeout.any' = '5s'\n", "pass", "pass"),
        ("version = 2\n[plugin.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n", "warning", "warning"),
    ],
)
def test_keys_at_the_top_that_nothing_reads(text: str, one: str, two: str) -> None:
    """As containerd 2.1.9 says it in its log, and 1.7.24 does it."""
    assert (said(text, (1, 7, 24)), said(text, (2, 1, 9))) == (one, two)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n", (1, 6, 39)),
        (f"{CRI}containerd]\nenable_cdi = true\n", (1, 7, 24)),
        (f"{RUNC}sandbox_mode = 'podsandbox'\n", (1, 6, 39)),
        (f"{RUNC}cni_conf_dir = '/x'\n", (1, 3, 10)),
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nsnapshoter = 'zfs'\n", (1, 7, 24)),
    ],
)
def test_no_key_is_named_instead_that_would_not_be_read_there_either(text: str, release: tuple[int, ...]) -> None:
    found = judged(text, release)
    assert "reads no " in found.message
    assert "did you mean" not in found.message


def test_the_value_of_a_key_that_nothing_reads_is_not_shown() -> None:
    """A mistyped ``password`` is one that no list of names for secrets has."""
    text = f"{CRI}registry.configs.'a:5000']\nauth = {{ passwrd = 'hunter1' }}\n"
    text += f"{CRI[CRI.index('[') :]}registry.auths.b]\npasswrd = 'hunter2'\n"
    found = judged(text, (1, 7, 24))
    assert "did you mean password?" in found.message
    assert [(one.locator, one.value) for one in found.evidence[:-1]] == [  # first what a short report shows
        ("line 3", "auth = ..."),
        ("line 5", "passwrd = ..."),
    ]
    assert "hunter" not in repr(found)


def test_of_thousands_of_keys_that_nothing_reads_some_are_told() -> None:
    lines = [f"snapshoter_{number} = 'x'" for number in range(5000)]
    found = judged(f"{CRI}containerd]\n" + "\n".join(lines), (1, 7, 24))
    assert len(found.evidence) == 9
    assert found.message.endswith("; and 4992 more keys")
    assert len(found.message) < 2000


def test_nothing_is_said_of_keys_where_no_release_is_shown_or_one_that_came_later() -> None:
    later = f"{RUNTIME}]\nnew_of_later = true\n"
    for release in (None, (2, 2, 8), (2, 4, 0), (3, 0, 1)):
        assert said(later, release) == "pass"
    assert said(later, (2, 2, 7)) == "warning"
    assert said(f"{CRI}cni]\nconf_dri = '/x'\n", None) == "warning"  # no release that reads version 2 has it
    assert said(f"{CRI}cni]\nbin_dirs = ['/x']\n", None) == "pass"


@pytest.mark.parametrize(
    ("text", "release", "expected"),
    [
        (f"{OWN_IMAGES}use_local_image_pull = 1\n", TWO, "error"),
        (f"{OWN_IMAGES}use_local_image_pull = true\n", TWO, "pass"),
        (f"{OWN_IMAGES}stats_collect_period = 0\n", TWO, "error"),
        (f"{CRI}containerd]\n[plugins.'io.containerd.grpc.v1.cri']\nstats_collect_period = -1\n", SEVEN, "error"),
        (f"{OWN_IMAGES}snapshotter = 'nosuch'\n", TWO, "error"),
        (f"{OWN_IMAGES}snapshotter = ''\n", TWO, "error"),
        (f"{CRI}containerd]\nsnapshotter = ''\n", SEVEN, "pass"),
        (f"{CRI}containerd]\nsnapshotter = 'nosuch'\n", SEVEN, "error"),
        (f"{OWN_IMAGES}snapshotter = 'x'\n[proxy_plugins.x]\ntype = 'snapshot'\naddress = '/run/x'\n", TWO, "pass"),
        (f"{SERVER}]\nstream_idle_timeout = '5'\n", TWO, "error"),
        (f"{SERVER}]\nstream_server_port = 7\n", TWO, "error"),
        (f"{SERVER}]\nstream_server_address = 'word'\n", TWO, "unknown"),
        (f"{SERVER}]\nstream_server_address = '::1'\n", TWO, "pass"),
        (f"{SERVER}.x509_key_pair_streaming]\ntls_cert_file = '/x'\n", TWO, "error"),
        (f"{SERVER}.x509_key_pair_streaming]\ntls_cert_file = 1\n", TWO, "error"),
        (f"{SERVER}]\nsandbox_image = 1\n", TWO, "warning"),
        (f"{RUNTIME}]\nsandbox_image = 1\n", TWO, "warning"),
        (f"{CRI}containerd.untrusted_workload_runtime]\nbase_runtime_spec = 7\n", TWO, "warning"),
        (f"{RUNTIME}.cni]\nuse_internal_loopback = 'x'\n", TWO, "error"),
        (f"{RUNTIME}.cni]\nbin_dir = '/a'\nbin_dirs = ['/b']\n", TWO, "error"),
        (f"{RUNTIME}.cni]\nbin_dir = '/a'\nbin_dirs = ['/opt/cni/bin']\n", TWO, "pass"),
        (f"{RUNTIME}.containerd.runtimes.runc]\nio_type = 'x'\n", TWO, "error"),
        (f"{RUNTIME}.containerd.runtimes.runc]\nio_type = 'streaming'\n", TWO, "pass"),
        (
            f"{CRI}containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n"
            "privileged_without_host_devices_all_devices_allowed = true\n",
            SEVEN,
            "error",
        ),
        (PLUGIN.format(3, "metadata.v1.bolt", "content_sharing_policy = 'x'"), TWO, "error"),
        (PLUGIN.format(2, "metadata.v1.bolt", "content_sharing_policy = 'isolated'"), SIX, "pass"),
        (PLUGIN.format(2, "metadata.v1.bolt", "content_sharing_policy = 'x'"), SIX, "error"),
        (PLUGIN.format(3, "service.v1.diff-service", "default = ['x']"), TWO, "error"),
        (PLUGIN.format(2, "runtime.v2.task", "platforms = ['x']"), SEVEN, "error"),
        (PLUGIN.format(2, "runtime.v2.task", "platforms = ['linux/arm64']"), SEVEN, "pass"),
        (PLUGIN.format(3, "monitor.container.v1.restart", "interval = '5'"), TWO, "error"),
        (PLUGIN.format(3, "nri.v1.nri", "plugin_registration_timeout = 7"), TWO, "pass"),
        (PLUGIN.format(3, "gc.v1.scheduler", "pause_threshold = 1"), TWO, "pass"),
        (PLUGIN.format(2, "runtime.v1.linux", "runtime = 1"), TWO, "pass"),
        (PLUGIN.format(2, "runtime.v1.linux", "runtime = 1"), SEVEN, "error"),
        (PLUGIN.format(2, "internal.v1.restart", "interval = '5'"), TWO, "error"),
        (PLUGIN.format(3, "internal.v1.restart", "interval = '5'"), TWO, "pass"),
        ("version = 2\n[debug]\nlevel = 'loud'\n", SIX, "error"),
        ("version = 2\n[debug]\nformat = 'xml'\n", SEVEN, "error"),
        ("version = 2\nrequired_plugins = ['cri']\n", SEVEN, "error"),
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = 1\n", SIX, "warning"),
        ("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = 1\n", SEVEN, "error"),
        (f"{CRI}containerd]\nno_pivot = 7\n", TWO, "warning"),
        (f"{CRI}containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\nsnapshotter = 1\n", SIX, "warning"),
        (f"{CRI}containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\nsnapshotter = 1\n", SEVEN, "error"),
        (f"{CRI}registry.headers]\na = 1\n", SEVEN, "error"),
        (f"{CRI}registry.configs.a]\nauth = 1\n", SEVEN, "error"),
        (f"{CRI}registry.configs.a.auth]\nauth = 'abc'\n", SEVEN, "pass"),
    ],
)
def test_values_that_each_release_takes_and_refuses(text: str, release: tuple[int, ...], expected: str) -> None:
    """Each was tried on the real containerd of that release."""
    assert said(text, release) == expected


OFF = 'version = {}\ndisabled_plugins = ["io.containerd.{}"]\n'
REQUIRED = 'version = {}\nrequired_plugins = ["{}"]\n'
PROXY = "[proxy_plugins.stargz]\ntype = 'snapshot'\naddress = '/run/x.sock'\n"
DIFFS = "[plugins.'io.containerd.service.v1.diff-service']\ndefault = ['other']\n"
OTHER_DIFF = f"{DIFFS}[proxy_plugins.other]\ntype = 'diff'\naddress = '/run/x.sock'\n"


@pytest.mark.parametrize(
    ("text", "six", "seven", "two"),
    [
        (OFF.format(2, "service.v1.tasks-service"), "error", "error", "error"),
        (OFF.format(2, "service.v1.leases-service"), "error", "pass", "pass"),
        (OFF.format(2, "runtime.v1.linux"), "error", "error", "pass"),
        (OFF.format(2, "lease.v1.manager"), "pass", "error", "error"),
        (OFF.format(2, "warning.v1.deprecations"), "pass", "error", "error"),
        (OFF.format(2, "image-verifier.v1.bindir"), "pass", "pass", "error"),
        (OFF.format(2, "cri.v1.images"), "pass", "pass", "error"),
        (OFF.format(2, "internal.v1.restart"), "pass", "pass", "pass"),
        (OFF.format(2, "snapshotter.v1.btrfs"), "pass", "pass", "pass"),
        (OFF.format(2, "differ.v1.walking"), "error", "error", "error"),
        (f"{OFF.format(2, 'differ.v1.walking')}{OTHER_DIFF}", "error", "unknown", "unknown"),
        ('disabled_plugins = ["tasks-service"]\n', "error", "error", "error"),
        ('disabled_plugins = ["restart"]\n', "pass", "pass", "pass"),
        (REQUIRED.format(2, "io.containerd.grpc.v1.cri"), "pass", "pass", "pass"),
        (REQUIRED.format(2, "io.containerd.nosuch.v1.x"), "error", "error", "error"),
        (REQUIRED.format(2, "io.containerd.service.v1.leases-service"), "pass", "error", "error"),
        (REQUIRED.format(2, "io.containerd.lease.v1.manager"), "error", "pass", "pass"),
        (REQUIRED.format(2, "io.containerd.snapshotter.v1.zfs"), "unknown", "unknown", "unknown"),
        (REQUIRED.format(2, "io.containerd.snapshotter.v1.stargz"), "error", "error", "error"),
        (f"{REQUIRED.format(2, 'io.containerd.snapshotter.v1.stargz')}{PROXY}", "pass", "pass", "pass"),
        (REQUIRED.format(2, "io.containerd.nri.v1.nri") + OFF.format(2, "nri.v1.nri")[12:], "error", "error", "error"),
        ('required_plugins = ["cri"]\n', "pass", "pass", "pass"),
        ('required_plugins = ["nosuch"]\n', "error", "error", "error"),
        (REQUIRED.format(1, "io.containerd.grpc.v1.cri"), "error", "error", "pass"),
        ("version = 2\n[plugins.'org.other.v1.x']\n", "pass", "error", "pass"),
        (f"{CRI}registry.mirrors.'[::1]:5000']\nendpoint = ['http://[::1]:5000']\n", "error", "error", "pass"),
        (f"{CRI}registry.mirrors.'a']  # '[::1]'\nendpoint = ['http://[::1]:5000']\n", "pass", "pass", "pass"),
        ("\ufeffversion = 2\n", "pass", "pass", "error"),
        (PROXY.replace("'snapshot'", "'snapshots'"), "error", "error", "error"),
        (PROXY.replace("type = 'snapshot'", ""), "error", "error", "error"),
        (PROXY.replace("'snapshot'", "'io.containerd.snapshotter.v1'"), "pass", "pass", "pass"),
        (PROXY.replace("'snapshot'", "'content'"), "pass", "pass", "error"),
        (f"{OFF.format(2, 'content.v1.stargz')}{PROXY.replace('snapshot', 'content')}", "pass", "pass", "pass"),
        (
            f"{OFF.format(2, 'content.v1.content')}{PROXY.replace('snapshot', 'content')}",
            "unknown",
            "unknown",
            "unknown",
        ),
        (PROXY.replace("'snapshot'", "'diff'"), "error", "pass", "pass"),
        (PROXY.replace("'snapshot'", "'sandbox'"), "error", "error", "pass"),
        (f"{CRI}containerd]\nsnapshotter = 'stargz'\n{PROXY}", "pass", "pass", "pass"),
        (
            f"{CRI}containerd]\nsnapshotter = 'stargz'\n{PROXY.replace('snapshot', 'content')}",
            "error",
            "error",
            "error",
        ),
        (f"{CRI}containerd.default_runtime]\nsnapshotter = 1\n", "warning", "error", "warning"),
    ],
)
def test_what_each_release_has_of_plugins_and_takes_for_toml(text: str, six: str, seven: str, two: str) -> None:
    """Each was tried on the real containerd of that release."""
    assert (said(text, SIX), said(text, SEVEN), said(text, TWO)) == (six, seven, two)


def test_what_is_required_and_not_known_here_yet_is_unknown() -> None:
    assert said(REQUIRED.format(4, "io.containerd.new.v1.x"), (2, 5, 0)) == "unknown"
    assert said(REQUIRED.format(2, "io.containerd.lease.v1.manager"), None) == "pass"
    assert said(REQUIRED.format(2, "io.containerd.shim.v1.manager"), None) == "unknown"


@pytest.mark.parametrize(("release", "expected"), [(SIX, "pass"), (SEVEN, "pass"), (TWO, "error"), (None, "unknown")])
def test_bytes_of_another_encoding_in_a_comment(release: tuple[int, ...] | None, expected: str) -> None:
    def read() -> Containerd:
        return Containerd("/usr/bin/containerd", CONFIG, (parsed(b"# M\xfcller\nversion = 2\n", CONFIG),))

    (found,) = runtime_config(
        KubeletConfig(present=True), Lazy(Target), Lazy(EmbeddedKubelet), Lazy(read),
        Lazy(Crio), Lazy(lambda: RuntimeReleases(containerd=release)), Lazy(Packages), Lazy(Settings),
    )  # fmt: skip
    assert (str(found.severity) if found.status == "fail" else str(found.status)) == expected


def test_bytes_of_another_encoding_in_a_value_are_no_toml() -> None:
    with pytest.raises(ParseError, match="UTF-8"):
        parsed(b"version = 2\nroot = '/M\xfcller'\n", CONFIG)


def test_tls_of_a_registry_does_nothing_in_containerd_2() -> None:
    text = f"{IMAGES}[plugins.'io.containerd.cri.v1.images'.registry.configs.a.tls]\nca_file = '/x'\n"

    assert said(text, TWO) == "warning"
    assert "tls" in judged(text, TWO).message


def test_a_file_that_is_named_and_not_there(tmp_path: Path) -> None:
    node = healthy_node("debian-13", tmp_path)
    config, spec = node / "etc/containerd/config.toml", node / "etc/containerd/cri-base.json"
    config.write_text(
        "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\n"
        "runtime_type = 'io.containerd.runc.v2'\nbase_runtime_spec = '/etc/containerd/cri-base.json'\n"
    )
    (before,) = judge("runtime-config", node, view="now")
    spec.write_text("{}")
    (after,) = judge("runtime-config", node, view="now")

    config.write_text("version = 2\n[grpc]\ntcp_tls_cert = ''\ntcp_tls_key = '/none'\n")
    (unread,) = judge("runtime-config", node, view="now")

    assert (before.status, after.status, unread.status) == ("fail", "pass", "pass")
    assert "base_runtime_spec names /etc/containerd/cri-base.json" in before.message


NO_PIVOT = f"{CRI}containerd]\nno_pivot = true\n"
"""containerd 1 loads no CRI plugin with it, and containerd 2 does not know it."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NO_PIVOT, "unknown"),
        (f"{CRI}containerd]\ndefault_runtime_name = 'gone'\n", "error"),
        (f"{CRI}containerd.runtimes.runc.options]\nSystemDCgroup = true\n", "pass"),
        (f"{CRI}containerd]\nsnapshotter = 'overlayfs'\n", "pass"),
    ],
)
@pytest.mark.parametrize("imports", [False, True])
def test_where_no_release_is_shown_each_that_may_read_the_files_has_to_agree(
    text: str, expected: str, imports: bool
) -> None:
    assert said(text, None, "version = 2\noom_score = 0\n" if imports else None) == expected


@pytest.mark.parametrize("error", [Denied(CONFIG), TooLarge(CONFIG, "is too large")])
def test_what_cannot_be_read_is_unknown(error: FactError) -> None:
    def refused() -> Containerd:
        raise error

    (found,) = runtime_config(
        KubeletConfig(present=True), Lazy(Target), Lazy(EmbeddedKubelet), Lazy(refused),
        Lazy(Crio), Lazy(RuntimeReleases), Lazy(Packages), Lazy(Settings),
    )  # fmt: skip
    assert found.status == "unknown"


def test_a_file_that_nests_deeper_than_is_looked_through_is_unknown(tmp_path: Path) -> None:
    node = healthy_node("debian-13", tmp_path)
    (node / "etc/containerd/config.toml").write_text("version = 2\nx = " + "[" * 20_000)

    (result,) = judge("runtime-config", node, view="now")

    assert (result.status, result.cause and result.cause.code) == ("unknown", "too-large")


def test_docker_s_own_containerd_serves_no_kubelet() -> None:
    assert judged(DOCKERS, (1, 6, 33), "cri-dockerd.sock").status == "skip"
    assert judged(DOCKERS, (1, 6, 33), None).status == "skip"
    assert (
        judged(DOCKERS, (1, 6, 33)).actual
        == "the kubelet uses containerd, and its CRI plugin is off (disabled_plugins)"
    )


def test_whole_nodes(tmp_path: Path) -> None:
    debian = debian_node(tmp_path / "debian")
    both = {"runtime-config[containerd]": "pass", "runtime-config[containerd]@boot": "pass"}
    assert_verdicts(judge("runtime-config", debian), both)
    rocky = rocky_node(tmp_path / "rocky")
    assert_verdicts(judge("runtime-config", rocky), {name.replace("containerd", "crio"): "pass" for name in both})
    empty = write_tree(tmp_path / "empty", {"/etc/hostname": "a\n"})
    assert_verdicts(judge("runtime-config", empty), {"runtime-config": "skip", "runtime-config@boot": "skip"})
    (rocky / "etc/crio/crio.conf.d").mkdir(parents=True, exist_ok=True)
    (rocky / "etc/crio/crio.conf.d/99-x.conf").write_text('[crio.runtime]\ncgroup_manager = "none"\n')
    assert_verdicts(judge("runtime-config", rocky), {name.replace("containerd", "crio"): "fail" for name in both})


def test_each_source_counts_and_the_fix_makes_it_pass(tmp_path: Path) -> None:
    node = healthy_node("debian-13", tmp_path)
    config = node / "etc/containerd/config.toml"
    good = config.read_text()

    def status(view: str) -> str:
        (found,) = judge("runtime-config", node, view=view).results
        return f"{found.status} {found.severity}" if found.status == "fail" else str(found.status)

    for view in ("now", "boot"):
        assert status(view) == "pass"
        config.write_text(good.replace("version = 2", "version = 3", 1))
        assert status(view) == "fail error"
        config.write_text(good + "x = \n")
        assert status(view) == "fail error"
        config.write_text(good.replace("imports = []", 'imports = ["/etc/containerd/nosuch.toml"]'))
        assert status(view) == "fail error"
        config.write_text(good.replace("imports = []", 'imports = ["/etc/containerd/conf.d/*.toml"]'))
        assert status(view) == "pass"
        dropin = node / "etc/containerd/conf.d/x.toml"
        dropin.parent.mkdir(exist_ok=True)
        dropin.write_text("version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nsandbox_image = 1\n")
        assert status(view) == "fail error"
        dropin.unlink()
        config.unlink()
        config.mkdir()
        assert status(view) == "unknown"  # a directory in its place
        config.rmdir()
        assert status(view) == "pass"  # its defaults
        config.write_text(good)


UNIT, ENVIRONMENT = "/usr/lib/systemd/system/containerd.service", "/etc/default/containerd"
OWN, PART, SPEC = "/etc/containerd/own.toml", "/etc/containerd/part.toml", "/etc/containerd/spec.json"
KUBELETS = "/var/lib/kubelet/config.yaml"
PROGRAM = TreeFile("\x7fELF", mode=0o755)
NODE: dict[str, Entry] = {
    "/usr/bin/kubelet": PROGRAM,
    "/usr/bin/containerd": PROGRAM,
    "/usr/lib/systemd/system/kubelet.service": f"[Service]\nExecStart=/usr/bin/kubelet --config={KUBELETS}\n",
    KUBELETS: "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n"
    "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n",
    UNIT: f"[Service]\nEnvironmentFile=-{ENVIRONMENT}\nExecStart=/usr/bin/containerd --config $OWN\n",
    ENVIRONMENT: f"OWN={OWN}\n",
    OWN: f"version = 2\nimports = ['{PART}']\nrequired_plugins = ['io.containerd.service.v1.leases-service']\n",
    PART: f"{CRI}containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\nbase_runtime_spec = '{SPEC}'\n",
    SPEC: "{}\n",
    "/var/lib/dpkg/status": "Package: containerd\nStatus: install ok installed\nVersion: 1.6.20~ds1-1\n\n",
}
"""A passing node: containerd 1.6 is the last one that has the plugin which it requires."""


@pytest.mark.parametrize("view", ["now", "boot"])
@pytest.mark.parametrize(
    ("changes", "status", "actual"),
    [
        ({}, "pass", "valid"),
        ({KUBELETS: str(NODE[KUBELETS]).replace("containerd/containerd", "crio/crio")}, "skip", None),
        ({UNIT: None}, "pass", "defaults"),
        ({UNIT: "[Service]\nExecStart=/usr/bin/containerd --config /none.toml\n"}, "fail", None),
        ({ENVIRONMENT: None}, "fail", None),
        ({ENVIRONMENT: "OWN=/none.toml\n"}, "fail", None),
        ({OWN: None}, "fail", None),
        ({OWN: "version = 1\ndisabled_plugins = ['cri']\n"}, "fail", None),
        ({PART: None}, "fail", None),
        ({PART: f"{CRI}containerd]\ndefault_runtime_name = 'gone'\n"}, "fail", None),
        ({SPEC: None}, "fail", None),
        ({"/var/lib/dpkg/status": "\n"}, "fail", None),
        ({"/var/lib/dpkg/status": str(NODE["/var/lib/dpkg/status"]).replace("1.6.20", "2.1.9")}, "fail", None),
    ],
)
def test_each_declared_source_counts(
    tmp_path: Path, changes: dict[str, Entry | None], status: str, actual: str | None, view: str
) -> None:
    """Taken away from a passing node, or with another valid value: the verdict changes, or what is told."""
    files = {path: entry for path, entry in {**NODE, **changes}.items() if entry is not None}
    (found,) = judge("runtime-config", write_tree(tmp_path, files), view=view)

    assert (str(found.status), found.actual if status == "pass" else None) == (status, actual), found.message
