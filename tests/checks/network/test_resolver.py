"""The node's own name by systemd-resolved's stub: the given case, other forms and look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck

Tree = Callable[[dict[str, "str | bytes"]], Path]

NAME = "ip-10-0-1-23"
STUB = "../run/systemd/resolve/stub-resolv.conf"
UNIT = "/usr/lib/systemd/system/systemd-resolved.service"
SERVICE = "[Service]\nExecStart=/usr/lib/systemd/systemd-resolved\n"
MASK = "/etc/systemd/system/systemd-resolved.service"
ORDER, CONF = "/etc/nsswitch.conf", "/etc/systemd/resolved.conf"


def judged(tree: Tree, files: dict[str, str], link: str | None = None, mask: bool = False) -> nodecheck.Result:
    root = tree({
        "/etc/hostname": f"{NAME}\n",
        "/proc/sys/kernel/hostname": f"{NAME}\n",
        "/etc/hosts": "127.0.0.1 localhost\n",
        "/etc/nsswitch.conf": "hosts: files dns\n",
        **files,
    })  # fmt: skip
    if link is not None:
        (root / "etc/resolv.conf").symlink_to(link)
    if mask:
        (root / MASK[1:]).parent.mkdir(parents=True)
        (root / MASK[1:]).symlink_to("/dev/null")
    return nodecheck.run(root=root, select=["hosts"])[f"hosts[{NAME}]"]


RESOLV = {"/etc/resolv.conf": "nameserver 127.0.0.53\noptions edns0\n"}


@pytest.mark.parametrize(
    ("files", "link", "status"),
    [
        # systemd#17193: Ubuntu's cloud images
        ({UNIT: SERVICE, "/run/systemd/resolve/stub-resolv.conf": "nameserver 127.0.0.53\n"}, STUB, "pass"),
        ({UNIT: SERVICE}, STUB, "pass"),  # an image, whose /run is empty
        ({UNIT: SERVICE, **RESOLV}, None, "pass"),
        ({**RESOLV}, None, "pass"),  # a part of a root
        ({UNIT: SERVICE, **RESOLV, ORDER: "hosts: files mdns4_minimal [NOTFOUND=return] dns\n"}, None, "pass"),
        # Look-alikes: other servers, the address that only passes questions on, no stub, nobody asks it, no resolved.
        ({UNIT: SERVICE, "/etc/resolv.conf": "nameserver 10.0.0.2\nnameserver 127.0.0.53\n"}, None, "fail"),
        ({UNIT: SERVICE, "/etc/resolv.conf": "nameserver 127.0.0.54\n"}, None, "fail"),
        ({UNIT: SERVICE, "/etc/resolv.conf": "#nameserver 127.0.0.53\n"}, None, "fail"),
        ({UNIT: SERVICE}, "../run/systemd/resolve/resolv.conf", "fail"),
        ({UNIT: SERVICE, **RESOLV, CONF: "[Resolve]\nDNSStubListener=no\n"}, None, "fail"),
        ({UNIT: SERVICE, **RESOLV, f"{CONF}.d/x.conf": "[Resolve]\nDNSStubListener=tcp\n"}, None, "fail"),
        ({UNIT: SERVICE, **RESOLV, "/etc/nsswitch.conf": "hosts: files\n"}, None, "fail"),
        ({UNIT: SERVICE, **RESOLV, "/etc/nsswitch.conf": "hosts: files [NOTFOUND=return] dns\n"}, None, "fail"),
        ({UNIT: SERVICE}, None, "fail"),
    ],
)  # fmt: skip
def test_the_own_name_by_the_stub(tree: Tree, files: dict[str, str], link: str | None, status: str) -> None:
    found = judged(tree, files, link)

    assert found.status == status
    assert status == "fail" or found.actual == "systemd-resolved"


def test_a_resolved_that_is_masked(tree: Tree) -> None:
    assert judged(tree, {UNIT: SERVICE, **RESOLV}, mask=True).status == "fail"


def test_the_evidence_is_where_resolv_conf_leads(tree: Tree) -> None:
    found = judged(tree, {UNIT: SERVICE}, STUB)

    assert ("/etc/resolv.conf", f"a link to {STUB}") in {(item.source, item.value) for item in found.evidence}
