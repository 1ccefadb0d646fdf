"""Captures that nobody's nodecheck wrote: hostile ones, and damaged ones. Run as a program it judges them all.

``python -m tests.capturing.hostile FILE FIRST LAST`` reads a capture, and judges what is made of it: a JSON line each,
with little memory and without the right to write to any file.
"""

# ruff: noqa: E501 - records as they are
from __future__ import annotations

import gzip
import json
import random
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import nodecheck
from nodecheck.capturing.text import sum_of

MEMORY = 1 << 30
"""Bytes of address space that judging any of them may take."""

HEAD = (
    b"nodecheck capture 1\ni time 2026-11-30T12:00:00Z\ni tool collector 1\ni path /\n"
    b"i running 1\ni whole 1\ni own 1\ni real /proc\ni real /sys\n"
)
ESC = b"\x1b[31m\x07\x9b2J\xc2\x9b31m\xe2\x80\xae\x00"[:-1]
LINK = b"T LinkRow ifindex flags name mtu operstate address kind master lower\nV\n"
ROUTE = (
    b"T RouteRow family prefix_length table protocol type flags destination interface gateway priority hops"
    b" nexthop_id\nV\n"
)


def text(body: bytes, head: bytes = HEAD) -> bytes:
    """A capture of these sections."""
    return head + body + b".\n"


def summed(raw: bytes) -> bytes:
    """The same with the sum of what it holds."""
    body = re.sub(rb"@sum\n(?:S[^\n]*\n)?\.\n\Z", b"", raw)
    return body + b"@sum\nS crc32 " + sum_of(body) + b"\n.\n"


def answer(verb: bytes, asked: bytes, told: bytes) -> bytes:
    """A section of a question and its answer."""
    return b"@answer " + verb + b"\nQ\n|" + asked + b"\nV\n|" + told + b"\n"


def file(path: bytes, content: bytes) -> bytes:
    """Sections of a file in a directory that is listed."""
    folder, _, name = path.rpartition(b"/")
    lines = b"".join([b"|" + line + b"\n" for line in content.split(b"\n")])
    return b"@ " + folder + b"\nL\n|" + name + b"\nf 644 0 0 %d " % len(content) + name + b"\nF\n" + lines


def of_form() -> Iterator[bytes]:
    """What breaks the rules of the file."""
    yield from (b"", b"\n", b".\n", b"nodecheck capture", b"nodecheck capture 1", b"nodecheck capture 1\n.\n")
    yield from (b"nodecheck capture 2\n.\n", b"nodecheck capture 1.0.0\n.\n", b"nodecheck capture 99999999999\n.\n")
    yield b"#!/bin/sh\n" * 100 + text(b"")
    yield from (
        text(b"")[:-2],
        text(b"")[:-1],
        text(b"") + b"x",
        text(b"") + b"\n",
        text(b"") + b"\0" * 9,
        text(b"") * 2,
    )
    yield from (
        text(b"|content\n"),
        text(b"\n"),
        text(b"@ /\n\n"),
        text(b"@ /\n|x\n"),
        text(b"@\n"),
        text(b"@nothing\n"),
    )
    yield from (
        text(b"@ /\nZ what\n"),
        text(b"@ /\nF\n|x\n"),
        text(b"@ /etc\nE read Denied 13 no\n"),
        text(b"@ /\nf\n"),
    )
    for line in HEAD.split(b"\n")[1:7]:
        yield text(b"", HEAD.replace(line + b"\n", b""))
        yield text(b"", HEAD.replace(line, line + b"\n" + line))
    yield text(b"", HEAD.replace(b"running 1", b"running yes"))
    yield text(b"", HEAD.replace(b"2026-11-30T12:00:00Z", b"9999999999-99-99"))
    yield text(b"", HEAD.replace(b"collector 1", b"nodecheck 0.3.0"))  # without its sum


