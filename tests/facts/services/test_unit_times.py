"""When units were started, as systemd tells it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nodecheck.errors import Absent, FactError, Offline, ParseError, Unsupported
from nodecheck.facts.services.unit_times import PROPERTIES, UnitTimes, parse_unit_times, unit_times
from nodecheck.host import Completed, LiveHost, RootHost

SHOWN = (
    "InactiveExitTimestampMonotonic=5000001\nActiveEnterTimestampMonotonic=5123456\nActiveExitTimestampMonotonic=0\n"
    "InactiveEnterTimestampMonotonic=0\nExecMainStartTimestampMonotonic=5000009\n"
)
"""What systemd 252 shows of a service that runs."""


class Answering(RootHost):
    """A host whose systemctl answers as given, and that remembers how it was asked."""

    def __init__(self, root: Path, answer: Completed | FactError) -> None:
        super().__init__(str(root))
        self._answer = answer
        self.asked: list[tuple[str, ...]] = []

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        self.asked.append(argv)
        if isinstance(self._answer, FactError):
            raise self._answer
        return self._answer


def test_what_systemd_shows(tmp_path: Path) -> None:
    host = Answering(tmp_path, Completed(("systemctl",), 0, SHOWN, ""))
    assert unit_times(host, "-.mount") == UnitTimes(5_000_001, 5_123_456, None, None, 5_000_009)
    (argv,) = host.asked
    assert argv[:2] == ("systemctl", "show")
    assert argv[-2:] == ("--", "-.mount")
    assert set(PROPERTIES) <= set(argv)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Absent("systemctl"), Unsupported),
        (Completed(("systemctl",), 1, "", "System has not been booted with systemd as init system\n"), Unsupported),
        (Completed(("systemctl",), 1, "", "Failed to connect to bus: Permission denied\n"), FactError),
        (Completed(("systemctl",), 0, "ActiveEnterTimestampMonotonic=soon\n", ""), ParseError),
    ],
)
def test_what_cannot_be_told(tmp_path: Path, answer: Completed | FactError, kind: type[FactError]) -> None:
    with pytest.raises(kind) as caught:
        unit_times(Answering(tmp_path, answer), "x.service")
    assert type(caught.value) is kind


def test_a_root_does_not_tell(tmp_path: Path) -> None:
    with pytest.raises(Offline):
        unit_times(RootHost(str(tmp_path)), "x.service")


def test_a_unit_without_times() -> None:
    assert parse_unit_times("".join(f"{name}=0\n" for name in PROPERTIES)) == UnitTimes()


@pytest.mark.skipif(not os.path.isdir("/run/systemd/system"), reason="systemd does not run here")
def test_a_real_systemd() -> None:
    found = unit_times(LiveHost(), "sysinit.target")
    assert found.active_us is not None
    assert 0 < found.active_us <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert unit_times(LiveHost(), "there-is-no-such-unit.service") == UnitTimes()
