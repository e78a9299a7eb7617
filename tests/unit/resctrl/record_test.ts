import { assertEquals, assertThrows } from "@std/assert";
import { isResctrlRecord, removeResctrl } from "../../../runtime/resctrl/record.ts";
import { findResctrl } from "../../../runtime/resctrl/mount.ts";
import { hasSchema } from "../../../runtime/resctrl/schemata.ts";

Deno.test("removeResctrl() removes what is the container's own, the monitoring group first", () => {
  const root = Deno.makeTempDirSync();
  try {
    const group = `${root}/box`;
    const monitor = `${group}/mon_groups/box`;
    Deno.mkdirSync(monitor, { recursive: true });
    removeResctrl({ group, monitor, own: false });
    assertEquals([...Deno.readDirSync(`${group}/mon_groups`)], []);
    // In resctrl the kernel's own files go with the folder.
    Deno.removeSync(`${group}/mon_groups`);
    removeResctrl({ group, monitor, own: true });
    assertThrows(() => Deno.statSync(group), Deno.errors.NotFound);
    removeResctrl({ group, own: true });
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("isResctrlRecord() accepts no path that leads elsewhere", () => {
  const good = { group: "/r/box", monitor: "/r/box/mon_groups/box", own: true };
  assertEquals(isResctrlRecord(good), true);
  const bad: unknown[] = [
    null,
    "x",
    { ...good, own: 1 },
    { ...good, group: "r/box" },
    { ...good, group: "/r/../etc" },
    { ...good, monitor: "/etc" },
    { ...good, monitor: 3 },
  ];
  for (const value of bad) assertEquals(isResctrlRecord(value), false);
});

Deno.test("findResctrl() finds the mount point, the usual one first", () => {
  const line = (path: string, type: string) => `36 35 0:30 / ${path} rw - ${type} none rw`;
  assertEquals(
    findResctrl(`${line("/", "ext4")}\n${line("/sys/fs/resctrl", "sysfs")}\n`),
    undefined,
  );
  const odd = line("/mnt/a\\040b", "resctrl");
  assertEquals(findResctrl(`${odd}\n`), "/mnt/a b");
  assertEquals(findResctrl(`${odd}\n${line("/sys/fs/resctrl", "resctrl")}\n`), "/sys/fs/resctrl");
});

Deno.test("hasSchema() compares by cache, whatever the spelling", () => {
  const text = "    L3:0=007ff;1=7FF\n    MB:0=100;1= 20\n";
  assertEquals(hasSchema(text, "L3:1=7ff"), true);
  assertEquals(hasSchema(text, "L3: 0 = 7ff ; 1=07ff"), true);
  assertEquals(hasSchema(text, "MB:1=20;0=100"), true);
  assertEquals(hasSchema(text, "L3:0=7fe"), false);
  assertEquals(hasSchema(text, "L3:2=7ff"), false);
  assertEquals(hasSchema(text, "L2:0=f"), false);
  assertEquals(hasSchema(text, "nonsense"), false);
});
