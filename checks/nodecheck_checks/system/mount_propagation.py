"""Whether mounts reach containers, and theirs the node."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.facts import SharedAtBoot, SharedMounts
from nodecheck.facts.files.fstab import FSTAB, with_options
from nodecheck.facts.files.path_mount import PathMount
from nodecheck.facts.services.path_at_boot import PathAtBoot
from nodecheck.fix import Fix, by_hand, command, edit
from nodecheck_checks.system.data_paths import not_the_nodes

_EXPECTED = "shared"
_KEEPS = ("private", "rprivate", "slave", "rslave", "unbindable", "runbindable")
_SHARES = ("shared", "rshared")
"""Options of mount(8) that set how a mount propagates; of several the last counts."""


@check(severity=Severity.ERROR, tags=["storage", "runtime", "kubelet"], topic="system", by_host=True)
def mount_propagation(mounts: SharedMounts) -> Results:
    """The root and the kubelet's folder are shared mounts, so that containers can hand mounts to the node.

    ## Why it matters
    A pod of a storage driver mounts volumes for others (`mountPropagation: Bidirectional`), and pods of networks mount
    bpf. On a private mount the runtime refuses to start them: "is mounted on / but it is not a shared mount".

    ## What it looks at
    Now: whether the mounts of `/` and of the kubelet's folder have a `shared:` tag in `/proc/1/mountinfo`. Who may not
    read the first process's table gets `unknown`.

    Boot: systemd makes all mounts shared, other init systems do not. An option `private` or `slave` in `/etc/fstab` or
    in a mount unit undoes it. `MountFlags=slave`, `MountFlags=private` and `PrivateMounts=` of kubelet, containerd,
    CRI-O and docker keep what they mount to themselves. So does all that needs such a namespace: `PrivateTmp=`,
    `ProtectSystem=`, `ProtectHome=`, `ReadOnlyPaths=` and their kin, which hardening guides ask for. What an init
    other than systemd leaves is `unknown`.

    ## How to fix it
    `mount --make-rshared /` for now, before kubelet and runtime start. Take the option out of its line. Where systemd
    is not the init, run the same command at each boot, on Alpine in a file of `/etc/local.d`.

    ## Sources
    https://kubernetes.io/docs/concepts/storage/volumes/#mount-propagation
    mount_namespaces(7), mount(8), systemd.exec(5); containerd internal/cri/opts (`ensureShared`);
    systemd src/shared/mount-setup.c (`mount_setup`), src/core/execute.c (`exec_needs_mount_namespace`).
    """
    places = list(dict.fromkeys([mounts.root, mounts.kubelet]))
    evidence = [_tags(place) for place in {place.mount.path: place for place in places}.values()]
    if not mounts.root.is_nodes:
        yield not_the_nodes(None, evidence)
        return
    private = [place.mount.path for place in places if not place.mount.shared]
    if not private:
        yield ok("the root and the kubelet's folder are shared", expected=_EXPECTED, actual="shared", evidence=evidence)
        return
    path = private[0]
    fix = Fix(f"Share {path} and what is below", (command("mount", "--make-rshared", path),))
    message = f"{path} is no shared mount: what containers mount there does not reach the node"
    yield fail(message, expected=_EXPECTED, actual=f"{path} not shared", evidence=evidence, fix=fix)


def _tags(place: PathMount) -> Evidence:
    """Without the numbers of peer groups, which change with each boot."""
    kinds = " ".join([tag.partition(":")[0] for tag in place.mount.tags]) or "private"
    return seen(place.table, f"{place.mount.path} {kinds}")


@mount_propagation.at_boot
def mount_propagation_boot(boot: SharedAtBoot) -> Results:
    """The next boot makes both shared, and nothing takes it back."""
    found = list(_kept(boot))
    if found:
        yield found[0]
    elif not boot.root.etc and not boot.init.present:
        message = "this root holds neither /etc nor an init system"
        yield skip(message, code="not-found", evidence=[seen("/etc"), seen("/usr/lib/systemd/systemd")])
    elif not boot.init.is_systemd:
        message = (
            f"{boot.init.name} boots this node and leaves mounts private; whether a script shares them is not known"
        )
        yield unknown(message, code="unsupported", expected=_EXPECTED, evidence=[seen("init", boot.init.name)])
    else:
        evidence = [seen("init", "systemd"), *_lines(boot.root), *_lines(boot.kubelet)]
        yield ok("systemd makes all mounts shared", expected=_EXPECTED, actual="shared", evidence=evidence)


def _lines(place: PathAtBoot) -> list[Evidence]:
    return [seen(mount.source, mount.text, line=mount.line) for mount in place.mounts[:1]] or [
        seen(FSTAB, locator=place.path)
    ]


def _kept(boot: SharedAtBoot) -> Iterator[Outcome]:
    """What undoes it: an option of a mount, and a service with mounts of its own."""
    for place in (boot.root, boot.kubelet):
        for mount in place.mounts[:1]:
            words = [word for word in mount.options.split(",") if word in (*_KEEPS, *_SHARES)]
            if words and words[-1] in _KEEPS:
                text = f"take {words[-1]} out of the options in {mount.source}"
                fix = by_hand(f"Share {mount.path}", text)
                if mount.source == FSTAB:
                    after = with_options(mount.text, _without_propagation)
                    fix = Fix(f"Share {mount.path}", (edit(FSTAB, mount.text, after),), reboot=True)
                evidence = [seen(mount.source, mount.text, line=mount.line)]
                yield _failed(f"{mount.path} is mounted {words[-1]} at boot", words[-1], evidence, fix)
    for unit, item in boot.apart:
        text = f"{item.key}={item.value}"
        fix = by_hand(
            f"Let {unit} share its mounts", f"a drop-in with {item.key}= of {unit}, as systemctl edit makes one"
        )
        message = f"{unit} has {text}: what it mounts does not reach the node"
        yield _failed(message, text, [seen(item.path, text, line=item.line)], fix)


def _without_propagation(options: str) -> str:
    return ",".join([word for word in options.split(",") if word not in _KEEPS]) or "defaults"


def _failed(message: str, actual: str, evidence: list[Evidence], fix: Fix) -> Outcome:
    return fail(message, expected=_EXPECTED, actual=actual, evidence=evidence, fix=fix)
