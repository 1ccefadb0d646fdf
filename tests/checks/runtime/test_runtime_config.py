"""The check runtime-config: its judgement by containerd's release, and the whole on trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.checking import Lazy, Outcome
from nodecheck.errors import Denied, FactError, TooLarge
from nodecheck.facts import Containerd, Crio, EmbeddedKubelet, KubeletConfig, Packages, RuntimeReleases, Target
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.runtimes.containerd_files import parsed
from nodecheck.requirements.asked import Settings
from nodecheck.testing import assert_verdicts, judge, write_tree
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
        (f"{CRI}cni]\nnosuch = 1\n", (1, 7, 24), "pass"),
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
        (f"{CRI}containerd]\nno_pivot = true\n", (2, 1, 0), "pass"),
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
