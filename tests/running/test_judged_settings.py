"""What a fact declares that it judges is never masked: verdicts are equal with and without the filter of secrets."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

import nodecheck
import nodecheck_checks
from nodecheck.facts import (
    BootSysctls,
    BootUnits,
    Containerd,
    Crio,
    Docker,
    Fstab,
    HostsOrder,
    KubeletConfig,
    RunningSysctls,
    SelinuxConfig,
    SwapOptions,
)
from nodecheck.host import record
from nodecheck.model import secret_keys, secrets
from nodecheck.model.secrets import masked
from nodecheck.model.sources import JudgedSetting, judged_settings
from nodecheck.running import finish
from nodecheck.testing import write_tree
from tests.facts.test_sources import all_facts
from tests.nodes import debian_node, rocky_node

SECRET = "aSecretWord"
RUNC = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc"
DOCKER = "[Service]\nExecStart=/usr/bin/dockerd\n"
PROFILE = """schema = "nodecheck.profile/1"
name = "asks"
extends = "kubernetes"
[check.sysctl]
require = { "net.ipv6.conf.all.stable_secret" = "::2", "net.ipv4.ip_forward" = "1" }
"""


def kubelet(setting: JudgedSetting, value: str) -> dict[str, str]:
    flag = "-" in setting.name
    key = "" if flag else f"{setting.name}: {value}\n"
    return {
        "etc/default/kubelet": f"KUBELET_EXTRA_ARGS={f'--{setting.name}={value}' if flag else '--v=2'}\n",
        "var/lib/kubelet/config.yaml": f"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n{key}",
    }


def docker(setting: JudgedSetting, value: str) -> dict[str, str]:
    inner = f'"exec-opts": ["{setting.name}={value}"]' if "." in setting.name else f'"{setting.name}": {value}'
    return {
        "usr/bin/dockerd": "",
        "etc/systemd/system/docker.service": DOCKER,
        "etc/docker/daemon.json": f"{{{inner}}}\n",
        "var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint='
        'unix:///run/cri-dockerd.sock"\n',
    }


def cmdline(setting: JudgedSetting, value: str) -> dict[str, str]:
    line = f"root=UUID=x ro {setting.name}={value} quiet"
    kernel = "6.12.43+deb13-amd64"
    return {
        "proc/cmdline": f"BOOT_IMAGE=/boot/vmlinuz-{kernel} {line}\n",
        "boot/grub/grub.cfg": f"set default=\"0\"\nmenuentry 'x' {{\n\tlinux\t/boot/vmlinuz-{kernel} {line}\n}}\n",
    }


def boot_sysctls(setting: JudgedSetting, value: str) -> dict[str, str]:
    if "credential" in setting.name:
        return cmdline(setting, value)
    return {"etc/sysctl.d/k8s.conf": f"{setting.name.replace('*', 'all')} = {value}\n"}


def running_sysctls(setting: JudgedSetting, value: str) -> dict[str, str]:
    return {f"proc/sys/{setting.name.replace('*', 'all').replace('.', '/')}": f"{value}\n"}


def containerd(setting: JudgedSetting, value: str) -> dict[str, str]:
    older = f"version = 1\n[plugins.cri]\nsystemd_cgroup = {value}\n"
    newer = (
        f"version = 3\n[{RUNC}]\nruntime_type = 'io.containerd.runc.v2'\n[{RUNC}.options]\nSystemdCgroup = {value}\n"
    )
    return {"etc/containerd/config.toml": older if setting.name == "systemd_cgroup" else newer}


def fstab(setting: JudgedSetting, value: str) -> dict[str, str]:
    fields = {"fs_vfstype": "swap", "fs_mntops": "defaults", "fs_freq": "0", "fs_passno": "0", setting.name: value}
    return {"etc/fstab": "/dev/sda2 none " + " ".join(fields.values()) + "\n"}


PLACES: Mapping[type, Callable[[JudgedSetting, str], dict[str, str]]] = {
    BootSysctls: boot_sysctls,
    BootUnits: cmdline,
    Containerd: containerd,
    Crio: lambda setting, value: {"etc/crio/crio.conf": f'[crio.runtime]\n{setting.name} = "{value}"\n'},
    Docker: docker,
    Fstab: fstab,
    HostsOrder: lambda setting, value: {"etc/nsswitch.conf": f"passwd: files\n{setting.name}: {value}\n"},
    KubeletConfig: kubelet,
    RunningSysctls: running_sysctls,
    SelinuxConfig: lambda setting, value: {"etc/selinux/config": f"{setting.name}={value}\nSELINUXTYPE=targeted\n"},
    SwapOptions: cmdline,
}
"""How each fact's settings are written, one at a time, into a node's files."""


def judging() -> dict[type, tuple[JudgedSetting, ...]]:
    return {fact: found for fact in all_facts() if (found := judged_settings(fact))}


class Case(NamedTuple):
    """A setting, and a value of it."""

    fact: type
    setting: JudgedSetting
    value: str

    @property
    def files(self) -> dict[str, str]:
        return PLACES[self.fact](self.setting, self.value)


CASES = tuple([Case(fact, one, value) for fact, found in judging().items() for one in found for value in one.values])


def test_each_fact_that_judges_has_its_place() -> None:
    assert set(PLACES) == set(judging())
    assert len(CASES) > 400


def test_the_filters_list_is_that_of_the_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {setting.name for found in judging().values() for setting in found}
    monkeypatch.setattr(secret_keys, "JUDGED", ())

    sounding = {re.split("[./]", name)[-1] for name in names if secret_keys.is_secret_key(name.replace("*", "all"))}
    monkeypatch.undo()

    assert sounding == set(secret_keys.JUDGED)


@pytest.mark.parametrize("fact", PLACES, ids=lambda fact: str(fact.__name__))
def test_no_file_with_a_judged_setting_is_masked(fact: type) -> None:
    """In each form in which a setting can stand: its file, a word of a command, JSON, a message that quotes it."""
    for case in CASES:
        if case.fact is not fact:
            continue
        name, value = case.setting.name.replace("*", "all"), case.value
        texts = [*case.files.values(), f"{name}={value}", f"{name} = {value}", f"{name}: {value}", f"--{name} {value}"]
        texts += [f'{{"a": 1, "{name}": "{value}"}}', f"line 3: expected nothing, found '{name}={value}'"]
        assert [text for text in texts if masked(text) != text] == []


@pytest.mark.parametrize("fact", PLACES, ids=lambda fact: str(fact.__name__))
def test_verdicts_are_equal_with_and_without_the_filter(
    fact: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = (rocky_node if fact in (Crio, SelinuxConfig) else debian_node)(tmp_path / "node")
    (tmp_path / "asks.toml").write_text(PROFILE)
    before = {path: (node / path).read_text() for path in _paths(fact) if (node / path).exists()}
    told = set()
    for case in _one_of_each_value(fact):
        write_tree(node, {**before, **case.files})
        filtered = answers(node, tmp_path / "asks.toml")
        with monkeypatch.context() as off:
            _without_filter(off)
            assert answers(node, tmp_path / "asks.toml") == filtered, case
        told.add(filtered)

    assert len(told) > 1  # the node is judged by it


def _paths(fact: type) -> set[str]:
    return {path for case in CASES if case.fact is fact for path in case.files}


def _one_of_each_value(fact: type) -> Iterator[Case]:
    """Every setting of a fact; of a long table each kind of value once, and those that other checks ask for."""
    seen: set[str] = set()
    for case in [case for case in CASES if case.fact is fact]:
        asked = fact not in (Docker, KubeletConfig) or case.setting.name in ASKED
        if asked or case.value not in seen:
            seen.add(case.value)
            yield case


ASKED = (
    "cgroupDriver", "cgroup-driver", "failSwapOn", "fail-swap-on", "hostname-override", "protectKernelDefaults",
    "protect-kernel-defaults", "containerRuntimeEndpoint", "container-runtime-endpoint", "swapBehavior",
    "authorization-mode", "native.cgroupdriver", "iptables", "live-restore",
)  # fmt: skip


def answers(node: Path, profile: Path) -> tuple[object, ...]:
    report = nodecheck.run(root=node, profile=profile)
    return tuple(
        [
            (item.id, item.status, item.message, item.subject, item.expected, item.actual, item.fingerprint, item.fix)
            for item in report.results
        ]
    )


def _without_filter(off: pytest.MonkeyPatch) -> None:
    def same(text: str) -> str:
        return text

    for module in (secrets, finish, record):
        off.setattr(module, "masked", same)


def test_the_filter_is_off_where_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test before means something: a secret in a quoted line makes the two differ."""
    node = debian_node(tmp_path / "node")
    (tmp_path / "asks.toml").write_text(PROFILE)
    write_tree(node, {"etc/fstab": f"/dev/sda2 none swap password={SECRET} 0 0\n"})
    filtered = answers(node, tmp_path / "asks.toml")
    _without_filter(monkeypatch)

    assert SECRET not in str(filtered)
    assert SECRET in str(answers(node, tmp_path / "asks.toml"))