def of_paths() -> Iterator[bytes]:
    """Paths, names and links."""
    for folder in (
        b"etc",
        b"../etc",
        b"/etc/../root",
        b"/etc/.",
        b"//etc",
        b"/etc/",
        b"",
        b"/a\0b",
        b"/" + b"a" * 5000,
    ):
        yield text(b"@ " + folder + b"\nf 644 0 0 0 x\n")
    for name in (b"a/b", b"..", b".", b"", b"a\0b", b"n" * 5000, b"\xe2\x82\xac" * 2000, b"../../etc/passwd"):
        yield text(b"@ /etc\nf 644 0 0 0 " + name + b"\n")
        yield text(b"@ /etc\nL\n|" + name + b"\n")
    yield text(b"@ /etc\nf 644 0 0 0 x\nf 644 0 0 0 x\n")
    yield text(b"@ /etc\n? - x\n? - x\n")
    yield text(b"@ /etc\na x\n@ /etc\na x\n")
    yield text(b"@ /etc\nL\n|a\n|a\n")
    yield text(b"@ /etc\nL\n|b\n|a\n")
    yield text(b"@ /etc\nL\n|a\nL\n|b\n")
    yield text(b"@ /etc\nL\n")
    yield text(b"@ /\nl etc\n")
    yield text(b"@ /\nl etc\n|/\0\n")
    yield text(
        b"@ /\nl a\n|/b\nl b\n|/a\nl etc\n|/a\nl proc\n|proc\nl sys\n|../../../sys\nl var\n|" + b"a/" * 4000 + b"\n"
    )
    yield text(b"@ /\nf 644 0 0 0 etc\n@ /etc\nf 644 0 0 4 fstab\nF\n|x\n@ /etc/fstab\nf 644 0 0 0 below\n")
    yield text(b"@ /etc\nL\n|fstab\nf 644 0 0 0 hosts\na fstab\n")
    yield text(b"@ /proc\nd 755 0 0 0 swaps\n@ /proc/swaps\nL\n|a\n")
    yield text(b"@ /etc\n" + b"".join(b"d 755 0 0 0 d\n@ /etc" + b"/d" * depth + b"\n" for depth in range(1, 500)))


def of_numbers() -> Iterator[bytes]:
    """Numbers of entries and details."""
    for numbers in (
        b"644 0 0",
        b"888 0 0 0",
        b"644 0 0 -1",
        b"644 0 0 1e9",
        b"644 0 0 " + b"9" * 400,
        b"7777777 0 0 0",
    ):
        yield text(b"@ /etc\nf " + numbers + b" fstab\n")
    for detail in (
        b"O -1\n",
        b"O 99999999999999999999999\n",
        b"R 0 0\n|x\n",
        b"R -1 5\n|x\n",
        b"R 1\n|x\n",
        b"F\n",
        b"O 1\nO 2\n",
    ):
        yield text(b"@ /etc\nf 644 0 0 1 fstab\n" + detail)
    for failure in (
        b"read Nothing 13 no",
        b"read Denied x no",
        b"read Denied 99999999999 no",
        b"read Denied",
        b"jump Denied 1 x",
    ):
        yield text(b"@ /etc\nf 644 0 0 1 fstab\nE " + failure + b"\n")
    yield text(b"@ /etc\nd 755 0 0 1 fstab\nF\n|x\n")
    yield text(b"@ /etc\nl fstab\n|x\nF\n|x\n")
    for line in (b"x /etc/x", b"1", b"1 /none", b"99999999999999999999 /etc/x", b"-1 /etc/x", b""):
        yield text(b"@ /etc\nf 644 0 0 1 x\n@changed\nC\n|" + line + b"\n")


