# Completion of nodecheck for fish. Made by nodecheck completion fish; do not edit.
function __nodecheck_checks
    set -l words (commandline -opc)
    $words[1] list --no-config 2>/dev/null | string replace -rf '^([a-z][a-z0-9-]*)  .*' '$1'
    printf '%s\n' plugin waiver
end
function __nodecheck_profiles
    set -l words (commandline -opc)
    $words[1] profile list 2>/dev/null
    __fish_complete_path (commandline -ct)
end
function __nodecheck_output # FORMAT=FILE
    set -l word (commandline -ct)
    set -l parts (string split -m1 = -- $word)
    if set -q parts[2]
        __fish_complete_path $parts[2] | string replace -r '^' "$parts[1]="
    else
        printf '%s=\n' $argv
    end
end
complete -c nodecheck -f
complete -c nodecheck -n __fish_use_subcommand -l help -d 'show the verbs'
complete -c nodecheck -n __fish_use_subcommand -l version -d 'show the version'
complete -c nodecheck -n __fish_use_subcommand -a run -d 'check this node'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l profile -d 'a profile\'s name, or a TOML file (default: kubernetes)' -r -f -a '(__nodecheck_profiles)'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l waivers -d 'honour these waivers, in place of those that the configuration names (may be repeated)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l role -d 'default: the profile\'s, else found on the node' -r -f -a 'control-plane worker'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l kubernetes -d 'the Kubernetes release that the node is to run' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l proxy-mode -d 'kube-proxy\'s mode' -r -f -a 'ipvs iptables nftables none'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l cni -d 'the network plugin, such as flannel, calico, cilium' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l phase -d 'where in its life the node is (default: the profile\'s, else found on it)' -r -f -a 'image install join upgrade steady'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l select -d 'only these results (a selector; may be repeated)' -r -f -a '(__nodecheck_checks)'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l ignore -d 'not these results (a selector; may be repeated)' -r -f -a '(__nodecheck_checks)'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l view -d 'only what holds now, or only what will hold after a reboot' -r -f -a 'now boot'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l root -d 'judge the file system in DIR instead of the live node' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l capture -d 'judge the node that nodecheck capture, or its collector, wrote to FILE (- for standard input)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l fail-on -d 'the least severity that makes the exit code 1 (default: the profile\'s)' -r -f -a 'error warning info'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l exit-zero -d 'exit 0 where the verdict would make it 1 or 3'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l timeout -d 'for the whole run (default: 30)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l ssh -d 'the node that ssh reaches by this name, on which nothing has to be installed (may be repeated)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l hosts -d 'the hosts in FILE, one a line, after # a comment (- for standard input)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l ssh-option -d 'an option for ssh, as after its -o: Port=2222 (may be repeated)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l sudo -d 'read the nodes as root, by sudo without a password (sudo -n)'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l parallel -d 'ask at most N hosts at once (default: 16)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l config -d 'the configuration (default: the node\'s, /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l no-config -d 'as if there were no configuration'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l format -d 'text, short, json, jsonl, junit, openmetrics, nagios, npd, markdown, html, sarif, tap, github, ansible, journald, syslog, or one of a plugin (default: text)' -r -f -a 'text short json jsonl junit openmetrics nagios npd markdown html sarif tap github ansible journald syslog'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l json -d 'the same as --format json'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l output -d 'also write FILE (may be repeated); journald and syslog go to the node\'s log, and need no FILE' -r -f -a '(__nodecheck_output text short json jsonl junit openmetrics nagios npd markdown html sarif tap github ansible journald syslog)'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -s q -l quiet -d 'print nothing where all is well, and else only what is not'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -s v -l verbose -d 'explain every verdict, passes too'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l no-color -d 'plain text on a terminal too (as NO_COLOR does)'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l exit-map -d 'whose exit codes: run\'s own, those of a Nagios plugin, or of node-problem-detector (default: by the format)' -r -f -a 'run nagios npd'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from run' -f -a '(__nodecheck_checks)'
complete -c nodecheck -n __fish_use_subcommand -a plan -d 'print the fixes for what fails'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l profile -d 'a profile\'s name, or a TOML file (default: kubernetes)' -r -f -a '(__nodecheck_profiles)'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l waivers -d 'honour these waivers, in place of those that the configuration names (may be repeated)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l role -d 'default: the profile\'s, else found on the node' -r -f -a 'control-plane worker'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l kubernetes -d 'the Kubernetes release that the node is to run' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l proxy-mode -d 'kube-proxy\'s mode' -r -f -a 'ipvs iptables nftables none'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l cni -d 'the network plugin, such as flannel, calico, cilium' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l phase -d 'where in its life the node is (default: the profile\'s, else found on it)' -r -f -a 'image install join upgrade steady'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l select -d 'only these results (a selector; may be repeated)' -r -f -a '(__nodecheck_checks)'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l ignore -d 'not these results (a selector; may be repeated)' -r -f -a '(__nodecheck_checks)'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l view -d 'only what holds now, or only what will hold after a reboot' -r -f -a 'now boot'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l root -d 'judge the file system in DIR instead of the live node' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l capture -d 'judge the node that nodecheck capture, or its collector, wrote to FILE (- for standard input)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l fail-on -d 'the least severity that makes the exit code 1 (default: the profile\'s)' -r -f -a 'error warning info'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l exit-zero -d 'exit 0 where the verdict would make it 1 or 3'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l timeout -d 'for the whole run (default: 30)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l ssh -d 'the node that ssh reaches by this name, on which nothing has to be installed (may be repeated)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l hosts -d 'the hosts in FILE, one a line, after # a comment (- for standard input)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l ssh-option -d 'an option for ssh, as after its -o: Port=2222 (may be repeated)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l sudo -d 'read the nodes as root, by sudo without a password (sudo -n)'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l parallel -d 'ask at most N hosts at once (default: 16)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l config -d 'the configuration (default: the node\'s, /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l no-config -d 'as if there were no configuration'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l keep-going -d 'let the script, or the playbook, go on after a step that fails, without what needs it; then it exits 1'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l format -d 'text, sh (a POSIX shell script), ansible (a playbook) or json (default: text)' -r -f -a 'text sh json ansible'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l json -d 'the same as --format json'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l output -d 'also write FILE (may be repeated)' -r -f -a '(__nodecheck_output text sh json ansible)'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -s q -l quiet -d 'print nothing where all is well, and else only what is not'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -s v -l verbose -d 'taken as run takes it; a plan is always whole'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l no-color -d 'plain text on a terminal too (as NO_COLOR does)'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from plan' -f -a '(__nodecheck_checks)'
complete -c nodecheck -n __fish_use_subcommand -a audit -d 'check, record, and tell what changed: for cron and timers'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l profile -d 'a profile\'s name, or a TOML file (default: kubernetes)' -r -f -a '(__nodecheck_profiles)'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l waivers -d 'honour these waivers, in place of those that the configuration names (may be repeated)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l role -d 'default: the profile\'s, else found on the node' -r -f -a 'control-plane worker'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l kubernetes -d 'the Kubernetes release that the node is to run' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l proxy-mode -d 'kube-proxy\'s mode' -r -f -a 'ipvs iptables nftables none'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l cni -d 'the network plugin, such as flannel, calico, cilium' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l phase -d 'where in its life the node is (default: the profile\'s, else found on it)' -r -f -a 'image install join upgrade steady'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l select -d 'only these results (a selector; may be repeated)' -r -f -a '(__nodecheck_checks)'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l ignore -d 'not these results (a selector; may be repeated)' -r -f -a '(__nodecheck_checks)'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l view -d 'only what holds now, or only what will hold after a reboot' -r -f -a 'now boot'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l root -d 'judge the file system in DIR instead of the live node' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l capture -d 'judge the node that nodecheck capture, or its collector, wrote to FILE (- for standard input)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l fail-on -d 'the least severity that makes the exit code 1 (default: the profile\'s)' -r -f -a 'error warning info'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l exit-zero -d 'exit 0 where the verdict would make it 1 or 3'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l timeout -d 'for the whole run (default: 30)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l format -d 'text or json, of the changes (default: text)' -r -f -a 'text json'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l json -d 'the same as --format json'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l output -d 'also write FILE (may be repeated)' -r -f -a '(__nodecheck_output text short json jsonl junit openmetrics nagios npd markdown html sarif tap github ansible journald syslog)'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -s q -l quiet -d 'print nothing where all is well, and else only what is not'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -s v -l verbose -d 'taken as run takes it; changes are always told whole'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l no-color -d 'plain text on a terminal too (as NO_COLOR does)'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l exit-map -d 'whose exit codes: nodecheck\'s own (run, the default), a Nagios plugin\'s, or npd\'s' -r -f -a 'run nagios npd'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l config -d 'the configuration (default: the node\'s, /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l no-config -d 'as if there were no configuration'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l state -d 'the state directory (default: the configuration\'s, /var/lib/nodecheck, …)' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l changed-only -d 'report, and exit by, the changes alone'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l check-config -d 'only validate the configuration, and print what is in force'
complete -c nodecheck -n '__fish_seen_subcommand_from audit' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n __fish_use_subcommand -a capture -d 'write all that is read of a node to one file, to be judged elsewhere'
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -s o -l output -d 'write FILE, whole or not at all, not standard output; over ssh: HOST.capture in this directory' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l root -d 'capture the file system in DIR instead of the live node' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l from -d 'take a capture that is there (- for standard input); of several, of one node, the later knows better' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l show -d 'print what is known of PATH, or of the capture itself, and write none' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l redact -d 'other names, addresses and ids in place of the node\'s own; verdicts stay'
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l map -d 'the key of --redact, and what became what; made where it is not there. Keep it: it is for the owner alone' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l ssh -d 'the node that ssh reaches by this name, on which nothing has to be installed (may be repeated)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l hosts -d 'the hosts in FILE, one a line, after # a comment (- for standard input)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l ssh-option -d 'an option for ssh, as after its -o: Port=2222 (may be repeated)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l sudo -d 'read the nodes as root, by sudo without a password (sudo -n)'
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l parallel -d 'ask at most N hosts at once (default: 16)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l timeout -d 'for a whole capture (default: 120)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from capture' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n __fish_use_subcommand -a collector -d 'print a script of sh that captures a node without Python'
complete -c nodecheck -n '__fish_seen_subcommand_from collector' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from collector' -s o -l output -d 'write FILE, whole or not at all, not standard output' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from collector' -l more -d 'only what the checks ask and this capture, or archive, has no answer to (- for standard input); of several: what none of them has' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from collector' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n __fish_use_subcommand -a history -d 'the recorded audits, and since when something is as it is'
complete -c nodecheck -n '__fish_seen_subcommand_from history' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l result -d 'the history of this result: since when it has the status that it has' -r -f -a '(__nodecheck_checks)'
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l boot -d 'the reboots: what was predicted of them, and what came true'
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l limit -d 'lines of the list (default: 20; 0: all)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l since -d 'only from then on: 2026-11-01, or 2026-11-01T12:30:00Z' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l format -d 'of the report of RUN: text, json, html, … (default: text)' -r -f -a 'text short json jsonl junit openmetrics nagios npd markdown html sarif tap github ansible journald syslog'
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l json -d 'the same as --format json; of lists too'
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l no-color -d 'plain text on a terminal too (as NO_COLOR does)'
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l config -d 'the configuration (default: /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from history' -l state -d 'the state directory (default: the configuration\'s, /var/lib/nodecheck, …)' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from history' -f
complete -c nodecheck -n __fish_use_subcommand -a diff -d 'what changed between two reports'
complete -c nodecheck -n '__fish_seen_subcommand_from diff' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from diff' -l changed-only -d 'leave out what fails in both'
complete -c nodecheck -n '__fish_seen_subcommand_from diff' -l format -d '(default: text)' -r -f -a 'text json'
complete -c nodecheck -n '__fish_seen_subcommand_from diff' -l json -d 'the same as --format json'
complete -c nodecheck -n '__fish_seen_subcommand_from diff' -l no-color -d 'plain text on a terminal too (as NO_COLOR does)'
complete -c nodecheck -n '__fish_seen_subcommand_from diff' -l config -d 'the configuration (default: /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from diff' -l state -d 'the state directory (default: the configuration\'s, /var/lib/nodecheck, …)' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from diff' -f
complete -c nodecheck -n __fish_use_subcommand -a baseline -d 'accept a recorded run as what the node is to be'
complete -c nodecheck -n '__fish_seen_subcommand_from baseline' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and not __fish_seen_subcommand_from accept show' -a accept -d 'accept a run as the baseline of audits like it'
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and __fish_seen_subcommand_from accept' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and __fish_seen_subcommand_from accept' -l config -d 'the configuration (default: /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and __fish_seen_subcommand_from accept' -l state -d 'the state directory (default: the configuration\'s, /var/lib/nodecheck, …)' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and __fish_seen_subcommand_from accept' -f
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and not __fish_seen_subcommand_from accept show' -a show -d 'the accepted baselines, and what fails in them'
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and __fish_seen_subcommand_from show' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and __fish_seen_subcommand_from show' -l json -d 'as JSON, with the whole reports'
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and __fish_seen_subcommand_from show' -l config -d 'the configuration (default: /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from baseline; and __fish_seen_subcommand_from show' -l state -d 'the state directory (default: the configuration\'s, /var/lib/nodecheck, …)' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n __fish_use_subcommand -a schedule -d 'a systemd timer or a cron entry for the audit'
complete -c nodecheck -n '__fish_seen_subcommand_from schedule' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from schedule' -l every -d 'hourly (default), daily, weekly, or as systemd or cron has it' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from schedule' -l user-crontab -d 'cron: a line for crontab(1), or for busybox\'s crond'
complete -c nodecheck -n '__fish_seen_subcommand_from schedule' -l install -d 'write the files and start the timer, and say so'
complete -c nodecheck -n '__fish_seen_subcommand_from schedule' -l remove -d 'take away what --install wrote'
complete -c nodecheck -n '__fish_seen_subcommand_from schedule' -l options -d 'options of nodecheck audit, quoted as one word' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from schedule' -f -a 'systemd cron'
complete -c nodecheck -n __fish_use_subcommand -a waive -d 'accept a failure for a while, with a reason and an owner'
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l reason -d 'why the failure is accepted' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l until -d 'the last day on which it is (in UTC), or so many days or weeks' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l owner -d 'who answers for it' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l ticket -d 'where it is discussed' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l file -d 'a file of waivers, or a profile (default: /etc/nodecheck/waivers.toml, or the user\'s own)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l remove -d 'end the waiver of ID'
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l list -d 'list the waivers that run takes here, or those of --file alone, and change nothing'
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l waivers -d 'with --list: these waivers, in place of those that the configuration names (may be repeated)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l config -d 'the configuration (default: the node\'s, /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l no-config -d 'as if there were no configuration'
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l json -d 'with --list: as JSON'
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l dry-run -d 'show what would change, and change nothing'
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from waive' -f -a '(__nodecheck_checks)'
complete -c nodecheck -n __fish_use_subcommand -a convert -d 'show a report in another format'
complete -c nodecheck -n '__fish_seen_subcommand_from convert' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from convert' -l to -d 'text, short, json, jsonl, junit, openmetrics, nagios, npd, markdown, html, sarif, tap, github, ansible, journald, syslog, or one of a plugin' -r -f -a 'text short json jsonl junit openmetrics nagios npd markdown html sarif tap github ansible journald syslog'
complete -c nodecheck -n '__fish_seen_subcommand_from convert' -s o -l output -d 'write FILE, whole or not at all, not standard output' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from convert' -s v -l verbose -d 'with --to text: explain every verdict, passes too, as run -v does'
complete -c nodecheck -n '__fish_seen_subcommand_from convert' -l exit-map -d 'whose exit codes: run\'s own, those of a Nagios plugin, or of node-problem-detector (default: by the format)' -r -f -a 'run nagios npd'
complete -c nodecheck -n '__fish_seen_subcommand_from convert' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from convert' -F
complete -c nodecheck -n __fish_use_subcommand -a list -d 'the checks of a profile'
complete -c nodecheck -n '__fish_seen_subcommand_from list' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from list' -l profile -d 'a profile\'s name, or a file (default: kubernetes)' -r -f -a '(__nodecheck_profiles)'
complete -c nodecheck -n '__fish_seen_subcommand_from list' -l config -d 'the configuration (default: the node\'s, /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from list' -l no-config -d 'as if there were no configuration'
complete -c nodecheck -n '__fish_seen_subcommand_from list' -l capture -d 'as for run --capture FILE: no configuration of this node counts' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from list' -l phase -d 'only the checks that are asked of a node in this phase' -r -f -a 'image install join upgrade steady'
complete -c nodecheck -n '__fish_seen_subcommand_from list' -l json -d 'as JSON'
complete -c nodecheck -n '__fish_seen_subcommand_from list' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n __fish_use_subcommand -a explain -d 'what a check looks at and why'
complete -c nodecheck -n '__fish_seen_subcommand_from explain' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from explain' -l profile -d 'whose limits a subject has (default: kubernetes)' -r -f -a '(__nodecheck_profiles)'
complete -c nodecheck -n '__fish_seen_subcommand_from explain' -l here -d 'add what it finds on this node, and where each value stands'
complete -c nodecheck -n '__fish_seen_subcommand_from explain' -l root -d 'as --here, of the file system in DIR' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from explain' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from explain' -f -a '(__nodecheck_checks)'
complete -c nodecheck -n __fish_use_subcommand -a doctor -d 'what this nodecheck can and cannot see here'
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l profile -d 'a profile\'s name, or a TOML file (default: kubernetes)' -r -f -a '(__nodecheck_profiles)'
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l waivers -d 'honour these waivers, in place of those that the configuration names (may be repeated)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l role -d 'default: the profile\'s, else found on the node' -r -f -a 'control-plane worker'
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l kubernetes -d 'the Kubernetes release that the node is to run' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l proxy-mode -d 'kube-proxy\'s mode' -r -f -a 'ipvs iptables nftables none'
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l cni -d 'the network plugin, such as flannel, calico, cilium' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l phase -d 'where in its life the node is (default: the profile\'s, else found on it)' -r -f -a 'image install join upgrade steady'
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l config -d 'the configuration (default: the node\'s, /etc/nodecheck/nodecheck.toml)' -r -F
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l no-config -d 'as if there were no configuration'
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l timeout -d 'for the run (default: 30)' -r -f
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l json -d 'as JSON'
complete -c nodecheck -n '__fish_seen_subcommand_from doctor' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n __fish_use_subcommand -a plugins -d 'what is loaded, from where'
complete -c nodecheck -n '__fish_seen_subcommand_from plugins' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from plugins' -l json -d 'as JSON'
complete -c nodecheck -n '__fish_seen_subcommand_from plugins' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n __fish_use_subcommand -a profile -d 'list the profiles, show one, validate a file'
complete -c nodecheck -n '__fish_seen_subcommand_from profile' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from profile' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and not __fish_seen_subcommand_from list show validate' -a list -d 'the names of the profiles'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from list' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from list' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and not __fish_seen_subcommand_from list show validate' -a show -d 'a profile as TOML, with what it extends'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from show' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from show' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from show' -f -a '(__nodecheck_profiles)'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and not __fish_seen_subcommand_from list show validate' -a validate -d 'exit 0 where a file is a valid profile, else say what is wrong and exit 2'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from validate' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from validate' -l plugins -d 'load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated' -r -f -a '(__fish_complete_directories)'
complete -c nodecheck -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from validate' -F
complete -c nodecheck -n __fish_use_subcommand -a completion -d 'print the completion script of a shell'
complete -c nodecheck -n '__fish_seen_subcommand_from completion' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
complete -c nodecheck -n __fish_use_subcommand -a help -d 'what the verbs do, or the options of one'
complete -c nodecheck -n '__fish_seen_subcommand_from help' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from help' -f -a 'run plan audit capture collector history diff baseline schedule waive convert list explain doctor plugins profile completion help version schema'
complete -c nodecheck -n __fish_use_subcommand -a version -d 'print the version'
complete -c nodecheck -n '__fish_seen_subcommand_from version' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from version' -s v -l verbose -d 'the versions of Python and of what is used, too'
complete -c nodecheck -n __fish_use_subcommand -a schema -d 'print the JSON Schema of a report, a plan, an audit, a profile, or of hosts'
complete -c nodecheck -n '__fish_seen_subcommand_from schema' -s h -l help -d 'show this help message and exit'
complete -c nodecheck -n '__fish_seen_subcommand_from schema' -f -a 'report plan audit profile hosts'
