"""What an image has of the machine that it was made of."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from nodecheck.facts.acts.cloud_init import PREVIOUS_NAME
from nodecheck.facts.distro.identity_files import CREDENTIAL_SECRET, DBUS_ID, LOADER_SEEDS, MACHINE_ID, RANDOM_SEED, SSH
from nodecheck.host.root import RootHost
from nodecheck.testing import Entry, TreeLink, assert_declared, record, replay, run, write_tree
from nodecheck_checks.identity.image_identity import image_identity
from tests.healthy.nodes import healthy_node
from tests.rights import modes_hold

CLOUD, INSTANCES = "/var/lib/cloud/instance", "/var/lib/cloud/instances"
ID = "dd9ac34e87d44a5db8dd86f02e1a4f07"
CLEAN: dict[str, Entry] = {
    "/usr/lib/systemd/systemd": "",
    "/var/lib/dpkg/status": "",
    MACHINE_ID: "uninitialized\n",
    DBUS_ID: TreeLink("/etc/machine-id"),
    f"{SSH}/sshd_config": "",
    "/var/lib/cloud/seed/nocloud-net/meta-data": "",
}
"""An image of Debian as its builder leaves it."""
ROWS = {MACHINE_ID, DBUS_ID, SSH, INSTANCES, RANDOM_SEED, CREDENTIAL_SECRET}
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"


def found(root: Path, phase: str | None = None) -> dict[str, str]:
    """Status by subject; a recording that is replayed says the same."""
    recording = record(root)
    first = run(recording, select=["image-identity"], phase=phase).results
    again = run(replay(recording.to_data()), select=["image-identity"], phase=phase).results
    assert [one[:6] for one in first] == [one[:6] for one in again]
    assert ID not in repr(first)
    return {str(one.subject): f"{one.status.value} {one.severity.value}" for one in first}


def failed(root: Path, phase: str | None = None) -> set[str]:
    return {subject for subject, status in found(root, phase).items() if status != "pass warning"}


def test_a_clean_image(tmp_path: Path) -> None:
    assert found(write_tree(tmp_path, CLEAN)) == dict.fromkeys(ROWS, "pass warning")


@pytest.mark.parametrize(
    ("left", "subject"),
    [
        ({MACHINE_ID: f"{ID}\n"}, MACHINE_ID),
        ({DBUS_ID: f"{ID}\n"}, DBUS_ID),
        ({f"{SSH}/ssh_host_ed25519_key": KEY, f"{SSH}/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA\n"}, SSH),
        ({f"{INSTANCES}/i-0abc/obj.pkl": "", CLOUD: TreeLink(f"{INSTANCES}/i-0abc")}, INSTANCES),
        ({CLOUD: TreeLink(f"{INSTANCES}/gone")}, INSTANCES),
        ({RANDOM_SEED: "x" * 32}, RANDOM_SEED),
        ({CREDENTIAL_SECRET: "x"}, CREDENTIAL_SECRET),
        ({LOADER_SEEDS[2]: "x" * 32}, LOADER_SEEDS[2]),
    ],
)
def test_each_alone_fails(tmp_path: Path, left: Mapping[str, Entry], subject: str) -> None:
    root = write_tree(tmp_path, {**{path: entry for path, entry in CLEAN.items() if path not in left}, **left})

    results = found(root, "image")
    assert {name for name, status in results.items() if status == "fail warning"} == {subject}
    assert set(results) == ROWS | {subject}


@pytest.mark.parametrize(
    "changes",
    [
        {MACHINE_ID: ""},
        {MACHINE_ID: "\n"},
        {DBUS_ID: ""},
        {f"{SSH}/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA\n"},
    ],
)
def test_what_is_no_identity(tmp_path: Path, changes: Mapping[str, Entry]) -> None:
    assert failed(write_tree(tmp_path, {**{k: v for k, v in CLEAN.items() if k not in changes}, **changes})) == set()


def test_the_fix_makes_it_pass(tmp_path: Path) -> None:
    left = {MACHINE_ID: ID, f"{SSH}/ssh_host_rsa_key": KEY, f"{INSTANCES}/i-1/x": "", RANDOM_SEED: "x"}
    root = write_tree(tmp_path, left)
    report = run(root, select=["image-identity"], phase="image")
    fixes = [one.fix for one in report.results if one.fix is not None]
    assert [[step.kind for step in fix.steps] for fix in fixes] == [["manual"]] * 4

    (root / "etc/machine-id").write_text("")
    (root / "etc/ssh/ssh_host_rsa_key").unlink()
    shutil.rmtree(root / "var/lib/cloud")
    (root / RANDOM_SEED[1:]).unlink()
    assert failed(root, "image") == set()


def test_what_cannot_be_looked_at_is_unknown(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {f"{INSTANCES}/i-1/x": "", f"{SSH}/ssh_host_rsa_key": KEY})
    (root / "var/lib/cloud").chmod(0)
    with modes_hold():
        report = run(RootHost(str(root)), select=["image-identity"], phase="image")
    by_subject = {str(one.subject): one.status.value for one in report.results}
    (root / "var/lib/cloud").chmod(0o755)

    assert (by_subject[INSTANCES], by_subject[SSH], by_subject[MACHINE_ID]) == ("unknown", "fail", "pass")


@pytest.mark.parametrize("phase", ["install", "join", "upgrade", "steady"])
def test_a_node_has_an_identity_rightly(tmp_path: Path, phase: str) -> None:
    (result,) = run(write_tree(tmp_path, {MACHINE_ID: ID}), select=["image-identity"], phase=phase).results
    assert (result.status, result.cause and result.cause.code) == ("skip", "not-selected-phase")


@pytest.mark.parametrize("name", ["debian-12", "k3s"])
def test_a_healthy_node_has_only_its_machine_id_and_name(name: str, tmp_path: Path) -> None:
    root = healthy_node(name, tmp_path)
    named = {"/etc/hostname"} if (root / "etc/cloud/cloud.cfg").exists() else set()  # cloud-init gives each its own
    assert failed(root, "image") == {MACHINE_ID, *named}
    (root / "etc/machine-id").write_text("uninitialized\n")
    (root / "etc/hostname").write_text("localhost\n")
    assert failed(root, "image") == set()


PROGRAMS = {"systemd-machine-id-setup": MACHINE_ID, "ssh-keygen": SSH, "dbus-uuidgen": DBUS_ID}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_the_real_programs_make_is_found(tmp_path: Path, program: str) -> None:
    """Each runs as the first boot of an image runs it."""
    where = shutil.which(program)
    if where is None:
        pytest.skip(f"it takes {program}")
    files = {path: entry for path, entry in CLEAN.items() if path not in (MACHINE_ID, DBUS_ID)}
    root = write_tree(tmp_path, {**files, "/var/lib/dbus/x": ""})
    assert failed(root, "image") == set()
    words = {
        "systemd-machine-id-setup": [f"--root={root}"],
        "ssh-keygen": ["-A", "-f", str(root)],
        "dbus-uuidgen": [f"--ensure={root}{DBUS_ID}"],
    }
    subprocess.run([where, *words[program]], check=True, capture_output=True, timeout=60)

    assert failed(root, "image") == {PROGRAMS[program]}


def test_what_is_asked_is_declared(tmp_path: Path) -> None:
    assert_declared(image_identity, write_tree(tmp_path, CLEAN))


CFG, CFG_DIR, TEMPLATE = "/etc/cloud/cloud.cfg", "/etc/cloud/cloud.cfg.d", "/etc/cloud/templates/hosts.debian.tmpl"
STAGES: dict[str, Entry] = {
    "/usr/lib/systemd/system/multi-user.target": "[Unit]\n",
    "/usr/lib/systemd/system/cloud-init.target": "[Unit]\n",
    "/usr/lib/systemd/system/cloud-init.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/cloud-init init\n",
    "/usr/lib/systemd/system/cloud-init.target.wants/cloud-init.service": TreeLink("../cloud-init.service"),
    "/usr/bin/cloud-init": "#!/usr/bin/python3\n",
}
MODULES = "cloud_init_modules:\n - bootcmd\n - set_hostname\n - update_hostname\n - update_etc_hosts\n - ssh\n"
IMAGE: dict[str, Entry] = {
    **CLEAN,
    **STAGES,
    CFG: f"users:\n - default\npreserve_hostname: false\n{MODULES}",
    TEMPLATE: "## template:jinja\n127.0.1.1 {{fqdn}} {{hostname}}\n127.0.0.1 localhost\n::1 localhost ip6-localhost\n",
    "/etc/hostname": "node7\n",
    "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 node7\n192.0.2.1 api.example api\n",
}
"""An image with cloud-init, whose builder left a name and a line for the control plane's address."""
ON: dict[str, Entry] = {f"{CFG_DIR}/90.cfg": "manage_etc_hosts: true\n"}


