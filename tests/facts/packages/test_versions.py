"""What programs print, what packages carry, and which pins allow it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from nodecheck.checking import Lazy
from nodecheck.errors import Absent, FactError, Offline, TimedOut
from nodecheck.facts.packages.traces import Traces
from nodecheck.facts.packages.versions import COMPONENTS, KUBERNETES, RUNTIMES, KubernetesTools, ask, understood
from nodecheck.facts.services.service_programs import service_program
from nodecheck.facts.services.units import UnitIndex
from nodecheck.formats.pins import parse_pin
from nodecheck.formats.versions import Version, parse_package_version, parse_version
from nodecheck.host import Completed, RootHost

NO_UNITS = Lazy(lambda: UnitIndex.read(RootHost("/proc/self/fdinfo")))
Tree = Callable[[dict[str, "str | bytes"]], Path]


def told(component: str, output: str, code: int = 0, errors: str = "") -> tuple[tuple[int, ...] | None, str]:
    """The numbers and the suffix that a program's output tells."""
    found = understood(component, Completed((f"/usr/bin/{component}", "--version"), code, output, errors)).version
    return (None, "") if found is None else (found.numbers, found.suffix)


def cases(corpus: Path, table: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((corpus / f"08-versions/{table}.json").read_text())["cases"]
    return found


def test_outputs_of_the_corpus(corpus: Path) -> None:
    for case in cases(corpus, "tool-version-output"):
        asked, expected = case["input"], case["expected"]
        assert isinstance(asked, dict)
        assert isinstance(expected, dict)
        if asked["tool"] in COMPONENTS:
            assert told(asked["tool"], asked["output"] + "\n") == (tuple(expected["version"]), expected["suffix"]), (
                asked
            )
        else:
            found = parse_version(asked["output"].rpartition(" ")[2])
            assert found is not None
            assert found.numbers == tuple(expected["version"])


def test_kubelet_outputs_of_kubeadm(corpus: Path) -> None:
    for case in cases(corpus, "kubelet-version-output"):
        found = understood("kubelet", Completed(("kubelet", "--version"), 0, str(case["input"]), "")).version
        assert ("error" if found is None else found.release) == case["expected"]


@pytest.mark.parametrize("table", ["k8s-generic", "k8s-generic-bad"])
def test_as_kubernetes_reads_versions(corpus: Path, table: str) -> None:
    for case in cases(corpus, table):
        found = parse_version(str(case["input"]))
        assert ("error" if found is None else found.release) == case["expected"]


def test_order_of_pre_releases(corpus: Path) -> None:
    """Where PEP 440 has the words, it orders as semantic versions do."""
    compared = 0
    for case in cases(corpus, "k8s-semver-order"):
        pair = case["input"]
        assert isinstance(pair, dict)
        left, right = parse_version(pair["a"]), parse_version(pair["b"])
        assert left is not None
        assert right is not None
        named = [re.search(r"-(?!(alpha|beta|rc)(\.|$))|beta$|-alpha\.beta", text) for text in pair.values()]
        if not any(named):
            compared += 1
            assert parse_pin(f"<{right.pep440}").allows(left) or left.minor < right.minor
            assert not parse_pin(f">={right.pep440}").allows(left)
    assert compared >= 5


def test_versions_of_packages(corpus: Path) -> None:
    for case in cases(corpus, "package-evr-real"):
        expected = case["expected"]
        assert isinstance(expected, dict)
        numbers = re.match(r"[0-9.]*[0-9]", expected["version"])
        found = parse_package_version(str(case["input"]))
        assert found is not None
        assert numbers is not None
        assert found.numbers == tuple(int(number) for number in numbers[0].split("."))
        assert found.text == case["input"]


@pytest.mark.parametrize(
    ("component", "output", "numbers"),
    [
        (
            "kubectl",
            'Client Version: version.Info{Major:"1", Minor:"17+", GitVersion:"v1.17.4-eks-1", GitC',
            (1, 17, 4),
        ),
        ("kubectl", "Client Version: v1.28.3\nKustomize Version: v5.0.4-0.2023", (1, 28, 3)),
        ("kubeadm", "v1.17.4", (1, 17, 4)),
        ("kubeadm", 'kubeadm version: &version.Info{Major:"1", Minor:"6", GitVersion:"v1.6.6", Git', (1, 6, 6)),
        (
            "crio",
            'time="2023" level=info msg="Starting CRI-O, version: 9.9.9"\ncrio version 1.26.4\nVersion: 1.26.4',
            (1, 26, 4),
        ),
        ("crio", "INFO[0000] Starting CRI-O, version: 9.9.9, git: x\ncrio version 1.17.4\ncommit: 1", (1, 17, 4)),
        ("containerd", "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1", (1, 6, 20)),
        ("containerd", "containerd version 0.2.3 commit: 4ab9917febca54791c5f071a9d1f404867857fcc", (0, 2, 3)),
        ("containerd", "containerd github.com/containerd/containerd 1.7.2 ", (1, 7, 2)),
        ("runc", "runc version 1.0.0-rc5+dev\r\nspec: 1.0.0", (1, 0, 0)),
        ("docker", "Docker version 17.03.2-ce, build f5ec1e2/17.03.2-ce", (17, 3, 2)),
    ],
)
def test_more_outputs(component: str, output: str, numbers: tuple[int, ...]) -> None:
    assert told(component, output)[0] == numbers


@pytest.mark.parametrize(
    ("component", "output", "code"),
    [
        ("containerd", "containerd github.com/containerd/containerd 0.0.0+unknown ", "unsupported"),
        ("runc", "runc version unknown\nspec: 1.0.2-dev", "unsupported"),
        ("runc", "runc version spec: 1.0.2-dev", "unsupported"),
        ("kubelet", "", "malformed"),
        ("kubelet", "Kubernetes", "malformed"),
        ("docker", "\0\1\2", "malformed"),
    ],
)
def test_outputs_that_tell_nothing(component: str, output: str, code: str) -> None:
    found = understood(component, Completed((component,), 0, output, ""))
    assert found.version is None
    assert isinstance(found.problem, FactError)
    assert found.problem.code == code


def test_a_program_that_fails_tells_nothing() -> None:
    found = understood("kubelet", Completed(("kubelet",), 1, "Kubernetes v1.17.4\n", "F1 broken"))
    assert found.version is None
    assert "ended with 1" in str(found.problem)


@pytest.mark.parametrize(
    ("component", "output"),
    [
        ("docker", "podman version 4.9.4"),
        ("runc", "crun version UNKNOWN\ncommit: x"),
        ("docker", "nerdctl version 1.7.0"),
    ],
)
def test_strangers(component: str, output: str) -> None:
    found = understood(component, Completed((component,), 0, output, "Emulate Docker CLI using podman."))
    assert found.stranger
    assert found.line == output.partition("\n")[0]
    assert found.version is None


class Answering(RootHost):
    """A host whose programs answer as told; the others are not there."""

    def __init__(self, root: str, answers: dict[str, Completed | FactError]) -> None:
        super().__init__(root)
        self.answers = answers

    def run_all(self, argvs: object, timeout_s: float = 3.0) -> tuple[Completed | FactError, ...]:
        assert isinstance(argvs, list)
        return tuple([self.answers.get(argv[0], Absent(argv[0])) for argv in argvs])


def test_the_engine_counts_before_its_client(tmp_path: Path) -> None:
    engine = Completed(("/usr/bin/dockerd", "--version"), 0, "Docker version 18.06.3-ce, build d7080c1\n", "")
    client = Completed(("/usr/bin/docker", "--version"), 0, "Docker version 19.03.1, build x\n", "")
    podman = Completed(("/usr/bin/docker", "--version"), 0, "podman version 4.9.4\n", "")

    def docker(**answers: Completed | FactError) -> object:
        first = next(
            item for item in ask(Answering(str(tmp_path), answers), RUNTIMES, NO_UNITS) if item.component == "docker"
        )
        return first.version.text if first.version else first.problem or first.line

    assert docker(dockerd=engine, docker=client) == "18.06.3-ce"
    assert docker(docker=client) == "19.03.1"
    assert docker(docker=podman) == "podman version 4.9.4"
    assert docker(dockerd=engine, docker=podman) == "18.06.3-ce"
    assert isinstance(docker(dockerd=TimedOut("dockerd"), docker=client), TimedOut)
    assert isinstance(docker(), Absent)


def test_a_root_that_does_not_run(tree: Tree) -> None:
    tools = KubernetesTools.read(RootHost(str(tree({"/opt/bin/kubelet": "x"}))), NO_UNITS)
    assert isinstance(tools.of("kubelet").problem, Offline)
    assert tools.of("kubelet").command == "/opt/bin/kubelet"
    assert isinstance(tools.of("kubeadm").problem, Absent)
    assert [answer.component for answer in tools.told] == ["kubelet", "kubeadm", "kubectl"]
    assert len(KUBERNETES) == 3


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/opt/kube/bin/kubelet --config=/x", "/opt/kube/bin/kubelet"),
        ("-@/opt/kube/bin/kubelet kubelet", "/opt/kube/bin/kubelet"),
        ("/opt/kube/bin/kubelet-wrapper", "/opt/kube/bin/kubelet-wrapper"),
        ("/bin/sh -c 'exec kubelet'", None),
        ("kubelet", None),
        ("/opt/gone/kubelet", None),
        ("", None),
    ],
)
def test_the_program_that_a_service_starts(tree: Tree, line: str, expected: str | None) -> None:
    root = tree(
        {
            "/etc/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n",
            "/etc/systemd/system/kubelet.service.d/10-x.conf": f"[Service]\nExecStart=\nExecStart={line}\n",
            "/opt/kube/bin/kubelet": "",
            "/opt/kube/bin/kubelet-wrapper": "",
            "/bin/sh": "",
        }
    )
    host = RootHost(str(root))
    assert service_program(host, UnitIndex.read(host), "kubelet", "kubelet") == expected
    assert service_program(host, UnitIndex.read(host), "crio", "crio") is None


