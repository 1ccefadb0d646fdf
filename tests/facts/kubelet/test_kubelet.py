"""The kubelet's effective configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.errors import FactError, TooLarge
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.flags import parse_flags
from nodecheck.facts.kubelet.settings import KubeletSetting, NoConfigFile
from nodecheck.facts.services.unit_command import Word
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
CONFIG = "var/lib/kubelet/config.yaml"
FLAGS = "var/lib/kubelet/kubeadm-flags.env"
UNIT = "lib/systemd/system/kubelet.service"
DROPIN = "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
DROPINS = "etc/kubernetes/kubelet.conf.d"

FRAGMENT = "[Unit]\nDescription=kubelet\n[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\n"


def dropin(extra: str) -> str:
    return f"""[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-{extra}
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""


def kubeadm(extra: str = "/etc/default/kubelet", **files: str) -> dict[str, str | bytes]:
    """kubeadm's tree of the deb packages; the rpm packages differ in the file of the user's arguments."""
    return {UNIT: FRAGMENT, DROPIN: dropin(extra), CONFIG: HEAD + "cgroupDriver: systemd\n", **files}


def read(root: Path) -> KubeletConfig:
    return Facts(RootHost(str(root))).get(KubeletConfig)


def driver(root: Path) -> str | None:
    found = read(root)
    assert found.problem is None
    return found.cgroup_driver.value if found.cgroup_driver else None


def problem(root: Path) -> tuple[str, str]:
    found = read(root)
    assert found.problem is not None
    return found.problem.code, found.problem.detail


def test_corpus(corpus: Path) -> None:
    items = json.loads((corpus / "06-runtime-config/manifest.json").read_text())
    wrong, count = [], 0
    for item in items:
        truth = item["truth"]
        if truth["kind"] not in ("kubelet", "pair"):
            continue
        count += 1
        found = read(corpus / "06-runtime-config" / item["root"])
        value = found.cgroup_driver.value if found.cgroup_driver else "cgroupfs"
        expected = truth["cgroup_driver"] if truth["kind"] == "kubelet" else truth["kubelet"]
        if (value, found.fails_on_swap, found.problem) != (expected, truth.get("fail_swap_on", True), None):
            wrong.append((item["id"], value, found.problem))
    assert (wrong, count) == ([], 13)


def test_an_empty_root_has_no_kubelet(tree: Tree) -> None:
    assert read(tree({"etc/hostname": "a\n"})) == KubeletConfig()


@pytest.mark.parametrize("path", ["usr/bin/kubelet", CONFIG, UNIT, "etc/sysconfig/kubelet", FLAGS])
def test_any_of_its_files_makes_it_present(tree: Tree, path: str) -> None:
    assert read(tree({path: HEAD if path == CONFIG else ""})).present


def test_kubeadm_1_34_of_debian(tree: Tree) -> None:
    found = read(
        tree(
            kubeadm(
                **{
                    CONFIG: HEAD
                    + "cgroupDriver: systemd\nfailSwapOn: false\nmemorySwap:\n  swapBehavior: LimitedSwap\n"
                    "featureGates:\n  NodeSwap: true\n",
                    FLAGS: 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock '
                    '--pod-infra-container-image=registry.k8s.io/pause:3.10"\n',
                }
            )
        )
    )
    assert found.problem is None
    assert found.cgroup_driver == KubeletSetting("systemd", "/" + CONFIG, 3, "cgroupDriver: systemd")
    assert found.fail_swap_on == KubeletSetting("false", "/" + CONFIG, 4, "failSwapOn: false")
    assert found.swap_behavior == KubeletSetting("LimitedSwap", "/" + CONFIG, 6, "swapBehavior: LimitedSwap")
    assert found.runtime() == "containerd"
    assert found.gate("NodeSwap") is True
    assert found.gate("Other") is None
    assert found.sources[:3] == ("/" + UNIT, "/" + DROPIN, "/" + FLAGS)


def test_kubeadm_1_17_of_centos_7(tree: Tree) -> None:
    found = read(
        tree(
            kubeadm(
                "/etc/sysconfig/kubelet",
                **{
                    CONFIG: HEAD + "cgroupDriver: cgroupfs\n",
                    FLAGS: 'KUBELET_KUBEADM_ARGS="--cgroup-driver=systemd --network-plugin=cni '
                    '--pod-infra-container-image=k8s.gcr.io/pause:3.1"\n',
                    "etc/sysconfig/kubelet": 'KUBELET_EXTRA_ARGS="--fail-swap-on=false"\n',
                    "etc/default/kubelet": "KUBELET_EXTRA_ARGS=--cgroup-driver=cgroupfs\n",
                },
            )
        )
    )
    assert found.problem is None
    assert found.cgroup_driver == KubeletSetting("systemd", "/" + FLAGS, 1, "--cgroup-driver=systemd")
    assert found.fail_swap_on == KubeletSetting("false", "/etc/sysconfig/kubelet", 1, "--fail-swap-on=false")
    assert not found.fails_on_swap
    assert (found.runtime(), found.older_than) == ("docker", (1, 24))


def test_extra_arguments_come_last_and_the_last_flag_counts(tree: Tree) -> None:
    files = {FLAGS: "KUBELET_KUBEADM_ARGS=--cgroup-driver=cgroupfs\n"}
    assert driver(tree(kubeadm(**files))) == "cgroupfs"
    files["etc/default/kubelet"] = 'KUBELET_EXTRA_ARGS="--cgroup_driver systemd"\n'
    assert driver(tree(kubeadm(**files))) == "systemd"


def test_without_its_unit_the_packages_own_is_taken(tree: Tree) -> None:
    files = {
        CONFIG: HEAD + "cgroupDriver: cgroupfs\n",
        "etc/default/kubelet": "KUBELET_EXTRA_ARGS=--cgroup-driver=systemd\n",
        "etc/os-release": "ID=ubuntu\nVERSION_ID=24.04\n",
    }
    assert driver(tree(dict(files))) == "systemd"
    files["etc/os-release"] = "ID=rocky\nVERSION_ID=9.4\n"
    assert driver(tree(dict(files))) == "cgroupfs"


def test_a_dropin_without_the_fragment(tree: Tree) -> None:
    assert driver(tree({DROPIN: dropin("/etc/x"), CONFIG: HEAD + "cgroupDriver: systemd\n"})) == "systemd"


def test_kubespray_and_openshift(tree: Tree) -> None:
    root = tree({"etc/kubernetes/kubelet-config.yaml": HEAD + 'cgroupDriver: "systemd"\n'})
    assert driver(root) == "systemd"
    (root / "etc/kubernetes/kubelet-config.yaml").unlink()
    assert not read(tree({"etc/kubernetes/kubelet.conf": "kind: Config\napiVersion: v1\n"})).present
    assert driver(tree({"etc/kubernetes/kubelet.conf": HEAD + "cgroupDriver: systemd\n"})) == "systemd"


def test_a_wrapper_around_the_kubelet(tree: Tree) -> None:
    start = "ExecStart=/usr/local/bin/kubenswrapper /usr/bin/kubelet --config=/etc/kubernetes/kubelet.conf --v=2\n"
    root = tree({UNIT: f"[Service]\n{start}", "etc/kubernetes/kubelet.conf": HEAD + "cgroupDriver: systemd\n"})
    assert driver(root) == "systemd"
    start = "ExecStart=/bin/bash -c 'exec /usr/bin/kubelet --config=/var/lib/kubelet/config.yaml $ARGS'\n"
    assert driver(tree({UNIT: f"[Service]\n{start}", CONFIG: HEAD + "cgroupDriver: systemd\n"})) == "systemd"
    assert driver(tree({UNIT: "[Service]\nExecStart=/opt/start-kubelet.sh\n"})) == "systemd"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--cgroup-drivers=systemd", "unknown flag: --cgroup-drivers"),
        ("--cgroup-driver systemd extra", "unknown command 'extra'"),
        ("--fail-swap-on false", "unknown command 'false'"),
        ("--fail-swap-on=no", "invalid boolean in --fail-swap-on=no"),
        ("--cgroup-driver", "flag needs an argument: --cgroup-driver"),
        ("--feature-gates=A", "invalid --feature-gates=A"),
        ("-x", "unknown flag: -x"),
    ],
)
def test_flags_with_which_it_does_not_start(tree: Tree, arguments: str, expected: str) -> None:
    files = kubeadm(**{"etc/default/kubelet": f"KUBELET_EXTRA_ARGS={arguments}\n"})
    assert problem(tree(files)) == ("malformed", expected)


