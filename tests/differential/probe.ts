/**
 * The script that runs in the container and prints what it sees, in sections, and the same facts as seen from the host.
 * Owns the questions; facts.ts interprets the answers.
 */
import { CONTAINER_HOOKS_REPORT } from "./variations_cgroup.ts";
import { isThere } from "../../runtime/common/files.ts";

/** The script's last line: from then on it waits for the end of its standard input. */
export const END = "== end";

const SYSCTLS = [
  ...["net/ipv4/ip_forward", "net/core/somaxconn", "net/ipv4/ip_default_ttl"],
  ...["kernel/shm_rmid_forced", "kernel/msgmax", "kernel/hostname", "kernel/domainname"],
];

/** Functions that print a heading, and a file without another process. */
export const HELPERS = `
  section() { echo "== $1"; }
  show() { while IFS= read -r line; do printf '%s\\n' "$line"; done < "$1"; }
  PATH=/bin`;

/** Only the shell's own process is examined, so `read` loops print its status: a child's may differ. */
export const PROBE = `
  ${HELPERS}
  section mountinfo; show /proc/self/mountinfo
  section status; show /proc/self/status
  section limits; show /proc/self/limits
  section environ; tr '\\0' '\\n' < /proc/self/environ
  section args; printf '<%s>\\n' "$0" "$@"
  section cwd; readlink /proc/self/cwd
  section fds; for fd in /proc/$$/fd/*; do echo "\${fd##*/} $(readlink $fd)"; done
  section session; read -r stat < /proc/self/stat; set -- $stat; echo "$(($5 - $1)) $(($6 - $1)) $7"
  section oom; cat /proc/self/oom_score_adj
  section uid_map; cat /proc/self/uid_map
  section gid_map; cat /proc/self/gid_map
  section setgroups; cat /proc/self/setgroups
  section cgroup; cat /proc/self/cgroup
  section sysctl; for key in ${SYSCTLS.join(" ")}; do echo "$key $(cat /proc/sys/$key)"; done
  section dev; find /dev -exec stat -c '%n|%F|%a|%u|%g|%t|%T|%N' {} +
  section root; find / -xdev -path /bin -prune -o -exec stat -c '%n|%F|%a|%u|%g' {} +
  section masked; ls /proc/sys /home /etc; cat /etc/passwd
  section links; ip link | grep -c :
  section loopback; ip address show lo | grep inet
  section mkdir; mkdir /tmp/made && stat -c '%a %u %g' /tmp/made
  section null; echo > /dev/null
  section hooks; cat ${CONTAINER_HOOKS_REPORT}
  echo "${END}"
  read end
  exit 7
`;

/** cgroup files whose values are compared, of v1 and v2. */
const LIMIT_FILES = [
  ...["memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.memsw.limit_in_bytes"],
  ...["memory.swappiness", "memory.oom_control", "cpu.shares", "cpu.cfs_quota_us"],
  ...["cpu.cfs_period_us", "cpuset.cpus", "cpuset.mems", "pids.max", "devices.list"],
  ...["blkio.weight", "blkio.bfq.weight", "blkio.throttle.read_bps_device"],
  ...["blkio.throttle.write_iops_device", "memory.max", "memory.low", "memory.swap.max"],
  ...["cpu.weight", "cpu.max", "io.max", "io.bfq.weight"],
];

/** What the host sees of the container's process: lines `name value`, by section. */
export function probeFromHost(pid: number): Record<string, string[]> {
  const namespaces = [...Deno.readDirSync(`/proc/${pid}/ns`)]
    .map(({ name }) => `${name} ${Deno.readLinkSync(`/proc/${pid}/ns/${name}`)}`);
  const memberships = Deno.readTextFileSync(`/proc/${pid}/cgroup`).trim().split("\n");
  return {
    namespaces,
    membership: memberships,
    cgroupLimits: memberships.flatMap((line) => {
      const [, controllers, ...path] = line.split(":");
      return readLimits(controllers!.replace("name=", "") || "unified", path.join(":"));
    }),
  };
}

function readLimits(controller: string, path: string): string[] {
  const root = `/sys/fs/cgroup/${controller}`;
  const folder = (isThere(root) ? root : "/sys/fs/cgroup") + path;
  return LIMIT_FILES.filter((file) => isThere(`${folder}/${file}`)).map((file) => {
    const text = Deno.readTextFileSync(`${folder}/${file}`).trim();
    return `${controller}/${file} ${text.split("\n").sort().join(", ")}`;
  });
}
