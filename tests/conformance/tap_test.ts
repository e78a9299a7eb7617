import { assertEquals } from "@std/assert";
import { parseTap } from "./tap.ts";

const OUTPUT = `TAP version 13
ok 1 - create MUST create a new container
  ---
  {
    "error": "exit status 1"
  }
  ...
not ok 2 - hostname is set
ok 3 # SKIP linux.devices is not set
1..3
`;

Deno.test("parseTap() sorts assertions by outcome", () => {
  assertEquals(parseTap(OUTPUT), {
    passed: ["create MUST create a new container"],
    failed: ["hostname is set"],
    skipped: 1,
  });
});

Deno.test("parseTap() counts an error that belongs to no assertion as a failure", () => {
  const output =
    'TAP version 13\n  ---\n  {\n    "error": "wrong order\\nsee the spec"\n  }\n  ...\n1..0\n';
  assertEquals(parseTap(output).failed, ["wrong order"]);
});

Deno.test("parseTap() levels numbers that differ from run to run", () => {
  assertEquals(parseTap("ok 1 - hides /target1573933998/b\n").passed, ["hides /target…/b"]);
});

Deno.test("parseTap() passes over what is not TAP", () => {
  assertEquals(parseTap("okay then\nnot okay\n"), { passed: [], failed: [], skipped: 0 });
});
