#!/bin/sh
# nodecheck collector 1: prints what nodecheck reads of a node, so that it is judged elsewhere. It writes nothing.
#   ssh root@NODE 'sh -s | gzip' < collector.sh > NODE.capture; nodecheck run --capture NODE.capture
# NODECHECK_ROOT=DIR takes the file system in DIR instead. docs/capture.md has the format.
# shellcheck disable=SC2016,SC2012,SC2046,SC2086,SC2254 # awk's own text in single quotes; lists of names, a line each; patterns
[ -z "${ZSH_VERSION:-}" ] || emulate sh
set -u
NL='
'
IFS=" $NL" LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin:/run/current-system/sw/bin
export LC_ALL PATH
unset CDPATH ENV BASH_ENV LANG QUOTING_STYLE TIME_STYLE LS_COLORS GREP_OPTIONS POSIXLY_CORRECT LD_PRELOAD LD_LIBRARY_PATH AWKPATH AWKLIBPATH 2>/dev/null
case ${KSH_VERSION:-} in *MIRBSD*) say() { print -r -- "$1"; } ;; *) say() { printf '%s\n' "$1"; } ;; esac # mksh has no printf
warn() { say "collector: $1" >&2; }
cd "${NODECHECK_ROOT:-/}" && cd "$(pwd -P)" || exit 1 # every path below is relative to it: ./etc/fstab
LIVE=1 STAT='' LATE='' LINKS='' STATS='' FILES='' SCAN='' DONE='' TREES='' DAEMONS='' TIMEOUT='' LIMIT='' stats=0 files=0 interfaces=0 ME=$(id -u) START=$(date +%s)
[ -z "${NODECHECK_ROOT:-}" ] || LIVE=''
case $(stat -c '%f %u %g %s %Z %n' / 2>/dev/null) in *' /') STAT=1 ;; *) warn 'no stat -c: modes and owners are left out' ;; esac
if timeout -s KILL 1 true 2>/dev/null; then TIMEOUT='-s KILL 4' LIMIT='timeout -s KILL 60'; elif timeout -t 1 true 2>/dev/null; then TIMEOUT='-t 4 -s KILL' LIMIT='timeout -t 60 -s KILL'; fi
@parts
# What is looked at: /FOLDER:DEPTH and patterns of files that are read; /FOLDER: and names: to read, behind - to look at, behind + programs.
SOURCES='
@sources
'
MASK='
@awk
'
ASK='
@ask
'
[ "$(say 'token: a' | awk "$MASK" 2>/dev/null)" = '|token: ~secret~' ] || { warn 'no awk that takes secrets out: nothing is said'; exit 1; }
has() { case $PARTS in *" $1 "*) ;; *) return 1 ;; esac; } # whether a part is asked for
late() { [ -n "$LATE" ] || { [ $(($(date +%s) - START)) -gt 120 ] && LATE=1 && warn 'more than 120 s: the rest is left out'; }; }
head_of() { # the head of a record: letter and path
  case $2 in *%* | *"$NL"*) say "$1 $(say "$2" | awk '{ gsub(/%/, "%25"); printf "%s%s", s, $0; s = "%0A" }')" ;; *) say "$1 $2" ;; esac
}
failed() { head_of "e $1" "$2"; say "|$3$NL"; } # the question, the path, and what was said
is_secret() { # files of which everything is secret
  case $1 in
    /etc/kubernetes/*/* | /etc/kubernetes/*[!a-z.-]*.conf) case $1 in *.key | *kubeconfig) return 0 ;; esac ;;
    *.key | */shadow | */shadow- | */gshadow | */gshadow- | */kubeconfig | *.kubeconfig | /etc/kubernetes/?*.conf) return 0 ;;
    */.docker/config.json | */.dockercfg | /var/lib/kubelet/config.json | */containers/auth.json | */.kube/config | /sys/*/product_uuid | /sys/*/net/*/address) return 0 ;;
  esac
  return 1
}
text_of() { # the text of a link, said once where a directory lies behind it: sets REPLY
  case $LINKS in *"$NL=$1$NL"*) REPLY=${LINKS#*"$NL=$1$NL+"}; REPLY=${REPLY%%"$NL"*}; return ;; esac
  REPLY=$(readlink ".$1" 2>/dev/null && echo x) || REPLY=$(ls -ld ".$1" 2>/dev/null && echo x)
  REPLY=${REPLY%"${NL}x"}; REPLY=${REPLY#*" .$1 -> "}
  head_of l "$1"
  case $REPLY in *"$NL"*) say "$REPLY" | awk '{ print "|" $0 }' ;; *) say "|$REPLY" ;; esac
  case $1$REPLY in *"$NL"*) ;; *) [ ! -d ".$1" ] || LINKS="$LINKS$NL=$1$NL+$REPLY$NL" ;; esac
}
walk() { # where a path leads, no link on the way: sets AT; fails, and says why, where nothing is there
  left=$1/ AT='' hops=0
  while [ -n "$left" ]; do
    part=${left%%/*} left=${left#*/}
    case $part in '' | .) continue ;; ..) AT=${AT%/*}; continue ;; esac
    AT=$AT/$part
    case $AT/$left in /dev/null/) return 1 ;; esac # always there
    if [ -h ".$AT" ]; then
      case $AT in
        /proc/self | /proc/thread-self) ;;
        /proc/*/ns/* | /proc/*/fd/* | /proc/[0-9]*/exe | /proc/[0-9]*/cwd | /proc/[0-9]*/root) text_of "$AT" ;; # where no path leads
        *)
          text_of "$AT"; hops=$((hops + 1)); [ "$hops" -le 40 ] || return 1
          case $REPLY in /*) AT='' ;; *) AT=${AT%/*} ;; esac
          left=$REPLY/$left ;;
      esac
    elif [ ! -e ".$AT" ]; then
      if [ -x ".${AT%/*}/" ]; then head_of a "$AT"; else failed links "${AT%/*}" 'Permission denied'; fi
      return 1
    elif [ ! -d ".$AT" ]; then case $left in *[!/]*) look "$AT"; return 1 ;; esac; fi
  done
  AT=${AT:-/}
}
look() { # what is at a place: later, many at once
  case $1 in
    /dev/null) ;;
    *"$NL"*) head_of s "$1"; say "|$(stat -L -c '%f %u %g %s %Z' ".$1" 2>/dev/null)$NL" ;;
    *) STATS="$STATS.$1$NL" stats=$((stats + 1)); [ "$stats" -lt 400 ] || looked ;;
  esac
}
looked() {
  [ -n "$STATS" ] && ! late || return 0
  set -f; IFS=$NL; set -- $STATS; set +f; IFS=" $NL"; STATS='' stats=0
  [ -z "$STAT" ] || { say S; stat -L -c '|%f %u %g %s %Z %n' "$@" 2>/dev/null; say ''; }
}
content() { # what a regular file holds: later, many at once
  [ -f ".$1" ] && ! is_secret "$1" || return 0
  [ -r ".$1" ] || { failed read "$1" 'Permission denied'; return 0; }
  case $1 in
    /proc/*/environ) alone "$1" container ;;
    /proc/1/cmdline) alone "$1" all ;;
    /proc/*/cmdline) alone "$1" called 4096 ;;
    /proc/self/attr/* | */carrier) alone "$1" ;;
    */rpmdb.sqlite* | */Packages.db | */rpm/Packages | *.gz | */efivars/*) bytes "$1" ;;
    *"$NL"*) alone "$1" ;;
    *) FILES="$FILES.$1$NL" files=$((files + 1)); [ "$files" -lt 200 ] || contents ;;
  esac
}
contents() { # at most 1 MiB of each; 8 of those that some fact reads whole
  [ -n "$FILES" ] && ! late || return 0
  set -f; IFS=$NL
  set -- $(find $FILES -prune -type f \( -size "-$MOST" -o -size -16385 \( -name 'modules.*' -o -name status -o -name 'config-*' -o -name grub.cfg \) \) 2>/dev/null | awk '!k[$0]++')
  set +f; IFS=" $NL"; FILES='' files=0
  [ $# -gt 0 ] || return 0
  $LIMIT awk "$MASK" "$@" 2>/dev/null || few "$@"
  for k in "$@"; do case $k in ./proc/* | ./sys/* | */modules.* | */dpkg/* | ./boot/*) ;; *) SCAN="$SCAN$k$NL" ;; esac; done
}
few() { # the same in smaller parts, then one by one: mawk ends at a file that it cannot read
  while [ $# -gt 16 ]; do
    $LIMIT awk "$MASK" "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8" 2>/dev/null || for k in "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8"; do alone "${k#.}"; done
    shift 8
  done
  $LIMIT awk "$MASK" "$@" 2>/dev/null || for k in "$@"; do alone "${k#.}"; done
}
alone() { # one file, with what went wrong; $2 is what is kept of words that NUL ends. busybox's timeout leaves a second's watch behind: it must hold no pipe
  { res=$({ head -c "${3:-8388609}" ".$1" 2>&4 | if [ -n "${2:-}" ]; then tr '\000' '\n'; else cat; fi | NAME=$1 KEEP=${2:-} $LIMIT awk "$MASK" >&3 3>&- 4>&-; } 4>&1); } 3>&1
  [ -z "$res" ] || { warn "$res"; failed read "$1" "${res%%"$NL"*}"; }
}
bytes() { # a database, and what is packed
  [ -n "$(find ".$1" -prune -size -16385 2>/dev/null)" ] || { case $1 in *rpm*) LARGE="$LARGE ${1%/*} " ;; esac; return 0; }
  head_of b "$1"
  { base64 ".$1" || od -A n -v -t x1 ".$1"; } 2>/dev/null | awk '{ print "|" $0 }'
  say ''
}
matches() { # whether a name is of a pattern
  set -f
  for p in $2; do case $1 in $p) set +f; return 0 ;; esac; done
  set +f; return 1
}
tree() { # a directory: so deep, and the files of these patterns are read
  [ -z "$LATE" ] || return 0
  [ -r ".$1/" ] || { failed names "$1" 'Permission denied'; return 0; }
  [ -x ".$1/" ] || failed links "$1" 'Permission denied'
  set -- "$1" "$2" "$3" ".${1%/}"/* ".${1%/}"/.[!.]* ".${1%/}"/..?*
  head_of d "$1"
  for k in "$@"; do case $k in ./*) if [ -e "$k" ] || [ -h "$k" ]; then head_of n "${k##*/}"; fi ;; esac; done
  case $1 in */conf | */neigh) interfaces=0 ;; *.wants | *.requires | *.upholds) set -- "$1" "$2" '' "$@" ;; esac
  [ -z "$LIVE" ] || links "$@"
  for k in "$@"; do
    case $k in ./*) ;; *) continue ;; esac
    if [ -h "$k" ]; then
      if [ -n "$LIVE" ] && [ -e "$k" ] && { [ ! -d "$k" ] || [ "$2" -le 1 ]; } && { [ -z "$3" ] || ! matches "${k##*/}" "$3"; }; then
        case $k in *[!\ -~]* | *" -> "*) ;; *) [ "$2" = 0 ] || look "${k#.}"; continue ;; esac
      fi
      walk "${k#.}" || continue
    elif [ -e "$k" ]; then AT=${k#.}; else continue; fi
    case $AT in /proc/sys/*) ! left_out "$AT" || continue ;; esac
    [ "$2" != 0 ] || continue
    look "$AT"
    if [ ! -d ".$AT" ]; then [ -z "$3" ] || ! matches "${k##*/}" "$3" || content "$AT"
    elif [ "$2" -gt 1 ]; then tree "$AT" $(($2 - 1)) "$3"; fi
  done
}
links() { # the texts of all links among these at once
  all=''; for k in "$@"; do case $k in *[!\ -~]* | *" -> "*) ;; ./*) [ ! -h "$k" ] || all=$all$k$NL ;; esac; done
  set -f; IFS=$NL; set -- $all; set +f; IFS=" $NL"
  [ $# -gt 0 ] || return 0
  ls -ld "$@" 2>/dev/null | awk -v all=$# '{ p = substr($0, index($0, " ./") + 2); i = index(p, " -> "); n = substr(p, 1, i - 1); gsub(/%/, "%25", n) }
    !/^l/ || !i || /\?/ { bad = 1 } { said = said "l " n "\n|" substr(p, i + 4) "\n\n" } END { if (bad || NR != all) exit 1; printf "%s", said }' ||
    for k in "$@"; do text_of "${k#.}"; done
}
left_out() { # of /proc/sys: what a look would change or mount, keys, counters, and the parameters of many interfaces
  case $1 in
    */fs/binfmt_misc | */vm/stat_refresh | */tcp_fastopen_key | */stable_secret | */kernel/random | */fs/dentry-state | */fs/file-nr) return 0 ;;
    */fs/inode-nr | */fs/inode-state | */fs/aio-nr | */fs/quota | */ns_last_pid | */pty/nr | */nf_conntrack_count | */kernel/tainted) return 0 ;;
    */conf/*/* | */neigh/*/* | */all | */default | */lo) ;;
    */conf/* | */neigh/*) interfaces=$((interfaces + 1)); [ "$interfaces" -le 32 ] || return 0 ;;
  esac
  case $MOUNTED in *" $1 "*) ;; *) return 1 ;; esac
}
MOUNTED=" $(awk '$5 ~ "^/proc/sys/" { printf "%s ", $5 }' /proc/self/mountinfo 2>/dev/null)"
is_real() { # whether a directory is a whole procfs or sysfs
  awk -v at="${PWD%/}/$1" -v kind=" - $2 " '$4 == "/" && $5 == at { real = index($0, kind) && !/subset=/ } END { exit !real }' /proc/self/mountinfo 2>/dev/null
}
each() { # a function for a directory, or for each that a pattern gives
  case $2 in
    *'*'*)
      before=${2%%'*'*} rest=${2#"${2%%'*'*}"}; rest=${before##*/}$rest
      walk "${before%/*}" || return 0
      IFS=''; set -- "$1" "$3" "$4" ".${AT%/}"/$rest; IFS=" $NL"
      for d in "$@"; do case $d in ./*) [ ! -d "$d" ] || ! walk "${d#.}" || once "$1" "$AT" "$2" "$3" ;; esac; done ;;
    *) walk "$2" || return 0; look "$AT"; [ ! -d ".$AT" ] || once "$1" "$AT" "$3" "$4" ;;
  esac
}
once() { case $TREES in *"$NL$*$HEADS$NL"*) ;; *) TREES="$TREES$NL$*$HEADS$NL"; "$@" ;; esac; } # /lib is /usr/lib on most nodes
at() { # a directory: names in it that are read, names that are looked at, and programs
  dir=${1%/}
  for k in $2; do item "$dir/$k" && content "$AT"; done
  for k in $3; do item "$dir/$k"; done
  for k in $HEADS; do item "$dir/$k" && [ -x ".$AT" ] && program_text "$AT"; done
}
item() { if [ -h ".$1" ] || [ ! -e ".$1" ]; then walk "$1" || return 1; else AT=$1; fi; look "$AT"; }
sources() { # all that SOURCES says
  folder='' depth='' read='' seen='' HEADS=''
  for w in "$@" /:; do
    case $w in
      /*:*)
        set +f
        if [ -n "$depth" ]; then each tree "$folder" "$depth" "$read"; elif [ -n "$folder" ]; then each at "$folder" "$read" "$seen"; fi
        folder=${w%:*} depth=${w##*:} read='' seen='' HEADS='' how='' ;;
      - | +) how=$w ;;
      *) case $how in -) seen="$seen $w" ;; +) HEADS="$HEADS $w" ;; *) read="$read $w" ;; esac ;;
    esac
  done
}
NAMED='BEGIN { while (("ls ./usr/local/sbin ./usr/local/bin ./usr/sbin ./usr/bin ./sbin ./bin 2>/dev/null" | getline f) > 0) { if (f ~ /:$/) d = substr(f, 2, length(f) - 2); else if (!(f in at)) at[f] = d "/" f }
  n = split("awk cat chmod chown cp cut date echo false find grep head hostname id install ip kill ln ls mkdir mount mv printf rm sed sleep sort sysctl systemctl tail test touch tr true uname wc", w, " "); for (i = 1; i <= n; i++) plain[w[i]] = 1 }
FNR == 1 { listed = 0; own = FILENAME ~ /^\.\/(etc|opt|usr\/local|root|home|srv|var\/spool)\// && (/^#!/ || FILENAME ~ /cron|interfaces|\.sh$/); unit = FILENAME ~ /\.(service|socket|conf)$/ }
/^[ \t]*[#;]/ { next }
{ all = /^[ \t]*(EnvironmentFile|include|imports|source|\.|IPT_SYSCTL|"?staticPodPath|[^ \t]*pod-manifest-path)[ \t=":]/; test = /(\[|test) /; run = unit && /^Exec/; filled = /DirectoryNotEmpty=/; nets = /(conf|network)_dir|cni-conf(ig)?-dir/; plugins = listed || /(bin|plugin)_dirs?|cni-(bin|plugin)-dir/; listed = plugins && (listed || /\[/) && !/\]/
  gsub(/[^A-Za-z0-9_.+@\/-]/, " "); n = split($0, w, " "); w[0] = ""
  for (i = 1; i <= n; i++) { p = w[i]; sub(/^-/, "", p); sub(/^\/\/\//, "/", p); q = p; sub(/^[-+@]+/, "", q); if ((run || (own && !(q in plain))) && q in at) print "x" at[q]
    if (run && i == 2 && p ~ /^\/.*\/(dockerd(-current|-ce|-latest)?|containerd|crio|kubelet)$/) print "e" p
    if (p !~ /^\/[A-Za-z0-9]/ || p ~ /^\/(proc|sys|dev|tmp)(\/|$)|\.\./) continue
    read = all || p ~ /\.sh$/ || (!test && w[i - 1] ~ /^-[cfp]$/) || w[i - 1] ~ /^(-?-config.*|--(file|load|system)|source|\.|(.*\/)?(ba)?sh)$/
    print (filled ? "d" : nets ? "n" : plugins ? "b" : read ? "r" : "x") p } }'
follow() { # what the files that were read name: programs and places are looked at, configuration and scripts are read
  [ -n "$SCAN" ] || return 0
  set -f; IFS=$NL; set -- $(awk "$NAMED" $SCAN 2>/dev/null | sort -u); set +f; IFS=" $NL"; SCAN=''
  for k in "$@"; do
    case $DONE in *"$NL$k$NL"*) continue ;; esac
    walk "${k#?}" || continue
    DONE=$DONE$NL$k$NL
    look "$AT"
    case $k in e*) DAEMONS="$DAEMONS ${k#?}"; continue ;; esac
    if [ -d ".$AT" ]; then
      case $k$AT in r*/etc/* | r*/opt/*/*) tree "$AT" 1 '*' ;; d*) tree "$AT" 0 '' ;; b*) tree "$AT" 1 '' ;; n*) tree "$AT" 1 '*.conf *.conflist *.json' ;; esac
    elif [ -x ".$AT" ]; then program_text "$AT"
    else case $k$AT in */bin/* | */sbin/* | x*/usr/lib/* | x*/usr/local/lib/*) program_text "$AT" ;; r*) content "$AT" ;; esac; fi
  done
  contents
}
program_text() { # a script; of another program how it begins
  [ -f ".$1" ] && ! is_secret "$1" || return 0
  set -- "$1" "$(od -A n -v -N 256 -t x1 ".$1" 2>/dev/null)"
  case $2 in ' 23 21'*) content "$1" ;; '') [ -s ".$1" ] || content "$1" ;; *) head_of h "$1"; set -- $2; say "| $1 $2 $3 $4$NL" ;; esac # no more: it may be a key
}
trusted() { # whether nobody but root can change what a path leads to; root runs no other program
  [ "$ME" = 0 ] || return 0
  left=$1/ AT='' way=/
  while [ -n "$left" ]; do
    part=${left%%/*} left=${left#*/}
    case $part in '' | .) continue ;; ..) AT=${AT%/*}; continue ;; esac
    AT=$AT/$part; way=$way$NL$AT
    case $AT in /proc | /sys | /dev) return 1 ;; esac # whose links lead where no path does
    [ -h "$AT" ] || continue
    text_of "$AT" >/dev/null; left=$REPLY/$left
    case $REPLY in /*) AT='' ;; *) AT=${AT%/*} ;; esac
  done
  IFS=$NL; set -- $way; IFS=" $NL"
  stat -c '%u %a %F' "$@" 2>/dev/null | awk -v all=$# '{ g = substr($2, length($2) - 1, 1); o = substr($2, length($2)); sticky = $2 ~ /^[1357]...$/ && /directory/ }
    $1 != 0 || (!/symbolic/ && !sticky && (g ~ /[2367]/ || o ~ /[2367]/)) { bad = 1 } END { exit bad || NR != all }'
}
bounded() { # a program with a fixed environment and an end: 4 s
  limit=''; [ -z "$TIMEOUT" ] || limit="timeout $TIMEOUT"
  set -- env -i PATH="$PATH" LC_ALL=C LANG=C HOME=/nonexistent TERM=dumb $limit "$@"
  [ -z "$TIMEOUT" ] || { "$@" </dev/null; return $?; }
  "$@" </dev/null &
  p=$!; { sleep 4; kill -9 "$p"; } >/dev/null 2>&1 & # at once where there is no sleep: nothing would end it
  w=$!; wait "$p"; p=$?; kill "$w" 2>/dev/null; return "$p"
}
find_program() { # sets PROGRAM; fails where there is none, or it is not to be run
  PROGRAM='' IFS=:
  case $1 in /*) [ ! -x "$1" ] || PROGRAM=$1 ;; *) for d in $PATH; do [ -n "$PROGRAM" ] || [ ! -f "$d/$1" ] || [ ! -x "$d/$1" ] || PROGRAM=$d/$1; done ;; esac
  IFS=" $NL" why=absent; [ -n "$PROGRAM" ] || return 1
  why=denied; trusted "$PROGRAM"
}
text() { head -c 65537; }
json() { # short lines, without the comments and the prefixes of logs, which may hold anything
  awk 'BEGIN { RS = "\"" } { s = s $0 } q && s ~ /(^|[^\\])(\\\\)*\\$/ { s = s "\""; next } q { printf "\"%s\"", v && key ~ /^(comment|prefix)$/ ? "" : s; if (!v) key = s }
    !q { v = s ~ /^: *$/; n += length(s); if (n > 999 || s ~ /[{}]/) { s = s "\n"; n = 0 } printf "%s", s } { s = ""; q = !q }' | head -c "$((4194304 / tables))"; }
at_work() { # whether a module is loaded or built in; or nobody knows
  k=/lib/modules/$(uname -r)/modules.builtin
  [ ! -r /proc/modules ] || [ ! -r "$k" ] || grep -q "^$1 " /proc/modules || grep -q "/$1.ko" "$k"
}
run() { # a program of the node: what it says
  late && return 0
  case $1 in # what would load a module, or has nobody to ask
    nft) at_work nf_tables || return 0 ;;
    iptables-nft-* | ip6tables-nft-*) at_work nft_compat || return 0 ;;
    iptables*) grep -q filter /proc/net/ip_tables_names 2>/dev/null || return 0 ;;
    ip6tables*) grep -q filter /proc/net/ip6_tables_names 2>/dev/null || return 0 ;;
    crictl) [ -S "${3#unix://}" ] || { say c; for k in "$@"; do head_of n "$k"; done; say 'o skipped'; return 0; } ;;
    rpm) case $LARGE in *" $3 "*) ;; *) return 0 ;; esac ;; # it writes a lock: asked only where its database cannot be carried
  esac
  say c; for k in "$@"; do head_of n "$k"; done
  find_program "$1" || { say "o $why"; return 0; }
  shift; say 1
  case $PROGRAM${1-} in */nft-j) form=json ;; *) form=text ;; esac
  { res=$({ { bounded "$PROGRAM" "$@" 2>&4 3>&- 4>&- 5>&-; echo "=$?" >&5; } | $form | awk "$MASK" >&3; } 4>&1 5>&1); } 3>&1
  say "${NL}2"; say "${res%=*}" | head -c 8192 | awk "$MASK"; say ''
  head_of "o ${res##*=}" "$PROGRAM"
}
by_nft() { # the tables of nf_tables but those of others, each with its part of 4 MiB; `list tables` would read all rules
  said=$(run nft list flowtables); [ -n "$said" ] || return 0
  say "$said"; set --
  for k in $(say "$said" | sed -n 's,^|table \([a-z0-9]*\) \([A-Za-z0-9_.-]*\) {$,\1/\2,p'); do matches "${k#*/}" "$OTHERS" || set -- "$@" "$k"; done
  tables=$#
  for k in "$@"; do run nft -j -t list table "${k%/*}" "${k#*/}"; done
}
processes() { # which there are, and who holds the sockets that listen
  set -- ./proc/* # once: each that is listed is looked at, or said to be gone by now
  say 'd /proc'; for k in "$@"; do head_of n "${k##*/}"; done
  for k in "$@"; do
    case $k in ./proc/[0-9]*) ;; *) continue ;; esac
    { IFS= read -r w <"$k/comm"; } 2>/dev/null || { say "a ${k#.}"; continue; }
    say "g ${k#.}/comm$NL|$w$NL"
    case $w in kubelet | hyperkube | containerd | dockerd* | crio | cri-dockerd | chronyd)
      if [ -r "$k/exe" ]; then text_of "${k#.}/exe"; look "${k#.}/exe"; else failed link "${k#.}/exe" 'Permission denied'; fi ;;
    esac
    [ -r "$k/fd" ] || failed names "${k#.}/fd" 'Permission denied'
  done
  quiet=-l; ! ls -lq / >/dev/null 2>&1 || quiet=-lq # a link may have a name of many lines
  set -f; set -- $(set +f; ls "$quiet" ./proc/[0-9]*/fd 2>/dev/null | awk 'function listening(file,   l, f) { while ((getline l < file) > 0) { split(l, f, " "); if (f[4] == "0A") want["socket:[" f[10] "]"] = 1 } }
    BEGIN { listening("./proc/net/tcp"); listening("./proc/net/tcp6") } /^\.\/proc\/[0-9]+\/fd:$/ { split($0, d, "/"); next }
    { i = index($0, " -> "); t = substr($0, i + 4); n = split(substr($0, 1, i - 1), w, " ") } i && /^l/ && (t in want) && w[n] ~ /^[0-9]+$/ { print d[3] "/" w[n] "/" t }')
  last=''
  for k in "$@"; do
    pid=${k%%/*} k=${k#*/}
    [ "$pid" = "$last" ] || { for w in cgroup status cmdline; do content "/proc/$pid/$w"; done; text_of "/proc/$pid/exe"; }
    last=$pid; say "l /proc/$pid/fd/${k%%/*}$NL|${k#*/}$NL"
    ! late || break
  done; set +f
}
# a look that hangs, as at a dead network file system, ends all of it: the capture counts as cut short
{ w=0; while sleep 2 && kill -0 $$ && [ "$w" -lt 90 ]; do w=$((w + 1)); done; [ "$w" -lt 90 ] || kill -9 $$; } </dev/null >/dev/null 2>&1 &
DOG=$!; say "nodecheck capture 1${NL}i time $(date -u +%Y-%m-%dT%H:%M:%SZ)${NL}i tool collector 1"; head_of 'i path' "$PWD"
if [ -n "$LIVE" ]; then say "i running 1${NL}i whole 1${NL}i own 1"; else say "i running 0${NL}i whole 0${NL}i own 0"; fi
PROC='' SYS=''; ! is_real proc proc || { PROC=1; say 'i real /proc'; }; ! is_real sys sysfs || { SYS=1; say 'i real /sys'; }
say "@collected${NL}r $ME${NL}y $(printf '\001\000' | od -A n -t u2 2>/dev/null | tr -d ' ')"
set -f; set -- $SOURCES; sources "$@"
! has trees || { [ -n "$PROC" ] || each tree /proc 12 '*'; [ -n "$SYS" ] || each tree /sys 12 '*'; }; contents; follow; follow; follow
if [ -n "$LIVE" ]; then
  ! has uname || { say u; for k in s n r v m; do say "|$(uname -$k)"; done; say ''; }
  [ -z "$PROC" ] || ! has processes || processes
@programs
  for k in $DAEMONS; do run "$k" --version; done
  for k in $SPACES; do
    if v=$(stat -L -f -c '%S %b %f %a %c %d %t' "$k" 2>/dev/null); then say "v $k$NL|$v$NL"; elif [ ! -e "$k" ]; then say "v $k"; fi
  done
  told='' nft=''; has kernel || told=1
  ! at_work nf_tables || nft=$OTHERS # asked only then: asking loads it
  for k in python3 /usr/libexec/platform-python python2 python; do
    [ -n "$told" ] || { find_program "$k" && bounded "$PROGRAM" -E -s -c "$ASK" "$nft" 2>/dev/null && told=1; }
  done
  [ -n "$told" ] || { run adjtimex; run busybox adjtimex; run iptables-nft-save -t filter; run ip6tables-nft-save -t filter; by_nft; }
fi
contents; looked; kill "$DOG" 2>/dev/null
say .
