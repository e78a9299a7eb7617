/**
 * The shim's functions (helper-c/shim.h) in TypeScript's terms: strings in, numbers out, a failure is a SyscallError.
 * Which calls to make in which order is not decided here.
 */
import { SyscallError } from "../runtime/errors.ts";
import { SHIM_BASE64 } from "./embedded.gen.ts";
import { memoryFilePath } from "./memory_file.ts";
import { packed } from "./packed.ts";

/** The functions of helper-c/shim.h, by number; a test compares this list with the header's. */
export const CALLS = [
  "memory_file",
  "stage_program",
  "vmm_program",
  "check_plan",
  "spawn",
  "socket_pair",
  "listen",
  "connect",
  "send",
  "receive",
  "send_descriptor",
  "open",
  "close",
  "set_device_filter",
  "wait",
  "pidfd_open",
  "pidfd_send_signal",
  "pidfd_wait",
  "catch_signals",
  "foreground",
  "copy_window_size",
  "put_root_file",
  "read_root_file",
  "run_hooks",
  "probe_kvm",
  "open_in_root",
  "move_net_device",
  "oom_watch",
  "oom_wait",
  "ask_agent",
  "mount_id",
  "detach_mount",
  "notify_connect",
  "notify_listen",
  "notify_wait",
  "exit",
] as const;

type Pointer = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | null;

/**
 * int kago_call(struct shim_request request, void *p, void *q, void *r): one symbol for all, because Deno compiles a
 * trampoline for each when it loads a library. The struct also keeps it from doing so for this one: it calls through
 * libffi instead, and a command makes too few calls to win that time back.
 */
const SYMBOLS = {
  kago_call: {
    parameters: [
      { struct: ["u32", "i32", "i32", "i32", "i32", "i32"] },
      "buffer",
      "buffer",
      "buffer",
    ],
    result: "i32",
  },
} as const;

let symbols: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

function unpackShim(): string {
  return memoryFilePath("kago-shim", Uint8Array.fromBase64(SHIM_BASE64));
}

function call(
  name: (typeof CALLS)[number],
  numbers: readonly number[],
  p: Pointer = null,
  q: Pointer = null,
  r: Pointer = null,
): number {
  symbols ??= Deno.dlopen(packed()?.shim ?? unpackShim(), SYMBOLS).symbols;
  const request = new Int32Array(6);
  request[0] = CALLS.indexOf(name);
  request.set(numbers, 1);
  return symbols.kago_call(new Uint8Array(request.buffer), p, q, r);
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
    call("memory_file", [bytes.length], cString(name), bytes),
    `memfd_create ${name}`,
  );
}

/** The stage program as a sealed memory file. */
export function stageProgram(): number {
  return checked(call("stage_program", []), "memfd_create of the stage program");
}

/** The VMM's program as a sealed memory file. */
export function vmmProgram(): number {
  return checked(call("vmm_program", []), "memfd_create of the VMM's program");
}

/** What the shim finds wrong with an encoded plan, or undefined. */
export function planFault(plan: Uint8Array<ArrayBuffer>): string | undefined {
  const offset = new Uint32Array(1);
  const problem = new Uint8Array(128);
  if (call("check_plan", [plan.length], plan, offset, problem) === 0) return undefined;
  const text = new TextDecoder().decode(problem.subarray(0, problem.indexOf(0)));
  return `malformed plan at byte ${offset[0]}: ${text}`;
}

export interface StageChannels {
  readonly exe: number;
  readonly plan: number;
  readonly sync: number;
  /** Where `start` will connect, or -1. */
  readonly listen: number;
  /** A pidfd of the process whose namespaces are to be joined, or -1. */
  readonly target: number;
  /** A v2 cgroup's folder to start in, or -1. */
  readonly cgroup: number;
  /** The program that the Init of a microVM becomes, or -1. */
  readonly vmm: number;
}

/** Starts the Intermediate: its pid. */
export function spawnStage(channels: StageChannels): number {
  const { exe, plan, sync, listen, target, cgroup, vmm } = channels;
  const numbers = Int32Array.of(exe, plan, sync, listen, target, cgroup, vmm);
  return checked(call("spawn", [], numbers), "clone3 of the stage process");
}

export function socketPair(): [number, number] {
  const pair = new Int32Array(2);
  checked(call("socket_pair", [], pair), "socketpair");
  return [pair[0]!, pair[1]!];
}

export function listenAt(path: string): number {
  return checked(call("listen", [], cString(path)), `bind ${path}`);
}

export function connectTo(path: string): number {
  return checked(call("connect", [], cString(path)), `connect ${path}`);
}

export function send(fd: number, bytes: Uint8Array<ArrayBuffer>): void {
  checked(call("send", [fd, bytes.length], bytes), "send");
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
  const size = checked(call("receive", [fd, buffer.length], buffer, passed), "recvmsg");
  return size === 0 ? undefined : { bytes: buffer.subarray(0, size), passed: passed[0]! };
}