def test_the_program_of_the_service_is_asked(tree: Tree) -> None:
    root = tree({"/etc/systemd/system/kubelet.service": "[Service]\nExecStart=/opt/k/kubelet\n", "/opt/k/kubelet": ""})
    answer = Completed(("/opt/k/kubelet", "--version"), 0, "Kubernetes v1.30.1\n", "")
    host = Answering(str(root), {"/opt/k/kubelet": answer})
    host.running = True
    found = KubernetesTools.read(host, Lazy(lambda: UnitIndex.read(host)))
    assert found.of("kubelet").line == "Kubernetes v1.30.1"
    (root / "etc/systemd/system/kubelet.service").unlink()
    (root / "etc/systemd/system/kubelet.service").mkdir()
    assert KubernetesTools.read(host, Lazy(lambda: UnitIndex.read(host))).of("kubelet").version is None


def test_traces(tree: Tree) -> None:
    root = tree({"/var/lib/kubelet/config.yaml": "", "/usr/lib/systemd/system/docker.service": ""})
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/systemd/system/crio.service").symlink_to("/dev/null")
    found = Traces.read(RootHost(str(root)))
    assert found.of("kubelet") == "/var/lib/kubelet/config.yaml"
    assert found.of("docker") == "/usr/lib/systemd/system/docker.service"
    assert found.of("crio") is None
    assert found.of("kubectl") is None


