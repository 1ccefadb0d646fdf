"""SELinux against the profile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.model.steps import Create, Edit, Fix
from tests.fix.apply import write

Tree = Callable[[dict[str, "str | bytes"]], Path]

ENFORCING = "# first\nSELINUX=enforcing\nSELINUXTYPE=targeted\n"
CONTAINERS = {"/usr/share/containers/selinux/contexts": ""}


def profile(tmp_path: Path, allow: str) -> Path:
    path = tmp_path / "profile.toml"
    path.write_text(f'schema = "nodecheck.profile/1"\nname = "p"\n[check.selinux]\nallow = {allow}\n')
    return path


def judge(root: Path, view: str = "@boot", using: Path | None = None) -> nodecheck.Result:
    return nodecheck.run(root=root, profile=using or "kubernetes", select=["selinux"])["selinux" + view]


def mend(root: Path, fix: Fix | None) -> None:
    """Do what the steps say, as far as files are concerned."""
    assert fix is not None
    for step in fix.steps:
        if isinstance(step, (Create, Edit)):
            write(root, step)


def test_corpus(corpus: Path, tmp_path: Path) -> None:
    group = corpus / "05-selinux"
    lenient = profile(tmp_path, '["disabled", "permissive"]')
    judged = 0
    for item in json.loads((group / "manifest.json").read_text()):
        truth = item["truth"]
        if "boot_mode" not in truth:
            continue
        found = judge(group / item["root"], using=lenient)
        assert found.actual == truth["boot_mode"], item["id"]
        assert (found.status == "pass") is truth["passes_permissive_or_disabled"], item["id"]
        judged += 1
    assert judged > 20


@pytest.mark.parametrize(
    ("config", "more", "status", "severity"),
    [
        (ENFORCING, {}, "fail", "error"),
        (ENFORCING, CONTAINERS, "pass", "error"),  # containers work with the policy
        ("SELINUX=permissive\n", {}, "fail", "info"),  # kubeadm's instructions ask for it
        ("nothing valid\n", {}, "fail", "info"),
        ("SELINUX=disabled\n", {}, "pass", "error"),
    ],
)
def test_default_profile(tree: Tree, config: str, more: dict[str, str | bytes], status: str, severity: str) -> None:
    found = judge(tree({"/etc/selinux/config": config, **more}))

    assert (found.status, found.severity) == (status, severity)


@pytest.mark.parametrize(
    "config", [ENFORCING, "SELINUX=permissive\n", "nothing valid\n", "# x\r\nSELINUX=enforcing\r\n"]
)
def test_reference_profile_and_its_fix(tree: Tree, config: str) -> None:
    root = tree({"/etc/selinux/config": config})
    using = profile(root, '["disabled"]')
    found = judge(root, using=using)

    assert (found.status, found.severity, found.expected) == ("fail", "error", "disabled")
    assert found.fix is not None
    assert found.fix.safety == "disruptive"
    assert found.fix.reboot

    mend(root, found.fix)
    assert judge(root, using=using).status == "pass"


def test_a_missing_file_is_made(tree: Tree) -> None:
    root = tree({"/etc/selinux/targeted/policy/policy.31": "x", "/etc/os-release": "ID=centos\nVERSION_ID=7.9\n"})
    using = profile(root, '["disabled"]')
    found = judge(root, using=using)
    assert (found.status, found.actual) == ("fail", "permissive")

    mend(root, found.fix)
    assert judge(root, using=using).status == "pass"


def test_evidence_names_the_line_and_the_word(tree: Tree) -> None:
    root = tree({"/etc/selinux/config": ENFORCING, "/proc/cmdline": "ro enforcing=0 password=secret\n"})

    found = judge(root)

    assert [(e.source, e.locator, e.value) for e in found.evidence] == [
        ("/proc/cmdline", None, "enforcing=0"),
        ("/etc/selinux/config", "line 2", "SELINUX=enforcing"),
    ]
    assert found.actual == "permissive"


def test_note_on_rhel_9(tree: Tree) -> None:
    root = tree({"/etc/selinux/config": "SELINUX=disabled\n", "/etc/os-release": "ID=rocky\nVERSION_ID=9.4\n"})

    assert (judge(root).status, "selinux=0" in judge(root).message) == ("pass", True)


@pytest.mark.parametrize("view", ["", "@boot"])
def test_no_plan_turns_it_off_unasked(tree: Tree, view: str) -> None:
    found = judge(tree({"/sys/fs/selinux/enforce": "1", "/etc/selinux/config": ENFORCING}), view)

    assert (found.status, found.severity) == ("fail", "error")
    assert found.fix is not None
    assert found.fix.safety == "manual"


@pytest.mark.parametrize("view", ["", "@boot"])
def test_enforcing_with_the_policy_passes_with_a_note(tree: Tree, view: str) -> None:
    root = tree({"/sys/fs/selinux/enforce": "1", "/etc/selinux/config": ENFORCING, **CONTAINERS})
    found = judge(root, view)

    assert (found.status, found.actual) == ("pass", "enforcing")
    assert "container-selinux lets containers work" in found.message
    assert found.evidence[-1].source == "/usr/share/containers/selinux/contexts"
    assert judge(root, view, profile(root, '["disabled"]')).severity == "error"


@pytest.mark.parametrize(("enforce", "severity"), [("1", "error"), ("0", "info")])
def test_now(tree: Tree, enforce: str, severity: str) -> None:
    root = tree({"/sys/fs/selinux/enforce": enforce, "/etc/selinux/config": ENFORCING})

    assert (judge(root, "").status, judge(root, "").severity) == ("fail", severity)
    found = judge(root, "", profile(root, '["disabled"]'))
    assert found.fix is not None
    steps = [tuple(step) for step in found.fix.steps]
    assert (("setenforce", "0"),) in steps or enforce == "0"
    assert ("/etc/selinux/config", "SELINUX=enforcing", "SELINUX=disabled") in steps


def test_a_container_on_an_enforcing_host_is_unknown(tree: Tree) -> None:
    found = judge(tree({"/proc/self/attr/current": "system_u:system_r:container_t:s0:c1,c2\0"}), "")

    assert (found.status, found.actual) == ("unknown", "enabled")


def test_apparmor_is_disabled(tree: Tree) -> None:
    assert judge(tree({"/proc/self/attr/current": "unconfined\n"}), "").status == "pass"


def test_unreadable_config_is_unknown(tree: Tree) -> None:
    found = judge(tree({"/etc/selinux/config/x": ""}))

    assert found.status == "unknown"
    assert found.cause is not None
    assert found.cause.code == "malformed"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("# first\nSELINUX=none\nSELINUXTYPE=targeted\n", Edit), ("SELINUXTYPE=targeted\n", Edit),
        ("SELINUX=\nSELINUX=\n# last", Edit), ("\n", Create), ("", Create),
    ],
)  # fmt: skip
def test_a_file_without_a_valid_line_gets_one_and_keeps_its_others(tree: Tree, text: str, kind: type) -> None:
    from nodecheck.facts.security.selinux_boot import parse_config
    from nodecheck_checks.security.selinux import _config_steps

    root = tree({"/etc/selinux/config": text})
    steps = _config_steps(parse_config(text), "disabled")
    mend(root, Fix("x", steps))

    assert [type(step) for step in steps] == [kind]
    after = (root / "etc/selinux/config").read_text()
    assert parse_config(after).mode == "disabled"
    assert set(text.split("\n")) - {"SELINUX=none"} <= set(after.split("\n"))
