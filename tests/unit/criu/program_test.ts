import { assertEquals, assertThrows } from "@std/assert";
import {
  compareVersions,
  findCriu,
  parseVersion,
  requireVersion,
} from "../../../runtime/criu/program.ts";
import { HostError } from "../../../runtime/common/errors.ts";

Deno.test("parseVersion() reads what criu --version prints", () => {
  assertEquals(parseVersion("Version: 3.17.1\n"), "3.17.1");
  assertEquals(parseVersion("Version: 4.0\nGitID: v4.0\n"), "4.0");
  assertEquals(parseVersion("busybox"), undefined);
});

Deno.test("compareVersions() compares part by part, as numbers", () => {
  assertEquals(compareVersions("3.9", "3.15") < 0, true);
  assertEquals(compareVersions("3.15", "3.15.0"), 0);
  assertEquals(compareVersions("4.0", "3.17.1") > 0, true);
});

Deno.test("requireVersion() names the version that is wanted, and for what", () => {
  const old = { path: "/usr/sbin/criu", version: "3.14" };
  assertThrows(
    () => requireVersion(old, "3.16", "--lsm-profile"),
    HostError,
    "/usr/sbin/criu is criu 3.14, and --lsm-profile needs at least 3.16",
  );
});

/** A program that prints `text` when it is asked for its version. */
async function withProgram(text: string, use: (path: string) => void): Promise<void> {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, `#!/bin/sh\necho "${text}"\n`);
  await Deno.chmod(path, 0o755);
  try {
    use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("findCriu() takes the program that is named, and asks it for its version", async () => {
  await withProgram("Version: 3.19", (path) => {
    assertEquals(findCriu(path), { path, version: "3.19" });
  });
});

Deno.test("findCriu() refuses a name that is nowhere, a path that is not there, and what is no criu", async () => {
  assertThrows(
    () => findCriu("no-such-criu"),
    HostError,
    "no-such-criu, which checkpoints and restores containers, is not on this host",
  );
  assertThrows(() => findCriu("/nowhere/criu"), HostError, "/nowhere/criu cannot be executed");
  await withProgram("hello", (path) => {
    assertThrows(() => findCriu(path), HostError, "does not print a version of criu");
  });
  await withProgram("Version: 3.14", (path) => {
    assertThrows(() => findCriu(path), HostError, "needs at least 3.15; install a newer criu");
  });
});
