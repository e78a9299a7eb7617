import { assertEquals, assertThrows } from "@std/assert";
import { SYNC_POINTS } from "../../../runtime/plan/op.ts";
import type { Message } from "../../../runtime/stages/message.ts";
import {
  type Heard,
  requireInit,
  requireIntermediate,
  Senders,
} from "../../../runtime/stages/senders.ts";

const INTERMEDIATE = 100;
const INIT = 101;
const STRANGER = 666;

function heard(sender: number, type: Message["type"], value = 0): Heard {
  return {
    sender,
    passed: -1,
    message: { type, stage: "init", value, errno: 0, findings: [] },
  };
}

function senders(children = [INTERMEDIATE, INIT, 102]): Senders {
  return new Senders(INTERMEDIATE, (pid) => children.includes(pid));
}

const child = (pid = INIT, sender = INTERMEDIATE) => heard(sender, "child", pid);

Deno.test("Senders take Init's pid from the Intermediate, and then Init's messages", () => {
  const known = senders();
  assertEquals(known.admit(child()), [child()]);
  assertEquals(known.init, INIT);
  for (const type of ["console", "listener", "ready", "failed"] as const) {
    assertEquals(known.admit(heard(INIT, type)), [heard(INIT, type)]);
  }
});

Deno.test("Senders hold what Init says before the Intermediate's word of its pid", () => {
  const known = senders();
  const early = [heard(INIT, "console"), heard(INIT, "sync", SYNC_POINTS.hooks)];
  assertEquals(early.flatMap((one) => known.admit(one)), []);
  assertEquals(known.admit(child()), [child(), ...early]);
});

Deno.test("Senders refuse what a stranger said before the Intermediate's word, once that comes", () => {
  const known = senders();
  assertEquals(known.admit(heard(STRANGER, "ready")), []);
  assertThrows(() => known.admit(child()), Error, "process 666, which is not a stage");
});

Deno.test("Senders hold no endless list", () => {
  const known = senders();
  assertThrows(
    () => {
      for (let i = 0; i < 100; i++) known.admit(heard(STRANGER, "ready"));
    },
    Error,
    "process 666",
  );
});

Deno.test("Senders refuse everything of a stranger's, and of one that the kernel cannot name", () => {
  for (const sender of [STRANGER, 0]) {
    for (const type of ["sync", "child", "console", "ready", "failed"] as const) {
      const known = senders();
      known.admit(child());
      assertThrows(() => known.admit(heard(sender, type, INIT)), Error, `process ${sender}, which`);
    }
  }
});

Deno.test("Senders take a pid from nobody but the Intermediate, and once", () => {
  const known = senders();
  known.admit(child());
  assertThrows(() => known.admit(child(102)), Error, "a second Init");
  assertThrows(() => known.admit(child(102, INIT)), Error, "a protocol violation");
  assertThrows(() => known.admit(child(102, STRANGER)), Error, "process 666");
  assertEquals(known.init, INIT);
});

Deno.test("Senders refuse a pid that is no child of this process, or is the Intermediate's own", () => {
  for (const pid of [STRANGER, 1, 0, INTERMEDIATE]) {
    const known = senders();
    assertThrows(() => known.admit(child(pid)), Error, `reported process ${pid}, which it has not`);
    assertEquals(known.init, -1);
  }
});

Deno.test("Senders let each stage send its own kinds and sync points only", () => {
  const known = senders();
  known.admit(child());
  const refused: Heard[] = [
    ...(["console", "listener", "ready"] as const).map((type) => heard(INTERMEDIATE, type)),
    heard(INTERMEDIATE, "sync", SYNC_POINTS.hooks),
    heard(INIT, "socket"),
    ...[SYNC_POINTS.idMappings, SYNC_POINTS.cgroup, SYNC_POINTS.netDevices].map((point) =>
      heard(INIT, "sync", point)
    ),
  ];
  for (const one of refused) {
    assertThrows(() => known.admit(one), Error, "which is a protocol violation");
  }
});

Deno.test("requireInit() and requireIntermediate() take one sender's messages alone", () => {
  requireInit(INIT, heard(INIT, "failed"));
  requireIntermediate(INTERMEDIATE, heard(INTERMEDIATE, "socket"));
  assertThrows(() => requireInit(INIT, heard(INTERMEDIATE, "failed")), Error, "process 100");
  assertThrows(() => requireInit(INIT, child(102, INIT)), Error, "a protocol violation");
  assertThrows(() => requireIntermediate(INTERMEDIATE, heard(INIT, "socket")), Error, "101");
});