def of_cloud(root: Path) -> tuple[str, str]:
    results = found(root)
    return results["/etc/hostname"].partition(" ")[0], results["/etc/hosts"].partition(" ")[0]


@pytest.mark.parametrize(
    ("changes", "name", "hosts"),
    [
        ({}, "fail", "pass"),
        (ON, "fail", "fail"),
        ({f"{CFG_DIR}/90.cfg": "manage_etc_hosts: template\n"}, "fail", "fail"),
        ({f"{CFG_DIR}/90.cfg": "manage_etc_hosts: localhost\n"}, "fail", "pass"),
        ({f"{CFG_DIR}/90.cfg": "manage_etc_hosts: false\n"}, "fail", "pass"),
        ({**ON, f"{CFG_DIR}/91.cfg": "manage_etc_hosts: false\n"}, "fail", "pass"),
        ({**ON, f"{CFG_DIR}/89.cfg": "manage_etc_hosts: false\n"}, "fail", "fail"),
        ({**ON, f"{CFG_DIR}/91.conf": "manage_etc_hosts: false\n"}, "fail", "fail"),
        ({f"{CFG_DIR}/90.cfg": "preserve_hostname: true\n"}, "pass", "pass"),
        ({f"{CFG_DIR}/90.cfg": "preserve_hostname: yes\n"}, "pass", "pass"),
        ({f"{CFG_DIR}/90.cfg": 'preserve_hostname: "True"\n'}, "pass", "pass"),
        ({**ON, f"{CFG_DIR}/91.cfg": "cloud_init_modules: [bootcmd, mounts]\n"}, "pass", "pass"),
        ({**ON, f"{CFG_DIR}/91.cfg": "cloud_init_modules: [update-hostname]\n"}, "pass", "pass"),
        (
            {f"{CFG_DIR}/91.cfg": "cloud_init_modules: [update-hostname]\n", PREVIOUS_NAME: "node7\n"},
            "fail",
            "pass",
        ),
        ({f"{CFG_DIR}/91.cfg": "cloud_init_modules: [set-hostname]\n"}, "fail", "pass"),
        ({**ON, f"{CFG_DIR}/91.cfg": "cloud_init_modules: [[update_etc_hosts, always]]\n"}, "pass", "fail"),
        ({f"{CFG_DIR}/90.cfg": "hostname: node7\n"}, "pass", "pass"),
        ({f"{CFG_DIR}/90.cfg": "fqdn: node7.example\n"}, "pass", "pass"),
        ({f"{CFG_DIR}/90.cfg": "hostname: other\n"}, "fail", "pass"),
        ({"/var/lib/cloud/seed/nocloud/meta-data": "instance-id: i-1\nlocal-hostname: node7\n"}, "pass", "pass"),
        ({"/var/lib/cloud/seed/nocloud/user-data": "#cloud-config\npreserve_hostname: true\n"}, "pass", "pass"),
        ({**ON, TEMPLATE: "127.0.0.1 localhost\n192.0.2.1 api.example api\n"}, "fail", "pass"),
        ({**ON, TEMPLATE: "127.0.0.1 localhost\n192.0.2.1 api.example\n"}, "fail", "fail"),
        ({**ON, TEMPLATE: "127.0.0.1 localhost\n# 192.0.2.1 api.example api\n"}, "fail", "fail"),
        ({**ON, "/etc/hosts": "127.0.0.1 localhost\n::1 ip6-localhost\nff02::1 ip6-allnodes\n"}, "fail", "pass"),
        ({"/etc/hostname": "localhost\n"}, "pass", "pass"),
        ({"/etc/hostname": "ubuntu\n", "/etc/os-release": "ID=ubuntu\n"}, "pass", "pass"),
        ({"/etc/hostname": ""}, "pass", "pass"),
        ({**ON, "/etc/cloud/cloud-init.disabled": ""}, "pass", "pass"),
        ({**ON, "/boot/grub/grub.cfg": "menuentry x {\n linux /vmlinuz-6.1 cloud-init=disabled\n}\n"}, "pass", "pass"),
        ({**ON, "/etc/systemd/system/cloud-init.service": TreeLink("/dev/null")}, "pass", "pass"),
        ({**ON, CFG: "users: [\n"}, "pass", "pass"),
    ],
)
def test_what_cloud_init_makes_of_name_and_hosts(
    tmp_path: Path, changes: dict[str, Entry], name: str, hosts: str
) -> None:
    assert of_cloud(write_tree(tmp_path, {**IMAGE, **changes})) == (name, hosts)