def of_answers() -> Iterator[bytes]:
    """Answers and rows that are none, or of another type."""
    for verb, asked, told in (
        (b"clock", b"[]", b"[]"), (b"clock", b"[]", b'{"ClockState":{}}'), (b"clock", b"[1]", b"null"),
        (b"clock", b"[]", b'{"ClockState":{"state":"5","status":64,"max_error_us":1,"estimated_error_us":1}}'),
        (b"clock", b"[]", b'{"ClockState":{"state":NaN,"status":64,"max_error_us":1,"estimated_error_us":1}}'),
        (b"clock", b"[]", b'{"ClockState":{"state":1e999,"status":64,"max_error_us":1,"estimated_error_us":1}}'),
        (b"clock", b"[]", b'{"Uname":{"system":"a","node":"b","release":"c","version":"d","machine":"e"}}'),
        (b"reader", b"[]", b'"root"'), (b"reader", b"[]", b"true"), (b"reader", b"[]", b"0.0"),
        (b"reader", b"[]", b"1" * 400), (b"reader", b"[]", b"1" * 1_000_000), (b"reader", b"{}", b"0"),
        (b"uname", b"[]", b'"Linux"'), (b"is_real", b'["/proc"]', b"1"), (b"is_real", b"[[]]", b"true"),
        (b"statfs", b'["/"]', b'"x"'), (b"statvfs", b'["/"]', b"null"), (b"xattr", b'["/","a"]', b'"text"'),
        (b"xattr", b'["/","a"]', b'{"base64":1}'), (b"xattr", b'["/","a"]', b'{"base64":"*"}'),
        (b"xattrs", b'["/"]', b'[1,2]'), (b"link", b'["/proc/self/exe"]', b"{}"), (b"read", b'["/etc/fstab"]', b'"x"'),
        (b"names", b'["/etc"]', b'["a",null]'), (b"links", b'["/etc"]', b'[["a","b","c"]]'),
        (b"process_user", b'["1"]', b'"x"'), (b"process_user", b"[1]", b"7"), (b"byte_order", b"[]", b"{}"),
        (b"reader", b"[]", b'{"Denied":["a","b"]}'), (b"reader", b"[]", b'{"Denied":[1,[],"c"]}'),
        (b"reader", b"[]", b'{"Denied":["a","b",1],"Absent":["a","b",1]}'), (b"reader", b"[]", b'{"eval":"1"}'),
        (b"reader", b"[]", b"[" * 100_000 + b"]" * 100_000), (b"reader", b"[]", b'{"bytes":' * 50_000), (b"reader", b"[]", b""),
        (b"run", b'[["true"]]', b"null"), (b"ask", b"[]", b"1"), (b"__init__", b"[]", b"1"), (b"kind", b"[]", b"1"), (b"A b", b"[]", b"1"),
        (b"later", b"[]", b"1"), (b"public_parts", b'["/a"]', b'"x"'), (b"public_parts", b'["/a"]', b'[{"Stat":{}}]'),
        (b"public_parts", b'["/a"]', b'[{"PublicPart":{"kind":1}}]'), (b"kubeconfig", b'["/a"]', b'[]'),
        (b"public_parts", b'["/a"]', b'[{"PublicPart":{"kind":"certificate","not_after_s":"1"}}]'),
        (b"kubeconfig", b'["/a"]', b'{"Kubeconfig":{"key":{"PublicPart":{"kind":"a"}}}}'), (b"wall_clock", b"[]", b'"1"'),
    ):  # fmt: skip
        yield text(answer(verb, asked, told))
    for rows in (
        b"[1,1]",
        b'["x",65609,"lo",65536,null,null,null,null,null]',
        b"{}",
        b'"x"',
        b"[[],[],[],[],[],[],[],[],[]]",
        b"nul",
    ):
        yield text(b"@netlink links\n" + LINK + b"|" + rows + b"\n")
    yield text(b"@netlink links\n" + ROUTE + b"|[2,0,254,3,1,0,null,4,null,null,null,null]\n")
    yield text(b"@netlink routes\n" + ROUTE + b"|[2,0,254,3,1,0,null,4,null,null,[[1,2,3]],null]\n")
    yield text(b"@netlink routes\n" + ROUTE + b"|[2,0,254,3,1,0,null,4,null,null,7,null]\n")
    yield text(b"@netlink links\nT LinkRow name\nV\n|[1]\n")
    yield text(b"@netlink links\nV\n|[1]\n")
    yield text(b"@netlink links\n" + LINK + b"\n@netlink links\n" + LINK + b"\n")
    yield text(b"@netlink passwords\nT Stat kind\nV\n|[1]\n")
    for run in (
        b"",
        b"A\n|true\n",
        b"= 0 true\n",
        b"A\n|true\n= x true\n1\n|y\n",
        b"A\n|true\n= 0 true\n1\n|y\n1\n|y\n",
    ):
        yield text(b"@run\n" + run)


