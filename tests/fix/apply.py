"""Applies a fix to a tree, for tests that a fix mends what failed: files, and what systemctl does to files."""

from __future__ import annotations

from pathlib import Path

from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step

UNITS = "/usr/lib/systemd/system"


def applied(root: Path, fix: Fix | None) -> None:
    """Do the steps; anything that this cannot do is an error of the test."""
    assert fix is not None
    assert fix.safety != "manual", fix
    for step in fix.steps:
        if isinstance(step, Command):
            _run(root, step.argv)
        elif not isinstance(step, Manual):  # beside an edit it tells what else there is to do
            write(root, step)


def write(root: Path, step: Step) -> None:
    """Do a step that edits or writes a file, as a plan's script does: every equal line; nothing over something else."""
    assert isinstance(step, (Create, Edit)), step
    path = root / step.path.lstrip("/")
    if isinstance(step, Edit):
        lines = path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
        assert step.before in lines, (step, lines)
        text = "\n".join(step.after if line == step.before else line for line in lines)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    assert not path.exists() or path.read_bytes().strip() in (b"", step.content.strip().encode()), step
    path.write_text(step.content)
    path.chmod(int(step.mode, 8))


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
