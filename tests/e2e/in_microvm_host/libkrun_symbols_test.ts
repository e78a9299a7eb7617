/**
 * The table of libkrun's functions (tests/doubles/libkrun/versions.ts) against the real libkrun 1.17.4 of the emulated
 * host.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { functionsOf, VERSIONS } from "../../doubles/libkrun/versions.ts";
import { Kago } from "../../harness/kago.ts";

Deno.test("libkrun 1.17.4 has the functions that its double has, of those that kago calls", () => {
  const all = new Set(
    VERSIONS.flatMap((version) => [...functionsOf(version), ...functionsOf(version, "sev")]),
  );
  const unused = { parameters: [], result: "void", optional: true } as const;
  const library = Deno.dlopen(
    "libkrun.so.1",
    Object.fromEntries([...all].map((name) => [name, unused])),
  );
  const found = Object.entries(library.symbols).filter(([, symbol]) => symbol !== null);
  assertEquals(found.map(([name]) => name).sort(), functionsOf("1.17.4").sort());
});

Deno.test("kago --version tells the least version of a libkrun whose file has the soname's number alone", async () => {
  const { stdout } = await Kago.command("--version");
  assertStringIncludes(stdout, "\nlibkrun: 1.17.1 or later\n");
});
