/**
 * The shim's functions (helper-c/shim.h) in TypeScript's terms: strings in, numbers out, a failure is a SyscallError.
 * Which calls to make in which order is not decided here.
 */
import { SyscallError } from "../runtime/errors.ts";
import { SHIM_BASE64, STAGE_BASE64 } from "./embedded.gen.ts";
import { memoryFilePath } from "./memory_file.ts";

/** The C prototype stands beside each entry. */
const SYMBOLS = {
  // int kago_memory_file(const char *name, const uint8_t *bytes, uint32_t size)
  kago_memory_file: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  // int kago_check_plan(const uint8_t *bytes, uint32_t size, uint32_t *offset, char problem[128])
  kago_check_plan: { parameters: ["buffer", "u32", "buffer", "buffer"], result: "i32" },
  // int kago_spawn(int exe_fd, int plan_fd, int sync_fd, int listen_fd, int cgroup_fd)
  kago_spawn: { parameters: ["i32", "i32", "i32", "i32", "i32"], result: "i32" },
  // int kago_socket_pair(int32_t pair[2])
  kago_socket_pair: { parameters: ["buffer"], result: "i32" },
  // int kago_listen(const char *path)
  kago_listen: { parameters: ["buffer"], result: "i32" },
  // int kago_connect(const char *path)
  kago_connect: { parameters: ["buffer"], result: "i32" },
  // int kago_send(int fd, const uint8_t *bytes, uint32_t size)
  kago_send: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int kago_receive(int fd, uint8_t *bytes, uint32_t size, int32_t *passed)
  kago_receive: { parameters: ["i32", "buffer", "u32", "buffer"], result: "i32" },
  // int kago_send_console(const char *path, const char *name, int fd)
  kago_send_console: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
  // int kago_open(const char *path, int flags)
  kago_open: { parameters: ["buffer", "i32"], result: "i32" },
  // int kago_close(int fd)
  kago_close: { parameters: ["i32"], result: "i32" },
  // int kago_wait(int pid)
  kago_wait: { parameters: ["i32"], result: "i32" },
  // int kago_pidfd_open(int pid)
  kago_pidfd_open: { parameters: ["i32"], result: "i32" },
  // int kago_pidfd_send_signal(int pidfd, int signal)
  kago_pidfd_send_signal: { parameters: ["i32", "i32"], result: "i32" },
  // int kago_pidfd_wait(int pidfd, int timeout_ms)
  kago_pidfd_wait: { parameters: ["i32", "i32"], result: "i32" },
  // int kago_foreground(int pid, int master)
  kago_foreground: { parameters: ["i32", "i32"], result: "i32" },
  // int kago_put_root_file(const char *root, const char *name, const uint8_t *bytes, uint32_t size, uint32_t, uint32_t)
  kago_put_root_file: {
    parameters: ["buffer", "buffer", "buffer", "u32", "u32", "u32"],
    result: "i32",
  },
  // int kago_run_vmm_stage(int plan_fd, int sync_fd, int listen_fd, int root_fd, int32_t result[2])
  kago_run_vmm_stage: { parameters: ["i32", "i32", "i32", "i32", "buffer"], result: "i32" },
  // void kago_exit(int code)
  kago_exit: { parameters: ["i32"], result: "void" },
} as const;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let symbols: Symbols | undefined;

function shim(): Symbols {
  if (!symbols) {
    const path = memoryFilePath("kago-shim", Uint8Array.fromBase64(SHIM_BASE64));
    symbols = Deno.dlopen(path, SYMBOLS).symbols;
  }
  return symbols;
}

const encoder = new TextEncoder();

