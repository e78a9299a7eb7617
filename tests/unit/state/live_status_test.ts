import { assertEquals, assertThrows } from "@std/assert";
import type { StoredState, StoredStatus } from "../../../runtime/state/container_state.ts";
import {
  liveStatus,
  parseStartTime,
  processStartTime,
} from "../../../runtime/state/live_status.ts";

function stored(status: StoredStatus, pid: number, pidStartTime: string): StoredState {
  return {
    formatVersion: 1,
    id: "c1",
    ociVersion: "1.3.0",
    bundle: "/b",
    rootfs: "/b/rootfs",
    annotations: {},
    status,
    pid,
    pidStartTime,
    created: "2026-11-23T04:08:39Z",
    owner: 0,
    cgroup: null,
    handler: "default",
  };
}

function mustNotAsk(): boolean {
  throw new Error("asked for the creator");
}

const FIELDS = "1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 180051 2400256 241 0";

Deno.test("parseStartTime() takes field 22 whatever the process calls itself", () => {
  for (const name of ["sh", "a) Z (", "x) R 1 2 3", ")", "\n) X"]) {
    assertEquals(parseStartTime(`35 (${name}) S 1 ${FIELDS}\n`), "180051");
  }
});

Deno.test("parseStartTime() takes zombies and dead processes for gone", () => {
  for (const state of ["Z", "X", "x"]) {
    assertEquals(parseStartTime(`35 (sh) ${state} 1 ${FIELDS}\n`), undefined);
  }
});

Deno.test("processStartTime() is the same each time, and undefined without a process", () => {
  const own = processStartTime(Deno.pid);
  assertEquals(/^\d+$/.test(own!), true);
  assertEquals(processStartTime(Deno.pid), own);
  assertEquals(processStartTime(2 ** 30), undefined);
});

Deno.test("liveStatus() keeps created and running while Init lives", () => {
  const start = processStartTime(Deno.pid)!;
  assertEquals(liveStatus(stored("running", Deno.pid, start), mustNotAsk), "running");
  assertEquals(liveStatus(stored("created", Deno.pid, start), mustNotAsk), "created");
});

Deno.test("liveStatus() takes another process with Init's pid for stopped", () => {
  assertEquals(liveStatus(stored("running", Deno.pid, "1"), mustNotAsk), "stopped");
});

Deno.test("liveStatus() is stopped without a process, and once stopped stays so", () => {
  const start = processStartTime(Deno.pid)!;
  assertEquals(liveStatus(stored("created", 2 ** 30, "1"), mustNotAsk), "stopped");
  assertEquals(liveStatus(stored("running", 0, ""), mustNotAsk), "stopped");
  assertEquals(liveStatus(stored("stopped", Deno.pid, start), mustNotAsk), "stopped");
});

Deno.test("liveStatus() is creating only while the creator lives", () => {
  assertEquals(liveStatus(stored("creating", 0, ""), () => false), "creating");
  assertEquals(liveStatus(stored("creating", 0, ""), () => true), "stopped");
  assertThrows(() => liveStatus(stored("creating", 0, ""), mustNotAsk), Error, "asked");
});
