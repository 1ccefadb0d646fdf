"""dockerd's driver by its releases, and what its file may hold."""

from __future__ import annotations

import pytest

from nodecheck.facts.runtimes.docker import Docker
from nodecheck.facts.runtimes.docker_files import DockerSettings
from nodecheck.facts.runtimes.docker_options import KINDS, DriverOption, conflicts, mistakes

TWO = tuple(DriverOption(value, "/etc/docker/daemon.json", 1, value) for value in ("systemd", "cgroupfs"))


@pytest.mark.parametrize(
    ("release", "unified", "systemd", "driver"),
    [
        ((18, 6, 3), True, True, "cgroupfs"),
        ((20, 10), True, True, "systemd"),
        ((20, 10), True, False, "cgroupfs"),
        ((20, 10), False, True, "cgroupfs"),
        (None, True, True, "systemd"),
        (None, None, True, None),
        ((19, 3), None, True, "cgroupfs"),
    ],
)
def test_default(release: tuple[int, ...] | None, unified: bool | None, systemd: bool, driver: str | None) -> None:
    assert Docker().driver(release, unified, systemd)[0] == driver


@pytest.mark.parametrize(("release", "driver"), [((27, 5), "systemd"), ((28, 0), "cgroupfs"), (None, None)])
def test_of_two_options_old_releases_take_the_first(release: tuple[int, ...] | None, driver: str | None) -> None:
    assert Docker(options=TWO).driver(release, True, True)[0] == driver


def test_every_option_with_a_right_value_is_accepted() -> None:
    values = {
        "true or false": True,
        "a number": 1,
        "a string": "x",
        "a list of strings": ["x"],
        "an object of strings": {"a": "b"},
        "an object": {},
        "": 0,
    }

    assert list(mistakes({name: values[kind] for name, kind in KINDS.items()})) == []
    assert list(mistakes(dict.fromkeys(KINDS))) == []


@pytest.mark.parametrize(
    ("config", "key"),
    [({"debg": True}, "debg"), ({"mtu": 1.5}, "mtu"), ({"debug": 1}, "debug"), ({"x": {"y": 1}}, "y")],
)
def test_mistakes(config: dict[str, object], key: str) -> None:
    assert [name for name, _ in mistakes(config)] == [key]


def test_conflicts_are_by_the_name_in_the_file() -> None:
    config = {"hosts": [], "debug": True, "runtimes": {}, "proxies": {"no-proxy": "x"}}

    assert conflicts(iter(("host", "add-runtime", "no-proxy", "mtu")), config) == ("hosts", "no-proxy")


def test_what_the_files_give_is_in_the_order_of_the_fact() -> None:
    assert Docker._fields[1:] == DockerSettings._fields
