/**
 * Calls the shim's functions (helper-c/shim/shim.h): strings in, numbers out, a failure is a SyscallError. The modules
 * beside this one have the functions; the callers outside ffi/ choose their order.
 */
import { SyscallError } from "../runtime/common/errors.ts";
import { SHIM_BASE64 } from "./embedded.gen.ts";
import { memoryFilePath } from "./memory_file.ts";
import { packed } from "./packed.ts";

/** The functions of helper-c/shim/shim.h, by number; a test compares this list with the header's. */
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
  "bpf",
  "wait",
  "is_child",
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
  "open_trusted",
  "netlink_in",
  "read",
  "eventfd",
  "poll",
  "ask_agent",
  "mount_id",
  "detach_mount",
  "notify_connect",
  "notify_listen",
  "notify_wait",
  "remove_tree",
  "processors",
  "limits",
  "exit",
] as const;

type Pointer = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | null;

/**
 * int kago_call(struct shim_request request, void *p, void *q, void *r): one symbol for all functions, because Deno
 * compiles a trampoline for each symbol when it loads a library. The struct prevents even that one: Deno then calls through
 * libffi, which is slower, but a command makes too few calls for the trampoline to pay off.
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

export function call(
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

export const encoder = new TextEncoder();

export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${text}\0`);
}

/** The text up to the NUL in a buffer that C has written. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

/** A negative result is -errno. */
export function checked(result: number, operation: string): number {
  if (result < 0) throw new SyscallError(operation, -result);
  return result;
}
