/** Compiles the entry stub (helper-c/entry) to a flat image. Defines its compiler flags. */
import { runCommand } from "./command.ts";
import { ENTRY_HEADER_SIZE, entryHeaderToC } from "./entry_header.ts";
import { writeIfChanged } from "./output_file.ts";
import { BUILD, ROOT } from "./paths.ts";
import { shortcutHeaderToC } from "./shortcut_header.ts";
import { makeIfChanged } from "./stamp.ts";

const SOURCE = `${ROOT}/helper-c/entry`;

/** The folder of the image and of the headers that writeEntryHeaders() makes. */
export const ENTRY_OUTPUT = `${BUILD}/entry`;

/**
 * Position-independent code without dependencies: no libc, no stack protector (its canary is libc's), no unwind tables, and
 * no loop replaced by a call of memcpy or strlen.
 */
const COMPILE = [
  "-std=gnu11",
  "-Os",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-ffreestanding",
  "-fPIC",
  "-fvisibility=hidden",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-tree-loop-distribute-patterns",
];
const LINK = ["-nostdlib", "-static", "-Wl,--build-id=none", `-Wl,-T,${SOURCE}/entry.ld`];

/**
 * The stub's image: its header, all zeros, then its first instruction.
 * @throws {CommandError} when it does not compile.
 */
export async function buildEntryStub(): Promise<Uint8Array<ArrayBuffer>> {
  const inputs = [...Deno.readDirSync(SOURCE)].map(({ name }) => `${SOURCE}/${name}`).sort();
  const image = `${ENTRY_OUTPUT}/entry.bin`;
  const generated = await writeEntryHeaders();
  await makeIfChanged(
    image,
    [...inputs, ...generated],
    [...COMPILE, ...LINK],
    async () => {
      const elf = `${ENTRY_OUTPUT}/entry.elf`;
      await runCommand("cc", [
        ...COMPILE,
        ...LINK,
        "-I",
        ENTRY_OUTPUT,
        "-o",
        elf,
        `${SOURCE}/entry.c`,
      ]);
      await runCommand("objcopy", ["-O", "binary", "-j", ".image", elf, image]);
    },
  );
  const bytes = await Deno.readFile(image);
  if (bytes.subarray(0, ENTRY_HEADER_SIZE).some((byte) => byte !== 0)) {
    throw new Error(`${image} does not begin with an empty header`);
  }
  return bytes;
}

/** Writes the headers that are generated from the program's tables, and returns their paths. */
export async function writeEntryHeaders(): Promise<string[]> {
  const headers = { "header.gen.h": entryHeaderToC(), "shortcut.gen.h": shortcutHeaderToC() };
  return await Promise.all(
    Object.entries(headers).map(async ([name, text]) => {
      await writeIfChanged(`${ENTRY_OUTPUT}/${name}`, text);
      return `${ENTRY_OUTPUT}/${name}`;
    }),
  );
}
