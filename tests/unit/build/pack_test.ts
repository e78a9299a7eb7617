/** The choice between the packers. The stock deno stands in for denort, which need not be on this machine. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError } from "../../../scripts/build/command.ts";
import { compileArguments } from "../../../scripts/build/compile_pack.ts";
import { HostError } from "../../../runtime/common/errors.ts";
import { pack, type Packer } from "../../../scripts/build/pack.ts";
import { DENO_VERSION, stockDeno } from "../../../scripts/build/stock_deno.ts";
import { packInputs } from "../../harness/pack_inputs.ts";

const MARK = "a mark in the bundle";

/** Packs a small program where DENORT_BIN is `denort` and Deno's cache has none; returns the packer and the result. */
async function packSmall(
  packer: Packer,
  denort: string,
): Promise<{ used: string; binary: Uint8Array<ArrayBuffer> }> {
  const folder = await Deno.makeTempDir();
  try {
    const inputs = packInputs(folder);
    for (const path of Object.values(inputs)) {
      await Deno.writeTextFile(path, `console.log("${MARK}")`);
    }
    const output = `${folder}/out/kago`;
    const env = { DENORT_BIN: denort, DENO_DIR: folder };
    const used = await pack({ packer, offline: true, env, ...inputs, output });
    assertEquals((await Deno.stat(output)).mode! & 0o777, 0o755);
    assertEquals([...Deno.readDirSync(`${folder}/out`)].length, 1);
    return { used, binary: await Deno.readFile(output) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function hasMark(binary: Uint8Array): boolean {
  // Far faster than decoding: the executable is 90 MB, and the program is at its end.
  const end = binary.subarray(binary.byteLength - 4_000_000);
  return new TextDecoder("latin1").decode(end).includes(MARK);
}

Deno.test("pack() takes deno compile when DENORT_BIN names its base", async () => {
  const { used, binary } = await packSmall("auto", await stockDeno());
  assertEquals(used, "compile");
  assert(hasMark(binary));
});

Deno.test("pack() takes the npm-only packer when it is offline without a base", async () => {
  const { used, binary } = await packSmall("auto", "");
  assertEquals(used, "npm");
  assert(hasMark(binary));
});

Deno.test("pack() takes the npm-only packer when it is asked to", async () => {
  assertEquals((await packSmall("npm", await stockDeno())).used, "npm");
});

Deno.test("pack() fails when deno compile is asked for and cannot be had", async () => {
  await assertRejects(() => packSmall("compile", ""), Error, "no denort");
  await assertRejects(() => packSmall("auto", "/nowhere/denort"), HostError, "DENORT_BIN");
});

Deno.test("pack() does not go over to the other packer when a base that is there does not work", async () => {
  const notABase = new URL(import.meta.url).pathname;
  await assertRejects(() => packSmall("auto", notABase), CommandError);
});

Deno.test("pack() keeps no program of deno compile that does not start, and says what its base must be", async () => {
  const error = await assertRejects(() => packSmall("auto", "/bin/false"), HostError);
  assertStringIncludes(error.problem, "of DENORT_BIN, /bin/false, does not start: false (GNU");
  assertStringIncludes(error.remedy, `denort of Deno ${DENO_VERSION}`);
});

Deno.test("compileArguments() lets deno compile find modules nowhere, and no module but the loader", () => {
  const args = compileArguments("/o/kago", "data:,1");
  assertEquals(args.slice(-3), ["--output", "/o/kago", "data:,1"]);
  for (const option of ["--no-remote", "--no-npm", "--no-config", "--no-lock"]) {
    assert(args.includes(option), option);
  }
});