function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${text}\0`);
}

/** A negative result is -errno. */
function checked(result: number, operation: string): number {
  if (result < 0) throw new SyscallError(operation, -result);
  return result;
}

/** A sealed, close-on-exec memory file. */
export function memoryFile(name: string, bytes: Uint8Array<ArrayBuffer>): number {
  return checked(
    shim().kago_memory_file(cString(name), bytes, bytes.length),
    `memfd_create ${name}`,
  );
}

/** The stage program as a sealed memory file. */
export function stageProgram(): number {
  return memoryFile("kago", Uint8Array.fromBase64(STAGE_BASE64));
}

/** What the shim finds wrong with an encoded plan, or undefined. */
export function planFault(plan: Uint8Array<ArrayBuffer>): string | undefined {
  const offset = new Uint32Array(1);
  const problem = new Uint8Array(128);
  if (shim().kago_check_plan(plan, plan.length, offset, problem) === 0) return undefined;
  const text = new TextDecoder().decode(problem.subarray(0, problem.indexOf(0)));
  return `malformed plan at byte ${offset[0]}: ${text}`;
}

export interface StageChannels {
  readonly exe: number;
  readonly plan: number;
  readonly sync: number;
  /** -1 under `run`. */
  readonly listen: number;
  /** A v2 cgroup's folder to start in, or -1. */
  readonly cgroup: number;
}

/** Starts the Intermediate: its pid. */
export function spawnStage({ exe, plan, sync, listen, cgroup }: StageChannels): number {
  return checked(shim().kago_spawn(exe, plan, sync, listen, cgroup), "clone3 of the stage process");
}

export function socketPair(): [number, number] {
  const pair = new Int32Array(2);
  checked(shim().kago_socket_pair(pair), "socketpair");
  return [pair[0]!, pair[1]!];
}

export function listenAt(path: string): number {
  return checked(shim().kago_listen(cString(path)), `bind ${path}`);
}

export function connectTo(path: string): number {
  return checked(shim().kago_connect(cString(path)), `connect ${path}`);
}

export function send(fd: number, bytes: Uint8Array<ArrayBuffer>): void {
  checked(shim().kago_send(fd, bytes, bytes.length), "send");
}

export interface Datagram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A descriptor that came with it, or -1. */
  readonly passed: number;
}

/** Blocks for the next datagram; undefined at the end of the stream. */
export function receive(fd: number): Datagram | undefined {
  const buffer = new Uint8Array(4096);
  const passed = new Int32Array(1);
  const size = checked(shim().kago_receive(fd, buffer, buffer.length, passed), "recvmsg");
  return size === 0 ? undefined : { bytes: buffer.subarray(0, size), passed: passed[0]! };
}

/** Sends a terminal's master to the socket that `--console-socket` names. */
export function sendConsole(path: string, master: number): void {
  checked(
    shim().kago_send_console(cString(path), cString("/dev/ptmx"), master),
    `send the console to ${path}`,
  );
}

const O_DIRECTORY = 0o200000;

export function openFolder(path: string): number {
  return checked(shim().kago_open(cString(path), O_DIRECTORY), `open ${path}`);
}

const O_RDWR = 2;

/** Opens a device for reading and writing: 0, or its errno; nothing stays open. */
export function tryOpenDevice(path: string): number {
  const fd = shim().kago_open(cString(path), O_RDWR);
  if (fd < 0) return -fd;
  shim().kago_close(fd);
  return 0;
}

export function closeFd(fd: number): void {
  checked(shim().kago_close(fd), `close ${fd}`);
}

export interface ExitStatus {
  readonly code?: number;
  readonly signal?: number;
}

function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal };
}

/** Waits for a child (waitpid(2)). */
export function waitForChild(pid: number): ExitStatus {
  return exitStatus(checked(shim().kago_wait(pid), `wait for process ${pid}`));
}

/** Waits for a child, forwarding signals to it and relaying the terminal `master` unless that is -1. */
export function waitInForeground(pid: number, master: number): ExitStatus {
  return exitStatus(checked(shim().kago_foreground(pid, master), `wait for process ${pid}`));
}

/** A handle on a process that a recycled pid cannot fool; undefined when there is no such process. */
export function openPidfd(pid: number): number | undefined {
  const fd = shim().kago_pidfd_open(pid);
  const ESRCH = 3;
  return fd === -ESRCH ? undefined : checked(fd, `pidfd_open ${pid}`);
}

/** False when the process has ended. */
export function signalPidfd(pidfd: number, signal: number): boolean {
  const result = shim().kago_pidfd_send_signal(pidfd, signal);
  const ESRCH = 3;
  if (result === -ESRCH) return false;
  checked(result, `pidfd_send_signal ${signal}`);
  return true;
}

/** True when the process ends within `timeoutMs`. */
export function waitPidfd(pidfd: number, timeoutMs: number): boolean {
  return checked(shim().kago_pidfd_wait(pidfd, timeoutMs), "poll of a pidfd") > 0;
}

export interface RootFile {
  readonly name: string;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly uid: number;
  readonly gid: number;
}

/** Puts a file at the root of a hostile root filesystem, replacing what has its name without following it. */
export function putRootFile(root: string, { name, data, uid, gid }: RootFile): void {
  checked(
    shim().kago_put_root_file(cString(root), cString(name), data, data.length, uid, gid),
    `write ${name} into ${root}`,
  );
}

export interface VmmChannels {
  readonly plan: number;
  readonly sync: number;
  readonly listen: number;
  readonly root: number;
}

export interface VmmStageResult {
  /** 0, or the errno of the operation `failed`. */
  readonly errno: number;
  readonly failed: number;
  /** Where reports go now. */
  readonly report: number;
}

/** Runs the vmm stage of the plan on all threads of this process; returns when `start` has come. */
export function runVmmStage({ plan, sync, listen, root }: VmmChannels): VmmStageResult {
  const result = new Int32Array(2);
  const outcome = shim().kago_run_vmm_stage(plan, sync, listen, root, result);
  return { errno: -outcome, failed: result[0]!, report: result[1]! };
}

/** Ends this process at once. */
export function exitNow(code: number): never {
  shim().kago_exit(code);
  throw new Error("unreachable");
}