def test_flags_with_which_it_does_start() -> None:
    line = "--v=2 -v 4 -v3 --max-pods 10 --rotate-certificates --feature-gates=A=true --feature_gates B=false"
    flags = parse_flags([Word(word, "x", 1) for word in line.split(" ")])
    assert flags.problem is None
    assert [(name, word.text) for name, word in flags.given] == [
        ("v", "2"),
        ("v", "4"),
        ("v", "3"),
        ("max-pods", "10"),
        ("rotate-certificates", "true"),
        ("feature-gates", "A=true"),
        ("feature-gates", "B=false"),
    ]


def test_gates_of_flags_beat_those_of_the_file(tree: Tree) -> None:
    found = read(
        tree(
            kubeadm(
                **{
                    CONFIG: HEAD + "featureGates: {A: true, B: true}\n",
                    "etc/default/kubelet": "KUBELET_EXTRA_ARGS=--feature-gates=B=false,C=true\n",
                }
            )
        )
    )
    assert found.feature_gates == (("A", True), ("B", False), ("C", True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cgroupDriver: systemd\n", "systemd"),
        ('"cgroupDriver": "systemd" # x\n', "systemd"),
        ("cgroupDriver: Systemd\n", "cgroupfs"),
        ("cgroupDriver: sys", "cgroupfs"),
        ("cgroupDriver:\n", None),
        ("cgroupDriver: ''\n", None),
        ("cgroupdriver: systemd\n", None),
        ("cgroup-driver: systemd\n", None),
        ("# cgroupDriver: systemd\n", None),
        ("cgroupDriver: cgroupfs\ncgroupDriver: systemd\n", "systemd"),
        ("cgroupDriver: systemd\nunknownKey: 1\n", "systemd"),
        ("cgroupDriver: systemd\n---\ncgroupDriver: cgroupfs\n", "systemd"),
        ("x: {cgroupDriver: cgroupfs}\n", None),
        ("cgroupDriver:    systemd   \r\n", "systemd"),
    ],
)
def test_files_that_it_takes(tree: Tree, text: str, expected: str | None) -> None:
    assert driver(tree(kubeadm(**{CONFIG: HEAD + text}))) == expected


