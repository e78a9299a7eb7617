/**
 * What Main calls in a loaded libkrun, by functions that not every build and version has (libkrun.h of 1.x, and of 2 where
 * noted): each is looked up when it is needed. The VMM makes the calls that create a microVM (helper-c/vmm/krun.c).
 */

/** Each entry has its C prototype. */
const SYMBOLS = {
  // int32_t krun_add_vsock_port2(uint32_t ctx_id, uint32_t port, const char *c_filepath, bool listen)
  krun_add_vsock_port2: { parameters: ["u32", "u32", "buffer", "bool"], result: "i32" },
  // int32_t krun_has_feature(uint64_t feature)
  krun_has_feature: { parameters: ["u64"], result: "i32" },
  // int32_t krun_check_nested_virt(void)
  krun_check_nested_virt: { parameters: [], result: "i32" },
} as const satisfies Record<string, Deno.ForeignFunction>;

/** Functions of the ordinary libkrun by the version that introduced them, the newest first. */
const CAME_WITH = {
  krun_add_virtiofs3: "1.18.0",
  krun_has_feature: "1.17.1",
  krun_disable_implicit_vsock: "1.17.0",
  krun_add_net_unixstream: "1.15.0",
  krun_check_nested_virt: "1.12.0",
  krun_set_nested_virt: "1.11.0",
  krun_add_vsock_port2: "1.10.1",
} as const;

/** libkrun.h, KRUN_FEATURE_*: optional parts of a build. */
export const FEATURES = {
  net: 0,
  blk: 1,
  gpu: 2,
  tee: 6,
  "amd-sev": 7,
  "intel-tdx": 8,
  "aws-nitro": 9,
} as const;
export type Feature = keyof typeof FEATURES;

/** libkrun 2 has no call for it: a build without the feature lacks its functions. */
const FUNCTIONS_OF_2: Readonly<Record<Feature, string>> = {
  net: "krun_net_device_new_unixstream_fd",
  blk: "krun_block_device_new",
  gpu: "krun_gpu_device_new",
  tee: "krun_payload_load_krunfw_tee",
  "amd-sev": "krun_payload_load_krunfw_tee",
  "intel-tdx": "krun_payload_load_krunfw_tee",
  "aws-nitro": "krun_payload_nitro_enclave",
};

/** Queries to a loaded libkrun. */
export class LibkrunExtras {
  /** @param library the name or path by which it was loaded. */
  constructor(private readonly library: string, private readonly abi: 1 | 2) {}

  has(name: keyof typeof SYMBOLS): boolean {
    return this.#find(name) !== null;
  }

  #hasSymbol(name: string): boolean {
    const symbol = { parameters: [], result: "void", optional: true } as const;
    return Deno.dlopen(this.library, { [name]: symbol }).symbols[name] !== null;
  }

  /** Its minimum version, by its functions; undefined before 1.10.1. */
  leastVersion(): string | undefined {
    if (this.abi === 2) return undefined;
    return Object.entries(CAME_WITH).find(([name]) => this.#hasSymbol(name))?.[1];
  }

  /**
   * Does this build have the feature? Undefined when it is too old to tell. krun_has_feature() exists since 1.17.1, and
   * returns -EINVAL for an unknown feature.
   */
  hasFeature(feature: Feature): boolean | undefined {
    if (this.abi === 2) return this.#hasSymbol(FUNCTIONS_OF_2[feature]);
    const answer = this.#find("krun_has_feature")?.(BigInt(FEATURES[feature])) as
      | number
      | undefined;
    return answer === undefined || answer < 0 ? undefined : answer === 1;
  }

  /**
   * Does the host's KVM nest? Undefined if this libkrun cannot tell. In libkrun 2 the result is a bool, in the low byte.
   */
  checkNestedVirt(): boolean | undefined {
    const answer = this.#find("krun_check_nested_virt")?.() as number | undefined;
    if (this.abi === 2 && answer !== undefined) return (answer & 0xff) !== 0;
    return answer === undefined || answer < 0 ? undefined : answer === 1;
  }

  #find(name: keyof typeof SYMBOLS): ((...args: unknown[]) => unknown) | null {
    const symbol = { ...SYMBOLS[name], optional: true } as const;
    const { symbols } = Deno.dlopen(
      this.library,
      { [name]: symbol } as Deno.ForeignLibraryInterface,
    );
    return symbols[name] as ((...args: unknown[]) => unknown) | null;
  }
}
