import { assertEquals, assertThrows } from "@std/assert";
import type { CgroupRecord } from "../../../runtime/cgroup/path.ts";
import { subCgroups } from "../../../runtime/cgroup/sub_cgroup.ts";
import { HostError, UsageError } from "../../../runtime/common/errors.ts";

function withRecord(use: (record: CgroupRecord, top: string) => void): void {
  const top = Deno.makeTempDirSync();
  try {
    for (const name of ["u/box/a", "cpu/box/a", "memory/box/b/c"]) {
      Deno.mkdirSync(`${top}/${name}`, { recursive: true });
    }
    const directory = (name: string, version: 1 | 2, controllers: string[]) => (
      { version, controllers, mountPoint: `${top}/${name}`, path: `${top}/${name}/box` }
    );
    use({
      driver: "cgroupfs",
      directories: [
        directory("u", 2, []),
        directory("cpu", 1, ["cpu", "cpuacct"]),
        directory("memory", 1, ["memory"]),
      ],
    }, top);
  } finally {
    Deno.removeSync(top, { recursive: true });
  }
}

const pathsOf = ({ directories }: CgroupRecord) => directories.map(({ path }) => path);

Deno.test("subCgroups() leaves the container's own cgroup without a wish", () => {
  withRecord((record) => assertEquals(subCgroups(record, []), record));
});

Deno.test("subCgroups() goes below in the hierarchy of a controller only", () => {
  withRecord((record, top) => {
    assertEquals(pathsOf(subCgroups(record, ["cpuacct,cpu:a", "memory:/b/./c"])), [
      `${top}/u/box`,
      `${top}/cpu/box/a`,
      `${top}/memory/box/b/c`,
    ]);
  });
});

Deno.test("subCgroups() takes the later of two for the same hierarchy", () => {
  withRecord((record, top) => {
    assertEquals(
      pathsOf(subCgroups(record, ["memory:b", "memory:b/c"]))[2],
      `${top}/memory/box/b/c`,
    );
  });
});

Deno.test("subCgroups() without a controller goes below in all, and makes nothing", () => {
  withRecord((record, top) => {
    assertThrows(() => subCgroups(record, ["a"]), HostError, `${top}/memory/box/a`);
  });
});

Deno.test("subCgroups() refuses to leave the container and an unknown controller", () => {
  withRecord((record) => {
    for (const path of ["..", "a/../../x", "cpu:..", "pids:a", "nope:a", ":a"]) {
      assertThrows(() => subCgroups(record, [path]), UsageError, "--cgroup");
    }
  });
});
