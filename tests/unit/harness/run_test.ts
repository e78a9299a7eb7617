import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { run, runOk } from "../../harness/run.ts";

Deno.test("run() returns exit code, standard output and standard error apart", async () => {
  const result = await run("sh", ["-c", "echo out; echo err >&2; exit 7"]);
  assertEquals(result, { code: 7, stdout: "out\n", stderr: "err\n" });
});

Deno.test("run() gives standard input and closes it", async () => {
  assertEquals((await run("cat", [], { stdin: "text" })).stdout, "text");
});

Deno.test("run() accepts a command that ends without reading its input", async () => {
  assertEquals((await run("true", [], { stdin: "x".repeat(1 << 20) })).code, 0);
});

Deno.test("run() kills the process group when the time is up, and tells the output so far", async () => {
  const started = performance.now();
  const error = await assertRejects(
    () => run("sh", ["-c", "echo begun; sleep 98765"], { timeout: 0.3 }),
    Error,
    "had not ended after 0.3 s",
  );
  assertStringIncludes(error.message, "begun");
  assert(performance.now() - started < 5000);
  assertEquals((await run("pgrep", ["-f", "sleep 9876[5]"])).stdout, "");
});

Deno.test("run() does not wait for a process left behind that holds the pipes", async () => {
  const started = performance.now();
  const result = await run("sh", ["-c", "sleep 5 & echo $!; exit 3"]);
  Deno.kill(Number(result.stdout), "SIGKILL");
  assertEquals(result.code, 3);
  assert(performance.now() - started < 4000);
});

Deno.test("run() with output lets a process left behind write on to the file", async () => {
  const file = await Deno.makeTempFile();
  const result = await run("sh", ["-c", "(sleep 0.3; echo late) & echo soon"], { output: file });
  assertEquals(result.stdout, "soon\n");
  for (let tries = 0; tries < 100; tries++) {
    if ((await Deno.readTextFile(file)).includes("late")) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assertEquals(await Deno.readTextFile(file), "soon\nlate\n");
  await Deno.remove(file);
});

Deno.test("runOk() throws with standard error when the command fails", async () => {
  await assertRejects(() => runOk("sh", ["-c", "echo why >&2; exit 4"]), Error, "stderr: why");
});