@pytest.mark.parametrize("text", ["no", "off", "False", "n"])
def test_booleans_of_yaml(tree: Tree, text: str) -> None:
    assert not read(tree(kubeadm(**{CONFIG: HEAD + f"failSwapOn: {text}\n"}))).fails_on_swap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("# nothing\n", "holds no mapping"),
        ("kind: KubeletConfiguration\n", "says no apiVersion"),
        ("apiVersion: kubelet.config.k8s.io/v1beta1\n", "says no kind"),
        (HEAD.replace("v1beta1", "v1"), "says apiVersion kubelet.config.k8s.io/v1, not"),
        (HEAD.replace("Kubelet", "KubeProxy"), "says kind KubeProxyConfiguration, not"),
        (HEAD + "failSwapOn: 'false'\n", "says for failSwapOn what is not a boolean"),
        (HEAD + "cgroupDriver: yes\n", "says for cgroupDriver what is not a string"),
        (HEAD + "featureGates: [A]\n", "says for featureGates what is not an object"),
        (HEAD + "memorySwap: NoSwap\n", "says for memorySwap what is not an object"),
        (HEAD + "\tcgroupDriver: systemd\n", "is not YAML"),
        (HEAD + "a: b\n c: d\n", "is not YAML"),
        ("{" + json.dumps({"kind": "x"})[1:-1] + ",}", "is not JSON"),
        ("[1]\n", "holds no mapping"),
    ],
)
def test_files_that_it_refuses(tree: Tree, text: str, expected: str) -> None:
    code, detail = problem(tree(kubeadm(**{CONFIG: text})))
    assert code == "malformed"
    assert detail.startswith(f"/{CONFIG} {expected}")


