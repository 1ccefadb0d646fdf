# The functions of a plan's script, each under a line "#: NAME"; a script gets those that it uses (script.py).
# They run under any POSIX shell, need no program that a node may lack, and print only text that was made printable.

#: say
say() {
    printf '%s\n' "$*"
}

#: usage
usage() {
    say "usage: sh $0 [--dry-run] [--no-disruptive] [--any-host]$chroot_usage"
    say '  --dry-run        show what would be done, and change nothing'
    say '  --no-disruptive  leave out what restarts or cuts something'
    say '  --any-host       run also where the host name is not the one that was judged'
}

#: options
# Take the words of the command line: mode apply or dry, disruptive, any_host, in_root.
options() {
    for word in "$@"; do
        case $word in
        --dry-run) after=dry ;;
        --no-disruptive) disruptive=no ;;
        --any-host) any_host=yes ;;
        --in-root) in_root=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            usage >&2
            exit 2
            ;;
        esac
    done
}

#: refused
refused() {
    say "refused: $*; nothing was changed" >&2
    exit 3
}

#: need_root
need_root() {
    [ "$(id -u)" = 0 ] || refused 'this needs root (sudo sh FILE)'
}

#: same_host
# same_host SHOWN FOUND NAME...: the host must be the one that was judged, or have a name that this script gives it.
same_host() {
    shown=$1 found=$2
    shift 2
    [ "$any_host" = no ] || return 0
    for name in "$@"; do
        [ "$found" != "$name" ] || return 0
    done
    refused "this is not $shown, which was judged; --any-host runs it nevertheless"
}

#: other_root
# other_root DIRECTORY: that of which the report is, if it is of one. Its script must not change the running system by
# mistake: it runs in a chroot of that directory.
other_root() {
    [ -n "$1" ] || return 0
    [ "$in_root" = no ] || return 0
    if [ -e /proc/1/root/. ]; then
        here=$(stat -Lc %d:%i / 2>/dev/null) || here=''
        init=$(stat -Lc %d:%i /proc/1/root/. 2>/dev/null) || init=$here
        [ "$here" = "$init" ] || return 0
    elif [ ! -e /proc/self ]; then
        return 0
    fi
    refused "a directory was judged ($1), and this is the running system: run it in a chroot of that directory," \
        'or say with --in-root that this is that file system'
}

#: step
# step NUMBER safe|disruptive WHAT IDS: begin a step.
step() {
    settle
    number=$1 what=$3 ids=$4 outcome='' fine='already done' clears='' marks='' leads=''
    skip=no
    case $mode in
    left)
        skip=yes outcome=none
        [ "$number" -lt "$failed_at" ] || say "  $number. $what  (for $ids)"
        ;;
    check)
        outcome=none
        [ "$2" = safe ] || [ "$disruptive" = yes ] || skip=yes
        ;;
    *)
        say "[$number/$steps] $what"
        say "    for $ids"
        if [ "$2" != safe ] && [ "$disruptive" = no ]; then
            skip=yes
            set_outcome 'left out: it restarts or cuts something'
            left_out=$((left_out + 1))
        fi
        ;;
    esac
}

#: skipped
skipped() {
    [ "$skip" = yes ]
}

#: settle
# End the step before: what nothing was done for was done already.
settle() {
    if [ -z "$outcome" ]; then
        say "    $fine"
        already=$((already + 1))
        outcome=none
    fi
}

#: set_outcome
set_outcome() {
    outcome=$*
    say "    $outcome"
}

#: changed
# changed WORDS: the step was done.
changed() {
    set_outcome "$@"
    done_now=$((done_now + 1))
}

#: would
would() {
    mark_due
    outcome=none
    say "    would $*"
    done_now=$((done_now + 1))
}

#: stop
# stop WORDS: what was judged is not there any more, or a step failed.
stop() {
    if [ "$mode" = check ]; then
        say "step $number: $what: $*  (for $ids)" >&2
        problems=$((problems + 1))
        return 1
    fi
    say "    failed: $*" >&2
    exit 1
}

#: ended
# The end, however it comes: no temporary file stays, and what is left undone is named.
ended() {
    code=$?
    trap - EXIT
    trap '' HUP INT TERM
    [ -z "$new" ] || rm -f -- "$new"
    if [ "$mode" = apply ] && [ "$code" -ne 0 ]; then
        {
            say "stopped at step $number of $steps ($what); $done_now done before it. Left undone:"
            mode=left failed_at=$number outcome=none
            all_steps
        } >&2
    fi
    exit "$code"
}

