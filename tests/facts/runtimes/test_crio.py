"""CRI-O's cgroup manager by its releases."""

from __future__ import annotations

import pytest

from nodecheck.facts.runtimes.crio import CONFIG, Crio, Value


def value(text: str | None) -> Value | None:
    return None if text is None else Value(text, CONFIG, 1, text)


@pytest.mark.parametrize(
    ("release", "manager", "conmon", "starts"),
    [
        ((1, 17), "cgroupfs", None, True),
        ((1, 20), "cgroupfs", None, False),
        ((1, 32), "cgroupfs", "system.slice", False),
        ((1, 33), "cgroupfs", "system.slice", True),
        ((1, 33), "cgroupfs", "x.slice", False),
        ((1, 20), "cgroupfs", "pod", True),
        # No release that starts with this uses systemd.
        (None, "cgroupfs", None, True),
        (None, "cgroupfs", "", True),
        # The refusals by their releases
        ((1, 18, 4), "cgroupfs", "system.slice", True),
        ((1, 19, 0), "cgroupfs", None, False),
        ((1, 22, 5), "systemd", "", False),
        ((1, 23, 5), "systemd", "", False),
        ((1, 24, 0), "systemd", "", True),
        ((1, 22, 5), "cgroupfs", "", False),
        ((1, 24, 0), "cgroupfs", "", False),
        ((1, 33, 0), "cgroupfs", "", True),
        ((1, 22, 5), None, None, True),
        (None, "systemd", "", False),
        (None, "systemd", "pod", True),
        (None, "systemd", "x.slice", True),
        (None, "systemd", "x", False),
        (None, None, None, True),
        (None, "Systemd", None, False),
    ],
)
def test_what_starts(release: tuple[int, ...] | None, manager: str | None, conmon: str | None, starts: bool) -> None:
    refused = Crio(CONFIG, value(manager), value(conmon)).refusal(release)

    assert (refused is None) is starts


@pytest.mark.parametrize(("release", "wanted"), [((1, 17), "cgroupfs"), ((1, 18), "systemd"), (None, "systemd")])
def test_default(release: tuple[int, ...] | None, wanted: str) -> None:
    assert Crio().default(release) == wanted