/** Connects to the unix stream socket `path` and sends the descriptor along with `text`. */
export function sendDescriptor(path: string, text: string, fd: number): void {
  checked(
    call("send_descriptor", [fd], cString(path), cString(text)),
    `send a descriptor to ${path}`,
  );
}

const O_DIRECTORY = 0o200000;

export function openFolder(path: string): number {
  return checked(call("open", [O_DIRECTORY], cString(path)), `open ${path}`);
}

/** A descriptor of a namespace, such as /proc/self/ns/net. */
export function openNamespace(path: string): number {
  return checked(call("open", [0], cString(path)), `open ${path}`);
}

const O_RDWR = 2;

/** Opens a device for reading and writing: 0, or its errno; nothing stays open. */
export function tryOpenDevice(path: string): number {
  const fd = call("open", [O_RDWR], cString(path));
  if (fd < 0) return -fd;
  call("close", [fd]);
  return 0;
}

export function closeFd(fd: number): void {
  checked(call("close", [fd]), `close ${fd}`);
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
  return exitStatus(checked(call("wait", [pid]), `wait for process ${pid}`));
}

/**
 * From here on signals wait for waitInForeground(), which forwards them: one that comes while the child is started must
 * not end us and leave it behind.
 * @param subreaper whether orphans of the child are to be our children, reaped while we wait.
 */
export function catchSignals(subreaper: boolean): void {
  checked(call("catch_signals", [subreaper ? 1 : 0]), "catch signals");
}

/** Ways for sd_notify(3): the socket that the container's program sends to, and one that is connected to the manager's. */
export interface Notify {
  readonly inside: number;
  readonly manager: number;
}

/**
 * Waits for a child, forwarding signals to it, relaying the terminal `master` unless that is -1, and passing on what its
 * program tells the service manager.
 */
export function waitInForeground(pid: number, master: number, notify?: Notify): ExitStatus {
  const { inside, manager } = notify ?? { inside: -1, manager: -1 };
  const status = call("foreground", [pid, master, inside, manager]);
  return exitStatus(checked(status, `wait for process ${pid}`));
}

/** A socket that is connected to the service manager's, by an address as in NOTIFY_SOCKET. */
export function notifyConnect(address: string): number {
  return checked(call("notify_connect", [], cString(address)), `connect to ${address}`);
}

/** A socket that everybody may send to. */
export function notifyListen(path: string): number {
  return checked(call("notify_listen", [], cString(path)), `bind ${path}`);
}

/** Passes on what the program tells the service manager until it says that it is ready; false when it ends before. */
export function notifyWait({ inside, manager }: Notify, pid: number): boolean {
  return checked(call("notify_wait", [inside, manager, pid]), `wait for process ${pid}`) === 1;
}

/** Gives the terminal `master` the window size of this process's own, if it has one. */
export function copyWindowSize(master: number): void {
  call("copy_window_size", [master]);
}

/** A handle on a process that a recycled pid cannot fool; undefined when there is no such process. */
export function openPidfd(pid: number): number | undefined {
  const fd = call("pidfd_open", [pid]);
  // EINVAL: the number is a thread's by now.
  const ESRCH = 3, EINVAL = 22;
  return fd === -ESRCH || fd === -EINVAL ? undefined : checked(fd, `pidfd_open ${pid}`);
}

/** False when the process has ended. */
export function signalPidfd(pidfd: number, signal: number): boolean {
  const result = call("pidfd_send_signal", [pidfd, signal]);
  const ESRCH = 3;
  if (result === -ESRCH) return false;
  checked(result, `pidfd_send_signal ${signal}`);
  return true;
}

/** True when the process ends within `timeoutMs`. */
export function waitPidfd(pidfd: number, timeoutMs: number): boolean {
  return checked(call("pidfd_wait", [pidfd, timeoutMs]), "poll of a pidfd") > 0;
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
    call("put_root_file", [data.length, uid, gid], cString(root), cString(name), data),
    `write ${name} into ${root}`,
  );
}

const O_PATH = 0o10000000;

/**
 * A descriptor of `path` inside a hostile root filesystem, for use by `/proc/self/fd/N`; it cannot be read or written
 * itself.
 * @throws {SyscallError}
 */
export function openInRoot(root: string, path: string): number {
  return checked(
    call("open_in_root", [O_PATH], cString(root), cString(path)),
    `open ${path} in ${root}`,
  );
}

/** Reads a regular file below a hostile root, which its links do not lead out of; undefined when it is missing. */
export function readRootFile(root: string, path: string, maxSize: number): string | undefined {
  const bytes = new Uint8Array(maxSize);
  const size = call("read_root_file", [maxSize], cString(root), cString(path), bytes);
  const ENOENT = 2;
  if (size === -ENOENT) return undefined;
  return new TextDecoder().decode(
    bytes.subarray(0, checked(size, `read ${path} below ${root}`)),
  );
}

