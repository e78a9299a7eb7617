import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { type Filesystem, filesystemOp, MAX_DATA } from "../../../runtime/plan/filesystem.ts";
import { PROCFS, TAKES } from "../../../runtime/plan/op.ts";

const REST = {
  target: "/merged",
  attrs: 4n,
  propagation: 0,
  noFollow: 0,
  procfs: PROCFS.refused,
  from: "mounts[7]",
};

function opOf(options: readonly string[], change: Partial<Filesystem> = {}) {
  return filesystemOp({
    ...REST,
    fstype: "overlay",
    source: "overlay",
    options,
    copyUp: false,
    ...change,
  });
}

const LAYERS = `lowerdir=${Array(3).fill(`/${"é".repeat(50)}`).join(":")}`;

Deno.test("filesystemOp() mounts by options what fsconfig(2) takes", () => {
  const options = ["ro", `lowerdir=/${"x".repeat(254)}`, "context=a:b,c"];
  assertEquals(opOf(options), {
    op: "mount",
    ...REST,
    fstype: "overlay",
    source: "overlay",
    options,
    takes: TAKES.nothing,
  });
});

Deno.test("filesystemOp() mounts by name what has a value of more than 255 bytes, with mount(2)'s flags apart", () => {
  const options = ["ro", LAYERS, "sync", "context=a:s0:c1,c2", "context=a:s0", "xino=off"];
  assertEquals(opOf(options), {
    op: "mountByName",
    ...REST,
    fstype: "overlay",
    source: "overlay",
    flags: 0x11,
    data: `${LAYERS},context="a:s0:c1,c2",context=a:s0,xino=off`,
    takes: TAKES.nothing,
  });
  const long = opOf(["size=1k"], { fstype: "tmpfs", source: "s".repeat(256) });
  assertEquals(long.op === "mountByName" && [long.flags, long.data], [0, "size=1k"]);
  // What is no `key=value` is no value.
  assertEquals(opOf(["f".repeat(300)]).op, "mount");
});

Deno.test("filesystemOp() refuses what a page of options cannot hold", () => {
  const options = (size: number) => ["ro", `lowerdir=/${"x".repeat(size - "lowerdir=/".length)}`];
  assertEquals(opOf(options(MAX_DATA)).op, "mountByName");
  const error = assertThrows(() => opOf(options(MAX_DATA + 1)), SpecError);
  const why = 'cannot be mounted on "/merged": argument list too long (E2BIG)';
  assertEquals(error.message, `mounts[7]: "overlay" ${why}`);
  const source = assertThrows(() => opOf(options(MAX_DATA + 1), { source: "/s" }), SpecError);
  assertEquals(source.message, `mounts[7]: "overlay" of "/s" ${why}`);
});

Deno.test("filesystemOp() says what is taken from the folder that is covered", () => {
  const takes = (options: readonly string[], copyUp: boolean, fstype = "tmpfs") => {
    const op = opOf(options, { fstype, copyUp });
    return (op.op === "mount" || op.op === "mountByName") && op.takes;
  };
  assertEquals(takes([], false), TAKES.mode);
  assertEquals(takes(["mode=755"], false), TAKES.nothing);
  assertEquals(takes([LAYERS], false), TAKES.mode);
  assertEquals(takes([], false, "proc"), TAKES.nothing);
  assertEquals(takes([], true), TAKES.contents | TAKES.uid | TAKES.gid | TAKES.mode);
  assertEquals(takes(["uid=1", "mode=700"], true), TAKES.contents | TAKES.gid);
});
