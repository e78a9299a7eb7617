/** On a folder that looks like a cgroup v2 hierarchy; nothing is handed down there, but all orders are written. */
import { assertEquals, assertThrows } from "@std/assert";
import { enableControllers } from "../../../../runtime/cgroup/limits/controllers.ts";
import { HostError } from "../../../../runtime/common/errors.ts";

interface Cgroup {
  readonly controllers: string;
  readonly handedDown?: string;
  readonly procs?: string;
}

/** Cgroups by their paths below the mount point, whose own path is empty. */
function withHierarchy(
  cgroups: Readonly<Record<string, Cgroup>>,
  use: (mountPoint: string, orders: (path: string) => string) => void,
): void {
  const mountPoint = Deno.makeTempDirSync();
  try {
    for (const [path, { controllers, handedDown = "", procs = "" }] of Object.entries(cgroups)) {
      const folder = `${mountPoint}${path}`;
      Deno.mkdirSync(folder, { recursive: true });
      Deno.writeTextFileSync(`${folder}/cgroup.controllers`, `${controllers}\n`);
      Deno.writeTextFileSync(`${folder}/cgroup.subtree_control`, `${handedDown}\n`);
      Deno.writeTextFileSync(`${folder}/cgroup.procs`, procs);
      if (path) Deno.writeTextFileSync(`${folder}/cgroup.type`, "domain\n");
    }
    use(mountPoint, (path) => Deno.readTextFileSync(`${mountPoint}${path}/cgroup.subtree_control`));
  } finally {
    Deno.removeSync(mountPoint, { recursive: true });
  }
}

const V1 = { version: 1, controllers: ["memory"], path: "/v1/c", mountPoint: "/v1" } as const;
const SYSTEMD = { ...V1, controllers: ["name=systemd"] } as const;

function enable(mountPoint: string, path: string, others: readonly typeof SYSTEMD[] = []): void {
  const own = { version: 2, controllers: [], path: `${mountPoint}${path}`, mountPoint } as const;
  enableControllers({ driver: "cgroupfs", directories: [own, ...others] }, own, []);
}

Deno.test("enableControllers() hands down all that each directory above has, but what it hands down already", () => {
  const cgroups = {
    "": { controllers: "cpu io memory pids", handedDown: "cpu io" },
    "/a": { controllers: "cpu io" },
    "/a/c": { controllers: "" },
  };
  withHierarchy(cgroups, (mountPoint, orders) => {
    enable(mountPoint, "/a/c", [SYSTEMD]);
    assertEquals([orders(""), orders("/a"), orders("/a/c")], ["+memory +pids", "+cpu +io", "\n"]);
  });
});

Deno.test("enableControllers() writes nothing where all is there, and nothing beside v1 controllers", () => {
  const all = { controllers: "cpu pids", handedDown: "cpu pids" };
  withHierarchy({ "": all, "/c": { controllers: "cpu pids" } }, (mountPoint, orders) => {
    enable(mountPoint, "/c");
    assertEquals(orders(""), "cpu pids\n");
  });
  withHierarchy(
    { "": { controllers: "misc" }, "/c": { controllers: "" } },
    (mountPoint, orders) => {
      enable(mountPoint, "/c", [V1 as unknown as typeof SYSTEMD]);
      assertEquals(orders(""), "\n");
    },
  );
});

Deno.test("enableControllers() leaves a directory with processes alone, unless a limit needs it, which is refused", () => {
  const cgroups = {
    "": { controllers: "pids", handedDown: "pids", procs: "1\n" },
    "/a": { controllers: "pids", procs: "77\n" },
    "/a/c": { controllers: "" },
  };
  withHierarchy(cgroups, (mountPoint, orders) => {
    enable(mountPoint, "/a/c");
    assertEquals(orders("/a"), "\n");
    const path = `${mountPoint}/a/c`;
    const own = { version: 2, controllers: [], path, mountPoint } as const;
    const write = {
      controller: "pids",
      file: "pids.max",
      value: "1",
      from: "linux.resources.pids",
    };
    const record = { driver: "cgroupfs", directories: [own] } as const;
    assertThrows(() => enableControllers(record, own, [write]), HostError, "processes of its own");
  });
});