/**
 * The number of the mount that `path` lies on.
 * @throws {SyscallError}
 */
export function mountId(path: string): number {
  return checked(call("mount_id", [], cString(path)), `statx ${path}`);
}

/**
 * Takes away what is mounted at `path`, with all that is mounted below it.
 * @throws {SyscallError}
 */
export function detachMount(path: string): void {
  checked(call("detach_mount", [], cString(path)), `umount ${path}`);
}

/**
 * Runs the hooks in the vmm stage of an encoded plan, in this process: 0, or what the one numbered `failed` failed with
 * (an errno, or as helper-c/hook.h says).
 */
export function runHookPlan(
  plan: Uint8Array<ArrayBuffer>,
  state: string,
): { readonly errno: number; readonly failed: number } {
  const failed = new Int32Array(1);
  const result = call("run_hooks", [plan.length], plan, cString(`${state}\0`), failed);
  return { errno: -result, failed: failed[0]! };
}

/** Watches a cgroup folder for running out of memory; for waitForOom(). */
export function watchOom(path: string, version: 1 | 2): number {
  return checked(call("oom_watch", [version], cString(path)), `watch the memory of ${path}`);
}

export interface OomNews {
  /** Something has happened to the cgroup's memory, not always an OOM; on v1 also the end of the cgroup. */
  readonly changed: boolean;
  readonly ended: boolean;
}

/** Waits at most `timeoutMs` for news of `watch`, unless that is -1, and for the end of the process `pidfd`. */
export function waitForOom(
  watch: number,
  version: 1 | 2,
  pidfd: number,
  timeoutMs: number,
): OomNews {
  const bits = checked(call("oom_wait", [watch, version, pidfd, timeoutMs]), "poll for OOM events");
  return { changed: (bits & 1) !== 0, ended: (bits & 2) !== 0 };
}

/** Runs a few instructions of a 64-bit guest through /dev/kvm: 0, or the errno of what failed. */
export function probeKvm(): number {
  return -call("probe_kvm", []);
}

/** Interface names end before this (linux/if.h). */
const IFNAMSIZ = 16;

export interface NetDeviceMove {
  readonly name: string;
  readonly newName: string;
  /** Descriptors of network namespaces. */
  readonly from: number;
  readonly to: number;
  /** Shall it be up there? */
  readonly up: boolean;
}

/**
 * Moves a network interface with its addresses (helper-c/net_device.h).
 * @returns its name there, and whether it was up before.
 * @throws {SyscallError} with the step that failed.
 */
export function moveNetDevice(
  { name, newName, from, to, up }: NetDeviceMove,
): { readonly name: string; readonly wasUp: boolean } {
  const there = new Uint8Array(IFNAMSIZ);
  encoder.encodeInto(newName, there.subarray(0, IFNAMSIZ - 1));
  const problem = new Uint8Array(128);
  const result = call("move_net_device", [from, to, Number(up)], cString(name), there, problem);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  checked(result, text(problem));
  return { name: text(there), wasUp: result === 1 };
}

/** Room for the start of the verifier's log, which has a line for each instruction. */
const PROBLEM_SIZE = 2048;

/** Sets the device rules of a v2 cgroup, an open folder: 0, or the errno of what failed and its description. */
export function setDeviceFilter(
  cgroup: number,
  code: Uint8Array<ArrayBuffer>,
): { readonly errno: number; readonly problem: string } {
  const text = new Uint8Array(PROBLEM_SIZE);
  const result = call("set_device_filter", [cgroup, code.length, text.length], code, text);
  const problem = new TextDecoder().decode(text.subarray(0, text.indexOf(0))).trim();
  return { errno: result < 0 ? -result : 0, problem: problem.replaceAll("\n", ", ") };
}

/** helper-c/frame.h */
const AGENT_REQUESTS = { signal: 2, figures: 3, processes: 4 } as const;
const MAX_REPLY = 16384;

/**
 * Asks the guest agent whose socket is in the folder, and waits for its answer, which is the guest's word.
 * @throws {SyscallError} with ETIMEDOUT when it does not come in `timeoutMs`.
 */
export function askAgent(
  folder: string,
  request: keyof typeof AGENT_REQUESTS,
  timeoutMs: number,
  signal = 0,
  all = false,
): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(MAX_REPLY);
  const size = Uint32Array.of(MAX_REPLY);
  const numbers = [AGENT_REQUESTS[request], signal, all ? 1 : 0, timeoutMs];
  checked(call("ask_agent", numbers, cString(folder), reply, size), `ask the guest for ${request}`);
  return reply.subarray(0, size[0]);
}

/** Ends this process at once. */
export function exitNow(code: number): never {
  call("exit", [code]);
  throw new Error("unreachable");
}
