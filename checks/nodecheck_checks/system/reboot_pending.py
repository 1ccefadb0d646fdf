"""Whether the node waits for a reboot, and for what."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Lazy, Results, Severity, check
from nodecheck.facts import BootCmdline, Container, RunningKernel
from nodecheck.requirements.asked import STEADY, UPGRADE


def not_rebooted() -> str:
    """Why a failure of now speaks not against the next boot."""
    return "what waits for the reboot came after this one"


@check(
    severity=Severity.INFO,
    tags=["packages", "kernel", "os"],
    topic="system",
    by_host=True,
    phases=(STEADY, UPGRADE),
    explained=not_rebooted,
)
def reboot_pending(
    marks: facts.RebootMarks,
    container: Container,
    image: Lazy[facts.ImageSystem],
    running: Lazy[RunningKernel],
    cmdline: Lazy[BootCmdline],
    images: Lazy[facts.KernelImages],
    boot: Lazy[facts.BootTime],
    packages: Lazy[facts.RebootPackages],
) -> Results:
    """No reboot is due on the node.

    ## Why it matters
    What was installed since the boot does not run yet: a kernel, the C library, systemd. The next reboot brings it, and
    that may be a power cut, or a tool such as kured that reboots many nodes one after another. What the reboot changes
    is what the boot view of the other checks says: where it differs from now, the message names those checks.

    ## What it looks at
    Only in the phases `steady` and `upgrade`. Now, on a system that runs:

    - Marks: `/run/reboot-required` with the packages in `/run/reboot-required.pkgs` (Debian, Ubuntu, snapd),
      `/run/reboot-needed` (SUSE, transactional-update), `/run/smart-restart/reboot-hint-marker` (Amazon Linux),
      `/run/ostree/staged-deployment` (rpm-ostree, bootc).
    - The kernel: the boot loader's default entry names another release than the one that runs, as in `kernel-next`, or
      its file in `/boot` was written since the boot. Where the entry names no release, any kernel there counts.
    - Packages that were installed since the boot, which began at `btime` of `/proc/stat`. rpm: those of
      `dnf needs-restarting -r`, by `INSTALLTIME`: glibc, linux-firmware, systemd, dbus, dbus-broker, dbus-daemon,
      microcode_ctl. dpkg: libc6, dbus, dbus-daemon, dbus-broker, intel-microcode and amd64-microcode, by the time at
      which the list of their files was written.

    A container is skipped: its packages do not come with the boot of its host's kernel. So is a system that is changed
    as a whole and leaves no mark (Flatcar, Bottlerocket, Talos), and one with neither dpkg nor rpm. Whether the modules
    of the running kernel are still there is what `module-tree` judges, and whether daemons run the programs on disk
    `running-version`.

    Boot: nothing of this is left after a reboot, as `/run` is made anew. A mark that was written below a `/var/run`
    that is no link to `/run` stays: who reads it reboots the node again and again.

    ## How to fix it
    Drain the node, reboot it at a time of your choice, and uncordon it.

    ## Sources
    Debian Policy 9.12; update-notifier, unattended-upgrades; dnf-plugins-core plugins/needs_restarting.py; libzypp,
    openSUSE/zypp-boot-plugin, openSUSE/transactional-update; amazonlinux/smart-restart; ostree
    src/libostree/ostree-sysroot-deploy.c; kured; proc(5).
    """
    from nodecheck_checks.system.reboot_reasons import Kernels, judged

    yield from judged(marks, container, image, Kernels(running, cmdline, images, boot), packages)


@reboot_pending.at_boot
def reboot_pending_boot(marks: facts.LastingMarks, packages: facts.RebootPackages) -> Results:
    """The reboot leaves nothing that asks for another one."""
    from nodecheck_checks.system.reboot_reasons import left_at_boot

    yield from left_at_boot(marks, packages)
