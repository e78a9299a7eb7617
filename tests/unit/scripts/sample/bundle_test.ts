import { assert, assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { makeBundle, mergeJson, removeBundle } from "../../../../scripts/sample/bundle.ts";
import { runOk } from "../../../harness/run.ts";

Deno.test("makeBundle() writes a config.json with the process asked for", async () => {
  const bundle = await makeBundle({
    args: ["id"],
    env: ["A=b"],
    cwd: "/tmp",
    annotations: { "run.oci.handler": "krun" },
    mounts: [{ destination: "/mnt", type: "tmpfs", source: "tmpfs" }],
    config: { hostname: "other", process: { terminal: true } },
  });
  const config = JSON.parse(await Deno.readTextFile(`${bundle.path}/config.json`));
  assertObjectMatch(config, {
    hostname: "other",
    process: { args: ["id"], cwd: "/tmp", terminal: true, noNewPrivileges: true },
    annotations: { "run.oci.handler": "krun" },
  });
  assert(config.process.env.includes("A=b"));
  assertEquals(config.mounts.at(-1).destination, "/mnt");
  await removeBundle(bundle);
});

Deno.test("makeBundle() fills the rootfs with programs that need nothing else", async () => {
  const bundle = await makeBundle();
  assertEquals(await runOk(`${bundle.rootfs}/bin/busybox`, ["echo", "hello"]), "hello\n");
  assertEquals(await Deno.readLink(`${bundle.rootfs}/bin/sh`), "busybox");
  await removeBundle(bundle);
  await assertRejects(() => Deno.stat(bundle.path), Deno.errors.NotFound);
});

Deno.test("mergeJson() merges objects, replaces lists and removes what is undefined", () => {
  const base = { a: { b: 1, c: [1, 2] }, d: 1 };
  const merged = mergeJson(base, { a: { c: [3] }, d: undefined, e: {} });
  assertEquals(JSON.stringify(merged), '{"a":{"b":1,"c":[3]},"e":{}}');
  assertEquals(base, { a: { b: 1, c: [1, 2] }, d: 1 });
});
