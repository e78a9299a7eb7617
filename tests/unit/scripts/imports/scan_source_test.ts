import { assertEquals } from "@std/assert";
import { findImports, findNames } from "../../../../scripts/imports/scan_source.ts";

function specifiers(source: string) {
  return findImports(source).map(({ specifier }) => specifier);
}

Deno.test("findImports() finds each form of import, with its line", () => {
  const source = `import a from "./a.ts";
import type { B } from './b.ts';
import {
  c,
  type D,
} from "./c.ts";
import "./e.ts";
export * from "./f.ts";
export { g } from "./g.ts";
const h = () => import("./h.ts");
type I = import("./i.ts").I;
import j, * as k from "./k.ts";
`;
  assertEquals(
    findImports(source).map(({ specifier, line }) => `${specifier}:${line}`),
    ["./a.ts:1", "./b.ts:2", "./c.ts:3", "./e.ts:7", "./f.ts:8", "./g.ts:9", "./h.ts:10"]
      .concat("./i.ts:11", "./k.ts:12"),
  );
});

Deno.test("findImports() marks a dynamic import of a computed name", () => {
  assertEquals(specifiers("await import(name); import(`./x.ts`)"), [undefined, undefined]);
});

Deno.test("findImports() ignores comments, strings and other exports", () => {
  assertEquals(
    specifiers(`// import "./a.ts";
/* import "./b.ts"
import "./c.ts" */
const text = \`
import "./d.ts";
\`;
const quoted = 'import("./e.ts")';
export const from = "./f.ts";
export function g(from: string) {
  return "./g.ts" + import.meta.url;
}
`),
    [],
  );
});

Deno.test("findNames() finds whole identifiers outside comments and strings", () => {
  const source = `// Deno.dlopen
const text = "dlopen";
const { dlopen } = Deno;
const pointer = Deno.UnsafePointer.of(x), myDlopen = 1;
`;
  assertEquals(findNames(source, ["dlopen", "UnsafePointer"]), [
    { name: "dlopen", line: 3 },
    { name: "UnsafePointer", line: 4 },
  ]);
});
