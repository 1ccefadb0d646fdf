"""The checks version and version-skew: their judgement, and the whole on trees."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

import nodecheck
from nodecheck.checking import Lazy, Severity
from nodecheck.errors import Absent, Denied, FactError, Offline, ProfileError, TimedOut
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.packages.names import Package
from nodecheck.facts.packages.packages import Packages
from nodecheck.facts.packages.traces import Traces
from nodecheck.facts.packages.versions import COMPONENTS, KubernetesTools, RuntimeTools, Told, understood
from nodecheck.host import Completed
from nodecheck.model.outcomes import Outcome, Status
from nodecheck_checks.packages.version import version
from nodecheck_checks.packages.version_skew import version_skew

T = TypeVar("T")
Tree = Callable[[dict[str, "str | bytes"]], Path]

DAEMONS = {"docker": "dockerd"}
PRINTED = {"docker": "Docker version {}, build x", "kubelet": "Kubernetes {}", "runc": "runc version {}"}


def lazy(value: T) -> Lazy[T]:
    return Lazy(lambda: value)


def refused(error: FactError) -> Lazy[Packages]:
    def get() -> Packages:
        raise error

    return Lazy(get)


def says(**versions: str | FactError) -> tuple[Told, ...]:
    """What programs said; what is not named is not there."""
    told = []
    for component in COMPONENTS:
        said = versions.get(component, Absent(component))
        if isinstance(said, FactError):
            told.append(Told(component, component, problem=said))
        elif said[0] in "v0123456789":
            form = {"kubeadm": "{}", "kubectl": "Client Version: {}", "crio": "crio version {}"} | PRINTED
            line = form.get(component, component + " x {} y").format(said)
            told.append(
                understood(
                    component, Completed((f"/usr/bin/{DAEMONS.get(component, component)}", "--version"), 0, line, "")
                )
            )
        else:
            told.append(understood(component, Completed((f"/usr/bin/{component}", "--version"), 0, said, "")))
    return tuple(told)


def deb(name: str, number: str, state: str = "installed") -> Package:
    return Package(name, number, "deb", state, "/var/lib/dpkg/status")


def judge(
    component: str,
    wanted: str,
    *installed: Package,
    running: bool = True,
    traces: Traces | None = None,
    **said: str | FactError,
) -> Outcome:
    packages = Packages(installed, ("/var/lib/dpkg/status",)) if running or installed else Packages()
    told = says(**said)
    kubernetes, runtimes = KubernetesTools(told, running), RuntimeTools(told, running)
    (outcome,) = version(component, wanted, lazy(kubernetes), lazy(runtimes), lazy(packages), lazy(traces or Traces()))
    return outcome


class TestVersion:
    def test_what_the_program_says(self) -> None:
        outcome = judge("docker", "18.06.3", deb("docker-ce", "18.06.3~ce~3-0~ubuntu"), docker="18.06.3-ce")
        assert (outcome.status, outcome.expected, outcome.actual) == (Status.PASS, "18.06.3", "18.06.3-ce")
        assert outcome.message == "docker is 18.06.3-ce"
        assert [item.source for item in outcome.evidence] == ["/usr/bin/dockerd --version", "/var/lib/dpkg/status"]

    def test_only_the_client(self) -> None:
        told = understood(
            "docker", Completed(("/usr/bin/docker", "--version"), 0, "Docker version 28.2.2, build x", "")
        )
        tools = RuntimeTools((told,))
        facts = (lazy(KubernetesTools()), lazy(tools), lazy(Packages()), lazy(Traces()))
        (outcome,) = version("docker", "28", *facts)
        assert outcome.message == "docker is 28.2.2 (the client; there is no dockerd)"

    def test_another_version(self) -> None:
        outcome = judge("kubelet", "1.17.1", deb("kubelet", "1.17.4-00"), kubelet="v1.17.4")
        assert (outcome.status, outcome.actual) == (Status.FAIL, "v1.17.4")
        assert outcome.fix is not None
        assert outcome.fix.safety == "manual"
        assert "kubelet=VERSION" in str(outcome.fix.steps)
        assert judge("kubelet", "1.17.1", deb("kubelet", "1.17.1-00"), kubelet="v1.17.1").status == Status.PASS

    def test_a_package_that_disagrees_is_told(self) -> None:
        good = judge("kubelet", "1.17.1", deb("kubelet", "1.17.4-00"), kubelet="v1.17.1")
        assert good.status == Status.PASS
        assert "package kubelet says 1.17.4-00" in good.message
        bad = judge("kubelet", "1.17.4", deb("kubelet", "1.17.4-00"), kubelet="v1.17.1")
        assert bad.status == Status.FAIL
        assert "package kubelet says 1.17.4-00" in bad.message

    def test_a_package_with_numbers_of_its_own_does_not_disagree(self) -> None:
        outcome = judge("kubectl", "1.33", deb("kubectl", "1:528.0.0-0"), kubectl="v1.33.4")
        assert outcome.message == "kubectl is v1.33.4"
        with pytest.raises(FactError, match="numbers of its own"):
            judge("kubectl", "1.33", deb("kubectl", "1:528.0.0-0"))

    def test_the_package_where_there_is_no_program(self) -> None:
        outcome = judge("runc", ">=1.0", deb("runc", "1.1.5+ds1-1"), running=False)
        assert (outcome.status, outcome.actual) == (Status.PASS, "1.1.5+ds1-1")
        assert "by its package runc" in outcome.message

    def test_not_installed(self) -> None:
        outcome = judge("crio", "1.30")
        assert (outcome.status, outcome.message) == (Status.FAIL, "crio is not installed")
        assert [item.value for item in outcome.evidence] == [None, None]

    def test_half_installed(self) -> None:
        outcome = judge("runc", "1.1", deb("runc", "1.1.5", "half-installed"), running=False)
        assert outcome.status == Status.FAIL
        assert "half-installed" in outcome.message
        outcome = judge("runc", "1.1", deb("runc", "1.1.5", "half-configured"), runc="1.1.5")
        assert outcome.status == Status.PASS
        assert "half-configured" in outcome.message

    def test_strangers(self) -> None:
        outcome = judge("docker", "18.06.3", docker="podman version 18.06.3")
        assert (outcome.status, outcome.actual) == (Status.FAIL, "podman version 18.06.3")
        assert judge("runc", "1.1", runc="crun version UNKNOWN").status == Status.FAIL

    def test_a_program_without_an_answer(self) -> None:
        with pytest.raises(TimedOut):
            judge("kubelet", "1.17", deb("kubelet", "1.17.1-00"), kubelet=TimedOut("kubelet"))
        with pytest.raises(Denied):
            judge("kubelet", "1.17", kubelet=Denied("kubelet"))

    def test_an_image_whose_program_is_no_package(self) -> None:
        outcome = judge("kubelet", "1.17", running=False, kubelet=Offline("/usr/bin/kubelet"))
        assert (outcome.status, outcome.cause and outcome.cause.code) == (Status.UNKNOWN, "offline")

    def test_a_partial_root_that_shows_the_component(self) -> None:
        traces = Traces((("kubelet", "/var/lib/kubelet/config.yaml"),))
        with pytest.raises(FactError, match="belongs to this node"):
            judge("kubelet", "1.17", running=False, traces=traces)
        assert judge("kubelet", "1.17", running=True, traces=traces).status == Status.FAIL


def skew(
    release: str | None, packages: Lazy[Packages] | None = None, /, **said: str | FactError
) -> dict[str | None, Outcome]:
    tools = KubernetesTools(says(**said))
    found = version_skew(Target(kubernetes=release), tools, packages or lazy(Packages()), lazy(Traces()))
    return {outcome.subject: outcome for outcome in found}


def statuses(release: str | None, **said: str | FactError) -> dict[str | None, str]:
    return {subject: outcome.status.value for subject, outcome in skew(release, **said).items()}


class TestSkew:
    def test_the_reference_installation(self) -> None:
        said = {"kubelet": "v1.17.1", "kubeadm": "v1.17.4", "kubectl": "v1.17.4"}
        assert set(statuses("1.17.4", **said).values()) == {"pass"}
        assert set(statuses(None, **said).values()) == {"pass"}

    @pytest.mark.parametrize(
        ("release", "kubelet", "status"),
        [
            ("1.17", "v1.17.9", "pass"),
            ("1.17", "v1.18.0", "fail"),
            ("1.17", "v1.15.0", "pass"),
            ("1.17", "v1.14.0", "fail"),
            ("1.27", "v1.24.0", "fail"),
            ("1.27", "v1.25.0", "pass"),
            ("1.28", "v1.25.0", "pass"),
            ("1.29", "v1.25.0", "fail"),
            ("1.34", "v1.35.0-alpha.1", "fail"),
            ("1.34", "v1.31.0-eks-1", "pass"),
        ],
    )
    def test_kubelet(self, release: str, kubelet: str, status: str) -> None:
        assert statuses(release, kubelet=kubelet) == {"kubelet": status}

    @pytest.mark.parametrize(
        ("release", "kubeadm", "kubectl", "expected"),
        [
            ("1.17", "v1.17.0", "v1.16.0", ("pass", "pass")),
            ("1.17", "v1.18.0", "v1.18.0", ("pass", "pass")),
            ("1.17", "v1.16.0", "v1.15.0", ("fail", "fail")),
            ("1.17", "v1.19.0", "v1.19.0", ("fail", "fail")),
        ],
    )
    def test_the_others(self, release: str, kubeadm: str, kubectl: str, expected: tuple[str, str]) -> None:
        found = statuses(release, kubeadm=kubeadm, kubectl=kubectl)
        assert (found["kubeadm"], found["kubectl"]) == expected

    def test_against_each_other(self) -> None:
        assert statuses(None, kubelet="v1.19.0", kubeadm="v1.18.0") == {"kubelet": "fail", "kubeadm": "fail"}
        assert statuses(None, kubelet="v1.17.0", kubectl="v1.20.0") == {"kubelet": "pass", "kubectl": "pass"}
        assert statuses(None, kubelet="v1.17.0", kubectl="v1.21.0") == {"kubelet": "fail", "kubectl": "fail"}

    def test_the_fix_is_a_sentence(self) -> None:
        fix = skew(None, kubelet="v1.19.0", kubeadm="v1.18.0")["kubelet"].fix
        assert fix is not None
        assert fix.title == "Bring kubelet to a release that fits v1.18.0"
        fix = skew("1.28", kubelet="v1.20.0")["kubelet"].fix
        assert fix is not None
        assert "a release" not in fix.title

    def test_the_kubelets_that_kubeadm_takes(self) -> None:
        found = skew("1.28", kubelet="v1.26.0", kubeadm="v1.28.0")
        assert found["kubelet"].status == Status.FAIL
        assert "takes no kubelet before 1.27" in found["kubelet"].message
        assert found["kubeadm"].status == Status.PASS
        assert statuses("1.29", kubelet="v1.26.0", kubeadm="v1.29.0") == {"kubelet": "pass", "kubeadm": "pass"}

    def test_one_alone_has_nothing_to_be_compared_with(self) -> None:
        assert {subject: outcome.status for subject, outcome in skew(None, kubelet="v1.17.1").items()} == {
            None: Status.SKIP
        }
        assert skew(None) == {}

    def test_a_release_that_cannot_be_read(self) -> None:
        target = Target(unreadable=("kubernetes: /etc/kubernetes/manifests: permission denied",))
        tools = KubernetesTools(says(kubelet="v1.17.1", kubeadm="v1.17.4"))
        found = list(version_skew(target, tools, lazy(Packages()), lazy(Traces())))
        assert [outcome.status for outcome in found] == [Status.UNKNOWN, Status.UNKNOWN]
        assert "permission denied" in found[0].message
        tools = KubernetesTools(says(kubelet="v1.19.1", kubeadm="v1.17.4"))
        found = list(version_skew(target, tools, lazy(Packages()), lazy(Traces())))
        assert [outcome.status for outcome in found] == [Status.FAIL, Status.FAIL]

    def test_what_could_not_be_compared_is_not_called_good(self) -> None:
        """A failure must not turn into a pass because kubeadm, which it was about, did not answer in time."""
        late = TimedOut("kubeadm")
        assert statuses(None, kubelet="v1.19.1", kubeadm="v1.17.4")["kubelet"] == "fail"
        assert set(statuses(None, kubelet="v1.19.1", kubeadm=late, kubectl="v1.19.0").values()) == {"unknown"}
        assert statuses(None, kubelet="v1.19.1", kubeadm=late) == {"kubelet": "unknown", "kubeadm": "unknown"}
        assert statuses("1.19", kubelet="v1.19.1", kubeadm=late, kubectl="v1.19.0") == {
            "kubelet": "unknown", "kubeadm": "unknown", "kubectl": "pass",
        }  # fmt: skip
        found = skew(None, kubelet="v1.19.1", kubeadm=late, kubectl="v1.12.0")
        assert (found["kubelet"].status, found["kubectl"].status) == (Status.FAIL, Status.FAIL)

    def test_one_that_says_nothing_spoils_no_other(self) -> None:
        found = skew("1.17", kubelet=TimedOut("kubelet"), kubeadm="v1.17.4")
        assert found["kubelet"].status == Status.UNKNOWN
        assert found["kubelet"].cause is not None
        assert found["kubelet"].cause.code == "timeout"
        assert found["kubeadm"].status == Status.PASS

    def test_packages_are_read_only_for_what_the_programs_leave_open(self) -> None:
        hidden = refused(Denied("/var/lib/dpkg/status"))
        said: dict[str, str | FactError] = {"kubelet": "v1.17.1", "kubeadm": "v1.17.4", "kubectl": "v1.17.4"}
        assert {outcome.status for outcome in skew("1.17", hidden, **said).values()} == {Status.PASS}
        assert skew("1.20", hidden, **said)["kubelet"].status == Status.FAIL
        del said["kubectl"]
        assert skew("1.17", hidden, **said)["kubectl"].status == Status.UNKNOWN

    def test_bringing_the_kubelet_within_the_range_mends_it(self) -> None:
        bad = skew("1.17", kubelet="v1.18.0")["kubelet"]
        assert (bad.expected, bad.actual) == ("1.15 to 1.17", "v1.18.0")
        assert bad.fix is not None
        assert "1.15 to 1.17" in bad.fix.title
        assert skew("1.17", kubelet="v1.15.0")["kubelet"].status == Status.PASS

    def test_severity(self) -> None:
        rule = version_skew.severity
        assert callable(rule)
        assert (rule("kubectl"), rule("kubelet")) == (Severity.WARNING, Severity.ERROR)


STATUS = """\
Package: kubelet
Status: hold ok installed
Version: 1.17.1-00

