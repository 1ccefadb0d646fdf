"""What a check reads, by what its facts declare: always, sometimes, and not told."""

from __future__ import annotations

from nodecheck.checking import Lazy, Results, check, ok
from nodecheck.checking.reads import facts_of, reads_of
from nodecheck.host import Host
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.record import NamedTuple


class Below(NamedTuple):
    """What another fact is made of."""

    @classmethod
    def reads(cls) -> Sources:
        return (File("/below"), File("/both"))

    @classmethod
    def read(cls, host: Host) -> Below:
        return cls()


class Above(NamedTuple):
    """Made of another fact."""

    @classmethod
    def reads(cls) -> Sources:
        return (Exists("/both"),)

    @classmethod
    def read(cls, host: Host, below: Below) -> Above:
        return cls()


class Silent(NamedTuple):
    """Of a plugin that reads it by a function, and declares nothing."""


def read_silent(host: Host, above: Lazy[Above]) -> Silent:
    return Silent()


@check()
def strict(above: Above, *, wanted: str = "x") -> Results:
    """Needs both facts."""
    yield ok("x")


@check(each="names")
def at_times(subject: str, above: Lazy[Above]) -> Results:
    """Needs them only where it asks."""
    yield ok("x")


@check()
def by_plugin(silent: Silent, below: Lazy[Below]) -> Results:
    """Needs what a plugin reads."""
    yield ok("x")


@by_plugin.at_boot
def _(below: Below) -> Results:
    yield ok("x")


def test_facts_and_what_they_are_made_of() -> None:
    assert facts_of(strict, {}) == {Above: False, Below: False}
    assert facts_of(at_times, {}) == {Above: True, Below: True}


def test_sources_of_equal_paths_stay_apart() -> None:
    reads = reads_of(strict, {})

    assert [(type(source), source.path) for source in reads.always if isinstance(source, (File, Exists))] == [
        (Exists, "/both"), (File, "/below"), (File, "/both"),
    ]  # fmt: skip
    assert (reads.sometimes, reads.silent) == ((), ())


def test_what_only_a_call_reads() -> None:
    assert (reads_of(at_times, {}).always, len(reads_of(at_times, {}).sometimes)) == ((), 3)


def test_a_plugin_s_reader_and_what_one_view_needs_at_once() -> None:
    reads = reads_of(by_plugin, {Silent: read_silent})

    assert reads.silent == (Silent,)
    assert reads.always == (File("/below"), File("/both"))
    assert [type(source) for source in reads.sometimes] == [Exists]
