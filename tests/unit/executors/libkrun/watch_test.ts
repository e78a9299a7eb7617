import { assertEquals, assertThrows } from "@std/assert";
import { defaultExecutor } from "../../../../executors/default.ts";
import { readVmSettings } from "../../../../executors/libkrun/settings/settings.ts";
import { featureBits, FEATURES } from "../../../../executors/libkrun/vmm_features.ts";
import { openingOps } from "../../../../executors/libkrun/vm_ops.ts";
import { vmmRunner } from "../../../../executors/libkrun/vmm_plan.ts";
import { WATCH_FROM, watchedMounts } from "../../../../executors/libkrun/watch.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";
import { compilePlan } from "../../../../runtime/plan/compile.ts";
import type { Mount } from "../../../../runtime/spec/spec.ts";
import { inputOf, specWith } from "../../plan/input.ts";

const bind = (destination: string, source = "src", ...options: string[]): Mount => ({
  destination,
  type: "bind",
  source,
  options: ["rbind", ...options],
});

Deno.test("watchedMounts() takes destinations of binds, however they are written, each once", () => {
  const mounts = [bind("/src"), bind("/etc/app/"), bind("/other")];
  const spec = specWith(["mount"], { mounts });
  assertEquals(watchedMounts(spec, ["/src/", "/etc/app", "//src"]), ["/src", "/etc/app"]);
});

Deno.test("watchedMounts() refuses in a sentence what a guest cannot be told of", () => {
  const many = Array.from({ length: 17 }, (_, index) => `/m${index}`);
  const cases: [string[], Mount[], string][] = [
    [["/src/sub"], [bind("/src")], "names /src/sub, which is no mount of the container"],
    [["/src"], [bind("/src"), bind("/")], "names /src, which is no mount of the container"],
    [["/run"], [{ destination: "/run", type: "tmpfs", source: "tmpfs" }], "no bind"],
    [["/src"], [bind("/src", "src", "ro")], "mounted read-only"],
    [["/src"], [bind("/src", "src", "rro")], "mounted read-only"],
    [many, many.map((path) => bind(path)), "names 17 mounts, must be at most 16"],
  ];
  for (const [paths, mounts, says] of cases) {
    const spec = specWith(["mount"], { mounts });
    assertThrows(() => watchedMounts(spec, paths), SpecError, says);
  }
});

Deno.test("krun.watch is a list of absolute paths, for a guest with the agent, and not for a plain container", () => {
  const settings = (annotations: Record<string, string>) =>
    readVmSettings({ ...specWith([]), annotations }, "c");
  assertEquals(settings({ "krun.watch": "/src,/etc/app" }).watch, ["/src", "/etc/app"]);
  assertEquals(settings({ "krun.watch": "" }).watch, undefined);
  for (const value of ["src", "/src,etc", ","]) {
    assertThrows(() => settings({ "krun.watch": value }), SpecError, "must be a list of");
  }
  const without = { "krun.watch": "/src", "krun.agent": "0" };
  assertThrows(() => settings(without), SpecError, "needs the guest agent");
  const plain = { ...specWith([]), annotations: { "krun.watch": "/src" } };
  const context = { id: "c", bundle: "/", rootfs: "/", stateFolder: "/" };
  assertThrows(() => defaultExecutor.validate(plain, context), SpecError, "leave it out");
});

Deno.test("a VMM that watches makes its group early, and marks as the container's user", () => {
  const annotations = { "krun.watch": "/src" };
  const settings = readVmSettings({ ...specWith([]), annotations }, "c");
  assertEquals(openingOps(settings, undefined).at(-1), { op: "watchOpen", from: WATCH_FROM });
  assertEquals(featureBits(settings) & FEATURES.watch, FEATURES.watch);
  const runner = vmmRunner({
    ...{ early: [], opening: [], closing: [], guestLimits: [], capabilities: 0n },
    ...{ quiet: false, keepsGroups: false, agentFolder: "/run/kago/box", watched: ["/src"] },
  });
  const { vmm } = compilePlan(inputOf(specWith(["mount"]), { runner }));
  const at = vmm.findIndex(({ op }) => op === "watchMounts");
  assertEquals(vmm[at], { op: "watchMounts", paths: ["/src"], from: WATCH_FROM });
  assertEquals(vmm[at + 1]?.op, "awaitStart");
  assertEquals(vmm.slice(0, at).some(({ op }) => op === "capset"), true);
});
