"""The command line and the kernel of the next boot, by what each boot loader has on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.checking.store import Facts
from nodecheck.errors import Denied, FactError, Malformed
from nodecheck.facts.boot.cmdline import parse_cmdline, split_words
from nodecheck.facts.boot.grub import parse_grub_cfg
from nodecheck.facts.boot.next_boot import BootCmdline, Cmdline, KernelRelease, RunningKernel
from nodecheck.host import RootHost
from tests.rights import modes_hold

Tree = Callable[[dict[str, "str | bytes"]], Path]
ENV = "# GRUB Environment Block\n"

UBUNTU = """
set default_from_nowhere=1
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${initrdfail}" = 2 ]; then
   set initrdfail=
elif [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="%s"
fi
if [ x"${feature_menuentry_id}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi
function gfxmode {
	set gfxpayload="${1}"
	if [ "${1}" = "keep" ]; then
		set vt_handoff=vt.handoff=7
	fi
}
menuentry 'Ubuntu' --class ubuntu --class os $menuentry_id_option 'gnulinux-simple-11' {
	recordfail
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	search --no-floppy --fs-uuid --set=root 11
	linux	/boot/vmlinuz-6.8.0-50-generic root=UUID=11 ro  quiet splash $vt_handoff
	initrd	/boot/initrd.img-6.8.0-50-generic
}
submenu 'Advanced options for Ubuntu' $menuentry_id_option 'gnulinux-advanced-11' {
	menuentry 'Ubuntu, with Linux 6.8.0-50-generic' --class ubuntu $menuentry_id_option 'gnulinux-6.8.0-50-adv' {
		linux	/boot/vmlinuz-6.8.0-50-generic root=UUID=11 ro newest
	}
	menuentry 'Ubuntu, with Linux 6.8.0-49-generic' --class ubuntu $menuentry_id_option 'gnulinux-6.8.0-49-adv' {
		linux	/boot/vmlinuz-6.8.0-49-generic root=UUID=11 ro selinux=0 dyndbg="file a.c +p"
	}
}
"""

EL8 = """
set pager=1
if [ -f ${config_directory}/grubenv ]; then
  load_env -f ${config_directory}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
else
   set default="${saved_entry}"
fi
if [ -z "${kernelopts}" ]; then
  set kernelopts="root=/dev/mapper/rl-root ro from=cfg "
fi
insmod blscfg
blscfg
"""


def bls(version: str, options: str) -> str:
    return f"title Rocky Linux ({version})\nversion {version}\nlinux /vmlinuz-{version}\noptions {options}\n"


ENTRIES: dict[str, str | bytes] = {
    "/boot/loader/entries/abc-4.18.0-80.el8.x86_64.conf": bls("4.18.0-80.el8.x86_64", "$kernelopts $tuned_params old"),
    "/boot/loader/entries/abc-4.18.0-147.el8.x86_64.conf": bls("4.18.0-147.el8.x86_64", "$kernelopts new"),
    "/boot/loader/entries/abc-0-rescue.conf": bls("0-rescue-abc", "$kernelopts rescue"),
}


def boot(root: Path) -> BootCmdline:
    return Facts(RootHost(str(root))).get(BootCmdline)


@pytest.mark.parametrize(
    ("default", "env", "word", "kernel"),
    [
        ("0", "", "quiet", "6.8.0-50-generic"),
        ("1>0", "", "newest", "6.8.0-50-generic"),
        ("1>1", "", "selinux=0", "6.8.0-49-generic"),
        ("gnulinux-advanced-11>gnulinux-6.8.0-49-adv", "", "selinux=0", "6.8.0-49-generic"),
        (
            "Advanced options for Ubuntu>Ubuntu, with Linux 6.8.0-49-generic",
            "",
            "dyndbg=file a.c +p",
            "6.8.0-49-generic",
        ),
        ("${saved_entry}", "saved_entry=1>1\n", "selinux=0", "6.8.0-49-generic"),
        ("0", "next_entry=1>1\n", "selinux=0", "6.8.0-49-generic"),
        ("99", "", "quiet", "6.8.0-50-generic"),
        ("no such title", "", "quiet", "6.8.0-50-generic"),
    ],
)
def test_grub_menu(tree: Tree, default: str, env: str, word: str, kernel: str) -> None:
    root = tree({"/boot/grub/grub.cfg": UBUNTU % default, "/boot/grub/grubenv": ENV + env + "####"})

    found = boot(root)

    assert found.has(word)
    assert (found.source, found.kernel, found.certain) == ("/boot/grub/grub.cfg", kernel, True)
    assert found.line is not None
    assert word.split(" ")[0] in (UBUNTU % default).split("\n")[found.line - 1].replace('"', "")


CUSTOM_READ = """
if [ -f  ${config_directory}/custom.cfg ]; then
  source ${config_directory}/custom.cfg
elif [ -z "${config_directory}" -a -f  $prefix/custom.cfg ]; then
  source $prefix/custom.cfg
fi
"""
CUSTOM = """
menuentry 'Mine' --id mine {
	linux /boot/vmlinuz-5.10.0-9-generic root=UUID=11 ro mine
}
"""


@pytest.mark.parametrize(
    ("default", "read", "custom", "word", "kernel"),
    [
        ("mine", CUSTOM_READ, CUSTOM, "mine", "5.10.0-9-generic"),
        ("2", CUSTOM_READ, CUSTOM, "mine", "5.10.0-9-generic"),
        ("0", CUSTOM_READ, CUSTOM + "set default=mine\n", "mine", "5.10.0-9-generic"),
        ("0", CUSTOM_READ, "set default='1>1'\n", "selinux=0", "6.8.0-49-generic"),
        ("0", CUSTOM_READ, CUSTOM, "quiet", "6.8.0-50-generic"),
        ("mine", "", CUSTOM, "quiet", "6.8.0-50-generic"),
        ("mine", CUSTOM_READ, None, "quiet", "6.8.0-50-generic"),
    ],
)
def test_a_custom_menu(tree: Tree, default: str, read: str, custom: str | None, word: str, kernel: str) -> None:
    """What 41_custom of grub-mkconfig reads, from the directory in which the menu lies."""
    for place in ("/boot/grub", "/boot/grub2"):
        files: dict[str, str | bytes] = {} if custom is None else {f"{place}/custom.cfg": custom}
        found = boot(tree({f"{place}/grub.cfg": UBUNTU % default + read, **files}))

        assert (found.has(word), found.kernel) == (True, kernel)
        assert found.source == f"{place}/{'custom.cfg' if word == 'mine' else 'grub.cfg'}"
        assert found.line is not None
        lines = (custom or "") if word == "mine" else UBUNTU
        assert word in lines.split("\n")[found.line - 1]


def test_a_custom_menu_that_reads_itself_ends(tree: Tree) -> None:
    files: dict[str, str | bytes] = {"/boot/grub/custom.cfg": CUSTOM_READ + CUSTOM}

    assert boot(tree({"/boot/grub/grub.cfg": UBUNTU % "mine" + CUSTOM_READ, **files})).has("mine")


def test_environment_block_without_its_first_line_is_none(tree: Tree) -> None:
    root = tree({"/boot/grub/grub.cfg": UBUNTU % "0", "/boot/grub/grubenv": "next_entry=1>1\n"})

    assert boot(root).has("quiet")


@pytest.mark.parametrize(
    ("env", "words", "kernel"),
    [
        ("", ("root=/dev/mapper/rl-root", "ro", "from=cfg", "new"), "4.18.0-147.el8.x86_64"),
        (
            "saved_entry=abc-4.18.0-80.el8.x86_64\nkernelopts=ro selinux=0\ntuned_params=skew_tick=1\n",
            ("ro", "selinux=0", "skew_tick=1", "old"),
            "4.18.0-80.el8.x86_64",
        ),
        ("saved_entry=gone\nkernelopts=ro\n", ("ro", "new"), "4.18.0-147.el8.x86_64"),
        ("saved_entry=1\nkernelopts=ro\n", ("ro", "old"), "4.18.0-80.el8.x86_64"),
    ],
)
def test_grub_with_bls(tree: Tree, env: str, words: tuple[str, ...], kernel: str) -> None:
    root = tree({"/boot/grub2/grub.cfg": EL8, "/boot/grub2/grubenv": ENV + env, **ENTRIES})

    found = boot(root)

    assert (found.words, found.kernel, found.certain) == (words, kernel, True)
    assert found.source is not None
    assert found.source.startswith("/boot/loader/entries/abc-4")


def test_entry_without_a_kernel_is_not_offered(tree: Tree) -> None:
    cut: dict[str, str | bytes] = {"/boot/loader/entries/abc-9.conf": "title cut off\nversion 9.0\n"}
    env = ENV + 'kernelopts=ro dyndbg="file a.c +p"\n'
    root = tree({"/boot/grub2/grub.cfg": EL8, "/boot/grub2/grubenv": env, **ENTRIES, **cut})

    assert boot(root).words == ("ro", "dyndbg=file a.c +p", "new")


def test_el7_on_efi(tree: Tree) -> None:
    linux = "linuxefi /vmlinuz-3.10.0-957.el7.x86_64 ro enforcing=0"
    cfg = f"set default=0\nmenuentry 'CentOS' --unrestricted {{\n {linux}\n}}\n"
    found = boot(tree({"/boot/efi/EFI/centos/grub.cfg": cfg}))

    assert (found.last("enforcing"), found.kernel, found.line) == ("0", "3.10.0-957.el7.x86_64", 3)


def test_stub_on_efi_leads_on(tree: Tree) -> None:
    stub = "search --fs-uuid --set=dev 11\nset prefix=($dev)/grub2\nconfigfile $prefix/grub.cfg\n"
    root = tree({"/boot/efi/EFI/fedora/grub.cfg": stub, "/boot/grub2/grub.cfg": EL8, **ENTRIES})

    assert boot(root).has("new")


def test_bls_without_a_menu(tree: Tree) -> None:
    env = ENV + "saved_entry=abc-4.18.0-80.el8.x86_64\nkernelopts=ro x=1\n"

    assert boot(tree({**ENTRIES, "/boot/grub2/grubenv": env})).words == ("ro", "x=1", "old")


@pytest.mark.parametrize(
    ("default", "word"),
    [("", "b"), ("default linux-a\n", "a"), ("default linux-*\n", "b"), ("default\tlinux-a.conf\n", "a")],
)
def test_systemd_boot(tree: Tree, default: str, word: str) -> None:
    root = tree(
        {
            "/efi/loader/loader.conf": "timeout 3\n" + default,
            "/efi/loader/entries/linux-a.conf": "sort-key x\nversion 6.1.9\noptions a\nlinux /a/6.1.9/linux\n",
            "/efi/loader/entries/linux-b+3.conf": "sort-key x\nversion 6.1.10\noptions b\nlinux /a/6.1.10/linux\n",
            "/efi/loader/entries/linux-c+0-3.conf": "sort-key x\nversion 6.1.11\noptions c\nlinux /a/6.1.11/linux\n",
        }
    )

    found = boot(root)

    assert found.words == (word,)
    assert found.kernel == ("6.1.9" if word == "a" else "6.1.10")


def test_unified_images_hide_their_command_line(tree: Tree) -> None:
    root = tree(
        {"/boot/efi/loader/loader.conf": "", "/boot/efi/EFI/Linux/a.efi": "", "/proc/cmdline": "ro\n", **ENTRIES}
    )

    assert (boot(root).source, boot(root).certain) == ("/proc/cmdline", False)


def test_extlinux(tree: Tree) -> None:
    conf = "DEFAULT two\nLABEL one\n LINUX /one\nLABEL two\n LINUX ../vmlinuz-5.10.0-8-arm64\n APPEND ro swap=x\n"
    found = boot(tree({"/boot/extlinux/extlinux.conf": conf}))

    assert (found.words, found.kernel, found.line) == (("ro", "swap=x"), "5.10.0-8-arm64", 6)


def test_raspberry(tree: Tree) -> None:
    found = boot(tree({"/boot/firmware/cmdline.txt": "console=tty1 cgroup_memory=1\n"}))

    assert (found.words, found.source) == (("console=tty1", "cgroup_memory=1"), "/boot/firmware/cmdline.txt")


def test_default_grub_is_a_hint(tree: Tree) -> None:
    files: dict[str, str | bytes] = {
        "/etc/default/grub": 'GRUB_CMDLINE_LINUX="a"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
        "/etc/default/grub.d/50-x.cfg": 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX selinux=0"\n',
    }
    root = tree(files)

    assert boot(root).words == ("a", "selinux=0", "quiet")
    assert not boot(root).certain

    tree({"/proc/cmdline": "ro\n"})
    assert boot(root).words == ("ro",)

    tree({"/boot/grub/grub.cfg": UBUNTU % "0"})
    assert boot(root).has("splash")


def test_nested_without_end(tree: Tree) -> None:
    with pytest.raises(Malformed):
        boot(tree({"/boot/grub/grub.cfg": "if [ a ]; then\n" * 10_000}))
    with pytest.raises(Malformed):
        boot(tree({"/boot/grub/grub.cfg": "submenu a {\n" * 10_000}))


def test_nothing_at_all(tmp_path: Path) -> None:
    assert boot(tmp_path) == BootCmdline()


@pytest.mark.parametrize(
    "path", ["/boot/grub2/grub.cfg", "/boot/loader/entries/abc-0-rescue.conf", "/boot/grub2/grubenv"]
)
def test_what_is_not_a_file_is_not_skipped(tree: Tree, path: str) -> None:
    root = tree({"/boot/grub2/grub.cfg": EL8, "/boot/grub2/grubenv": ENV, "/proc/cmdline": "ro\n", **ENTRIES})
    (root / path[1:]).unlink()
    (root / path[1:]).mkdir()

    with pytest.raises(Malformed):
        boot(root)


def test_denied_is_not_skipped(tree: Tree) -> None:
    root = tree({"/boot/grub2/grub.cfg": EL8, "/proc/cmdline": "ro\n"})
    (root / "boot/grub2/grub.cfg").chmod(0)

    with modes_hold(), pytest.raises(Denied):
        boot(root)


def test_kernel_releases(tree: Tree) -> None:
    root = tree({"/lib/modules/5.4.0-9/x": "", "/lib/modules/5.4.0-100/x": "", "/lib/modules/extra/x": ""})
    assert Facts(RootHost(str(root))).get(KernelRelease) == KernelRelease(None, "5.4.0-100")

    tree({"/proc/sys/kernel/osrelease": "5.4.0-9\n"})
    assert Facts(RootHost(str(root))).get(KernelRelease) == KernelRelease("5.4.0-9", "5.4.0-9")

    tree({"/boot/grub/grub.cfg": UBUNTU % "1>1"})
    assert Facts(RootHost(str(root))).get(KernelRelease) == KernelRelease("5.4.0-9", "6.8.0-49-generic")


def test_the_running_kernel_needs_no_loader(tree: Tree) -> None:
    root = tree({"/proc/version": "Linux version 5.10.0-8-amd64 (x@y)\n", "/boot/grub/grub.cfg/directory": ""})

    assert Facts(RootHost(str(root))).get(RunningKernel).release == "5.10.0-8-amd64"
    with pytest.raises(FactError):
        Facts(RootHost(str(root))).get(KernelRelease)


def test_a_link_tells_the_kernel(tree: Tree) -> None:
    root = tree({"/boot/grub/grub.cfg": "menuentry a {\n linux /boot/vmlinuz ro\n}\n"})
    (root / "boot/vmlinuz").symlink_to("vmlinuz-6.1.0-9-amd64")

    assert boot(root).kernel == "6.1.0-9-amd64"


def test_words_of_the_kernel() -> None:
    line = parse_cmdline('systemd.swap_extra=/a systemd.swap-extra=/b a="b c" -- selinux=0\n')

    assert line.all("systemd.swap-extra") == ("/a", "/b")
    assert (line.last("a"), line.last("none"), line.has("--")) == ("b c", None, True)
    assert "selinux=0" in line.words
    assert "selinux=0" not in line.kernel_words


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters=' "\t\n\v\f\r\0'), min_size=1)))
def test_words_round_trip(words: list[str]) -> None:
    assert split_words(" ".join(words)) == tuple(words)
    assert Cmdline(tuple(words)).words == tuple(words)


@given(st.text("{}'\"\\$ \nlinuxmenuentry;=[]#ifthenelse", max_size=300))
def test_any_text_is_a_menu(text: str) -> None:
    parse_grub_cfg(text, {})
    parse_grub_cfg("menuentry a {\n" + text, {})
