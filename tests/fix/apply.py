"""Applies a fix to a tree, for tests that a fix mends what failed: files, and what systemctl does to files."""

from __future__ import annotations

from pathlib import Path

from nodecheck.fix import Command, Create, Edit, Fix

UNITS = "/usr/lib/systemd/system"


def applied(root: Path, fix: Fix | None) -> None:
    """Do the steps; anything that this cannot do is an error of the test."""
    assert fix is not None
    assert fix.safety != "manual", fix
    for step in fix.steps:
        if isinstance(step, Edit):
            path = root / step.path.lstrip("/")
            lines = path.read_text().split("\n")
            assert step.before in lines, (step, lines)
            path.write_text("\n".join(step.after if line == step.before else line for line in lines))
        elif isinstance(step, Create):
            path = root / step.path.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.content)
            path.chmod(int(step.mode, 8))
        elif isinstance(step, Command):
            _run(root, step.argv)


def _run(root: Path, argv: tuple[str, ...]) -> None:
    program, verb, *words = argv
    assert program == "systemctl", argv
    etc = root / "etc/systemd/system"
    for unit in (word for word in words if word != "--"):
        if verb in ("disable", "unmask"):
            for link in [*etc.glob("*.wants/*"), *etc.glob("*.requires/*"), etc / unit]:
                if link.is_symlink() and link.name == unit:
                    link.unlink()
        elif verb == "mask":
            etc.mkdir(parents=True, exist_ok=True)
            (etc / unit).symlink_to("/dev/null")
        elif verb == "enable":
            (etc / "multi-user.target.wants").mkdir(parents=True, exist_ok=True)
            (etc / "multi-user.target.wants" / unit).symlink_to(f"{UNITS}/{unit}")
        else:
            raise AssertionError(argv)
