"""Names of units: what they stand for, and where systemd looks for their drop-ins."""

from __future__ import annotations

import pytest

from nodecheck.facts.services.unit_names import (
    device_node,
    dropin_dirs,
    normal_path,
    path_of_unit,
    template_of,
    unit_of_path,
)


@pytest.mark.parametrize(
    ("name", "dirs"),
    [
        ("a.service", "a.service.d"),
        ("a-b-c.service", "a-b-c.service.d a-b-.service.d a-.service.d"),
        ("a--b.service", "a--b.service.d a--.service.d a-.service.d"),
        ("a---.service", "a---.service.d a--.service.d a-.service.d"),
        ("-a-.service", "-a-.service.d"),
        ("a-b@.service", "a-b@.service.d a-.service.d"),
        ("a@x-y.service", "a@x-y.service.d a@.service.d"),
        (
            "a-b-c@x.service",
            "a-b-c@x.service.d a-b-c@.service.d a-b-.service.d a-.service.d "
            "a-b-@x.service.d a-b-@.service.d a-@x.service.d a-@.service.d",
        ),
    ],
)
def test_directories_of_drop_ins(name: str, dirs: str) -> None:
    """As ``unit_file_find_dirs`` of systemd's src/shared/dropin.c goes through them."""
    assert list(dropin_dirs(name)) == dirs.split(" ")


@pytest.mark.parametrize(
    ("name", "template"),
    [("a@x.service", "a@.service"), ("a@x.y.mount", "a@.mount"), ("a@.service", None), ("a@x", None), ("a", None)],
)
def test_templates(name: str, template: str | None) -> None:
    assert template_of(name) == template


@pytest.mark.parametrize("name", ["a\\x2.swap", "a\\xg0.swap", "a\\x.swap", "a\\x-1.swap"])
def test_a_broken_escape_is_no_path(name: str) -> None:
    assert path_of_unit(name) is None


def test_a_path_with_a_nul_has_no_unit() -> None:
    assert unit_of_path("/dev/sd\0a", ".swap") is None


@pytest.mark.parametrize(
    ("spec", "node"),
    [
        ("LABEL=swap", "by-label/swap"),
        ("LABEL='a'", "by-label/a"),
        ("LABEL=''", "by-label/"),
        ("LABEL='a", "by-label/\\x27a"),
        ("LABEL=aa", "by-label/aa"),
        ("LABEL='", "by-label/\\x27"),
        ("LABEL=é/\udcff", "by-label/é\\x2f\\xff"),
        ("PARTUUID=1-2", "by-partuuid/1-2"),
    ],
)
def test_device_nodes(spec: str, node: str) -> None:
    assert device_node(spec) == f"/dev/disk/{node}"


def test_normal_paths() -> None:
    assert [normal_path(path) for path in ("//a/./b/", "a//b", "/")] == ["/a/b", "a//b", "/"]
