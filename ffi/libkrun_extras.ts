/**
 * The functions of libkrun that not every build and version has (libkrun.h of 1.x): each is looked for when it is
 * wanted, so that nothing is asked of a libkrun but what the container needs. Which calls to make is not decided here.
 */
import { HostError, SyscallError } from "../common/errors.ts";

const CONTEXT = "u32";

/** The C prototype stands beside each entry. */
const SYMBOLS = {
  // int32_t krun_set_root_disk(uint32_t ctx_id, const char *disk_path)
  krun_set_root_disk: { parameters: [CONTEXT, "buffer"], result: "i32" },
  // int32_t krun_set_tee_config_file(uint32_t ctx_id, const char *filepath)
  krun_set_tee_config_file: { parameters: [CONTEXT, "buffer"], result: "i32" },
  // int32_t krun_set_exec(uint32_t ctx_id, const char *exec_path, const char *const argv[], const char *const envp[])
  krun_set_exec: { parameters: [CONTEXT, "buffer", "buffer", "buffer"], result: "i32" },
  // int32_t krun_set_workdir(uint32_t ctx_id, const char *workdir_path)
  krun_set_workdir: { parameters: [CONTEXT, "buffer"], result: "i32" },
  // int32_t krun_set_console_output(uint32_t ctx_id, const char *c_filepath)
  krun_set_console_output: { parameters: [CONTEXT, "buffer"], result: "i32" },
  // int32_t krun_add_virtiofs2(uint32_t ctx_id, const char *c_tag, const char *c_path, uint64_t shm_size)
  krun_add_virtiofs2: { parameters: [CONTEXT, "buffer", "buffer", "u64"], result: "i32" },
  // int32_t krun_add_virtiofs(uint32_t ctx_id, const char *c_tag, const char *c_path)
  krun_add_virtiofs: { parameters: [CONTEXT, "buffer", "buffer"], result: "i32" },
  // int32_t krun_set_kernel(uint32_t ctx_id, const char *kernel_path, uint32_t kernel_format, const char *initramfs,
  //                         const char *cmdline)
  krun_set_kernel: { parameters: [CONTEXT, "buffer", "u32", "buffer", "buffer"], result: "i32" },
  // int32_t krun_add_disk2(uint32_t ctx_id, const char *block_id, const char *disk_path, uint32_t disk_format,
  //                        bool read_only)
  krun_add_disk2: { parameters: [CONTEXT, "buffer", "buffer", "u32", "bool"], result: "i32" },
  // int32_t krun_add_vsock_port2(uint32_t ctx_id, uint32_t port, const char *c_filepath, bool listen)
  krun_add_vsock_port2: { parameters: [CONTEXT, "u32", "buffer", "bool"], result: "i32" },
  // int32_t krun_disable_implicit_vsock(uint32_t ctx_id)
  krun_disable_implicit_vsock: { parameters: [CONTEXT], result: "i32" },
  // int32_t krun_add_vsock(uint32_t ctx_id, uint32_t tsi_features)
  krun_add_vsock: { parameters: [CONTEXT, "u32"], result: "i32" },
  // int32_t krun_add_net_tap(uint32_t ctx_id, char *c_tap_name, uint8_t *const c_mac, uint32_t features, uint32_t flags)
  krun_add_net_tap: { parameters: [CONTEXT, "buffer", "buffer", "u32", "u32"], result: "i32" },
  // int32_t krun_add_net_unixstream(uint32_t ctx_id, const char *c_path, int fd, uint8_t *const c_mac,
  //                                 uint32_t features, uint32_t flags)
  krun_add_net_unixstream: {
    parameters: [CONTEXT, "buffer", "i32", "buffer", "u32", "u32"],
    result: "i32",
  },
  // int32_t krun_set_port_map(uint32_t ctx_id, const char *const port_map[])
  krun_set_port_map: { parameters: [CONTEXT, "buffer"], result: "i32" },
  // int32_t krun_set_nested_virt(uint32_t ctx_id, bool enabled)
  krun_set_nested_virt: { parameters: [CONTEXT, "bool"], result: "i32" },
  // int32_t krun_set_gpu_options(uint32_t ctx_id, uint32_t virgl_flags)
  krun_set_gpu_options: { parameters: [CONTEXT, "u32"], result: "i32" },
  // int32_t krun_add_virtio_console_multiport(uint32_t ctx_id)
  krun_add_virtio_console_multiport: { parameters: [CONTEXT], result: "i32" },
  // int32_t krun_add_console_port_inout(uint32_t ctx_id, uint32_t console_id, const char *name, int input_fd,
  //                                     int output_fd)
  krun_add_console_port_inout: {
    parameters: [CONTEXT, "u32", "buffer", "i32", "i32"],
    result: "i32",
  },
  // int32_t krun_has_feature(uint64_t feature)
  krun_has_feature: { parameters: ["u64"], result: "i32" },
  // int32_t krun_check_nested_virt(void)
  krun_check_nested_virt: { parameters: [], result: "i32" },
} as const satisfies Record<string, Deno.ForeignFunction>;