def test_a_configuration_file_that_kubeadm_has_not_yet_written(tree: Tree) -> None:
    files = kubeadm()
    del files[CONFIG]
    assert problem(tree(files))[0] == "not-found"


def merged(tree: Tree, base: str, *dropins: str) -> Path:
    return tree(
        kubeadm(
            **{
                CONFIG: HEAD + base,
                "etc/default/kubelet": f"KUBELET_EXTRA_ARGS=--config-dir=/{DROPINS}\n",
                f"{DROPINS}/README.txt": "no configuration",
                **{f"{DROPINS}/{number}.conf": HEAD + text for number, text in enumerate(dropins, 10)},
            }
        )
    )


@pytest.mark.parametrize(
    ("base", "dropins", "expected"),
    [
        ("cgroupDriver: cgroupfs\n", ("cgroupDriver: systemd\n",), "systemd"),
        ("", ("cgroupDriver: systemd\n", "maxPods: 5\n"), "systemd"),
        ("", ("cgroupDriver: systemd\n", "cgroupDriver: cgroupfs\n"), "cgroupfs"),
        ("cgroupDriver: systemd\n", ("cgroupDriver: null\n",), None),
        ("cgroupDriver: systemd\n", ("cgroupDriver: ''\n",), None),
        ("", ("cgroupdriver: systemd\n",), "systemd"),
        ("", ("CgroupDriver: systemd\n",), None),
    ],
)
def test_dropins(tree: Tree, base: str, dropins: tuple[str, ...], expected: str | None) -> None:
    assert driver(merged(tree, base, *dropins)) == expected


def test_flags_beat_dropins(tree: Tree) -> None:
    root = merged(tree, "", "cgroupDriver: systemd\nfailSwapOn: false\n")
    (root / FLAGS).write_text("KUBELET_KUBEADM_ARGS=--cgroup-driver=cgroupfs\n")
    found = read(root)
    assert found.cgroup_driver is not None
    assert (found.cgroup_driver.value, found.cgroup_driver.source) == ("cgroupfs", "/" + FLAGS)
    assert found.fail_swap_on == KubeletSetting("false", f"/{DROPINS}/10.conf", 4, "failSwapOn: false")


def test_dropins_that_keep_it_from_starting(tree: Tree) -> None:
    assert "twice" in problem(merged(tree, "", "maxPods: 1\nmaxPods: 2\n"))[1]
    root = merged(tree, "", "")
    (root / DROPINS / "10.conf").write_text("cgroupDriver: systemd\n")
    assert "says no kind" in problem(root)[1]
    (root / DROPINS / "10.conf").write_text("")
    assert "is empty" in problem(root)[1]


def test_the_folder_of_dropins(tree: Tree) -> None:
    root = merged(tree, "", "")
    nested = root / DROPINS / "20-more"
    nested.mkdir()
    (nested / "a.conf").write_text(HEAD + "cgroupDriver: systemd\n")
    assert driver(root) == "systemd"
    (root / DROPINS).rename(root / "elsewhere")
    assert problem(root)[0] == "not-found"
    (root / DROPINS).symlink_to("/elsewhere")
    assert driver(root) is None  # Go's WalkDir does not follow the link