#: follow
# follow PATH: set $target to the file that PATH stands for; no link is followed that others could have put there.
follow() {
    target=$1 linked=no rest=${1#/} prefix=
    while [ -n "$rest" ]; do
        part=${rest%%/*}
        case $rest in
        */*) rest=${rest#*/} ;;
        *) rest= ;;
        esac
        if [ -L "$prefix/$part" ]; then
            linked=yes
            if open_to_others "$prefix/"; then
                stop 'a link in a directory that anyone may write to'
                return 1
            fi
        fi
        prefix=$prefix/$part
    done
    if [ "$linked" = yes ]; then
        target=$(readlink -f -- "$1" && printf .) || target=
        target=${target%"$newline".}
        case $target in
        /*) ;;
        *)
            stop 'a link to nothing'
            return 1
            ;;
        esac
    fi
    folder=${target%/*}/
    if [ -d "$folder" ] && open_to_others "$folder"; then
        stop 'anyone may write to its directory'
        return 1
    fi
}

#: open_to_others
open_to_others() {
    case $(ls -ldL -- "$1") in
    d???????w*) return 0 ;;
    *) return 1 ;;
    esac
}

#: lines_of
# lines_of LINE: the numbers of the lines of $target that are LINE.
lines_of() {
    grep -anxF -e "$1" -- "$target" | cut -d : -f 1
}

#: has_lines
# has_lines TEXT: whether the lines of TEXT stand in $target, one below the other.
has_lines() {
    count=$(($(printf '%s\n' "$1" | wc -l)))
    for at in $(lines_of "${1%%"$newline"*}"); do
        found=$(head -n $((at + count - 1)) -- "$target" | tail -n +"$at" && printf .)
        case $found in
        "$1." | "$1$newline.") return 0 ;;
        esac
    done
    return 1
}

#: edit
# edit PATH BEFORE AFTER every|once|insert: put AFTER in the place of each whole line BEFORE of PATH. With "once" there
# must be one such line; with "insert" BEFORE is a line of AFTER itself.
edit() {
    follow "$1" || return 0
    if [ ! -f "$target" ] || [ ! -r "$target" ]; then
        stop 'there is no such file any more' || return 0
    fi
    at_lines=$(lines_of "$2")
    many=0
    for at in $at_lines; do
        many=$((many + 1))
    done
    if [ "$4" = insert ] || [ "$many" -eq 0 ]; then
        if has_lines "$3" && [ "$many" -le 1 ]; then
            return 0
        fi
    fi
    if [ "$many" -eq 0 ]; then
        stop 'the line that was judged is not there any more' || return 0
    elif [ "$many" -gt 1 ] && [ "$4" != every ]; then
        stop "the line is there $many times, not once" || return 0
    fi
    case $mode in
    dry) would 'do that' ;;
    apply)
        backup
        rewrite "$2" "$3"
        replace "done; the file as it was: $kept"
        ;;
    esac
}

#: rewrite
# rewrite BEFORE AFTER: make $new, a copy of $target with its attributes, with AFTER in the lines $at_lines.
rewrite() {
    new=$(mktemp "$folder.nodecheck.XXXXXX" && printf .) || stop 'no file can be made in its directory'
    new=${new%"$newline".}
    cp -a -- "$target" "$new" || stop 'it could not be copied'
    rewritten "$2" >"$new" || stop 'the new file could not be written'
    size=$(($(wc -c <"$target") + many * ($(printf %s "$2" | wc -c) - $(printf %s "$1" | wc -c))))
    if [ -n "$2" ] && [ $(($(wc -c <"$new"))) -ne "$size" ]; then
        stop 'the new file could not be written whole'
    fi
}

#: rewritten
# rewritten AFTER: $target with AFTER in the lines $at_lines; every other byte as it is.
rewritten() {
    last=0
    for at in $at_lines; do
        if [ $((at - 1)) -gt "$last" ]; then
            head -n $((at - 1)) -- "$target" | tail -n +$((last + 1)) || return 1
        fi
        last=$at
        if [ -n "$1" ] && [ "$last" -gt $(($(wc -l <"$target"))) ]; then
            printf %s "$1" || return 1 # the last line, which no newline ends, and which stays a line without one
        else
            printf '%s\n' "$1" || return 1
        fi
    done
    tail -n +$((last + 1)) -- "$target"
}

#: create
# create PATH MODE SHOWN CONTENT: write a file that is not there yet; SHOWN is how ls shows MODE.
create() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        follow "$1" || return 0
        if [ ! -f "$target" ]; then
            stop 'something that is no file is in its place' || return 0
        elif printf %s "$4" | cmp -s - "$target"; then
            case $(ls -ld -- "$target") in
            "$3"*) return 0 ;;
            esac
            case $mode in
            dry) would "make its mode $2" ;;
            apply)
                mark_due
                chmod "$2" "$target" || stop 'its mode could not be changed'
                changed "done: its content was right, its mode is now $2"
                ;;
            esac
            return 0
        elif grep -qa '[^[:space:]]' -- "$target"; then
            stop 'there is such a file by now, with another content' || return 0
        fi
    else
        parent "$1" || return 0
    fi
    case $mode in
    dry) would 'write it' ;;
    apply)
        told='done'
        if [ -e "$target" ]; then
            backup
            told="done; the blank file as it was: $kept"
        fi
        new=$(mktemp "$folder.nodecheck.XXXXXX" && printf .) || stop 'no file can be made in its directory'
        new=${new%"$newline".}
        printf %s "$4" >"$new" || stop 'it could not be written'
        chmod "$2" "$new" || stop 'its mode could not be set'
        replace "$told"
        ;;
    esac
}

#: parent
# parent PATH: the directory of PATH is one, or can be made; set $target and $folder.
parent() {
    existing=${1%/*}
    while [ -n "$existing" ] && [ ! -e "$existing" ] && [ ! -L "$existing" ]; do
        existing=${existing%/*}
    done
    if [ ! -d "$existing/" ]; then
        stop 'its directory is no directory'
        return 1
    fi
    follow "$existing/." || return 1
    target=$1 folder=${1%/*}/
    if [ "$mode" = apply ] && [ ! -d "$folder" ]; then
        (umask 022 && mkdir -p -- "$folder") || stop 'its directory could not be made'
        label "$folder"
    fi
}

#: replace
# replace WORDS: put $new in the place of $target, in one move.
replace() {
    mark_due
    sync "$new" 2>/dev/null || sync
    mv -f -- "$new" "$target" || stop 'the new file could not be moved to its place'
    new=
    label "$target"
    changed "$@"
}

#: label
label() {
    if command -v restorecon >/dev/null 2>&1; then
        restorecon "$1" || :
    fi
}

#: backup
# Keep $target as it is now; one copy of each file.
backup() {
    if [ -z "$backups" ]; then
        (umask 022 && mkdir -p "${backup_home%/*}") || stop "there can be no $backup_home"
        mkdir -p "$backup_home" || stop "there can be no $backup_home"
        backups=$(mktemp -d "$backup_home/$(date -u +%Y%m%dT%H%M%SZ).XXXXXX") || stop "no backup in $backup_home"
    fi
    kept=$backups
    if [ ! -e "$backups$target" ]; then
        mkdir -p -- "$backups$folder" || stop 'no backup could be made'
        cp -a -- "$target" "$backups$target" || stop 'no backup could be made'
    fi
}

#: run
# run PROGRAM WORDS...: run a command, without a shell.
run() {
    case $mode in
    check) command -v "$1" >/dev/null 2>&1 || stop 'there is no such program here' || return 0 ;;
    dry) would 'run it' ;;
    apply)
        mark_due
        if "$@" </dev/null; then
            [ -z "$clears" ] || rm -f "$state/due-$clears"
            [ -z "$marks" ] || : >"$state/done-$marks"
            changed 'done'
        else
            stop "it ended with exit code $?"
        fi
        ;;
    esac
}

#: leads_to
# leads_to KEY...: where this step changes something, the commands of those keys are due, in this run or the next.
leads_to() {
    leads=$*
}

#: mark_due
mark_due() {
    for key in $leads; do
        due="$due $key "
        if [ "$mode" = apply ]; then
            : >"$state/due-$key" || stop "$state cannot be written"
        fi
    done
    leads=
}

#: unchanged
# unchanged KEY: nothing was changed that would make this command due.
unchanged() {
    clears=$1
    [ "$mode" != check ] || return 1
    [ ! -e "$state/due-$1" ] || return 1
    case $due in
    *" $1 "*) return 1 ;;
    esac
    fine='not needed: nothing was changed that it is for'
}

#: ran_before
# ran_before KEY: whether this command, which leaves nothing to look at, was run for this plan since the last boot.
ran_before() {
    marks=$1
    [ "$mode" != check ] || return 1
    [ -e "$state/done-$1" ]
}

#: make_state
make_state() {
    [ "$after" = apply ] || return 0
    if ! mkdir -p "$state" || [ -L "$state" ]; then
        refused "$state cannot be made"
    fi
}

#: node_only
# In a file system that does not run there is nothing to load, set, start or stop.
node_only() {
    if [ "$mode" = apply ] || [ "$mode" = dry ]; then
        set_outcome 'left out: only the running node can do that'
        left_out=$((left_out + 1))
    fi
}

#: by_hand
by_hand() {
    if [ "$mode" = apply ] || [ "$mode" = dry ]; then
        set_outcome 'left to a person'
        left_out=$((left_out + 1))
    fi
}

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
    [ "$(tr -s '\t ' '  ' <"/proc/sys/$1" 2>/dev/null)" = "$2" ]
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

#: main
main() {
    options "$@"
    need_root
    guard
    mode=check
    all_steps
    if [ "$problems" -gt 0 ]; then
        refused "$problems of $steps steps cannot be done as they were planned"
    fi
    outcome=none
    make_state
    mode=$after
    all_steps
    settle
    [ "$mode" = apply ] || say 'This was a dry run: nothing was changed.'
    mode=end
    say "$steps steps: $done_now done, $already already done or not needed, $left_out left out."
    the_rest
}
