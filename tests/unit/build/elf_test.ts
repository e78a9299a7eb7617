import { assertEquals, assertThrows } from "@std/assert";
import { runCommand } from "../../../scripts/build/command.ts";
import {
  interpreterOf,
  PF_R,
  programHeaderBytes,
  PT_LOAD,
  PT_NOTE,
  putProgramHeader,
  readElf,
  writeEntry,
  writeProgramHeader,
} from "../../../scripts/build/elf.ts";

/** A small position-independent executable. */
async function compileSample(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir();
  try {
    const source = "int main(void) { return 0; }";
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

Deno.test("interpreterOf() agrees with readelf", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, SAMPLE);
  const headers = await runCommand("readelf", ["-lW", path]);
  await Deno.remove(path);
  const [, interpreter] = /program interpreter: (.*)\]/.exec(headers)!;
  assertEquals(interpreterOf(readElf(SAMPLE.slice())), interpreter);
});

Deno.test("interpreterOf() refuses what is linked statically", () => {
  const elf = readElf(SAMPLE.slice());
  const programHeaders = elf.programHeaders.filter(({ type }) => type === PT_LOAD);
  assertThrows(() => interpreterOf({ ...elf, programHeaders }), Error, "not dynamically linked");
});

Deno.test("programHeaderBytes() is a copy that putProgramHeader() changes alone", () => {
  const elf = readElf(SAMPLE.slice());
  const bytes = programHeaderBytes(elf);
  putProgramHeader(new DataView(bytes.buffer), 0, { ...elf.programHeaders[0]!, type: 77 });
  assertEquals(new DataView(bytes.buffer).getUint32(0, true), 77);
  assertEquals(readElf(new Uint8Array(elf.view.buffer)).programHeaders, elf.programHeaders);
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
