/** What is in the repository. */
import { assertEquals } from "@std/assert";
import { runOk } from "../../harness/run.ts";

Deno.test("no empty file is in the repository", async () => {
  const names = (await runOk("git", ["-c", "safe.directory=*", "ls-files", "-z"])).split("\0")
    .filter(Boolean);
  const sizes = await Promise.all(names.map(async (name) => (await Deno.lstat(name)).size));
  assertEquals(names.filter((_, index) => sizes[index] === 0), []);
});
