# How a plan's script goes through its steps: look first, then do them, stop at the first error or go on without what
# needs the step that failed. So each function returns where "stop" does, and runs also where "set -e" does not count.
# Each function stands under a line "#: NAME"; a script gets those that it uses (script.py). They run under any POSIX
# shell, need no program that a node may lack, and print only text that was made printable.

#: say
say() {
    printf '%s\n' "$*"
}

#: usage
usage() {
    say "usage: sh $0 [--dry-run] [--no-disruptive] [--keep-going] [--any-host] [--in-root]"
    say '  --dry-run        show what would be done, and change nothing'
    say '  --no-disruptive  leave out what restarts or cuts something'
    say '  --keep-going     go on after a step that fails, without the steps that need it; then end with exit code 1'
    say '  --any-host       run also where the host name is not the one that was judged'
    say '  --in-root        where a directory was judged: this is that file system'
}

#: options
# Take the words of the command line: mode apply or dry, disruptive, keep_going, any_host, in_root.
options() {
    for word in "$@"; do
        case $word in
        --dry-run) after=dry ;;
        --no-disruptive) disruptive=no ;;
        --keep-going) keep_going=yes ;;
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

#: need_null
# The null device must be there and open: in an image with an empty /dev a redirection to it would make a file of that
# name, and no program could be asked. It is only opened for reading here, which makes nothing.
need_null() {
    if [ -c /dev/null ] && (true </dev/null) 2>&-; then
        return 0
    fi
    refused '/dev/null is no device that can be used here; in an image, mount its /dev first (mount --bind /dev' \
        'DIRECTORY/dev), and unmount it afterwards'
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
    ! in_chroot || return 0
    refused "a directory was judged ($1), and this may be the running system: run it in a chroot of that directory," \
        'or say with --in-root that this is that file system'
}

#: in_chroot
# Whether this is a chroot: no /proc, another root than that of process 1, or a root that is no mount point.
in_chroot() {
    [ -e /proc/self/mountinfo ] || return 0
    if here=$(stat -Lc %d:%i / 2>/dev/null) && init=$(stat -Lc %d:%i /proc/1/root/. 2>/dev/null); then
        [ "$here" != "$init" ]
        return
    fi
    while read -r _ _ _ _ point _; do
        [ "$point" != / ] || return 1
    done </proc/self/mountinfo
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
        about=
        [ "$2" = safe ] || about=' (restarts or cuts something)'
        say "[$number/$steps] $what$about"
        say "    for $ids"
        if [ "$2" != safe ] && [ "$disruptive" = no ]; then
            skip=yes
            set_outcome 'left out: it restarts or cuts something'
            left_out=$((left_out + 1))
        fi
        ;;
    esac
}

#: needs
# needs NUMBER...: leave this step out where one of those failed, or was left out for that itself.
needs() {
    [ "$skip" = no ] || return 0
    for need in "$@"; do
        case $failed in
        *" $need "*)
            skip=yes
            failed="$failed $number "
            set_outcome "left out: step $need was not done"
            left_out=$((left_out + 1))
            return 0
            ;;
        esac
    done
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
    [ "$keep_going" = yes ] || exit 1
    outcome=failed
    failed="$failed $number "
    failures=$((failures + 1))
    [ -z "$new" ] || rm -f -- "$new"
    new=
    return 1
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

#: run
# run PROGRAM WORDS...: run a command, without a shell.
run() {
    case $mode in
    check)
        case $installs:$1 in
        no:* | *:apt-get | *:apk | *:dnf | *:pacman | *:tdnf | *:yum | *:zypper) ;;
        *) return 0 ;;
        esac
        if ! command -v "$1" >/dev/null 2>&1; then
            stop 'there is no such program here' || return 0
        fi
        ;;
    dry) would 'run it' ;;
    apply)
        mark_due || return 0
        [ -z "$marks" ] || make_state || return 0
        if "$@" </dev/null; then
            [ -z "$clears" ] || rm -f "$state/due-$clears" || stop "$state cannot be written" || return 0
            [ -z "$marks" ] || true >"$state/done-$marks" || stop "$state cannot be written" || return 0
            changed 'done'
        else
            stop "it ended with exit code $?" || return 0
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
            make_state || return 1
            true >"$state/due-$key" || stop "$state cannot be written" || return 1
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
    if ! (umask 077 && mkdir -p "$state") || [ -L "$state" ]; then
        stop "$state cannot be made" || return 1
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

#: main
main() {
    options "$@"
    need_null
    need_root
    guard
    mode=check
    all_steps
    if [ "$problems" -gt 0 ] && [ "$keep_going" = no ]; then
        refused "$problems of $steps steps cannot be done as they were planned"
    fi
    outcome=none
    mode=$after
    all_steps
    settle
    did='done'
    if [ "$mode" != apply ]; then
        say 'This was a dry run: nothing was changed.'
        did='to do'
    fi
    mode=end
    many=steps
    [ "$steps" -ne 1 ] || many=step
    worse=
    [ "$failures" -eq 0 ] || worse=", $failures failed"
    say "$steps $many: $done_now $did, $already already done or not needed, $left_out left out$worse."
    the_rest
    [ "$failures" -eq 0 ] || exit 1
}
