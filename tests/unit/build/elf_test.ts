import { assertEquals, assertThrows } from "@std/assert";
import { runCommand } from "../../../scripts/build/command.ts";
import {
  globalSlot,
  PF_R,
  PT_LOAD,
  PT_NOTE,
  readElf,
  writeEntry,
  writeProgramHeader,
} from "../../../scripts/build/elf.ts";

/** A small position-independent executable that imports `environ` and nothing else by that way. */
async function compileSample(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir();
  try {
    const source = "extern char **environ; int main(void) { return environ == 0; }";
    await Deno.writeTextFile(`${folder}/sample.c`, source);
    await runCommand("cc", ["-fPIC", "-pie", "-o", `${folder}/sample`, `${folder}/sample.c`]);
    return await Deno.readFile(`${folder}/sample`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const SAMPLE = await compileSample();

Deno.test("readElf() finds the segments and the entry point inside one", () => {
  const elf = readElf(SAMPLE.slice());
  const loads = elf.programHeaders.filter((header) => header.type === PT_LOAD);
  const executable = loads.filter(({ address, memorySize }) =>
    elf.entry >= address && elf.entry < address + memorySize
  );
  assertEquals(executable.length, 1);
  assertEquals(executable[0]!.flags & PF_R, PF_R);
});

Deno.test("readElf() refuses what is not an x86-64 position-independent executable", () => {
  assertThrows(() => readElf(new Uint8Array(100)), Error, "not a 64-bit little-endian ELF file");
  assertThrows(() => readElf(new Uint8Array(3)), Error, "not a 64-bit little-endian ELF file");
  const otherMachine = SAMPLE.slice();
  otherMachine[18] = 183;
  assertThrows(() => readElf(otherMachine), Error, "machine 183");
  const fixedAddress = SAMPLE.slice();
  fixedAddress[16] = 2;
  assertThrows(() => readElf(fixedAddress), Error, "type 2");
});

Deno.test("globalSlot() agrees with readelf", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, SAMPLE);
  const relocations = await runCommand("readelf", ["-rW", path]);
  await Deno.remove(path);
  const [, offset] = /^([0-9a-f]+).*R_X86_64_GLOB_DAT.*\benviron@/m.exec(relocations)!;
  assertEquals(globalSlot(readElf(SAMPLE.slice()), "environ"), parseInt(offset!, 16));
});

Deno.test("globalSlot() refuses a symbol that is not imported", () => {
  const elf = readElf(SAMPLE.slice());
  assertThrows(() => globalSlot(elf, "setenv"), Error, "no global slot for setenv");
});

Deno.test("writeEntry() and writeProgramHeader() are read back", () => {
  const bytes = SAMPLE.slice();
  const elf = readElf(bytes);
  const index = elf.programHeaders.findIndex((header) => header.type === PT_NOTE);
  const header = {
    type: PT_LOAD,
    flags: PF_R,
    offset: 0x1_0000_0000,
    address: 0x2_0000_0000,
    fileSize: 5,
    memorySize: 6,
    align: 4096,
  };
  writeEntry(elf, 0x1_2345_6789);
  writeProgramHeader(elf, index, header);
  const changed = readElf(bytes);
  assertEquals(changed.entry, 0x1_2345_6789);
  assertEquals(changed.programHeaders[index], header);
  assertEquals(changed.programHeaders.length, elf.programHeaders.length);
});