def of_size() -> Iterator[bytes]:
    """What takes much memory or time if nobody stops it."""
    yield gzip.compress(b"\0" * (200 << 20), 1)
    yield gzip.compress(text(b""))[:-9]
    yield gzip.compress(text(b"")) + b"\0"
    yield gzip.compress(text(b"")) + gzip.compress(text(b""))
    yield gzip.compress(text(b"")).replace(b"\x8b", b"\x8c", 1)
    yield b"\x1f\x8b" + b"\xff" * 1000
    yield b"\x28\xb5\x2f\xfd" + b"\xff" * 1000
    yield gzip.compress(text(b"@ /etc\n" + b"a x\n" * 15_000_000), 1)
    yield gzip.compress(text(b"@ /etc\n" + b"".join(b"a %d\n" % number for number in range(300_000))), 1)
    yield gzip.compress(text(b"@ /etc\nL\n" + b"|\n" * 30_000_000), 1)
    yield gzip.compress(text(b"@ /etc\nf 644 0 0 0 x\nF\n" + b"|\n" * 30_000_000), 1)
    yield gzip.compress(text(b"@ /etc\nf 644 0 0 0 x\nF\n|" + b"x" * (20 << 20) + b"\n"), 1)
    names = b"".join(b"|%05d\n" % number for number in range(60_000))
    yield gzip.compress(text(b"".join(b"@ /etc/%d\nL\n" % number + names for number in range(120))), 1)
    yield gzip.compress(text(b"@netlink links\n" + LINK + b'|[1,1,"l",1,null,null,null,null,null]\n' * 1_600_000), 1)
    hops = b"|[2,0,254,3,1,0,null,4,null,null,[" + b",".join([b"[]"] * 2_000_000) + b"],null]\n"
    yield gzip.compress(text(b"@netlink routes\n" + ROUTE + hops * 8), 1)
    words = b'["' + b'","'.join([b"%06d" % number for number in range(700_000)]) + b'"]'
    yield gzip.compress(text(b"".join(answer(b"xattrs", b'["/%d"]' % number, words) for number in range(9))), 1)
    yield gzip.compress(text(file(b"/etc/fstab", b"/dev/sda1 none swap sw 0 0\n" * 250_000)), 1)
    yield gzip.compress(text(b"@run\nA\n" + b"|x\n" * 20_000_000), 1)
    yield gzip.compress(text(b"", HEAD + b"i plugin x\n" * 1_000_000), 1)


def of_words() -> Iterator[bytes]:
    """What must not reach a terminal: in every field that is text."""
    told = b"|" + ESC + b"\n"
    yield text(
        b"",
        HEAD.replace(b"collector 1", ESC).replace(b"path /", b"path /" + ESC)
        + b"i plugin "
        + ESC
        + b" 1\ni real "
        + ESC
        + b"\n",
    )
    yield text(b"@" + ESC + b"\n")
    yield text(b"@ /etc\n" + ESC + b"\n")
    yield text(b"@ /" + ESC + b"\nL\n" + told)
    for path in (
        b"/etc/fstab",
        b"/proc/swaps",
        b"/etc/hostname",
        b"/etc/hosts",
        b"/etc/os-release",
        b"/proc/cmdline",
        b"/proc/mounts",
    ):
        yield text(file(path, ESC + b"\n"))
    yield text(file(b"/etc/fstab", b"/" + ESC + b" none swap sw 0 0\n"))
    yield text(file(b"/etc/os-release", b'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="' + ESC + b'"\n'))
    yield text(file(b"/proc/sys/kernel/hostname", ESC + b"\n") + file(b"/etc/hostname", ESC + b"\n"))
    yield text(b"@ /etc\nf 644 0 0 1 fstab\nE read Denied 13 " + ESC + b"\n")
    yield text(b"@ /etc\nl fstab\n|" + ESC + b"\n")
    yield text(b"@run\nA\n|kubelet\n|--version\n= 0 " + ESC + b"\n1\n" + told + b"2\n" + told)
    yield text(b"@run\nA\n|kubelet\n|--version\nE run Denied 13 " + ESC + b"\n" + told)
    yield text(b"@netlink links\nE netlink Denied 1 " + ESC + b"\n" + told)
    escaped = json.dumps("\x1b[31m\ud800\u202e\x07").encode()
    yield text(
        b"@netlink links\n"
        + LINK
        + b"|[1,65609,"
        + escaped
        + b",1,"
        + escaped
        + b","
        + escaped
        + b","
        + escaped
        + b",null,null]\n"
    )
    fields = b",".join(
        b'"%s":%s' % (name, escaped) for name in (b"system", b"node", b"release", b"version", b"machine")
    )
    yield text(answer(b"uname", b"[]", b'{"Uname":{' + fields + b"}}"))
    yield text(answer(b"process_user", b"[1]", escaped) + answer(b"byte_order", b"[]", escaped))
    yield text(answer(b"clock", b"[]", b'{"Denied":[' + escaped + b"," + escaped + b",1]}"))
    part = b'[{"PublicPart":{"kind":"certificate","public_sha256":%s,"not_before_s":-9223372036854775808,' % escaped
    yield text(
        file(b"/etc/kubernetes/pki/ca.crt", b"")
        + answer(b"public_parts", b'["/etc/kubernetes/pki/ca.crt"]', part + b'"not_after_s":9223372036854775807}}]')
        + answer(
            b"public_parts",
            b'["/etc/kubernetes/pki/ca.key"]',
            b'[{"PublicPart":{"kind":"a","malformed":%s}}]' % escaped,
        )
    )


