import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../../../runtime/common/errors.ts";
import { guestMountOps } from "../../../../../executors/libkrun/guest/mounts.ts";
import { vmmMountOps } from "../../../../../executors/libkrun/guest/kernel_mounts.ts";
import { type Op, TAKES } from "../../../../../runtime/plan/op.ts";
import type { Mount, Process } from "../../../../../runtime/spec/spec.ts";
import { inputOf, PROCESS, specWith } from "../../../plan/input.ts";

function inputWith(mounts: Mount[], process: Process = PROCESS) {
  return inputOf(specWith(["mount", "pid"], { mounts, process }));
}

function shape(ops: readonly Op[]): unknown[] {
  return ops.map((op) =>
    op.op === "mount" ? [op.target, op.fstype] : "target" in op ? [op.target, op.op] : op.op
  );
}

const PROC: Mount = { destination: "/proc", type: "proc", source: "proc" };
const SYS: Mount = { destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"] };
const CGROUP: Mount = { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" };
const DEV: Mount = { destination: "/dev", type: "tmpfs", source: "tmpfs" };
const PTS: Mount = { destination: "/dev/pts", type: "devpts", source: "devpts" };
const bind = (source: string, destination: string): Mount => (
  { destination, type: "bind", source, options: ["rbind"] }
);

Deno.test("vmmMountOps() makes an empty folder in place of each of the kernel's filesystems, read-only at last", () => {
  const { ops, finish } = vmmMountOps(inputWith([PROC, SYS, CGROUP, DEV, PTS]));
  assertEquals(shape(ops), [
    ["/proc", "tmpfs"],
    ["/sys", "tmpfs"],
    ["/dev", "tmpfs"],
    ["/dev/pts", "tmpfs"],
  ]);
  assertEquals(shape(finish), [
    "vmmDescriptors",
    ["/proc", "remount"],
    ["/sys", "remount"],
    ["/dev/pts", "remount"],
    "kernelMountsReadonly",
  ]);
  assertEquals(ops[0], {
    op: "mount",
    fstype: "tmpfs",
    source: "tmpfs",
    target: "/proc",
    options: ["mode=0555", "size=64k", "nr_inodes=256"],
    attrs: 14n,
    propagation: 0,
    noFollow: 1,
    takes: TAKES.nothing,
    procfs: 0,
    from: "mounts[0]",
  });
});

Deno.test("vmmMountOps() keeps the terminals of a VMM that has one", () => {
  const { ops } = vmmMountOps(inputWith([DEV, PTS], { ...PROCESS, terminal: true }));
  assertEquals(shape(ops), [["/dev", "tmpfs"], ["/dev/pts", "devpts"]]);
});

Deno.test("vmmMountOps() binds what a bundle puts over single files, for the guest to find", () => {
  const { ops } = vmmMountOps(inputWith([PROC, bind("/srv/meminfo", "/proc/meminfo")]));
  assertEquals(shape(ops), [["/proc", "tmpfs"], ["/proc/meminfo", "bind"]]);
});

Deno.test("vmmMountOps() leaves a remount of what it has emptied to the guest", () => {
  const again: Mount = { destination: "/proc", options: ["remount", "ro"] };
  const input = inputWith([PROC, again]);
  assertEquals(shape(vmmMountOps(input).ops), [["/proc", "tmpfs"]]);
  assertEquals(shape(guestMountOps(input).ops), [["/proc", "proc"], ["/proc", "remount"]]);
});

Deno.test("the host's own, bound in their places, are made anew by the guest's kernel", () => {
  const mounts = ["/proc", "/sys", "/sys/fs/cgroup", "/dev/mqueue"].map((path) => bind(path, path));
  const input = inputWith(mounts);
  assertEquals(shape(vmmMountOps(input).ops), [
    ["/proc", "tmpfs"],
    ["/sys", "tmpfs"],
    ["/dev/mqueue", "tmpfs"],
  ]);
  assertEquals(shape(guestMountOps(input).ops), [
    ["/proc", "proc"],
    ["/sys", "sysfs"],
    ["/sys/fs/cgroup", "cgroup2"],
    ["/dev/mqueue", "mqueue"],
  ]);
});

Deno.test("filesystems of the kernel that few bundles ask for are the guest's too", () => {
  for (const type of ["bpf", "debugfs", "tracefs", "securityfs", "configfs", "cgroup2"]) {
    const input = inputWith([{ destination: "/x", type, source: type }]);
    assertEquals(shape(vmmMountOps(input).ops), [["/x", "tmpfs"]]);
    assertEquals(shape(guestMountOps(input).ops), [["/x", type]]);
  }
});

Deno.test("vmmMountOps() refuses to bind the host's procfs, or a part of it, elsewhere", () => {
  for (const source of ["/proc", "/proc/1/root", "//proc/./sys"]) {
    const input = inputWith([PROC, bind(source, "/host/proc")]);
    const { jsonPath } = assertThrows(() => vmmMountOps(input), SpecError);
    assertEquals(jsonPath, "mounts[1].source");
  }
  vmmMountOps(inputWith([PROC, bind("/process", "/host")]));
});
