# zsh complete.zsh DIRECTORY LINE: what zsh offers after LINE, with the functions of DIRECTORY; one match a line.
# The shell that completes sources this file too, with one argument.
if (( $# == 1 )); then
    PROMPT= PS2=
    stty -echo cols 500
    fpath=($1 $fpath)
    autoload -U compinit
    compinit -u -D
    bindkey '^I' complete-word
    zstyle ':completion:*' insert-tab false
    compadd() {
        if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
        local -a hits
        builtin compadd -A hits "$@"
        local hit
        for hit in $hits; do print -r -- "<${IPREFIX}${hit}>"; done
        builtin compadd "$@"
    }
    finish() { print '<<end>>'; exit }
    comppostfuncs=(finish)
    print '<<begin>>'
    return
fi
zmodload zsh/zpty
zpty z TERM=dumb zsh -f -i
zpty -w z "source ${(q)0:a} ${(q)1}"
zpty -r z REPLY '*<<begin>>*'
zpty -n -w z "$2"$'\t'
zpty -r z REPLY '*<<end>>*'
print -r -- "$REPLY" | tr -d '\r' | grep -o '<[^<>]*>' | tr -d '<>' | grep -v '^end$'
