import { assertEquals, assertMatch } from "@std/assert";
import { HostError } from "../../../runtime/common/errors.ts";
import { failureText } from "../../../scripts/run_main.ts";

Deno.test("failureText() is the message of an error of the host's, behind the script's name", () => {
  const error = new HostError("there is no apt-get", "use a Debian");
  assertEquals(failureText("quickstart", error), "quickstart: there is no apt-get; use a Debian");
});

Deno.test("failureText() has the stack of a fault of the script's own", () => {
  assertMatch(
    failureText("build", new TypeError("x is undefined")),
    /^build: TypeError: x is.*\n +at /,
  );
});

Deno.test("a script that throws ends with one sentence and exit code 1", async () => {
  const module = new URL("../../../scripts/run_main.ts", import.meta.url);
  const program = `import { runMain } from "${module}";
    await runMain("demo", () => { throw new Error("no kernel here"); });`;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", program],
    stdin: "null",
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [1, "demo: no kernel here\n"]);
});
