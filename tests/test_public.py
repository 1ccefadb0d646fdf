"""What users may rely on: names, arguments, documents; and that importing nodecheck costs nothing."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import nodecheck
from nodecheck.cli.verbs import VERBS
from nodecheck.hookspecs import nodecheck_checks, nodecheck_facts, nodecheck_profiles, nodecheck_renderers
from nodecheck.plugins import load
from nodecheck.testing import write_tree
from nodecheck_checks import _CHECKS
from tests.formats.test_structured import MANIFEST
from tests.nodes import debian_node

ROOT = Path(__file__).resolve().parents[1]


def test_the_public_names() -> None:
    assert set(nodecheck.__all__) == {
        "CaptureError", "Change", "CheckInfo", "Command", "Create", "Edit", "Evidence", "FactError", "FailOn", "Fix",
        "Manual", "NodecheckError", "Phase", "Plan", "Profile", "ProfileError", "Progress", "ProxyMode", "Report",
        "ReportError", "Result", "Role", "SelectorError", "Severity", "Status", "Step", "UsageError", "View",
        "__version__", "capture", "checks", "diff", "hookimpl", "hookspec", "plan", "profiles", "run", "schema",
    }  # fmt: skip
    for name in nodecheck.__all__:
        assert getattr(nodecheck, name) is not None
    with pytest.raises(AttributeError):
        nodecheck.nonsense  # noqa: B018


def test_the_arguments_of_run() -> None:
    assert list(inspect.signature(nodecheck.run).parameters) == [
        "root", "profile", "role", "kubernetes", "proxy_mode", "cni", "select", "ignore", "view", "fail_on",
        "progress", "timeout", "waivers", "config", "capture", "phase",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        {"select": ["swop"]}, {"select": "swap"}, {"profile": "none"}, {"role": "master"}, {"kubernetes": "1"},
        {"proxy_mode": "x"}, {"phase": "x"}, {"view": "later"}, {"fail_on": "fatal"}, {"timeout": 0}, {"timeout": "30"},
        {"root": "/none"}, {"root": ""}, {"root": 3}, {"profile": 3}, {"select": [3]}, {"select": None},
        {"kubernetes": 1.34}, {"cni": 3}, {"cni": ""}, {"waivers": "w.toml"}, {"waivers": [3]}, {"waivers": ["/none"]},
        {"progress": 3},
    ],
)  # fmt: skip
def test_bad_arguments_raise_nodechecks_own_errors(arguments: dict[str, object]) -> None:
    with pytest.raises(nodecheck.NodecheckError):
        nodecheck.run(**arguments)  # type: ignore[arg-type]


def test_profile_is_a_name_or_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_text('schema = "nodecheck.profile/1"\nname = "of a file"\n')
    monkeypatch.chdir(tmp_path)

    for source in (Path("mine"), "./mine", tmp_path / "mine"):
        assert nodecheck.run(root=tmp_path, profile=source, select=["swap"]).profile.name == "of a file"
    with pytest.raises(nodecheck.ProfileError):
        nodecheck.run(root=tmp_path, profile="mine")


def modules(code: str) -> set[str]:
    code = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_nodecheck_imports_nothing_else() -> None:
    assert modules("import nodecheck") - modules("import __future__") == {"nodecheck"}


HEAVY = {
    "argparse", "asyncio", "concurrent", "dataclasses", "datetime", "difflib", "gzip", "hashlib", "importlib.metadata",
    "inspect", "ipaddress", "logging", "packaging", "pathlib", "pluggy", "psutil", "pyroute2", "shutil", "socket",
    "ssl", "subprocess", "tempfile", "tomllib", "tomli", "traceback", "urllib", "uuid", "yaml", "zlib", "sqlite3",
}  # fmt: skip


def test_a_run_of_one_check_imports_nothing_heavy(tmp_path: Path) -> None:
    found = modules(f"import nodecheck; nodecheck.run(root={str(tmp_path)!r}, select=['swap'])")

    assert found & HEAVY == set()
    checks = {name for name in found if name.startswith("nodecheck_checks.")}
    swap = {f"nodecheck_checks.swap{name}" for name in ("", ".swap", ".at_boot", ".sources")}
    assert checks == {*swap, "nodecheck_checks.profiles"}


def test_the_command_imports_nothing_that_it_can_do_without(tmp_path: Path) -> None:
    words = ["run", "--json", "--root", str(tmp_path), "--select", "swap"]
    code = "from nodecheck.cli import main; main()"  # as the script does it: -m imports more by itself in Python 3.9
    argv = [sys.executable, "-I", "-X", "importtime", "-c", code, *words]
    told = subprocess.run(argv, capture_output=True, text=True).stderr
    found = {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}

    assert "nodecheck_checks.swap.sources" in found
    others = {"gettext", "json", "locale", "nodecheck.host.live", "signal", "threading", "typing"}
    assert found & (HEAVY | others) == {"argparse"}


LATE = {
    "facts.acts.cloud_names", "facts.boot.boot_time", "facts.boot.default_grub", "facts.boot.kernel_images",
    "facts.boot.reboot_marks", "facts.packages.reboot_packages", "facts.runtimes.docker_files", "profile.waivers",
    "facts.cluster.cni_networks", "facts.cluster.cni_places", "facts.kubelet.keys", "facts.kubelet.removed",
    "facts.network.kernel_files", "facts.network.resolver", "facts.runtimes.containerd_cni",
    "facts.runtimes.containerd_merge", "facts.runtimes.containerd_releases", "facts.runtimes.cri_dockerd",
    "facts.security.nft_tables", "facts.services.unit_conditions",
    "facts.services.unit_specifiers", "formats.moments", "formats.public_parts", "formats.structured",
    "running.looked_at",
}  # fmt: skip
"""Of nodecheck, what speaks of things that an empty root does not have."""

LATE_CHECKS = {
    "identity.certificate_fixes", "identity.image_files", "identity.validity", "kubelet.config_problems",
    "kubelet.inhibit_delay", "kubelet.kubelet_fixes", "kubelet.manifests", "runtime.cni_files", "runtime.config_faults",
    "runtime.driver_pods", "swap.behaviour", "system.reboot_reasons",
}  # fmt: skip


def test_a_whole_run_of_an_empty_root_imports_nothing_heavy(tmp_path: Path) -> None:
    found = modules(f"import nodecheck; nodecheck.run(root={str(tmp_path)!r})")

    assert found & {*HEAVY, "contextlib", "typing"} == set()
    late = {*[f"nodecheck.{name}" for name in LATE], *[f"nodecheck_checks.{name}" for name in LATE_CHECKS]}
    assert found & late == set()
    for name in late:  # it is there, under that name
        import_module(name)


SHARED = {"kernel.kernel_version", "swap.swap", "sysctl.sysctl", "system.disk_free"}
"""The checks' modules of which others use a part: a row, or the judgement of a path."""


