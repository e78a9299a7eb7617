import { assertEquals, assertThrows } from "@std/assert";
import { CgroupAccessError } from "../../../runtime/cgroup/errors.ts";
import type { CgroupLayout, Hierarchy } from "../../../runtime/cgroup/layout.ts";
import { cgroupPaths } from "../../../runtime/cgroup/path.ts";
import { SpecError } from "../../../runtime/common/errors.ts";

const CPU: Hierarchy = {
  version: 1,
  controllers: ["cpu"],
  mountPoint: "/cg/cpu",
  root: "/",
  self: "/",
};
const MEMORY: Hierarchy = {
  version: 1,
  controllers: ["memory"],
  mountPoint: "/cg/memory",
  root: "/",
  self: "/own/mem",
};
const UNIFIED: Hierarchy = {
  version: 2,
  controllers: [],
  mountPoint: "/cg/unified",
  root: "/",
  self: "/own/uni",
};
const HYBRID: CgroupLayout = { mode: "hybrid", hierarchies: [UNIFIED, CPU, MEMORY] };

function v2(hierarchy: Partial<Hierarchy> = {}): CgroupLayout {
  return { mode: "v2", hierarchies: [{ ...UNIFIED, mountPoint: "/cg", ...hierarchy }] };
}

function paths(layout: CgroupLayout, cgroupsPath: string | undefined): string[] {
  return cgroupPaths(layout, cgroupsPath, "id").directories.map(({ path }) => path);
}

Deno.test("cgroupPaths() starts an absolute path at each mount point", () => {
  assertEquals(paths(HYBRID, "/a/b"), ["/cg/unified/a/b", "/cg/cpu/a/b", "/cg/memory/a/b"]);
  assertEquals(paths(v2(), "/a/b"), ["/cg/a/b"]);
});

Deno.test("cgroupPaths() starts a relative path at the caller's own cgroup of each v1 and hybrid hierarchy", () => {
  assertEquals(paths(HYBRID, "a/b"), [
    "/cg/unified/own/uni/a/b",
    "/cg/cpu/a/b",
    "/cg/memory/own/mem/a/b",
  ]);
});

Deno.test("cgroupPaths() starts a relative path at the parent of the caller's own cgroup on pure v2", () => {
  assertEquals(paths(v2(), "a"), ["/cg/own/a"]);
  assertEquals(paths(v2({ self: "/" }), "a"), ["/cg/a"]);
});

Deno.test("cgroupPaths() takes the id for an empty or absent path", () => {
  for (const path of ["", undefined]) {
    assertEquals(paths(HYBRID, path), [
      "/cg/unified/own/uni/id",
      "/cg/cpu/id",
      "/cg/memory/own/mem/id",
    ]);
  }
});

Deno.test("cgroupPaths() never leaves the mount point with ..", () => {
  assertEquals(paths(v2(), "/../../../etc"), ["/cg/etc"]);
  assertEquals(paths(v2(), "../../../../etc"), ["/cg/own/etc"]);
  assertEquals(paths(v2(), "/a/../../b//./c/"), ["/cg/b/c"]);
});

Deno.test("cgroupPaths() refuses a path that names where it starts", () => {
  for (const path of ["/", "/..", "//.", ".", "a/..", "../"]) {
    const error = assertThrows(() => cgroupPaths(HYBRID, path, "id"), SpecError);
    assertEquals(error.jsonPath, "linux.cgroupsPath");
  }
});

Deno.test("cgroupPaths() refuses names that no cgroup can have", () => {
  for (const path of ["/a\nb", "/a\0b"]) {
    const error = assertThrows(() => cgroupPaths(HYBRID, path, "id"), SpecError);
    assertEquals(error.jsonPath, "linux.cgroupsPath");
  }
});

Deno.test("cgroupPaths() takes a partial mount's root off the caller's own cgroup", () => {
  assertEquals(paths(v2({ root: "/docker/x", self: "/docker/x/in/leaf" }), "a"), ["/cg/in/a"]);
  assertEquals(paths(v2({ root: "/docker/x", self: "/docker/x" }), "a"), ["/cg/a"]);
});

Deno.test("cgroupPaths() starts at the mount point when the caller is outside of what is mounted", () => {
  assertEquals(paths(v2({ root: "/docker/x", self: "/docker/xy/b" }), "a"), ["/cg/a"]);
  assertEquals(paths(v2({ self: "/../../other/b" }), "a"), ["/cg/a"]);
});

Deno.test("cgroupPaths() says what to do on a host without cgroups", () => {
  const layout: CgroupLayout = { mode: "none", hierarchies: [] };
  const error = assertThrows(() => cgroupPaths(layout, undefined, "id"), CgroupAccessError);
  assertEquals(error.remedy, "mount one with `mount -t cgroup2 none /sys/fs/cgroup`");
});
