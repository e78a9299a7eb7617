/**
 * What is made of a program of `deno compile`, with a C program (testdata/print_start.c) in place of denort: it prints how it
 * was started, and finds the program's note as denort does.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { runCommand } from "../../../scripts/build/command.ts";
import { addEntryToCompiled, compileArguments } from "../../../scripts/build/compile_pack.ts";
import {
  PT_LOAD,
  PT_NOTE,
  PT_NULL,
  readElf,
  writeProgramHeader,
} from "../../../scripts/build/elf.ts";
import { stockDeno } from "../../../scripts/build/stock_deno.ts";
import { run } from "../../harness/run.ts";
import { packPrintStart, standIns, writeExecutable } from "./packed_print_start.ts";

const { folder: FOLDER, plain: PLAIN } = await packPrintStart();
addEventListener("unload", () => Deno.removeSync(FOLDER, { recursive: true }));

const IS_ROOT = Deno.uid() === 0;

/** Adds the stub to a compiled program; returns the path of the result. */
async function addEntry(compiled: Uint8Array<ArrayBuffer>): Promise<string> {
  const program = `${FOLDER}/kago`;
  await writeExecutable(program, addEntryToCompiled(compiled, await standIns()));
  return program;
}

/** What `deno compile` of the pinned Deno makes of the C program. */
async function compile(): Promise<Uint8Array<ArrayBuffer>> {
  const output = `${FOLDER}/compiled`;
  const env = { DENORT_BIN: PLAIN, DENO_DIR: `${FOLDER}/cache`, DENO_NO_UPDATE_CHECK: "1" };
  await runCommand(await stockDeno(), compileArguments(output, "data:text/javascript,1"), { env });
  return await Deno.readFile(output);
}

/** The data at the end of the file, in the form of Deno up to 2.7.14. */
function trailingData(content: string): Uint8Array<ArrayBuffer> {
  const data = new TextEncoder().encode(`d3n0l4nd${content}d3n0l4nd`);
  const bytes = new Uint8Array(data.byteLength + 16);
  bytes.set(data);
  const trailer = new DataView(bytes.buffer, data.byteLength);
  trailer.setUint32(0, 0x501e, true);
  trailer.setBigUint64(8, BigInt(bytes.byteLength), true);
  return bytes;
}

/** Runs a command that ends in running the program, and returns its records. */
async function start(command: string, args: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run(command, args, { timeout: 20 });
  assertEquals(code, 3, stderr);
  return stdout.split("\0").slice(0, -1);
}

const of = (records: readonly string[], kind: string) =>
  records.filter((record) => record.startsWith(kind)).map((record) => record.slice(kind.length));

const PROGRAM = await addEntry(await compile());

Deno.test("a compiled program keeps its note where denort finds it", async () => {
  const compiled = await runCommand("readelf", ["-nW", `${FOLDER}/compiled`]);
  const size = Number(/SUI\s+0x([0-9a-f]+)/.exec(compiled)![1]!.replace(/^/, "0x"));
  assert(size > 500, compiled);
  assertEquals(of(await start(PROGRAM, ["x"]), "note:"), [`${size}`]);
});

Deno.test("a compiled program's headers are what the kernel and the dynamic linker expect", async () => {
  const { programHeaders, entry } = readElf(await Deno.readFile(PROGRAM));
  const loads = programHeaders.filter(({ type }) => type === PT_LOAD);
  const addresses = loads.map(({ address }) => address);
  assertEquals(addresses, addresses.toSorted((a, b) => a - b));
  const { address, fileSize, offset } = loads.at(-1)!;
  assert(entry > address && entry < address + fileSize);
  assertEquals([address % 4096, offset % 4096], [0, 0]);
  const listing = await runCommand("readelf", ["-lW", PROGRAM]);
  assert(!/INTERP/.test(listing), listing);
  assert((await start(PROGRAM, ["x"])).includes("code:1"));
});

Deno.test("the stub starts a compiled program with the user's arguments alone", async () => {
  const records = await start(PROGRAM, ["create", "--version", "", "a b"]);
  assertEquals(of(records, "argv:"), ["kago", "create", "--version", "", "a b"]);
});

Deno.test("the stub tells a compiled program its numbers in a variable, the caller's in a file", async () => {
  const callers = ["HOME=/x", "TMPDIR=/y", "DENO_DIR=/z"];
  const records = await start("env", ["-i", ...callers, PROGRAM, "create"]);
  const variables = of(records, "env:");
  assertEquals(variables.slice(0, -1), [
    "HOME=/proc/kago",
    "NO_COLOR=1",
    "DENO_NO_UPDATE_CHECK=1",
    "DENO_LOG=off",
    "DENO_DISABLE_NODE_SHIM=1",
    `DENO_DIR=${IS_ROOT ? "/run/kago/~deno" : "/dev/null/kago"}`,
    `TMPDIR=${IS_ROOT ? "/run/kago/~deno/create" : "/proc/kago"}`,
  ]);
  assertMatch(variables.at(-1)!, /^KAGO_START=\d+(,\d+){7}$/);
  const [environment, shim, program] = of(records, "file:");
  assert(environment!.endsWith(` ${callers.join("\t")}\t`), environment);
  assert(shim!.endsWith(" the shim"), shim);
  assert(program!.includes("create()"), program);
});

Deno.test({
  name: "every program has a folder of its own for its bytecode, which is root's alone",
  ignore: !IS_ROOT,
  fn: async () => {
    const commands = {
      quick: "list",
      exec: "exec",
      create: "run",
      microvm: "krun",
      whole: "update",
    };
    for (const [program, command] of Object.entries(commands)) {
      const folder = `/run/kago/~deno/${program}`;
      assert(of(await start(PROGRAM, [command]), "env:").includes(`TMPDIR=${folder}`), program);
      const { mode, uid } = await Deno.stat(folder);
      assertEquals([mode! & 0o7777, uid], [0o700, 0]);
    }
  },
});

Deno.test("without a cache no folder for temporary files exists", async () => {
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  await Deno.chmod(FOLDER, 0o755);
  const command = [...IS_ROOT ? nobody : [], PROGRAM, "list"];
  const records = await start(IS_ROOT ? "setpriv" : "env", command);
  assert(of(records, "env:").includes("TMPDIR=/proc/kago"));
});

Deno.test("data at the end of the file stay there, behind the stub", async () => {
  const data = trailingData("the program");
  const plain = await Deno.readFile(PLAIN);
  const program = await addEntry(new Uint8Array(await new Blob([plain, data]).arrayBuffer()));
  const packed = await Deno.readFile(program);
  assertEquals(packed.subarray(-data.byteLength), data);
  const loads = readElf(packed).programHeaders.filter(({ type }) => type === PT_LOAD);
  const { offset, fileSize } = loads.at(-1)!;
  assertEquals(offset + fileSize, packed.byteLength - data.byteLength);
  assertEquals(of(await start(program, ["list"]), "argv:"), ["kago", "list"]);
});

Deno.test("a program that has no note but deno compile's is refused", async () => {
  const compiled = await Deno.readFile(`${FOLDER}/compiled`);
  const elf = readElf(compiled);
  const notes = elf.programHeaders.flatMap(({ type }, index) => type === PT_NOTE ? [index] : []);
  for (const index of notes.slice(0, -1)) {
    writeProgramHeader(elf, index, { ...elf.programHeaders[index]!, type: PT_NULL });
  }
  const parts = await standIns();
  assertThrows(() => addEntryToCompiled(compiled, parts), Error, "has no PT_NOTE to spare");
});
