/** On a folder that looks like resctrl; the kernel's own makes a group's files with its folder. */
import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { planResctrl, updateResctrl } from "../../../runtime/resctrl/group.ts";
import type { IntelRdt } from "../../../runtime/spec/spec.ts";

/** A tree with L3 and MB, and the groups given, each with its schemata. */
function withTree(groups: Record<string, string>, use: (root: string) => void): void {
  const root = Deno.makeTempDirSync();
  try {
    for (const folder of ["info/L3", "info/MB", "mon_groups"]) {
      Deno.mkdirSync(`${root}/${folder}`, { recursive: true });
    }
    for (const [name, schemata] of Object.entries(groups)) {
      Deno.mkdirSync(`${root}/${name}/mon_groups`, { recursive: true });
      Deno.writeTextFileSync(`${root}/${name}/schemata`, schemata);
    }
    use(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function refusal(root: string, intelRdt: IntelRdt): string {
  const error = assertThrows(() => planResctrl(root, "box", intelRdt), SpecError);
  return error.jsonPath;
}

function write(path: string) {
  return { op: "writeFile", path: `${path}/tasks`, data: "0", from: "linux.intelRdt" } as const;
}

Deno.test("planResctrl() without a closID makes a group of the container's own", () => {
  withTree({}, (root) => {
    const { record, joinOps, create } = planResctrl(root, "box", {});
    assertEquals(record, { group: `${root}/box`, own: true });
    assertEquals(joinOps, [write(`${root}/box`)]);
    const undo = create();
    assertEquals(Deno.statSync(`${root}/box`).isDirectory, true);
    undo();
    assertThrows(() => Deno.statSync(`${root}/box`), Deno.errors.NotFound);
  });
});

Deno.test("planResctrl() without a closID uses a group of that name that is there, and does not own it", () => {
  withTree({ box: "L3:0=f\n" }, (root) => {
    const { record, create } = planResctrl(root, "box", { schemata: ["L3:0=3"] });
    assertEquals(record, { group: `${root}/box`, own: false });
    create();
    assertEquals(Deno.readTextFileSync(`${root}/box/schemata`), "L3:0=3\n");
  });
});

Deno.test("planResctrl() joins a given group and its own monitoring group, which goes with the container", () => {
  withTree({ gold: "    L3:0=7f0;1=1f\n    MB:0= 20;1= 70\n" }, (root) => {
    const { record, joinOps, create } = planResctrl(root, "box", {
      closID: "gold",
      l3CacheSchema: "L3:1=01F",
      schemata: ["MB:0=20"],
      enableMonitoring: true,
    });
    const monitor = `${root}/gold/mon_groups/box`;
    assertEquals(record, { group: `${root}/gold`, monitor, own: false });
    assertEquals(joinOps, [write(`${root}/gold`), write(monitor)]);
    const undo = create();
    assertEquals(Deno.statSync(monitor).isDirectory, true);
    undo();
    assertEquals([...Deno.readDirSync(`${root}/gold/mon_groups`)], []);
  });
});

Deno.test("planResctrl() of / is the root, which is nobody's", () => {
  withTree({ ".": "L3:0=f\n" }, (root) => {
    const { record } = planResctrl(root, "box", { closID: "/", enableMonitoring: true });
    assertEquals(record, { group: root, monitor: `${root}/mon_groups/box`, own: false });
  });
});

Deno.test("planResctrl() refuses a group that is missing or other, and what the host does not have", () => {
  withTree({ gold: "L3:0=ff\n" }, (root) => {
    assertEquals(refusal(root, { closID: "none" }), "linux.intelRdt.closID");
    assertEquals(
      refusal(root, { closID: "gold", schemata: ["L3:0=ff", "L3:0=f"] }),
      "linux.intelRdt.schemata[1]",
    );
    assertEquals(
      refusal(root, { closID: "gold", memBwSchema: "MB:0=20" }),
      "linux.intelRdt.memBwSchema",
    );
    assertEquals(refusal(root, { schemata: ["L2:0=f"] }), "linux.intelRdt.schemata[0]");
    Deno.removeSync(`${root}/info/L3`);
    assertEquals(refusal(root, { l3CacheSchema: "L3:0=f" }), "linux.intelRdt.l3CacheSchema");
    Deno.removeSync(`${root}/mon_groups`);
    assertEquals(refusal(root, { enableMonitoring: true }), "linux.intelRdt.enableMonitoring");
  });
});

Deno.test("create() leaves nothing behind, and passes on what resctrl says, when it refuses a value", () => {
  withTree({}, (root) => {
    Deno.writeTextFileSync(
      `${root}/info/last_cmd_status`,
      "Mask f000 has non-consecutive 1-bits\n",
    );
    const { create } = planResctrl(root, "box", { closID: "new", l3CacheSchema: "L3:0=f" });
    // Here nobody makes the file with the folder, so that the write fails.
    const error = assertThrows(create, SpecError, "(Mask f000 has non-consecutive 1-bits)");
    assertEquals(error.jsonPath, "linux.intelRdt.l3CacheSchema");
    assertThrows(() => Deno.statSync(`${root}/new`), Deno.errors.NotFound);
  });
});

Deno.test("updateResctrl() writes the lines in their order, and brings the old ones back", () => {
  withTree({ box: "L3:0=ff\n" }, (root) => {
    const schemata = () => Deno.readTextFileSync(`${root}/box/schemata`);
    const record = { group: `${root}/box`, own: true };
    const restore = updateResctrl(record, { l3CacheSchema: "L3:0=f", memBwSchema: "MB:0=20" });
    // The kernel takes line by line; here the last is left.
    assertEquals(schemata(), "MB:0=20\n");
    restore();
    assertEquals(schemata(), "L3:0=ff\n");
    Deno.removeSync(`${root}/info/MB`);
    const error = assertThrows(() => updateResctrl(record, { memBwSchema: "MB:0=9" }), SpecError);
    assertEquals([error.jsonPath, schemata()], ["linux.intelRdt.memBwSchema", "L3:0=ff\n"]);
  });
});
