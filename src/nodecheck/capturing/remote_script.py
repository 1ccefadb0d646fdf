"""The one place that says which script prints a capture of a node: who asks over ssh asks here.

TO BE REPLACED where ``nodecheck collector`` lands: then ``script`` is the collector's, and nothing else changes. Until
then this small script captures os-release, fstab, the sysctl files and the host name. All else is not captured.
"""

from __future__ import annotations

_LINES = (
    "set -u",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C",
    "export PATH LC_ALL",
    "own_kind() {",
    '    [ -L "$1" ] && return 1',
    '    stat -c "f %a %u %g %s $2" -- "$1" 2>/dev/null',
    "}",
    "one() {",
    '    [ -f "$1" ] && [ -r "$1" ] || return 0',
    '    if [ -L "$1" ]; then',
    '        printf \'l %s\\n|%s\\n\' "$2" "$(readlink "$1")"',
    "        return 0",
    "    fi",
    '    own_kind "$1" "$2" || return 0',
    "    printf 'F\\n'",
    "    sed 's/^/|/' \"$1\"",
    "    echo",
    "}",
    "folder() {",
    '    [ -d "$1" ] && [ ! -L "$1" ] || return 0',
    "    printf '@ %s\\n' \"$1\"",
    "    shift",
    '    for name do one "$path$name" "$name"; done',
    "}",
    "printf 'nodecheck capture 1\\n'",
    "printf 'i time %s\\ni tool collector 0\\ni path /\\n' \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"",
    "printf 'i running 1\\ni whole 1\\ni own 0\\ni real /proc\\ni real /sys\\n'",
    "path=/etc/",
    "folder /etc fstab hostname os-release sysctl.conf",
    "path=/etc/sysctl.d/",
    "if [ -d /etc/sysctl.d ]; then",
    "    names=''",
    "    for file in /etc/sysctl.d/*.conf; do",
    '        [ -f "$file" ] && case $file in *[!A-Za-z0-9./_-]*) ;; *) names="$names ${file##*/}" ;; esac',
    "    done",
    "    folder /etc/sysctl.d $names",
    "fi",
    "path=/usr/lib/",
    "folder /usr/lib os-release",
    "path=/proc/sys/kernel/",
    "folder /proc/sys/kernel hostname",
    "printf '.\\n'",
)


def script() -> str:
    """A POSIX sh script that prints a capture of the node on which it runs, and changes nothing there."""
    return "".join([f"{line}\n" for line in _LINES])
