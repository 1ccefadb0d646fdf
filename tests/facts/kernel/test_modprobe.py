"""modprobe.d, modules-load.d and scripts of modprobe lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.kernel.load_scripts import parse_script
from nodecheck.facts.kernel.modprobe import Modprobe, Rule, command_loads, parse_modprobe
from nodecheck.facts.kernel.modules_load import cmdline_loads, parse_modules_load
from nodecheck.facts.services.init_system import InitSystem


def loaded(script: str) -> list[str]:
    return [probe.name for probe in parse_script(script).probes]


REFERENCE = """\
#!/bin/bash
modprobe -- ip_vs
modprobe -- ip_vs_rr
modprobe -- ip_vs_wrr
modprobe -- ip_vs_sh
modprobe -- nf_conntrack_ipv4
"""

LOOP = """\
#!/bin/bash
ipvs_modules="ip_vs ip_vs_lc nf_conntrack"
for kernel_module in ${ipvs_modules}; do
  /sbin/modinfo -F filename ${kernel_module} > /dev/null 2>&1
  if [ $? -eq 0 ]; then
    /sbin/modprobe ${kernel_module}
  fi
done
"""


@pytest.mark.parametrize(
    ("script", "names"),
    [
        (REFERENCE, ["ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack_ipv4"]),
        (LOOP, ["ip_vs", "ip_vs_lc", "nf_conntrack"]),
        ("modprobe br-netfilter >/dev/null 2>&1\n", ["br_netfilter"]),
        ("modprobe -a a b; modprobe c d=1 && /usr/sbin/modprobe e\n", ["a", "b", "c", "e"]),
        ("exec /sbin/modprobe uinput >/dev/null 2>&1\n", ["uinput"]),
        ("lsmod | grep -q ip_vs || modprobe ip_vs\n", ["ip_vs"]),
        ("if modinfo ip_vs; then modprobe ip_vs; fi\n", ["ip_vs"]),
        ("modprobe \\\n  ip_vs\n", ["ip_vs"]),
        ("# modprobe a\necho modprobe b\nmodprobe -r c\nmodprobe -n d # e\n", []),
        ("exit 0\nmodprobe ip_vs\n", []),
        ("#!/bin/sh\r\nmodprobe ip_vs\r\n", []),
        ("", []),
    ],
)
def test_scripts_that_can_be_followed(script: str, names: list[str]) -> None:
    assert loaded(script) == names
    assert parse_script(script).unclear == ()


@pytest.mark.parametrize(
    "script",
    [
        "if [ -e /etc/ipvs ]; then modprobe ip_vs; fi\n",
        "for i in $(ls /lib/modules/x | grep -o '^[^.]*'); do modprobe $i; done\n",
        "modprobe $MODULES\n",
        "#!/usr/bin/python3\nos.system('modprobe ip_vs')\n",
        "modprobe 'ip_vs\n",
        "xargs -n1 modprobe < /etc/list\n",
        "insmod /lib/modules/ip_vs.ko\n",
    ],
)
def test_scripts_that_cannot_be_followed_are_unclear(script: str) -> None:
    found = parse_script(script)
    assert found.probes == ()
    assert any(part.may_load("ip_vs") for part in found.unclear)


@given(st.text(max_size=200))
def test_no_script_breaks_the_reader(script: str) -> None:
    parse_script(script)
    parse_script("#!/bin/sh\nfor i in a; do\n" + script)
    list(parse_modprobe(script, "x"))
    list(parse_modules_load(script, "x"))


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True), max_size=6))
def test_modules_load_reads_back(names: list[str]) -> None:
    source = "".join(f"# c\n  {name}\t\r\n\n" for name in names)
    assert [load.name for load in parse_modules_load(source, "x")] == [name.replace("-", "_") for name in names]


def test_other_inits_take_the_first_word() -> None:
    assert [load.name for load in parse_modules_load("ip_vs conn_tab_bits=12\n", "x", words=True)] == ["ip_vs"]


MODPROBE = """\
# blacklist ip_vs
blacklist br-netfilter
install ip_vs_*  /bin/false
install ip_vs_rr /sbin/modprobe --ignore-install ip_vs_rr
softdep nf_conntrack pre: a-b post: c
softdep cifs gcm
alias conn nf-conntrack
install long \\
  /bin/true
options ip_vs conn_tab_bits=12
nonsense
"""


def modprobe() -> Modprobe:
    rules = list(parse_modprobe(MODPROBE, "/etc/modprobe.d/x.conf"))

    def of(kind: str) -> tuple[Rule, ...]:
        return tuple(rule for found, rule in rules if found == kind)

    return Modprobe(of("blacklist"), of("install"), of("softdep"), of("alias"))


def test_modprobe_conf_by_kmods_rules() -> None:
    found = modprobe()
    blacklisted = found.blacklisted("br_netfilter")
    assert blacklisted is not None
    assert (blacklisted.line, blacklisted.text) == (2, "blacklist br-netfilter")
    assert found.blacklisted("ip_vs") is None
    first = found.install("ip_vs_rr")
    assert first is not None
    assert first.rest == "/bin/false"  # the first line whose pattern takes the name
    assert found.install("ip_vs") is None
    continued = found.install("long")
    assert continued is not None
    assert not continued.whole
    assert found.softdeps_of("nf_conntrack") == ("a_b", "c")
    assert found.softdeps_of("cifs") == ()
    assert found.targets("conn")[0][0] == "nf_conntrack"
    assert found.targets("ip_vs") == (("ip_vs", None),)


@pytest.mark.parametrize(
    ("command", "loads"),
    [
        ("/bin/true", False),
        ("/usr/bin/false", False),
        ("/bin/false # CIS 3.5", False),
        (":", False),
        ("/sbin/modprobe -i ip_vs; /sbin/sysctl -p", True),
        ("/usr/local/bin/load-it", None),
        ("/bin/true; /sbin/insmod x.ko", None),
        ("/sbin/modprobe other", None),
    ],
)
def test_what_an_install_command_does(command: str, loads: bool | None) -> None:
    assert command_loads(Rule("ip_vs", command, "x", 1, ""), "ip_vs") is loads


@pytest.mark.parametrize(
    ("version", "names"), [(219, ["c"]), (252, ["a", "b", "c", "d"]), (None, ["a", "b", "c", "d"])]
)
def test_words_of_the_command_line(version: int | None, names: list[str]) -> None:
    cmdline = BootCmdline(("ro", "modules_load=a,b", "modules-load=c", "rd.modules_load=d", "modules_loads=e"))
    assert [load.name for load in cmdline_loads(cmdline, InitSystem(version=version))] == names
