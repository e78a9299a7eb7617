/**
 * Becomes a microVM: `deno run -A boot_guest.ts ROOTFS PROGRAM [ARGUMENT]...` runs PROGRAM in a libkrun guest whose
 * root is ROOTFS, and ends with its exit code. It proves that the emulated host can do that, without any part of kago.
 */

// libkrun.h of libkrun 1.x; every function but krun_create_ctx returns 0 or a negative errno.
const krun = Deno.dlopen("libkrun.so.1", {
  krun_create_ctx: { parameters: [], result: "i32" },
  krun_set_vm_config: { parameters: ["u32", "u8", "u32"], result: "i32" },
  krun_set_root: { parameters: ["u32", "buffer"], result: "i32" },
  krun_set_exec: { parameters: ["u32", "buffer", "buffer", "buffer"], result: "i32" },
  krun_start_enter: { parameters: ["u32"], result: "i32" },
}).symbols;

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** A NULL-terminated array of the strings, which must outlive it. */
function cStrings(strings: readonly Uint8Array<ArrayBuffer>[]): BigUint64Array<ArrayBuffer> {
  const addresses = strings.map((text) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text)));
  return new BigUint64Array([...addresses, 0n]);
}

function check(call: string, result: number): number {
  if (result < 0) throw new Error(`${call} returned ${result}`);
  return result;
}

const [rootfs, program, ...args] = Deno.args;
if (rootfs === undefined || program === undefined) {
  throw new Error("ROOTFS and PROGRAM are missing");
}
const strings = args.map(cString);
const context = check("krun_create_ctx", krun.krun_create_ctx());
check("krun_set_vm_config", krun.krun_set_vm_config(context, 1, 256));
check("krun_set_root", krun.krun_set_root(context, cString(rootfs)));
check(
  "krun_set_exec",
  krun.krun_set_exec(context, cString(program), cStrings(strings), cStrings([])),
);
check("krun_start_enter", krun.krun_start_enter(context)); // libkrun ends the process with the guest's exit code
