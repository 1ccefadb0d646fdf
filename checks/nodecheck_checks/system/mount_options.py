"""The options with which the file systems of kubelet, images and etcd are mounted."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.checking import Evidence, Lazy, Outcome, Per, Results, Severity, check, seen, skip, unknown
from nodecheck.facts import KubeletConfig, PathAtBoot, PathMount, Target
from nodecheck.facts.files.fstab import FSTAB, with_options
from nodecheck.facts.services.path_at_boot import CONTRARY, PlannedMount, without_flags
from nodecheck.facts.services.unit_names import unit_of_path
from nodecheck.fix import Fix, by_hand, command, create, edit
from nodecheck.requirements.table import PROFILE, Row, Table, verdict
from nodecheck_checks.system.data_paths import AND_ETCD, ETCD, not_the_nodes, row_of, with_etcd
from nodecheck_checks.system.disk_free import spelled, verify_path

OPTIONS = Table(
    Row("ro", "rw", "nothing can be written there", "mount(8)"),
    Row(
        "noexec",
        "exec",
        "volumes that lie there take the option along, and their programs do not run",
        "k3s-io/k3s#7372, kubevirt/kubevirt#8639, longhorn/longhorn-manager#2893",
    ),
    Row(
        "nodev",
        "dev",
        "volumes that lie there take the option along, and their device files do not open",
        "moby/moby#4685; Bottlerocket and Talos mount /var so",
        severity=Severity.INFO,
    ),
    Row(
        "nosuid",
        "suid",
        "volumes that lie there take the option along, and their setuid programs run as who starts them",
        "moby/moby#4685; Bottlerocket and Talos mount /var so",
        severity=Severity.INFO,
    ),
)
"""Options that a mount should not have, the worst first."""


_WRITES = "rw"

PATHS = Table(*[row._replace(wanted=_WRITES if row.wanted == ETCD else "rw, exec") for row in AND_ETCD])
"""What is asked of the mount of each path: etcd only has to write."""


def asked_of(row: Row, flags: Iterable[str]) -> list[Row]:
    """What is wrong with a path's flags, the worst first: etcd only has to write."""
    found = [option for option in OPTIONS if option.name in flags]
    return [option for option in found if option.name == "ro" or row.wanted != _WRITES]


def judged(row: Row, flags: tuple[str, ...], where: str, evidence: list[Evidence], fix: Fix | None) -> Outcome:
    """Pass without these flags; else a failure of the worst."""
    wrong = asked_of(row, flags)
    names = ", ".join([option.name for option in wrong])
    asked = row._replace(wanted=", ".join([option.wanted for option in wrong] or ["rw", "exec"]))
    if not wrong:
        message = f"{row.name} is {where} with neither ro nor noexec"
        return verdict(True, message, asked, ",".join(flags) or "none of them", evidence)
    if row.asked_by != PROFILE:
        asked = asked._replace(severity=wrong[0].severity)
    message = f"{row.name} is {where} with {names}: {wrong[0].reason}"
    return verdict(False, "", asked, names, evidence, fix, message)