@pytest.mark.parametrize("name", sorted(_CHECKS))
def test_a_check_that_is_selected_imports_no_other(name: str, tmp_path: Path) -> None:
    found = modules(f"import nodecheck; nodecheck.run(root={str(tmp_path)!r}, select=[{name!r}])")

    assert found & {*HEAVY, "contextlib", "json", "typing"} == set()
    checks = {home for home, _ in _CHECKS.values() if f"nodecheck_checks.{home}" in found}
    assert _CHECKS[name][0] in checks
    assert checks - SHARED <= {_CHECKS[name][0]}


def test_a_node_as_kubeadm_makes_it_is_read_without_parsers_of_others(tmp_path: Path) -> None:
    node = debian_node(tmp_path)
    write_tree(node, {"/etc/kubernetes/manifests/etcd.yaml": MANIFEST})

    found = modules(f"import nodecheck; nodecheck.run(root={str(node)!r})")

    assert {"nodecheck.formats.plain_yaml", "nodecheck.formats.plain_toml"} <= found
    assert found & {"yaml", "tomllib", "tomli", "typing"} == set()


def test_netlink_imports_neither_pyroute2_nor_typing() -> None:
    code = "from nodecheck.host.netlink import TABLES, dump\nfor table in TABLES: dump(table)"
    assert modules(code) & {"contextlib", "logging", "pyroute2", "typing"} == set()


def test_every_check_is_documented() -> None:
    for check in load().all_checks():
        for section in ("## Why it matters", "## How to fix it", "## Sources"):
            assert section in check.doc, f"{check.name} has no section {section}"
        assert check.title
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", check.name)


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_verb_hook_and_exit_code_is_documented() -> None:
    readme = (ROOT / "README.md").read_text()
    plugins = (ROOT / "docs/plugins.md").read_text()
    for verb in VERBS:
        assert f"nodecheck {verb}" in readme or f"nodecheck {verb}" in "".join(
            path.read_text() for path in (ROOT / "docs").glob("*.md")
        )
    for hook in (nodecheck_checks, nodecheck_facts, nodecheck_profiles, nodecheck_renderers):
        assert f"`{hook.__name__}()`" in plugins
    for code in (0, 1, 2, 3, 70, 74, 75, 130):
        assert re.search(rf"^\| {code}\b", readme, re.MULTILINE)


def test_ci_runs_the_readmes_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    script = (ROOT / ".ci/run").read_text()
    first, second = re.findall(r"```sh\n(.*?)\n```", readme, re.DOTALL)[:2]

    assert first.removeprefix("python3 ") in script
    assert second in script
