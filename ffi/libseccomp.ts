/**
 * libseccomp (libseccomp.so.2, 2.5 or newer, as found by ld.so): converts names of architectures and system calls to
 * numbers, and rules to a BPF program. The caller chooses the rules, and this module never loads a filter. errno values are
 * returned as numbers, because the caller knows the place in config.json.
 */
import { HostError, SyscallError } from "../runtime/common/errors.ts";
import { variable } from "./environment.ts";
import { EEXIST, EFAULT, EINVAL } from "../runtime/common/errno.ts";
import { ifThere } from "../runtime/common/files.ts";

/**
 * A struct of one number or pointer is passed like the number or pointer itself, and prevents Deno from compiling a
 * trampoline for the function (shim_call.ts has the reason): loading all of these takes 1 ms less.
 */
const U32 = { struct: ["u32"] } as const;
const CONTEXT = { struct: ["pointer"] } as const;

const SYMBOLS = {
  // const struct scmp_version *seccomp_version(void);
  seccomp_version: { parameters: [], result: "pointer" },
  // uint32_t seccomp_arch_native(void);
  seccomp_arch_native: { parameters: [], result: "u32" },
  // uint32_t seccomp_arch_resolve_name(const char *arch_name);
  seccomp_arch_resolve_name: { parameters: ["buffer"], result: "u32" },
  // int seccomp_syscall_resolve_name_arch(uint32_t arch_token, const char *name);
  seccomp_syscall_resolve_name_arch: { parameters: [U32, "buffer"], result: "i32" },
  // scmp_filter_ctx seccomp_init(uint32_t def_action);
  seccomp_init: { parameters: [U32], result: "pointer" },
  // int seccomp_arch_add(scmp_filter_ctx ctx, uint32_t arch_token);
  seccomp_arch_add: { parameters: [CONTEXT, "u32"], result: "i32" },
  // int seccomp_rule_add_array(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned int arg_cnt,
  //                            const struct scmp_arg_cmp *arg_array);
  seccomp_rule_add_array: {
    parameters: [CONTEXT, "u32", "i32", "u32", "buffer"],
    result: "i32",
  },
  // int seccomp_export_bpf(const scmp_filter_ctx ctx, int fd);
  seccomp_export_bpf: { parameters: [CONTEXT, "i32"], result: "i32" },
  // void seccomp_release(scmp_filter_ctx ctx);
  seccomp_release: { parameters: [CONTEXT], result: "void" },
} as const;

type Bytes = Uint8Array<ArrayBuffer>;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;

function load() {
  try {
    library ??= Deno.dlopen("libseccomp.so.2", SYMBOLS);
  } catch (cause) {
    throw new HostError(
      "linux.seccomp needs libseccomp.so.2, which cannot be loaded",
      "install libseccomp 2.5 or newer (Debian: libseccomp2), or run without a seccomp profile",
      { cause },
    );
  }
  return library.symbols;
}

const encoder = new TextEncoder();

function cString(text: string): Bytes {
  return encoder.encode(`${text}\0`);
}

