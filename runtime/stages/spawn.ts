/**
 * Main's control of a set of stage processes: spawns the Intermediate, answers it until Init waits, and lets Init continue.
 * `create` and `exec` share it; it does not know the contents of a plan, nor the other resources.
 */
import { closeFd, receive, send, socketPair } from "../../ffi/descriptors.ts";
import { isChild, openPidfd, signalPidfd, waitForChild } from "../../ffi/processes.ts";
import { memoryFile, planFault, spawnStage, stageProgram, vmmProgram } from "../../ffi/shim.ts";
import { phase } from "../common/phases.ts";
import { encodePlan } from "../plan/encode.ts";
import type { Plan } from "../plan/op.ts";
import { converse, type Ready, type Task } from "./conversation.ts";
import { ANSWER, decodeMessage } from "./message.ts";
import { failureError } from "./op_failure.ts";
import { requireInit } from "./senders.ts";

const SIGKILL = 9;

/** Descriptors that the stages inherit, -1 for none; the caller still owns them. */
export interface Handover {
  /** The socket to which `start` will connect. */
  readonly listen: number;
  /** A pidfd of the process whose namespaces are joined. */
  readonly target: number;
  /** The v2 cgroup in which the Intermediate starts. */
  readonly cgroup: number;
}

/** Stages whose Init is ready and waits. */
export interface Stages extends Ready {
  /** Makes Init wait for the `start` command. */
  commit(): void;
  /**
   * Lets Init continue, and returns when it has executed its program.
   * @throws {SpecError | SyscallError} when it cannot.
   */
  start(): void;
}

/**
 * Starts the stages of a task and brings Init to the point where it waits.
 * @param undo gets the functions that kill them.
 * @throws {SpecError | HostError | SyscallError} naming the operation that failed.
 */
export function startStages(task: Task, handover: Handover, undo: (() => void)[]): Stages {
  const { sync, intermediate } = spawnStages(task.plan, handover);
  phase("first process started");
  // Unreaped children; the pid of a reaped one may be reused.
  const children = new Set([intermediate]);
  undo.push(() => children.forEach(killAndReap));
  const { pid, master } = converse(sync, task, intermediate, children, undo);
  waitForChild(intermediate);
  phase("Init is ready");
  children.delete(intermediate);
  return {
    pid,
    master,
    commit: () => send(sync, ANSWER.committed),
    start: () => {
      send(sync, ANSWER.start);
      awaitExec(sync, task.plan, pid);
      phase("program runs");
    },
  };
}

/** Starts the Intermediate: its pid, and our end of the socket to it. */
export function spawnStages(
  plan: Plan,
  handover: Handover,
): { sync: number; intermediate: number } {
  const encoded = encodePlan(plan);
  const fault = planFault(encoded);
  if (fault) throw new Error(fault);
  const [sync, theirs] = socketPair();
  const exe = stageProgram();
  const file = memoryFile("kago-plan", encoded);
  const vmm = plan.init.at(-1)?.op === "execVmm" ? vmmProgram() : -1;
  try {
    const intermediate = spawnStage({ exe, plan: file, sync: theirs, vmm, ...handover });
    return { sync, intermediate };
  } finally {
    for (const fd of [theirs, exe, file, vmm]) if (fd >= 0) closeFd(fd);
  }
}

/** End of file means that exec succeeded. */
function awaitExec(sync: number, plan: Plan, init: number): void {
  const datagram = receive(sync);
  if (!datagram) return;
  const message = decodeMessage(datagram.bytes);
  requireInit(init, { message, sender: datagram.sender });
  throw failureError(message, plan);
}

/** Kills an unreaped child of this process; any other process is left alone. */
export function killAndReap(pid: number): void {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  // An unreaped child keeps its pid, so the pidfd refers to it.
  const isOurs = isChild(pid);
  if (isOurs) signalPidfd(pidfd, SIGKILL);
  closeFd(pidfd);
  if (isOurs) waitForChild(pid);
}
