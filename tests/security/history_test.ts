/** No weakness of the peers is without a test. */
import { assert, assertEquals } from "@std/assert";
import { HISTORY } from "./history.ts";

const sources = new Map<string, string>();

function sourceOf(file: string): string {
  const source = sources.get(file) ?? Deno.readTextFileSync(new URL(file, import.meta.url));
  sources.set(file, source);
  return source;
}

/** A name that is registered: a string of its own, in the call that registers it. */
function hasTest(file: string, name: string): boolean {
  const source = sourceOf(file);
  return [`"${name}"`, `\`${name}\``].some((word) => source.includes(word));
}

for (const { cves, mechanism, tests } of HISTORY) {
  const title = cves.map((cve) => `CVE-${cve}`).join(", ") || "kago's own";
  Deno.test(`${title} (${mechanism}) has its tests`, () => {
    assert(Object.keys(tests).length > 0, "it names no test");
    for (const [file, names] of Object.entries(tests)) {
      assert(names.length > 0, `it names no test of ${file}`);
      assertEquals(names.filter((name) => !hasTest(file, name)), [], `${file} has no such test`);
    }
  });
}

Deno.test("every CVE that a test of this folder names is in the history", () => {
  const known = new Set(HISTORY.flatMap(({ cves }) => cves.map((cve) => `CVE-${cve}`)));
  const files = [...Deno.readDirSync(new URL(".", import.meta.url))].map(({ name }) => name);
  const named = files.filter((name) => name.endsWith("_test.ts"))
    .flatMap((name) => [...sourceOf(name).matchAll(/CVE-\d{4}-\d+/g)].map(([cve]) => cve));
  assertEquals(named.filter((cve) => !known.has(cve)), []);
});