class TestPins:
    @pytest.mark.parametrize(
        ("pin", "printed", "allowed"),
        [
            ("18.06.3", "18.06.3-ce", True),
            ("18.06.3", "3:18.06.3.ce-3.el7", True),
            ("18.06.3", "18.06.30", False),
            ("18.06.3", "18.06.2-ce", False),
            ("1.17.4", "v1.17.4", True),
            ("1.34", "v1.34.0", True),
            ("1.34", "v1.34.12", True),
            ("1.34", "v1.34.0-rc.1", True),
            ("1.3", "v1.34.0", False),
            ("1", "v1.34.0", True),
            ("28", "28.2.2", True),
            ("1.28.3", "1.28.3+k3s1", True),
            ("1.34.0", "1.34", True),
            (">=1.17.1,<1.18", "1.17.4-00", True),
            (">=1.17.1,<1.18", "v1.18.0", False),
            (">=1.17.1,<1.18", "v1.17.0", False),
            (">=1.17.1,<1.18", "v1.18.0-rc.1", False),
            (">=1.34", "v1.35.0-rc.1", True),
            (">=1.34", "v1.34.0-rc.1", False),
            ("==18.6.3", "18.06.3-ce", True),
            ("==1.28.*", "v1.28.3+k3s1", True),
            ("==1.28.3", "v1.28.3+k3s1", True),
            ("~=1.28.3", "1.28.15-1.1", True),
            ("!=1.1.5", "1.1.5+ds1-1+deb12u1", False),
            (">=1.0.0rc93", "1.0.0-rc92", False),
            (">=1.0.0rc93", "1.0.0-19.rc95.el8", True),
            (">=20.10", "5:20.10.24~3-0~debian-bullseye", True),
            (">1.20.2", "1.20.5+really1.20.2-1.1+deb12u1", False),
        ],
    )
    def test_allow(self, pin: str, printed: str, allowed: bool) -> None:
        version = parse_package_version(printed)
        assert version is not None
        assert parse_pin(pin).allows(version) is allowed

    @pytest.mark.parametrize(
        "text", ["", " ", "latest", "v1.17.4", "18.06.3-ce", "1.17.x", "1.", ">=", "1.2 1.3", "１.2"]
    )
    def test_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="expected a version such as"):
            parse_pin(text)

    @given(some.lists(some.integers(0, 999), min_size=2, max_size=4), some.integers(1, 4))
    def test_a_plain_version_names_what_it_pins(self, numbers: list[int], length: int) -> None:
        version = Version("", tuple(numbers), "")
        pin = ".".join([str(number) for number in numbers[:length]])
        assert parse_pin(pin).allows(version)
        other = [*numbers[: length - 1], (numbers[:length] or [0])[-1] + 1]
        assert len(numbers) < length or not parse_pin(".".join(map(str, other))).allows(version)


@given(some.text())
def test_any_text_is_a_version_or_none(text: str) -> None:
    for found in (parse_version(text), parse_package_version(text)):
        assert found is None or (len(found.numbers) >= 2 and found.pep440)
    for component in COMPONENTS:
        understood(component, Completed((component,), 0, text, text))
