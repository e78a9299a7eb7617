import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  DamagedStateError,
  ociState,
  parseStoredState,
  stateOutput,
  type StoredState,
} from "../../../runtime/state/container_state.ts";

const STORED: StoredState = {
  formatVersion: 1,
  id: "c1",
  ociVersion: "1.3.0",
  bundle: "/b",
  rootfs: "/b/rootfs",
  annotations: { z: "1", a: "<2>" },
  status: "running",
  pid: 77,
  pidStartTime: "12345",
  created: "2026-11-23T04:08:39.783Z",
  owner: 0,
  cgroup: {
    driver: "cgroupfs",
    directories: [{ version: 2, controllers: [], mountPoint: "/cg", path: "/cg/c1" }],
  },
  handler: "default",
};

function parse(value: unknown): StoredState {
  return parseStoredState(JSON.stringify(value), "c1", "/r/c1/state.json");
}

function problemOf(text: string): string {
  const error = assertThrows(() => parseStoredState(text, "c1", "FILE"), DamagedStateError);
  assertEquals(error.id, "c1");
  const match = /^the state of container c1 is damaged: FILE (.*); remove it with delete --force$/
    .exec(error.message);
  return match![1]!;
}

Deno.test("ociState() is the spec's state, with the pid while there is a process", () => {
  assertEquals(ociState(STORED, "running"), {
    ociVersion: "1.3.0",
    id: "c1",
    status: "running",
    pid: 77,
    bundle: "/b",
    annotations: { z: "1", a: "<2>" },
  });
});

Deno.test("ociState() has no pid once stopped or before there is one, and no empty annotations", () => {
  const expected = { ociVersion: "1.3.0", id: "c1", bundle: "/b" };
  const bare = { ...STORED, annotations: {} };
  assertEquals(ociState(bare, "stopped"), { ...expected, status: "stopped" });
  assertEquals(ociState({ ...bare, pid: 0 }, "creating"), { ...expected, status: "creating" });
});

Deno.test("stateOutput() has runc's fields in runc's order and indentation", () => {
  assertEquals(
    stateOutput(STORED, "running", "root"),
    `{
  "ociVersion": "1.3.0",
  "id": "c1",
  "pid": 77,
  "status": "running",
  "bundle": "/b",
  "rootfs": "/b/rootfs",
  "created": "2026-11-23T04:08:39.783Z",
  "annotations": {
    "a": "<2>",
    "z": "1"
  },
  "owner": "root"
}`,
  );
});

Deno.test("stateOutput() prints pid 0 for a stopped container and leaves empty annotations out", () => {
  const output = stateOutput({ ...STORED, annotations: {} }, "stopped", "root");
  assertEquals(JSON.parse(output), {
    ociVersion: "1.3.0",
    id: "c1",
    pid: 0,
    status: "stopped",
    bundle: "/b",
    rootfs: "/b/rootfs",
    created: "2026-11-23T04:08:39.783Z",
    owner: "root",
  });
});

Deno.test("parseStoredState() gives back what was stored, and what a newer kago added", () => {
  assertEquals(parse(STORED), STORED);
  assertEquals(parse({ ...STORED, cgroup: null }), { ...STORED, cgroup: null });
  assertEquals(parse({ ...STORED, later: [1] }), { ...STORED, later: [1] } as StoredState);
});

Deno.test("parseStoredState() refuses every cut of the file", () => {
  const text = JSON.stringify(STORED);
  for (let length = 1; length < text.length; length++) {
    assertEquals(problemOf(text.slice(0, length)), "is not JSON");
  }
  assertEquals(problemOf(""), "is empty");
});

Deno.test("parseStoredState() refuses JSON that is not an object", () => {
  for (const text of ["null", "[]", "1", '"x"']) {
    assertEquals(problemOf(text), "is not a JSON object");
  }
});

Deno.test("parseStoredState() refuses another format, and names both", () => {
  assertEquals(
    problemOf(JSON.stringify({ ...STORED, formatVersion: 2 })),
    "has the format 2, but this kago reads format 1",
  );
});

Deno.test("parseStoredState() refuses another container's state", () => {
  assertEquals(problemOf(JSON.stringify({ ...STORED, id: "c2" })), "is of container c2");
});

Deno.test("parseStoredState() names the property of a wrong type or that is missing", () => {
  const wrong: [keyof StoredState, unknown[]][] = [
    ["ociVersion", [1, null]],
    ["annotations", [null, [], { a: 1 }]],
    ["status", ["paused", 1]],
    ["pid", [-1, 1.5, "1", null]],
    ["pidStartTime", [1, "1x"]],
    ["owner", ["root"]],
    ["handler", [1]],
    ["cgroup", [1, {}, { driver: "systemd" }, { driver: "cgroupfs", directories: {} }]],
  ];
  for (const [name, values] of wrong) {
    for (const value of [...values, undefined]) {
      const text = JSON.stringify({ ...STORED, [name]: value });
      assertEquals(problemOf(text), `has no valid "${name}"`);
    }
  }
});

Deno.test("parseStoredState() takes a unit of systemd's, and refuses a name that would stop another kind", () => {
  const { directories } = STORED.cgroup!;
  const unit = {
    driver: "systemd",
    bus: "user",
    unit: "p-a\\x2bb.scope",
    slice: "a.slice",
    directories,
  };
  const cgroup = unit as StoredState["cgroup"];
  assertEquals(parse({ ...STORED, cgroup }), { ...STORED, cgroup });
  const wrong = [{ bus: "session" }, { unit: "ssh.service" }, { unit: "a/b.scope" }, { slice: 1 }];
  for (const change of wrong) {
    const text = JSON.stringify({ ...STORED, cgroup: { ...unit, ...change } });
    assertEquals(problemOf(text), 'has no valid "cgroup"');
  }
});

Deno.test("parseStoredState() refuses a cgroup outside of its mount point, which delete would remove", () => {
  const { directories } = STORED.cgroup!;
  const bad = [{ path: "/cg" }, { path: "/cg/../etc" }, { path: "/cgx/a" }, { path: "/cg/" }, {
    path: "/cg/a/.",
  }];
  for (const change of bad) {
    const cgroup = { driver: "cgroupfs", directories: [{ ...directories[0], ...change }] };
    const text = JSON.stringify({ ...STORED, cgroup });
    assertEquals(problemOf(text), 'has no valid "cgroup"');
  }
  assert(parse(STORED));
});
