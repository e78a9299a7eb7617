import { assertEquals } from "@std/assert";
import { childEnvironment, parseEnvironment, variable } from "../../../ffi/environment.ts";

Deno.test("parseEnvironment() takes the first of two, and what has no name is no variable", () => {
  const text = "A=1\0B=\0A=2\0C=x=y\n\0=nameless\0noequals\0__proto__=p\0";
  const expected = [["A", "1"], ["B", ""], ["C", "x=y\n"], ["__proto__", "p"]];
  assertEquals([...parseEnvironment(new TextEncoder().encode(text))], expected);
  assertEquals([...parseEnvironment(new Uint8Array())], []);
});

Deno.test("parseEnvironment() leaves out a variable that is no UTF-8, and keeps the others", () => {
  const bytes = [..."A=1\0B=a"].map((letter) => letter.charCodeAt(0));
  const text = new Uint8Array([...bytes, 0xff, 0, 0x43, 0x3d, 0xc3, 0xa9, 0]);
  assertEquals([...parseEnvironment(text)], [["A", "1"], ["C", "é"]]);
});

Deno.test("without the entry stub the caller's variables are Deno's", () => {
  assertEquals(variable("PATH"), Deno.env.get("PATH"));
  assertEquals(variable("NO_SUCH_VARIABLE"), undefined);
  assertEquals(childEnvironment(), { clearEnv: true, env: Deno.env.toObject() });
});
