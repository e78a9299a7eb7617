import { assertSpecError } from "./config.ts";
import { refuseNul } from "../../../runtime/spec/nul.ts";

const PROBLEM = "has a NUL character, which no system call accepts";

function refuse(value: unknown): void {
  refuseNul(JSON.stringify(value), value, ["top"]);
}

Deno.test("refuseNul() names the string that has a NUL", () => {
  assertSpecError(() => refuse({ a: ["x", { b: "y\0z" }] }), "top.a[1].b", PROBLEM);
  assertSpecError(() => refuse("\0"), "top", PROBLEM);
});

Deno.test("refuseNul() names the object that has a NUL in a key", () => {
  assertSpecError(() => refuse({ a: { "b\0": 1 } }), "top.a", PROBLEM);
});

Deno.test("refuseNul() accepts everything else, an escaped backslash before u0000 too", () => {
  refuse({ a: [1, true, "x", "\\u0000"], "\\u0000": "\u0001" });
});
