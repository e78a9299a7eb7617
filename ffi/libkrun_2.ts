/**
 * libkrun 2 in TypeScript: what Main calls in a loaded one (libkrun.h and libkrun_init.h; docs/microvm.md names the
 * commit). The VMM makes the calls that create a microVM (helper-c/vmm/krun_2.c).
 */

export const LIBKRUN_2 = "libkrun.so.2";
/** The separate library with the guest's init. */
export const LIBKRUN_INIT = "libkrun_init.so.0";

/** Functions that every microVM needs, with their C prototypes; all are optional, so that a missing one can be named. */
export const SYMBOLS_2 = {
  // KrunPayload krun_payload_load_krunfw(KrunError *err_out)
  krun_payload_load_krunfw: { parameters: ["buffer"], result: "pointer", optional: true },
  // void krun_payload_destroy(KrunPayload handle)
  krun_payload_destroy: { parameters: ["pointer"], result: "void", optional: true },
  // void krun_error_destroy(KrunError handle)
  krun_error_destroy: { parameters: ["pointer"], result: "void", optional: true },
  // KrunVmmBuilder krun_vmm_builder_new()
  krun_vmm_builder_new: { parameters: [], result: "pointer", optional: true },
  // KrunVmm krun_vmm_builder_build(KrunVmmBuilder *handle, KrunError *err_out)
  krun_vmm_builder_build: { parameters: ["buffer", "buffer"], result: "pointer", optional: true },
  // void krun_vmm_run(KrunVmm handle)
  krun_vmm_run: { parameters: ["pointer"], result: "void", optional: true },
} as const;

export type Symbols2 = Deno.DynamicLibrary<typeof SYMBOLS_2>["symbols"];

/** The names of missing functions. */
export function missingOf2(symbols: Symbols2): string[] {
  return Object.entries(symbols).filter(([, symbol]) => symbol === null).map(([name]) => name);
}

/**
 * Makes libkrun look for its firmware, as for a microVM: a kernel that it finds stays loaded.
 * @param symbols all present.
 */
export function lookForFirmware(symbols: Symbols2): void {
  const error = new BigUint64Array(1);
  const payload = symbols.krun_payload_load_krunfw!(error);
  if (payload !== null) symbols.krun_payload_destroy!(payload);
  if (error[0] !== 0n) symbols.krun_error_destroy!(Deno.UnsafePointer.create(error[0]!));
}