export type ExtraName = keyof typeof SYMBOLS;

/** Strings go as C strings, lists of strings as arrays that end in NULL, null as NULL. */
export type Argument =
  | number
  | bigint
  | boolean
  | string
  | null
  | Uint8Array<ArrayBuffer>
  | readonly string[];

/** libkrun.h, KRUN_FEATURE_*: what a build may be without. */
export const FEATURES = { net: 0, blk: 1, gpu: 2, tee: 6, "amd-sev": 7, "aws-nitro": 9 } as const;
export type Feature = keyof typeof FEATURES;

/** Calls into a libkrun that is loaded. */
export class LibkrunExtras {
  /** What the arguments of past calls point to: libkrun may keep such pointers until the guest starts. */
  readonly #kept: unknown[] = [];

  /** @param library the name or path that it was loaded by. */
  constructor(private readonly library: string) {}

  has(name: ExtraName): boolean {
    return this.#find(name) !== null;
  }

  /**
   * Does this build have the feature? Undefined when it is too old to tell.
   * krun_has_feature() came with 1.16, and answers -EINVAL for what it does not know.
   */
  hasFeature(feature: Feature): boolean | undefined {
    const query = this.#find("krun_has_feature");
    const answer = query ? query(BigInt(FEATURES[feature])) as number : -1;
    return answer < 0 ? undefined : answer === 1;
  }

  /** Does the host's KVM nest? Undefined when this libkrun cannot tell. */
  checkNestedVirt(): boolean | undefined {
    const query = this.#find("krun_check_nested_virt");
    const answer = query ? query() as number : -1;
    return answer < 0 ? undefined : answer === 1;
  }

  /**
   * Calls a function with a context's number in front, and returns its result.
   * @param wantedBy the place in config.json that it is called for.
   * @throws {HostError} when this libkrun does not have it, {SyscallError} when it fails.
   */
  call(name: ExtraName, wantedBy: string, context: number, ...args: readonly Argument[]): number {
    const symbol = this.#find(name);
    if (!symbol) {
      throw new HostError(
        `${wantedBy} needs the function ${name}, which this libkrun does not have`,
        "install a newer libkrun, or one that was built with it",
      );
    }
    const result = symbol(context, ...args.map((arg) => this.#toC(arg))) as number;
    if (result >= 0) return result;
    const shown = [context, ...args].map((arg) => formatArgument(arg)).join(", ");
    throw new SyscallError(`${wantedBy}: ${name}(${shown})`, -result);
  }

  #find(name: ExtraName): ((...args: unknown[]) => unknown) | null {
    const symbol = { ...SYMBOLS[name], optional: true } as const;
    const { symbols } = Deno.dlopen(
      this.library,
      { [name]: symbol } as Deno.ForeignLibraryInterface,
    );
    return symbols[name] as ((...args: unknown[]) => unknown) | null;
  }

  #toC(argument: Argument): unknown {
    if (typeof argument === "string") return this.#keep(cString(argument));
    if (!isList(argument)) return argument;
    const strings = argument.map((text) => this.#keep(cString(text)));
    const addresses = strings.map((text) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text)));
    return this.#keep(new BigUint64Array([...addresses, 0n]));
  }

  #keep<T>(value: T): T {
    this.#kept.push(value);
    return value;
  }
}

function isList(argument: Argument): argument is readonly string[] {
  return Array.isArray(argument);
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

function formatArgument(argument: Argument): string {
  if (argument === null) return "NULL";
  return typeof argument === "bigint" ? `${argument}` : JSON.stringify(argument);
}
