/**
 * Programs and libraries embedded in the bundle, as memory files: nothing is unpacked to a disk. This module needs only
 * libc, since the shim itself is loaded with it.
 */

let library: ReturnType<typeof openLibc> | undefined;

function openLibc() {
  return Deno.dlopen("libc.so.6", {
    // int memfd_create(const char *name, unsigned int flags); memfd_create(2). A struct of one u32 is passed like a u32,
    // and prevents Deno from compiling a trampoline for a function that is called once (see shim_call.ts).
    memfd_create: { parameters: ["buffer", { struct: ["u32"] }], result: "i32" },
  });
}

const MFD_CLOEXEC = new Uint8Array(new Uint32Array([1]).buffer);

/**
 * A path below /proc/self/fd with these contents, for dlopen(3). The descriptor stays open and is close-on-exec.
 * @throws {Error} when the kernel cannot create a memory file.
 */
export function memoryFilePath(name: string, bytes: Uint8Array): string {
  library ??= openLibc();
  const fd = library.symbols.memfd_create(new TextEncoder().encode(`${name}\0`), MFD_CLOEXEC);
  if (fd < 0) throw new Error(`memfd_create ${name}: cannot create a memory file`);
  const path = `/proc/self/fd/${fd}`;
  Deno.writeFileSync(path, bytes);
  return path;
}
