/**
 * The kernel thread in a microVM's v2 cgroup. KVM creates one for each virtual machine, `kvm-nx-lpage-recovery`, in the
 * cgroup of its VMM (until Linux 6.14, where it became a thread of the VMM). It does no work for the container, and it
 * cannot be frozen.
 */
import { errnoOf } from "../../common/errors.ts";
import { ESRCH } from "../../common/errno.ts";
import { syscallError } from "../errors.ts";
import { isGone, readProcs, subtree } from "../files.ts";

/** The flag PF_KTHREAD of include/linux/sched.h. */
const PF_KTHREAD = 0x00200000;

/** The part of the name that older kernels show: 15 bytes. */
const NAME = "kvm-nx-lpage-re";

/**
 * Moves the threads to the hierarchy's root, which may have processes; returns whether there were any.
 * @throws {SyscallError} when the kernel refuses, for example because the root belongs to another user.
 */
export function moveRecoveryThreads(cgroup: string, root: string): boolean {
  let moved = false;
  for (const directory of subtree(cgroup)) {
    for (const pid of readProcs(directory)) {
      if (!isMovable(pid)) continue;
      move(pid, root);
      moved = true;
    }
  }
  return moved;
}

function isMovable(pid: number): boolean {
  try {
    return isRecoveryThread(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch (error) {
    if (isGone(error) || errnoOf(error) === ESRCH) return false;
    throw syscallError(`read /proc/${pid}/stat`, error);
  }
}

/**
 * Reads the text of /proc/PID/stat (proc(5)); a name may contain any characters, including parentheses and spaces. Other
 * kernel threads, such as vhost's, work for the container and stay under its limits.
 */
export function isRecoveryThread(stat: string): boolean {
  const end = stat.lastIndexOf(")");
  const [, , , , , , flags] = stat.slice(end + 2).split(" ");
  const name = stat.slice(stat.indexOf("(") + 1, end);
  return (Number(flags) & PF_KTHREAD) !== 0 && name.startsWith(NAME);
}

function move(pid: number, root: string): void {
  try {
    Deno.writeTextFileSync(`${root}/cgroup.procs`, `${pid}`, { create: false });
  } catch (error) {
    if (errnoOf(error) === ESRCH) return;
    const operation = `move thread ${pid} of the kernel, which does not freeze, to ${root}`;
    throw syscallError(operation, error);
  }
}
