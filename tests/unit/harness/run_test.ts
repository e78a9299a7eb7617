import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { run, runOk } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";

Deno.test("run() returns exit code, standard output and standard error apart", async () => {
  const result = await run("sh", ["-c", "echo out; echo err >&2; exit 7"]);
  assertEquals(result, { code: 7, stdout: "out\n", stderr: "err\n" });
});

Deno.test("run() gives standard input and closes it", async () => {
  assertEquals((await run("cat", [], { stdin: "text" })).stdout, "text");
});

Deno.test("run() accepts a command that ends without reading its input", async () => {
  for (const holdStdin of [false, true]) {
    assertEquals((await run("true", [], { stdin: "x".repeat(1 << 20), holdStdin })).code, 0);
  }
});

Deno.test("run() with holdStdin keeps standard input open until the command has ended", async () => {
  const options = { stdin: "text\n", holdStdin: true };
  // An end of the input would end cat, and timeout(1) would say 0.
  assertEquals((await run("timeout", ["1", "cat"], options)).code, 124);
  assertEquals((await run("timeout", ["1", "cat"], { holdStdin: true })).code, 124);
  assertEquals((await run("sh", ["-c", "read line; echo $line"], options)).stdout, "text\n");
});

Deno.test("run() kills the process group when the time is up, and tells the output so far", async () => {
  const started = performance.now();
  const error = await assertRejects(
    () => run("sh", ["-c", "echo begun; sleep 98765"], { timeout: 3 }),
    Error,
    "had not ended after 3 s",
  );
  assertStringIncludes(error.message, "begun");
  assert(performance.now() - started < 20_000);
  await until("the group is gone", async () => {
    return (await run("pgrep", ["-f", "sleep 9876[5]"])).stdout === "";
  });
});

Deno.test("run() does not wait for a process left behind that holds the pipes", async () => {
  const started = performance.now();
  const result = await run("sh", ["-c", "sleep 60 & echo $!; exit 3"]);
  Deno.kill(Number(result.stdout), "SIGKILL");
  assertEquals(result.code, 3);
  assert(performance.now() - started < 25_000);
});

Deno.test("run() with output lets a process left behind write on to the file", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/output`;
  const left = 'while ! test -e "$0"; do sleep 0.1; done; echo late';
  const result = await run("sh", ["-c", `(${left}) & echo soon`, `${folder}/go`], { output: file });
  assertEquals(result.stdout, "soon\n");
  await Deno.writeTextFile(`${folder}/go`, "");
  await until("what was left has written", async () => {
    return (await Deno.readTextFile(file)).includes("late");
  });
  assertEquals(await Deno.readTextFile(file), "soon\nlate\n");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("runOk() throws with standard error when the command fails", async () => {
  await assertRejects(() => runOk("sh", ["-c", "echo why >&2; exit 4"]), Error, "stderr: why");
});
