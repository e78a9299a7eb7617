import { assertEquals } from "@std/assert";
import type { SuiteResult } from "../../engines/outcomes.ts";
import { neededPeers } from "../../engines/peers.ts";

const LAST: SuiteResult = {
  engine: "docker",
  version: "Docker 26",
  release: "13",
  host: "v2",
  outcomes: { "docker run": { kago: true, runc: false }, "docker wait": { kago: true } },
};

const SAME = { emulated: true, version: "Docker 26", cases: [{ command: "docker run" }] };

Deno.test("on an emulated host no other runtime is run again with the same version of the engine", () => {
  assertEquals(neededPeers(["runc"], SAME, LAST), []);
});

Deno.test("a case that is kago's only asks for no other runtime", () => {
  const cases = [...SAME.cases, { command: "docker wait", only: "kago" as const }];
  assertEquals(neededPeers(["runc"], { ...SAME, cases }, LAST), []);
});

Deno.test("another version, a case or a runtime without an outcome, and a host without a run need the other runtime", () => {
  const cases = [...SAME.cases, { command: "docker wait" }];
  assertEquals(neededPeers(["runc"], { ...SAME, version: "Docker 27" }, LAST), ["runc"]);
  assertEquals(neededPeers(["runc"], { ...SAME, cases }, LAST), ["runc"]);
  assertEquals(neededPeers(["crun"], SAME, LAST), ["crun"]);
  assertEquals(neededPeers(["runc"], SAME, undefined), ["runc"]);
});

Deno.test("on the machine itself every runtime is run", () => {
  assertEquals(neededPeers(["runc"], { ...SAME, emulated: false }, LAST), ["runc"]);
});
