import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { SystemdRecord } from "../../../../runtime/cgroup/path.ts";
import type { ResourceWrite } from "../../../../runtime/cgroup/limits/resources.ts";
import { annotatedProperties } from "../../../../runtime/cgroup/drivers/systemd_annotations.ts";
import {
  setPropertiesCall,
  startCall,
} from "../../../../runtime/cgroup/drivers/systemd_manager.ts";
import {
  resourceProperties,
  scopeProperties,
} from "../../../../runtime/cgroup/drivers/systemd_properties.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";

const RECORD: SystemdRecord = {
  driver: "systemd",
  bus: "system",
  unit: "p-c1.scope",
  slice: "a.slice",
  directories: [],
};
const INFINITY = 2n ** 64n - 1n;

function writes(files: Readonly<Record<string, string>>): ResourceWrite[] {
  return Object.entries(files).map(([file, value]) => (
    { controller: file.split(".")[0]!, file, value, from: "linux.resources" }
  ));
}

Deno.test("startCall() is the whole message that makes a container's scope", () => {
  const properties = [
    ...scopeProperties(RECORD, "c1", 42),
    ...resourceProperties(writes({ "memory.max": "4096" })),
  ];
  assertEquals(startCall("p-c1.scope", properties), {
    destination: "org.freedesktop.systemd1",
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
    member: "StartTransientUnit",
    args: [
      ["s", "p-c1.scope"],
      ["s", "replace"],
      ["a(sv)", [
        ["Description", ["s", "kago container c1"]],
        ["Slice", ["s", "a.slice"]],
        ["Delegate", ["b", true]],
        ["PIDs", ["au", [42]]],
        ["MemoryAccounting", ["b", true]],
        ["CPUAccounting", ["b", true]],
        ["IOAccounting", ["b", true]],
        ["TasksAccounting", ["b", true]],
        ["DefaultDependencies", ["b", false]],
        ["CollectMode", ["s", "inactive-or-failed"]],
        ["MemoryMax", ["t", 4096n]],
      ]],
      ["a(sa(sv))", []],
    ],
  });
});

Deno.test("setPropertiesCall() changes a unit until it ends, not for ever", () => {
  assertEquals(setPropertiesCall("p-c1.scope", [["TasksMax", ["t", 5n]]]).args, [
    ["s", "p-c1.scope"],
    ["b", true],
    ["a(sv)", [["TasksMax", ["t", 5n]]]],
  ]);
});

Deno.test("resourceProperties() knows v2's files, and leaves out those that systemd does not", () => {
  const files = {
    "memory.min": "1",
    "memory.low": "2",
    "memory.high": "3",
    "memory.max": "max",
    "memory.swap.max": "0",
    "memory.oom.group": "1",
    "pids.max": "max",
    "cpu.weight": "59",
    "cpu.max": "25000 50000",
    "cpuset.cpus": "0-1,8",
    "cpuset.mems": "0",
    "io.weight": "default 200",
    "io.max": "8:0 rbps=1",
  };
  assertEquals(resourceProperties(writes(files)), [
    ["MemoryMin", ["t", 1n]],
    ["MemoryLow", ["t", 2n]],
    ["MemoryHigh", ["t", 3n]],
    ["MemoryMax", ["t", INFINITY]],
    ["MemorySwapMax", ["t", 0n]],
    ["TasksMax", ["t", INFINITY]],
    ["CPUWeight", ["t", 59n]],
    ["CPUQuotaPeriodUSec", ["t", 50000n]],
    ["CPUQuotaPerSecUSec", ["t", 500000n]],
    ["AllowedCPUs", ["ay", [3, 1]]],
    ["AllowedMemoryNodes", ["ay", [1]]],
    ["IOWeight", ["t", 200n]],
  ]);
});

Deno.test("resourceProperties() knows v1's files", () => {
  const files = {
    "memory.limit_in_bytes": "-1",
    "cpu.shares": "512",
    "cpu.cfs_period_us": "50000",
    "cpu.cfs_quota_us": "25000",
    "blkio.weight": "300",
  };
  assertEquals(resourceProperties(writes(files)), [
    ["MemoryLimit", ["t", INFINITY]],
    ["CPUShares", ["t", 512n]],
    ["BlockIOWeight", ["t", 300n]],
    ["CPUQuotaPeriodUSec", ["t", 50000n]],
    ["CPUQuotaPerSecUSec", ["t", 500000n]],
  ]);
});

Deno.test("resourceProperties() rounds a quota up to what systemd can keep, and knows an unlimited one", () => {
  const quota = (value: string) => resourceProperties(writes({ "cpu.max": value }));
  assertEquals(quota("3333 100000").at(-1), ["CPUQuotaPerSecUSec", ["t", 40000n]]);
  assertEquals(quota("max 100000").at(-1), ["CPUQuotaPerSecUSec", ["t", INFINITY]]);
  assertEquals(quota("max"), [["CPUQuotaPerSecUSec", ["t", INFINITY]]]);
});

