/** The shim's functions for the stages: their programs, their start, plans and hooks. */
import { EACCES } from "../runtime/common/errno.ts";
import { HostError } from "../runtime/common/errors.ts";
import { call, checked, cString, textOf } from "./shim_call.ts";

/** A sealed, close-on-exec memory file. */
export function memoryFile(name: string, bytes: Uint8Array<ArrayBuffer>): number {
  return checked(
    call("memory_file", [bytes.length], cString(name), bytes),
    `memfd_create ${name}`,
  );
}

/** The stage program as a sealed memory file. */
export function stageProgram(): number {
  return programFile("stage_program");
}

/** The VMM's program as a sealed memory file. */
export function vmmProgram(): number {
  return programFile("vmm_program");
}

/** @throws {HostError} where no memory file may be executed (memfd_create(2), /proc/sys/vm/memfd_noexec). */
function programFile(name: "stage_program" | "vmm_program"): number {
  const fd = call(name, []);
  if (fd === -EACCES) {
    throw new HostError(
      "this host executes no memory files, from which kago runs its programs",
      "set the sysctl vm.memfd_noexec to 1",
    );
  }
  return checked(fd, `memory file for ${name}`);
}

/** The fault that the shim finds in an encoded plan, or undefined. */
export function planFault(plan: Uint8Array<ArrayBuffer>): string | undefined {
  const offset = new Uint32Array(1);
  const problem = new Uint8Array(128);
  if (call("check_plan", [plan.length], plan, offset, problem) === 0) return undefined;
  return `malformed plan at byte ${offset[0]}: ${textOf(problem)}`;
}

export interface StageChannels {
  readonly exe: number;
  readonly plan: number;
  readonly sync: number;
  /** The socket to which `start` will connect, or -1. */
  readonly listen: number;
  /** A pidfd of the process whose namespaces are joined, or -1. */
  readonly target: number;
  /** The folder of the v2 cgroup to start in, or -1. */
  readonly cgroup: number;
  /** The program that the Init of a microVM executes, or -1. */
  readonly vmm: number;
}

/** Starts the Intermediate and returns its pid. */
export function spawnStage(channels: StageChannels): number {
  const { exe, plan, sync, listen, target, cgroup, vmm } = channels;
  const numbers = Int32Array.of(exe, plan, sync, listen, target, cgroup, vmm);
  return checked(call("spawn", [], numbers), "clone3 of the stage process");
}

/** Bytes of `struct hook_tail` of helper-c/stage/hook.h: of the text, and in total. */
const HOOK_TAIL = { text: 1024, whole: 1032 } as const;

/** A failed hook: its index, its error (an errno, or as in helper-c/stage/hook.h), and the end of its output. */
export interface HookFailure {
  readonly index: number;
  readonly errno: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the hooks in the stage `hook` of an encoded plan, in this process, until one fails. */
export function runHookPlan(
  plan: Uint8Array<ArrayBuffer>,
  state: string,
): HookFailure | undefined {
  const failure = new Uint8Array(8 + 2 * HOOK_TAIL.whole);
  const result = call("run_hooks", [plan.length], plan, cString(`${state}\0`), failure);
  if (result === 0) return undefined;
  const view = new DataView(failure.buffer);
  const tail = (at: number) => {
    const size = Number(view.getBigUint64(at + HOOK_TAIL.text, true));
    return new TextDecoder().decode(failure.subarray(at, at + size));
  };
  return {
    index: view.getUint32(0, true),
    errno: -result,
    stdout: tail(8),
    stderr: tail(8 + HOOK_TAIL.whole),
  };
}

/** Runs a few instructions of a 64-bit guest through /dev/kvm: 0, or the errno of the failure. */
export function probeKvm(): number {
  return -call("probe_kvm", []);
}

/** Exits this process immediately. */
export function exitNow(code: number): never {
  call("exit", [code]);
  throw new Error("unreachable");
}