function u32(value: number): Bytes {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

/**
 * For example `2.5.4`.
 * @throws {HostError} when the library cannot be loaded.
 */
export function libseccompVersion(): string {
  // struct scmp_version { unsigned int major, minor, micro; }, never NULL.
  const view = new Deno.UnsafePointerView(load().seccomp_version()!);
  return [0, 4, 8].map((offset) => view.getUint32(offset)).join(".");
}

/**
 * A text that changes when another libseccomp is installed, without loading the present one: loading costs 0.6 ms, and a
 * distribution's fix keeps the version. Every package manager runs ldconfig(8), which rewrites its cache. Without a cache,
 * or if LD_LIBRARY_PATH precedes it, the version is used.
 */
export function libseccompIdentity(): string {
  if (variable("LD_LIBRARY_PATH")) return libseccompVersion();
  const cache = ifThere(() => Deno.statSync("/etc/ld.so.cache"));
  if (cache === undefined) return libseccompVersion();
  const { dev, ino, size, mtime } = cache;
  return `ld.so.cache ${dev} ${ino} ${size} ${mtime?.getTime()}`;
}

/** SCMP_ARCH_NATIVE in place of an architecture's token. */
export const NATIVE = 0;

/** The token of this machine's architecture. */
export function nativeArchitecture(): number {
  return load().seccomp_arch_native();
}

/** The token of an architecture by libseccomp's name (`x86_64`); undefined for an unknown name. */
export function resolveArchitecture(name: string): number | undefined {
  return load().seccomp_arch_resolve_name(cString(name)) || undefined;
}

/** __NR_SCMP_ERROR. */
const UNKNOWN_SYSCALL = -1;

/**
 * The number of a system call; undefined for an unknown name. A call that only other architectures have gets a negative
 * number, which only libseccomp understands (__PNR_*).
 */
export function resolveSyscall(name: string, architecture: number): number | undefined {
  const number = load().seccomp_syscall_resolve_name_arch(u32(architecture), cString(name));
  return number === UNKNOWN_SYSCALL ? undefined : number;
}

/** struct scmp_arg_cmp. */
export interface FilterCondition {
  /** 0 to 5. */
  readonly index: number;
  /** enum scmp_compare. */
  readonly op: number;
  readonly value: number | bigint;
  /** For SCMP_CMP_MASKED_EQ, the value to compare with after masking with `value`. */
  readonly valueTwo: number | bigint;
}

/** A filter that is being built (seccomp_init(3)). release() must be called, also after an error. */
export class Filter {
  readonly #symbols = load();
  readonly #context: Bytes;

  /**
   * A filter with the native architecture and no rules.
   * @param defaultAction SCMP_ACT_*, with an errno in its low 16 bits for actions that have one.
   * @throws {SyscallError} EINVAL for an action that libseccomp or the kernel does not know.
   */
  constructor(defaultAction: number) {
    const context = this.#symbols.seccomp_init(u32(defaultAction));
    if (!context) throw new SyscallError(`seccomp_init 0x${defaultAction.toString(16)}`, EINVAL);
    const pointer = new BigUint64Array([BigInt(Deno.UnsafePointer.value(context))]);
    this.#context = new Uint8Array(pointer.buffer);
  }

  /** Adds an architecture by token, for all later rules: 0, or an errno. It may already be present. */
  addArchitecture(token: number): number {
    const result = this.#symbols.seccomp_arch_add(this.#context, token);
    return result === -EEXIST ? 0 : Math.abs(result);
  }

  /**
   * Adds a rule for a call, by its native number, that applies when all conditions hold: 0, or an errno. At most one
   * condition per argument.
   */
  addRule(action: number, syscall: number, conditions: readonly FilterCondition[]): number {
    const result = this.#symbols.seccomp_rule_add_array(
      this.#context,
      action,
      syscall,
      conditions.length,
      encodeConditions(conditions),
    );
    return Math.abs(result);
  }

  /**
   * The program, an array of struct sock_filter in this machine's byte order.
   * @throws {SyscallError}
   */
  export(): Bytes {
    return withMemoryFile((fd) => {
      const result = this.#symbols.seccomp_export_bpf(this.#context, fd);
      if (result < 0) throw new SyscallError("seccomp_export_bpf", -result);
      return Deno.readFileSync(`/proc/self/fd/${fd}`);
    });
  }

  release(): void {
    this.#symbols.seccomp_release(this.#context);
  }
}

/** struct scmp_arg_cmp { unsigned int arg; enum scmp_compare op; uint64_t datum_a, datum_b; }. */
function encodeConditions(conditions: readonly FilterCondition[]): Bytes {
  const bytes = new ArrayBuffer(24 * conditions.length);
  conditions.forEach(({ index, op, value, valueTwo }, position) => {
    new Uint32Array(bytes, 24 * position, 2).set([index, op]);
    new BigUint64Array(bytes, 24 * position + 8, 2).set([BigInt(value), BigInt(valueTwo)]);
  });
  return new Uint8Array(bytes);
}

/** libseccomp before 2.6 exports only to a descriptor. */
function withMemoryFile<T>(use: (fd: number) => T): T {
  const libc = Deno.dlopen("libc.so.6", {
    // int memfd_create(const char *name, unsigned int flags);
    memfd_create: { parameters: ["buffer", U32], result: "i32" },
    // int close(int fd);
    close: { parameters: [U32], result: "i32" },
  });
  const MFD_CLOEXEC = 1;
  const fd = libc.symbols.memfd_create(cString("kago-seccomp"), u32(MFD_CLOEXEC));
  if (fd < 0) {
    throw new HostError("cannot create a memory file", "free memory or file descriptors");
  }
  try {
    return use(fd);
  } finally {
    libc.symbols.close(u32(fd));
  }
}

/**
 * Does this kernel's seccomp(2) accept these SECCOMP_FILTER_FLAG_* together? No filter is loaded.
 * @throws {HostError} when libseccomp, which knows the call's number, cannot be loaded.
 */
export function kernelTakesFlags(flags: number): boolean {
  const number = resolveSyscall("seccomp", NATIVE)!;
  const { syscall, __errno_location } = Deno.dlopen("libc.so.6", {
    // long syscall(long number, unsigned long operation, unsigned long flags, void *args);
    syscall: { parameters: ["i64", "u64", "u64", "pointer"], result: "i64" },
    // int *__errno_location(void);
    __errno_location: { parameters: [], result: "pointer" },
  }).symbols;
  const SECCOMP_SET_MODE_FILTER = 1n;
  // Looked up before the call: nothing may run between the call and the read of errno.
  const errno = new Deno.UnsafePointerView(__errno_location()!);
  // A kernel that accepts the flags then reads the program, which is at NULL.
  const result = syscall(BigInt(number), SECCOMP_SET_MODE_FILTER, BigInt(flags), null);
  return errno.getInt32() === EFAULT && result === -1n;
}
