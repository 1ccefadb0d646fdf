# What a plan's script looks at to see that a command need not be run. Nothing here changes anything.
# Each function stands under a line "#: NAME"; a script gets those that it uses (script.py). They run under any POSIX
# shell, need no program that a node may lack, and print only text that was made printable.

#: swap_is_off
# swap_is_off AREA: as /proc/swaps spells it.
swap_is_off() {
    [ -e /proc/swaps ] || return 0
    while read -r area _; do
        [ "$area" != "$1" ] || return 1
    done </proc/swaps
}

#: module_is_loaded
module_is_loaded() {
    [ -d "/sys/module/$1" ] || return 1
    [ ! -e "/sys/module/$1/initstate" ] || [ "$(cat "/sys/module/$1/initstate")" = live ]
}

#: sysctl_is
# sysctl_is PATH VALUE: below /proc/sys.
sysctl_is() {
    [ "$(tr -s '\t ' '  ' 2>/dev/null <"/proc/sys/$1")" = "$2" ]
}

#: unit_is
# unit_is enabled|disabled|masked|unmasked|active|inactive UNIT
unit_is() {
    case $1 in
    active | inactive) found=$(systemctl is-active -- "$2" 2>/dev/null) || : ;;
    *) found=$(systemctl is-enabled -- "$2" 2>/dev/null) || : ;;
    esac
    case $1:$found in
    enabled:enabled | enabled:static | enabled:generated | enabled:alias | enabled:transient) ;;
    disabled:disabled | disabled:static | disabled:indirect | disabled:masked | disabled:not-found | disabled:) ;;
    masked:masked) ;;
    unmasked:masked | unmasked:masked-runtime) return 1 ;;
    unmasked:*) ;;
    active:active | active:activating | active:reloading) ;;
    inactive:inactive | inactive:failed | inactive:unknown | inactive:) ;;
    *) return 1 ;;
    esac
}

#: unit_is_off
unit_is_off() {
    unit_is disabled "$1" && unit_is inactive "$1"
}

#: unit_is_on
unit_is_on() {
    unit_is enabled "$1" && unit_is active "$1"
}

#: is_in_runlevel
# is_in_runlevel SERVICE LEVEL
is_in_runlevel() {
    [ -L "/etc/runlevels/$2/$1" ] || [ -e "/etc/runlevels/$2/$1" ]
}

#: is_in_no_runlevel
# is_in_no_runlevel SERVICE LEVEL...: rc-update fails where it is to take a service from a level that it is not in.
is_in_no_runlevel() {
    service=$1
    shift
    for level in "$@"; do
        ! is_in_runlevel "$service" "$level" || return 1
    done
}

#: is_executable
is_executable() {
    [ -f "$1" ] && [ -x "$1" ]
}

#: host_is
host_is() {
    [ "$(uname -n)" = "$1" ] && [ "$(head -n 1 /etc/hostname 2>/dev/null)" = "$1" ]
}

#: enforcing_is
enforcing_is() {
    [ "$(cat /sys/fs/selinux/enforce 2>/dev/null)" = "$1" ]
}

#: link_is_up
link_is_up() {
    flags=$(cat "/sys/class/net/$1/flags" 2>/dev/null) && [ $((flags & 1)) -eq 1 ]
}

#: link_mtu_is
link_mtu_is() {
    [ "$(cat "/sys/class/net/$1/mtu" 2>/dev/null)" = "$2" ]
}

#: apt_has_lists
apt_has_lists() {
    for list in /var/lib/apt/lists/*_Packages*; do
        [ ! -e "$list" ] || return 0
    done
    return 1
}

#: package_is_installed
package_is_installed() {
    if command -v dpkg-query >/dev/null 2>&1; then
        # shellcheck disable=SC2016
        [ "$(dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null)" = installed ]
    elif command -v rpm >/dev/null 2>&1; then
        rpm -q --quiet --whatprovides -- "$1"
    elif command -v apk >/dev/null 2>&1; then
        apk info -e -- "$1" >/dev/null 2>&1
    else
        return 1
    fi
}
