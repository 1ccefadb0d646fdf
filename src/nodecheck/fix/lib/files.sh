# What a plan's script does with files: edit, create, back up, always whole or not at all.
# Each function stands under a line "#: NAME"; a script gets those that it uses (script.py). They run under any POSIX
# shell, need no program that a node may lack, and print only text that was made printable.

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
    if [ -d "$folder" ] && [ ! -w "$folder" ]; then
        stop 'its directory cannot be written to'
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
    replaceable || return 0
    case $mode in
    dry) would 'do that' ;;
    apply)
        backup && rewrite "$2" "$3" && replace "done; the file as it was: $kept" || return 0
        ;;
    esac
}

#: replaceable
# Whether another file can be put in the place of $target: not of an immutable one, nor of a mount of its own.
replaceable() {
    if [ ! -w "$target" ]; then
        stop 'it cannot be written to (lsattr tells whether it is immutable)'
        return 1
    fi
    if mounted "$target"; then
        stop 'it is a mount of its own, as in a container: who mounts it must change it'
        return 1
    fi
}

#: mounted
mounted() {
    [ -e /proc/self/mountinfo ] || return 1
    while read -r _ _ _ _ point _; do
        [ "$point" != "$1" ] || return 0
    done </proc/self/mountinfo
    return 1
}

#: rewrite
# rewrite BEFORE AFTER: make $new, a copy of $target with its attributes, with AFTER in the lines $at_lines.
rewrite() {
    new=$(mktemp "$folder.nodecheck.XXXXXX" && printf .) || stop 'no file can be made in its directory' || return 1
    new=${new%"$newline".}
    cp -a -- "$target" "$new" || stop 'it could not be copied' || return 1
    rewritten "$2" >"$new" || stop 'the new file could not be written' || return 1
    size=$(($(wc -c <"$target") + many * ($(printf %s "$2" | wc -c) - $(printf %s "$1" | wc -c))))
    if [ -n "$2" ] && [ $(($(wc -c <"$new"))) -ne "$size" ]; then
        stop 'the new file could not be written whole' || return 1
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
                mark_due || return 0
                chmod "$2" "$target" || stop 'its mode could not be changed' || return 0
                changed "done: its content was right, its mode is now $2"
                ;;
            esac
            return 0
        elif grep -qa '[^[:space:]]' -- "$target"; then
            stop 'there is such a file by now, with another content' || return 0
        fi
        replaceable || return 0
    else
        parent "$1" || return 0
    fi
    case $mode in
    dry) would 'write it' ;;
    apply)
        told='done'
        if [ -e "$target" ]; then
            backup || return 0
            told="done; the blank file as it was: $kept"
        fi
        new=$(mktemp "$folder.nodecheck.XXXXXX" && printf .) || stop 'no file can be made in its directory' || return 0
        new=${new%"$newline".}
        printf %s "$4" >"$new" || stop 'it could not be written' || return 0
        chmod "$2" "$new" || stop 'its mode could not be set' || return 0
        replace "$told" || return 0
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
        mkdir -p -- "$folder" || stop 'its directory could not be made' || return 1
        label "$folder"
    fi
}

#: replace
# replace WORDS: put $new in the place of $target, in one move.
replace() {
    mark_due || return 1
    sync "$new" 2>/dev/null || sync || stop 'it could not be written to the disk' || return 1
    mv -f -- "$new" "$target" || stop 'the new file could not be moved to its place' || return 1
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
        mkdir -p "${backup_home%/*}" || stop "there can be no $backup_home" || return 1
        (umask 077 && mkdir -p "$backup_home") || stop "there can be no $backup_home" || return 1
        backups=$(mktemp -d "$backup_home/$(date -u +%Y%m%dT%H%M%SZ).XXXXXX") || stop "no backup in $backup_home" ||
            return 1
    fi
    kept=$backups
    if [ ! -e "$backups$target" ]; then
        mkdir -p -- "$backups$folder" || stop 'no backup could be made' || return 1
        cp -a -- "$target" "$backups$target" || stop 'no backup could be made' || return 1
    fi
}
