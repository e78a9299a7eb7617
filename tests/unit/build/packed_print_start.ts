/** testdata/print_start.c as the packed executable's Deno: it prints how the stub started it, and exits with 3. */
import { runCommand } from "../../../scripts/build/command.ts";
import type { Parts } from "../../../scripts/build/entry_image.ts";
import { buildEntryStub } from "../../../scripts/build/entry_stub.ts";
import { packWithNpm } from "../../../scripts/build/npm_pack.ts";

const SOURCE = new URL("testdata/print_start.c", import.meta.url).pathname;
const FLAGS = ["-D_GNU_SOURCE", "-fPIC", "-pie", "-Wl,-z,now"];

export interface PackedPrintStart {
  /** The caller's to remove. */
  readonly folder: string;
  readonly plain: string;
  readonly program: string;
}

/** Stand-ins for kago's programs and its shim. */
export async function standIns(): Promise<Parts> {
  return {
    stub: await buildEntryStub(),
    shim: new TextEncoder().encode("the shim"),
    stage: new TextEncoder().encode("the"),
    vmm: new TextEncoder().encode("shim"),
    whole: "whole()",
    create: "create()",
    microvm: "microvm()",
    quick: "quick()",
    exec: "exec()",
  };
}

/** @param linker the dynamic linker that the executable asks for; the machine's by default. */
export async function packPrintStart(linker?: string): Promise<PackedPrintStart> {
  const folder = await Deno.makeTempDir();
  const [plain, program] = [`${folder}/plain`, `${folder}/packed`];
  const flags = linker ? [...FLAGS, `-Wl,--dynamic-linker=${linker}`] : FLAGS;
  await runCommand("cc", [...flags, "-o", plain, SOURCE]);
  await writeExecutable(program, packWithNpm(await Deno.readFile(plain), await standIns()));
  return { folder, plain, program };
}

export async function writeExecutable(
  path: string,
  pieces: readonly Uint8Array<ArrayBuffer>[],
): Promise<void> {
  const bytes = new Uint8Array(await new Blob([...pieces]).arrayBuffer());
  await Deno.writeFile(path, bytes, { mode: 0o755 });
}