def hostile() -> list[bytes]:
    """All of them; what holds no sum is tried as a collector's, which writes none."""
    kinds = (of_form, of_paths, of_numbers, of_answers, of_size, of_words)
    return [raw for kind in kinds for raw in kind()]


NOISE = (b"\x1b[31m", b"\0", b"\xff", b"9" * 30, b"-1", b"|", b"@", b"../", b"%", b'"', b"[", b"null", b" ", b"\n")


def damaged(raw: bytes, seed: int) -> bytes:
    """A capture to which a few things happened; of three two get the sum of what is left, so that all of it is read."""
    chance = random.Random(seed)
    lines = raw.split(b"\n")
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        way = chance.randrange(9)
        if way == 0:
            del lines[at]
        elif way == 1:
            lines.insert(other, lines[at])
        elif way == 2:
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 3:
            del lines[at : at + chance.randrange(200)]
        elif way == 4:
            place = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + chance.choice(NOISE) + lines[at][place:]
        elif way == 5:
            lines[at] = re.sub(rb"[0-9]+", lambda _: chance.choice((b"0", b"-1", b"9" * 25, b"x", b"007")), lines[at])
        elif way == 6:
            lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
        elif way == 7:
            place = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + bytes([chance.randrange(256)]) + lines[at][place + 1 :]
        else:
            lines[at:at] = lines[other : other + chance.randrange(50)]
    found = b"\n".join(lines)
    return found if seed % 3 == 0 else summed(found)


FORMATS = ("text", "html", "json", "markdown", "short")


def judged(raw: bytes) -> dict[str, object]:
    """What comes of a capture: an error, or the statuses of a report and what a terminal must not get of it."""
    try:
        report = nodecheck.run(capture=raw)
    except nodecheck.CaptureError as error:
        return {"error": str(error)}
    odd = [
        name for name in FORMATS for line in report.render(name).split("\n") if not line.replace("\t", "").isprintable()
    ]
    causes = sorted({item.cause.code for item in report.results if item.cause is not None})
    return {"statuses": sorted({item.status.value for item in report.results}), "causes": causes, "odd": odd}


def main(base: str, first: int, last: int) -> None:
    """Judge all hostile ones (first is -1), or the damaged ones of these seeds."""
    raw = Path(base).read_bytes()
    cases = hostile() if first < 0 else [damaged(raw, seed) for seed in range(first, last)]
    for item in ("html", "markdown"):
        nodecheck.run(capture=raw).render(item)  # all is imported before files may not be written
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number, case in enumerate(cases):
        sys.stdout.write(json.dumps({"case": number + max(first, 0), **judged(case)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
