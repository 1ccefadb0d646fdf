function rep(c, n,   s) { while (n-- > 0) s = s c; return s }
function last(s, c,   n, i) { for (n = 0; i = index(s, c); s = substr(s, i + 1)) n += i; return n }
function forms(line, re,   out, c) { # each match that no word stands before
  for (out = ""; match(line, re); line = substr(line, RSTART + RLENGTH)) {
    c = substr(out substr(line, 1, RSTART - 1), length(out) + RSTART - 1)
    out = out substr(line, 1, RSTART - 1) (c ~ /[A-Za-z0-9_]/ ? substr(line, RSTART, RLENGTH) : M)
  }
  return out line
}
function quick(l,   i) { # whether a line may hold a secret: cheap
  for (i in QUICK) if (index(l, QUICK[i])) return 1
  return (index(l, ".") && l ~ LATE) || (index(l, "$") && l ~ /[$][1-7a-z][a-z0-9-]*[$]/)
}
function rule(word, before, behind) { WORD[++RULES] = word; BEFORE[RULES] = before; BEHIND[RULES] = behind }
function after(line, re, behind,   out, v, q) { # the word after each match; all that follows where behind is "*"
  for (out = ""; match(line, re); ) {
    out = out substr(line, 1, RSTART + RLENGTH - 1); line = substr(line, RSTART + RLENGTH)
    if (behind == "*") return out (line ~ /^(~secret~)?$/ ? line : M)
    if (!match(line, /^("[^"]*"|\047[^\047]*\047|[^ \t"\047;|&)]+)/)) continue
    v = substr(line, 1, RLENGTH); q = v ~ /^["\047]./ ? substr(v, 1, 1) : ""
    if (v ~ /^["\047]?(~secret~|-|\$[A-Za-z_{])/ || (behind != "" && substr(line, RLENGTH + 1) !~ behind)) continue
    line = substr(line, RLENGTH + 1); out = out q M q
  }
  return out line
}
function secret(key,   n, w, i, tail, before) { # whether the last words of a key name a secret
  if (key ~ /(^|[.\/])stable_secret$/) return 0
  while (match(key, /[a-z0-9][A-Z]/)) key = substr(key, 1, RSTART) " " substr(key, RSTART + 1)
  key = tolower(key); gsub(/[^a-z0-9]+/, " ", key); n = split(key, w, " ")
  for (i = 1; i <= n; i++) if (w[i] ~ /[a-z]/) sub(/[0-9]+$/, "", w[i])
  for (tail = w[n]; n > 1 && w[n] ~ /^(data|hash|hashed|raw|encrypted|pem|plaintext)$/; ) n--
  before = n > 1 ? w[n - 1] : ""
  if (n < 1) return 0
  if (w[n] == "psk" || w[n] ~ (KEYS "key$") || (w[n] ~ (ENDS "$") && w[n] !~ /^no/)) return 1
  return w[n] == "key" ? tail == "data" || before ~ ("^" KEYS "$") : before != "" && w[n] ~ /^(pass|pwd|pw)$/
}
function kind(key, before,   k) { # what a value is by its key
  k = tolower(key)
  if (k !~ /pass|token|secret|psk|key|auth|data|pw|proxy|credential/) return ""
  if (k ~ /^(_?auth|authorization|proxy-authorization|pass)$/) { sub(/^_/, "", k); return k }
  if (k ~ /^(setcredential|systemd\.set_credential)/) return "credential"
  if (k ~ /proxy$/) return "proxy"
  return before !~ /^(LoadCredential(Encrypted)?|ImportCredential)$/ && secret(k == "key" ? before " " key : key) ? "secret" : ""
}
function hidden(v, k, key,   l) { # what is to stand for a value; "" where it stays
  l = tolower(v); gsub(/^[ \t]+|[ \t]+$/, "", l)
  if (l ~ /^(y|n|m|true|false|yes|no|on|off|null|none|~|~secret~)?$/ || v ~ /^\$([A-Z_][A-Z0-9_]*|[{][A-Za-z0-9_]+[}])$/) return ""
  if (k == "proxy") return (l = last(v, "@")) && v !~ /:\/\// && substr(v, 1, l) ~ /:/ ? M substr(v, l) : ""
  if (k ~ /authorization$/) return l ~ /^(basic|bearer|digest|token|negotiate) / && l !~ / ~secret~$/ ? substr(v, 1, index(v, " ")) M : ""
  if (k == "auth" && (length(v) < 8 || v !~ /^[A-Za-z0-9+\/_-]+=?=?$/)) return ""
  if (tolower(key) != "passwd") return M
  l = " " v " "; gsub(/\[[^]]*\]/, " ", l); gsub(/[ \t]+/, "  ", l)
  gsub(/ (files|compat|systemd|db|ldap|sss|nis|nisplus|winbind|hesiod|extrausers|altfiles) /, "", l)
  return l ~ /^ *$/ ? "" : M
}
function closing(v, q) { # how much stands before the quote that closes
  if (length(q) > 1) return index(v, q) ? index(v, q) - 1 : length(v)
  match(v, q == "\"" ? "^([^\"\\\\]|\\\\.)*" : "^([^\047]|\047\047)*"); return RLENGTH < 0 ? 0 : RLENGTH
}
function plain_end(line, sep, before,   limit, q, b, own, n, rest) { # how long a value without quotes is
  limit = line; b = before; own = ""
  if (match(b, /\\*["\047]$/)) { own = substr(b, length(b)); b = substr(b, 1, RSTART - 1) }
  for (n = 2; n > 0; n--) {
    q = n == 2 ? "\"" : "\047"; rest = b
    if (!index(line, q) || !(gsub(q, "", rest) % 2 || (own == q && !index(sep, q)))) continue
    limit = substr(line, 1, index(line, q) - 1); sub(/\\$/, "", limit); break
  }
  rest = sep; gsub(/^["\047\\]+|["\047\\]+$/, "", rest)
  if (rest ~ /:/ && rest != ":") {
    if (last(before, "{") > last(before, "}")) match(limit, /^[^],}]*/)
    else RLENGTH = match(limit, / #/) ? RSTART - 1 : length(limit)
    n = RLENGTH
  } else {
    match(limit, /^[^ \t]*/); n = RLENGTH
    own = sep ~ /=/ && before ~ /(^|["\047])[ \t#;-]*(export |set )?$/ # all of the line
    while (own && match(substr(limit, n + 1), /^[ \t]+[^ \t]+/) && substr(limit, n + 1, RLENGTH) !~ /^[ \t]+(-|#|(ro|rw|quiet|splash)$|[^ \t=]+=)/) n += RLENGTH
  }
  return sep ~ /=/ && match(substr(limit, 1, n), /[,;&]([A-Za-z0-9_.-]+=|[A-Za-z0-9_.-]+([, \t]|$))/) ? RSTART - 1 : n
}
function by_key(line,   out, before, word, key, prev, k, sep, q, v, n, new) {
  for (out = prev = ""; match(line, /[A-Za-z0-9_.\/-]+/); ) {
    word = substr(line, RSTART, RLENGTH); before = out substr(line, 1, RSTART - 1)
    out = before word; line = substr(line, RSTART + RLENGTH); key = word ~ /^\// ? "" : word; new = ""
    if (before ~ /\\$/ && key ~ /^[ntr]/) key = substr(key, 2)
    sub(/^.*\//, "", key); k = kind(key, prev); prev = key
    if (k == "") continue
    if (match(line, /^(\\*["\047])?[ \t]*(:=|=>|[:=])[ \t]*/)) sep = substr(line, 1, RLENGTH)
    else if (key ~ /^-/ && k == "secret" && (match(line, /^[ \t]+[^- \t]/) || match(line, /^\\*["\047],?[ \t]+["\047\\]/))) sep = substr(line, 1, RLENGTH - 1)
    else continue
    out = out sep; line = substr(line, length(sep) + 1); n = 0
    if (k == "credential") {
      if (match(line, /^["\047]?[A-Za-z0-9_.-]+:[^ \t"\047]+/)) {
        v = substr(line, 1, RLENGTH); n = RLENGTH; q = substr(v, 1, index(v, ":"))
        if (tolower(q) ~ (ENDS "[0-9]*[^a-z0-9]|(^|[^a-z0-9])(psk|key)[0-9]*[^a-z0-9]")) new = q M
      }
    } else if (match(line, /^\\*["\047]/)) {
      q = substr(line, 1, RLENGTH); v = substr(line, RLENGTH + 1); n = closing(v, q)
      new = hidden(substr(v, 1, n), k, key); n += length(q); if (new != "") new = q new
    } else if (line ~ /^\[/) {
      n = index(line, "]") ? index(line, "]") - 1 : length(line); v = substr(line, 2, n - 1)
      if (k == "secret" && v ~ /[^ \t]/) new = M
      else if (k ~ /authorization$/) { gsub(/^[ "\047\\]+|[ "\047\\]+$/, "", v); new = hidden(v, k, key) }
      if (new != "") new = "[\"" new "\""
    } else if (line !~ /^[{|>]/ || sep !~ /:/) {
      v = substr(line, 1, plain_end(line, sep, before)); sub(/[ \t]+$/, "", v); n = length(v)
      if (k != "pass" || sep ~ /=/) new = hidden(v, k, key)
      if (new != "" && sep ~ /^["\047].*:/) new = "\"" new "\""
    }
    if (new != "") { out = out new; line = substr(line, n + 1) }
  }
  return out line
}
function urls(line,   out, scheme, w, a, n, b) { # user info
  for (out = ""; n = index(line, "://"); ) {
    scheme = substr(line, 1, n - 1); out = out substr(line, 1, n + 2); line = substr(line, n + 3)
    match(line, /^[^ \t<>"\047]*/); w = substr(line, 1, RLENGTH); a = w; sub(/[\/?#].*/, "", a); n = 0
    if (b = last(a, "@")) { if (substr(a, 1, b) ~ /:/ || scheme ~ /(https?|ftp)$/) n = b - 1 }
    else if (a ~ /:/ && a !~ /[][]/ && a !~ /:[0-9]*$/ && (b = last(w, "@"))) n = b - 1
    if (n && substr(line, 1, n) != M) { out = out M; line = substr(line, n + 1) }
  }
  return out line
}
function by_form(line,   out, a, b, c) { # what is a secret by its form alone
  if (line ~ /:\/\//) line = urls(line)
  gsub(/\$(1|2[abxy]?|5|6|7|y|gy|md5|sha1|apr1|scrypt|argon2[a-z]*|pbkdf2[a-z0-9-]*)\$[.\/A-Za-z0-9,=+$-]+/, M, line)
  for (out = ""; match(line, TOKEN); line = substr(line, RSTART + RLENGTH)) {
    a = substr(line, RSTART, RLENGTH); b = substr(line, RSTART + RLENGTH, 2); c = substr(" " out substr(line, 1, RSTART - 1), length(out) + RSTART)
    out = out substr(line, 1, RSTART - 1) (c ~ /[a-z0-9_.-]/ || b ~ /^([A-Za-z0-9_-]|\.[A-Za-z0-9_])/ || a !~ /[0-9]/ ? a : M)
  }
  line = out line
  while (match(line, /[A-Za-z0-9_.-]+:[^ \t@\047"\/~]+@((tcp|unix)\(|[A-Za-z0-9_.:[-]*::)/)) { a = substr(line, RSTART); line = substr(line, 1, RSTART - 1) M substr(a, index(a, "@")) }
  sub(/microk8s join [^ \t\/]+\/[A-Za-z0-9_\/]+/, "microk8s join " M, line)
  if (match(line, /[?&](sig|Signature|X-(Amz|Goog)-Signature)=[^& \t"\047#]+/)) { a = substr(line, RSTART, RLENGTH); sub(/=.*/, "=", a); line = substr(line, 1, RSTART - 1) a M substr(line, RSTART + RLENGTH) }
  if (line ~ /LS0tLS1CRUdJTi/ && line !~ /LS0tLS1CRUdJTi(BDRVJUSUZ|BQVUJMSUM|BUUlVTVE|BYNTA5|BSU0EgUFVC)/) line = forms(line, "LS0tLS1CRUdJTi[A-Za-z0-9_+\\/=]+")
  if (match(line, /[A-Za-z0-9_.-]+:[^ \t\047"|]+["\047]?[ \t]*\|[^|]*chpasswd/)) { a = substr(line, RSTART); b = substr(line, 1, RSTART - 1); c = index(a, ":"); match(a, /["\047]?[ \t]*\|/); line = b substr(a, 1, c) M substr(a, RSTART) }
  if (match(line, /<[A-Za-z0-9_:-]*([Pp]ass(word|wd|phrase)|[Ss]ecret|[Tt]oken|[Pp]sk)>[^< \t~][^<]*/)) { a = substr(line, RSTART, RLENGTH); sub(/>.*/, ">", a); line = substr(line, 1, RSTART - 1) a M substr(line, RSTART + RLENGTH) }
  return forms(line, OWN)
}
function by_rule(line,   l, n) { # words that are followed by a secret
  l = tolower(line)
  for (n = 1; n <= RULES; n++) if (l ~ WORD[n]) line = after(line, BEFORE[n], BEHIND[n])
  if (line ~ /pam_|password[ \t]+(include|substack)/) return line
  if (l ~ /password/ && match(line, /^[ \t#;]*password[ \t]+(--[a-z0-9]+[ \t]+)?([^ \t"\047:=]+[ \t]+)?[^ \t:="\047][^ \t"\047]*[ \t]*$/)) sub(/[^ \t]+[ \t]*$/, M, line)
  if (l ~ /^[ \t#!;]*(auth_pass|requirepass|masterauth|bindpw|rootbindpw|key-string|password|passphrase|psk|secret|token)[ \t]+["\047]?[^ \t"\047;:=~][^ \t"\047;]*[\\"\047; \t]*$/ && (l !~ /^[ \t#!;]*(secret|token)/ || l ~ /[0-9]/)) line = after(line, "^[ \t#!;]*[A-Za-z_-]+[ \t]+")
  return line
}
function pairs(line,   out, key, rest, q) { # name and value of one variable beside each other
  for (out = ""; match(line, PAIR); ) {
    key = substr(line, RSTART, RLENGTH); out = out substr(line, 1, RSTART + RLENGTH - 1); line = substr(line, RSTART + RLENGTH)
    sub(/^name\\*["\047]?[ \t]*:[ \t]*\\*["\047]?/, "", key); sub(/[^A-Za-z0-9_.\/-].*/, "", key)
    if (!secret(key)) continue
    if (match(line, /^\\*["\047]/)) { q = substr(line, 1, RLENGTH); line = substr(line, RLENGTH + 1); rest = closing(line, q) }
    else { q = ""; match(line, /^[^] \t,}]*/); rest = RLENGTH }
    out = out q named_value(key, substr(line, 1, rest)); line = substr(line, rest + 1)
  }
  return out line
}
function named_value(key, v) { return substr(by_key(key ": " v), length(key) + 3) }
function mask(line,   l, indent, key, rest, filled, d) {
  l = tolower(line); match(line, /^[ \t]*/); indent = RLENGTH; filled = line ~ /[^ \t]/
  if (pem) { if (line ~ /-----END /) pem = 0; else return filled ? substr(line, 1, indent) M : line }
  if (line ~ /-----BEGIN [A-Z ]*PRIVATE KEY/) {
    pem = line !~ /-----END /; gsub(/PRIVATE KEY-----.*-----END/, "PRIVATE KEY----- " M " -----END", line); sub(/PRIVATE KEY-----[^ ].*/, "PRIVATE KEY-----", line)
    return line
  }
  if (quote != "") { # of an earlier line
    if (d = index(line, quote)) { l = substr(line, d); quote = ""; return d > 1 ? substr(line, 1, indent < d ? indent : 0) M l : line }
    if (!filled) return line
    if (line ~ /\\$/ || held || indent > deep) return substr(line, 1, indent) M (line ~ /\\$/ ? "\\" : "")
    quote = ""
  }
  if (filled && indent <= depth) depth = -1
  if (filled && indent <= accounts) accounts = -1
  if (filled && depth >= 0 && (strict || substr(line, indent + 1) !~ /^(- )?["\047]?[A-Za-z0-9_.\/-]+["\047]?:([ \t]|$)|^(#|---|\.\.\.)/)) {
    return substr(line, 1, indent) (!strict && substr(line, indent + 1, 2) == "- " ? "- " : "") M
  }
  if (filled && named != "" && depth < 0) {
    key = named; named = ""
    if (indent == beside && match(line, /^[ \t]*["\047]?value["\047]?:[ \t]*/)) {
      d = substr(line, 1, RLENGTH); rest = substr(line, RLENGTH + 1)
      if (rest ~ /^([|>][-+0-9]*)?[ \t]*(#.*)?$/) { depth = indent; strict = rest ~ /^[|>]/; return line }
      if (rest ~ /^["\047]/ && !index(substr(rest, 2), substr(rest, 1, 1))) { depth = indent; strict = 1; return d "|-" }
      return d named_value(key, rest)
    }
  }
  if (!filled || (accounts < 0 && !quick(l))) return line
  if (length(line) > 4096) return match(substr(line, 1, 64), /^[ \t]*[A-Za-z0-9_.-]+[ \t]*[:=]/) ? substr(line, 1, RLENGTH) " " M : M # to look closer would take minutes
  if (line ~ /^[ \t]*(- )*["\047]?[A-Za-z0-9_.\/-]+["\047]?:[ \t]*([|>][-+0-9]*)?[ \t]*(#.*)?$/) {
    key = substr(line, indent + 1); for (d = indent; key ~ /^- /; d += 2) key = substr(key, 3)
    strict = key ~ /:[ \t]*[|>]/; sub(/^["\047]/, "", key); sub(/["\047]?:.*/, "", key)
    if (secret(key) || (accounts >= 0 && key == "list")) depth = d
  }
  if (line ~ /^[ \t]*chpasswd:/) accounts = indent
  if (line ~ /^[ \t]*(- )*["\047]?name["\047]?:[ \t]*["\047]?[A-Za-z0-9_.\/-]+["\047]?[ \t]*,?[ \t]*(#.*)?$/) { # its value follows
    key = substr(line, indent + 1); for (d = indent; key ~ /^- /; d += 2) key = substr(key, 3)
    sub(/^["\047]?name["\047]?:[ \t]*["\047]?/, "", key); sub(/[^A-Za-z0-9_.\/-].*/, "", key)
    if (secret(key)) { named = key; beside = d }
  }
  if (match(line, /^[ \t#]*(- |export )?["\047]?[A-Za-z0-9_.\/-]+["\047]?[ \t]*[:=][ \t]*["\047]/)) { # a later line may close it
    key = substr(line, 1, RLENGTH); rest = substr(line, RLENGTH); d = substr(rest, 1, rest ~ /^("""|\047\047\047)/ ? 3 : 1)
    sub(/^[ \t#]*(- |export )?["\047]?/, "", key); sub(/["\047]?[ \t]*[:=].*/, "", key); rest = substr(rest, length(d) + 1)
    if (secret(key) && !index(rest, d)) {
      quote = d; held = length(d) > 1; deep = indent
      return substr(line, 1, length(line) - length(rest)) (rest ~ /[^ \t\\]/ ? M : "") (rest ~ /\\$/ ? "\\" : "")
    }
  }
  return by_key(by_rule(pairs(by_form(line))))
}
function fresh() { pem = strict = 0; quote = named = ""; depth = accounts = -1 }
function begin(n) {
  fresh(); size = shown = 0; open = 1; gsub(/%/, "%25", n); gsub(/\n/, "%0A", n); print (keep ? "z " : "g ") n
}
function finish() { if (open) print "\n+ " size + 0; open = 0 }
BEGIN {
  PAIR = "name\\\\*[\"\047]?[ \t]*:[ \t]*\\\\*[\"\047]?[A-Za-z0-9_./-]+\\\\*[\"\047]?[ \t]*,[ \t]*\\\\*[\"\047]?value\\\\*[\"\047]?[ \t]*:[ \t]*"
  M = "~secret~"; KEYS = "(private|secret|access|api|encryption|signing|shared|preshared|auth|certificate|account|master|wep|join|registration|activation)"
  ENDS = "(password|passwd|passphrase|token|secret|authtok|bindpw|sshpass|peerpass)"; LATE = "\\." rep("[a-z0-9]", 16); TOKEN = rep("[a-z0-9]", 6) LATE
  OWN = "eyJ" rep("[A-Za-z0-9_-]", 12) "[A-Za-z0-9_.-]*|K10" rep("[0-9a-fA-F]", 32) "[^ \t\"\047]*|grub\\.pbkdf2\\.[A-Za-z0-9_.]+|H4sI" rep("[A-Za-z0-9_+/=-]", 40) "[A-Za-z0-9_+/=-]*|gh[pousr]_[A-Za-z0-9_]+|github_pat_[A-Za-z0-9_]+|glpat-[A-Za-z0-9_-]+|dckr_pat_[A-Za-z0-9_-]+"
  n = split("pass token secret psk pbkdf2 rootpw pwd _pw credential key auth :// @ bindpw eyj k10 h4si ls0tls1 glpat ghp_ gho_ ghu_ ghs_ ghr_ _pat_ curl etcdctl wget mysql mariadb login useradd usermod username redis ipmi k3s rke2 suse ldap smb iscsi openssl sig= signature kinit sudo stdin nmcli microk8s", QUICK, " ")
  rule("password_pbkdf2", "^[ \t#;]*password_pbkdf2[ \t]+[^ \t]+[ \t]+", "*"); rule("rootpw", "^[ \t#;]*rootpw[ \t]+(--[a-z]+[ \t]+)*", "*")
  rule("(wpa|wireless)-", "^[ \t#;]*(wpa|wireless)-[A-Za-z0-9_-]*(psk|key[0-9]?|password|passphrase)[ \t]+", "*"); rule("chpasswd.*list", "chpasswd.*list[\"\047]?[ \t]*:[ \t]*")
  rule("authorization", "[Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn][\"\047]?[:=][\"\047]?[A-Za-z]+\\\\*[ \t]+"); rule("sshpass", "sshpass[ \t]+-p[ \t]*"); rule("login ", "login[ \t]+[^ \t]+[ \t]+password[ \t]+")
  rule("^[ \t#!;]*(neighbor|enable|ip|ipv6|isis|area|username|peer|key)[ \t]", "[ \t](password|secret|authentication-key|key-string|md5|string)[ \t]+(([0-9]|clear|md5)[ \t]+)?", "^[ \t]*$")
  rule("(mysql|mariadb).* -", "(mysql|mariadb)[A-Za-z0-9_-]*[ \t]([^|;&]*[ \t])?-p"); rule("login.* -p", "login[^|;&]*[ \t]-p[ \t=]*"); rule("user(add|mod).* -p", "user(add|mod)[^|;&]*[ \t]-p[ \t]*")
  rule("redis-cli", "redis-cli[^|;&]*[ \t]-a[ \t]+"); rule("ipmitool", "ipmitool[^|;&]*[ \t]-P[ \t]+"); rule("k3s |rke2 ", "(k3s|rke2)[ \t]+(server|agent)[^|;&]*[ \t]-t[ \t=]+"); rule("suseconnect", "[Cc]onnect[^|;&]*[ \t](-r|--regcode)[ \t=]+")
  rule("ldap", "ldap(search|modify|add|whoami|delete|passwd)[^|;&]*[ \t]-w[ \t]*"); rule("smbclient", "smbclient[^|;&]*[ \t]-U[ \t]*[\"\047]?[^ \t%\"\047]+%"); rule("iscsiadm", "iscsiadm[^|;&]*password[ \t][^|;&]*(-v|--value)[ \t=]+")
  rule("openssl[ \t]+passwd", "openssl[ \t]+passwd([ \t]+-salt[ \t]+[^ \t]+|[ \t]+-[^ \t]+)*[ \t]+"); rule("htpasswd", "htpasswd[ \t]+-[A-Za-z]*b[A-Za-z]*[ \t]+(-[^ \t]+[ \t]+)*[^ \t]+[ \t]+[^ \t]+[ \t]+")
  rule("(curl|etcdctl|wget).* -", "(^|[ \t\"\047])(-u|--user|-U|--proxy-user)[ \t=]*[\"\047]?[A-Za-z0-9_.@\\\\-]+:"); rule("nmcli", "nmcli.*[ \t](password|[A-Za-z0-9_.-]*(psk|wep-key[0-9]))[ \t]+")
  rule("(echo|printf).*\\|.*(--?[a-z0-9_-]*stdin|sudo[ \t]+-s|cryptsetup|smbpasswd|kinit)", "(echo|printf)[ \t]+(-[A-Za-z]+[ \t]+)*([\"\047]%s(\\\\n)?[\"\047][ \t]+)?", "^[ \t]*\\|[^|]*(--?[A-Za-z0-9_-]*stdin|sudo[ \t]+-S|cryptsetup|smbpasswd|kinit)")
  keep = ENVIRON["KEEP"]; fresh(); if (ENVIRON["NAME"] != "") begin(ENVIRON["NAME"])
}
FNR == 1 && FILENAME ~ /^\.\// { finish(); begin(substr(FILENAME, 2)); seen[FILENAME] = 1 }
{ size += length($0) + 1; if (size > 8388608) next }
keep == "container" && !/^container=/ { next }
keep == "called" && NR > 1 && (/^-/ || shown++) { next }
{ print "|" mask($0) }
END { finish(); for (i = 1; i < ARGC; i++) if (!(ARGV[i] in seen)) { begin(substr(ARGV[i], 2)); finish() } }