@check(
    tags=["storage", "runtime", "kubelet"],
    topic="system",
    each="require",
    otherwise=with_etcd,
    spell=spelled,
    verify={"require": verify_path},
    by_host=True,
    rows=PATHS,
)
def mount_options(
    subject: str,
    place: Per[PathMount],
    kubelet: Lazy[KubeletConfig],
    target: Lazy[Target],
    named: bool = False,
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """Nothing is mounted below images, volumes and etcd that forbids to write, or to execute.

    ## Why it matters
    A volume of a pod is a bind mount of a folder of the kubelet or of the runtime, and is mounted as that is. With
    `noexec` its programs end with "permission denied". k3s, RKE2 and k0s run their own programs from their folders.
    Nothing works on a file system that is read-only, as the kernel makes one that is damaged.

    ## What it looks at
    Now: the options of the mount on which each path lies, and of its file system, in `/proc/1/mountinfo`. Of several
    mounts at one place the last counts. Who may not read the first process's table gets `unknown`.

    Boot: `/etc/fstab`, `systemd.mount-extra=` on the kernel's command line (from systemd 254 on), and mount units that
    the boot starts, with their drop-ins, as systemd puts them together. Of two contrary options the last counts; `user`
    and `users` mean `noexec`, `nodev` and `nosuid`. A bind mount without such an option has those of what it shows.
    Where nothing is mounted on the way, the root's line counts. Without one, `ro` or `rootflags=noexec` on the kernel's
    command line make the result `unknown`: an initramfs may mount it again.

    `ro` and `noexec` are errors, for etcd `ro` alone. `nodev` and `nosuid` are information: benchmarks ask for them,
    Bottlerocket and Talos have them below all images, and the overlay of a container does not take them along.

    `require` lists other paths, each option of which is an error.

    ## How to fix it
    Take the option out of its line in `/etc/fstab`, or out of `Options=` of the mount unit. `mount -o remount,exec`
    does it for now. A root that is read-only is right where `/var` has a file system of its own.

    ## Sources
    mount(8), fstab(5), systemd.mount(5), systemd-fstab-generator(8); kubernetes/kops#10547;
    https://github.com/k3s-io/k3s/issues/7372 https://github.com/kubevirt/kubevirt/issues/8639
    """
    mount, evidence = place.mount, [seen(place.table, place.text)]
    if not place.is_nodes:
        yield not_the_nodes(subject, evidence)
        return
    if mount.kind == "autofs":
        message = f"{mount.path} is mounted when somebody looks into it, and then with options of its own"
        yield unknown(message, subject=subject, code="unsupported", evidence=evidence)
        return
    flags = {*mount.options} & {*CONTRARY.values()}
    row = row_of(PATHS, subject, kubelet, target(), named)
    told = tuple(sorted({*flags, "ro"} if mount.read_only else flags))
    yield judged(row, told, f"on {mount.path}", evidence, remounted(mount.path, asked_of(row, told)))


def remounted(path: str, wrong: list[Row]) -> Fix:
    """What changes it for now; a file system that became read-only has to be looked at first."""
    if any(option.name == "ro" for option in wrong):
        text = f"dmesg shows whether the kernel made it read-only; repair it, then: mount -o remount,rw {path}"
        return by_hand(f"Make {path} writable", text)
    options = ",".join([option.wanted for option in wrong])
    return Fix(f"Mount {path} with {options}", (command("mount", "-o", f"remount,{options}", path),))


@mount_options.at_boot
def mount_options_boot(
    subject: str,
    place: Per[PathAtBoot],
    kubelet: Lazy[KubeletConfig],
    target: Lazy[Target],
    named: bool = False,
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """What the next boot mounts there has none of these options."""
    row = row_of(PATHS, subject, kubelet, target(), named)
    if not place.mounts and not place.etc:
        message = "this root holds no /etc, so that nothing shows what is mounted at boot"
        yield skip(message, subject=subject, code="not-found", evidence=[seen("/etc")])
        return
    evidence = [seen(mount.source, mount.text, line=mount.line) for mount in place.mounts]
    mount = place.decides
    if mount is None:
        yield judged(row, (), "on the root, of which nothing is said,", [seen(FSTAB, locator=place.path)], None)
        return
    if mount.by_kernel:
        words = ", ".join(place.flags)
        message = f"the command line has the root mounted with {words}, and no line of fstab mounts it again"
        yield unknown(f"{message}: what else does is not known", subject=subject, code="unsupported", evidence=evidence)
        return
    fix = lasting(mount, [option.name for option in asked_of(row, place.flags)])
    yield judged(row, place.flags, f"mounted at boot on {place.mounts[0].path}", evidence, fix)


def lasting(mount: PlannedMount, flags: list[str]) -> Fix:
    """The line that gives the options, without them; beside a unit of a package a drop-in of the administrator's."""
    title, options = f"Mount {mount.path} without {', '.join(flags)}", without_flags(mount.options, flags)
    if mount.source == FSTAB:
        after = with_options(mount.text, lambda _: options)
        return Fix(title, (edit(FSTAB, mount.text, after),), reboot=True)
    before, equals, _ = mount.text.partition("=")
    of_etc = mount.source.startswith("/etc/") and not mount.by_word
    if of_etc and equals and not mount.text.rstrip().endswith("\\"):
        return Fix(title, (edit(mount.source, mount.text, f"{before}={options}"),), reboot=True)
    name = unit_of_path(mount.path, ".mount")
    if name is None or of_etc:
        return by_hand(title, f"set Options={options} in {mount.source}")
    return Fix(
        title,
        (create(f"/etc/systemd/system/{name}.d/zz-nodecheck.conf", f"[Mount]\nOptions={options}\n"),),
        reboot=True,
    )