NO_SETTINGS = {
    "passwd": "the file of users",
    "pass": "a status of results",
    "CSINodeExpandSecret": "a feature gate that is judged by its name",
    "credential.secret": "a file of systemd that is there or not",
    "secret": "a kind of volume that is there or not",
    "serviceAccountToken": "the same",
    "password": "a key of containerd's registries: that its value is a string is judged, and a masked one is one too",
    "identitytoken": "the same",
    "storage-driver-password": "a flag of the kubelet that is known and never judged",
}
"""Names in facts and checks that the filter takes for a secret's, and why nothing is judged by them."""


def test_what_facts_and_checks_look_up_by_name_is_not_hidden() -> None:
    """Each word in their code can be a setting's name: one that the filter hides must be declared in ``judges``."""
    found = {}
    for word, place in _words():
        hidden = [f"{word}{mark}{value}" for mark in ("=", ": ", " = ") for value in ("1", "systemd", "/a/b", "on")]
        if re.fullmatch(r"[\w.-]+", word) and any(masked(text) != text for text in hidden):
            found[word] = place

    assert {word: place for word, place in found.items() if word not in NO_SETTINGS} == {}
    assert set(NO_SETTINGS) <= set(found)


def _words() -> Iterator[tuple[str, str]]:
    for folder in (Path(nodecheck.__file__).parent / "facts", Path(nodecheck_checks.__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            tree = ast.parse(path.read_text())
            docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                    for word in re.split(r"[\s=:/,\[\]{}()\"'|]+", node.value):
                        yield word, f"{path.name}:{node.lineno}"
