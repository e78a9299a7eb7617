import { assertEquals, assertMatch } from "@std/assert";
import type { CgroupRecord } from "../../../runtime/cgroup/path.ts";
import { stateOutput, type StoredState } from "../../../runtime/state/container_state.ts";
import { isPlain, shortcutText } from "../../../runtime/state/shortcut.ts";

const directory = (version: 1 | 2, controllers: string[], path: string) => (
  { version, controllers, mountPoint: "/cg", path } as const
);

const STATE: StoredState = {
  formatVersion: 1,
  kagoVersion: "0",
  id: "box",
  ociVersion: "1.0.2",
  bundle: "/bundle",
  rootfs: "/rootfs",
  annotations: {},
  status: "created",
  pid: 7,
  pidStartTime: "123",
  created: "2026-01-01T00:00:00Z",
  owner: 0,
  cgroup: {
    driver: "cgroupfs",
    directories: [
      directory(2, [], "/cg/unified/box"),
      directory(1, ["freezer"], "/cg/freezer/box"),
      directory(1, ["pids"], "/cg/pids/box"),
    ],
  },
  handler: "default",
};

const FILES = {
  created: { ino: 5, size: 60, mtime: new Date(1000) },
  running: { ino: 6, size: 61, mtime: new Date(1001) },
};
const OUTPUT = stateOutput(STATE, "created", "root")
  .replace('"pid": 7', '"pid": \x01').replace('"created"', '"\x02"');
const textOf = (state: StoredState) => shortcutText(state, FILES, "root");

Deno.test("shortcutText() tells of the files, the process, the freezer and each directory of the cgroup", () => {
  const begin = "created 5 60 1000\nrunning 6 61 1001\nprocess 7 123\n";
  assertEquals(
    textOf(STATE),
    `${begin}freezer 1 /cg/freezer/box\nkill init\nplain 1\n` +
      `cgroup /cg/unified/box\ncgroup /cg/freezer/box\ncgroup /cg/pids/box\n\n${OUTPUT}\n`,
  );
  assertEquals(textOf({ ...STATE, cgroup: null }), `${begin}kill init\nplain 1\n\n${OUTPUT}\n`);
  const v2 = { ...STATE.cgroup!, directories: [directory(2, [], "/cg/box")] };
  assertMatch(textOf({ ...STATE, cgroup: v2 })!, /^freezer 2 \/cg\/box$/m);
});

Deno.test("shortcutText() leaves starting and deleting a container that is not plain to the program", () => {
  const unit = { driver: "systemd", bus: "system", unit: "box.scope", slice: "" } as const;
  const cgroup: CgroupRecord = { ...unit, directories: STATE.cgroup!.directories };
  const changes: (Partial<StoredState> & { ofLater?: true })[] = [
    { hooks: {} },
    { handler: "krun" },
    { cgroup },
    { ofLater: true },
  ];
  for (const change of changes) {
    const state = { ...STATE, ...change };
    assertEquals(isPlain(state), false);
    assertEquals(textOf(state)!.includes("plain"), false);
  }
});

Deno.test("shortcutText() says what a signal to the process reaches", () => {
  const whom = (state: StoredState) => /^kill (.*)$/m.exec(textOf(state)!)![1];
  assertEquals(whom({ ...STATE, sharesPids: true }), "init but KILL");
  assertEquals(whom({ ...STATE, agent: true, handler: "krun" }), "init with KILL");
});

Deno.test("shortcutText() leaves out an output that is too long, and all that has a newline in a path", () => {
  const text = textOf({ ...STATE, annotations: { long: "€".repeat(6000) } })!;
  assertEquals(text.endsWith("cgroup /cg/pids/box\n"), true);
  const cgroup = { ...STATE.cgroup!, directories: [directory(2, [], "/cg/a\nb")] };
  assertEquals(textOf({ ...STATE, cgroup }), undefined);
});

Deno.test("an annotation with the bytes that stand for pid and status is escaped", () => {
  const text = textOf({ ...STATE, annotations: { a: '"pid": 1 \x01\x02' } })!;
  assertEquals([...text].filter((c) => c < " " && c !== "\n"), ["\x01", "\x02"]);
});