Package: kubeadm
Status: install ok installed
Version: 1.17.4-00

Package: kubectl
Status: install ok installed
Version: 1.17.4-00

Package: docker-ce
Status: install ok installed
Version: 5:19.03.15~3-0~ubuntu-focal
"""


def profile(tmp_path: Path, require: str, more: str = "") -> str:
    path = tmp_path / "profile.toml"
    head = f'schema = "nodecheck.profile/1"\nname = "pins"\n{more}\n'
    path.write_text(f"{head}[check.version]\nrequire = {require}\n")
    return str(path)


class TestWhole:
    PINS = '{ docker = "18.06.3", kubeadm = "1.17.4", kubelet = "1.17.1", kubectl = ">=1.17,<1.18" }'

    def run(self, root: Path, pins: str = PINS, more: str = "") -> dict[str, str]:
        report = nodecheck.run(root=str(root), profile=profile(root, pins, more), select=["version", "version-skew"])
        return {result.id: result.status.value for result in report.results}

    def test_dpkg(self, tree: Tree) -> None:
        root = tree({"/var/lib/dpkg/status": STATUS})
        assert self.run(root, more='kubernetes = "1.17"') == {
            "version[docker]": "fail",
            "version[kubeadm]": "pass",
            "version[kubectl]": "pass",
            "version[kubelet]": "pass",
            "version-skew[kubeadm]": "pass",
            "version-skew[kubectl]": "pass",
            "version-skew[kubelet]": "pass",
        }

    def test_installing_what_the_fix_names_mends_it(self, tree: Tree) -> None:
        root = tree({"/var/lib/dpkg/status": STATUS.replace("5:19.03.15~3-0~ubuntu-focal", "18.06.3~ce~3-0~ubuntu")})
        assert self.run(root)["version[docker]"] == "pass"

    def test_rpm(self, tree: Tree) -> None:
        raw = (Path(__file__).parents[2] / "facts/packages/rpmdb/Packages-little-4096.gz").read_bytes()
        found = self.run(tree({"/var/lib/rpm/Packages": gzip.decompress(raw)}))
        assert found["version[docker]"] == "pass"
        assert found["version[kubelet]"] == "pass"
        assert found["version[kubectl]"] == "fail"

    def test_nothing_there(self, tree: Tree) -> None:
        found = self.run(tree({"/etc/os-release": "ID=debian\n"}))
        assert found["version[docker]"] == "fail"
        assert found["version-skew"] == "skip"

    def test_a_program_and_no_package(self, tree: Tree) -> None:
        root = tree({"/usr/bin/kubelet": "ELF"})
        report = nodecheck.run(root=str(root), profile=profile(root, '{ kubelet = "1.17" }'), select=["version*"])
        assert report["version[kubelet]"].status == "unknown"
        assert report["version[kubelet]"].cause is not None
        assert report["version[kubelet]"].cause.code == "offline"
        assert report["version-skew[kubelet]"].status == "skip"

    @pytest.mark.parametrize("kind", ["directory", "noise", "loop"])
    def test_a_database_that_cannot_be_read(self, tree: Tree, kind: str) -> None:
        root = tree({"/var/lib/dpkg/x": ""})
        place = root / "var/lib/dpkg/status"
        if kind == "directory":
            place.mkdir()
        elif kind == "loop":
            place.symlink_to("status")
        else:
            place.write_bytes(bytes(range(256)) * 9)
        found = self.run(root)
        assert set(found.values()) == {"unknown"}

    def test_nothing_is_required_by_default(self, tree: Tree) -> None:
        report = nodecheck.run(root=str(tree({"/etc/os-release": ""})), select=["version"])
        assert [result.status.value for result in report.results] == ["skip"]

    @pytest.mark.parametrize(
        "pins", ['{ kublet = "1.17" }', '{ kubelet = "v1.17" }', "{ kubelet = 1.17 }", '["kubelet"]']
    )
    def test_a_pin_that_is_none_is_an_error(self, tree: Tree, pins: str) -> None:
        with pytest.raises(ProfileError):
            self.run(tree({"/etc/os-release": ""}), pins)
