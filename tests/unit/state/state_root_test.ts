import { assertEquals, assertThrows } from "@std/assert";
import { HostError, UsageError } from "../../../runtime/common/errors.ts";
import { defaultStateRoot, validateId } from "../../../runtime/state/state_root.ts";

function withEnv(env: Record<string, string>, body: () => void): void {
  const before = { USER: Deno.env.get("USER"), XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") };
  try {
    for (const name of Object.keys(before)) Deno.env.delete(name);
    for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
    body();
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

/** root of a user namespace that is not the host's, as in rootless podman. */
const isNested = !/^\s*0\s+0\s+4294967295\s*$/.test(Deno.readTextFileSync("/proc/self/uid_map"));
const isRootless = Deno.uid() !== 0 || isNested;

Deno.test("defaultStateRoot() is /run/kago for the host's root, also with XDG_RUNTIME_DIR", () => {
  if (isRootless) return console.log("skipped: not the host's root");
  withEnv({}, () => assertEquals(defaultStateRoot(), "/run/kago"));
  withEnv({ XDG_RUNTIME_DIR: "/run/user/0" }, () => assertEquals(defaultStateRoot(), "/run/kago"));
});

Deno.test("defaultStateRoot() is below XDG_RUNTIME_DIR for everyone else", () => {
  if (!isRootless) return console.log("skipped: the host's root");
  const env = { XDG_RUNTIME_DIR: "/run/user/7", USER: "me" };
  withEnv(env, () => assertEquals(defaultStateRoot(), "/run/user/7/kago"));
  if (Deno.uid() !== 0) withEnv({}, () => assertThrows(() => defaultStateRoot(), HostError));
});

Deno.test("validateId() accepts letters, digits and the four signs", () => {
  for (const id of ["a", "A-b_c+d.e", "...", ".x", "-", "x".repeat(1024)]) validateId(id);
});

Deno.test("validateId() refuses what is no file name, or no id of runc's", () => {
  const bad = ["", ".", "..", "a/b", "../x", "a b", "a\n", "\n", "é", "a\0", "x".repeat(1025)];
  for (const id of bad) assertThrows(() => validateId(id), UsageError, "invalid container id");
});
