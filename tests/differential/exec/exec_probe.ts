/**
 * The script that `exec` runs in the container; it prints what it sees, in sections. Owns the questions; facts.ts
 * interprets the answers.
 */
import { HELPERS } from "../probe.ts";

/** The shell itself answers as far as it can: a child may have other signals and descriptors. */
export const EXEC_PROBE = `
  ${HELPERS}
  section status; show /proc/self/status
  section limits; show /proc/self/limits
  section environ; tr '\\0' '\\n' < /proc/$$/environ
  section args; printf '<%s>\\n' "$0" "$@"
  section place; for link in cwd root; do echo "$link $(readlink /proc/$$/$link)"; done
  section fds; for fd in /proc/$$/fd/*; do echo "\${fd##*/} $(readlink $fd)"; done
  section namespaces; for link in /proc/$$/ns/*; do echo "\${link##*/} $(readlink $link)"; done
  section cgroup; cat /proc/self/cgroup
  section uid_map; cat /proc/self/uid_map
  section oom; cat /proc/self/oom_score_adj
  section id; id
  section keyring; sed -n 's/.*keyring  *\\(_ses[^:]*\\).*/\\1/p' /proc/keys
  section lsm; cat /proc/self/attr/current 2> /dev/null || echo none
  section terminal; echo "name $(tty)"; test -t 0 && echo "size $(stty size)"; test -t 0 && echo "modes $(stty -g)"
  section made; : > /tmp/made; stat -c '%a %u %g' /tmp/made; rm -f /tmp/made
  section mkdir; mkdir /tmp/folder; echo $?; rmdir /tmp/folder
  section stat; show /proc/self/stat
  section io; ionice -p $$
`;

/**
 * Fields of proc_pid_stat(5) that a runtime determines: whether the process leads its session and its process group,
 * whether it has a terminal, and its scheduling.
 */
export function readStat(stat: string): string[] {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => fields[number - 3];
  const pid = stat.split(" ", 1)[0];
  return [
    `group ${field(5) === pid ? "led" : "joined"}`,
    `session ${field(6) === pid ? "led" : "joined"}`,
    `terminal ${field(7) === "0" ? "none" : "some"}`,
    `foreground ${field(8) === pid ? "own" : field(8)}`,
    `priority ${field(18)}`,
    `nice ${field(19)}`,
    `rt_priority ${field(40)}`,
    `policy ${field(41)}`,
  ];
}
