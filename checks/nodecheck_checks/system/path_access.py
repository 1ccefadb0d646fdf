"""Who may pass the directories on the way to the data of kubelet, runtimes and etcd."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.checking import Evidence, Lazy, Outcome, Per, Results, check, seen, skip, unknown
from nodecheck.facts import BootDirectories, KubeletConfig, RunningDirectories, Target
from nodecheck.facts.acts.tmpfiles_modes import TmpfilesMode
from nodecheck.facts.files.directory_modes import DirectoryMode
from nodecheck.fix import Fix, by_hand, command, edit
from nodecheck.requirements.table import Row, Table, verdict
from nodecheck_checks.system.data_paths import AND_ETCD, row_of, with_etcd
from nodecheck_checks.system.disk_free import spelled, verify_path

ITSELF, PARENTS = "x for all on it and on all above it", "x for all on all above it"
_SERVICES = "services and pods that do not run as root cannot reach what is theirs"

PATHS = Table(
    *[
        row._replace(
            wanted=ITSELF if row.name == "/var/lib/k0s" else PARENTS,
            reason="k0s runs etcd and the API server as users of their own"
            if row.name == "/var/lib/k0s"
            else _SERVICES,
            source="replicatedhq/embedded-cluster pkg-new/preflights/specs/host-preflight-common.yaml",
        )
        for row in AND_ETCD
    ]
)
"""Which directories everybody must be able to pass."""


def judged(row: Row, asked: list[DirectoryMode], given: dict[str, TmpfilesMode], unseen: str | None) -> Outcome:
    """By the first directory that not everybody may pass."""
    shut, evidence = next((one for one in asked if not one.passable), None), _seen(asked, given)
    row = row._replace(wanted="x for all")
    if shut is not None:
        mode = f"{shut.mode:04o}"
        message = f"{shut.path}, on the way to {row.name}, has mode {mode}: {row.reason}"
        return verdict(False, "", row, f"{shut.path} {mode}", evidence, _opened(shut, given.get(shut.path)), message)
    if unseen is not None:
        message = f"part of the way to {row.name} is on {unseen}, which may not answer, and was not looked at"
        return unknown(message, subject=row.name, code="unsupported", evidence=evidence)
    return verdict(True, f"everybody may pass the directories to {row.name}", row, "x for all", evidence)


def _opened(shut: DirectoryMode, line: TmpfilesMode | None) -> Fix:
    """chmod; where a line of tmpfiles.d gives the mode at each boot, that line."""
    title, mode = f"Let everybody pass {shut.path}", f"{shut.mode | 0o111:04o}"
    if line is None:
        return Fix(title, (command("chmod", "a+x", shut.path),))
    digits = line.text.split(None, 3)[2]
    if line.source.startswith("/etc/") and line.text.count(digits) == 1:
        return Fix(title, (edit(line.source, line.text, line.text.replace(digits, mode)),))
    return by_hand(title, f"have {line.source} give it the mode {mode}: a file of that name in /etc/tmpfiles.d counts")


def of_row(row: Row, path: str, directories: Iterable[DirectoryMode]) -> list[DirectoryMode]:
    """The directories that are asked about: the path itself only where its row says so."""
    return [one for one in directories if row.wanted == ITSELF or one.path != path]


def _seen(directories: list[DirectoryMode], given: dict[str, TmpfilesMode]) -> list[Evidence]:
    return [
        seen(given[one.path].source, given[one.path].text, line=given[one.path].line)
        if one.path in given
        else seen(one.path, f"mode {one.mode:04o}")
        for one in directories
    ]


@check(
    tags=["storage", "runtime", "kubelet"],
    topic="system",
    each="require",
    otherwise=with_etcd,
    spell=spelled,
    verify={"require": verify_path},
    rows=PATHS,
)
def path_access(
    subject: str,
    running: Per[RunningDirectories],
    kubelet: Lazy[KubeletConfig],
    target: Lazy[Target],
    named: bool = False,
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """Everybody may pass the directories above the data of kubelet, runtimes and etcd.

    ## Why it matters
    A hardened node whose `/var` or `/var/lib` has mode 0700 looks fine to root. Components that run as users of their
    own cannot reach what is theirs: etcd and the API server of k0s, and pods whose users are mapped.

    ## What it looks at
    Now: the mode of each directory above the path, links followed; each must have `x` for others. The path itself may
    be closed, as the kubelet closes its own, except for `/var/lib/k0s`. Where a directory lies on a file system that
    may not answer, as NFS, the result is `unknown`.

    Boot: the same modes, and what systemd-tmpfiles makes of them: the lines of tmpfiles.d, whose own `var.conf` opens
    `/var` and `/var/lib` at each boot. The top directory of `--root` is not looked at, because it is this machine's.

    `require` lists other paths.

    ## How to fix it
    `chmod a+x` for each directory that is named; where tmpfiles.d gives the mode, change that line.

    ## Sources
    path_resolution(7), tmpfiles.d(5); systemd src/tmpfiles/tmpfiles.c;
    replicatedhq/embedded-cluster pkg-new/preflights/specs/host-preflight-common.yaml.
    """
    row, modes = row_of(PATHS, subject, kubelet, target(), named), running.modes
    yield judged(row, of_row(row, modes.path, modes.directories), {}, modes.unseen)


@path_access.at_boot
def path_access_boot(
    subject: str,
    modes: Per[BootDirectories],
    kubelet: Lazy[KubeletConfig],
    target: Lazy[Target],
    named: bool = False,
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """The next boot leaves them so."""
    row = row_of(PATHS, subject, kubelet, target(), named)
    asked, given = of_row(row, modes.path, modes.directories), dict(modes.lines)
    if modes.unseen is None and not asked:
        message = f"no directory on the way to {subject} is in this root"
        yield skip(message, subject=subject, code="not-found", evidence=[seen(modes.path)])
        return
    yield judged(row, asked, given, modes.unseen)
