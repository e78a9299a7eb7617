import { assertEquals, assertRejects } from "@std/assert";
import { HostError } from "../../../runtime/common/errors.ts";
import { CommandError, runCommand } from "../../../scripts/build/command.ts";

Deno.test("runCommand() returns standard output", async () => {
  const output = await runCommand("sh", ["-c", 'echo "$A $1"', "sh", "b c"], { env: { A: "a" } });
  assertEquals(output, "a b c\n");
});

Deno.test("runCommand() tells the command line, the code and both outputs of a failure", async () => {
  const failing = () => runCommand("sh", ["-c", "echo out; echo err >&2; exit 3"]);
  const error = await assertRejects(failing, CommandError);
  assertEquals([error.code, error.output], [3, "err\nout"]);
  assertEquals(error.commandLine, "sh -c echo out; echo err >&2; exit 3");
});

Deno.test("runCommand() names setup.sh when the program is missing", async () => {
  const error = await assertRejects(() => runCommand("no-such-program", []), HostError);
  assertEquals(error.remedy, "run scripts/setup.sh");
});

Deno.test("runCommand() ends a program that takes too long", async () => {
  const started = performance.now();
  await assertRejects(() => runCommand("sleep", ["30"], { timeout: 100 }), CommandError);
  assertEquals(performance.now() - started < 5000, true);
});
