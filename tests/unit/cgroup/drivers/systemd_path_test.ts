import { assertEquals, assertThrows } from "@std/assert";
import type { CgroupLayout } from "../../../../runtime/cgroup/layout.ts";
import { expandSlice, systemdRecord } from "../../../../runtime/cgroup/drivers/systemd_path.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";

const V2 = { version: 2, controllers: [], root: "/", self: "/" } as const;
const LAYOUT: CgroupLayout = { mode: "v2", hierarchies: [{ ...V2, mountPoint: "/cg" }] };
const SYSTEM = { bus: "system", cgroup: "/" } as const;
const USER = { bus: "user", cgroup: "/user.slice/user-1000.slice/user@1000.service" } as const;

function place(path: string | undefined, manager: typeof SYSTEM | typeof USER = SYSTEM) {
  const { slice, unit, directories } = systemdRecord(LAYOUT, path, "c1", manager);
  return [slice, unit, directories[0]!.path];
}

Deno.test("systemdRecord() makes SLICE:PREFIX:NAME a scope in the slice's nested folders", () => {
  assertEquals(systemdRecord(LAYOUT, "machine-a.slice:libpod:c1", "c1", SYSTEM), {
    driver: "systemd",
    bus: "system",
    unit: "libpod-c1.scope",
    slice: "machine-a.slice",
    directories: [{
      version: 2,
      controllers: [],
      mountPoint: "/cg",
      path: "/cg/machine.slice/machine-a.slice/libpod-c1.scope",
    }],
  });
});

Deno.test("systemdRecord() has defaults for an empty path and an empty slice, the user's in the user's cgroup", () => {
  const system = ["system.slice", "kago-c1.scope", "/cg/system.slice/kago-c1.scope"];
  assertEquals(place(undefined), system);
  assertEquals(place(""), system);
  assertEquals(place(":kago:c1"), system);
  const user = `/cg${USER.cgroup}/user.slice/kago-c1.scope`;
  assertEquals(place("", USER), ["user.slice", "kago-c1.scope", user]);
  assertEquals(place("::x"), ["system.slice", "-x.scope", "/cg/system.slice/-x.scope"]);
  assertEquals(place("-.slice:p:x"), ["-.slice", "p-x.scope", "/cg/p-x.scope"]);
});

Deno.test("systemdRecord() escapes the one sign that an id may have and a unit may not", () => {
  const { unit } = systemdRecord(LAYOUT, "", "a+b", SYSTEM);
  assertEquals(unit, "kago-a\\x2bb.scope");
});

Deno.test("systemdRecord() has one directory in each hierarchy", () => {
  const v1 = (name: string) => ({
    version: 1 as const,
    controllers: [name],
    root: "/",
    self: "/",
    mountPoint: `/cg/${name}`,
  });
  const layout: CgroupLayout = { mode: "v1", hierarchies: [v1("memory"), v1("name=systemd")] };
  const { directories } = systemdRecord(layout, "a.slice:p:x", "c1", SYSTEM);
  assertEquals(directories.map(({ path }) => path), [
    "/cg/memory/a.slice/p-x.scope",
    "/cg/name=systemd/a.slice/p-x.scope",
  ]);
});

Deno.test("systemdRecord() refuses what is not three parts, no slice, or no unit's name", () => {
  const wrong = ["/a/b", "a:b", "a:b:c:d", "system.slice:a:", "system.slice:a:b.slice", "s:a:b"];
  for (const path of [...wrong, "a/b.slice:p:x", "a--b.slice:p:x", ":p:a b", ":p:a/b"]) {
    const error = assertThrows(() => place(path), SpecError, undefined, path);
    assertEquals(error.jsonPath, "linux.cgroupsPath");
  }
});

Deno.test("expandSlice() nests a slice by its dashes", () => {
  assertEquals(expandSlice("a.slice"), "/a.slice");
  assertEquals(expandSlice("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
  assertEquals(expandSlice("-.slice"), "");
  for (const name of [".slice", "a", "-a.slice", "a-.slice", "a--b.slice", "a/b.slice"]) {
    assertThrows(() => expandSlice(name), SpecError);
  }
});
