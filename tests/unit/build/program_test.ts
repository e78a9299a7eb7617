import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ENTRY_LOADER_MAX } from "../../../scripts/build/entry_header.ts";
import {
  compiledModule,
  digestOf,
  leaveOutShim,
  MODULE_LOADER,
  VARIABLE_LOADER,
  wrapPart,
  wrapWhole,
} from "../../../scripts/build/program.ts";

const SHIM = new Uint8Array([1, 2, 3, 4, 5, 6]);

Deno.test("wrapWhole() makes a script that may await at its top level", async () => {
  const script = wrapWhole("globalThis.wrapped = await Promise.resolve(7);");
  await (0, eval)(script);
  assertEquals(Reflect.get(globalThis, "wrapped"), 7);
  Reflect.deleteProperty(globalThis, "wrapped");
});

Deno.test("wrapWhole() keeps the bundle's variables to itself and names it in stack traces", async () => {
  const script = wrapWhole("const hidden = 1; throw new Error(`no ${hidden}`)");
  const error: Error = await (0, eval)(script).catch((error: Error) => error);
  assert(error.stack!.includes("(kago.js,"), error.stack);
  assertEquals(Reflect.get(globalThis, "hidden"), undefined);
});

Deno.test("wrapPart() gives the bundle the places of the programs that it may start", () => {
  const whole = { offset: 123456, size: 789 };
  const one = wrapPart("0", whole);
  assert(one.includes("seekSync(123456,0)"), one);
  assert(one.includes("new Uint8Array(789)"), one);
  assert(!one.includes("startMicrovmProgram"), one);
  const both = wrapPart("0", whole, { offset: 4321, size: 98 });
  assertMatch(both, /const startMicrovmProgram=[^;]*new Uint8Array\(98\);exe\.seekSync\(4321,0\)/);
  assertMatch(both, /const startWholeProgram=[^;]*new Uint8Array\(789\);exe\.seekSync\(123456,0\)/);
});

Deno.test("programs of the same length have different names for their bytecode", () => {
  const names = ["f(1)", "f(2)"].map((bundle) => {
    const script = wrapWhole(bundle);
    return [script.length, script.slice(2, 34)];
  });
  assertEquals(names[0]![0], names[1]![0]);
  assertNotEquals(names[0]![1], names[1]![1]);
  for (const [, name] of names) assertMatch(String(name), /^[0-9a-f]{32}$/);
  for (const loader of [MODULE_LOADER.join(""), compiledModule("0")]) {
    assertStringIncludes(loader, "'file:///kago/'+t.slice(2,34)");
  }
});

Deno.test("digestOf() is of the contents one after the other, texts or bytes", () => {
  assertMatch(digestOf(["a", new Uint8Array([98])]), /^[0-9a-f]{32}$/);
  assertNotEquals(digestOf(["a", "b"]), digestOf(["a", "c"]));
  assertEquals(digestOf(["ab"]), digestOf(["a", new Uint8Array([98])]));
});

Deno.test("the loaders fit the stub's room with numbers of 64 bits", () => {
  for (const loader of [MODULE_LOADER, VARIABLE_LOADER]) {
    assert(loader.join("18446744073709551615").length < ENTRY_LOADER_MAX);
  }
});

/** With these numbers between its pieces, as the stub does it. */
function withNumbers(loader: readonly string[], numbers: readonly (number | bigint)[]): string {
  return loader.map((piece, index) => `${piece}${numbers[index] ?? ""}`).join("");
}

Deno.test("both loaders start the program in the file with the numbers of the stub", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const program = `${folder}/program.js`;
    const print = `console.log(globalThis.kago, Deno.args, Deno.env.get("KAGO_START"))`;
    await Deno.writeTextFile(program, wrapWhole(print));
    const numbers = [9, 2n ** 64n - 1n, 1, 2, 3, 4, 5, 7];
    const variable = withNumbers(VARIABLE_LOADER, numbers);
    const outputs = [[withNumbers(MODULE_LOADER, numbers)], [compiledModule("0"), variable]].map(
      ([module, variable = "A=1"]) => {
        const script = `export "$1"; exec 7< "$2"; exec "$0" run -A --quiet "$3" word`;
        const args = ["-c", script, Deno.execPath(), variable, program, module!];
        const { stdout, stderr } = new Deno.Command("sh", { args, env: { NO_COLOR: "1" } })
          .outputSync();
        return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      },
    );
    assertEquals(outputs[0], outputs[1]);
    assertStringIncludes(outputs[0]!, "softNofile: 9,");
    assertStringIncludes(outputs[0]!, '{ "1": 1n, "3": 18446744073709551615n, "9": 2n }');
    assertStringIncludes(outputs[0]!, 'environment: "/proc/self/fd/4"');
    assertStringIncludes(outputs[0]!, '} [ "word" ] undefined\n');
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("leaveOutShim() takes the shim's base64 out of a program that has another way to it", () => {
  const bundle = `globalThis.kago?.shim??"${SHIM.toBase64()}"`;
  assertEquals(leaveOutShim(bundle, SHIM), 'globalThis.kago?.shim??""');
  assertEquals(leaveOutShim("no shim", SHIM), "no shim");
});

Deno.test("leaveOutShim() refuses a program that has no other way to the shim", () => {
  assertThrows(() => leaveOutShim(`f("${SHIM.toBase64()}")`, SHIM), Error, "globalThis.kago");
});