def test_what_cannot_be_read_is_raised(tree: Tree) -> None:
    root = tree(kubeadm())
    (root / CONFIG).write_bytes(b"#" * (1 << 21))
    with pytest.raises(TooLarge):
        read(root)
    (root / CONFIG).unlink()
    (root / CONFIG).mkdir()
    with pytest.raises(NoConfigFile):
        read(root)


@pytest.mark.parametrize("path", [UNIT, DROPIN, FLAGS, "etc/default/kubelet", f"{DROPINS}/10.conf"])
def test_a_directory_in_the_place_of_any_source(tree: Tree, path: str) -> None:
    root = merged(tree, "cgroupDriver: systemd\n", "maxPods: 5\n")
    (root / path).unlink(missing_ok=True)
    (root / path).mkdir()
    with pytest.raises(FactError) as raised:
        read(root)
    assert raised.value.code == "malformed"


@pytest.mark.parametrize(
    ("flags", "release", "expected"),
    [
        ("", None, None),
        ("", (1, 23), "docker"),
        ("", (1, 24), "containerd"),
        ("--container-runtime=docker", None, "docker"),
        ("--container-runtime=remote --container-runtime-endpoint=/run/crio/crio.sock", None, "crio"),
        ("--container-runtime-endpoint=unix:///var/run/cri-dockerd.sock", None, "docker"),
        ("--container-runtime-endpoint=unix:///run/k3s/containerd/containerd.sock", None, "containerd"),
        ("--container-runtime-endpoint=tcp://127.0.0.1:1", (1, 34), None),
        ("--network-plugin=cni", None, "docker"),
    ],
)
def test_the_runtime_that_it_points_to(
    tree: Tree, flags: str, release: tuple[int, int] | None, expected: str | None
) -> None:
    root = tree(kubeadm(**{"etc/default/kubelet": f"KUBELET_EXTRA_ARGS={flags}\n"}))
    assert read(root).runtime(release) == expected


def test_the_endpoint_of_the_file(tree: Tree) -> None:
    root = tree(kubeadm(**{CONFIG: HEAD + "containerRuntimeEndpoint: unix:///run/crio/crio.sock\n"}))
    assert read(root).runtime((1, 34)) == "crio"


@pytest.mark.parametrize(
    ("files", "fails"),
    [
        ({"etc/systemd/system/k3s-agent.service": "[Service]\n"}, False),
        ({"etc/rancher/rke2/config.yaml": "token: x\n"}, False),
        ({"etc/rancher/k3s/config.yaml": "kubelet-arg:\n  - fail-swap-on=true\n"}, True),
        ({"etc/rancher/k3s/config.yaml": "# kubelet-arg: fail-swap-on=true\n"}, False),
        ({"var/lib/rancher/k3s/agent/x": ""}, False),
    ],
)
def test_the_kubelet_inside_k3s_and_rke2(tree: Tree, files: dict[str, str | bytes], fails: bool) -> None:
    found = read(tree(files))
    assert (found.present, found.fails_on_swap) == (False, fails)


def test_eks_al2023_without_its_unit(tree: Tree) -> None:
    config = "etc/kubernetes/kubelet/config.json"
    body = {"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "cgroupDriver": "systemd"}
    files: dict[str, str | bytes] = {
        config: json.dumps(body, indent=2),
        "etc/eks/kubelet/environment": f'NODEADM_KUBELET_ARGS="--config=/{config} --fail-swap-on=false"\n',
    }
    found = read(tree(files))
    assert (found.problem, found.fails_on_swap) == (None, False)
    assert found.cgroup_driver == KubeletSetting("systemd", "/" + config, 4, "cgroupDriver: systemd")
    root = tree({config + ".d/40-nodeadm.conf": json.dumps({**body, "cgroupDriver": "cgroupfs"})})
    assert driver(root) == "cgroupfs"
    (root / config).unlink()
    assert problem(root)[0] == "not-found"
