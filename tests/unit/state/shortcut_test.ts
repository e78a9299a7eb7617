import { assertEquals } from "@std/assert";
import type { StoredState } from "../../../runtime/state/container_state.ts";
import { shortcutText } from "../../../runtime/state/shortcut.ts";

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

Deno.test("shortcutText() tells of the freezer, the process and each directory of the cgroup", () => {
  assertEquals(
    shortcutText(STATE),
    "frozen /cg/unified/box/cgroup.freeze\n" +
      "frozen /cg/freezer/box/freezer.state\n" +
      "process 7 123\n" +
      "cgroup /cg/unified/box\ncgroup /cg/freezer/box\ncgroup /cg/pids/box\n",
  );
  assertEquals(shortcutText({ ...STATE, cgroup: null }), "process 7 123\n");
});

Deno.test("shortcutText() has nothing for a container that is not plain", () => {
  assertEquals(shortcutText({ ...STATE, hooks: {} }), undefined);
  assertEquals(shortcutText({ ...STATE, handler: "krun" }), undefined);
  const later = { ...STATE, somethingOfLater: true };
  assertEquals(shortcutText(later), undefined);
  const cgroup = { ...STATE.cgroup!, directories: [directory(2, [], "/cg/a\nb")] };
  assertEquals(shortcutText({ ...STATE, cgroup }), undefined);
});