Deno.test("resourceProperties() gives v1's allowed devices, so that a reload does not open the others", () => {
  const rules = [
    ["devices.deny", "a"],
    ["devices.allow", "c *:* m"],
    ["devices.allow", "c 1:3 rwm"],
    ["devices.allow", "c 136:* rwm"],
    ["devices.allow", "b 8:0 r"],
  ] as const;
  const asWrites = rules.map(([file, value]) => (
    { controller: "devices", file, value, from: "linux.resources.devices" }
  ));
  assertEquals(resourceProperties(asWrites), [
    ["DevicePolicy", ["s", "strict"]],
    ["DeviceAllow", ["a(ss)", [
      ["char-*", "m"],
      ["/dev/char/1:3", "rwm"],
      ["char-pts", "rwm"],
      ["/dev/block/8:0", "r"],
    ]]],
  ]);
  assertEquals(resourceProperties([{ ...asWrites[0]!, file: "devices.allow" }]), []);
});

const noWord = () => false;

Deno.test("annotatedProperties() reads org.systemd.property annotations, seconds as microseconds", async () => {
  const prefix = "org.systemd.property.";
  assertEquals(
    await annotatedProperties({
      other: "x",
      [`${prefix}TimeoutStopSec`]: "uint64 3",
      [`${prefix}RuntimeMaxSec`]: "1.5",
      [`${prefix}CollectMode`]: "'inactive'",
      [`${prefix}TimeoutStopUSec`]: "uint64 3",
    }, noWord),
    [
      ["TimeoutStopUSec", ["t", 3_000_000n]],
      ["RuntimeMaxUSec", ["t", 1_500_000n]],
      ["CollectMode", ["s", "inactive"]],
      ["TimeoutStopUSec", ["t", 3n]],
    ],
  );
});

Deno.test("annotatedProperties() names the annotation that is wrong", async () => {
  const wrong = {
    "a.b": "1",
    Ab: "1",
    TasksMax: "five",
    TimeoutStopSec: "'3'",
    RuntimeMaxSec: "-1",
  };
  for (const [name, value] of Object.entries(wrong)) {
    const annotation = `org.systemd.property.${name}`;
    const error = await assertRejects(
      () => annotatedProperties({ [annotation]: value }, () => true),
      SpecError,
    );
    assertEquals(error.jsonPath, `annotations["${annotation}"]`);
  }
});

Deno.test("annotatedProperties() leaves what reaches beyond the container's unit to the administrator's permission", async () => {
  const cases = {
    BindsTo: "['sshd.service']",
    Conflicts: "['sshd.service']",
    JobTimeoutAction: "'poweroff'",
    OnFailure: "['debug-shell.service']",
    Slice: "'system.slice'",
    Delegate: "false",
    TimeoutStopUSec: "uint64 18446744073709551615",
    TimeoutStopSec: "uint64 3601",
    constructor: "true",
  };
  for (const [name, value] of Object.entries(cases)) {
    const annotation = `org.systemd.property.${name}`;
    const annotations = { [annotation]: value };
    const error = await assertRejects(() => annotatedProperties(annotations, noWord), SpecError);
    assertEquals(error.jsonPath, `annotations["${annotation}"]`);
    assertStringIncludes(error.message, `--allow-annotation ${annotation}`);
    assertStringIncludes(error.message, "/etc/kago/microvm.json");
    const asked: string[] = [];
    await annotatedProperties(annotations, (name) => asked.push(name) > 0);
    assertEquals(asked, [annotation]);
  }
});

Deno.test("annotatedProperties() asks for the word where a property engines set has a value that they do not", async () => {
  const values = {
    After: "['never.mount']",
    DefaultDependencies: "false",
    Delegate: "false",
    TimeoutStopUSec: "int64 -1",
  };
  for (const [name, value] of Object.entries(values)) {
    const annotations = { [`org.systemd.property.${name}`]: value };
    await assertRejects(
      () => annotatedProperties(annotations, () => false),
      SpecError,
      "--allow-annotation",
    );
  }
});

Deno.test("annotatedProperties() asks for no word over what engines set", async () => {
  const annotations = {
    "org.systemd.property.After": "['crio.service']",
    "org.systemd.property.DefaultDependencies": "true",
    "org.systemd.property.Delegate": "true",
    "org.systemd.property.KillSignal": "37",
    "org.systemd.property.TimeoutStopUSec": "uint64 3600000000",
  };
  const never = () => assert(false, "asked");
  assertEquals((await annotatedProperties(annotations, never)).length, 5);
});
