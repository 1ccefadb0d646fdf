"""Sources as people read them: short, without repetition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nodecheck.model.sources import Call, Dir, Each, Exists, File, Named, Netlink, Program, Tree, UnitText
from nodecheck.render.sources import folded, source_lines

NAMES = st.text("abc.*", min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


def unfolded(text: str) -> list[str]:
    """As a shell expands braces."""
    head, brace, rest = text.partition("{")
    if not brace:
        return [text]
    inner, _, tail = rest.partition("}")
    return [f"{head}{part}{end}" for part in inner.split(",") for end in unfolded(tail)]


@given(st.lists(PATHS, unique=True, max_size=12))
def test_a_shell_unfolds_what_was_folded(paths: list[str]) -> None:
    assert sorted(path for text in folded(paths) for path in unfolded(text)) == sorted(paths)


def test_one_line_for_each_kind() -> None:
    sources = (
        File("/etc/a"), Tree("/etc/x.d", "*.conf"), Tree("/run/x.d", "*.conf"), UnitText("*.service"),
        UnitText("kubelet.service"), Named("b of /etc/a"), Named("a of /etc/a"), Dir("/lib/x"), Dir("/usr/lib/x"),
        Exists("/etc/a"), Exists("/etc/b"), Each(str, "x", (Exists("{}/sh"), Exists("{}"))), Call("clock"),
        Netlink("links"), Program(("crio", "--version")),
    )  # fmt: skip

    assert list(source_lines(sources)) == [
        "- Files: `/etc/a`, `/{etc,run}/x.d/*.conf`",
        "- Units of systemd with their drop-ins: `*.service`",
        "- Files that are named by: a of /etc/a; b of /etc/a",
        "- Names in directories: `/usr/lib/x`",
        "- Whether there is: `/etc/b`, `…/sh`",
        "- The kernel by: `adjtimex(2)`, `netlink links`",
        "- Commands: `crio --version`",
    ]


def test_nothing_is_said_of_nothing() -> None:
    assert list(source_lines(())) == []