def test_without_cloud_init_nothing_is_said_of_them(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {path: entry for path, entry in IMAGE.items() if "cloud" not in path})
    assert set(found(root)) == ROWS


def test_what_keeps_name_and_hosts_is_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**IMAGE, **ON})
    report = run(root, select=["image-identity"])
    name, hosts = [report[f"image-identity[{path}]@boot"] for path in ("/etc/hostname", "/etc/hosts")]
    assert name.message.startswith("/etc/hostname: node7, and the next boot has the name of the instance")
    assert "its lines of api.example" in hosts.message
    assert (f"{CFG_DIR}/90.cfg", "line 1", "manage_etc_hosts: true") in [item[:3] for item in hosts.evidence]
    assert name.fix is not None
    assert hosts.fix is not None
    write_tree(root, {f"{CFG_DIR}/95.cfg": "preserve_hostname: true\nmanage_etc_hosts: false\n"})  # both fixes
    assert of_cloud(root) == ("pass", "pass")


def test_a_configuration_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, IMAGE))
    run(recording, select=["image-identity"], phase="image")
    data = recording.to_data()
    for answer in data["answers"]:
        if answer["question"][:2] == ["read", CFG]:
            answer["answer"] = {"Denied": [CFG, "permission denied", 13]}
    report = run(replay(data), select=["image-identity"], phase="image")
    by_subject = {str(one.subject): one.status.value for one in report}
    assert (by_subject["/etc/hostname"], by_subject["/etc/hosts"], by_subject[SSH]) == ("unknown", "unknown", "pass")


@pytest.mark.parametrize("what", [CFG, CFG_DIR, TEMPLATE, "/etc/hostname", "/etc/hosts", "cloud-init.target.wants"])
def test_each_source_of_cloud_init_counts(tmp_path: Path, what: str) -> None:
    kept: dict[str, Entry] = {f"{CFG_DIR}/90.cfg": "manage_etc_hosts: true\npreserve_hostname: true\n"}
    root = write_tree(tmp_path, {**IMAGE, **kept, TEMPLATE: "192.0.2.1 api.example api\n"})
    before = run(root, select=["image-identity"], phase="image").results
    target = root / what[1:] if what[0] == "/" else root / "usr/lib/systemd/system" / what
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    after = run(root, select=["image-identity"], phase="image").results
    assert [(one.id, one.status, one.actual, one.evidence) for one in before] != [
        (one.id, one.status, one.actual, one.evidence) for one in after
    ]


def test_what_is_asked_of_cloud_init_is_declared(tmp_path: Path) -> None:
    assert_declared(image_identity, write_tree(tmp_path, {**IMAGE, **ON}), phase="image")
